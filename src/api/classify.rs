//! From what came back to what is known: by status and shape, never by the words of a message (DESIGN section 5, "Answers").
//!
//! Pure. A success hands out the body for the caller to decode; [`misread`] says what an undecodable success is.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;
use serde_json::Value;

use super::error::{Error, Refusal};
use super::operation::Operation;
use super::text::{clean, veiled};
use super::transport::{Answer, Failure};
use crate::domain::ApiKey;

/// What a success is that carries nothing else.
const ONLY_ERROR: &str = "the answer is only an error";

/// Sorts one attempt of an operation. `now` is what a `Retry-After` date is relative to.
pub(crate) fn classify(
    operation: Operation,
    came: Result<Answer, Failure>,
    key: &ApiKey,
    now: Timestamp,
) -> Result<Bytes, Error> {
    let answer = match came {
        Ok(answer) => answer,
        Err(Failure::NotSent { detail }) => return Err(Error::NotSent { operation, detail: clean(&detail, key) }),
        Err(Failure::Lost { detail, timed_out }) => {
            return Err(Error::Ambiguous { operation, detail: clean(&detail, key), timed_out });
        }
    };
    let status = answer.status;
    match status {
        _ if operation.succeeds_with(status) => Ok(answer.body),
        200..=299 => Err(misread(operation, &format!("status {status} is not how this call succeeds"), key)),
        429 => {
            let retry_after = answer.retry_after.as_deref().and_then(|text| retry_after(text, now));
            Err(Error::Throttled { operation, retry_after })
        }
        300..=399 => Err(Error::Refused { operation, status, refusal: Refusal::Redirect, message: String::new() }),
        408 | ..200 | 500.. => {
            Err(Error::Ambiguous { operation, detail: said(operation, &answer, key), timed_out: false })
        }
        400..=499 => Err(refused(operation, &answer, key)),
    }
}

/// Says what a success is that cannot be read, or that names something else than was asked for. Of a read nothing is lost;
/// a write may have been applied.
pub(crate) fn misread(operation: Operation, detail: &str, key: &ApiKey) -> Error {
    // An error in a success is quoted, unless the answer may hold secrets: it could name any of them.
    let detail = match detail.strip_prefix(ONLY_ERROR) {
        Some(_quoted) if operation.carries_secrets() => ONLY_ERROR.to_owned(),
        _ => clean(detail, key),
    };
    if operation.is_write() {
        Error::Ambiguous { operation, detail, timed_out: false }
    } else {
        Error::Unreadable { operation, detail }
    }
}

/// Decodes a body, naming the JSON path of a fault. A success that carries nothing but `{"error": …}` (contract section 5) is not
/// what was asked for: nobody publishes whether anything was done, so it is a misread answer and no refusal.
pub(crate) fn decode<'a, T: serde::Deserialize<'a>>(body: &'a [u8]) -> Result<T, String> {
    // Keeping track of the path doubles the work, so only what cannot be read is read again with it. As text, because one check
    // of the whole is cheaper than one of each of its thousand strings.
    if let Ok(text) = std::str::from_utf8(body)
        && let Ok(decoded) = serde_json::from_str(text)
    {
        return Ok(decoded);
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let fault = match serde_path_to_error::deserialize(&mut json) {
        Ok(decoded) => return json.end().map(|()| decoded).map_err(|_trailing| "text follows the JSON".to_owned()),
        Err(fault) => fault,
    };
    if let Some(error) = only_error(body) {
        return Err(error);
    }
    Err(match fault.inner().classify() {
        serde_json::error::Category::Data => format!("at `{}`: {}", fault.path(), data_fault(fault.inner())),
        serde_json::error::Category::Eof => "the JSON ends too early".to_owned(),
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "it is not JSON".to_owned(),
    })
}

/// serde's words, without the place in the text and without quoting values: a value may be a secret.
fn data_fault(fault: &serde_json::Error) -> String {
    let words = fault.to_string();
    if words.starts_with("missing field") {
        return words.split(" at line").next().unwrap_or_default().to_owned();
    }
    match words.find("expected ") {
        Some(at) => words[at..].split(" at line").next().unwrap_or_default().to_owned(),
        None => "not of the expected form".to_owned(),
    }
}

/// Returns what a success says that has an `error` and no `id`.
pub(crate) fn only_error(body: &[u8]) -> Option<String> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(members)) if !members.contains_key("id") => {
            Some(format!("{ONLY_ERROR}: {}", members.get("error")?.as_str()?))
        }
        _ => None,
    }
}

/// A 4xx other than 408 and 429: no effect. 401 and 402 end the lane in any shape. A 403 in JSON, or without a body, is the
/// API's; in any other shape the edge's. A 404 counts as "this id is not there" only from the API itself.
fn refused(operation: Operation, answer: &Answer, key: &ApiKey) -> Error {
    let json = matches!(serde_json::from_slice(&answer.body), Ok(Value::Object(_)));
    let refusal = match answer.status {
        401 => Refusal::Key,
        402 => Refusal::Plan,
        403 if json || answer.body.is_empty() => Refusal::Scope,
        _ if !json => Refusal::Edge,
        404 if operation.names_id() => Refusal::Missing,
        // An unknown address is answered so (contract section 10), and its text is nothing to go by.
        404 if operation == Operation::TagToggle => Refusal::Missing,
        404 => Refusal::Route,
        409 => Refusal::Conflict,
        _ => Refusal::Invalid,
    };
    Error::Refused { operation, status: answer.status, refusal, message: message(operation, answer, key) }
}

