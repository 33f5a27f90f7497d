//! What is seen of steps about tags once they were sent: the list of tags, and the mappings of what was named.
//!
//! One picture serves all steps of a lane: the tags are listed once, and all resources are looked up together. Of the mappings only those of
//! the steps' own tags are noticed, each by the place of its resource, so that a lane with thousands of them keeps a few bytes each.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::settle::Found;
use super::tag_length::Length;
use super::whose;
use crate::api::{Client, Mappings};
use crate::domain::{
    Change, ResourceId, ResourceKind, RestsOn, Step, StepId, Tag, TagChange, TagId, TagMapping, WorkspaceId,
};

/// How many resources are named where several are not as asked.
const NAMED: usize = 3;

/// What one look saw of steps about tags.
#[derive(Debug, Default)]
pub(super) struct TagPicture {
    tags: Option<Result<Vec<Tag>, String>>,
    /// Of each assignment the tag it is about, and which of its resources carry it, by their place in the step.
    carried: Option<Result<BTreeMap<StepId, Carried>, String>>,
}

/// Which resources of a step carry its tag.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Carried {
    tag: Option<TagId>,
    places: BTreeSet<usize>,
}

/// What a look shows of a step.
pub(super) struct Seen {
    /// It is as asked.
    pub(super) as_asked: bool,
    /// It took, and is not as asked all the same.
    pub(super) otherwise: bool,
    /// As the ledger keeps it.
    pub(super) kept: Value,
    /// What was seen in place of what was asked.
    pub(super) contrary: String,
}

impl TagPicture {
    /// Takes it, as far as the steps need it. With each step stands which tag it made or is about, where that is known; `mapped` says how
    /// long the whole list of mappings is, where that is known.
    pub(super) async fn take(
        client: &Client,
        workspace: &WorkspaceId,
        steps: &[(&Step, Option<&TagId>)],
        mapped: Option<Length>,
    ) -> Self {
        let mut picture = Self::default();
        let mut assignments: Vec<Assignment<'_>> = Vec::new();
        let mut by_list = false;
        for (step, meant) in steps {
            match &step.change {
                Change::Tag(TagChange::Assign { label, on, resources, .. }) => {
                    let tag = meant.or_else(|| resting_on(step)).cloned();
                    by_list |= tag.is_none();
                    assignments.push(Assignment { step: &step.id, label, tag, on: *on, resources });
                }
                Change::Tag(_) => by_list = true,
                _ => {}
            }
        }
        if by_list {
            picture.tags = Some(whose::whole(client.tags(workspace, |_| true).await).map_err(whose::Unread::why));
        }
        if !assignments.is_empty() {
            picture.carried = Some(carried(client, workspace, assignments, picture.tags.as_ref(), mapped).await);
        }
        picture
    }

    /// Says what it shows of a step, or why it does not. `gone` is what it was not sent for.
    pub(super) fn shows(
        &self,
        step: &Step,
        change: &TagChange,
        meant: Option<&TagId>,
        gone: &[ResourceId],
    ) -> Result<Seen, String> {
        let rows = || match &self.tags {
            Some(Ok(rows)) => Ok(rows.as_slice()),
            Some(Err(why)) => Err(why.clone()),
            None => Err("no look was taken".to_owned()),
        };
        match change {
            TagChange::Create { label, description } => Ok(created(rows()?, label, description.as_deref(), meant)),
            TagChange::Alter { tag, label, description, .. } => {
                Ok(altered(rows()?, tag, label, description.as_deref()))
            }
            TagChange::Delete { tag, .. } => {
                let listed = rows()?.iter().any(|row| row.id == *tag);
                Ok(Seen {
                    as_asked: !listed,
                    otherwise: false,
                    kept: json!({ "listed": listed }),
                    contrary: "the list of tags still shows it".to_owned(),
                })
            }
            TagChange::Assign { resources, assign, .. } => {
                let carried = match &self.carried {
                    Some(Ok(carried)) => carried.get(&step.id).ok_or_else(|| "no look was taken".to_owned())?,
                    Some(Err(why)) => return Err(why.clone()),
                    None => return Err("no look was taken".to_owned()),
                };
                Ok(assigned(carried, resources, *assign, gone))
            }
        }
    }
}

/// An assignment that is looked for.
struct Assignment<'a> {
    step: &'a StepId,
    label: &'a str,
    tag: Option<TagId>,
    on: ResourceKind,
    resources: &'a [ResourceId],
}

