//! Which counts and rates of a [`Sum`] pages show, and how much of them is known.

use super::words::{Known, Rate};
use crate::domain::Counts;
pub(super) use crate::report::bulk::sums::{Seen, Sum};

impl Sum {
    /// Returns one of its counts.
    pub(super) fn count(self, count: Count) -> Known {
        let whole = if count.opens { self.opened_exact } else { self.exact };
        if self.told { Known::of((count.of)(&self.counts), whole) } else { Known::Unknown }
    }

    /// Returns the part one of its counts is of another.
    pub(super) fn rate(self, rate: Part) -> Rate {
        let (part, of) = ((rate.of.of)(&self.counts), (rate.whole.of)(&self.counts));
        let whole = if rate.of.opens { self.opened_exact } else { self.exact };
        if self.told { Rate::of(part, of, whole) } else { Rate::Unknown }
    }
}

/// A count that is shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Count {
    /// Its name.
    pub(super) name: &'static str,
    of: fn(&Counts) -> u64,
    /// Whether it is of opened mails, which not every campaign counts.
    opens: bool,
}

/// A rate that is shown: opened and replied are counted by lead, so they are of the leads contacted; bounced is of the mails sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// Its name.
    pub(super) name: &'static str,
    of: Count,
    whole: Count,
}

const fn count(name: &'static str, of: fn(&Counts) -> u64) -> Count {
    Count { name, of, opens: false }
}

/// Mails sent.
pub(super) const SENT: Count = count("Sent", |counts| counts.sent);
/// Leads that got at least one.
pub(super) const CONTACTED: Count = count("Leads contacted", |counts| counts.contacted);
/// Leads that opened one.
pub(super) const OPENED: Count = Count { opens: true, ..count("Opened", |counts| counts.opened) };
/// Leads that replied.
pub(super) const REPLIED: Count = count("Replied", |counts| counts.replied);
/// Mails that bounced.
pub(super) const BOUNCED: Count = count("Bounced", |counts| counts.bounced);
/// Opportunities.
pub(super) const OPPORTUNITIES: Count = count("Opportunities", |counts| counts.opportunities);

/// Of the leads contacted, opened.
pub(super) const OPEN_RATE: Part = Part { name: "Open rate", of: OPENED, whole: CONTACTED };
/// Of the leads contacted, replied.
pub(super) const REPLY_RATE: Part = Part { name: "Reply rate", of: REPLIED, whole: CONTACTED };
/// Of the mails sent, bounced.
pub(super) const BOUNCE_RATE: Part = Part { name: "Bounce rate", of: BOUNCED, whole: SENT };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::bulk::facts::CampaignFact;

    fn campaign(now: Option<Counts>) -> CampaignFact {
        CampaignFact { now, ..CampaignFact::default() }
    }

    fn of(campaign: &CampaignFact) -> Sum {
        Sum::one(campaign, |campaign| campaign.now)
    }

    #[test]
    fn a_sum_that_lacks_a_part_is_a_bound_and_one_of_unknown_parts_is_unknown() {
        let five = of(&campaign(Some(Counts { sent: 5, ..Counts::default() })));
        let unknown = of(&campaign(None));
        assert_eq!(Sum::over([five, five].into_iter()).count(SENT), Known::Exact(10));
        assert_eq!(Sum::over([five, unknown].into_iter()).count(SENT), Known::AtLeast(5));
        assert_eq!(Sum::over([unknown, unknown].into_iter()).count(SENT), Known::Unknown);
        assert_eq!(Sum::over([].into_iter()).count(SENT), Known::Exact(0));
        let bounced = of(&campaign(Some(Counts { sent: 5, bounced: 1, ..Counts::default() })));
        assert_eq!(Sum::over([bounced, unknown].into_iter()).rate(BOUNCE_RATE), Rate::InPart(1, 5));
    }

    #[test]
    fn a_rate_is_not_known_where_its_count_is_not() {
        let five = of(&campaign(Some(Counts { sent: 5, contacted: 5, ..Counts::default() })));
        let part = Sum::over([five, of(&campaign(None))].into_iter());
        for (count, rate) in [(BOUNCED, BOUNCE_RATE), (REPLIED, REPLY_RATE), (OPENED, OPEN_RATE)] {
            assert_eq!((part.count(count), part.rate(rate)), (Known::Unknown, Rate::Unknown), "{}", rate.name);
        }
    }

    #[test]
    fn none_opened_where_nobody_counts_is_no_zero() {
        let counts = Counts { sent: 9, contacted: 9, opened: 0, ..Counts::default() };
        let blind = CampaignFact { opens_uncounted: true, ..campaign(Some(counts)) };
        let seeing = campaign(Some(Counts { opened: 4, ..counts }));
        let (blind, both) = (of(&blind), Sum::over([of(&blind), of(&seeing)].into_iter()));
        assert_eq!((blind.count(OPENED), blind.rate(OPEN_RATE)), (Known::Unknown, Rate::Unknown));
        assert_eq!((both.count(OPENED), both.count(SENT)), (Known::AtLeast(4), Known::Exact(18)));
        assert_eq!((both.rate(OPEN_RATE), both.rate(REPLY_RATE)), (Rate::InPart(4, 18), Rate::Exact(0, 18)));
    }
}
