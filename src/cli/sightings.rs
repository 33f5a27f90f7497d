//! Remembering who was seen in which workspace, whatever command looked: the ledger keeps it, so that it can be told later who came and went.
//!
//! A reading never fails because nothing can be remembered; it says so and goes on.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::perform;
use super::session::Session;
use crate::domain::{Member, WorkspaceId};
use crate::journal::{Ledger, Listing};
use crate::trouble::Advise as _;
use crate::ui::Printer;

/// What members are called among the sightings.
pub const KIND: &str = "member";

/// Workspaces whose members are written down in one commit, where a sweep makes room.
const AT_ONCE: usize = 200;

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

    /// Keeps who was seen in a workspace by a look. It is written down with the others when the sweep is over.
    pub fn keep(
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
    }

    /// Writes down what was kept once it is of many workspaces: a sweep over ten thousand holds the members of no more than so many.
    pub async fn make_room(&mut self) {
        if self.pending.len() >= AT_ONCE {
            self.write_down().await;
        }
    }

    /// Writes down what was kept, in one commit.
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

fn attributes(member: &Member) -> Value {
    json!({
        "email": member.email,
        "role": member.role,
        "permissions": member.permissions,
        "accepted": member.accepted,
        "user_id": member.user_id,
    })
}
