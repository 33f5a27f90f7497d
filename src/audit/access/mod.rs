//! Who gained, lost or changed what in one workspace since a moment, and by whom: from the looks that were kept and our own steps.
//!
//! ```text
//! Past { looks, spans, glimpses, writes } ─► one way a person (walk) ─► AccessChange, oldest first
//!                                        └─► gaps: of what time nothing can be said, and why
//! ```
//!
//! Only a complete look proves that somebody is not there. What cannot be told is a gap and never "no change".

mod standing;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

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

/// What can be said of the time since a moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Since {
    /// The changes, oldest first.
    pub changes: Vec<AccessChange>,
    /// What cannot be told, in words.
    pub gaps: Vec<String>,
}

impl Past {
    /// Says what changed since a moment. A change of which it is not known whether it was before is among them.
    pub fn since(&self, moment: Timestamp) -> Since {
        let whole: Vec<&Look> = self.looks.iter().filter(|look| look.complete).collect();
        let base = whole.iter().rfind(|look| look.at <= moment).map(|look| look.at);
        let mut changes = Vec::new();
        for email in self.people() {
            let (seen, writes) = (self.seen(email, base), self.writes_about(email, base));
            let turns = walk(&seen, &writes).into_iter().filter(|turn| turn.not_after >= moment);
            changes.extend(turns.map(|turn| self.told(email, turn)));
        }
        changes.sort_by(|a, b| (a.not_after, &a.who).cmp(&(b.not_after, &b.who)));
        Since { changes, gaps: self.gaps(moment, &whole) }
    }

    /// Everybody who was ever seen here, or written about.
    fn people(&self) -> BTreeSet<&Email> {
        let seen = self.spans.iter().chain(&self.glimpses).map(|stretch| &stretch.email);
        seen.chain(self.writes.iter().map(|(email, _)| email)).collect()
    }

    /// What the looks that matter for one person showed of them: those at the ends of what was alike, those around our own steps, and every
    /// incomplete one that showed them.
    fn seen(&self, email: &Email, base: Option<Timestamp>) -> Vec<Seen> {
        let theirs: Vec<&Stretch> = self.spans.iter().filter(|span| span.email == *email).collect();
        let whole: Vec<&Look> = self.looks.iter().filter(|look| look.complete).collect();
        let at = |moment: Timestamp| whole.binary_search_by(|look| look.at.cmp(&moment));
        let mut places: BTreeSet<usize> = BTreeSet::new();
        let mut around = |from: Timestamp, to: Timestamp| {
            let before = at(from).unwrap_or_else(|next| next);
            let behind = at(to).unwrap_or_else(|next| next.saturating_sub(1));
            places.extend([before.saturating_sub(1), before, behind, behind + 1]);
        };
        let glimpses = self.glimpses.iter().filter(|glimpse| glimpse.email == *email);
        for stretch in theirs.iter().copied().chain(glimpses) {
            around(stretch.from, stretch.until);
        }
        for (_, write) in self.writes.iter().filter(|(about, _)| about == email) {
            around(write.from, write.to);
        }
        // Looks that overlap a write are between these; those of one person are few.
        for (_, write) in self.writes.iter().filter(|(about, _)| about == email) {
            let overlaps = whole.iter().enumerate().filter(|(_, look)| look.at >= write.from && look.began <= write.to);
            places.extend(overlaps.map(|(place, _)| place));
        }
        places.extend(base.and_then(|base| at(base).ok()));
        let rows = |moment: Timestamp| -> Vec<Row> {
            theirs
                .iter()
                .filter(|span| span.from <= moment && moment <= span.until)
                .map(|span| span.row.clone())
                .collect()
        };
        let mut seen: Vec<Seen> = places
            .into_iter()
            .filter_map(|place| whole.get(place))
            .map(|look| Seen { began: look.began, at: look.at, whole: true, rows: rows(look.at) })
            .collect();
        let mut by_look: BTreeMap<Timestamp, Vec<Row>> = BTreeMap::new();
        for glimpse in self.glimpses.iter().filter(|glimpse| glimpse.email == *email) {
            by_look.entry(glimpse.from).or_default().push(glimpse.row.clone());
        }
        for (at, rows) in by_look {
            let began = self.looks.iter().find(|look| look.at == at).map_or(at, |look| look.began);
            seen.push(Seen { began, at, whole: false, rows });
        }
        seen.retain(|seen| base.is_none_or(|base| seen.at >= base));
        seen.sort_by_key(|seen| seen.at);
        seen
    }

    fn writes_about(&self, email: &Email, base: Option<Timestamp>) -> Vec<Write> {
        let about = self.writes.iter().filter(|(about, _)| about == email).map(|(_, write)| write);
        about.filter(|write| base.is_none_or(|base| write.to >= base)).cloned().collect()
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
