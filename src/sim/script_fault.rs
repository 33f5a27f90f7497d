//! Faults of a script: `[[fault]]` with a `kind` and what belongs to it.
//!
//! | kind | takes |
//! | --- | --- |
//! | `status` | `status`, `body` (json, html, empty), `retry_after` (seconds) or `retry_after_date` (a span from now) |
//! | `status-after` (applied all the same) | `status` (500), `body` (json, html, empty) |
//! | `lose-answer`, `lose-request`, `hang`, `truncate`, `html`, `cursor-loop`, `ignore`, `foreign`, `redirect`, `not-sent` | nothing |
//! | `late` | `after` |
//! | `delay` | `by` |
//! | `echo-key`, `echo-secrets` (with a 5xx applied all the same) | `status` (400) |
//! | `oversized` | `bytes` (64 MiB) |
//! | `partial` (of a page, an assignment of leads or a tagging) | `rows` |
//! | `no-success` (of a tagging) | `applied` (false) |
//! | `meanwhile` | `when` (before, after), `hand` and what it takes |
//!
//! Hands: `add` (`email`, `role`, `accepted`), `remove`, `accept` (`email`), `set-role` (`email`, `role`), `give-campaign` (`campaign`, `to`),
//! `delete-campaign` (`campaign`), `give-list` (`list`, `to`), `assign-lead` (`lead`, `to`), `make-key` (`by`, `key`), `delete-key` (`key`),
//! `make-tag` (`label`), `rename-tag` (`tag`, `to`), `delete-tag` (`tag`), `untag` (`tag`, `resource`), `delete-account` (`email`),
//! `account-status` (`email`, `status`), `accept-link`, `reject-link`, `leave-group`, `make-owner` (`email`).
//! Campaigns, lists and keys are named by name or id, tags by label or id, leads by id, people by address or user id.

use super::fault::{Fault, FaultBody, FaultKind, RetryAfter, When};
use super::hand::Hand;
use super::op::Op;
use super::script::workspace_named;
use super::state::{State, role_word};
use super::things::put::{Key, Tag};
use super::tree::{self, Kind, Node, ScriptError, Table};

/// Bytes of an oversized answer where a script says nothing: above any limit a client would set.
const OVERSIZED: usize = 64 * 1024 * 1024;

pub(super) fn read(mut table: Table, state: &State) -> Result<Fault, ScriptError> {
    let kind = kind(&mut table)?;
    let workspace = match table.text("workspace")? {
        Some(name) => {
            workspace_named(state, &name)?;
            Some(name.value)
        }
        None => None,
    };
    let operation = table.choice("operation", &Op::WORDS)?;
    let skip = table.number("skip")?.unwrap_or(0);
    let times = match table.take("times") {
        None => Some(1),
        Some(Node { kind: Kind::Number(times), line }) => {
            Some(usize::try_from(times).map_err(|_negative| ScriptError::at(line, "`times` is out of range"))?)
        }
        Some(Node { kind: Kind::Text(word), .. }) if word == "always" => None,
        Some(node) => return Err(ScriptError::at(node.line, "`times` must be a number or \"always\"")),
    };
    table.finish()?;
    Ok(Fault { kind, workspace, operation, skip, times })
}

fn kind(table: &mut Table) -> Result<FaultKind, ScriptError> {
    let word = table.need_text("kind")?;
    let status = |table: &mut Table, default: Option<u16>| -> Result<u16, ScriptError> {
        let line = table.line;
        let status = table.number::<u16>("status")?.or(default);
        status
            .filter(|status| (200..600).contains(status))
            .ok_or_else(|| ScriptError::at(line, "`status` must be an HTTP status from 200 to 599"))
    };
    Ok(match word.value.as_str() {
        "status" => {
            FaultKind::Status { status: status(table, None)?, body: body(table)?, retry_after: retry_after(table)? }
        }
        "status-after" => FaultKind::StatusAfter { status: status(table, Some(500))?, body: body(table)? },
        "lose-answer" => FaultKind::LoseAnswer,
        "lose-request" => FaultKind::LoseRequest,
        "late" => FaultKind::Late { after: table.need_duration("after")? },
        "delay" => FaultKind::Delay { by: table.need_duration("by")? },
        "hang" => FaultKind::Hang,
        "truncate" => FaultKind::Truncate,
        "html" => FaultKind::Html,
        "cursor-loop" => FaultKind::CursorLoop,
        "ignore" => FaultKind::Ignore,
        "partial" => {
            let line = table.line;
            let rows = table.number("rows")?.ok_or_else(|| ScriptError::at(line, "`rows` is missing"))?;
            FaultKind::Partial { rows }
        }
        "no-success" => FaultKind::NoSuccess { applied: table.truth("applied")?.unwrap_or(false) },
        "echo-key" => FaultKind::EchoKey { status: status(table, Some(400))? },
        "echo-secrets" => FaultKind::EchoSecrets { status: status(table, Some(400))? },
        "foreign" => FaultKind::Foreign,
        "redirect" => FaultKind::Redirect,
        "not-sent" => FaultKind::NotSent,
        "oversized" => FaultKind::Oversized { bytes: table.number("bytes")?.unwrap_or(OVERSIZED) },
        "meanwhile" => FaultKind::Meanwhile {
            when: table.choice("when", &[("before", When::Before), ("after", When::After)])?.unwrap_or(When::Before),
            hand: hand(table)?,
        },
        other => {
            let known = [
                "status",
                "status-after",
                "lose-answer",
                "lose-request",
                "late",
                "delay",
                "hang",
                "truncate",
                "html",
                "cursor-loop",
                "ignore",
                "partial",
                "no-success",
                "echo-key",
                "echo-secrets",
                "foreign",
                "redirect",
                "not-sent",
                "oversized",
                "meanwhile",
            ];
            let near = tree::nearest(other, known.into_iter());
            return Err(ScriptError::at(word.line, format!("`{other}` is no kind of fault{near}")));
        }
    })
}

