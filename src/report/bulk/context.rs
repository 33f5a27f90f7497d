//! What a lane knows besides its inventory: where and when it was looked at, what the report asks, and what our own files and rules say of this
//! workspace alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use foldhash::fast::RandomState;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::domain::{
    AccountPolicy, Email, Finding, Inventory, KeyId, Member, NotJudged, Period, ReportKind, TagId, UserId,
};
use crate::report::cell::Cell;
use crate::report::key_rows::CreatedBy;

/// How every row begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The workspace's name in our files.
    pub workspace: String,
    /// Its identity.
    pub workspace_id: String,
    /// When it was looked at: RFC 3339, UTC, to the second.
    pub observed_at: String,
}

impl Stamp {
    /// Makes one of the moment a lane began.
    pub fn new(workspace: impl Into<String>, workspace_id: impl Into<String>, at: Timestamp) -> Self {
        let at = Timestamp::from_second(at.as_second()).unwrap_or(at);
        Self { workspace: workspace.into(), workspace_id: workspace_id.into(), observed_at: at.to_string() }
    }

    /// Returns the first cells of a row.
    pub fn cells(&self) -> [Cell<'_>; 3] {
        let Self { workspace, workspace_id, observed_at } = self;
        [Cell::text(workspace.as_str()), Cell::text(workspace_id.as_str()), Cell::text(observed_at.as_str())]
    }
}

/// What the tables and facts of one workspace are made with.
#[derive(Debug, Clone)]
pub struct Context {
    /// How every row begins.
    pub stamp: Stamp,
    /// The kinds of the report: what was read for another table's sake is no table of its own.
    pub kinds: BTreeSet<ReportKind>,
    /// Its period.
    pub period: Period,
    /// The workspace's labels in our files.
    pub labels: BTreeMap<String, String>,
    /// The agency's domains: who is of none of them is external.
    pub domains: BTreeSet<String>,
    /// How much of the mail of campaigns may bounce, and of how many mails that says anything.
    pub accounts: AccountPolicy,
    /// What our files and rules say.
    pub said: Said,
}

/// What our files, our ledger and our rules say of one workspace.
#[derive(Debug, Clone, Default)]
pub struct Said {
    /// What is to be said against its keys, tags, accounts and links; accepted ones are not among them.
    pub findings: Vec<Finding>,
    /// What could not be judged.
    pub not_judged: Vec<NotJudged>,
    /// Of keys.
    pub keys: BTreeMap<KeyId, KeySaid>,
    /// What `[[tags]]` makes of each tag: `yes`, `former`, `owner` or `no`.
    pub tags: BTreeMap<TagId, &'static str>,
    /// Whose each sending account is.
    pub accounts: BTreeMap<Email, OwnerSaid>,
}

/// What is known of a key besides what the API lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeySaid {
    /// Who made it.
    pub created_by: CreatedBy,
    /// Who answers for it, by the register.
    pub owner: Option<String>,
    /// What for, by the register.
    pub purpose: Option<String>,
    /// When it is to be replaced, by the register.
    pub rotate_by: Option<Date>,
    /// Whether it is the key keyholder speaks with; none where that cannot be told.
    pub in_use: Option<bool>,
}

/// Whose a sending account is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerSaid {
    /// The person, in words.
    pub owner: String,
    /// Who says so: `files` or `tag`.
    pub source: &'static str,
}

impl Context {
    /// Tells whether an address is of none of the agency's domains; none where the agency names no domain.
    pub fn is_external(&self, email: &Email) -> Option<bool> {
        (!self.domains.is_empty()).then(|| !self.domains.contains(email.domain()))
    }

    /// Tells whether a kind was asked for.
    pub fn asks(&self, kind: ReportKind) -> bool {
        self.kinds.contains(&kind)
    }
}

/// The addresses of the people of a workspace, by their accounts; empty where the members were not read.
#[derive(Debug, Default)]
pub struct People<'a>(HashMap<&'a UserId, &'a Member, RandomState>);

impl<'a> People<'a> {
    /// Gathers them. Of several rows of one account the accepted one is taken.
    pub fn of(inventory: &'a Inventory) -> Self {
        let mut people: HashMap<&UserId, &Member, RandomState> = HashMap::default();
        for member in inventory.members.iter().flat_map(|told| &told.value) {
            let Some(user) = &member.user_id else { continue };
            let best = people.entry(user).or_insert(member);
            if (member.accepted, &best.id) > (best.accepted, &member.id) {
                *best = member;
            }
        }
        Self(people)
    }

    /// Returns the address of an account.
    pub fn address(&self, user: Option<&UserId>) -> Option<&'a str> {
        self.0.get(user?).map(|member| member.email.as_str())
    }
}
