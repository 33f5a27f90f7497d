//! What a run is about, as far as that decides what is read of a workspace before its steps are looked at again: who reads more asks for
//! scopes that the key need not have.

use std::collections::BTreeSet;

use super::reading::{self, Reading};
use super::session::Session;
use crate::domain::{Change, StepKind};
use crate::run::{Carrying, Deck, Ring, Sight, TagQuest, Target};
use crate::trouble::Trouble;

/// What all steps of a run are about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Matter {
    /// People, or several of these: the members are read.
    People,
    /// Keys that are nobody's.
    Keys,
    /// Tags.
    Tags(TagQuest),
    /// The links of groups.
    Links,
}

impl Matter {
    /// Says what some changes are about; none is about people.
    pub fn of<'a>(changes: impl IntoIterator<Item = &'a Change>) -> Self {
        let changes: Vec<&Change> = changes.into_iter().collect();
        let all = |test: fn(StepKind) -> bool| {
            !changes.is_empty() && changes.iter().all(|change| change.person().is_none() && test(change.kind()))
        };
        if all(StepKind::is_about_keys) {
            Self::Keys
        } else if all(StepKind::is_about_links) {
            Self::Links
        } else if all(StepKind::is_about_tags) {
            let labels: BTreeSet<String> = changes.iter().map(|change| change.subject().to_string()).collect();
            Self::Tags(TagQuest { carried: Carrying::Of(labels), ..TagQuest::TAGS })
        } else {
            Self::People
        }
    }

    /// Reads the workspaces as far as that goes; none where it is about people, for whom whoever asks says what is read.
    pub async fn read(
        &self,
        session: &Session<'_>,
        deck: &Deck,
        targets: &[Target],
    ) -> Result<Option<Reading>, Trouble> {
        let targets = targets.to_vec();
        Ok(Some(match self {
            Self::People => return Ok(None),
            Self::Keys => Reading::of_keys(session, deck, targets, Ring::Keys).await?,
            Self::Tags(quest) => Reading::of_tags(session, deck, targets, quest).await?,
            Self::Links => Reading::of_links(session, deck, targets).await?,
        }))
    }

    /// Looks at the workspaces as far as that goes; of people, at the members.
    pub async fn sights(
        &self,
        session: &Session<'_>,
        deck: &Deck,
        what: &'static str,
        targets: &[Target],
    ) -> Result<Vec<Sight>, Trouble> {
        match self {
            Self::People => reading::sights(session, deck, what, targets, |_| None).await,
            Self::Keys => reading::key_sights(session, deck, what, targets, Ring::Keys).await,
            Self::Tags(quest) => reading::tag_sights(session, deck, what, targets, quest).await,
            Self::Links => reading::link_sights(session, deck, what, targets).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Email, KeyId, LinkChange, TagChange, WorkspaceId};

    #[test]
    fn only_what_all_steps_are_about_is_read() {
        let key = Change::Revoke { key: KeyId::parse("k").unwrap(), name: String::new(), email: None, record: None };
        let link = Change::Group(LinkChange::Invite { sub: WorkspaceId::parse("s").unwrap(), name: String::new() });
        let tag = Change::Tag(TagChange::Create { label: "north".to_owned(), description: None });
        let person = Change::StayAbsent { email: Email::parse("a@x.example").unwrap() };
        assert_eq!(Matter::of([&key]), Matter::Keys);
        assert_eq!(Matter::of([&link, &link]), Matter::Links);
        let labels = Carrying::Of(BTreeSet::from(["north".to_owned()]));
        assert_eq!(Matter::of([&tag]), Matter::Tags(TagQuest { carried: labels, ..TagQuest::TAGS }));
        for mixed in [vec![], vec![&person], vec![&key, &link], vec![&person, &tag]] {
            assert_eq!(Matter::of(mixed), Matter::People);
        }
    }
}
