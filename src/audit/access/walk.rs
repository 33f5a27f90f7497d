//! One person's way through a workspace: looks and writes of ours in their order, and what changed between them, by whom.
//!
//! A write of ours tells as much as a look: it rests on what its run saw, and where it took effect, what is there afterwards is known. So what
//! one look shows and the one before did not is ours where writes of ours lead from one to the other, the person's own where an invitation was
//! accepted, and else was done outside keyholder.

use jiff::Timestamp;

use super::standing::{Does, Row, accepts, same};
use crate::domain::RunId;

/// What a look showed of somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// When the look was begun.
    pub began: Timestamp,
    /// When it was finished.
    pub at: Timestamp,
    /// Whether it was complete: only then are no other rows of theirs there.
    pub whole: bool,
    /// Their rows.
    pub rows: Vec<Row>,
}

/// A step of ours about somebody's membership that took effect, or may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// The run.
    pub run: RunId,
    /// Not before this moment.
    pub from: Timestamp,
    /// Not after it.
    pub to: Timestamp,
    /// What it does.
    pub does: Does,
    /// The rows its run saw before it; none where that is not known.
    pub rests_on: Option<Vec<Row>>,
    /// Whether it surely took effect.
    pub sure: bool,
}

/// By whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum By {
    /// A run of ours.
    Run(RunId),
    /// Somebody in the app, or another program.
    Outside,
    /// The person, who accepted.
    Person,
    /// That cannot be told: this run sent it, and nobody knows whether it took effect.
    Unknown(RunId),
}

/// One change of one person's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The rows before; none where they are not known.
    pub before: Option<Vec<Row>>,
    /// The rows after.
    pub after: Vec<Row>,
    /// It was after this moment; none where that is not known.
    pub not_before: Option<Timestamp>,
    /// And not after this one.
    pub not_after: Timestamp,
    /// By whom.
    pub by: By,
    /// Whether somebody looked afterwards.
    pub looked_since: bool,
}

/// Walks from look to look, oldest first, with the writes in the order they were made.
pub fn walk(seen: &[Seen], writes: &[Write]) -> Vec<Turn> {
    let mut walk = Walk { pending: writes.to_vec(), ..Walk::default() };
    for look in seen {
        walk.look(look);
    }
    walk.end();
    walk.turns
}

#[derive(Default)]
struct Walk {
    rows: Option<Vec<Row>>,
    /// Until when `rows` is known to have stood.
    since: Option<Timestamp>,
    /// The run that wrote last: what its next step rests on was seen before that.
    last: Option<RunId>,
    pending: Vec<Write>,
    turns: Vec<Turn>,
}

impl Walk {
    fn look(&mut self, look: &Seen) {
        // An incomplete look that shows nothing of somebody says nothing of them.
        if !look.whole && look.rows.is_empty() {
            return;
        }
        let (due, later): (Vec<Write>, Vec<Write>) =
            std::mem::take(&mut self.pending).into_iter().partition(|write| write.from <= look.at);
        self.pending = later;
        // What ended before the look began is in it, where it took effect; what overlaps may be.
        let mut open = Vec::new();
        for write in due {
            if write.sure && write.to < look.began { self.apply(&write) } else { open.push(write) }
        }
        let Some(rows) = self.rows.clone() else {
            self.rows = Some(look.rows.clone());
            self.since = Some(look.at);
            self.still(open, look);
            return;
        };
        let shown = if look.whole { look.rows.clone() } else { merged(&rows, &look.rows) };
        if !same(&rows, &shown) {
            open = self.explain(&rows, &shown, open, look);
        }
        self.rows = Some(shown);
        self.since = Some(look.at);
        self.still(open, look);
    }

    /// Keeps those that may still take effect.
    fn still(&mut self, open: Vec<Write>, look: &Seen) {
        let overlaps = open.into_iter().filter(|write| write.to >= look.began);
        self.pending = overlaps.chain(std::mem::take(&mut self.pending)).collect();
    }

