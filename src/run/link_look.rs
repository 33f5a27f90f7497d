//! Looking at the links of groups: who an admin workspace has under it, and, where somebody wants to know, which group a workspace is in.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use super::belongings::found;
use super::deck::{Deck, Target};
use super::key_look::NOT_READ;
use super::look::{Sight, gather, sight, unlisted};
use crate::api::Above;
use crate::domain::{Identity, WorkspaceName};

/// Which group a workspace is in, or why that is not known; none is in none.
pub type Under = Result<Option<Above>, String>;

/// Looks at the links under one workspace. These are the fewest requests that tell them: one for the identity, and each page of the list
/// once. A list that cannot be read at all is the lane's trouble; one that ends early is told as such.
pub async fn look_at_links(deck: &Deck, target: &Target) -> Sight {
    sight(deck, target, async |client, asked| {
        // First who it is: in its name the workspaces under it are asked next.
        let mut observed = unlisted(target, asked.identity().await);
        observed.incomplete = Some(NOT_READ.to_owned());
        observed.links = Some(Box::new(found(Ok(client.links(asked.id).await?))));
        Ok(observed)
    })
    .await
}

/// Looks at the links under every workspace at once; sights stand in the targets' order. `None` where the run was stopped first.
pub async fn observe_links(deck: &Deck, targets: &[Target], seen: impl FnMut(usize, &Sight)) -> Option<Vec<Sight>> {
    gather(deck, targets, |target| look_at_links(deck, target), seen).await
}

/// Looks at every workspace at once from both sides: the links under it, and the group it is in. That the second cannot be asked ends no
/// lane: a key may be allowed the one and not the other.
pub async fn observe_groups(
    deck: &Deck,
    targets: &[Target],
    seen: impl FnMut(usize, &Sight),
) -> Option<(Vec<Sight>, BTreeMap<WorkspaceName, Under>)> {
    let above: Mutex<BTreeMap<WorkspaceName, Under>> = Mutex::default();
    let look = |target: &Target| {
        let (target, above) = (target.clone(), &above);
        async move {
            sight(deck, &target, async |client, asked| {
                let (links, under) = futures::join!(client.links(asked.id), client.link_admin());
                let mut observed = unlisted(&target, asked.identity().await);
                observed.incomplete = Some(NOT_READ.to_owned());
                let under = under.map_err(|error| error.to_string());
                above.lock().unwrap_or_else(PoisonError::into_inner).insert(target.name.clone(), under);
                observed.links = Some(Box::new(found(Ok(links?))));
                Ok(observed)
            })
            .await
        }
    };
    let sights = gather(deck, targets, look, seen).await?;
    Some((sights, above.into_inner().unwrap_or_else(PoisonError::into_inner)))
}

/// Asks of every workspace who answers there, and nothing else; sights stand in the targets' order, beside who answered as the pinned one.
/// `None` where the run was stopped first.
pub async fn who_answers(
    deck: &Deck,
    targets: &[Target],
    seen: impl FnMut(usize, &Sight),
) -> Option<(Vec<Sight>, BTreeMap<WorkspaceName, Identity>)> {
    let answered: Mutex<BTreeMap<WorkspaceName, Identity>> = Mutex::default();
    let look = |target: &Target| {
        let (target, answered) = (target.clone(), &answered);
        async move {
            sight(deck, &target, async |_client, asked| {
                let identity = asked.identity().await;
                answered.lock().unwrap_or_else(PoisonError::into_inner).insert(target.name.clone(), identity.clone());
                Ok(unlisted(&target, identity))
            })
            .await
        }
    };
    let sights = gather(deck, targets, look, seen).await?;
    Some((sights, answered.into_inner().unwrap_or_else(PoisonError::into_inner)))
}
