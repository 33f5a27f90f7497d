//! What should be, for one key in one workspace.

use crate::domain::{Keep, KeyId};

/// One wish about a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyWish {
    /// A key of this name and these scopes should be there.
    Made {
        /// Its name, with `{nonce}` in it.
        name: String,
        /// Its scopes.
        scopes: Vec<String>,
        /// Where its secret goes.
        keep: Keep,
    },
    /// This key should be gone.
    Revoked {
        /// The key.
        key: KeyId,
        /// Its name, as far as it is known without the list.
        name: String,
        /// Why it was chosen, in words.
        why: String,
    },
    /// Another key should stand in the place of the configured one.
    Rotated {
        /// The fingerprint of the configured key.
        fingerprint: String,
        /// The scopes the new one is to have; none: those of the old one.
        scopes: Option<Vec<String>>,
        /// The new one's name, with `{nonce}` in it; none: the old one's, with another nonce.
        name: Option<String>,
        /// Its name where the old one's is not known or empty.
        otherwise: String,
        /// Where its secret goes, in words; the error says why there is no such place, and what to do.
        place: Result<String, String>,
        /// What the new key must allow, so that it can prove itself and delete the old one: of each list any one scope does.
        needs: Vec<Vec<String>>,
        /// Why it cannot be told whether the configured key is one of those that are meant; then nothing is replaced.
        untold: Option<String>,
    },
}
