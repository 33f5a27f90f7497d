//! The vendor's audit log: what is written down, and what nobody writes down (contract section 10).
//!
//! Nothing is recorded for members, roles, tags, groups, lead lists and assigned leads: there are no codes for them.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::page::{self, Span};
use super::who::Who;
use super::{Turn, long_trail};
use crate::sim::name;
use crate::sim::paper::{self, Refusal, moment};
use crate::sim::routes::Ask;
use crate::sim::settings::KeyRecord;
use crate::sim::state::State;

/// A record; its moment is in its id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) id: u128,
    pub(crate) about: About,
    pub(crate) activity: i64,
    pub(crate) user: Option<Who>,
    /// Place in the world's keys of the key that acted.
    pub(crate) key: Option<usize>,
    pub(crate) affected: Option<u32>,
}

/// What a record is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum About {
    Nothing,
    Campaign(u128),
    Webhook(u128),
    /// A key by its name, and by its id where the record has a member for it.
    Key(Box<Named>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    name: Box<str>,
    id: Option<(String, u128)>,
}

impl About {
    /// A key the way records of a kind name it; `None` is no record at all.
    pub(super) fn key(name: &str, id: u128, record: &KeyRecord) -> Option<Self> {
        let id = match record {
            KeyRecord::Absent => return None,
            KeyRecord::Name => None,
            KeyRecord::Id(member) => Some((member.to_string(), id)),
        };
        Some(Self::Key(Box::new(Named { name: name.into(), id })))
    }
}

/// Who did what is recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Actor {
    /// A person in the app.
    Person(Who),
    /// The workspace's owner in the app.
    Owner,
    /// A key, by its place in the world's keys.
    Key(usize),
    Nobody,
}

impl State {
    /// Adds a record to a workspace's trail.
    pub(crate) fn write_down(&mut self, workspace: usize, now: i64, activity: i64, actor: Actor, about: About) -> u128 {
        let id = self.mint(workspace, now);
        let (user, key) = match actor {
            Actor::Person(who) => (Some(who), None),
            Actor::Owner => {
                let owner = self.owner_of(workspace).map(|owner| owner.user_id);
                (owner.map(|owner| self.users.of(owner)), None)
            }
            Actor::Key(key) => (None, Some(key)),
            Actor::Nobody => (None, None),
        };
        let trail = &mut self.workspaces[workspace].things.trail;
        let at = trail.partition_point(|other| other.id < id);
        trail.insert(at, Record { id, about, activity, user, key, affected: None });
        id
    }

    /// Says in a record how many things were affected.
    pub(super) fn say_affected(&mut self, workspace: usize, record: u128, affected: Option<u32>) {
        let trail = &mut self.workspaces[workspace].things.trail;
        if let Ok(at) = trail.binary_search_by_key(&record, |record| record.id) {
            trail[at].affected = affected;
        }
    }
}

pub(crate) fn list(state: &State, turn: Turn<'_>) -> Result<Value, Refusal> {
    if let Some(text) = written(state, turn) {
        return text.map(|text| serde_json::from_str(&text).expect("what is written here is JSON"));
    }
    let Some(span) = Span::of_query(turn.ask, 1000)? else { return Ok(page::none()) };
    let rows = stored(state, turn)?;
    let last = state.settings.last_page;
    Ok(span.page(rows, last, |record| show(state, turn.workspace, record), |record| name::show(record.id)))
}

/// Writes a page of a trail that is longer than what is stored of it; none of another.
pub(crate) fn written(state: &State, turn: Turn<'_>) -> Option<Result<String, Refusal>> {
    let long = state.workspaces[turn.workspace].things.long_trail?;
    Some(match Span::of_query(turn.ask, 1000) {
        Ok(Some(span)) => long_trail::page(state, turn, long, &span),
        Ok(None) => Ok(page::none().to_string()),
        Err(refusal) => Err(refusal),
    })
}

/// The moments between which records are asked for.
pub(super) fn bounds(ask: &Ask) -> Result<(Option<i64>, Option<i64>), Refusal> {
    Ok((bound(ask.query("start_date"), "start_date")?, bound(ask.query("end_date"), "end_date")?))
}

