//! The rows of `accounts`: one sending account each: whether it can send, what it sent, what bounced, whose it is.

use super::cell::{Cell, Column};
use crate::domain::codes::{ACCOUNT_STATUS, Codes, PROVIDER, WARMUP_STATUS};
use crate::domain::{Rate, Sending, SendingAccount, WorkspaceId};

/// Columns of `accounts`.
pub const ACCOUNT: &[Column] = &[
    Column::shown("workspace"),
    Column::detail("workspace_id"),
    Column::detail("observed_at"),
    Column::shown("email"),
    Column::shown("status"),
    Column::detail("status_code"),
    Column::shown("warmup"),
    Column::detail("warmup_code"),
    Column::shown("provider"),
    Column::detail("provider_code"),
    Column::shown("daily_limit"),
    Column::shown("sent_today"),
    Column::shown("sent_7d"),
    Column::shown("bounced_7d"),
    Column::shown("bounce_rate"),
    Column::shown("warmup_score"),
    Column::shown("owner"),
    Column::detail("owner_source"),
    Column::shown("tags"),
    Column::detail("findings"),
    Column::beneath("evidence", "! "),
];

/// One sending account as it is told.
#[derive(Debug)]
pub struct AccountRow<'a> {
    /// The workspace's name in our files.
    pub workspace: &'a str,
    /// Its identity.
    pub workspace_id: &'a WorkspaceId,
    /// When it was looked at.
    pub observed_at: &'a str,
    /// The account.
    pub account: &'a SendingAccount,
    /// What it sent; none where that was not asked for, or not seen.
    pub sending: Option<Sending>,
    /// Whose it is, in words; empty where nobody says.
    pub owner: String,
    /// Who says so: `files` or `tag`.
    pub owner_source: Option<&'static str>,
    /// The labels it carries; none where that is not known.
    pub labels: Option<&'a [String]>,
    /// The codes of what is to be said against its sending.
    pub findings: Vec<String>,
    /// The facts.
    pub evidence: Vec<String>,
}

/// Cells of one account. What was not seen is blank, never zero.
pub fn account(row: AccountRow<'_>) -> Vec<Cell<'_>> {
    let AccountRow { workspace, workspace_id, observed_at, account, sending, .. } = row;
    let [status, status_code] = coded(ACCOUNT_STATUS, account.status);
    let [warmup, warmup_code] = coded(WARMUP_STATUS, account.warmup_status);
    let [provider, provider_code] = coded(PROVIDER, account.provider);
    let number = |number: Option<u64>| number.map_or(Cell::Nothing, Cell::Number);
    let signed = |number: Option<i64>| number.map_or(Cell::Nothing, Cell::Signed);
    let all = sending.map(Sending::all);
    vec![
        Cell::text(workspace),
        Cell::text(workspace_id.as_str()),
        Cell::text(observed_at),
        Cell::text(account.email.as_str()),
        status,
        status_code,
        warmup,
        warmup_code,
        provider,
        provider_code,
        signed(account.daily_limit),
        number(sending.map(|sending| sending.today.sent)),
        number(all.map(|all| all.sent)),
        number(all.map(|all| all.bounced)),
        Cell::maybe(all.and_then(|all| Rate::of(all.bounced, all.sent)).map(|rate| rate.to_string())),
        signed(account.warmup_score),
        Cell::maybe(Some(row.owner).filter(|owner| !owner.is_empty())),
        Cell::maybe(row.owner_source),
        // A label may hold a blank, so that blanks part nothing.
        Cell::maybe(row.labels.map(|labels| labels.join("; "))),
        Cell::list(row.findings),
        Cell::maybe(Some(row.evidence.join("; ")).filter(|evidence| !evidence.is_empty())),
    ]
}

/// Returns the word of a raw code, and the code.
pub(super) fn coded<'a>(codes: Codes, code: Option<i64>) -> [Cell<'a>; 2] {
    match code {
        Some(code) => [Cell::text(codes.word(code)), Cell::Signed(code)],
        None => [Cell::Nothing, Cell::Nothing],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Sent;

    fn cells(account: &SendingAccount, sending: Option<Sending>) -> Vec<String> {
        let id = WorkspaceId::parse("w-1").unwrap();
        let labels = ["=north".to_owned(), "Team South".to_owned()];
        let row = self::account(AccountRow {
            workspace: "acme",
            workspace_id: &id,
            observed_at: "2026-11-22T10:00:00Z",
            account,
            sending,
            owner: "ana@agency.example".to_owned(),
            owner_source: Some("files"),
            labels: Some(&labels),
            findings: vec!["account-bounces".to_owned()],
            evidence: vec!["too many".to_owned()],
        });
        assert_eq!(row.len(), ACCOUNT.len());
        row.iter().map(|cell| cell.for_csv().into_owned()).collect()
    }

    #[test]
    fn an_account_stands_under_its_columns_with_words_and_raw_codes() {
        let account = SendingAccount {
            email: "noor@mail-one.example".to_owned(),
            status: Some(-1),
            warmup_status: Some(77),
            provider: Some(2),
            daily_limit: Some(30),
            warmup_score: Some(98),
            ..SendingAccount::default()
        };
        let sending = Sending { today: Sent { sent: 12, bounced: 1 }, before: Sent { sent: 188, bounced: 3 } };
        let row = cells(&account, Some(sending));
        assert_eq!(row[3..10], ["noor@mail-one.example", "connection-error", "-1", "unknown", "77", "google", "2"]);
        assert_eq!(row[10..16], ["30", "12", "200", "4", "2%", "98"]);
        assert_eq!(row[16..], ["ana@agency.example", "files", "'=north; Team South", "account-bounces", "too many"]);
    }

    #[test]
    fn what_was_not_seen_is_blank_and_never_zero() {
        let row = cells(&SendingAccount::default(), None);
        assert_eq!(row[4..16], [""; 12]);
        let nothing_sent = cells(&SendingAccount::default(), Some(Sending::default()));
        assert_eq!(nothing_sent[11..15], ["0", "0", "0", ""]);
    }
}
