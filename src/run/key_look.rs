//! Looking at the keys of workspaces: for every command about keys, no further than its question needs.
//!
//! A key is nobody's, so the members of a workspace are asked for only where somebody wants to know who made it.

use jiff::Timestamp;

use super::belongings::{found, last_used, made};
use super::deck::{Deck, Target};
use super::look::{Asked, Sight, gather, sight, unlisted};
use super::trouble::LaneTrouble;
use super::whose::told_apart;
use crate::api::Client;
use crate::domain::belongings::activity;
use crate::plan::{Belongings, Found, Observed};

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

/// Looks at the keys of one workspace. These are the fewest requests that tell it: one for the identity, and each page of each list once.
///
/// A list that cannot be read, or not whole, does not end the lane: what it would have shown is told as not seen. Without the keys there is
/// nothing to tell.
pub async fn look_at_keys(deck: &Deck, target: &Target, ring: Ring) -> Sight {
    sight(deck, target, async |client, asked| keys(client, target, asked, ring).await).await
}

/// Looks at the keys of every workspace at once; sights stand in the targets' order. A list of keys that cannot be read is the lane's
/// trouble. `None` where the run was stopped first.
pub async fn observe_keys(
    deck: &Deck,
    targets: &[Target],
    ring: Ring,
    seen: impl FnMut(usize, &Sight),
) -> Option<Vec<Sight>> {
    gather(deck, targets, |target| look_at_keys(deck, target, ring), seen).await
}

async fn keys(client: &Client, target: &Target, asked: &Asked<'_>, ring: Ring) -> Result<Observed, LaneTrouble> {
    let id = asked.id;
    // Rows of keys may carry whole secrets (contract section 10): nobody's but the pinned workspace's are asked for.
    let listed = async {
        asked.identity().await;
        client.keys(id).await
    };
    let mut people = Found { rows: Vec::new(), incomplete: Some(NOT_READ.to_owned()) };
    let mut belongings = match ring {
        Ring::Keys => Belongings { keys: found(Ok(listed.await?)), ..Belongings::default() },
        Ring::Makers | Ring::Audit(_) => {
            let since = match ring {
                Ring::Audit(since) => Some(since),
                Ring::Keys | Ring::Makers => None,
            };
            let (members, keys, trail, activity) = futures::join!(
                client.members(id),
                listed,
                made(client, id, activity::KEY_CREATED),
                last_used(client, id, since),
            );
            people = found(members);
            Belongings { keys: found(Ok(keys?)), trail, activity, ..Belongings::default() }
        }
    };
    let mut observed = unlisted(target, asked.identity().await);
    (observed.members, observed.incomplete) = (people.rows, people.incomplete);
    // With another workspace's key, the key in use is not in this list.
    if !observed.acts_as {
        belongings.keys.rows = told_apart(belongings.keys.rows, target.key_id.as_ref());
    }
    observed.belongings = Some(Box::new(belongings));
    Ok(observed)
}
