//! Taking the key, and the security token of a transfer, out of what an answer echoes: what is decoded is shown and stored.

use bytes::Bytes;
use secrecy::zeroize::Zeroize as _;
use serde_json::Value;

use super::transport::{Answer, Failure};
use crate::domain::{ApiKey, SecurityToken};

/// Returns the body with every occurrence of the key replaced by its fingerprint, escaped ones included.
pub(super) fn scrubbed(body: Bytes, key: &ApiKey) -> Bytes {
    without(body, &|text| key.stands_in(text).then(|| key.redact(text)))
}

/// Returns the answer to a request that carried a security token without it, wherever it stands.
pub(super) fn untold(came: Result<Answer, Failure>, token: &SecurityToken) -> Result<Answer, Failure> {
    match came {
        Ok(answer) => Ok(Answer {
            body: without(answer.body, &|text| token.stands_in(text).then(|| token.redact(text))),
            content_type: answer.content_type.map(|kind| token.redact(&kind)),
            ..answer
        }),
        Err(Failure::NotSent { detail }) => Err(Failure::NotSent { detail: token.redact(&detail) }),
        Err(Failure::Lost { detail, timed_out }) => Err(Failure::Lost { detail: token.redact(&detail), timed_out }),
    }
}

/// What replaces a secret in a text; none where it does not stand in it.
type Redact<'a> = &'a dyn Fn(&str) -> Option<String>;

fn without(body: Bytes, redacted: Redact<'_>) -> Bytes {
    let Ok(text) = std::str::from_utf8(&body) else { return body };
    if let Some(text) = redacted(text) {
        return Bytes::from(text);
    }
    // JSON may spell a character of the secret as an escape (`\/`, `\u003d`); only a body with one is worth decoding twice.
    if !text.contains('\\') {
        return body;
    }
    let Ok(mut value) = serde_json::from_str::<Value>(text) else { return body };
    if redact(&mut value, redacted) > 0 { Bytes::from(value.to_string()) } else { body }
}

/// Zeroes a body that carried secrets, where nobody else holds it.
pub(super) fn wipe(body: Bytes) {
    if let Ok(mut body) = body.try_into_mut() {
        body.as_mut().zeroize();
    }
}

/// Replaces the secret in every text of a value; tells in how many it stood.
fn redact(value: &mut Value, redacted: Redact<'_>) -> usize {
    match value {
        Value::String(text) => redacted(text).map_or(0, |without| {
            *text = without;
            1
        }),
        Value::Array(items) => items.iter_mut().map(|item| redact(item, redacted)).sum(),
        Value::Object(members) => members.values_mut().map(|member| redact(member, redacted)).sum(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escaped_echo_is_taken_out_too_and_nothing_else_is_touched() {
        let key = ApiKey::parse("canary/key==").unwrap();
        for echo in ["canary/key==", r"canary\/key==", r"canary/key\u003d=", r"c\u0061nary\/key=\u003D"] {
            let body = Bytes::from(format!(r#"{{"items":[{{"name":"it is {echo}"}}],"cursor":"a\"b"}}"#));
            let text = String::from_utf8(scrubbed(body, &key).to_vec()).unwrap();
            let value: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(value["items"][0]["name"], format!("it is {}", key.fingerprint()), "{echo}");
            assert_eq!(value["cursor"], "a\"b");
        }
        let other = Bytes::from_static(br#"{"name":"a\/b \u003d"}"#);
        assert_eq!(scrubbed(other.clone(), &key), other);
    }
}