/// The stored records that are asked for behind the cursor, the newest first.
pub(super) fn stored<'a>(state: &'a State, turn: Turn<'a>) -> Result<impl Iterator<Item = &'a Record>, Refusal> {
    let Turn { ask, workspace, now, .. } = turn;
    let activity = ask.query("activity_type").map(|text| text.parse::<i64>());
    let activity = activity.transpose().map_err(|_no| paper::invalid("querystring/activity_type must be integer"))?;
    let (from, to) = bounds(ask)?;
    let search = ask.query("search").map(|text| text.to_lowercase());
    let after = Span::of_query(ask, usize::MAX)?.map(|span| span.after_id()).transpose()?.flatten();
    let trail = &state.workspaces[workspace].things.trail;
    let end = after.map_or(trail.len(), |after| trail.partition_point(|record| record.id < after));
    let rows = trail[..end]
        .iter()
        .rev()
        .filter(move |record| name::millis(record.id).saturating_add(state.lag()) <= now || state.lag() == 0)
        .filter(move |record| activity.is_none_or(|activity| record.activity == activity))
        .filter(move |record| from.is_none_or(|from| name::millis(record.id) >= from))
        .filter(move |record| to.is_none_or(|to| name::millis(record.id) <= to))
        .filter(move |record| search.as_ref().is_none_or(|text| found(state, record, text)));
    Ok(rows)
}

/// Reads a date, which means its midnight UTC (contract section 11), or a moment.
fn bound(text: Option<String>, member: &str) -> Result<Option<i64>, Refusal> {
    let Some(text) = text else { return Ok(None) };
    let midnight = |date: Date| date.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|at| at.timestamp());
    let at = text.parse::<Timestamp>().ok().or_else(|| text.parse::<Date>().ok().and_then(midnight));
    match at {
        Some(at) => Ok(Some(at.as_millisecond())),
        None => Err(paper::invalid(&format!("querystring/{member} must match format \"date-time\""))),
    }
}

fn user_name(state: &State, record: &Record) -> Option<String> {
    let person = state.person_with(state.users.id(record.user?))?;
    Some(format!("{} {}", person.first, person.last))
}

fn found(state: &State, record: &Record, text: &str) -> bool {
    let name = user_name(state, record).unwrap_or_default().to_lowercase();
    name.contains(text) || metadata(&record.about).to_string().to_lowercase().contains(text)
}

fn metadata(about: &About) -> Value {
    let About::Key(named) = about else { return json!({}) };
    let mut out = Map::new();
    out.insert("name".into(), named.name.as_ref().into());
    out.extend(named.id.as_ref().map(|(member, id)| (member.clone(), name::show(*id).into())));
    Value::Object(out)
}

pub(super) fn show(state: &State, workspace: usize, record: &Record) -> Value {
    let from_api = record.key.is_some();
    let one = |id: Option<u128>| id.map_or(Value::Null, |id| name::show(id).into());
    let (campaign, webhook) = match &record.about {
        About::Campaign(id) => (Some(*id), None),
        About::Webhook(id) => (None, Some(*id)),
        About::Nothing | About::Key(_) => (None, None),
    };
    json!({
        "id": name::show(record.id),
        "timestamp": moment(name::millis(record.id)),
        "organization_id": &*state.workspaces[workspace].id,
        "activity_type": record.activity,
        "user_agent": if from_api { Value::Null } else { "Mozilla/5.0 (X11; Linux x86_64)".into() },
        "user_id": state.show_who(record.user),
        "ip_address": if from_api { "198.51.100.7" } else { "203.0.113.24" },
        "from_api": from_api,
        "api_key_id": one(record.key.map(|key| state.keys[key].id)),
        "affected_count": record.affected,
        "campaign_id": one(campaign),
        "webhook_id": one(webhook),
        "subsequence_id": null,
        "list_id": null,
        "audit_metadata": metadata(&record.about),
        "user_name": user_name(state, record),
    })
}