/// Looks all resources up, and tells of each assignment which of its own carry its tag.
async fn carried(
    client: &Client,
    workspace: &WorkspaceId,
    mut assignments: Vec<Assignment<'_>>,
    tags: Option<&Result<Vec<Tag>, String>>,
    mapped: Option<Length>,
) -> Result<BTreeMap<StepId, Carried>, String> {
    for one in assignments.iter_mut().filter(|one| one.tag.is_none()) {
        one.tag = called(tags, one.label)?;
    }
    let mut places: Vec<(&ResourceId, usize, usize)> = Vec::new();
    for (which, one) in assignments.iter().enumerate().filter(|(_, one)| one.tag.is_some()) {
        places.extend(one.resources.iter().enumerate().map(|(place, resource)| (resource, which, place)));
    }
    places.sort_by(|(one, ..), (other, ..)| ignoring_case(one.as_str(), other.as_str()));
    let mut asked: Vec<ResourceId> = places.iter().map(|(resource, ..)| (*resource).clone()).collect();
    asked.dedup();
    let mut found: Vec<BTreeSet<usize>> = assignments.iter().map(|_| BTreeSet::new()).collect();
    let note = |mapping: &TagMapping| {
        let begin = places
            .partition_point(|(resource, ..)| ignoring_case(resource.as_str(), &mapping.resource) == Ordering::Less);
        let same = places[begin..]
            .iter()
            .take_while(|(resource, ..)| ignoring_case(resource.as_str(), &mapping.resource) == Ordering::Equal);
        for (_, which, place) in same {
            let one = &assignments[*which];
            if one.tag.as_ref() == Some(&mapping.tag) && mapping.kind == Some(one.on) {
                found[*which].insert(*place);
            }
        }
        false
    };
    let whole = mapped.is_some_and(|length| length.is_less_than_lookups(&asked));
    let which = if whole { Mappings::All } else { Mappings::Of(&asked) };
    let listing = client.mappings(workspace, which, note).await;
    whose::whole(listing).map_err(whose::Unread::why)?;
    let carried = assignments.into_iter().zip(found);
    Ok(carried.map(|(one, places)| (one.step.clone(), Carried { tag: one.tag, places })).collect())
}

/// Addresses compare without regard to case, and ids have none to disregard.
fn ignoring_case(one: &str, other: &str) -> Ordering {
    let lower = |text: &str| -> Vec<u8> { text.bytes().map(|b| b.to_ascii_lowercase()).collect() };
    if one.is_ascii() && other.is_ascii() {
        return one.bytes().map(|b| b.to_ascii_lowercase()).cmp(other.bytes().map(|b| b.to_ascii_lowercase()));
    }
    lower(one).cmp(&lower(other))
}

/// Finds the tag of a label; none where none bears it.
fn called(tags: Option<&Result<Vec<Tag>, String>>, label: &str) -> Result<Option<TagId>, String> {
    let rows = match tags {
        Some(Ok(rows)) => rows,
        Some(Err(why)) => return Err(why.clone()),
        None => return Err("no look was taken".to_owned()),
    };
    let mut called = rows.iter().filter(|tag| tag.is_called(label));
    match (called.next(), called.next()) {
        (first, None) => Ok(first.map(|tag| tag.id.clone())),
        (_, Some(_)) => Err(format!("several tags are called \"{label}\"")),
    }
}

fn resting_on(step: &Step) -> Option<&TagId> {
    if let RestsOn::Tag { id, .. } = &step.rests_on { Some(id) } else { None }
}

fn created(rows: &[Tag], label: &str, description: Option<&str>, meant: Option<&TagId>) -> Seen {
    let called: Vec<&Tag> = rows.iter().filter(|tag| tag.is_called(label)).collect();
    let row = called.iter().find(|tag| Some(&tag.id) == meant).or(called.first());
    let seen = json!({
        "listed": row.is_some(), "tag": row.map(|row| &row.id), "description": row.and_then(|row| row.description.as_ref()),
        "of_label": called.len(),
    });
    let described = row.is_some_and(|row| row.is_described(description));
    let contrary = match (called.len(), described) {
        (0, _) => "the list of tags does not show it".to_owned(),
        (1, false) => "the list of tags shows it with another description".to_owned(),
        (1, true) => String::new(),
        (several, _) => {
            let ids: Vec<&str> = called.iter().map(|tag| tag.id.as_str()).collect();
            format!("the list of tags shows {several} of this label: {}; delete all but one in the app", ids.join(" "))
        }
    };
    Seen { as_asked: called.len() == 1 && described, otherwise: !called.is_empty(), kept: seen, contrary }
}

