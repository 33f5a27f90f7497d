//! Looking at the keys of many workspaces at once, for commands that make, replace or revoke keys.

use futures::StreamExt as _;

use super::deck::{Deck, Target};
use super::key_look::{Ring, look_at_keys};
use super::lane;
use super::look::Sight;
use super::trouble::LaneTrouble;

/// Looks at the keys of every workspace at once; sights stand in the targets' order. A list of keys that cannot be read is the lane's
/// trouble. `None` where the run was stopped first.
pub async fn observe_keys(
    deck: &Deck,
    targets: &[Target],
    ring: Ring,
    mut seen: impl FnMut(usize, &Sight),
) -> Option<Vec<Sight>> {
    let look = async {
        let lanes = lane::each(targets, |target| look_at_keys(deck, target, ring));
        futures::pin_mut!(lanes);
        let mut sights: Vec<Option<Sight>> = targets.iter().map(|_| None).collect();
        while let Some((place, sight)) = lanes.next().await {
            let sight = sight.unwrap_or_else(|_panicked| Sight::Unreadable(LaneTrouble::bug()));
            seen(place, &sight);
            sights[place] = Some(sight);
        }
        sights.into_iter().flatten().collect()
    };
    deck.stop.unless_draining(look).await
}
