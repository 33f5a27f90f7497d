//! What a run used of the published limit of a workspace, and whose fault it was where that was reached.

use super::deck::Deck;

/// The published limit: requests a second, of one workspace (contract section 4).
const PUBLISHED: u32 = 100;
/// From this share on a person wants to know.
const WORTH_A_WORD: u32 = 50;

/// What was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Used {
    /// Part of the limit that the busiest workspace saw from us in its busiest second, in percent.
    pub busiest_percent: u32,
    /// Answers 429.
    pub throttled: u64,
    /// Those of them that came while we ourselves had sent more than our share: by the guarantee of [`pace`](crate::pace) none.
    pub throttled_ours: u64,
}

impl Used {
    /// Says it for a person, where there is something to say.
    pub fn say(&self) -> Option<String> {
        let Self { busiest_percent, throttled, throttled_ours } = self;
        let busiest = format!("busiest workspace at {busiest_percent} % of the limit");
        match throttled {
            0 if *busiest_percent < WORTH_A_WORD => None,
            0 => Some(busiest),
            1 => Some(format!("{busiest}; 1 answer 429, {throttled_ours} of them ours")),
            _ => Some(format!("{busiest}; {throttled} answers 429, {throttled_ours} of them ours")),
        }
    }
}

impl Deck {
    /// Returns what was used of the limit so far.
    pub fn used(&self) -> Used {
        let (busiest, ours) = self.pacers.spent();
        Used { busiest_percent: busiest * 100 / PUBLISHED, throttled: self.tally.throttled(), throttled_ours: ours }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_said_only_where_there_is_something_to_say() {
        let said = |busiest_percent, throttled, throttled_ours| {
            Used { busiest_percent, throttled, throttled_ours }.say().unwrap_or_default()
        };
        assert_eq!(said(49, 0, 0), "");
        assert_eq!(said(50, 0, 0), "busiest workspace at 50 % of the limit");
        assert_eq!(said(3, 1, 0), "busiest workspace at 3 % of the limit; 1 answer 429, 0 of them ours");
        assert_eq!(said(48, 3, 0), "busiest workspace at 48 % of the limit; 3 answers 429, 0 of them ours");
    }
}
