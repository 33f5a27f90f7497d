//! What a lane knows of tags while it writes, whether a step about one still rests on what it rested on, and how it is sent.
//!
//! The list is read once, when the first step that needs it is due, and again when it is old or a doubt came up. What carries a tag is read
//! again just before the tag is deleted, for that takes it off everything.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::time::Instant;

use super::end::StepEnd;
use super::footing::Footing;
use super::hand::Hand;
use super::narrowing::Gone;
use super::step::stale;
use super::tag_seen;
use super::things::{self, FRESH, Read};
use super::whose::{self, Unread};
use crate::api::{Error, Mappings, Slot};
use crate::domain::{
    Change, Held, HeldReason, Outcome, Permit, RestsOn, Step, StepId, Tag, TagChange, TagId, TagMapping, WorkspaceId,
};
use crate::journal::Effect;

/// How old it may be what carries a tag that is deleted: everything would lose it.
const CARRIED_FRESH: Duration = Duration::from_secs(5);

/// The tags of a lane, as last read, with what the lane itself did since: an API that shows a change late must not make a step count as
/// moved that rests on the lane's own.
#[derive(Debug, Default)]
pub(super) struct Tags {
    listed: Option<Read<Vec<Tag>>>,
    /// How much carries each tag.
    carried: Option<(BTreeMap<TagId, usize>, Instant)>,
    /// Tags that its steps made or altered, as the answers showed them, and when. A list that is read long after them knows better: another
    /// hand may have altered them since.
    own: BTreeMap<TagId, (Tag, Instant)>,
    deleted: BTreeSet<TagId>,
    /// Which tag each step made or is about.
    meant: BTreeMap<StepId, TagId>,
    /// The assignments that put a tag on, for those that take another one off after them.
    put: BTreeMap<StepId, Step>,
    /// Which resources of assignments are not there.
    pub(super) gone: Gone,
}

impl Tags {
    /// Takes what an answer showed of a tag that was made, altered or deleted.
    pub(super) fn took(&mut self, step: &Step, tag: Tag, now: Instant) {
        self.meant.insert(step.id.clone(), tag.id.clone());
        if matches!(step.change, Change::Tag(TagChange::Delete { .. })) {
            self.deleted.insert(tag.id);
        } else {
            self.own.insert(tag.id.clone(), (tag, now));
        }
    }

    /// Returns an assignment that put a tag on in this life of the run.
    pub(super) fn put(&self, step: &StepId) -> Option<&Step> {
        self.put.get(step)
    }

    /// Which tag a step made or is about, where that is known.
    pub(super) fn meant(&self, step: &StepId) -> Option<&TagId> {
        self.meant.get(step)
    }

    /// Takes a list that was read; what the lane itself did long before, it shows.
    fn listed(&mut self, rows: Result<Vec<Tag>, Unread>, at: Instant) {
        if rows.is_ok() {
            self.own.retain(|_, (_, since)| at.duration_since(*since) <= FRESH);
        }
        self.listed = Some(Read { rows, at });
    }

    /// Returns a tag that the lane itself made or altered just now.
    fn own(&self, tag: &TagId, now: Instant) -> Option<&Tag> {
        self.own.get(tag).filter(|(_, since)| now.duration_since(*since) <= FRESH).map(|(tag, _)| tag)
    }

    /// Returns the tags as they are with what the lane itself did, or why they could not be listed.
    fn rows(&self) -> Result<Vec<Tag>, &Unread> {
        let listed = match &self.listed {
            Some(Read { rows, .. }) => rows.as_ref()?.as_slice(),
            None => &[],
        };
        let others = listed.iter().filter(|tag| !self.own.contains_key(&tag.id));
        let own = self.own.values().map(|(tag, _)| tag);
        Ok(others.chain(own).filter(|tag| !self.deleted.contains(&tag.id)).cloned().collect())
    }
}

