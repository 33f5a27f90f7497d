//! Sums over what was seen, which know whether they lack something.

use super::words::{Known, Rate};
use crate::domain::{Counts, Table};
use crate::report::bulk::Facts;
use crate::report::bulk::facts::CampaignFact;

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

/// A sum of counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sum {
    counts: Counts,
    told: bool,
    whole: bool,
}

impl Sum {
    /// The sum of nothing, which is whole.
    pub(super) const NOTHING: Self = Self {
        counts: Counts {
            sent: 0,
            contacted: 0,
            opened: 0,
            replied: 0,
            replied_automatic: None,
            bounced: 0,
            unsubscribed: 0,
            opportunities: 0,
        },
        told: true,
        whole: true,
    };

    /// The sum over what nobody saw.
    pub(super) const UNSEEN: Self = Self { told: false, whole: false, ..Self::NOTHING };

    /// What is known of one campaign.
    pub(super) fn one(counts: Option<Counts>) -> Self {
        counts.map_or(Self::UNSEEN, |counts| Self { counts, ..Self::NOTHING })
    }

    /// Adds another one.
    pub(super) fn add(&mut self, other: Self) {
        self.counts += other.counts;
        self.told |= other.told;
        self.whole &= other.whole;
    }

    /// Sums over many. Where nothing was told of any of them, nothing is told of the sum.
    pub(super) fn over(parts: impl Iterator<Item = Self>) -> Self {
        let mut parts = parts.peekable();
        if parts.peek().is_none() {
            return Self::NOTHING;
        }
        parts.fold(Self { told: false, ..Self::NOTHING }, |mut sum, part| {
            sum.add(part);
            sum
        })
    }

    /// Sums over the campaigns of a workspace.
    pub(super) fn of(facts: &Facts, which: fn(&CampaignFact) -> Option<Counts>) -> Self {
        let seen = Seen::of(facts, Table::Campaigns);
        if matches!(seen, Seen::Unread | Seen::NotAsked) {
            return Self::UNSEEN;
        }
        let mut sum = Self::over(facts.campaigns.iter().map(|campaign| Self::one(which(campaign))));
        sum.whole &= seen.has_all_rows();
        sum
    }

    /// Returns one of its counts.
    pub(super) fn count(self, of: fn(&Counts) -> u64) -> Known {
        if self.told { Known::of(of(&self.counts), self.whole) } else { Known::Unknown }
    }

    /// Returns the part one of its counts is of another.
    pub(super) fn rate(self, part: fn(&Counts) -> u64, whole: fn(&Counts) -> u64) -> Rate {
        let (part, of) = (part(&self.counts), whole(&self.counts));
        match (self.told, self.whole) {
            (false, _) => Rate::Unknown,
            (true, true) => Rate::Exact(part, of),
            (true, false) if of == 0 => Rate::Unknown,
            (true, false) => Rate::InPart(part, of),
        }
    }
}

/// A count that is shown, and its name.
pub(super) type Count = (&'static str, fn(&Counts) -> u64);

/// Mails sent.
pub(super) const SENT: Count = ("Sent", |counts| counts.sent);
/// Leads that got at least one.
pub(super) const CONTACTED: Count = ("Leads contacted", |counts| counts.contacted);
/// Leads that opened one.
pub(super) const OPENED: Count = ("Opened", |counts| counts.opened);
/// Leads that replied.
pub(super) const REPLIED: Count = ("Replied", |counts| counts.replied);
/// Mails that bounced.
pub(super) const BOUNCED: Count = ("Bounced", |counts| counts.bounced);
/// Opportunities.
pub(super) const OPPORTUNITIES: Count = ("Opportunities", |counts| counts.opportunities);

/// A rate that is shown, and its name: opened and replied are counted by lead, so they are of the leads contacted; bounced is of the mails sent.
pub(super) type Part = (&'static str, Count, Count);

/// Of the leads contacted, opened.
pub(super) const OPEN_RATE: Part = ("Open rate", OPENED, CONTACTED);
/// Of the leads contacted, replied.
pub(super) const REPLY_RATE: Part = ("Reply rate", REPLIED, CONTACTED);
/// Of the mails sent, bounced.
pub(super) const BOUNCE_RATE: Part = ("Bounce rate", BOUNCED, SENT);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sum_that_lacks_a_part_is_a_bound_and_one_of_unknown_parts_is_unknown() {
        let five = Sum::one(Some(Counts { sent: 5, ..Counts::default() }));
        let unknown = Sum::one(None);
        assert_eq!(Sum::over([five, five].into_iter()).count(SENT.1), Known::Exact(10));
        assert_eq!(Sum::over([five, unknown].into_iter()).count(SENT.1), Known::AtLeast(5));
        assert_eq!(Sum::over([unknown, unknown].into_iter()).count(SENT.1), Known::Unknown);
        assert_eq!(Sum::over([].into_iter()).count(SENT.1), Known::Exact(0));
        assert_eq!(Sum::over([five, unknown].into_iter()).rate(BOUNCED.1, SENT.1), Rate::InPart(0, 5));
    }
}
