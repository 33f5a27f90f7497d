//! Sums over what was seen, which know whether they lack something: one arithmetic for `summary.json` and for the pages.

use super::facts::{CampaignFact, Facts};
use crate::domain::{Counts, Table};

/// How much of a table of one workspace was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen<'a> {
    /// Nobody asked for it.
    NotAsked,
    /// Nothing of the workspace could be read.
    Unread,
    /// Every row, and all that stands beside.
    Whole,
    /// Every row, but not all that stands beside, and why.
    Beside(&'a str),
    /// There may be more rows, and why.
    Rows(&'a str),
}

impl Seen<'_> {
    /// Tells how much of a table was seen.
    pub(super) fn of(facts: &Facts, table: Table) -> Seen<'_> {
        if facts.trouble.is_some() {
            return Seen::Unread;
        }
        match facts.tables.get(&table).map(|fact| (fact.incomplete.as_deref(), fact.rows_unsure)) {
            None => Seen::NotAsked,
            Some((None, _)) => Seen::Whole,
            Some((Some(why), false)) => Seen::Beside(why),
            Some((Some(why), true)) => Seen::Rows(why),
        }
    }

    /// Tells whether every row was seen.
    pub(super) fn has_all_rows(self) -> bool {
        matches!(self, Self::Whole | Self::Beside(_))
    }
}

/// What campaigns sent and got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each says of another number whether it is all there is")]
pub struct Sum {
    /// The counts added up.
    pub counts: Counts,
    /// Whether anything was told at all; what nobody told of is not known, and no zero.
    pub told: bool,
    /// Whether nothing is lacking from them.
    pub exact: bool,
    /// Whether nothing is lacking from the automatic replies, which the API need not tell.
    pub automatic_exact: bool,
    /// Whether nothing is lacking from the opened mails, which not every campaign counts.
    pub opened_exact: bool,
}

impl Sum {
    /// The sum of nothing, which is whole.
    pub const NOTHING: Self =
        Self { counts: Counts::NOTHING, told: true, exact: true, automatic_exact: true, opened_exact: true };

    /// The sum over what nobody saw.
    pub const UNSEEN: Self = Self { told: false, ..Self::NOTHING }.cut(false);

    /// What is known of one campaign.
    pub(super) fn one(campaign: &CampaignFact, which: fn(&CampaignFact) -> Option<Counts>) -> Self {
        which(campaign).map_or(Self::UNSEEN, |counts| Self {
            counts,
            automatic_exact: counts.replied_automatic.is_some(),
            opened_exact: campaign.opens_are_told(&counts),
            ..Self::NOTHING
        })
    }

    /// Sums over many. Where nothing was told of any of them, nothing is told of the sum.
    pub(super) fn over(parts: impl Iterator<Item = Self>) -> Self {
        let mut parts = parts.peekable();
        if parts.peek().is_none() {
            return Self::NOTHING;
        }
        parts.fold(Self { told: false, ..Self::NOTHING }, |mut sum, part| {
            let Self { counts, told, exact, automatic_exact, opened_exact } = part;
            sum.counts += counts;
            sum.told |= told;
            sum.exact &= exact;
            sum.automatic_exact &= automatic_exact;
            sum.opened_exact &= opened_exact;
            sum
        })
    }

    /// Sums over the campaigns of a workspace.
    pub(super) fn of(facts: &Facts, which: fn(&CampaignFact) -> Option<Counts>) -> Self {
        let seen = Seen::of(facts, Table::Campaigns);
        if matches!(seen, Seen::Unread | Seen::NotAsked) {
            return Self::UNSEEN;
        }
        Self::over(facts.campaigns.iter().map(|campaign| Self::one(campaign, which))).cut(seen.has_all_rows())
    }

    /// Says of every part that it lacks something, unless all rows were seen.
    const fn cut(self, all_rows: bool) -> Self {
        Self {
            exact: self.exact && all_rows,
            automatic_exact: self.automatic_exact && all_rows,
            opened_exact: self.opened_exact && all_rows,
            ..self
        }
    }
}

/// Adds up what all campaigns sent and got in the period, or, with `prior`, in the one before.
pub fn sum(facts: &[Facts], prior: bool) -> Sum {
    let which: fn(&CampaignFact) -> Option<Counts> =
        if prior { |campaign| campaign.prior } else { |campaign| campaign.now };
    Sum::over(facts.iter().map(|facts| Sum::of(facts, which)))
}
