//! How the world behaves where the contract is silent (its sections 6 and 12).
//!
//! Nobody has published these answers, so each is a setting and a client must hold against all of them.

use std::borrow::Cow;
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

/// How a listing shows the secret of a key (contract section 12, unknown).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum KeyShown {
    /// Whole, as the schema wants it.
    #[default]
    Whole,
    /// The first four letters and stars.
    Masked,
    /// Not at all.
    Absent,
}

/// How the trail's record of a key that was made or deleted names it (contract section 11, unknown).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum KeyRecord {
    /// There is no record: the key is older than the code.
    Absent,
    /// By its name alone, as in the only sample.
    #[default]
    Name,
    /// By its name, and by its id in a member of that name.
    Id(Cow<'static, str>),
}

/// When a label is another tag's (contract section 10: unique after trimming, case unknown).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Labels {
    /// When both are the same letter by letter.
    #[default]
    Exact,
    /// When both are the same but for capitals.
    AnyCase,
    /// Never: what was before 2026-07, and what racing writers still get.
    Repeated,
}

/// All of them.
#[expect(clippy::struct_excessive_bools, reason = "each is an open question of its own with two answers")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Rate limits, the same for every workspace.
    pub rates: Rates,
    /// Requests a second that other tools send to every workspace, evenly, whether they are let in or not; none by default.
    pub foreign: u32,
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
    /// How long a change stays unseen by listings and single reads; writes act on the true state and answer it, and a deleted key opens
    /// nothing at once. Nothing is published about reads after writes; none by default.
    pub lag: Duration,
    /// Whether removing the last admin is refused with 400; allowed by default, so that only a client's own guard helps.
    pub keep_last_admin: bool,
    /// How long after its answer an assignment of leads takes effect.
    pub assign_lag: Duration,
    /// The most leads an accepted assignment takes; none is all that are meant.
    pub assign_most: Option<usize>,
    /// Members of the bodies of operations on leads that are dropped without a word, so that they narrow nothing (contract section 1).
    pub drop_filters: Vec<String>,
    /// Whether giving something to nobody of the workspace is refused with 400; allowed by default, so that only a client's own check helps.
    pub owners_are_members: bool,
    /// How listings show the secrets of keys; the answer that creates one always shows it whole.
    pub key_shown: KeyShown,
    /// How records name keys that are made and deleted over the API.
    pub key_record: KeyRecord,
    /// Whether deleting the key in use is refused with 400; allowed by default.
    pub keep_own_key: bool,
    /// Which labels of tags are refused with 409.
    pub labels: Labels,
    /// Whether tagging passes over tags, accounts and campaigns it does not know; by default one of them is 404 for all, as was seen.
    pub toggle_ignores_unknown: bool,
    /// The most resources that one call tags, of those it names; it succeeds all the same. None is all: no maximum is published.
    pub toggle_most: Option<usize>,
    /// Whether the daily figures of accounts include the day that `end_date` names; by default it is that day's midnight, so that the day is
    /// not in them (contract section 11).
    pub end_date_included: bool,
    /// Whether accounts leave their tags out, though they were asked for: the schema they extend forbids that member (contract section 12).
    pub untold_tags: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            rates: Rates::default(),
            foreign: 0,
            pays: Pays::default(),
            retry_after: None,
            repeat_invite: RepeatInvite::default(),
            invitations: Invitations::default(),
            drop_permissions: false,
            last_page: LastPage::default(),
            lag: Duration::ZERO,
            keep_last_admin: false,
            assign_lag: Duration::from_secs(2),
            assign_most: None,
            drop_filters: Vec::new(),
            owners_are_members: false,
            key_shown: KeyShown::default(),
            key_record: KeyRecord::default(),
            keep_own_key: false,
            labels: Labels::default(),
            toggle_ignores_unknown: false,
            toggle_most: None,
            end_date_included: false,
            untold_tags: false,
        }
    }
}
