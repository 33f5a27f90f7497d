//! What the ledger knows of one workspace's members over time, as the audit of access takes it.
//!
//! What cannot be read, as where a newer keyholder wrote it, is handed on as a doubt: left out, it would make somebody lost who is there, or
//! done outside keyholder what a run of ours did.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::Value;

use crate::audit::access::{Does, Doubt, Kept, Look, Past, Row, Standing, Stretch, Transfer, Write};
use crate::cli::earlier::ending;
use crate::domain::{Change, Email, Permissions, RestsOn, Role, RunId, Step, WorkspaceId};
use crate::journal::{History, MemberWrite, StepRow};
use crate::plan::Ending;

/// A run, as far as a change by it tells of it.
#[derive(Debug, Clone)]
pub struct Told {
    /// Who ran it.
    pub operator: String,
    /// Why.
    pub reason: Option<String>,
}

/// Our own steps about members, by workspace, and the runs they are of.
#[derive(Debug, Default)]
pub struct Ours {
    writes: BTreeMap<WorkspaceId, Vec<(Email, Write)>>,
    transfers: BTreeMap<WorkspaceId, Vec<Transfer>>,
    doubts: BTreeMap<WorkspaceId, Vec<Doubt>>,
    /// The runs.
    pub runs: BTreeMap<RunId, Told>,
}

impl Ours {
    /// Takes the steps that took effect, or may have. Of one that cannot be read it is not known what it changed.
    pub fn of(steps: Vec<MemberWrite>) -> Self {
        let mut ours = Self::default();
        for one in steps {
            let (sure, waiting) = match ending(one.step.state) {
                Ending::Applied { waiting } => (true, waiting),
                Ending::Unsettled => (false, true),
                Ending::Already | Ending::NotApplied => continue,
            };
            let MemberWrite { run, started, operator, reason, step: row, .. } = one;
            let Ok(step) = row.step() else {
                let doubt = Doubt { who: subject(&row), kept: Kept::Step(run), from: started, until: row.changed };
                ours.doubts.entry(row.workspace_id).or_default().push(doubt);
                continue;
            };
            let Some((email, does)) = does(&step, waiting) else { continue };
            if does == Does::Own {
                let transfer = Transfer { run: run.clone(), from: started, to: row.changed };
                ours.transfers.entry(row.workspace_id.clone()).or_default().push(transfer);
            }
            let rests_on = rests_on(&step.rests_on);
            let write = Write { run: run.clone(), from: started, to: row.changed, does, rests_on, sure };
            ours.writes.entry(row.workspace_id).or_default().push((email, write));
            ours.runs.insert(run, Told { operator, reason });
        }
        ours
    }

    /// Puts what was seen of a workspace and what was done there side by side.
    pub fn past(&mut self, workspace: &WorkspaceId, history: History) -> Past {
        let History { looks, spans, glimpses } = history;
        let look = |look: crate::journal::Look| Look { began: look.began, at: look.at, complete: look.complete };
        let spans = spans.iter().map(|span| (span.id.as_str(), &span.attributes, (span.from, span.until)));
        let glimpses =
            glimpses.iter().map(|glimpse| (glimpse.id.as_str(), &glimpse.attributes, (glimpse.at, glimpse.at)));
        let mut rows = Rows::default();
        let (spans, glimpses) = (rows.read(spans), rows.read(glimpses));
        let mut doubts = self.doubts.remove(workspace).unwrap_or_default();
        doubts.extend(rows.doubts());
        Past {
            looks: looks.into_iter().map(look).collect(),
            spans,
            glimpses,
            writes: self.writes.remove(workspace).unwrap_or_default(),
            transfers: self.transfers.remove(workspace).unwrap_or_default(),
            doubts,
        }
    }
}

/// The rows of a history as they are read.
#[derive(Default)]
struct Rows {
    /// By the ids of rows that can be read: whose they are.
    whose: BTreeMap<String, BTreeSet<Email>>,
    /// Those that cannot: the id, whose it says to be, and from when to when it stood.
    unread: Vec<(String, Option<Email>, (Timestamp, Timestamp))>,
}

impl Rows {
    /// Reads rows as they were kept, and remembers which cannot be read.
    fn read<'a>(&mut self, kept: impl Iterator<Item = (&'a str, &'a Value, (Timestamp, Timestamp))>) -> Vec<Stretch> {
        let mut read = Vec::new();
        for (id, attributes, time) in kept {
            if let Some(stretch) = stretch(id, attributes, time) {
                self.whose.entry(id.to_owned()).or_default().insert(stretch.email.clone());
                read.push(stretch);
            } else {
                self.unread.push((id.to_owned(), attributes["email"].as_str().map(Email::observed), time));
            }
        }
        read
    }

    /// Says whom the rows that cannot be read may be about: whom they name, else whoever else had that row.
    fn doubts(self) -> impl Iterator<Item = Doubt> {
        let Self { whose, unread } = self;
        unread.into_iter().flat_map(move |(id, named, (from, until))| {
            let doubt = |who| Doubt { who, kept: Kept::Row, from, until };
            match (named, whose.get(&id)) {
                (None, Some(others)) => others.iter().cloned().map(|who| doubt(Some(who))).collect(),
                (who, _) => vec![doubt(who)],
            }
        })
    }
}

