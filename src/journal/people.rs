//! Questions about people: by which accounts the ledger knows them, and who was to leave.

use std::collections::BTreeSet;

use serde_json::Value;
use sqlx::Row as _;

use super::columns::workspace_id_of;
use super::error::LedgerError;
use super::ledger::Ledger;
use crate::domain::{Email, HeldReason, RestsOn, UserId, WorkspaceId};

/// An account by which the ledger knows a person in one workspace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account {
    /// Where: an equal id elsewhere says nothing.
    pub workspace_id: WorkspaceId,
    /// Who.
    pub email: Email,
    /// The account.
    pub user_id: UserId,
}

/// Parameters of one question; SQLite takes many more.
const AT_ONCE: usize = 200;

impl Ledger {
    /// Returns the accounts of these people, workspace by workspace: those of the rows of theirs that steps of earlier runs rested on. Rows
    /// of which it could not be told whose they are tell none.
    pub async fn accounts_of(&self, people: &BTreeSet<Email>) -> Result<BTreeSet<Account>, LedgerError> {
        let people: Vec<String> = people.iter().map(|email| email.as_str().to_owned()).collect();
        self.with(async move |connection| {
            let mut accounts = BTreeSet::new();
            for some in people.chunks(AT_ONCE) {
                let marks = vec!["?"; some.len()].join(", ");
                let sql = format!(
                    "SELECT s.workspace_id, s.subject, s.id, e.bytes FROM steps s
                     JOIN entries e ON e.run = s.run AND e.seq = s.planned_seq
                     WHERE s.subject IN ({marks}) AND (s.reason_code IS NULL OR s.reason_code <> ?)"
                );
                let query = sqlx::query(sqlx::AssertSqlSafe(sql));
                let query = some.iter().fold(query, |query, email| query.bind(email.clone()));
                let query = query.bind(HeldReason::AmbiguousPerson.as_str());
                for row in query.fetch_all(&mut *connection).await? {
                    let (subject, bytes): (String, Vec<u8>) = (row.try_get("subject")?, row.try_get("bytes")?);
                    let email = Email::observed(&subject);
                    let unreadable = |_not_json| LedgerError::unreadable("the `planned` entry of a step".to_owned());
                    let entry: Value = serde_json::from_slice(&bytes).map_err(unreadable)?;
                    let workspace_id = workspace_id_of(&row)?;
                    accounts.extend(account(&entry, &email).map(|user_id| Account {
                        workspace_id,
                        email: email.clone(),
                        user_id,
                    }));
                }
            }
            Ok(accounts)
        })
        .await
    }
}

/// The account of the row that a step rests on, where the row bears the address.
fn account(planned: &Value, email: &Email) -> Option<UserId> {
    match serde_json::from_value(planned["step"]["rests_on"].clone()).ok()? {
        RestsOn::Row { email: bears, user_id, .. } if bears == *email => user_id,
        _ => None,
    }
}
