//! Remembering who was seen in which workspace, whatever command looked: the ledger keeps it, so that it can be told later who came and went.
//!
//! A reading never fails because nothing can be remembered; it says so and goes on.

use jiff::Timestamp;
use serde::Serialize;

use super::perform;
use super::session::Session;
use crate::domain::{Email, Member, Permissions, Role, UserId, WorkspaceId};
use crate::journal::{Attributes, Ledger, Listing};
use crate::trouble::Advise as _;
use crate::ui::Printer;

/// What members are called among the sightings.
pub const KIND: &str = "member";

/// Workspaces that are written down in one commit: a commit costs a sync of the disk, and what waits for one costs memory.
const AT_ONCE: usize = 128;

/// The ledger, as far as it can be written.
#[derive(Debug)]
pub struct Sightings<'a> {
    printer: &'a Printer,
    ledger: Option<Ledger>,
    pending: Vec<Listing>,
}

impl<'a> Sightings<'a> {
    /// Opens the ledger.
    pub async fn open(session: &'a Session<'_>) -> Self {
        let printer = &session.door.printer;
        let ledger = match perform::open_ledger(session).await {
            Ok(ledger) => Some(ledger),
            Err(trouble) => {
                warn(printer, &trouble.to_string(), trouble.advice.first().map(String::as_str));
                None
            }
        };
        Self { printer, ledger, pending: Vec::new() }
    }

    /// Keeps who was seen in a workspace by a look; written down some hundred workspaces at a time.
    pub async fn keep(
        &mut self,
        workspace: &WorkspaceId,
        (began, at): (Timestamp, Timestamp),
        members: &[Member],
        complete: bool,
    ) {
        if self.ledger.is_none() {
            return;
        }
        self.pending.push(Listing {
            workspace_id: workspace.clone(),
            kind: KIND.to_owned(),
            began,
            at,
            rows: members.iter().map(|member| (member.id.to_string(), attributes(member))).collect(),
            // Every workspace has its owner: a list of nobody is no proof that everybody left.
            complete: complete && !members.is_empty(),
        });
        if self.pending.len() >= AT_ONCE {
            self.write_down().await;
        }
    }

    /// Writes down what was kept and is not yet.
    pub async fn write_down(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        if let Some(ledger) = self.ledger.as_ref().filter(|_| !pending.is_empty())
            && let Err(error) = ledger.record_listings(pending).await
        {
            warn(self.printer, &error.to_string(), error.advice().first().map(String::as_str));
            self.ledger = None;
        }
    }

    /// Writes down what was kept and closes the ledger.
    pub async fn close(mut self) {
        self.write_down().await;
        if let Some(ledger) = self.ledger {
            let _closed = ledger.close().await;
        }
    }
}

fn warn(printer: &Printer, why: &str, advice: Option<&str>) {
    printer.warn(&format!("{why}; the reading goes on, but who was seen is not remembered"));
    if let Some(advice) = advice {
        printer.hint(advice);
    }
}

/// What is kept of a member, its members in the order of their names.
#[derive(Serialize)]
struct Seen<'a> {
    accepted: bool,
    email: &'a Email,
    permissions: Option<&'a Permissions>,
    role: &'a Role,
    user_id: Option<&'a UserId>,
}

fn attributes(member: &Member) -> Attributes {
    let Member { accepted, email, permissions, role, user_id, .. } = member;
    let (permissions, user_id) = (permissions.as_ref(), user_id.as_ref());
    Attributes::in_order(&Seen { accepted: *accepted, email, permissions, role, user_id })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_is_kept_of_a_member_is_canonical() {
        let told = json!({
            "id": "m-1", "email": "ann@agency.example", "user_id": "u-1", "user_email": null, "role": "wizard \"ü\"",
            "permissions": ["unibox.all", "accounts.view"], "accepted": true, "nickname": null, "name": null,
            "issuer_id": null, "timestamp_created": "2026-11-22T10:00:00.000Z", "workspace_id": "w-1",
        });
        let mut member: Member = serde_json::from_value(told).unwrap();
        let kept = |member: &Member| -> Value {
            let Member { accepted, email, permissions, role, user_id, .. } = member;
            json!({ "email": email, "role": role, "permissions": permissions, "accepted": accepted, "user_id": user_id })
        };
        assert_eq!(attributes(&member), Attributes::from(&kept(&member)));
        (member.permissions, member.user_id, member.accepted) = (None, None, false);
        assert_eq!(attributes(&member), Attributes::from(&kept(&member)));
    }
}
