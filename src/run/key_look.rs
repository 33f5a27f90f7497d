//! Looking at the keys of one workspace: for the listing and the audit, which read a whole fleet and keep of it only what is being told.

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

/// Looks at one workspace: who answers, who is in it, all its keys, the records of made keys, and from a moment on when each key was used.
/// These are the fewest requests that tell it: one for the identity, and each page of each list once.
///
/// A list that cannot be read, or not whole, does not end the lane: what it would have shown is told as not seen. Without the keys there is
/// nothing to tell.
pub async fn look_at_keys(deck: &Deck, target: &Target, activity_since: Option<Timestamp>) -> Sight {
    let _talking = match target.talk(deck).await {
        Ok(talking) => talking,
        Err(trouble) => return Sight::Unreadable(trouble),
    };
    match identify(deck, target).await {
        Ok(Known::Pinned(identity, client)) => match keys(&client, target, identity, activity_since).await {
            Ok(observed) => Sight::Seen(Box::new(observed)),
            Err(trouble) => Sight::Unreadable(trouble),
        },
        Ok(Known::Stranger { pinned, seen }) => Sight::Stranger { pinned, seen: Box::new(seen) },
        Ok(Known::Unpinned(seen)) => Sight::Unpinned { seen: Box::new(seen) },
        Err(trouble) => Sight::Unreadable(trouble),
    }
}

async fn keys(
    client: &Client,
    target: &Target,
    identity: Identity,
    activity_since: Option<Timestamp>,
) -> Result<Observed, LaneTrouble> {
    let id = identity.id.clone();
    let (members, keys, trail, activity) = futures::join!(
        client.members(&id),
        client.keys(&id),
        made(client, &id, activity::KEY_CREATED),
        last_used(client, &id, activity_since),
    );
    let (members, mut keys, seen) = (found(members), found(Ok(keys?)), unlisted(target, &identity));
    // With another workspace's key, the key in use is not in this list.
    if !seen.acts_as {
        keys.rows = told_apart(keys.rows, target.key_id.as_ref());
    }
    Ok(Observed {
        members: members.rows,
        incomplete: members.incomplete,
        belongings: Some(Box::new(Belongings { keys, trail, activity, ..Belongings::default() })),
        ..seen
    })
}
