//! Taking the key, and the security token of a transfer, out of what an answer echoes: what is decoded is shown and stored.

use bytes::Bytes;
use secrecy::zeroize::Zeroize as _;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::transport::{Answer, Failure};
use crate::domain::{ApiKey, InJson, SecurityToken};

/// Returns the body with every occurrence of the key replaced by its fingerprint, escaped ones included.
pub(super) fn scrubbed(body: Bytes, key: &ApiKey) -> Bytes {
    let stands_in = |text: &str| key.stands_in(text);
    without(body, &Secret { in_json: key.in_json(), stands_in: &stands_in, redact: &|text| key.redact(text) })
}

/// Returns the answer to a request that carried a security token without it, wherever it stands.
pub(super) fn untold(came: Result<Answer, Failure>, token: &SecurityToken) -> Result<Answer, Failure> {
    let stands_in = |text: &str| token.stands_in(text);
    let secret = Secret { in_json: token.in_json(), stands_in: &stands_in, redact: &|text| token.redact(text) };
    match came {
        Ok(answer) => Ok(Answer {
            body: without(answer.body, &secret),
            content_type: answer.content_type.map(|kind| token.redact(&kind)),
            ..answer
        }),
        Err(Failure::NotSent { detail }) => Err(Failure::NotSent { detail: token.redact(&detail) }),
        Err(Failure::Lost { detail, timed_out }) => Err(Failure::Lost { detail: token.redact(&detail), timed_out }),
    }
}

/// What is taken out, and how.
struct Secret<'a> {
    in_json: InJson,
    stands_in: &'a dyn Fn(&str) -> bool,
    redact: &'a dyn Fn(&str) -> String,
}

fn without(body: Bytes, secret: &Secret<'_>) -> Bytes {
    let Ok(text) = std::str::from_utf8(&body) else { return body };
    if (secret.stands_in)(text) {
        let text = (secret.redact)(text);
        return if spells(&text, secret) { despelled(&text, secret) } else { Bytes::from(text) };
    }
    // JSON may spell a character of the secret as an escape (`\/`, `\u003d`); only a body that does is worth decoding twice.
    if spells(text, secret) { despelled(text, secret) } else { body }
}

/// Tells whether a body may spell the secret with escapes.
fn spells(text: &str, secret: &Secret<'_>) -> bool {
    let InJson { as_it_is, slash } = secret.in_json;
    if !as_it_is {
        // It stands in no JSON without an escape, or in more spellings than are looked for here.
        return text.contains('\\');
    }
    // Of the escapes of JSON two spell such a character; the others, as in names with quotes, leave nothing to look for.
    let spelling = |escape: Option<&u8>| escape == Some(&b'u') || slash && escape == Some(&b'/');
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        if spelling(rest.as_bytes().get(at + 1)) {
            return (secret.stands_in)(&unescaped(rest));
        }
        // Behind a backslash stands one character of an escape, which may be a backslash too.
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    false
}

/// Writes out those escapes that spell a character of ASCII, and leaves the others.
fn unescaped(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        plain.push_str(&rest[..at]);
        let escape = &rest[at..];
        let code = || u8::from_str_radix(escape.strip_prefix("\\u00")?.get(..2)?, 16).ok().filter(u8::is_ascii);
        let (length, written) = match escape.as_bytes().get(1) {
            Some(b'/') => (2, Some('/')),
            Some(b'u') => code().map_or((2, None), |code| (6, Some(char::from(code)))),
            _ => (2, None),
        };
        let (raw, after) = escape.split_at_checked(length).unwrap_or((escape, ""));
        match written {
            Some(c) => plain.push(c),
            None => plain.push_str(raw),
        }
        rest = after;
    }
    plain.push_str(rest);
    plain
}

/// Takes the secret out of every text and name of a body that spells it.
fn despelled(text: &str, secret: &Secret<'_>) -> Bytes {
    match serde_json::from_str::<Value>(text) {
        Ok(mut value) => {
            let found = redact(&mut value, secret);
            if found > 0 { Bytes::from(value.to_string()) } else { Bytes::copy_from_slice(text.as_bytes()) }
        }
        // JSON, but nested deeper than can be gone through: it is not handed on, for its other texts may be read all the same.
        Err(_) if serde_json::from_str::<IgnoredAny>(text).is_ok() => Bytes::new(),
        Err(_) => Bytes::copy_from_slice(text.as_bytes()),
    }
}

/// Zeroes a body that carried secrets, where nobody else holds it.
pub(super) fn wipe(body: Bytes) {
    if let Ok(mut body) = body.try_into_mut() {
        body.as_mut().zeroize();
    }
}