impl Hand<'_> {
    /// Reads again which tags there are, and says whether a step still rests on them. `doubtful` says that an earlier attempt may have taken
    /// effect.
    pub(super) async fn tag_footing(&mut self, step: &Step, doubtful: bool) -> Result<Footing, Error> {
        let Change::Tag(change) = &step.change else { return Ok(odd()) };
        let now = self.deck.clock.instant();
        // What the lane itself has just made needs no list.
        if let (RestsOn::TagToCome, Some(before)) = (&step.rests_on, &step.after)
            && let Some(made) = self.things.tags.meant(before).and_then(|id| self.things.tags.own(id, now)).cloned()
        {
            return Ok(self.resting_on(step, &made));
        }
        let mut footing = match self.listed_tags(&step.workspace_id, doubtful).await? {
            Ok(rows) => judge(change, &step.rests_on, &rows),
            Err(held) => return Ok(Footing::Held(held)),
        };
        // It may have been made after the list was read.
        if matches!((&footing, &step.rests_on), (Footing::Moved(_), RestsOn::TagToCome)) && !doubtful {
            footing = match self.listed_tags(&step.workspace_id, true).await? {
                Ok(rows) => judge(change, &step.rests_on, &rows),
                Err(held) => return Ok(Footing::Held(held)),
            };
        }
        match (footing, change) {
            (Footing::Firm(RestsOn::Tag { id, label, description }), TagChange::Assign { .. }) => {
                if let Some(held) = self.not_yet_on(step).await {
                    return Ok(Footing::Held(held));
                }
                Ok(self.resting_on(step, &Tag { id, label, description }))
            }
            (Footing::Firm(firm), TagChange::Delete { tag, .. }) => self.carried_by_nothing(step, tag, firm).await,
            (Footing::AsAsked(_), TagChange::Delete { tag, .. }) => self.tag_gone(step, tag).await,
            (footing, _) => Ok(footing),
        }
    }

    fn resting_on(&mut self, step: &Step, tag: &Tag) -> Footing {
        self.things.tags.meant.insert(step.id.clone(), tag.id.clone());
        if matches!(step.change, Change::Tag(TagChange::Assign { assign: true, .. })) {
            self.things.tags.put.insert(step.id.clone(), step.clone());
        }
        Footing::Firm(RestsOn::tag(tag))
    }

    /// Reads the list of tags, unless it was just read; the inner error holds the step. One that was not complete is not read again for each
    /// step, unless something is in doubt.
    async fn listed_tags(&mut self, workspace: &WorkspaceId, again: bool) -> Result<Result<Vec<Tag>, Held>, Error> {
        if !things::fresh(self.things.tags.listed.as_ref(), self.deck.clock.instant(), again) {
            let listing = self.client.tags(workspace, |_| true).await?;
            self.things.tags.listed(whose::whole(Ok(listing)), self.deck.clock.instant());
        }
        Ok(self.things.tags.rows().map_err(|unread| unread.held("list of tags")))
    }

    /// A tag is deleted only where nothing carries it, read again just before.
    async fn carried_by_nothing(&mut self, step: &Step, tag: &TagId, firm: RestsOn) -> Result<Footing, Error> {
        let now = self.deck.clock.instant();
        let fresh = self.things.tags.carried.as_ref().is_some_and(|(_, at)| now.duration_since(*at) <= CARRIED_FRESH);
        if !fresh {
            let mut carried: BTreeMap<TagId, usize> = BTreeMap::new();
            let count = |mapping: &TagMapping| {
                *carried.entry(mapping.tag.clone()).or_default() += 1;
                false
            };
            let listing = self.client.mappings(&step.workspace_id, Mappings::All, count).await?;
            if let Err(unread) = whose::whole(Ok(listing)) {
                return Ok(Footing::Held(unread.held("list of what carries tags")));
            }
            self.things.tags.carried = Some((carried, self.deck.clock.instant()));
        }
        let carried = self.things.tags.carried.as_ref().and_then(|(carried, _)| carried.get(tag)).copied();
        Ok(match carried.unwrap_or_default() {
            0 => Footing::Firm(firm),
            some => Footing::Held(carried_by(some)),
        })
    }

    /// A tag is not there any more: as asked, if the complete list of the right workspace says so too.
    async fn tag_gone(&mut self, step: &Step, tag: &TagId) -> Result<Footing, Error> {
        let identity = self.client.current().await?;
        Ok(match self.listed_tags(&step.workspace_id, true).await? {
            Err(held) => Footing::Held(held),
            Ok(rows) if identity.id == self.observed.id && rows.iter().all(|row| row.id != *tag) => {
                Footing::AsAsked("the tag is gone already".to_owned())
            }
            Ok(_) => Footing::Moved("the tag is there and cannot be had".to_owned()),
        })
    }

    /// Sends a step about a tag once. Returns the tag as the answer shows it, and what it says in words.
    pub(super) async fn write_tag(
        &self,
        slot: Slot,
        permit: Permit,
        step: &Step,
        change: &TagChange,
    ) -> Result<(Option<Tag>, String), Error> {
        let workspace = &step.workspace_id;
        let tag = match change {
            TagChange::Create { label, description } => {
                self.writer.create_tag(slot, permit, workspace, label, description.as_deref()).await?
            }
            TagChange::Alter { tag, from, label, description } => {
                let label = from.is_some().then_some(label.as_str());
                self.writer.patch_tag(slot, permit, workspace, tag, label, description.as_deref()).await?
            }
            TagChange::Delete { tag, .. } => self.writer.delete_tag(slot, permit, workspace, tag).await?,
            TagChange::Assign { on, resources, assign, .. } => {
                let RestsOn::Tag { id, .. } = &step.rests_on else { unreachable!("its footing was firm") };
                self.writer.toggle_tag(slot, permit, workspace, id, (*on, resources), *assign).await?;
                return Ok((None, "success".to_owned()));
            }
        };
        let described = tag.description.as_ref().map_or(String::new(), |text| format!(", described \"{text}\""));
        let words = format!("tag {} \"{}\"{described}", tag.id, tag.label);
        Ok((Some(tag), words))
    }

    /// Looks again at what a refused step about a tag asks for: it may be there, or not be possible any more. None leaves it failed.
    pub(super) async fn after_tag_refusal(&mut self, step: &Step, attempts: u32, said: &str) -> Option<StepEnd> {
        let deck = self.deck;
        if let Change::Tag(TagChange::Assign { resources, assign, .. }) = &step.change {
            let looking = tag_seen::missing(&self.client, step, self.things.tags.meant(&step.id));
            let missing = deck.stop.unless_now(looking).await?.ok()?;
            if missing.is_empty() {
                return Some(StepEnd::already("refused, and it is as asked all the same").after(attempts));
            }
            // Whether a refusal is one of the whole is unpublished (contract section 10).
            let told = tag_seen::told(resources, &missing, *assign);
            let partly = missing.len() < resources.len();
            if partly {
                return Some(
                    StepEnd::new(Outcome::Failed, format!("{said}; the mappings show {told}")).after(attempts),
                );
            }
        }
        let end = match deck.stop.unless_now(self.tag_footing(step, true)).await? {
            Ok(Footing::AsAsked(seen)) => return Some(StepEnd::already(seen).after(attempts)),
            Ok(Footing::Moved(how)) => StepEnd::held(stale(&how)),
            Ok(Footing::Held(held)) => StepEnd::held(held),
            Ok(Footing::Firm(_) | Footing::Some(_)) | Err(_) => return None,
        };
        // The refusal had no effect, and what was seen says why.
        self.note_look(step, Effect::Absent, end.reason.clone().unwrap_or_default()).await;
        Some(end.after(attempts))
    }
}

