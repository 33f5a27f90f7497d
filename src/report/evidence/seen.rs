//! What a look showed of one step, in a few words: each kind of thing in its own.

use serde_json::Value;

use crate::domain::{Change, RestsOn, TagChange, Thing};

/// Says what was seen of what a step changes. What is of another shape is shown as it is.
pub(super) fn told(change: &Change, seen: &Value) -> String {
    let known = match change {
        Change::HandOver { thing: Thing::Leads { .. }, .. } => leads(seen),
        Change::HandOver { heir, .. } => owner(heir.as_str(), seen),
        Change::CreateKey { .. } | Change::Revoke { .. } | Change::Retire { .. } => {
            seen["listed"].as_bool().map(|listed| {
                let words = if listed { "still in the key list" } else { "not in the key list" };
                words.to_owned()
            })
        }
        Change::Tag(TagChange::Assign { assign, .. }) => assigned(seen, *assign),
        Change::Tag(_) => tag(seen),
        Change::Group(_) | Change::Transfer { .. } => None,
        Change::Invite { .. } | Change::SetRole { .. } | Change::Remove { .. } | Change::StayAbsent { .. } => {
            rows(seen)
        }
    };
    known.unwrap_or_else(|| seen.to_string())
}

fn rows(seen: &Value) -> Option<String> {
    let rows: Vec<String> = seen.as_array()?.iter().map(row).collect();
    Some(if rows.is_empty() { RestsOn::Absent.describe() } else { rows.join("; ") })
}

fn row(row: &Value) -> String {
    serde_json::from_value::<RestsOn>(row.clone()).map_or_else(|_another| row.to_string(), |row| row.describe())
}

fn owner(heir: &str, seen: &Value) -> Option<String> {
    if seen["gone"] == true {
        return Some("not there any more".to_owned());
    }
    let other = seen["other_owner"].as_str();
    Some(match (seen["as_asked"].as_bool()?, other) {
        (true, _) => format!("{heir}'s"),
        (false, Some(owner)) => format!("account {owner}'s"),
        (false, None) => "nobody's".to_owned(),
    })
}

fn tag(seen: &Value) -> Option<String> {
    let listed = seen["listed"].as_bool()?;
    if !listed {
        return Some("not in the list of tags".to_owned());
    }
    let called = seen["label"].as_str().map_or(String::new(), |label| format!(" as \"{label}\""));
    let described = seen["description"].as_str().map_or(String::new(), |text| format!(", described \"{text}\""));
    Some(format!("in the list of tags{called}{described}"))
}

fn assigned(seen: &Value, assign: bool) -> Option<String> {
    let (as_asked, of) = (seen["as_asked"].as_u64()?, seen["of"].as_u64()?);
    let word = if assign { "with" } else { "without" };
    let not: Vec<&str> = seen["not"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let but = if not.is_empty() { String::new() } else { format!(", all but {}", not.join(", ")) };
    Some(format!("{as_asked} of {of} {word} the tag{but}"))
}

fn leads(seen: &Value) -> Option<String> {
    let (assigned, of) = (seen["assigned"].as_u64()?, seen["of"].as_u64()?);
    let leads = if of == 1 { "lead" } else { "leads" };
    let gone = match seen["gone"].as_u64() {
        None | Some(0) => String::new(),
        Some(gone) => format!(", {gone} not there any more"),
    };
    Some(format!("{assigned} of {of} {leads} assigned{gone}"))
}