/// Replaces the secret in every text and name of a value; tells in how many it stood.
fn redact(value: &mut Value, secret: &Secret<'_>) -> usize {
    let redacted = |text: &mut String| {
        let found = (secret.stands_in)(text);
        if found {
            *text = (secret.redact)(text);
        }
        usize::from(found)
    };
    match value {
        Value::String(text) => redacted(text),
        Value::Array(items) => items.iter_mut().map(|item| redact(item, secret)).sum(),
        Value::Object(members) => {
            let mut found = 0;
            let before = std::mem::take(members);
            members.extend(before.into_iter().map(|(mut name, mut member)| {
                found += redacted(&mut name) + redact(&mut member, secret);
                (name, member)
            }));
            found
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Every way in which JSON writes a character.
    fn spellings(c: char) -> Vec<String> {
        let code = u32::from(c);
        let mut ways = vec![format!("\\u{code:04x}"), format!("\\u{code:04X}")];
        match c {
            '"' | '\\' => ways.push(format!("\\{c}")),
            '/' => ways.extend(["/".to_owned(), "\\/".to_owned()]),
            c => ways.push(c.to_string()),
        }
        ways
    }

    /// Texts and names of a value, to any depth.
    fn texts(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::String(text) => found.push(text.clone()),
            Value::Array(items) => items.iter().for_each(|item| texts(item, found)),
            Value::Object(members) => members.iter().for_each(|(name, member)| {
                found.push(name.clone());
                texts(member, found);
            }),
            _ => {}
        }
    }

    proptest! {
        #[test]
        fn however_a_secret_is_spelled_it_is_taken_out(
            secret in "[!-~]{8,50}",
            ways in proptest::collection::vec(any::<usize>(), 50),
            noise in "[ -~\\t\\néü\u{1f511}]{0,12}",
            place in 0..4_usize,
        ) {
            let spelled: String = secret
                .chars()
                .zip(&ways)
                .map(|(c, way)| {
                    let spellings = spellings(c);
                    spellings[way % spellings.len()].clone()
                })
                .collect();
            let quoted = Value::from(noise.as_str()).to_string();
            let inner = &quoted[1..quoted.len() - 1];
            let body = match place {
                0 => format!(r#"{{"items":[{{"name":"{inner}{spelled}{inner}"}}],"n":{quoted}}}"#),
                1 => format!(r#"{{"{spelled}":[1,{quoted}]}}"#),
                2 => format!(r#"{{"a":"{spelled}","b":{}}}"#, Value::from(secret.as_str())),
                _ => format!(r#"[{quoted},{{"a":{{"b{spelled}":"\\{spelled}"}}}}]"#),
            };
            let whole: Value = serde_json::from_str(&body).unwrap();
            let mut before = Vec::new();
            texts(&whole, &mut before);
            let (key, token) = (ApiKey::parse(&secret).unwrap(), SecurityToken::parse(&secret).unwrap());
            prop_assume!(!before.iter().any(|text| text.contains(&key.fingerprint()) || text.contains(SecurityToken::SHOWN)));
            let answer = Answer { status: 200, content_type: None, retry_after: None, body: Bytes::from(body.clone()) };
            let untold = untold(Ok(answer), &token).unwrap().body;
            for (after, shown) in [(scrubbed(Bytes::from(body), &key), key.fingerprint()), (untold, SecurityToken::SHOWN.to_owned())] {
                let after = String::from_utf8(after.to_vec()).unwrap();
                // A secret can be such that taking it out of the text breaks the JSON; then nothing of it is read.
                let Ok(value) = serde_json::from_str::<Value>(&after) else { continue };
                let mut found = Vec::new();
                texts(&value, &mut found);
                prop_assert!(!found.iter().any(|text| text.contains(&secret)), "{}", after);
                prop_assert!(found.iter().any(|text| text.contains(&shown)), "{}", after);
            }
        }

        #[test]
        fn what_does_not_tell_the_secret_is_left_byte_for_byte(text in "[ -~é]{0,30}", escapes in any::<bool>()) {
            let key = ApiKey::parse("canary/key==").unwrap();
            let text = Value::from(text).to_string();
            let text = if escapes { text.replace('/', "\\/").replace('a', "\\u0061") } else { text };
            let body = Bytes::from(format!(r#"{{ "name" : {text}, "x":"\/ \u003d \\u" }}"#));
            prop_assert_eq!(scrubbed(body.clone(), &key), body);
        }
    }

    #[test]
    fn an_echo_beside_what_is_too_deep_to_go_through_is_not_handed_on() {
        let key = ApiKey::parse("canary/key==").unwrap();
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let body = Bytes::from(format!(r#"{{"name":"c\u0061nary/key==","deep":{deep}}}"#));
        assert!(scrubbed(body, &key).is_empty());
        let harmless = Bytes::from(format!(r#"{{"name":"c\u0061n","deep":{deep}}}"#));
        assert_eq!(scrubbed(harmless.clone(), &key), harmless);
    }

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
