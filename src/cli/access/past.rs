//! What the ledger knows of one workspace's members over time, as the audit of access takes it.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::audit::access::{Does, Look, Past, Row, Standing, Stretch, Transfer, Write};
use crate::cli::earlier::ending;
use crate::domain::{Change, Email, Permissions, RestsOn, Role, RunId, Step, WorkspaceId};
use crate::journal::{History, MemberWrite};
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
    /// The runs.
    pub runs: BTreeMap<RunId, Told>,
}

impl Ours {
    /// Takes the steps that took effect, or may have. One of tomorrow's keyholder, which cannot be read, is none of ours.
    pub fn of(steps: Vec<MemberWrite>) -> Self {
        let mut ours = Self::default();
        for one in steps {
            let (sure, waiting) = match ending(one.step.state) {
                Ending::Applied { waiting } => (true, waiting),
                Ending::Unsettled => (false, true),
                Ending::Already | Ending::NotApplied => continue,
            };
            let MemberWrite { run, started, operator, reason, step: row, .. } = one;
            let Ok(step) = row.step() else { continue };
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
        Past {
            looks: looks.into_iter().map(look).collect(),
            spans: spans
                .into_iter()
                .filter_map(|span| stretch(&span.id, &span.attributes, (span.from, span.until)))
                .collect(),
            glimpses: glimpses
                .into_iter()
                .filter_map(|glimpse| stretch(&glimpse.id, &glimpse.attributes, (glimpse.at, glimpse.at)))
                .collect(),
            writes: self.writes.remove(workspace).unwrap_or_default(),
            transfers: self.transfers.remove(workspace).unwrap_or_default(),
        }
    }
}

/// Reads a row as it was kept; one that says not whose it is tells of nobody.
fn stretch(id: &str, kept: &Value, (from, until): (jiff::Timestamp, jiff::Timestamp)) -> Option<Stretch> {
    let permissions: Option<Permissions> = serde_json::from_value(kept["permissions"].clone()).ok()?;
    let standing = Standing {
        role: Role::observed(kept["role"].as_str()?),
        permissions: Some(permissions),
        accepted: kept["accepted"].as_bool()?,
    };
    let row = Row { id: Some(id.to_owned()), standing };
    Some(Stretch { email: Email::observed(kept["email"].as_str()?), row, from, until })
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