fn odd() -> Footing {
    Footing::Moved("the step does not say what it rests on".to_owned())
}

/// Says of a complete list of tags whether a step still rests on it.
fn judge(change: &TagChange, rests_on: &RestsOn, rows: &[Tag]) -> Footing {
    let called = |label: &str| rows.iter().filter(|tag| tag.is_called(label)).collect::<Vec<_>>();
    match (change, rests_on) {
        (TagChange::Create { label, description }, RestsOn::NoTag) => match called(label).first() {
            None => Footing::Firm(RestsOn::NoTag),
            Some(tag) if tag.is_described(description.as_deref()) => {
                Footing::AsAsked("a tag of this label is there already".to_owned())
            }
            Some(_) => Footing::AsAsked("a tag of this label is there already, described otherwise".to_owned()),
        },
        (TagChange::Alter { tag, from, label, description }, RestsOn::Tag { label: was, description: said, .. }) => {
            let Some(row) = rows.iter().find(|row| row.id == *tag) else { return gone() };
            if row.is_called(label) && row.is_described(description.as_deref()) {
                return Footing::AsAsked("it is called and described so already".to_owned());
            }
            if from.is_some() && called(label).iter().any(|other| other.id != *tag) {
                return Footing::Held(ambiguous(label));
            }
            if !row.is_called(was) && !row.is_called(label) {
                return renamed(row, was);
            }
            if description.is_some() && !row.is_described(Some(said.as_deref().unwrap_or_default())) {
                return Footing::Moved("the description is another now".to_owned());
            }
            Footing::Firm(of(row))
        }
        (TagChange::Delete { tag, .. }, RestsOn::Tag { label: was, .. }) => {
            match rows.iter().find(|row| row.id == *tag) {
                None => Footing::AsAsked("the tag is gone already".to_owned()),
                Some(row) if !row.is_called(was) => renamed(row, was),
                Some(row) => Footing::Firm(of(row)),
            }
        }
        (TagChange::Assign { label, assign, .. }, RestsOn::Tag { id, label: was, .. }) => {
            let row = rows.iter().find(|row| row.id == *id);
            match (row, called(label).iter().any(|other| other.id != *id)) {
                // What has no tag carries none.
                (None, false) if !*assign => Footing::AsAsked("the tag is gone, and so nothing carries it".to_owned()),
                (None, _) => gone(),
                (Some(_), true) => Footing::Held(ambiguous(label)),
                (Some(row), _) if !row.is_called(label) && !row.is_called(was) => renamed(row, label),
                (Some(row), _) => Footing::Firm(of(row)),
            }
        }
        (TagChange::Assign { label, .. }, RestsOn::TagToCome) => match called(label).as_slice() {
            [] => Footing::Moved("the tag that was to be made is not there".to_owned()),
            [tag] => Footing::Firm(of(tag)),
            _ => Footing::Held(ambiguous(label)),
        },
        _ => odd(),
    }
}

