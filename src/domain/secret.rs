//! API keys in memory: a type that can be used and compared but not shown.

use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

use super::id::hex;

/// A secret API key. `Debug` shows its fingerprint; there is no `Display` and no `Serialize`; memory is zeroed on drop.
#[derive(Clone)]
pub struct ApiKey {
    secret: Arc<SecretString>,
}

/// The shortest text that can be a whole key: sixteen random bytes in base64.
const SHORTEST_WHOLE: usize = 24;
/// As many of one filler in a row make a mask.
const MASK: usize = 4;

/// Tells whether a text has what no key is made of, or a row of fillers. A key that happens to have one counts as masked: it is then only
/// not told from another.
fn is_masked(text: &str) -> bool {
    let foreign = |byte: u8| !(byte.is_ascii_alphanumeric() || b"+/=:-_".contains(&byte));
    let filler = |byte: u8| matches!(byte, b'x' | b'X' | b'-' | b'_');
    text.bytes().any(foreign) || text.as_bytes().windows(MASK).any(|window| window.iter().copied().all(filler))
}

/// Why a text cannot be an API key. Never quotes the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadKey {
    /// Nothing but white space.
    #[error("the key is empty")]
    Empty,
    /// A character that cannot stand in an `Authorization` header.
    #[error("the key contains a blank, a line break or a character that cannot be sent in a header")]
    Unsendable,
    /// Longer than any key can be: probably the wrong file.
    #[error("the key is longer than 4,096 bytes; this is probably not a key")]
    TooLong,
}

impl ApiKey {
    /// Takes a key as it was stored; white space around it (the line break at the end of a file) is dropped.
    pub fn parse(text: &str) -> Result<Self, BadKey> {
        // A byte-order mark is what some editors put before the first character they save.
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Err(BadKey::Empty);
        }
        if text.len() > 4096 {
            return Err(BadKey::TooLong);
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(BadKey::Unsendable);
        }
        Ok(Self { secret: Arc::new(SecretString::from(text.to_owned())) })
    }

    /// Hands out the key itself. For the transport's `bearer_auth`, and for the place where a key just made is kept.
    pub(crate) fn expose(&self) -> &str {
        self.secret.expose_secret()
    }

    /// Returns `k:` and the first 8 hex digits of the key's SHA-256: enough to tell two keys apart, useless to an attacker.
    pub fn fingerprint(&self) -> String {
        format!("k:{}", &hex(&Sha256::digest(self.expose().as_bytes()))[..8])
    }

    /// Tells whether two keys are the same secret.
    pub fn same_secret(&self, other: &Self) -> bool {
        Sha256::digest(self.expose().as_bytes()) == Sha256::digest(other.expose().as_bytes())
    }

    /// Tells whether what a listing shows of a key is this key; nothing where that cannot be told, because it is not surely shown whole
    /// (contract section 10: whether lists show keys whole, masked or not at all is unpublished). An answer whose echoes of this key were
    /// replaced shows its fingerprint.
    pub fn is_shown_as(&self, shown: &Self) -> Option<bool> {
        let (own, text) = (self.expose(), shown.expose());
        if self.same_secret(shown) || text == self.fingerprint() {
            return Some(true);
        }
        let long_enough = text.len() >= SHORTEST_WHOLE && text.len() * 4 >= own.len() * 3;
        let cut = own.starts_with(text) || own.ends_with(text);
        (long_enough && !cut && !is_masked(text)).then_some(false)
    }

    /// Tells whether the key stands in a text.
    pub fn stands_in(&self, text: &str) -> bool {
        contains(text, self.expose())
    }

    /// Returns which escapes of JSON could spell it.
    pub fn in_json(&self) -> InJson {
        InJson::of(self.expose())
    }

    /// Replaces every occurrence of the key in a text that came from the network by its fingerprint (contract section 5: an error
    /// message once echoed the key).
    pub fn redact(&self, text: &str) -> String {
        text.replace(self.expose(), &self.fingerprint())
    }
}

