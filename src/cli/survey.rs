//! Reading workspaces for a listing about people: members and belongings, side by side. Nothing ends it but its own end: a workspace that
//! cannot be read, or that another one answers for, is a lane of its own and stands in the coverage.

use super::reading;
use super::session::{self, Keys, Session};
use crate::domain::Workspace;
use crate::plan::Observed;
use crate::report::Coverage;
use crate::run::{Deck, LaneTrouble, Quest, Sight, Target, TroubleKind, observe};
use crate::trouble::Trouble;

/// What was read.
#[derive(Debug)]
pub struct Survey {
    /// What the lanes shared.
    pub deck: Deck,
    /// The workspaces that could be observed, in config order.
    pub observed: Vec<Observed>,
    /// What could be seen, and what could not.
    pub coverage: Coverage,
    /// When it was read.
    pub read_at: String,
}

impl Survey {
    /// Reads the chosen workspaces, and in each what the people of `quest` own, made or started there.
    pub async fn take(
        session: &Session<'_>,
        chosen: &[&Workspace],
        quest: impl Fn(&Observed) -> Option<Quest>,
    ) -> Result<Self, Trouble> {
        let keys = session.keys(chosen).await?;
        Self::with_keys(session, chosen, &keys, quest).await
    }

    /// Reads the chosen workspaces with keys that were found already.
    pub async fn with_keys(
        session: &Session<'_>,
        chosen: &[&Workspace],
        keys: &Keys,
        quest: impl Fn(&Observed) -> Option<Quest>,
    ) -> Result<Self, Trouble> {
        Self::of_targets(session, &session.targets(chosen, keys), quest).await
    }

    /// Reads the workspaces of some lanes.
    pub async fn of_targets(
        session: &Session<'_>,
        targets: &[Target],
        quest: impl Fn(&Observed) -> Option<Quest>,
    ) -> Result<Self, Trouble> {
        let deck = session.deck(None)?;
        let sights = reading::watched(session, &deck, "reading", targets, async |seen| {
            observe(&deck, targets, quest, seen).await
        })
        .await?;
        let mut coverage = Coverage { asked: targets.len(), ..Coverage::default() };
        let mut observed = Vec::new();
        for (target, sight) in targets.iter().zip(sights) {
            match seen_or_why(sight) {
                Ok(seen) => {
                    match &seen.incomplete {
                        None => coverage.complete += 1,
                        Some(why) => coverage.partial.push((target.name.to_string(), why.clone())),
                    }
                    observed.push(*seen);
                }
                Err(trouble) => session::unreadable(&mut coverage, target.name.as_str(), &trouble),
            }
        }
        let read_at = super::keys::list::to_the_second(deck.clock.now()).to_string();
        Ok(Self { deck, observed, coverage, read_at })
    }

    /// Counts a workspace whose list of keys was not seen whole as read in part: for a listing that is about keys.
    pub fn keys_unseen(&mut self) {
        for observed in &self.observed {
            let Some(why) = observed.belongings.as_ref().and_then(|found| found.keys.incomplete.as_ref()) else {
                continue;
            };
            // One whose members were not seen whole either is among those already.
            if observed.incomplete.is_none() {
                self.coverage.complete -= 1;
                self.coverage.partial.push((observed.workspace.to_string(), format!("api-keys: {why}")));
            }
        }
    }
}

/// Returns what was seen of a workspace, or says why nothing of it is shown: it could not be read, another one answered, or it is not known
/// who should.
pub fn seen_or_why(sight: Sight) -> Result<Box<Observed>, LaneTrouble> {
    let identity = |text: String, advice: &str| LaneTrouble::new(TroubleKind::Identity, text, vec![advice.to_owned()]);
    match sight {
        Sight::Seen(observed) => Ok(observed),
        Sight::Unreadable(trouble) => Err(trouble),
        Sight::Stranger { pinned, seen } => Err(identity(
            format!("pinned is {pinned}, its key opens {}; nothing of it is shown", seen.id),
            "give the workspace the key that belongs to it; `keyholder check` shows who answers",
        )),
        Sight::Unpinned { seen } => Err(identity(
            format!("no id is pinned; its key opens {}", seen.id),
            "write the ids into the files with `keyholder pin`",
        )),
    }
}
