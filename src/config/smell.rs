//! What smells of an API key, so that it is neither accepted in a file nor quoted in a message.
//!
//! The vendor's keys look like base64 of `uuid:secret` (contract section 1, inferred). [`find`] knows exactly that form
//! and may therefore refuse a whole file for it; [`smells`] is wider and only asked where a secret is a likely slip.

/// Finds where texts of the vendor's key form begin, anywhere in a file, comments included.
pub(super) fn find(text: &str) -> Vec<usize> {
    let mut found = Vec::new();
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/_-".contains(&byte);
    let bytes = text.as_bytes();
    let mut start = 0;
    while start < bytes.len() {
        let length = bytes[start..].iter().take_while(|byte| base64(**byte)).count();
        let token = &bytes[start..start + length];
        if decodes_to_uuid_and_secret(token) {
            found.push(start);
        } else if bytes.get(start + length) == Some(&b':') && is_uuid(token) {
            let secret = bytes[start + length + 1..].iter().take_while(|byte| base64(**byte)).count();
            if secret >= 8 {
                found.push(start);
            }
        }
        start += length.max(1);
    }
    found
}

/// Tells whether a text could be a key that landed in the wrong field: the vendor's form, or one run of 24 or more
/// letters and digits with upper case, lower case and digits in it.
pub(super) fn smells(text: &str) -> bool {
    !find(text).is_empty()
        || text.split(|c: char| !c.is_ascii_alphanumeric()).any(|run| {
            run.len() >= 24
                && run.bytes().any(|b| b.is_ascii_uppercase())
                && run.bytes().any(|b| b.is_ascii_lowercase())
                && run.bytes().any(|b| b.is_ascii_digit())
        })
}

/// Shows a short word in backticks; anything that is long, smells, or mixes in more than four digits stays unseen. For
/// texts out of files that may hold a key by mistake.
pub(super) fn shown(text: &str) -> String {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let length = text.chars().count();
    if length == 0 {
        "the empty text".to_owned()
    } else if length <= 40 && digits <= 4 && !smells(text) && !text.chars().any(char::is_control) {
        format!("`{text}`")
    } else {
        format!("this text of {length} characters")
    }
}

fn is_uuid(token: &[u8]) -> bool {
    token.len() == 36
        && token.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn decodes_to_uuid_and_secret(token: &[u8]) -> bool {
    // 52 characters of base64 are 39 bytes: a UUID of 36, the colon, and the first two of the secret.
    let Some(head) = token.get(..52) else { return false };
    let mut bytes = Vec::with_capacity(39);
    for four in head.chunks_exact(4) {
        let mut bits = 0u32;
        for byte in four {
            let value = match byte {
                b'A'..=b'Z' => byte - b'A',
                b'a'..=b'z' => byte - b'a' + 26,
                b'0'..=b'9' => byte - b'0' + 52,
                b'+' | b'-' => 62,
                _ => 63,
            };
            bits = bits << 6 | u32::from(value);
        }
        bytes.extend_from_slice(&bits.to_be_bytes()[1..]);
    }
    is_uuid(&bytes[..36]) && bytes[36] == b':'
}

#[cfg(test)]
mod tests {
    use super::*;

    /// base64 of `01950000-0000-7000-8000-000000000001:canary-canary`.
    const KEY: &str = "MDE5NTAwMDAtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAxOmNhbmFyeS1jYW5hcnk=";

    #[test]
    fn the_vendors_key_form_is_found_anywhere() {
        assert_eq!(find(&format!("# old: {KEY}\n")), [7]);
        assert_eq!(find("x = \"01950000-0000-7000-8000-000000000001:abcdefgh12\""), [5]);
        assert!(find("id = \"01950000-0000-7000-8000-000000000001\"").is_empty());
        assert!(find("https://docs.example/d/1A2b3C4d5E6f7G8h9I0j1K2l3M4n5O6p7Q8r9S0t1U2v3W4x5Y6z").is_empty());
    }

    #[test]
    fn ordinary_texts_do_not_smell() {
        for text in ["secrets/acme-2026.key", "ACME_INSTANTLY_KEY", "op://Agency/abcdefghijklmnopqrstuvwx26/credential"]
        {
            assert!(!smells(text), "{text}");
        }
        assert!(smells("aB3dE5gH7jK9mN1pQ3sT5vW7"));
        assert_eq!(shown("manager"), "`manager`");
        assert_eq!(shown(KEY), "this text of 68 characters");
        assert_eq!(shown("canary-0123456789"), "this text of 17 characters");
    }
}