/// Which escapes of JSON could spell a secret, for whoever takes it out of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InJson {
    /// Whether all of it is printable ASCII that stands in a text of JSON as it is: no quote and no backslash.
    pub as_it_is: bool,
    /// Whether a slash is in it.
    pub slash: bool,
}

impl InJson {
    pub(super) fn of(secret: &str) -> Self {
        let as_it_is = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
        Self { as_it_is: secret.bytes().all(as_it_is), slash: secret.contains('/') }
    }
}

/// As many bytes as the standard library looks for sixteen at a time; what is longer it looks for ten times slower.
const LOOKED_FOR_FAST: usize = 32;

/// Tells whether a secret stands in a text. Every answer is asked: the beginning alone is looked for first, and hardly ever found.
pub(super) fn contains(text: &str, secret: &str) -> bool {
    let beginning = &secret[..secret.floor_char_boundary(LOOKED_FOR_FAST)];
    text.contains(beginning) && text.contains(secret)
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ApiKey({})", self.fingerprint())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rendering_contains_the_key() {
        let key = ApiKey::parse("canary-0123456789\n").unwrap();
        assert!(!format!("{key:?}").contains("canary"));
        assert!(key.stands_in("bad key canary-0123456789!") && !key.stands_in("bad key canary"));
        let long = ApiKey::parse(&"ab".repeat(40)).unwrap();
        assert!(long.stands_in(&format!("x{}", "ab".repeat(41))) && !long.stands_in(&"ab".repeat(39)));
        assert_eq!(key.redact("bad key canary-0123456789!"), format!("bad key {}!", key.fingerprint()));
    }

    #[test]
    fn a_listed_key_is_told_from_the_own_one_only_where_it_is_shown_whole() {
        let own = "ZmFrZS1rZXktMDAxLW5vdC1hLXNlY3JldA==";
        let key = ApiKey::parse(own).unwrap();
        let shown = |text: &str| key.is_shown_as(&ApiKey::parse(text).unwrap());
        assert_eq!(shown(own), Some(true));
        assert_eq!(shown(&key.fingerprint()), Some(true), "an answer in which it was replaced");
        assert_eq!(shown("ZmFrZS1rZXktMDAyLW5vdC1hLXNlY3JldA=="), Some(false));
        assert_eq!(shown("0197a1c3-5f60-7d11-9a21:c2VjcmV0_x+/"), Some(false));
        for masked in [
            "ZmFr****",
            "ZmFrZS1rZXktMDAyLW5vdC1hLXNlY3J****",
            "ZmFrZS1rZXktMDAyLW5vdC1hL...",
            "ZmFrZS1rZXktMDAyLW5vdC1xxxxJldA==",
            "ZmFrZS1rZXktMDAyLW5vdC1XXxXJldA==",
            "ZmFrZS1rZXktMDAyLW5vdC1----JldA==",
            "ZmFrZS1rZXktMDAyLW5vdC1hL",
            "ZmFrZS1rZXktMDAxLW5vdC1hLXNlY3Jld",
            "1rZXktMDAxLW5vdC1hLXNlY3JldA==",
        ] {
            assert_eq!(shown(masked), None, "{masked}");
        }
        let short = ApiKey::parse("short-own").unwrap();
        assert_eq!(short.is_shown_as(&ApiKey::parse("ZmFrZS1rZXktMDAyLW5vd").unwrap()), None);
    }

    #[test]
    fn what_cannot_be_a_key_is_refused_without_being_quoted() {
        assert_eq!(ApiKey::parse(" \n").unwrap_err(), BadKey::Empty);
        assert_eq!(ApiKey::parse("two words").unwrap_err(), BadKey::Unsendable);
        assert_eq!(ApiKey::parse(&"x".repeat(5000)).unwrap_err(), BadKey::TooLong);
    }
}
