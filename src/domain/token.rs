//! The security token of a transfer of ownership: a secret that is sent once, in a body, and kept nowhere.

use std::fmt;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

use super::secret::{InJson, contains};

/// A security token (contract section 7). There is no `Display` and no `Serialize`; `Debug` shows nothing of it, not even a fingerprint,
/// for a short code could be found by trying; memory is zeroed on drop.
#[derive(Clone)]
pub struct SecurityToken {
    secret: Arc<SecretString>,
}

/// The shortest text that is taken for one. Its shape is unpublished; a shorter one would stand in half of all texts by chance.
const SHORTEST: usize = 4;
/// The longest.
const LONGEST: usize = 4096;

/// Why a text cannot be a security token. Never quotes the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// Nothing but white space.
    #[error("it is empty")]
    Empty,
    /// More than one line, or characters nobody can see.
    #[error("it has more than one line or characters that cannot be seen")]
    Unreadable,
    /// Shorter than any can be.
    #[error("it is shorter than {SHORTEST} characters")]
    TooShort,
    /// Longer than any can be: probably the wrong file.
    #[error("it is longer than 4,096 bytes; this is probably no security token")]
    TooLong,
}

impl SecurityToken {
    /// What stands in its place wherever a text would show it.
    pub const SHOWN: &'static str = "[security token]";

    /// Takes a token as it was stored; white space around it (the line break at the end of a file) is dropped.
    pub fn parse(text: &str) -> Result<Self, BadToken> {
        let text = text.trim_start_matches('\u{feff}').trim();
        if text.is_empty() {
            return Err(BadToken::Empty);
        }
        if text.len() > LONGEST {
            return Err(BadToken::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(BadToken::Unreadable);
        }
        if text.chars().count() < SHORTEST {
            return Err(BadToken::TooShort);
        }
        Ok(Self { secret: Arc::new(SecretString::from(text.to_owned())) })
    }

    /// Hands out the token itself: for the one body that carries it.
    pub(crate) fn reveal(&self) -> &str {
        self.secret.expose_secret()
    }

    /// Tells whether the token stands in a text.
    pub fn stands_in(&self, text: &str) -> bool {
        contains(text, self.reveal())
    }

    /// Returns which escapes of JSON could spell it.
    pub fn in_json(&self) -> InJson {
        InJson::of(self.reveal())
    }

    /// Replaces every occurrence of the token in a text that came from the network: an answer may echo what was sent.
    pub fn redact(&self, text: &str) -> String {
        text.replace(self.reveal(), Self::SHOWN)
    }
}

impl fmt::Debug for SecurityToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecurityToken")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_rendering_contains_the_token() {
        let token = SecurityToken::parse("\u{feff}canary-4711\r\n").unwrap();
        assert_eq!(format!("{token:?}"), "SecurityToken");
        assert!(token.stands_in("bad token canary-4711!") && !token.stands_in("canary"));
        assert_eq!(token.redact("bad token canary-4711!"), "bad token [security token]!");
    }

    #[test]
    fn what_cannot_be_a_token_is_refused_without_being_quoted() {
        for (text, bad) in [
            (" \n", BadToken::Empty),
            ("abc", BadToken::TooShort),
            ("one line\nand another", BadToken::Unreadable),
            (&"x".repeat(5000), BadToken::TooLong),
        ] {
            let refused = SecurityToken::parse(text).unwrap_err();
            assert_eq!(refused, bad);
            assert!(text.trim().is_empty() || !refused.to_string().contains(text.trim()));
        }
    }
}