    /// Says by whom rows became others. Returns the writes that had no part in it.
    fn explain(&mut self, rows: &[Row], shown: &[Row], open: Vec<Write>, look: &Seen) -> Vec<Write> {
        let leads = |some: &[Write]| {
            let end = some.iter().fold(rows.to_vec(), |rows, write| write.does.to(&rows));
            same(&end, shown) || accepts(&end, shown)
        };
        let starts = 1..=open.len();
        let ours = starts.clone().map(|most| 0..most).chain(starts.map(|one| one - 1..one));
        let part = ours.into_iter().find(|part| leads(&open[part.clone()]));
        let mut before = rows.to_vec();
        for write in part.clone().into_iter().flat_map(|part| &open[part]) {
            let after = write.does.to(&before);
            let by = if write.sure { By::Run(write.run.clone()) } else { By::Unknown(write.run.clone()) };
            let not_before = self.since.max(Some(write.from));
            self.turn(Some(before), &after, not_before, write.to.min(look.at), by);
            before = after;
        }
        if !same(&before, shown) {
            let by = if accepts(&before, shown) { By::Person } else { By::Outside };
            self.turn(Some(before), shown, self.since, look.at, by);
        }
        let is_ours = |place: usize| part.as_ref().is_some_and(|part| part.contains(&place));
        open.into_iter().enumerate().filter(|(place, _)| !is_ours(*place)).map(|(_, write)| write).collect()
    }

    /// Takes a write that surely took effect as what is there since.
    fn apply(&mut self, write: &Write) {
        self.as_its_run_saw(write);
        let before = self.rows.take();
        let after = write.does.to(before.as_deref().unwrap_or_default());
        if !before.as_ref().is_some_and(|before| same(before, &after)) {
            // Steps of one run end together; which moment each took is not in that.
            let known = self.since.filter(|_| self.last.as_ref() != Some(&write.run));
            self.turn(before, &after, known.max(Some(write.from)), write.to, By::Run(write.run.clone()));
        }
        self.rows = Some(after);
        self.since = self.since.max(Some(write.to));
        self.last = Some(write.run.clone());
    }

    /// A run looks before it writes: what its first step rests on was there when it began.
    fn as_its_run_saw(&mut self, write: &Write) {
        let Some(seen) = write.rests_on.as_ref().filter(|_| self.last.as_ref() != Some(&write.run)) else { return };
        let Some(rows) = self.rows.clone() else {
            self.rows = Some(seen.clone());
            self.since = Some(write.from);
            return;
        };
        // A step rests on one row; of somebody with several it says too little.
        if rows.len() < 2 && !same(&rows, seen) && self.since <= Some(write.from) {
            let by = if accepts(&rows, seen) { By::Person } else { By::Outside };
            self.turn(Some(rows), seen, self.since, write.from, by);
            self.rows = Some(seen.clone());
            self.since = Some(write.from);
        }
    }

    /// What nobody looked at since is told from what was written down.
    fn end(&mut self) {
        let seen = self.turns.len();
        let (sure, unsure): (Vec<Write>, Vec<Write>) =
            std::mem::take(&mut self.pending).into_iter().partition(|write| write.sure);
        for write in sure {
            self.apply(&write);
        }
        for write in unsure {
            let before = self.rows.clone().or_else(|| write.rests_on.clone());
            let after = write.does.to(before.as_deref().unwrap_or_default());
            if !before.as_ref().is_some_and(|before| same(before, &after)) {
                self.turn(before, &after, Some(write.from), write.to, By::Unknown(write.run.clone()));
            }
        }
        self.turns[seen..].iter_mut().for_each(|turn| turn.looked_since = false);
    }

    fn turn(
        &mut self,
        before: Option<Vec<Row>>,
        after: &[Row],
        not_before: Option<Timestamp>,
        not_after: Timestamp,
        by: By,
    ) {
        // A write may have ended after the look that showed it.
        let not_before = not_before.map(|moment| moment.min(not_after));
        self.turns.push(Turn { before, after: after.to_vec(), not_before, not_after, by, looked_since: true });
    }
}

/// Puts the rows that an incomplete look showed over those that were known.
fn merged(known: &[Row], shown: &[Row]) -> Vec<Row> {
    let mut rows = known.to_vec();
    for row in shown {
        let found = rows.iter().position(|other| other.id == row.id);
        let found = found.or_else(|| rows.iter().position(|other| other.id.is_none()));
        match found {
            Some(place) => rows[place] = row.clone(),
            None => rows.push(row.clone()),
        }
    }
    rows
}
