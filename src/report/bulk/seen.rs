//! How much of a table there is: its rows, and why there may be more of them, or why what stands beside them is not known.

use crate::domain::{Inventory, Table, Told};
use crate::report::bulk::facts::TableFact;

/// What was not asked for, seen whole, or not whole and why.
#[derive(Debug, Clone, Copy)]
enum Source<'a> {
    NotAsked,
    Whole,
    Cut(&'a str),
}

impl<'a> Source<'a> {
    fn of<T>(told: Option<&'a Told<T>>) -> Self {
        told.map_or(Self::NotAsked, |told| Self::why(told.incomplete.as_deref()))
    }

    fn why(incomplete: Option<&'a str>) -> Self {
        incomplete.map_or(Self::Whole, Self::Cut)
    }
}

/// Says how much there is of a table that was asked for, of which so many rows were written.
pub fn table_fact(table: Table, inventory: &Inventory, rows: u64) -> TableFact {
    let mut why: Vec<String> = Vec::new();
    let mut note = |listing: &str, source: Source<'_>, needed: bool| {
        let said = match source {
            Source::Cut(reason) => Some(reason),
            Source::NotAsked if needed => Some("it was not read"),
            Source::NotAsked | Source::Whole => None,
        };
        if let Some(reason) = said {
            let reason = format!("{listing}: {reason}");
            if !why.contains(&reason) {
                why.push(reason);
            }
        }
        said.is_some()
    };
    let mut rows_unsure = false;
    for (listing, source) in of_rows(table, inventory) {
        rows_unsure |= note(listing, source, true);
    }
    for (listing, source, needed) in beside(table, inventory) {
        note(listing, source, needed);
    }
    TableFact { rows, incomplete: (!why.is_empty()).then(|| why.join("; ")), rows_unsure }
}

/// The listings that the rows of a table are made of.
fn of_rows(table: Table, inventory: &Inventory) -> Vec<(&'static str, Source<'_>)> {
    let one = match table {
        Table::Members => ("workspace-members", Source::of(inventory.members.as_ref())),
        Table::Keys => ("api-keys", Source::of(inventory.keys.as_ref())),
        Table::Tags => ("custom-tags", Source::of(inventory.tags.as_ref())),
        Table::Groups => ("workspace-group-members", Source::of(inventory.links.as_ref())),
        // A campaign that is in no list any more has a row because the analytics tell of it.
        Table::Campaigns => {
            return vec![
                ("campaigns", Source::of(inventory.campaigns.as_ref())),
                ("campaigns/analytics", Source::of(inventory.counts.as_ref())),
                ("campaigns/analytics of the period before", Source::of(inventory.prior_counts.as_ref())),
            ];
        }
        // Every day of the period has a row, whatever of it is known; where nothing was asked there are none.
        Table::CampaignDays => match &inventory.daily {
            None => ("campaigns/analytics/daily", Source::NotAsked),
            Some(_) => ("campaigns/analytics/daily", Source::Whole),
        },
        Table::Accounts | Table::AccountDays => ("accounts", Source::of(inventory.accounts.as_ref())),
        Table::Trail => ("audit-logs", Source::of(inventory.trail.as_ref())),
        Table::Billing => ("workspace-billing", Source::of(inventory.billing.as_ref())),
        Table::Webhooks => ("webhooks", Source::of(inventory.webhooks.as_ref())),
        Table::Lists => ("lead-lists", Source::of(inventory.lists.as_ref())),
        Table::Jobs => ("background-jobs", Source::of(inventory.jobs.as_ref())),
    };
    vec![one]
}

/// What stands beside the rows of a table, and whether the table is not whole without it.
fn beside(table: Table, inventory: &Inventory) -> Vec<(&'static str, Source<'_>, bool)> {
    let members = ("workspace-members", Source::of(inventory.members.as_ref()), false);
    let tags = ("custom-tags", Source::of(inventory.tags.as_ref()), false);
    let carried = ("custom-tag-mappings", Source::of(inventory.carried.as_ref()), false);
    let trail = ("audit-logs", Source::of(inventory.trail.as_ref()), false);
    let sent = inventory.sent.as_ref().map_or(Source::NotAsked, |sent| Source::why(sent.incomplete.as_deref()));
    let warm = inventory.warmups.as_ref().map_or(Source::NotAsked, |warm| Source::why(warm.incomplete.as_deref()));
    let sent = ("accounts/analytics/daily", sent, true);
    let warm = ("accounts/warmup-analytics", warm, true);
    match table {
        Table::Members => vec![trail],
        Table::Keys => {
            let activity = inventory.trail.as_ref().and_then(|trail| trail.value.activity.as_ref());
            let activity = activity.map_or(Source::NotAsked, |seen| Source::why(seen.incomplete.as_deref()));
            vec![trail, ("audit-logs", activity, false)]
        }
        Table::Tags => vec![("custom-tag-mappings", carried.1, true)],
        Table::Campaigns => vec![members, tags, carried],
        Table::CampaignDays => vec![("campaigns/analytics/daily", Source::of(inventory.daily.as_ref()), true)],
        Table::Accounts => vec![sent, warm, members, tags, carried],
        Table::AccountDays => vec![sent, warm],
        Table::Lists | Table::Jobs => vec![members],
        Table::Groups | Table::Trail | Table::Billing | Table::Webhooks => Vec::new(),
    }
}