/// Reads a row as it was kept.
fn stretch(id: &str, kept: &Value, (from, until): (Timestamp, Timestamp)) -> Option<Stretch> {
    let permissions: Option<Permissions> = serde_json::from_value(kept["permissions"].clone()).ok()?;
    let standing = Standing {
        role: Role::observed(kept["role"].as_str()?),
        permissions: Some(permissions),
        accepted: kept["accepted"].as_bool()?,
    };
    let row = Row { id: Some(id.to_owned()), standing };
    Some(Stretch { email: Email::observed(kept["email"].as_str()?), row, from, until })
}

/// Says whom a step that cannot be read is about, where nothing in it names anybody else; one that gives a workspace away is about two.
fn subject(row: &StepRow) -> Option<Email> {
    fn names(value: &Value, emails: &mut Vec<Email>) {
        match value {
            Value::Object(members) => {
                for (name, value) in members {
                    match value {
                        Value::String(email) if name.ends_with("email") => emails.push(Email::observed(email)),
                        _ => names(value, emails),
                    }
                }
            }
            Value::Array(values) => values.iter().for_each(|value| names(value, emails)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let who = Email::observed(&row.subject);
    let mut named = Vec::new();
    names(&row.planned, &mut named);
    (row.kind.starts_with("member.") && named.iter().all(|email| *email == who)).then_some(who)
}

/// Says what a step does, and whose row it is about.
fn does(step: &Step, waiting: bool) -> Option<(Email, Does)> {
    let (email, does) = match &step.change {
        Change::Invite { email, role, permissions, .. } => {
            let permissions = permissions.clone().map(Some);
            (email, Does::Invite(Standing { role: role.clone(), permissions, accepted: !waiting }))
        }
        Change::SetRole { member, email, role } => {
            (email, Does::SetRole { member: member.to_string(), role: role.clone() })
        }
        Change::Remove { member, email } => (email, Does::Remove { member: member.to_string() }),
        Change::Transfer { email } => (email, Does::Own),
        _ => return None,
    };
    // A row can bear another address than the one that was asked for.
    let email = if let RestsOn::Row { email, .. } = &step.rests_on { email } else { email };
    Some((email.clone(), does))
}

fn rests_on(rests_on: &RestsOn) -> Option<Vec<Row>> {
    match rests_on {
        RestsOn::Absent => Some(Vec::new()),
        RestsOn::Row { id, role, permissions, accepted, .. } => {
            let standing = Standing { role: role.clone(), permissions: Some(permissions.clone()), accepted: *accepted };
            Some(vec![Row { id: Some(id.to_string()), standing }])
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_hours(hour)
    }

    #[test]
    fn a_row_that_cannot_be_read_is_in_doubt_for_whom_it_names_or_whoever_else_had_it() {
        let read = json!({ "email": "ann@agency.example", "role": "view", "permissions": null, "accepted": true });
        let of = |id: &str, attributes: &Value, from: i64| crate::journal::Span {
            id: id.to_owned(),
            attributes: attributes.clone(),
            from: at(from),
            until: at(from + 1),
        };
        let spans = vec![
            of("m1", &read, 1),
            of("m1", &json!({ "role": "view" }), 3),
            of("m2", &json!({ "email": "Bob@agency.example", "role": 7 }), 3),
            of("m3", &json!("what tomorrow writes"), 3),
        ];
        let workspace = WorkspaceId::parse("0195b2aa-7c1e-7d00-8000-000000000001").unwrap();
        let past = Ours::default().past(&workspace, History { spans, ..History::default() });
        assert_eq!(past.spans.len(), 1);
        let whose: Vec<Option<&str>> = past.doubts.iter().map(|doubt| doubt.who.as_ref().map(Email::as_str)).collect();
        assert_eq!(whose, [Some("ann@agency.example"), Some("bob@agency.example"), None]);
        assert!(past.doubts.iter().all(|doubt| (doubt.from, doubt.until) == (at(3), at(4)) && doubt.kept == Kept::Row));
    }

    #[test]
    fn a_step_that_cannot_be_read_is_about_its_subject_only_where_it_names_nobody_else() {
        let row = |kind: &str, planned: Value| StepRow {
            id: crate::domain::StepId::from_stored("s-1"),
            workspace: "acme".to_owned(),
            workspace_id: WorkspaceId::parse("0195b2aa-7c1e-7d00-8000-000000000001").unwrap(),
            kind: kind.to_owned(),
            subject: "ann@agency.example".to_owned(),
            removal: false,
            state: crate::journal::State::Planned,
            reason_code: None,
            reason: None,
            status: None,
            changed: at(1),
            planned,
            disposition: crate::domain::Disposition::Send,
        };
        let ann = Some(Email::observed("ann@agency.example"));
        let hers = json!({ "change": { "kind": "member.dream_of", "email": "Ann@agency.example" } });
        assert_eq!(subject(&row("member.dream_of", hers.clone())), ann);
        let bears = json!({ "change": hers, "rests_on": { "row": { "email": "old@agency.example" } } });
        assert_eq!(subject(&row("member.dream_of", bears)), None);
        assert_eq!(subject(&row("owner.transfer", json!(null))), None, "it is about whoever owned it too");
    }
}
