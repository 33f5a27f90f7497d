//! Tags that are put into a workspace, and what carries them: whatever labels there are already.

use jiff::Timestamp;

use super::usual;
use crate::sim::name;
use crate::sim::state::State;
use crate::sim::things::mappings::Carrier;

/// A tag that was made in the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// Its label, as it is to stand there; another tag may bear it too.
    pub label: String,
    /// What it is for.
    pub description: Option<String>,
    /// Its id; without one it comes from the seed.
    pub id: Option<String>,
    /// When it was made.
    pub created: Option<Timestamp>,
}

impl Tag {
    /// Makes a tag of a label.
    pub fn of(label: &str) -> Self {
        Self { label: label.to_owned(), description: None, id: None, created: None }
    }

    /// Says what it is for.
    #[must_use]
    pub fn described(mut self, description: &str) -> Self {
        self.description = Some(description.to_owned());
        self
    }
}

/// Which of the accounts or campaigns of a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// All that are there.
    All,
    /// The first so many of a listing.
    First(usize),
    /// Those of these addresses, ids or names; others are passed over.
    Named(Vec<String>),
}

impl Which {
    fn of(names: &[&str]) -> Self {
        Self::Named(names.iter().map(|name| (*name).to_owned()).collect())
    }

    fn none() -> Self {
        Self::Named(Vec::new())
    }

    fn means(&self, at: usize, names: &[&str]) -> bool {
        match self {
            Self::All => true,
            Self::First(most) => at < *most,
            Self::Named(meant) => meant.iter().any(|meant| names.contains(&meant.as_str())),
        }
    }
}

/// What carries a tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mappings {
    /// Label or id of the tag; of several of one label, the oldest.
    pub tag: String,
    /// The sending accounts.
    pub accounts: Which,
    /// The campaigns.
    pub campaigns: Which,
}

impl Mappings {
    /// Puts a tag on accounts, by their addresses.
    pub fn on_accounts(tag: &str, emails: &[&str]) -> Self {
        Self { tag: tag.to_owned(), accounts: Which::of(emails), campaigns: Which::none() }
    }

    /// Puts a tag on every account.
    pub fn on_all_accounts(tag: &str) -> Self {
        Self { tag: tag.to_owned(), accounts: Which::All, campaigns: Which::none() }
    }

    /// Puts a tag on campaigns, by their names or ids.
    pub fn on_campaigns(tag: &str, campaigns: &[&str]) -> Self {
        Self { tag: tag.to_owned(), accounts: Which::none(), campaigns: Which::of(campaigns) }
    }
}

impl State {
    pub(super) fn put_tag(&mut self, workspace: usize, what: &Tag, now: Option<i64>) -> String {
        let there = self.workspaces[workspace].things.tags.live.len();
        let created = what.created.map_or_else(|| usual(there, now), Timestamp::as_millisecond);
        let id = what.id.as_deref().and_then(name::read);
        let description = what.description.as_deref().map(Into::into);
        name::show(self.make_tag(workspace, &what.label, description, id, created).id)
    }

    /// Returns the ids of the mappings that were not there.
    pub(super) fn put_mappings(&mut self, workspace: usize, what: &Mappings, now: Option<i64>) -> Vec<String> {
        let Some(id) = self.tag_called(workspace, &what.tag) else { return Vec::new() };
        let things = &self.workspaces[workspace].things;
        let Some(tag) = things.tags.with_id(id).map(|tag| tag.number) else { return Vec::new() };
        let mut carriers: Vec<Carrier> = match &what.accounts {
            Which::Named(emails) => emails.iter().filter_map(|email| self.account_carrier(workspace, email)).collect(),
            which => {
                let most = if let Which::First(most) = which { *most } else { usize::MAX };
                let emails = things.accounts.iter().take(most).map(|account| &account.email);
                emails.filter_map(|email| self.account_carrier(workspace, email)).collect()
            }
        };
        let campaigns = things.campaigns.iter().enumerate();
        let campaigns = campaigns.filter(|(at, campaign)| {
            what.campaigns.means(*at, &[&campaign.name.to_string(), &name::show(campaign.id)])
        });
        let campaigns: Vec<u128> = campaigns.map(|(_, campaign)| campaign.id).collect();
        carriers.extend(campaigns.into_iter().filter_map(|id| self.campaign_carrier(workspace, id)));
        let mut made = Vec::new();
        for pair in carriers.into_iter().map(|carrier| (carrier, tag)) {
            let mappings = |state: &Self| state.workspaces[workspace].things.tags.mappings.id(pair);
            let there = mappings(self).is_some();
            match now {
                Some(now) => drop(self.set_mapping(workspace, pair, true, now)),
                // What was there before the world began is no change, however long reads lag.
                None => self.settle_mapping(workspace, pair, usual(0, None)),
            }
            made.extend(mappings(self).filter(|_| !there).map(name::show));
        }
        made
    }
}
