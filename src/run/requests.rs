//! What a report costs in requests, foretold from how long the lists of a workspace were last time. Pure.
//!
//! | kind | requests of a workspace, beside one for its identity |
//! | --- | --- |
//! | members | pages of members |
//! | keys | pages of keys, of members, of the records of made keys, and of the trail as far back as the use of keys is asked for |
//! | tags | pages of tags, and of what carries them |
//! | groups | pages of links |
//! | campaigns | pages of campaigns and of members, one for the period, one for the one before and one for its days; pages of tags, and look-ups of what the campaigns carry where there are tags and the mappings are not read |
//! | accounts | pages of accounts and of members, one for each 200 accounts and 31 days, and one for each 100 accounts; where accounts do not tell their tags, pages of tags and of what carries them |
//! | trail | pages of the trail of the period: of 1,000 records |
//! | billing | two |
//! | webhooks, lists, jobs | pages of each; and of members for the two that have owners |
//!
//! A list that several kinds need is read once.

use std::collections::BTreeSet;
use std::ops::AddAssign;

use super::inventory::InventoryQuest;
use crate::domain::{Listed, ReportKind, Sizes};

/// What something will cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forecast {
    /// So many requests.
    pub requests: u64,
    /// Whether that is all, as long as nothing has grown and nothing must be repeated; else it is at least so many.
    pub exact: bool,
}

impl Forecast {
    /// Nothing, exactly.
    pub const NOTHING: Self = Self { requests: 0, exact: true };
}

impl AddAssign for Forecast {
    fn add_assign(&mut self, other: Self) {
        self.requests = self.requests.saturating_add(other.requests);
        self.exact = self.exact && other.exact;
    }
}

/// Returns the lists that some kinds need.
pub(super) fn lists(quest: &InventoryQuest) -> BTreeSet<Listed> {
    let mut lists = BTreeSet::new();
    for kind in &quest.kinds {
        lists.extend(match kind {
            ReportKind::Members => &[Listed::Members][..],
            ReportKind::Keys => &[Listed::Keys, Listed::Members, Listed::Made],
            ReportKind::Tags => &[Listed::Tags, Listed::Mappings],
            ReportKind::Groups => &[Listed::Links],
            ReportKind::Campaigns => &[Listed::Campaigns, Listed::Members, Listed::Tags, Listed::CampaignTags],
            ReportKind::Accounts => {
                &[Listed::Accounts, Listed::Members, Listed::Sent, Listed::Warmups, Listed::AccountTags]
            }
            ReportKind::Trail => &[Listed::Trail],
            ReportKind::Billing => &[],
            ReportKind::Webhooks => &[Listed::Webhooks],
            ReportKind::Lists => &[Listed::Lists, Listed::Members],
            ReportKind::Jobs => &[Listed::Jobs, Listed::Members],
        });
    }
    if quest.kinds.contains(&ReportKind::Keys) && quest.used_since.is_some() {
        lists.insert(Listed::Trail);
    }
    // The whole list has what the look-ups would show.
    if lists.contains(&Listed::Mappings) {
        lists.remove(&Listed::CampaignTags);
        lists.remove(&Listed::AccountTags);
    }
    lists
}

/// Foretells how many requests one workspace takes, of which these sizes are known.
pub fn requests(quest: &InventoryQuest, sizes: &Sizes) -> Forecast {
    // Who it is.
    let mut forecast = Forecast { requests: 1, exact: true };
    for kind in &quest.kinds {
        forecast.requests += match kind {
            ReportKind::Campaigns => 3,
            ReportKind::Billing => 2,
            _ => 0,
        };
    }
    for listed in lists(quest) {
        let times = if listed == Listed::Sent { quest.period.spans().len() as u64 } else { 1 };
        forecast += match sizes.requests(listed) {
            Some(requests) => Forecast { requests: requests.saturating_mul(times), exact: true },
            None => Forecast { requests: u64::from(!listed.may_be_spared()), exact: false },
        };
    }
    forecast
}

/// Foretells how many of a workspace's requests must wait for each other: the longest list, or what is asked of the rows of one once that is
/// there. Who it is is asked beside them, and before keys and the trail.
pub fn chain(quest: &InventoryQuest, sizes: &Sizes) -> u64 {
    let lists = lists(quest);
    let spans = quest.period.spans().len() as u64;
    let pages = |listed: Listed| match sizes.requests(listed) {
        _ if !lists.contains(&listed) => 0,
        Some(requests) if listed == Listed::Sent => requests.saturating_mul(spans),
        Some(requests) => requests,
        None => u64::from(!listed.may_be_spared()),
    };
    let sending = pages(Listed::Accounts).saturating_add(pages(Listed::Sent).max(pages(Listed::Warmups)));
    let sending = sending.max(pages(Listed::Campaigns)).max(pages(Listed::Tags)).max(pages(Listed::Mappings));
    let carried = sending.saturating_add(pages(Listed::CampaignTags).max(pages(Listed::AccountTags)));
    let alone = [Listed::Members, Listed::Made, Listed::Links, Listed::Webhooks, Listed::Lists, Listed::Jobs];
    let longest = alone.into_iter().map(pages).fold(1, u64::max);
    longest.max(carried).max(pages(Listed::Keys).max(pages(Listed::Trail)).saturating_add(1))
}