fn altered(rows: &[Tag], tag: &TagId, label: &str, description: Option<&str>) -> Seen {
    let row = rows.iter().find(|row| row.id == *tag);
    let contrary = match row {
        None => "the list of tags does not show it any more".to_owned(),
        Some(row) if !row.is_called(label) => format!("the list of tags shows it as \"{}\"", row.label),
        Some(_) => "the list of tags shows it with another description".to_owned(),
    };
    let seen = json!({
        "listed": row.is_some(), "label": row.map(|row| &row.label),
        "description": row.and_then(|row| row.description.as_ref()),
    });
    let as_asked = row.is_some_and(|row| row.is_called(label) && row.is_described(description));
    Seen { as_asked, otherwise: false, kept: seen, contrary }
}

fn assigned(carried: &Carried, resources: &[ResourceId], assign: bool, gone: &[ResourceId]) -> Seen {
    let missing = not_as_asked(carried, resources, assign);
    let mut seen = json!({ "as_asked": resources.len() - missing.len(), "of": resources.len(), "tag": carried.tag });
    if !missing.is_empty() {
        seen["not"] = missing.iter().map(ResourceId::as_str).collect();
    }
    if !gone.is_empty() {
        seen["gone"] = gone.iter().map(ResourceId::as_str).collect();
    }
    // All that could be done is done: a resume has nothing to look for. And some of it is an effect, which can be undone.
    let in_part = !missing.is_empty() && missing.len() < resources.len();
    let otherwise = in_part || !gone.is_empty() && missing.iter().all(|one| gone.contains(one));
    let contrary = format!("the mappings show {}", told(resources, &missing, assign));
    Seen { as_asked: missing.is_empty(), otherwise, kept: seen, contrary }
}

fn not_as_asked(carried: &Carried, resources: &[ResourceId], assign: bool) -> Vec<ResourceId> {
    let missing = resources.iter().enumerate().filter(|(place, _)| carried.places.contains(place) != assign);
    missing.map(|(_, resource)| resource.clone()).collect()
}

/// Says which of a step's resources are not as asked: all of them stand in the ledger, a few in words.
pub(super) fn told(resources: &[ResourceId], missing: &[ResourceId], assign: bool) -> String {
    let named: Vec<&str> = missing.iter().take(NAMED).map(ResourceId::as_str).collect();
    let more = match missing.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (as_asked, of) = (resources.len() - missing.len(), resources.len());
    let (with, not) = if assign { ("with", "not on") } else { ("without", "still on") };
    format!("{as_asked} of {of} {with} it: {not} {}{more}", named.join(", "))
}

/// Says which resources of an assignment are not as asked; the error says why it cannot be told.
pub(super) async fn missing(client: &Client, step: &Step, meant: Option<&TagId>) -> Result<Vec<ResourceId>, String> {
    let Change::Tag(TagChange::Assign { resources, assign, .. }) = &step.change else { return Ok(Vec::new()) };
    let picture = TagPicture::take(client, &step.workspace_id, &[(step, meant)], None).await;
    match picture.carried {
        Some(Ok(carried)) => {
            let carried = carried.get(&step.id).ok_or_else(|| "no look was taken".to_owned())?;
            Ok(not_as_asked(carried, resources, *assign))
        }
        Some(Err(why)) => Err(why),
        None => Err("no look was taken".to_owned()),
    }
}

/// Looks once whether a step about a tag is as asked.
pub(super) async fn look(client: &Client, step: &Step, change: &TagChange) -> Found {
    if let TagChange::Assign { .. } = change {
        return match missing(client, step, None).await {
            Ok(missing) if missing.is_empty() => Found::There,
            Ok(_) => Found::Absent,
            Err(why) => Found::Unclear(why),
        };
    }
    let rows = match whose::whole(client.tags(&step.workspace_id, |_| true).await) {
        Ok(rows) => rows,
        Err(unread) => return Found::Unclear(unread.why()),
    };
    let there = match change {
        // Described otherwise it is there all the same: the closing look says so.
        TagChange::Create { label, .. } => rows.iter().any(|tag| tag.is_called(label)),
        TagChange::Alter { tag, label, description, .. } => {
            rows.iter().any(|row| row.id == *tag && row.is_called(label) && row.is_described(description.as_deref()))
        }
        TagChange::Delete { tag, .. } => rows.iter().all(|row| row.id != *tag),
        TagChange::Assign { .. } => false,
    };
    if there { Found::There } else { Found::Absent }
}
