//! Faults of a script: `[[fault]]` with a `kind` and what belongs to it.
//!
//! | kind | takes |
//! | --- | --- |
//! | `status` | `status`, `body` (json, html, empty), `retry_after` (seconds) or `retry_after_date` (a span from now) |
//! | `status-after` (applied all the same) | `status` (500), `body` (json, html, empty) |
//! | `lose-answer`, `lose-request`, `hang`, `truncate`, `html`, `cursor-loop`, `ignore`, `foreign`, `redirect`, `not-sent` | nothing |
//! | `late` | `after` |
//! | `delay` | `by` |
//! | `echo-key` | `status` (400) |
//! | `oversized` | `bytes` (64 MiB) |
//! | `meanwhile` | `when` (before, after), `hand` (add, remove, set-role, accept), `email`, `role`, `accepted` |

use super::fault::{Fault, FaultBody, FaultKind, RetryAfter, When};
use super::hand::Hand;
use super::op::Op;
use super::script::workspace_named;
use super::state::{State, role_word};
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
        "echo-key" => FaultKind::EchoKey { status: status(table, Some(400))? },
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
                "echo-key",
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
    #[derive(Clone, Copy)]
    enum Does {
        Add,
        Remove,
        SetRole,
        Accept,
    }
    let words = [("add", Does::Add), ("remove", Does::Remove), ("set-role", Does::SetRole), ("accept", Does::Accept)];
    let word = table.need_text("hand")?;
    let does = tree::choose("hand", &word, &words)?;
    let email = table.need_text("email")?.value;
    Ok(match does {
        Does::Add => Hand::Add {
            email,
            role: role_word(&table.need_text("role")?.value),
            accepted: table.truth("accepted")?.unwrap_or(true),
        },
        Does::Remove => Hand::Remove { email },
        Does::SetRole => Hand::SetRole { email, role: role_word(&table.need_text("role")?.value) },
        Does::Accept => Hand::Accept { email },
    })
}
