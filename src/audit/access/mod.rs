//! Who gained, lost or changed what in one workspace since a moment, and by whom: from the looks that were kept and our own steps.
//!
//! ```text
//! Past { looks, spans, glimpses, writes } ─► people (person) ─► one way each (walk) ─► AccessChange, oldest first
//!                                        └─► gaps: of what time or whom nothing can be said, and why (doubt)
//! ```
//!
//! Only a complete look proves that somebody is not there. What cannot be told is a gap and never "no change"; what cannot be read makes
//! nobody lost and blames nobody.

mod doubt;
mod person;
mod standing;
#[cfg(test)]
mod tests;
mod walk;

use jiff::Timestamp;

use person::Looks;

pub use doubt::{Doubt, Kept};
pub use standing::{Does, Row, Standing};
pub use walk::{By, Seen, Turn, Write, walk};

use crate::domain::{Email, Role, RunId};

/// One look at the members of the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// When it was begun.
    pub began: Timestamp,
    /// When it was finished.
    pub at: Timestamp,
    /// Whether it was complete.
    pub complete: bool,
}

/// A row that every complete look of a time showed alike; of an incomplete one `from` and `until` are its moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stretch {
    /// Whose row it is.
    pub email: Email,
    /// The row.
    pub row: Row,
    /// The first of these looks.
    pub from: Timestamp,
    /// The last.
    pub until: Timestamp,
}

/// A run of ours that gave the workspace to somebody else: who owned it then does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// The run.
    pub run: RunId,
    /// Not before this moment.
    pub from: Timestamp,
    /// Not after it.
    pub to: Timestamp,
}

/// Everything that is known of who was in one workspace.
#[derive(Debug, Clone, Default)]
pub struct Past {
    /// The looks, oldest first.
    pub looks: Vec<Look>,
    /// What complete looks showed.
    pub spans: Vec<Stretch>,
    /// What the others showed.
    pub glimpses: Vec<Stretch>,
    /// Our own steps, in the order they were made, with whom each is about.
    pub writes: Vec<(Email, Write)>,
    /// Those that gave it to somebody else.
    pub transfers: Vec<Transfer>,
    /// What was kept and cannot be read.
    pub doubts: Vec<Doubt>,
}

/// What a change is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    /// Somebody was not there and is.
    Gained,
    /// Somebody was there and is not.
    Lost,
    /// Somebody is there as something else.
    Changed,
}

impl ChangeKind {
    /// Returns the word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gained => "gained",
            Self::Lost => "lost",
            Self::Changed => "changed",
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessChange {
    /// Who.
    pub who: Email,
    /// What.
    pub kind: ChangeKind,
    /// As what before, in words; none where they were not there, or it is not known.
    pub before: Option<String>,
    /// As what afterwards, in words.
    pub after: Option<String>,
    /// It was after this moment; none where that is not known.
    pub not_before: Option<Timestamp>,
    /// And not after this one.
    pub not_after: Timestamp,
    /// By whom.
    pub by: By,
    /// Whether a look shows it; else our own ledger alone tells it.
    pub looked_since: bool,
}

/// What cannot be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// Of whom; none is of the workspace.
    pub who: Option<Email>,
    /// Why, in words.
    pub why: String,
}

/// What can be said of the time since a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Since {
    /// The changes, oldest first.
    pub changes: Vec<AccessChange>,
    /// What cannot be told.
    pub gaps: Vec<Gap>,
}

impl Past {
    /// Says what changed since a moment. A change of which it is not known whether it was before is among them.
    pub fn since(&self, moment: Timestamp) -> Since {
        let looks = Looks::of(&self.looks);
        let base = looks.base(moment);
        let doubts: Vec<&Doubt> =
            self.doubts.iter().filter(|doubt| base.is_none_or(|base| doubt.until >= base)).collect();
        let mut changes = Vec::new();
        for (email, person) in person::people(self) {
            let turns = walk(&looks.seen(&person, base), &person.writes(base));
            let since = turns.into_iter().filter(|turn| turn.not_after >= moment);
            let told = since.filter(|turn| !doubts.iter().any(|doubt| doubt.gainsays(email, turn)));
            changes.extend(told.map(|turn| self.told(email, turn)));
        }
        changes.sort_by(|a, b| (a.not_after, &a.who).cmp(&(b.not_after, &b.who)));
        let gaps = self.gaps(moment, &looks.whole).into_iter().map(|why| Gap { who: None, why });
        Since { changes, gaps: gaps.chain(doubt::gaps(&doubts)).collect() }
    }

    fn told(&self, who: &Email, turn: Turn) -> AccessChange {
        let Turn { before, after, not_before, not_after, mut by, looked_since } = turn;
        let rows = before.as_deref().unwrap_or_default();
        let owns = |rows: &[Row]| rows.iter().any(|row| row.standing.role == Role::Owner);
        if by == By::Outside && owns(rows) != owns(&after) {
            let within = |transfer: &&Transfer| {
                transfer.from <= not_after && not_before.is_none_or(|not_before| transfer.to >= not_before)
            };
            if let Some(transfer) = self.transfers.iter().find(within) {
                by = By::Run(transfer.run.clone());
            }
        }
        let kind = match (rows.is_empty(), after.is_empty()) {
            (_, true) => ChangeKind::Lost,
            (true, false) => ChangeKind::Gained,
            (false, false) => ChangeKind::Changed,
        };
        let (before, after) = standing::words(rows, &after);
        AccessChange { who: who.clone(), kind, before, after, not_before, not_after, by, looked_since }
    }

    /// Says of what time nothing, or not all, can be told.
    fn gaps(&self, moment: Timestamp, whole: &[&Look]) -> Vec<String> {
        let mut gaps = Vec::new();
        let Some(last) = whole.last() else {
            gaps.push(match self.looks.last() {
                None => "its members were never looked at".to_owned(),
                Some(_) => {
                    "its members were never seen whole: who was lost, and who was there before, is not known".to_owned()
                }
            });
            return gaps;
        };
        if last.at <= moment {
            gaps.push(format!(
                "its members were not seen whole since {}: what changed since is not known",
                second(last.at)
            ));
        } else if let Some(first) = whole.first().filter(|first| first.at > moment) {
            gaps.push(format!(
                "its members were first seen whole at {}: what changed before is not known",
                second(first.at)
            ));
        }
        if let Some(look) = self.looks.last().filter(|look| !look.complete && look.at > last.at && last.at > moment) {
            gaps.push(format!(
                "the look at {} was cut: who was lost since {} is not known",
                second(look.at),
                second(last.at)
            ));
        }
        gaps
    }
}

/// Says a moment to the second.
fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}
