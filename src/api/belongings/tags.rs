//! Tags on the wire, and what carries them (contract section 10).
//!
//! Owns the wire forms, the lists and the four writes. Which tag is meant by a label, and what follows from a mapping, is for whoever asks.

use std::borrow::Cow;
use std::fmt;

use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value, json};

use super::row;
use crate::api::classify::{decode, only_error};
use crate::api::client::{Client, Slot};
use crate::api::error::Error;
use crate::api::operation::Operation;
use crate::api::page::{Incomplete, LIMIT, Listing, Pager, Row, percent_encoded};
use crate::api::wire::Text;
use crate::api::writer::Writer;
use crate::domain::{Permit, ResourceId, ResourceKind, Tag, TagChange, TagId, TagMapping, WorkspaceId};

/// Where tags live.
const PATH: &str = "/api/v2/custom-tags";
/// Where they are put on things and taken off.
const TOGGLE: &str = "/api/v2/custom-tags/toggle-resource";
/// Where it stands what carries them.
const MAPPINGS: &str = "/api/v2/custom-tag-mappings";

/// The longest list of ids in one query, as it is sent: servers take request lines of 8 KiB, and the rest of the line needs some hundreds.
const LONGEST_QUERY: usize = 7 * 1024;

/// A tag as it came. Unknown members are ignored, everything may be missing; [`TagRow::check`] judges.
#[derive(Debug, Default, Hash, Deserialize)]
#[serde(default)]
struct TagRow<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    organization_id: Text<'a>,
    #[serde(borrow)]
    label: Text<'a>,
    #[serde(borrow)]
    description: Text<'a>,
}

impl Row for TagRow<'_> {
    fn id(&self) -> Option<&str> {
        self.id.filled()
    }
}

impl TagRow<'_> {
    /// Takes the row for a tag of the expected workspace, or says why it cannot be. A tag without a label is not one that nobody asks for.
    fn check(self, expected: &WorkspaceId) -> Result<Tag, Incomplete> {
        let Self { id, organization_id, label, description } = self;
        let id = row::id(&id, TagId::parse)?;
        row::of(&organization_id, expected, id.as_str())?;
        let Some(label) = label.filled() else { return Err(row::lacks(id.as_str(), "label")) };
        Ok(Tag { label: label.to_owned(), description: described(description), id })
    }
}

/// An empty description is none.
fn described(text: Text<'_>) -> Option<String> {
    text.0.map(Cow::into_owned).filter(|text| !text.is_empty())
}

/// A mapping as it came; [`MappingRow::check`] judges.
#[derive(Debug, Default, Hash, Deserialize)]
#[serde(default)]
struct MappingRow<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    tag_id: Text<'a>,
    #[serde(borrow)]
    resource_id: Text<'a>,
    #[serde(borrow)]
    resource_type: Text<'a>,
    #[serde(borrow)]
    organization_id: Text<'a>,
}

impl Row for MappingRow<'_> {
    fn id(&self) -> Option<&str> {
        self.id.filled()
    }
}

impl MappingRow<'_> {
    /// Takes the row for a mapping of the expected workspace, or says why it cannot be. What carries the tag is kept as it came, whatever
    /// it is: it counts as something that does.
    fn check(self, expected: &WorkspaceId) -> Result<TagMapping, Incomplete> {
        let Self { id, tag_id, resource_id, resource_type, organization_id } = self;
        let id = row::opaque(&id)?;
        row::of(&organization_id, expected, &id)?;
        let tag = tag_id.filled().and_then(|tag| TagId::parse(tag).ok()).ok_or_else(|| row::lacks(&id, "tag_id"))?;
        let Some(resource) = resource_id.filled() else { return Err(row::lacks(&id, "resource_id")) };
        let kind = row::number(&resource_type).and_then(ResourceKind::of_wire);
        Ok(TagMapping { tag, kind, resource: resource.trim().to_owned() })
    }
}

/// The tags that a row of another list names: told, or not told. What cannot be read is not told, and spoils nothing.
#[derive(Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct TagList(Option<Vec<(String, String, Option<String>)>>);

impl TagList {
    /// Returns the tags; none where they were not told, or not all of them.
    pub(super) fn into_tags(self) -> Option<Vec<Tag>> {
        let tag = |(id, label, description): (String, String, Option<String>)| {
            Some(Tag { id: TagId::parse(&id).ok()?, label, description })
        };
        self.0?.into_iter().map(tag).collect()
    }
}

impl<'de> Deserialize<'de> for TagList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TagListVisitor)
    }
}

struct TagListVisitor;

