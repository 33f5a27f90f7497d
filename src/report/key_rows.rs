//! The rows of `keys`: one API key each, without its secret.

use jiff::Timestamp;
use jiff::civil::Date;

use super::cell::{Cell, Column};
use crate::domain::belongings::Activity;
use crate::domain::{KeyEntry, KeyInfo, WorkspaceId, scope};

/// Columns of `keys`.
pub const KEY: &[Column] = &[
    Column::shown("workspace"),
    Column::detail("workspace_id"),
    Column::detail("observed_at"),
    Column::shown("name"),
    Column::shown("key_id"),
    Column::beneath("scopes", ""),
    Column::day("created"),
    Column::shown("age"),
    Column::along("created_by", "made by "),
    Column::detail("created_by_source"),
    Column::along("activity", "activity "),
    Column::detail("last_activity"),
    Column::detail("activity_since"),
    Column::along("owner", "owner "),
    Column::along("purpose", "for "),
    Column::shown("in_use"),
    Column::detail("rotate_by"),
];

/// Who made a key, as far as it can be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreatedBy {
    /// A record of the trail names the key by its id; the words are an address, a name or an account, the best that is known.
    Told(String),
    /// No record names it.
    NotInTrail,
    /// The trail could not be read whole.
    NotReadable,
}

impl CreatedBy {
    pub(super) fn words(&self) -> Option<&str> {
        match self {
            Self::Told(words) => Some(words),
            Self::NotInTrail | Self::NotReadable => None,
        }
    }

    pub(super) fn source(&self) -> &'static str {
        match self {
            Self::Told(_) => "trail",
            Self::NotInTrail => "not in the trail",
            Self::NotReadable => "trail not readable",
        }
    }
}

/// One key as it is told.
#[derive(Debug)]
pub struct KeyRow<'a> {
    /// The workspace's name in our files.
    pub workspace: &'a str,
    /// Its identity.
    pub workspace_id: &'a WorkspaceId,
    /// When it was looked at.
    pub observed_at: &'a str,
    /// The key.
    pub key: &'a KeyInfo,
    /// How many days old it is; none where its moment cannot be read.
    pub age: Option<u64>,
    /// Who made it.
    pub created_by: CreatedBy,
    /// When keys of the workspace were used.
    pub activity: Option<&'a Activity>,
    /// What the register knows of it.
    pub entry: Option<&'a KeyEntry>,
    /// Whether it is the key keyholder speaks with; none where that cannot be told.
    pub in_use: Option<bool>,
}

/// Cells of one key.
pub fn key(row: KeyRow<'_>) -> Vec<Cell<'_>> {
    let KeyRow { workspace, workspace_id, observed_at, key, age, created_by, activity, entry, in_use } = row;
    let source = created_by.source();
    let last = activity.and_then(|activity| activity.last.get(&key.id));
    vec![
        Cell::text(workspace),
        Cell::text(workspace_id.as_str()),
        Cell::text(observed_at),
        Cell::text(key.name.as_str()),
        Cell::text(key.id.as_str()),
        Cell::list(scope::fold(&key.scopes)),
        Cell::maybe(Some(key.created.as_str()).filter(|created| !created.is_empty())),
        age.map_or(Cell::Nothing, Cell::Number),
        Cell::maybe(created_by.words().map(str::to_owned)),
        Cell::text(source),
        Cell::text(used(activity, last.map(String::as_str))),
        Cell::maybe(last.map(String::as_str)),
        Cell::maybe(activity.map(|activity| activity.since.to_string())),
        Cell::maybe(entry.and_then(|entry| entry.owner.as_deref())),
        Cell::maybe(entry.and_then(|entry| entry.purpose.as_deref())),
        Cell::text(match in_use {
            Some(true) => "yes",
            Some(false) => "no",
            None => "unknown",
        }),
        Cell::maybe(entry.and_then(|entry| entry.rotate_by).map(|day| day.to_string())),
    ]
}

/// Says when a key was last used, no more than the trail tells: that nothing is logged does not mean that there was nothing.
pub(super) fn used(activity: Option<&Activity>, last: Option<&str>) -> String {
    let day = |at: Timestamp| -> Date { at.to_zoned(jiff::tz::TimeZone::UTC).date() };
    match (activity, last) {
        (Some(Activity { incomplete: Some(_), .. }), Some(last)) => format!("{} or later", date(last)),
        (_, Some(last)) => date(last),
        (Some(Activity { incomplete: Some(_), .. }) | None, None) => "not readable".to_owned(),
        (Some(Activity { since, .. }), None) => format!("none since {}", day(*since)),
    }
}

fn date(moment: &str) -> String {
    moment.chars().take("2026-11-22".len()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn when_a_key_was_used_is_never_said_more_surely_than_it_was_read() {
        let activity = |incomplete: Option<&str>| Activity {
            since: "2026-08-24T10:00:00Z".parse().unwrap(),
            last: std::collections::BTreeMap::new(),
            incomplete: incomplete.map(str::to_owned),
        };
        let (whole, cut) = (activity(None), activity(Some("the API gave the same cursor twice")));
        let last = Some("2026-11-20T08:00:00Z");
        assert_eq!(used(Some(&whole), last), "2026-11-20");
        assert_eq!(used(Some(&cut), last), "2026-11-20 or later");
        assert_eq!(used(Some(&whole), None), "none since 2026-08-24");
        assert_eq!(used(Some(&cut), None), "not readable");
        assert_eq!(used(None, None), "not readable");
    }
}
