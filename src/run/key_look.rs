//! Looking at the keys of one workspace: for the listing and the audit, which read a whole fleet and keep of it only what is being told.

use jiff::Timestamp;

use super::belongings::{found, last_used, made};
use super::deck::{Deck, Target};
use super::look::{Known, Sight, identify};
use super::trouble::LaneTrouble;
use crate::api::Client;
use crate::domain::belongings::activity;
use crate::domain::{Identity, KeyId, KeyInfo};
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
    let id = identity.id;
    let (members, keys, trail, activity) = futures::join!(
        client.members(&id),
        client.keys(&id),
        made(client, &id, activity::KEY_CREATED),
        last_used(client, &id, activity_since),
    );
    let (members, mut keys) = (found(members), found_or_trouble(keys)?);
    let acts_as = target.access.as_ref().is_ok_and(|access| access.acts_as().is_some());
    if !acts_as {
        mark(&mut keys.rows, target.key_id.as_ref());
    }
    Ok(Observed {
        workspace: target.name.clone(),
        id,
        mode: target.mode,
        owner: identity.owner,
        members: members.rows,
        incomplete: members.incomplete,
        acts_as,
        belongings: Some(Box::new(Belongings { keys, trail, activity, ..Belongings::default() })),
    })
}

fn found_or_trouble(
    listing: Result<crate::api::Listing<KeyInfo>, crate::api::Error>,
) -> Result<crate::plan::Found<KeyInfo>, LaneTrouble> {
    Ok(found(Ok(listing?)))
}

/// Marks which key is the one in use, where the list does not show it and it is known from when the key was made or adopted.
pub(super) fn mark(keys: &mut [KeyInfo], known: Option<&KeyId>) {
    let Some(known) = known else { return };
    // What the list shows outweighs what is remembered.
    let fits = keys.iter().any(|key| key.id == *known && key.in_use.is_none());
    if !fits || keys.iter().any(|key| key.in_use == Some(true)) {
        return;
    }
    for key in keys {
        key.in_use = Some(key.id == *known);
    }
}
