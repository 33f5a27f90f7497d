//! How long the lists of a workspace are, in requests: what was seen last time, so that the next time can be foretold.
//!
//! Owns the names under which sizes are kept. What a report asks for, and so what it costs, is `run`'s to say.

use std::collections::BTreeMap;

/// A list that is read of a workspace, whose length nobody tells beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listed {
    /// Memberships and invitations.
    Members,
    /// Keys.
    Keys,
    /// Records of the trail that tell who made keys.
    Made,
    /// The trail of a period, and as far back as the use of keys is asked for.
    Trail,
    /// Tags.
    Tags,
    /// What carries tags: the whole list.
    Mappings,
    /// What carries tags: look-ups of the campaigns.
    CampaignTags,
    /// Tags and what carries them, where the accounts do not tell their own.
    AccountTags,
    /// Links of the group it heads.
    Links,
    /// Campaigns.
    Campaigns,
    /// Sending accounts.
    Accounts,
    /// What accounts sent, over 31 days or less.
    Sent,
    /// Warm-up of accounts.
    Warmups,
    /// Webhooks.
    Webhooks,
    /// Lead lists.
    Lists,
    /// Background jobs.
    Jobs,
}

impl Listed {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Members,
        Self::Keys,
        Self::Made,
        Self::Trail,
        Self::Tags,
        Self::Mappings,
        Self::CampaignTags,
        Self::AccountTags,
        Self::Links,
        Self::Campaigns,
        Self::Accounts,
        Self::Sent,
        Self::Warmups,
        Self::Webhooks,
        Self::Lists,
        Self::Jobs,
    ];

    /// Returns how many rows one request of it gives at most.
    pub fn page(self) -> u64 {
        match self {
            Self::Made | Self::Trail => 1000,
            Self::Sent => 200,
            _ => 100,
        }
    }

    /// Tells whether nothing of it is asked where it is empty: it is about things that were listed before.
    pub fn may_be_spared(self) -> bool {
        matches!(self, Self::CampaignTags | Self::AccountTags | Self::Sent | Self::Warmups)
    }
}

/// How many requests each list of a workspace took when it was last read whole; of a list that is not in it nothing is known.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Sizes(pub BTreeMap<Listed, u64>);

impl Sizes {
    /// Returns how many requests a list takes; none where that is not known.
    pub fn requests(&self, listed: Listed) -> Option<u64> {
        self.0.get(&listed).copied()
    }

    /// Notes how many requests a list took.
    pub fn note(&mut self, listed: Listed, requests: u64) {
        self.0.insert(listed, requests);
    }

    /// Notes how many rows a list has, where the API ends it with a page that is not empty.
    pub fn note_rows(&mut self, listed: Listed, rows: u64) {
        let least = u64::from(!listed.may_be_spared());
        self.note(listed, rows.div_ceil(listed.page()).max(least));
    }

    /// Takes what was seen anew over what was seen before.
    pub fn renew(&mut self, newer: &Self) {
        self.0.extend(&newer.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_requests_by_the_pages_of_their_list() {
        let mut sizes = Sizes::default();
        for (listed, rows, requests) in [
            (Listed::Members, 0, 1),
            (Listed::Keys, 100, 1),
            (Listed::Campaigns, 101, 2),
            (Listed::Trail, 1001, 2),
            (Listed::Sent, 0, 0),
            (Listed::Sent, 201, 2),
            (Listed::Warmups, 201, 3),
        ] {
            sizes.note_rows(listed, rows);
            assert_eq!(sizes.requests(listed), Some(requests), "{listed:?} {rows}");
        }
        assert_eq!(sizes.requests(Listed::Jobs), None);
    }

    #[test]
    fn sizes_are_kept_by_words_and_newer_ones_win() {
        let mut sizes: Sizes = serde_json::from_str(r#"{"members": 2, "campaign_tags": 1}"#).unwrap();
        sizes.renew(&serde_json::from_str(r#"{"members": 3}"#).unwrap());
        assert_eq!(serde_json::to_string(&sizes).unwrap(), r#"{"members":3,"campaign_tags":1}"#);
        let all: Vec<String> = Listed::ALL.iter().map(|one| serde_json::to_string(one).unwrap()).collect();
        assert_eq!(all.iter().collect::<std::collections::BTreeSet<_>>().len(), Listed::ALL.len());
    }
}
