//! Findings about keys: their stable codes, and how grave each is unless the agency says otherwise.
//!
//! Owns the words. What makes a finding stands in the room that audits; what an agency makes of it in its policy.

use std::fmt;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Untidy.
    Low,
    /// To be looked at.
    Medium,
    /// To be mended soon.
    High,
    /// To be mended now.
    Critical,
}

impl Severity {
    /// All, least grave first.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// Returns the word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|severity| severity.as_str() == text)
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// The code of a finding. The word is stable; scripts, policies and acceptances depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FindingCode {
    /// A scope of the wildcard resource: `all:…`.
    WildcardScope,
    /// Write or delete on everything of one resource.
    ResourceWide,
    /// It can make keys or add people.
    GrantsAccess,
    /// Older than `max_age`.
    KeyAge,
    /// No logged activity for `max_idle`.
    KeyIdle,
    /// Two keys of one workspace bear one name.
    DuplicateName,
    /// The name is not as `naming` wants it.
    BadName,
    /// The register names no owner.
    NoOwner,
    /// Who made it is no member any more.
    MakerLeft,
    /// Made outside keyholder's runs since the first look.
    MadeOutside,
    /// The same secret is configured for two workspaces.
    SharedSecret,
    /// The configured key opens another workspace.
    OpensAnother,
    /// The configured key may do more than the configured commands need.
    KeyTooWide,
    /// A scope the API does not document.
    UndocumentedScope,
    /// The register's `rotate_by` is over.
    RotateBy,
    /// The register names a key that is not there any more.
    RegisterStale,
    /// An acceptance is over.
    AcceptanceExpired,
}

impl FindingCode {
    /// All codes, in the order they are reported.
    pub const ALL: [Self; 17] = [
        Self::OpensAnother,
        Self::SharedSecret,
        Self::WildcardScope,
        Self::GrantsAccess,
        Self::KeyTooWide,
        Self::ResourceWide,
        Self::UndocumentedScope,
        Self::MakerLeft,
        Self::MadeOutside,
        Self::KeyAge,
        Self::RotateBy,
        Self::KeyIdle,
        Self::NoOwner,
        Self::DuplicateName,
        Self::BadName,
        Self::RegisterStale,
        Self::AcceptanceExpired,
    ];

    /// Returns the word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WildcardScope => "wildcard-scope",
            Self::ResourceWide => "resource-wide",
            Self::GrantsAccess => "grants-access",
            Self::KeyAge => "key-age",
            Self::KeyIdle => "key-idle",
            Self::DuplicateName => "duplicate-name",
            Self::BadName => "bad-name",
            Self::NoOwner => "no-owner",
            Self::MakerLeft => "maker-left",
            Self::MadeOutside => "made-outside",
            Self::SharedSecret => "shared-secret",
            Self::OpensAnother => "opens-another",
            Self::KeyTooWide => "key-too-wide",
            Self::UndocumentedScope => "undocumented-scope",
            Self::RotateBy => "rotate-by",
            Self::RegisterStale => "register-stale",
            Self::AcceptanceExpired => "acceptance-expired",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.as_str() == text)
    }

    /// Returns how grave it is unless the policy says otherwise.
    pub fn severity(self) -> Severity {
        match self {
            Self::OpensAnother | Self::SharedSecret => Severity::Critical,
            Self::WildcardScope | Self::GrantsAccess | Self::MakerLeft | Self::MadeOutside => Severity::High,
            Self::KeyTooWide | Self::ResourceWide | Self::KeyAge | Self::RotateBy | Self::AcceptanceExpired => {
                Severity::Medium
            }
            Self::UndocumentedScope
            | Self::KeyIdle
            | Self::NoOwner
            | Self::DuplicateName
            | Self::BadName
            | Self::RegisterStale => Severity::Low,
        }
    }
}

impl fmt::Display for FindingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}