impl<'de> Visitor<'de> for TagListVisitor {
    type Value = TagList;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tags or null")
    }

    /// A row that has the member and nothing in it has no tags.
    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(TagList(Some(Vec::new())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut tags = Some(Vec::new());
        while let Some(Named(named)) = seq.next_element()? {
            match (&mut tags, named) {
                (Some(tags), Some(named)) => tags.push(named),
                _ => tags = None,
            }
        }
        Ok(TagList(tags))
    }

    fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
        Ok(TagList(None))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(TagList(None))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(TagList(None))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(TagList(None))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(TagList(None))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(TagList(None))
    }
}

/// One of them; nothing where it is no object with an id and a label.
struct Named(Option<(String, String, Option<String>)>);

impl<'de> Deserialize<'de> for Named {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // The value is small, and of a list that is asked for with tags each row has a few.
        let value = Value::deserialize(deserializer)?;
        let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let named = text("id").zip(text("label"));
        Ok(Self(named.map(|(id, label)| (id.to_owned(), label.to_owned(), text("description").map(str::to_owned)))))
    }
}

/// Which mappings to list. The API's filter narrows, it never decides.
#[derive(Debug, Clone, Copy)]
pub enum Mappings<'a> {
    /// All there are.
    All,
    /// Those of these resources.
    Of(&'a [ResourceId]),
}

impl Mappings<'_> {
    /// Cuts ids into look-ups: at most [`TagChange::MOST`] each, and no longer than a request line takes.
    pub fn lookups(resources: &[ResourceId]) -> impl Iterator<Item = &[ResourceId]> {
        let mut rest = resources;
        std::iter::from_fn(move || {
            let (these, after) = rest.split_at(fitting(rest, TagChange::MOST));
            rest = after;
            (!these.is_empty()).then_some(these)
        })
    }
}

/// Counts how many ids one look-up takes, at most so many.
fn fitting(resources: &[ResourceId], most: usize) -> usize {
    let mut length = 0;
    let fits = |id: &&ResourceId| {
        // The comma that parts two is encoded, too. One id of 320 characters fits, however they are encoded.
        length += percent_encoded(id.as_str()).len() + 3;
        length <= LONGEST_QUERY
    };
    resources.iter().take(most).take_while(fits).count()
}

/// How many ids the next look-up is about, when so many of them had so many rows: no more than one page shows, or half of the requests
/// would fetch the end of a page.
fn next_size(ids: usize, rows: usize) -> usize {
    // Some room, for not every look-up has as many rows as the last ones.
    let page = 95;
    if rows <= ids { TagChange::MOST } else { (page * ids / rows).clamp(10, TagChange::MOST) }
}

