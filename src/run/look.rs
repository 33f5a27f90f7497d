//! Observing: who a key says it is, and who is in the workspace.

use futures::StreamExt as _;

use super::belongings::{self, Quest};
use super::deck::{Deck, Target};
use super::lane;
use super::trouble::{LaneTrouble, TroubleKind};
use super::whose;
use crate::api::Client;
use crate::domain::{Identity, Mode, WorkspaceId};
use crate::plan::Observed;

/// What came of looking at one workspace.
#[derive(Debug, Clone)]
pub enum Sight {
    /// It was seen. The listing in it may be incomplete.
    Seen(Box<Observed>),
    /// Its key opens another workspace than the pinned one: nothing may be written anywhere.
    Stranger {
        /// The pinned id.
        pinned: WorkspaceId,
        /// Who answered.
        seen: Box<Identity>,
    },
    /// No id is pinned: nothing may be written anywhere.
    Unpinned {
        /// Who answered.
        seen: Box<Identity>,
    },
    /// It could not be read; its lane is failed for this run.
    Unreadable(LaneTrouble),
}

/// Looks at every workspace at once; sights stand in the targets' order. `quest` says, when the members of a workspace were read, whose
/// belongings are looked for there. `None` where the run was stopped first.
pub async fn observe(
    deck: &Deck,
    targets: &[Target],
    quest: impl Fn(&Observed) -> Option<Quest>,
    seen: impl FnMut(usize, &Sight),
) -> Option<Vec<Sight>> {
    gather(deck, targets, |target| observe_one(deck, target, &quest), seen).await
}

/// Looks at every workspace at once, each as `look` does; sights stand in the targets' order. `None` where the run was stopped first.
pub(super) async fn gather<'t, F: Future<Output = Sight>>(
    deck: &Deck,
    targets: &'t [Target],
    look: impl Fn(&'t Target) -> F,
    mut seen: impl FnMut(usize, &Sight),
) -> Option<Vec<Sight>> {
    let looking = async {
        let lanes = lane::each(targets, look);
        futures::pin_mut!(lanes);
        let mut sights: Vec<Option<Sight>> = targets.iter().map(|_| None).collect();
        while let Some((place, sight)) = lanes.next().await {
            let sight = sight.unwrap_or_else(|_panicked| Sight::Unreadable(LaneTrouble::bug()));
            seen(place, &sight);
            sights[place] = Some(sight);
        }
        sights.into_iter().flatten().collect()
    };
    deck.stop.unless_draining(looking).await
}

async fn observe_one(deck: &Deck, target: &Target, quest: impl Fn(&Observed) -> Option<Quest>) -> Sight {
    sight(deck, target, async |client, identity| {
        let mut observed = listing(client, target, identity).await?;
        if let Some(quest) = quest(&observed) {
            let mut belongings = Box::pin(belongings::read(client, &observed.id, &quest)).await;
            belongings.keys.rows = whose::told_apart(belongings.keys.rows, target.key_id.as_ref());
            observed.belongings = Some(Box::new(belongings));
        }
        Ok(observed)
    })
    .await
}

/// Looks at one workspace: who answers to its key, and where that is the pinned one, what `read` reads of it.
pub(super) async fn sight(
    deck: &Deck,
    target: &Target,
    read: impl AsyncFnOnce(&Client, &Identity) -> Result<Observed, LaneTrouble>,
) -> Sight {
    let _talking = match target.talk(deck).await {
        Ok(talking) => talking,
        Err(trouble) => return Sight::Unreadable(trouble),
    };
    match identify(deck, target).await {
        Ok(Known::Pinned(identity, client)) => match read(&client, &identity).await {
            Ok(observed) => Sight::Seen(Box::new(observed)),
            Err(trouble) => Sight::Unreadable(trouble),
        },
        Ok(Known::Stranger { pinned, seen }) => Sight::Stranger { pinned, seen: Box::new(seen) },
        Ok(Known::Unpinned(seen)) => Sight::Unpinned { seen: Box::new(seen) },
        Err(trouble) => Sight::Unreadable(trouble),
    }
}

/// Who answered to a lane's key.
pub(super) enum Known {
    /// The pinned workspace.
    Pinned(Identity, Client),
    /// Another one.
    Stranger {
        /// The pinned id.
        pinned: WorkspaceId,
        /// Who answered.
        seen: Identity,
    },
    /// Somebody, and no id is pinned.
    Unpinned(Identity),
}

/// Asks a lane's key who it is.
pub(super) async fn identify(deck: &Deck, target: &Target) -> Result<Known, LaneTrouble> {
    if target.mode == Mode::Off {
        return Err(LaneTrouble::new(
            TroubleKind::Off,
            "the workspace's mode is `off`: not a single request goes there",
            vec![format!("set another mode in the file of workspace `{}`", target.name)],
        ));
    }
    let client = target.client(deck)?;
    let seen = client.current().await?;
    Ok(match &target.pinned {
        None => Known::Unpinned(seen),
        Some(pinned) if *pinned == seen.id => Known::Pinned(seen, client),
        Some(pinned) => Known::Stranger { pinned: pinned.clone(), seen },
    })
}

/// Asks a lane's key who it is, and says why nothing more may be read where it is not the pinned workspace.
pub(super) async fn pinned(deck: &Deck, target: &Target) -> Result<(Identity, Client), LaneTrouble> {
    let wrong = |text: String, advice: &str| LaneTrouble::new(TroubleKind::Identity, text, vec![advice.to_owned()]);
    match identify(deck, target).await? {
        Known::Pinned(identity, client) => Ok((identity, client)),
        Known::Stranger { pinned, seen } => Err(wrong(
            format!("pinned is {pinned}, its key opens {}; nothing of it is shown", seen.id),
            "give the workspace the key that belongs to it; `keyholder check` shows who answers",
        )),
        Known::Unpinned(seen) => Err(wrong(
            format!("no id is pinned; its key opens {}", seen.id),
            "write the ids into the files with `keyholder pin`",
        )),
    }
}

/// Reads the whole member list of a workspace whose identity was just checked.
pub(super) async fn listing(client: &Client, target: &Target, identity: &Identity) -> Result<Observed, LaneTrouble> {
    let listing = client.members(&identity.id).await?;
    let incomplete = listing.complete.err().map(|why| why.to_string());
    Ok(Observed { members: listing.rows, incomplete, ..unlisted(target, identity) })
}

/// A workspace whose identity was just checked, without its members: for steps that are about nobody.
pub(super) fn unlisted(target: &Target, identity: &Identity) -> Observed {
    Observed {
        workspace: target.name.clone(),
        id: identity.id.clone(),
        mode: target.mode,
        owner: identity.owner.clone(),
        members: Vec::new(),
        incomplete: None,
        acts_as: target.access.as_ref().is_ok_and(|access| access.acts_as().is_some()),
        belongings: None,
        tagging: None,
        links: None,
    }
}