/// What an answer that settles nothing said, beginning with its status.
fn said(operation: Operation, answer: &Answer, key: &ApiKey) -> String {
    match message(operation, answer, key) {
        message if message.is_empty() => format!("status {}", answer.status),
        message => format!("status {}: {message}", answer.status),
    }
}

/// The answer's own words: `message`, else `error`, else what kind of text it is.
fn message(operation: Operation, answer: &Answer, key: &ApiKey) -> String {
    if let Ok(Value::Object(members)) = serde_json::from_slice(&answer.body) {
        let words = ["message", "error"].iter().find_map(|name| members.get(*name).and_then(Value::as_str));
        let words = words.unwrap_or_default();
        return if operation.carries_secrets() { veiled(words, key) } else { clean(words, key) };
    }
    match &answer.content_type {
        _ if answer.body.is_empty() => String::new(),
        Some(kind) => format!("not JSON but `{}`", clean(kind.split(';').next().unwrap_or_default(), key)),
        None => "not JSON".to_owned(),
    }
}

/// Reads `Retry-After`: seconds, or a date; a date that has passed is no wait.
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    // Some write the wrong weekday; the date is what counts.
    let date = DateTimeParser::new().relaxed_weekday(true).parse_timestamp(text).ok()?;
    Some(Duration::try_from(date.duration_since(now)).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::members::MemberRow;
    use crate::api::page::PageBody;

    type Members = PageBody<'static, MemberRow<'static>>;

    fn key() -> ApiKey {
        ApiKey::parse("canary-1b2c3d4e").unwrap()
    }

    fn answer(status: u16, content_type: &str, body: &'static str) -> Answer {
        Answer {
            status,
            content_type: Some(content_type.to_owned()),
            retry_after: None,
            body: Bytes::from_static(body.as_bytes()),
        }
    }

    fn outcome(operation: Operation, status: u16, content_type: &str, body: &'static str) -> Result<Bytes, Error> {
        classify(operation, Ok(answer(status, content_type, body)), &key(), Timestamp::UNIX_EPOCH)
    }

    fn refusal(operation: Operation, status: u16, content_type: &str, body: &'static str) -> (Refusal, String) {
        match outcome(operation, status, content_type, body) {
            Err(Error::Refused { refusal, message, status: seen, .. }) if seen == status => (refusal, message),
            other => panic!("{status}: {other:?}"),
        }
    }

    macro_rules! fixture {
        ($name:literal) => {
            include_str!(concat!("../../tests/contract/fixtures/", $name))
        };
    }

    #[test]
    fn every_recorded_refusal_is_what_the_contract_says() {
        use Operation::{MemberCreate, MemberDelete, MemberGet, MemberList, WorkspaceCurrent};
        let json = "application/json";
        for (operation, status, body, refused) in [
            (MemberCreate, 400, fixture!("error.400.missing-property.json"), Refusal::Invalid),
            (MemberCreate, 400, fixture!("error.400.with-code.json"), Refusal::Invalid),
            (MemberDelete, 400, fixture!("error.400.empty-json-body.json"), Refusal::Invalid),
            (MemberList, 400, fixture!("error.400.message-only.json"), Refusal::Invalid),
            (MemberGet, 400, fixture!("error.400.body-says-404.json"), Refusal::Invalid),
            (WorkspaceCurrent, 401, fixture!("error.401.missing-header.json"), Refusal::Key),
            (MemberCreate, 401, fixture!("error.401.invalid-key.json"), Refusal::Key),
            (MemberList, 402, fixture!("error.402.no-paid-plan.json"), Refusal::Plan),
            (MemberList, 403, fixture!("error.403.scope.json"), Refusal::Scope),
            (MemberList, 403, fixture!("error.403.message-only.json"), Refusal::Scope),
            (MemberDelete, 404, fixture!("error.404.json"), Refusal::Missing),
            (MemberGet, 404, fixture!("error.404.json"), Refusal::Missing),
            (MemberCreate, 404, fixture!("error.404.route.json"), Refusal::Route),
            (MemberCreate, 409, fixture!("error.409.group.json"), Refusal::Conflict),
            (MemberCreate, 409, fixture!("error.409.tag-label.json"), Refusal::Conflict),
            (MemberList, 413, fixture!("error.413.analytics.json"), Refusal::Invalid),
            (MemberCreate, 422, fixture!("error.422.json"), Refusal::Invalid),
        ] {
            let (seen, message) = refusal(operation, status, json, body);
            assert_eq!(seen, refused, "{operation} {status}");
            assert!(!message.is_empty(), "{operation} {status}");
        }
        let (edge, message) = refusal(MemberList, 403, "text/html; charset=UTF-8", fixture!("error.403.edge.html"));
        assert_eq!((edge, message.as_str()), (Refusal::Edge, "not JSON but `text/html`"));
    }

    #[test]
    fn a_404_that_is_not_the_apis_own_proves_no_absence() {
        assert_eq!(refusal(Operation::MemberDelete, 404, "text/html", "<h1>gone</h1>").0, Refusal::Edge);
        assert_eq!(refusal(Operation::MemberDelete, 404, "text/html", "").0, Refusal::Edge);
        assert_eq!(refusal(Operation::MemberDelete, 403, "text/plain", "").0, Refusal::Scope);
        assert_eq!(refusal(Operation::MemberDelete, 401, "text/plain", "no").0, Refusal::Key);
    }

    #[test]
    fn every_recorded_server_fault_is_ambiguous() {
        for (status, kind, body) in [
            (500, "application/json", fixture!("error.500.json")),
            (502, "text/html", fixture!("error.502.html.html")),
            (503, "text/html", fixture!("error.503.html.html")),
            (504, "text/plain", fixture!("error.504.empty.txt")),
            (408, "text/plain", ""),
            (101, "text/plain", ""),
        ] {
            for operation in [Operation::MemberCreate, Operation::MemberList] {
                let seen = outcome(operation, status, kind, body);
                assert!(matches!(seen, Err(Error::Ambiguous { timed_out: false, .. })), "{status}: {seen:?}");
            }
        }
    }

    #[test]
    fn a_redirect_ends_the_lane() {
        for status in [301, 302, 304, 307, 308] {
            assert_eq!(refusal(Operation::MemberCreate, status, "text/html", "moved").0, Refusal::Redirect);
        }
    }

    #[test]
    fn a_hint_in_seconds_or_as_a_date_is_honoured_unclamped() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        let throttled = |hint: Option<&str>| {
            let mut answer = answer(429, "application/json", fixture!("error.429.json"));
            answer.retry_after = hint.map(str::to_owned);
            match classify(Operation::MemberList, Ok(answer), &key(), now) {
                Err(Error::Throttled { retry_after, .. }) => retry_after.map(|after| after.as_secs()),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(throttled(None), None);
        assert_eq!(throttled(Some("7")), Some(7));
        assert_eq!(throttled(Some(" 86400 ")), Some(86_400));
        assert_eq!(throttled(Some("Sun, 22 Nov 2026 10:01:30 GMT")), Some(90));
        assert_eq!(throttled(Some("Mon, 22 Nov 2026 10:01:30 GMT")), Some(90));
        assert_eq!(throttled(Some("Sun, 22 Nov 2026 09:00:00 GMT")), Some(0));
        assert_eq!(throttled(Some("soon")), None);
        assert_eq!(throttled(Some("18446744073709551615")), Some(u64::MAX));
    }

    #[test]
    fn a_failure_keeps_what_is_known_and_loses_the_key() {
        let lost = Failure::Lost { detail: "reset by canary-1b2c3d4e".to_owned(), timed_out: true };
        let error = classify(Operation::MemberCreate, Err(lost), &key(), Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(matches!(&error, Error::Ambiguous { timed_out: true, .. }));
        assert!(!format!("{error} {error:?}").contains("canary"));
        let unsent = Failure::NotSent { detail: "connection refused".to_owned() };
        let error = classify(Operation::MemberCreate, Err(unsent), &key(), Timestamp::UNIX_EPOCH).unwrap_err();
        assert!(matches!(error, Error::NotSent { .. }));
    }

    #[test]
    fn a_refusal_that_echoes_the_key_does_not_show_it() {
        let body = r#"{"statusCode":401,"error":"Unauthorized","message":"Invalid key canary-1b2c3d4e\u001b[31m"}"#;
        let error = outcome(Operation::MemberList, 401, "application/json", body).unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        assert!(!error.to_string().contains('\u{1b}'));
    }

    #[test]
    fn a_success_that_is_only_an_error_or_no_json_is_misread() {
        let only_error = decode::<Members>(fixture!("error.200-with-error-body.json").as_bytes()).unwrap_err();
        assert!(only_error.contains("ACC_NOT_FOUND"), "{only_error}");
        let html = decode::<Members>(fixture!("error.200-html.html").as_bytes()).unwrap_err();
        assert_eq!(html, "it is not JSON");
        assert_eq!(decode::<Members>(b"").unwrap_err(), "the JSON ends too early");
        assert_eq!(decode::<Members>(b"{\"items\": [").unwrap_err(), "the JSON ends too early");
        for operation in Operation::ALL {
            let error = misread(operation, "it is not JSON", &key());
            assert_eq!(matches!(error, Error::Ambiguous { .. }), operation.is_write(), "{operation}");
        }
    }

    #[test]
    fn a_fault_names_its_path_and_quotes_no_value() {
        let fault = decode::<Members>(br#"{"items": [{"id": "a"}, "canary-value"]}"#).unwrap_err();
        assert!(fault.contains("items[1]") && !fault.contains("canary"), "{fault}");
    }
}