impl Client {
    /// Lists the tags that `keep` wants.
    pub async fn tags(&self, expected: &WorkspaceId, keep: impl FnMut(&Tag) -> bool) -> Result<Listing<Tag>, Error> {
        let mut pager = Pager::new(PATH, LIMIT, &[]);
        let take =
            |pager: &mut Pager, body: &[u8]| Ok(pager.take(decode(body)?, |row: TagRow<'_>| row.check(expected)));
        self.walk(Operation::TagList, &mut pager, take, keep).await
    }

    /// Lists the mappings that `keep` wants: the whole list, or as many look-ups as the resources need. `keep` sees each mapping once, and
    /// of a look-up only what it asked for.
    pub async fn mappings(
        &self,
        expected: &WorkspaceId,
        which: Mappings<'_>,
        mut keep: impl FnMut(&TagMapping) -> bool,
    ) -> Result<Listing<TagMapping>, Error> {
        let Mappings::Of(resources) = which else {
            return self.walk_mappings(expected, &[], keep).await;
        };
        let mut listing = Listing::default();
        let (mut rest, mut ids, mut rows) = (resources, 0, 0);
        while !rest.is_empty() {
            let (asked, after) = rest.split_at(fitting(rest, next_size(ids, rows)));
            rest = after;
            let texts: Vec<&str> = asked.iter().map(ResourceId::as_str).collect();
            let mut was_asked = |found: &TagMapping| {
                let asked = texts.iter().any(|id| id.eq_ignore_ascii_case(&found.resource));
                rows += usize::from(asked);
                asked
            };
            let joined = texts.join(",");
            let filter = [("resource_ids", joined.as_str())];
            let part = self.walk_mappings(expected, &filter, |found| was_asked(found) && keep(found)).await?;
            ids += asked.len();
            listing.rows.extend(part.rows);
            listing.complete = listing.complete.and(part.complete);
            listing.pages += part.pages;
        }
        Ok(listing)
    }

    async fn walk_mappings(
        &self,
        expected: &WorkspaceId,
        filter: &[(&str, &str)],
        keep: impl FnMut(&TagMapping) -> bool,
    ) -> Result<Listing<TagMapping>, Error> {
        let mut pager = Pager::new(MAPPINGS, LIMIT, filter);
        let take =
            |pager: &mut Pager, body: &[u8]| Ok(pager.take(decode(body)?, |row: MappingRow<'_>| row.check(expected)));
        self.walk(Operation::MappingList, &mut pager, take, keep).await
    }
}

impl Writer {
    /// Makes a tag (contract section 10, POST); returns it as the answer shows it. One of another label is `Ambiguous`.
    pub async fn create_tag(
        &self,
        slot: Slot,
        permit: Permit,
        expected: &WorkspaceId,
        label: &str,
        description: Option<&str>,
    ) -> Result<Tag, Error> {
        let mut body = json!({ "label": label });
        if let Some(description) = description {
            body["description"] = Value::from(description);
        }
        let path = PATH.to_owned();
        self.send(slot, permit, expected, Operation::TagCreate, path, Some(body.to_string()), |body| {
            match taken(body, expected)? {
                tag if tag.is_called(label) => Ok(tag),
                _ => Err("the answer is about another tag".to_owned()),
            }
        })
        .await
    }

    /// Gives a tag another label, another description, or both (contract section 10, PATCH); returns it as the answer shows it. Where
    /// nothing is to change nothing is sent.
    pub async fn patch_tag(
        &self,
        slot: Slot,
        permit: Permit,
        expected: &WorkspaceId,
        tag: &TagId,
        label: Option<&str>,
        description: Option<&str>,
    ) -> Result<Tag, Error> {
        let operation = Operation::TagPatch;
        let members = [("label", label), ("description", description)];
        let body: Map<String, Value> =
            members.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::from(text?)))).collect();
        if body.is_empty() {
            return Err(Error::NotSent { operation, detail: "it names nothing to change".to_owned() });
        }
        let (path, body) = (format!("{PATH}/{tag}"), Value::Object(body).to_string());
        self.send(slot, permit, expected, operation, path, Some(body), |body| decode_tag(body, expected, tag)).await
    }

    /// Deletes a tag (contract section 10, DELETE), from everything that carries it; returns it as the answer shows it.
    pub async fn delete_tag(
        &self,
        slot: Slot,
        permit: Permit,
        expected: &WorkspaceId,
        tag: &TagId,
    ) -> Result<Tag, Error> {
        let path = format!("{PATH}/{tag}");
        self.send(slot, permit, expected, Operation::TagDelete, path, None, |body| decode_tag(body, expected, tag))
            .await
    }

    /// Puts a tag on exactly these resources, or takes it off (contract section 10, POST). The answer names none of them, so only the
    /// mappings tell. An answer that says that it was no success is `Ambiguous`: it may have been one in part.
    ///
    /// WARNING: one tag, and every resource by its name. Without a name the call may be about all there are: it is not sent.
    pub async fn toggle_tag(
        &self,
        slot: Slot,
        permit: Permit,
        expected: &WorkspaceId,
        tag: &TagId,
        (on, resources): (ResourceKind, &[ResourceId]),
        assign: bool,
    ) -> Result<(), Error> {
        let operation = Operation::TagToggle;
        if resources.is_empty() {
            let detail = "it names no resource, which could mean all there are".to_owned();
            return Err(Error::NotSent { operation, detail });
        }
        let body = json!({
            "tag_ids": [tag], "resource_type": on.wire(), "resource_ids": resources, "assign": assign,
        });
        let path = TOGGLE.to_owned();
        self.send(slot, permit, expected, operation, path, Some(body.to_string()), decode_toggled).await
    }
}

fn taken(body: &[u8], expected: &WorkspaceId) -> Result<Tag, String> {
    let row: TagRow<'_> = decode(body)?;
    if let Some(error) = row.id.filled().is_none().then(|| only_error(body)).flatten() {
        return Err(error);
    }
    row.check(expected).map_err(|fault| fault.to_string())
}

/// Decodes one tag: the one that was asked for.
fn decode_tag(body: &[u8], expected: &WorkspaceId, asked: &TagId) -> Result<Tag, String> {
    let tag = taken(body, expected)?;
    if tag.id == *asked { Ok(tag) } else { Err("the answer is about another tag".to_owned()) }
}

/// Reads the answer to an assignment: `{success}`. It names neither tag nor resource.
fn decode_toggled(body: &[u8]) -> Result<(), String> {
    let members: Map<String, Value> = decode(body)?;
    match members.get("success") {
        Some(Value::Bool(true)) => Ok(()),
        Some(Value::Bool(false)) => Err("the answer says that it was no success".to_owned()),
        _ => Err(only_error(body).unwrap_or_else(|| "the answer does not say whether it was a success".to_owned())),
    }
}
