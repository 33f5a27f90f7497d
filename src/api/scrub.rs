//! Taking the key out of what a success echoes: what is decoded is shown and stored.

use bytes::Bytes;
use secrecy::zeroize::Zeroize as _;
use serde_json::Value;

use crate::domain::ApiKey;

/// Returns the body with every occurrence of the key replaced by its fingerprint, escaped ones included.
pub(super) fn scrubbed(body: Bytes, key: &ApiKey) -> Bytes {
    let Ok(text) = std::str::from_utf8(&body) else { return body };
    if key.stands_in(text) {
        return Bytes::from(key.redact(text));
    }
    // JSON may spell a character of the key as an escape (`\/`, `\u003d`); only a body with one is worth decoding twice.
    if !text.contains('\\') {
        return body;
    }
    let Ok(mut value) = serde_json::from_str::<Value>(text) else { return body };
    if redact(&mut value, key) > 0 { Bytes::from(value.to_string()) } else { body }
}

/// Zeroes a body that carried secrets, where nobody else holds it.
pub(super) fn wipe(body: Bytes) {
    if let Ok(mut body) = body.try_into_mut() {
        body.as_mut().zeroize();
    }
}

/// Replaces the key in every text of a value; tells how often it stood there.
fn redact(value: &mut Value, key: &ApiKey) -> usize {
    match value {
        Value::String(text) if key.stands_in(text) => {
            *text = key.redact(text);
            1
        }
        Value::Array(items) => items.iter_mut().map(|item| redact(item, key)).sum(),
        Value::Object(members) => members.values_mut().map(|member| redact(member, key)).sum(),
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
