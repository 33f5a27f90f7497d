//! How the world behaves where the contract is silent (its sections 6 and 12).
//!
//! Nobody has published these answers, so each is a setting and a client must hold against all of them.

use std::time::Duration;

use super::limit::Rates;

/// Whose limit pays when an admin key acts as a sub workspace (contract section 4, unknown).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pays {
    /// The sub workspace alone.
    Sub,
    /// The admin workspace alone.
    Admin,
    /// Both. The hardest on a client, so the default.
    #[default]
    Both,
}

/// What an invitation answers for an address that is there already (contract section 6, unknown).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RepeatInvite {
    /// 400 and nothing changes: what a validating server most plainly does, so the default.
    #[default]
    Invalid,
    /// 409 and nothing changes, as tags do.
    Conflict,
    /// 200 and a second row.
    Duplicate,
    /// 200 with the row that is there, unchanged.
    Echo,
}

/// When an invited person accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Invitations {
    /// When `World::accept` is called.
    #[default]
    Wait,
    /// At once: the invitation's own answer says so.
    AtOnce,
    /// Never; `World::accept` does nothing.
    Never,
}

/// What a last page says about the next one (contract section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LastPage {
    /// Nothing, as documented.
    #[default]
    Absent,
    /// `null`.
    Null,
    /// An empty text.
    Empty,
    /// A cursor whose page is empty (and says nothing).
    Cursor,
}

/// All of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Settings {
    /// Rate limits, the same for every workspace.
    pub rates: Rates,
    /// Who pays for requests with `x-as-workspace`.
    pub pays: Pays,
    /// `retry-after` of the limits' own 429; none is documented.
    pub retry_after: Option<String>,
    /// What a repeated invitation answers.
    pub repeat_invite: RepeatInvite,
    /// When invitations are accepted.
    pub invitations: Invitations,
    /// Whether an invitation answers 200 and forgets the permissions it was sent.
    pub drop_permissions: bool,
    /// What a last page says about the next one.
    pub last_page: LastPage,
    /// How long a change stays unseen by listings and single reads; writes act on the true state and answer it. Nothing is published
    /// about reads after writes; none by default.
    pub lag: Duration,
    /// Whether removing the last admin is refused with 400; allowed by default, so that only a client's own guard helps.
    pub keep_last_admin: bool,
}
