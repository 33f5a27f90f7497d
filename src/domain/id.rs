//! Identifiers: opaque texts that are checked once, because some of them enter a URL path or a file name.

use std::fmt;

use sha2::{Digest, Sha256};

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a usable {what}: {rule}")]
pub struct BadId {
    /// What it should have been.
    pub what: &'static str,
    /// The text as it came, shortened and without control characters.
    pub text: String,
    /// The rule it breaks.
    pub rule: &'static str,
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

/// Tells whether a text could be an id of the API.
pub fn could_be_id(text: &str) -> bool {
    // Without a way out at the first byte that is none, sixteen are looked at in one step: lists have millions of ids.
    let fits = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    (1..=128).contains(&text.len()) && text.bytes().fold(true, |all, b| all & fits(b))
}

macro_rules! api_id {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes an id as the API gave it. Ids are opaque (contract section 12.3): any 1 to 128 ASCII
            /// letters, digits, `-`, `_`, so that none can leave its place in a path.
            pub fn parse(text: &str) -> Result<Self, BadId> {
                if could_be_id(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(BadId {
                        what: $what,
                        text: shortened(text),
                        rule: "1 to 128 letters, digits, `-` and `_`",
                    })
                }
            }

            /// Returns the id as the API writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(d)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

api_id!(
    /// The identity of a workspace at the API.
    WorkspaceId,
    "workspace id"
);
api_id!(
    /// The identity of one membership or invitation (contract section 8, member `id`).
    MemberId,
    "member id"
);
api_id!(
    /// The identity of a person's account at the API.
    UserId,
    "user id"
);
api_id!(
    /// The identity of a tag (contract section 10).
    TagId,
    "tag id"
);
api_id!(
    /// The identity of a link of a group (contract section 9): not that of a workspace.
    LinkId,
    "link id"
);
api_id!(
    /// The identity of a campaign (contract section 11).
    CampaignId,
    "campaign id"
);
api_id!(
    /// The identity of a lead list (contract section 11).
    LeadListId,
    "lead list id"
);
api_id!(
    /// The identity of a lead (contract section 11).
    LeadId,
    "lead id"
);
api_id!(
    /// The identity of an API key; never the key itself (contract section 10).
    KeyId,
    "key id"
);
api_id!(
    /// The identity of a webhook (contract section 11).
    WebhookId,
    "webhook id"
);
api_id!(
    /// The identity of one run in the ledger.
    RunId,
    "run id"
);

/// The name a workspace has in our files, on the command line and as a folder in reports.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(transparent)]
pub struct WorkspaceName(String);

impl WorkspaceName {
    /// The rule of [`WorkspaceName::parse`], for messages.
    pub const RULE: &'static str =
        "1 to 64 lower-case letters, digits, `-`, `_` and `.`, beginning with a letter or digit";

    /// Takes a name; lower case only, because it becomes a file name and some file systems ignore case.
    pub fn parse(text: &str) -> Result<Self, BadId> {
        let fits = (1..=64).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-_.".contains(&b))
            && text.as_bytes()[0].is_ascii_alphanumeric()
            && !text.ends_with('.');
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadId { what: "workspace name", text: shortened(text), rule: Self::RULE })
        }
    }

    /// Makes the nearest valid name out of any text, or nothing where no letter or digit is left.
    pub fn slug(text: &str) -> Option<Self> {
        let mut out = String::new();
        for c in text.trim().chars() {
            if c.is_ascii_alphanumeric() {
                out.push(c.to_ascii_lowercase());
            } else if !out.is_empty() && !out.ends_with('-') {
                out.push('-');
            }
        }
        out.truncate(64);
        Self::parse(out.trim_end_matches('-')).ok()
    }

    /// Returns the name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for WorkspaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for WorkspaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

macro_rules! hash_id {
    ($(#[$doc:meta])* $name:ident, $chars:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Derives the id from the given bytes: the first hex digits of their SHA-256.
            pub fn of(bytes: &[u8]) -> Self {
                let mut hex = hex(&Sha256::digest(bytes));
                hex.truncate($chars);
                Self(hex)
            }

            /// Takes an id that was written down before.
            pub fn from_stored(text: &str) -> Self {
                Self(text.to_owned())
            }

            /// Returns the hex digits.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

hash_id!(
    /// The id of a step: derived from workspace id, kind, subject and wanted state, so the same wish has the same id in every run.
    StepId,
    16
);
hash_id!(
    /// The id of a plan: a hash over workspace identities, steps and what they rest on.
    PlanId,
    32
);

/// Writes bytes as lower-case hex digits.
pub fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        write!(out, "{byte:02x}").expect("writing to a String cannot fail");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_could_leave_its_place_in_a_path_is_refused() {
        for text in ["", "a/b", "..", "a?b", "a b", "ä", "a%2f"] {
            assert!(WorkspaceId::parse(text).is_err(), "{text}");
        }
        assert!(WorkspaceId::parse("5b1c2f0e-7a44-4d0b-8f7a-2f6c9f3b0b01").is_ok());
        assert!(MemberId::parse("64b1f0c2a9d3e4f5a6b7c8d9").is_ok());
    }

    #[test]
    fn a_client_name_becomes_the_nearest_workspace_name() {
        assert_eq!(WorkspaceName::slug("  Old Client GmbH & Co. ").unwrap().as_str(), "old-client-gmbh-co");
        assert_eq!(WorkspaceName::slug("株式会社"), None);
    }
}
