//! What a person was or left in a workspace before the first write, as the ledger keeps it.

use serde::Deserialize;
use serde_json::Value;

use crate::domain::Member;

/// Something a person owned, made or added.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Thing {
    /// Its id; of a sending account the address.
    pub id: String,
    /// What a person would recognize it by.
    pub name: String,
    /// The record of the trail that ties it to the person, where that is what does.
    #[serde(default)]
    pub record: Option<String>,
}

/// A listing that could not be read, or not whole.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Unseen {
    /// The listing.
    pub listing: String,
    /// Why.
    pub reason: String,
}

/// A number that may be a bound.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub struct Bound {
    /// At least so many.
    pub count: u64,
    /// Whether it is all there is.
    pub exact: bool,
}

/// What a person was or left in a workspace. What a newer keyholder wrote besides is in the ledger all the same.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Before {
    /// The accounts the person was known by there.
    pub accounts: Vec<String>,
    /// Memberships and invitations.
    pub rows: Vec<Member>,
    /// Rows under another address that bore one of their accounts.
    pub same_account: Vec<Member>,
    /// Whether it could not be told whose these rows are.
    pub ambiguous: bool,
    /// Campaigns they owned.
    pub campaigns: Vec<Thing>,
    /// Campaigns they made; what an earlier keyholder wrote lacks those they owned.
    pub campaigns_created: Vec<Thing>,
    /// Lead lists they owned.
    pub lead_lists: Vec<Thing>,
    /// Leads assigned to them.
    pub leads: Bound,
    /// Sending accounts they added.
    pub sending_accounts: Vec<Thing>,
    /// Keys the trail ties to them.
    pub keys: Vec<Thing>,
    /// Keys whose name a record of theirs bears, and that nothing ties to anybody.
    pub keys_by_name: Vec<Thing>,
    /// Keys that may be theirs for all that is known.
    pub keys_of_unknown_maker: Vec<Thing>,
    /// The key keyholder spoke with there, unless it is theirs.
    pub key_in_use: Option<Thing>,
    /// Webhooks the trail ties to them.
    pub webhooks: Vec<Thing>,
    /// Webhooks whose maker no record tells.
    pub webhooks_of_unknown_maker: Vec<Thing>,
    /// Background jobs of theirs that had not ended.
    pub jobs: Vec<Thing>,
    /// What could not be seen.
    pub unseen: Vec<Unseen>,
    /// Whether belongings could be looked for at all.
    pub looked: bool,
    /// Whether the keys were asked for, as they are where nothing else could be looked for.
    pub keys_read: bool,
}

impl Before {
    /// Reads it from the ledger; none where it is of a shape that is not understood.
    pub fn read(traces: &Value) -> Option<Self> {
        Self::deserialize(traces).ok()
    }

    /// Tells whether the keys were looked at; what an earlier keyholder wrote says so only where it looked for everything.
    pub fn saw_keys(&self) -> bool {
        self.looked || self.keys_read
    }

    /// Tells whether nothing of the person was there.
    pub fn is_empty(&self) -> bool {
        let things =
            [&self.campaigns, &self.lead_lists, &self.sending_accounts, &self.keys, &self.webhooks, &self.jobs];
        self.rows.is_empty()
            && self.same_account.is_empty()
            && self.keys_by_name.is_empty()
            && self.leads.count == 0
            && self.campaigns_created.is_empty()
            && things.iter().all(|things| things.is_empty())
    }
}
