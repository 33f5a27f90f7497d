//! Reading the keys of a whole fleet, and what the coverage says of it.

use jiff::Timestamp;

use crate::cli::session::{self, Session};
use crate::cli::sweep::{self, Looked};
use crate::plan::Observed;
use crate::report::{Coverage, Unlisted};
use crate::run::{Deck, LaneTrouble, Ring, Target, look_at_keys};
use crate::trouble::Trouble;

/// Looks at the keys of every target, from `activity_since` on at when they were used, and hands each on in config order.
pub async fn sweep(
    session: &Session<'_>,
    deck: &Deck,
    targets: &[Target],
    activity_since: Timestamp,
    take: impl AsyncFnMut(&Target, Looked) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let look = async |target: &Target| look_at_keys(deck, target, Ring::Audit(activity_since)).await;
    sweep::each(session, deck, targets, look, take).await
}

/// What the coverage says of a sweep, gathered while it goes on.
#[derive(Debug, Default)]
pub struct Seen {
    coverage: Coverage,
    unseen: Vec<Unlisted>,
}

impl Seen {
    /// Begins with how many workspaces are asked for.
    pub fn of(targets: &[Target]) -> Self {
        Self { coverage: Coverage { asked: targets.len(), ..Coverage::default() }, unseen: Vec::new() }
    }

    /// Notes what was seen of a workspace, and what of it was not.
    pub fn observed(&mut self, observed: &Observed) {
        let name = observed.workspace.as_str();
        let belongings = observed.belongings.as_deref();
        match belongings.and_then(|belongings| belongings.keys.incomplete.as_ref()) {
            None => self.coverage.complete += 1,
            Some(why) => self.coverage.partial.push((name.to_owned(), format!("the list of keys: {why}"))),
        }
        self.unseen.extend(unseen(observed));
    }

    /// Notes a workspace that could not be read.
    pub fn unreadable(&mut self, target: &Target, trouble: &LaneTrouble) {
        session::unreadable(&mut self.coverage, target.name.as_str(), trouble);
    }

    /// Returns the whole.
    pub fn coverage(self) -> Coverage {
        let Self { mut coverage, unseen } = self;
        coverage.note_unseen(unseen);
        coverage
    }
}

/// Says which listings beside the keys were not seen whole in a workspace: of every command about keys that reads them.
pub fn unseen(observed: &Observed) -> Vec<Unlisted> {
    let trail = observed.belongings.as_deref().and_then(|belongings| {
        let activity = belongings.activity.as_ref().and_then(|activity| activity.incomplete.as_ref());
        belongings.trail.incomplete.as_ref().or(activity)
    });
    let lists = [("workspace-members", observed.incomplete.as_ref()), ("audit-logs", trail)];
    let unlisted = |(listing, why): (&str, Option<&String>)| {
        let (workspace, listing) = (observed.workspace.to_string(), listing.to_owned());
        Some(Unlisted { workspace, listing, reason: why?.clone() })
    };
    lists.into_iter().filter_map(unlisted).collect()
}
