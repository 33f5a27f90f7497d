//! A step of an earlier run: what undoing it, and telling whether it still holds, need to know.

use std::collections::BTreeSet;

use crate::domain::{Change, Email, KeyId, LinkId, MemberId, RestsOn, Step, StepId, TagId, UserId};

/// What came of a step, as far as it matters afterwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It took effect; `waiting` says that a person had yet to accept.
    Applied {
        /// Whether somebody was waited for.
        waiting: bool,
    },
    /// The asked state was there before; nothing was sent.
    Already,
    /// It surely had no effect: held, failed, never sent.
    NotApplied,
    /// It may have had an effect, and nobody has settled it.
    Unsettled,
}

/// A step of an earlier run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Earlier {
    /// The step as it was planned: what it changed, what it rested on, how it can be undone.
    pub step: Step,
    /// What came of it.
    pub ending: Ending,
    /// The row an invitation made, where the look that decided it showed exactly one.
    pub made: Option<MemberId>,
    /// The key it made, where the ledger says which one.
    pub made_key: Option<KeyId>,
    /// The link that the look which decided it showed, where it is about one: of an invitation the one it made.
    pub made_link: Option<LinkId>,
    /// The tag it made or is about, where the look that decided it says which one.
    pub made_tag: Option<TagId>,
    /// The person's rows in the look that decided it.
    pub seen: Vec<MemberId>,
    /// Whose row it is about, where the run wrote that down: the row can bear another address of theirs.
    pub people: BTreeSet<Email>,
}

impl Earlier {
    /// Puts a step together with its end and the person's rows in the look that decided it.
    pub fn new(step: Step, ending: Ending, seen: &[RestsOn]) -> Self {
        let made = made_by(&step.change, seen);
        let ids = seen.iter().filter_map(RestsOn::member).cloned();
        Self {
            step,
            ending,
            made,
            made_key: None,
            made_link: None,
            made_tag: None,
            seen: ids.collect(),
            people: BTreeSet::new(),
        }
    }

    /// Says whose row it is about.
    #[must_use]
    pub fn of(self, people: BTreeSet<Email>) -> Self {
        Self { people, ..self }
    }

    /// Tells whether it took effect.
    pub fn is_applied(&self) -> bool {
        matches!(self.ending, Ending::Applied { .. })
    }

    /// Tells whether it changed something, or may have.
    pub fn may_have_changed(&self) -> bool {
        self.is_applied() || self.ending == Ending::Unsettled
    }
}

/// Returns the accounts whose belongings must be read to tell whether steps hold, or to undo them: of who handed over and who inherits.
/// None where nothing but the members needs to be read; without an account the keys alone, to tell whether a revoked one is gone.
pub fn quest_of(steps: &[Earlier]) -> Option<BTreeSet<UserId>> {
    let mut accounts = BTreeSet::new();
    for one in steps {
        if let Change::HandOver { to, .. } = &one.step.change {
            accounts.extend(to.clone());
            if let RestsOn::Owned { by, .. } = &one.step.rests_on {
                accounts.insert(by.clone());
            }
        }
    }
    let revokes = steps.iter().any(|one| one.step.kind().is_about_keys());
    (revokes || !accounts.is_empty()).then_some(accounts)
}

/// Finds the row that an invitation made among the person's rows.
fn made_by(change: &Change, seen: &[RestsOn]) -> Option<MemberId> {
    let Change::Invite { email, role, permissions, .. } = change else { return None };
    let mut fitting = seen.iter().filter_map(|row| match row {
        RestsOn::Row { id, email: bears, role: has, permissions: with, .. } => {
            let as_sent = permissions.is_none() || with == permissions;
            (bears == email && has == role && as_sent).then_some(id)
        }
        _ => None,
    });
    let first = fitting.next()?;
    fitting.next().is_none().then(|| first.clone())
}

/// Finds the invitation that was sent in place of a withdrawn one: both are one wish.
pub(super) fn successor<'a>(removal: &StepId, steps: &'a [Earlier]) -> Option<&'a Earlier> {
    steps
        .iter()
        .find(|other| other.step.after.as_ref() == Some(removal) && matches!(other.step.change, Change::Invite { .. }))
}
