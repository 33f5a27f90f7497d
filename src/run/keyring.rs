//! Looking at the keys of many workspaces at once, for commands that make, replace or revoke keys.
//!
//! What is read is no more than the question needs: a key is nobody's, so its members are asked for only where somebody wants to know who
//! made it.

use jiff::Timestamp;

use super::belongings::found;
use super::deck::{Deck, Target};
use super::key_look::look_at_keys;
use super::lane;
use super::look::{Known, Sight, identify};
use super::trouble::LaneTrouble;
use super::whose::told_apart;
use crate::api::Client;
use crate::domain::Identity;
use crate::plan::{Belongings, Observed};

/// How much of a workspace is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ring {
    /// Its identity and its keys.
    Keys,
    /// Who is in it and who made its keys, too.
    Makers,
    /// And from a moment on when each key was used: all that is asked for an audit.
    Audit(Timestamp),
}

/// Why the members of a workspace that was read for its keys are not known: nothing may be concluded from their absence.
pub const NOT_READ: &str = "the members were not read: nothing here is about people";

/// Looks at the keys of every workspace at once; sights stand in the targets' order. A list of keys that cannot be read is the lane's
/// trouble. `None` where the run was stopped first.
pub async fn observe_keys(
    deck: &Deck,
    targets: &[Target],
    ring: Ring,
    mut seen: impl FnMut(usize, &Sight),
) -> Option<Vec<Sight>> {
    use futures::StreamExt as _;
    let look = async {
        let lanes = lane::each(targets, |target| look_at(deck, target, ring));
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

async fn look_at(deck: &Deck, target: &Target, ring: Ring) -> Sight {
    match ring {
        Ring::Makers => return look_at_keys(deck, target, None).await,
        Ring::Audit(since) => return look_at_keys(deck, target, Some(since)).await,
        Ring::Keys => {}
    }
    let _talking = match target.talk(deck).await {
        Ok(talking) => talking,
        Err(trouble) => return Sight::Unreadable(trouble),
    };
    match identify(deck, target).await {
        Ok(Known::Pinned(identity, client)) => match keys(&client, target, identity).await {
            Ok(observed) => Sight::Seen(Box::new(observed)),
            Err(trouble) => Sight::Unreadable(trouble),
        },
        Ok(Known::Stranger { pinned, seen }) => Sight::Stranger { pinned, seen: Box::new(seen) },
        Ok(Known::Unpinned(seen)) => Sight::Unpinned { seen: Box::new(seen) },
        Err(trouble) => Sight::Unreadable(trouble),
    }
}

async fn keys(client: &Client, target: &Target, identity: Identity) -> Result<Observed, LaneTrouble> {
    let mut keys = found(Ok(client.keys(&identity.id).await?));
    let acts_as = target.access.as_ref().is_ok_and(|access| access.acts_as().is_some());
    if !acts_as {
        keys.rows = told_apart(keys.rows, target.key_id.as_ref());
    }
    Ok(Observed {
        workspace: target.name.clone(),
        id: identity.id,
        mode: target.mode,
        owner: identity.owner,
        members: Vec::new(),
        incomplete: Some(NOT_READ.to_owned()),
        acts_as,
        belongings: Some(Box::new(Belongings { keys, ..Belongings::default() })),
    })
}