fn of(tag: &Tag) -> RestsOn {
    let Tag { id, label, description } = tag.clone();
    RestsOn::Tag { id, label, description }
}

fn gone() -> Footing {
    Footing::Moved("the tag is not there any more".to_owned())
}

fn renamed(row: &Tag, was: &str) -> Footing {
    Footing::Moved(format!("the tag is called \"{}\" instead of \"{was}\"", row.label))
}

fn ambiguous(label: &str) -> Held {
    Held::new(
        HeldReason::TagAmbiguous,
        format!("another tag of the workspace is called \"{label}\", too"),
        "look at these tags in the app, and rename or delete the one that is not meant",
    )
}

fn carried_by(some: usize) -> Held {
    let what = if some == 1 { "1 thing carries it".to_owned() } else { format!("{some} things carry it") };
    Held::new(
        HeldReason::TagAssigned,
        what,
        "take it off them first: `keyholder tags show LABEL` lists them, `keyholder tags unassign` takes it off",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{ResourceId, ResourceKind};

    fn tag(id: &str, label: &str, description: Option<&str>) -> Tag {
        Tag { id: TagId::parse(id).unwrap(), label: label.to_owned(), description: description.map(str::to_owned) }
    }

    fn toggle(label: &str, assign: bool) -> TagChange {
        let resources = vec![ResourceId::parse("one@mail.example").unwrap()];
        TagChange::Assign { label: label.to_owned(), on: ResourceKind::Account, resources, assign }
    }

    fn told(change: &TagChange, rests_on: &RestsOn, rows: &[Tag]) -> String {
        match judge(change, rests_on, rows) {
            Footing::Firm(RestsOn::Tag { id, .. }) => format!("firm {id}"),
            Footing::Firm(_) => "firm".to_owned(),
            Footing::Some(_) => "some".to_owned(),
            Footing::AsAsked(seen) => format!("as asked: {seen}"),
            Footing::Moved(how) => format!("moved: {how}"),
            Footing::Held(held) => format!("held: {}", held.reason),
        }
    }

    #[test]
    fn an_assignment_goes_by_the_id_and_never_to_a_tag_that_means_something_else_now() {
        let was = of(&tag("t1", "north", None));
        let (on, off) = (toggle("north", true), toggle("north", false));
        let called = |label| [tag("t1", label, Some("described meanwhile")), tag("t2", "other", None)];
        assert_eq!(told(&on, &was, &called(" north ")), "firm t1");
        assert_eq!(told(&on, &was, &called("south")), "moved: the tag is called \"south\" instead of \"north\"");
        assert_eq!(told(&on, &was, &[tag("t1", "north", None), tag("t9", "north", None)]), "held: tag_ambiguous");
        assert_eq!(told(&on, &was, &[]), "moved: the tag is not there any more");
        assert_eq!(told(&off, &was, &[]), "as asked: the tag is gone, and so nothing carries it");
        assert_eq!(told(&off, &was, &[tag("t9", "north", None)]), "moved: the tag is not there any more", "made anew");
        // Before the renaming that its plan comes after it is still called as it was.
        let renamed = of(&tag("t1", "old north", None));
        assert_eq!(told(&on, &renamed, &called("old north")), "firm t1");
        assert_eq!(told(&on, &RestsOn::TagToCome, &[tag("t7", "north", None)]), "firm t7");
        assert_eq!(told(&on, &RestsOn::TagToCome, &[]), "moved: the tag that was to be made is not there");
        assert_eq!(told(&on, &RestsOn::NoTag, &[]), "moved: the step does not say what it rests on");
    }

    #[test]
    fn what_is_altered_or_deleted_must_be_as_it_was_and_what_is_made_must_be_missing() {
        let was = of(&tag("t1", "old", Some("said")));
        let alter = |from: Option<&str>, description: Option<&str>| TagChange::Alter {
            tag: TagId::parse("t1").unwrap(),
            from: from.map(str::to_owned),
            label: "new".to_owned(),
            description: description.map(str::to_owned),
        };
        let rename = alter(Some("old"), None);
        assert_eq!(told(&rename, &was, &[tag("t1", "old", Some("said"))]), "firm t1");
        assert_eq!(told(&rename, &was, &[tag("t1", "new", None)]), "as asked: it is called and described so already");
        assert_eq!(
            told(&rename, &was, &[tag("t1", "mine", None)]),
            "moved: the tag is called \"mine\" instead of \"old\""
        );
        assert_eq!(told(&rename, &was, &[tag("t1", "old", None), tag("t2", "new", None)]), "held: tag_ambiguous");
        let described = alter(Some("old"), Some("wanted"));
        assert_eq!(
            told(&described, &was, &[tag("t1", "old", Some("theirs"))]),
            "moved: the description is another now"
        );
        let delete = TagChange::Delete { tag: TagId::parse("t1").unwrap(), label: "old".to_owned() };
        assert_eq!(told(&delete, &was, &[tag("t1", "old", None)]), "firm t1");
        assert_eq!(told(&delete, &was, &[]), "as asked: the tag is gone already");
        assert_eq!(
            told(&delete, &was, &[tag("t1", "kept", None)]),
            "moved: the tag is called \"kept\" instead of \"old\""
        );
        let create = TagChange::Create { label: "new".to_owned(), description: Some("wanted".to_owned()) };
        assert_eq!(told(&create, &RestsOn::NoTag, &[]), "firm");
        assert_eq!(
            told(&create, &RestsOn::NoTag, &[tag("t1", "new", Some("wanted"))]),
            "as asked: a tag of this label is there already"
        );
        assert_eq!(
            told(&create, &RestsOn::NoTag, &[tag("t1", "new", None)]),
            "as asked: a tag of this label is there already, described otherwise"
        );
    }
}
