//! What is kept of one workspace once its tables are written: enough for its page, the fleet's page and the summary, however long its tables were.
//!
//! Facts are written beside the tables while a report is made, so that one that was interrupted goes on without asking again.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

pub(super) mod gather;

use crate::domain::{Counts, DayCounts, Severity, Subscription, Table};

/// Facts of one workspace.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// Its name in our files.
    pub workspace: String,
    /// Its identity; none where none was pinned nor seen.
    pub workspace_id: Option<String>,
    /// Its name in the vendor's app; none where it was not seen.
    pub title: Option<String>,
    /// Its labels in our files.
    pub labels: BTreeMap<String, String>,
    /// When it was looked at, to the second.
    pub observed_at: String,
    /// Why nothing of it could be read.
    pub trouble: Option<TroubleFact>,
    /// Each table that was asked for.
    pub tables: BTreeMap<Table, TableFact>,
    /// Who is in it, as its table is ordered.
    pub people: Vec<PersonFact>,
    /// What is to be said against its keys, tags, accounts and links, the gravest first.
    pub findings: Vec<FindingFact>,
    /// What a person should look at, the gravest first.
    pub attention: Vec<AttentionFact>,
    /// Its campaigns, as their table is ordered.
    pub campaigns: Vec<CampaignFact>,
    /// All its campaigns day by day, every day of the period, where that was seen whole.
    pub days: Option<BTreeMap<Date, DayCounts>>,
    /// Its sending accounts, as their table is ordered.
    pub accounts: Vec<AccountFact>,
    /// What it pays for.
    pub subscriptions: Vec<Subscription>,
    /// How many keys it has.
    pub keys: Option<u64>,
    /// Scopes that the key would have needed for what it was refused.
    #[serde(default)]
    pub scopes_lacking: Vec<String>,
}

/// Why nothing of a workspace could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TroubleFact {
    /// The kind, one word.
    pub kind: String,
    /// What happened.
    pub reason: String,
    /// What to do next.
    pub advice: Vec<String>,
    /// Whether it may go through later by itself.
    pub may_pass: bool,
}

/// How much of a table there is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableFact {
    /// Its rows.
    pub rows: u64,
    /// Why there may be more, or why a column of it is not known.
    pub incomplete: Option<String>,
    /// Whether it is the rows themselves that may be more; else what stands beside them is not known.
    pub rows_unsure: bool,
}

/// One membership or invitation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonFact {
    /// The address.
    pub email: String,
    /// The role.
    pub role: String,
    /// Whether the invitation was accepted.
    pub accepted: bool,
    /// Whether the address is of none of the agency's domains; none where the agency names no domain.
    pub external: Option<bool>,
    /// Since when, as the API wrote it.
    pub since: String,
    /// The last logged login, where the trail was read and has one.
    pub last_login: Option<String>,
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingFact {
    /// Its code.
    pub code: String,
    /// How grave.
    pub severity: Severity,
    /// What it is about.
    pub about: String,
    /// The fact.
    pub evidence: String,
    /// What to do.
    pub advice: String,
}

/// Something a person should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttentionFact {
    /// What it is, a stable word: `key-dead`, `plan-lapsed`, `account-disconnected`, `bounce-protection`, ….
    pub what: String,
    /// How grave.
    pub severity: Severity,
    /// A sentence for a person, without the workspace's name.
    pub text: String,
}

/// One campaign.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampaignFact {
    /// Its name.
    pub name: String,
    /// Its state, our word.
    pub status: String,
    /// Whose it is, where that is known.
    pub owner: Option<String>,
    /// What it sent and got in the period; none where that is not known.
    pub now: Option<Counts>,
    /// And in the one before.
    pub prior: Option<Counts>,
    /// Whether it is known that nobody counts opened mails there: none opened is then no zero.
    #[serde(default)]
    pub opens_uncounted: bool,
}

impl CampaignFact {
    /// Tells whether what is told of its opens is all there is: where nobody counts them, none told is not none opened.
    pub fn opens_are_told(&self, counts: &Counts) -> bool {
        !self.opens_uncounted || counts.opened > 0 || counts.contacted == 0
    }
}

/// One sending account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountFact {
    /// The address.
    pub email: String,
    /// Its state, our word.
    pub status: String,
    /// Whether it cannot send as it should.
    pub ill: bool,
    /// The state of its warm-up, our word.
    pub warmup: Option<String>,
    /// How many messages it may send a day.
    pub daily_limit: Option<i64>,
    /// What it sent in the period; none where that is not known.
    pub sent: Option<u64>,
    /// Of that, bounced.
    pub bounced: Option<u64>,
    /// What it sent each day of the period, in order; empty where that is not known.
    pub days: Vec<u64>,
    /// The score of its warm-up, of 100.
    pub score: Option<i64>,
    /// Whose it is, where that is known.
    pub owner: Option<String>,
}

#[cfg(test)]
mod tests;