fn body(table: &mut Table) -> Result<FaultBody, ScriptError> {
    let words = [("json", FaultBody::Json), ("html", FaultBody::Html), ("empty", FaultBody::Empty)];
    Ok(table.choice("body", &words)?.unwrap_or_default())
}

fn retry_after(table: &mut Table) -> Result<Option<RetryAfter>, ScriptError> {
    let seconds = table.number("retry_after")?.map(RetryAfter::Seconds);
    let date = table.duration("retry_after_date")?.map(RetryAfter::Date);
    match (seconds, date) {
        (Some(_), Some(_)) => {
            Err(ScriptError::at(table.line, "`retry_after` and `retry_after_date` exclude each other"))
        }
        (seconds, date) => Ok(seconds.or(date)),
    }
}

fn hand(table: &mut Table) -> Result<Hand, ScriptError> {
    let word = table.need_text("hand")?;
    let mut need = |name: &'static str| table.need_text(name).map(|text| text.value);
    Ok(match word.value.as_str() {
        "add" => {
            let (email, role) = (need("email")?, role_word(&need("role")?));
            Hand::Add { email, role, accepted: table.truth("accepted")?.unwrap_or(true) }
        }
        "remove" => Hand::Remove { email: need("email")? },
        "set-role" => Hand::SetRole { email: need("email")?, role: role_word(&need("role")?) },
        "accept" => Hand::Accept { email: need("email")? },
        "give-campaign" => Hand::GiveCampaign { campaign: need("campaign")?, to: need("to")? },
        "delete-campaign" => Hand::DeleteCampaign { campaign: need("campaign")? },
        "give-list" => Hand::GiveLeadList { list: need("list")?, to: need("to")? },
        "assign-lead" => Hand::AssignLead { lead: need("lead")?, to: need("to")? },
        "make-key" => Hand::Put(Key::of(&need("by")?, &need("key")?).into()),
        "delete-key" => Hand::DeleteKey { key: need("key")? },
        "make-tag" => Hand::Put(Tag::of(&need("label")?).into()),
        "rename-tag" => Hand::RenameTag { tag: need("tag")?, to: need("to")? },
        "delete-tag" => Hand::DeleteTag { tag: need("tag")? },
        "untag" => Hand::Untag { tag: need("tag")?, resource: need("resource")? },
        "delete-account" => Hand::DeleteAccount { email: need("email")? },
        "account-status" => {
            let email = need("email")?;
            let line = table.line;
            let status = table.number("status")?.ok_or_else(|| ScriptError::at(line, "`status` is missing"))?;
            Hand::SetAccountStatus { email, status }
        }
        "accept-link" => Hand::AcceptLink,
        "reject-link" => Hand::RejectLink,
        "leave-group" => Hand::LeaveGroup,
        "make-owner" => Hand::MakeOwner { email: need("email")? },
        other => {
            let near = tree::nearest(other, HANDS.into_iter());
            return Err(ScriptError::at(word.line, format!("`{other}` is nothing another hand does{near}")));
        }
    })
}

const HANDS: [&str; 20] = [
    "add",
    "remove",
    "set-role",
    "accept",
    "give-campaign",
    "delete-campaign",
    "give-list",
    "assign-lead",
    "make-key",
    "delete-key",
    "make-tag",
    "rename-tag",
    "delete-tag",
    "untag",
    "delete-account",
    "account-status",
    "accept-link",
    "reject-link",
    "leave-group",
    "make-owner",
];
