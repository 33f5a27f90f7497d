//! Looking at the keys of one workspace: for every command about keys, no further than its question needs.
//!
//! A key is nobody's, so the members of a workspace are asked for only where somebody wants to know who made it.

use jiff::Timestamp;

use super::belongings::{found, last_used, made};
use super::deck::{Deck, Target};
use super::look::{Known, Sight, identify, unlisted};
use super::trouble::LaneTrouble;
use super::whose::told_apart;
use crate::api::Client;
use crate::domain::Identity;
use crate::domain::belongings::activity;
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

/// Looks at the keys of one workspace. These are the fewest requests that tell it: one for the identity, and each page of each list once.
///
/// A list that cannot be read, or not whole, does not end the lane: what it would have shown is told as not seen. Without the keys there is
/// nothing to tell.
pub async fn look_at_keys(deck: &Deck, target: &Target, ring: Ring) -> Sight {
    let _talking = match target.talk(deck).await {
        Ok(talking) => talking,
        Err(trouble) => return Sight::Unreadable(trouble),
    };
    match identify(deck, target).await {
        Ok(Known::Pinned(identity, client)) => match keys(&client, target, &identity, ring).await {
            Ok(observed) => Sight::Seen(Box::new(observed)),
            Err(trouble) => Sight::Unreadable(trouble),
        },
        Ok(Known::Stranger { pinned, seen }) => Sight::Stranger { pinned, seen: Box::new(seen) },
        Ok(Known::Unpinned(seen)) => Sight::Unpinned { seen: Box::new(seen) },
        Err(trouble) => Sight::Unreadable(trouble),
    }
}

async fn keys(client: &Client, target: &Target, identity: &Identity, ring: Ring) -> Result<Observed, LaneTrouble> {
    let id = &identity.id;
    let mut observed = unlisted(target, identity);
    let mut belongings = match ring {
        Ring::Keys => {
            observed.incomplete = Some(NOT_READ.to_owned());
            Belongings { keys: found(Ok(client.keys(id).await?)), ..Belongings::default() }
        }
        Ring::Makers | Ring::Audit(_) => {
            let since = match ring {
                Ring::Audit(since) => Some(since),
                Ring::Keys | Ring::Makers => None,
            };
            let (members, keys, trail, activity) = futures::join!(
                client.members(id),
                client.keys(id),
                made(client, id, activity::KEY_CREATED),
                last_used(client, id, since),
            );
            let members = found(members);
            (observed.members, observed.incomplete) = (members.rows, members.incomplete);
            Belongings { keys: found(Ok(keys?)), trail, activity, ..Belongings::default() }
        }
    };
    // With another workspace's key, the key in use is not in this list.
    if !observed.acts_as {
        belongings.keys.rows = told_apart(belongings.keys.rows, target.key_id.as_ref());
    }
    observed.belongings = Some(Box::new(belongings));
    Ok(observed)
}
