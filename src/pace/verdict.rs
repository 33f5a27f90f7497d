//! What an answer means for trying again: a pure question.
//!
//! Reads are harmless to repeat; a write is repeated only where it surely was not processed, and a write whose fate is not
//! known is looked for first (DESIGN section 5, "Retry").

use std::time::Duration;

/// What is asked of the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Changes nothing.
    Read,
    /// Changes something.
    Write,
}

/// What is known about a request that has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// It surely never left.
    NotSent,
    /// It was turned away for the rate; surely not processed.
    Throttled,
    /// Nobody knows.
    Ambiguous {
        /// Whether our own time limit ended it.
        timed_out: bool,
    },
    /// The other side said no, or our own deadline did: asking again changes nothing.
    Refused,
}

/// Attempts since something was last gained.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tries {
    failed: u32,
    throttled: u32,
}

impl Tries {
    /// Attempts that may fail in a row, the last included. Four with waits of up to 0.5, 1 and 2 s between them ride out a
    /// restart behind a load balancer; more would only hold a broken lane open.
    pub const FAILED: u32 = 4;
    /// Attempts that may be throttled in a row. The pacer waits between them up to 1, 2, 4, 8 and 16 s: half the longest sum
    /// still covers most of a used-up minute. A workspace limited for ever must end, so that its lane does.
    pub const THROTTLED: u32 = 6;

    /// Counts a failed attempt.
    pub fn count(&mut self, certainty: Certainty) {
        match certainty {
            Certainty::Throttled => self.throttled += 1,
            Certainty::NotSent | Certainty::Ambiguous { .. } | Certainty::Refused => self.failed += 1,
        }
    }

    /// Renews the budget: something was gained (a page came).
    pub fn renew(&mut self) {
        *self = Self::default();
    }

    fn left(self) -> bool {
        self.failed < Self::FAILED && self.throttled < Self::THROTTLED
    }
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It may be sent again, through the pacer, after a while.
    Again {
        /// How long to wait before queueing again, beside what the pacer demands.
        after: Duration,
    },
    /// It is not known whether it took: look before anything else is done.
    Look,
    /// There is nothing to be gained by sending it again.
    End,
}

/// Decides about the attempt just counted in `tries`; `delay` is the next one of the backoff.
///
/// A throttled request needs no delay of its own: the pacer has moved the next slot of everyone who shares the quota. A read
/// that our own time limit ended is not repeated: a hanging workspace fails at its first timeout and holds nobody up.
pub fn verdict(kind: Kind, certainty: Certainty, tries: Tries, delay: Duration) -> Verdict {
    match (kind, certainty) {
        (_, Certainty::Refused) | (Kind::Read, Certainty::Ambiguous { timed_out: true }) => Verdict::End,
        (Kind::Write, Certainty::Ambiguous { .. }) => Verdict::Look,
        _ if !tries.left() => Verdict::End,
        (_, Certainty::Throttled) => Verdict::Again { after: Duration::ZERO },
        (_, Certainty::NotSent) | (Kind::Read, Certainty::Ambiguous { timed_out: false }) => {
            Verdict::Again { after: delay }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DELAY: Duration = Duration::from_millis(300);
    const LOST: Certainty = Certainty::Ambiguous { timed_out: false };
    const HUNG: Certainty = Certainty::Ambiguous { timed_out: true };

    fn after(counted: &[Certainty], kind: Kind, certainty: Certainty) -> Verdict {
        let mut tries = Tries::default();
        for certainty in counted {
            tries.count(*certainty);
        }
        verdict(kind, certainty, tries, DELAY)
    }

    #[test]
    fn a_write_whose_fate_is_unknown_is_never_simply_sent_again() {
        for counted in [&[LOST][..], &[LOST; 9], &[HUNG]] {
            assert_eq!(after(counted, Kind::Write, counted[0]), Verdict::Look);
        }
    }

    #[test]
    fn what_surely_was_not_processed_may_be_sent_again() {
        for kind in [Kind::Read, Kind::Write] {
            assert_eq!(after(&[Certainty::NotSent], kind, Certainty::NotSent), Verdict::Again { after: DELAY });
            assert_eq!(
                after(&[Certainty::Throttled], kind, Certainty::Throttled),
                Verdict::Again { after: Duration::ZERO }
            );
        }
    }

    #[test]
    fn a_refusal_ends_it() {
        assert_eq!(after(&[Certainty::Refused], Kind::Read, Certainty::Refused), Verdict::End);
        assert_eq!(after(&[Certainty::Refused], Kind::Write, Certainty::Refused), Verdict::End);
    }

    #[test]
    fn a_hanging_read_ends_at_its_first_timeout_and_a_lost_one_does_not() {
        assert_eq!(after(&[HUNG], Kind::Read, HUNG), Verdict::End);
        assert_eq!(after(&[LOST], Kind::Read, LOST), Verdict::Again { after: DELAY });
    }

    #[test]
    fn the_budget_ends_and_progress_renews_it() {
        assert_eq!(after(&[LOST; 3], Kind::Read, LOST), Verdict::Again { after: DELAY });
        assert_eq!(after(&[LOST; 4], Kind::Read, LOST), Verdict::End);
        assert_ne!(after(&[Certainty::Throttled; 5], Kind::Read, Certainty::Throttled), Verdict::End);
        assert_eq!(after(&[Certainty::Throttled; 6], Kind::Read, Certainty::Throttled), Verdict::End);
        let mut tries = Tries::default();
        for _ in 0..4 {
            tries.count(LOST);
        }
        tries.renew();
        tries.count(LOST);
        assert_eq!(verdict(Kind::Read, LOST, tries, DELAY), Verdict::Again { after: DELAY });
    }
}
