//! Observing: who a key says it is, and who is in the workspace.

use futures::StreamExt as _;
use futures::future::try_join;
use tokio::sync::{Notify, SetOnce};

use super::belongings::{self, Quest};
use super::deck::{Deck, Target};
use super::lane;
use super::trouble::{LaneTrouble, TroubleKind};
use super::whose;
use crate::api::{Client, Listing};
use crate::domain::{Identity, Member, Mode, WorkspaceId};
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
    sight(deck, target, async |client, asked| {
        let members = client.members(asked.id).await?;
        let mut observed = listed(target, asked.identity().await, members);
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
    read: impl AsyncFnMut(&Client, &Asked<'_>) -> Result<Observed, LaneTrouble>,
) -> Sight {
    let _talking = match target.talk(deck).await {
        Ok(talking) => talking,
        Err(trouble) => return Sight::Unreadable(trouble),
    };
    match beside(deck, target, read).await {
        Ok(Known::Pinned(_, Ok(observed))) => Sight::Seen(Box::new(observed)),
        Ok(Known::Stranger { pinned, seen }) => Sight::Stranger { pinned, seen: Box::new(seen) },
        Ok(Known::Unpinned(seen)) => Sight::Unpinned { seen: Box::new(seen) },
        Ok(Known::Pinned(_, Err(trouble))) | Err(trouble) => Sight::Unreadable(trouble),
    }
}

/// Who answered to a lane's key.
pub(super) enum Known<T> {
    /// The pinned workspace, and what belongs to that.
    Pinned(Identity, T),
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

impl<T> Known<T> {
    /// Says why nothing may be shown where it is not the pinned workspace.
    pub(super) fn pinned(self) -> Result<(Identity, T), LaneTrouble> {
        let wrong = |text: String, advice: &str| LaneTrouble::new(TroubleKind::Identity, text, vec![advice.to_owned()]);
        match self {
            Self::Pinned(identity, of_it) => Ok((identity, of_it)),
            Self::Stranger { pinned, seen } => Err(wrong(
                format!("pinned is {pinned}, its key opens {}; nothing of it is shown", seen.id),
                "give the workspace the key that belongs to it; `keyholder check` shows who answers",
            )),
            Self::Unpinned(seen) => Err(wrong(
                format!("no id is pinned; its key opens {}", seen.id),
                "write the ids into the files with `keyholder pin`",
            )),
        }
    }
}

/// Asks a lane's key who it is, and nothing else before that is answered: so begins whoever will write.
pub(super) async fn identify(deck: &Deck, target: &Target) -> Result<Known<Client>, LaneTrouble> {
    let client = spoken_to(deck, target)?;
    let seen = client.current().await?;
    Ok(match &target.pinned {
        None => Known::Unpinned(seen),
        Some(pinned) if *pinned == seen.id => Known::Pinned(seen, client),
        Some(pinned) => Known::Stranger { pinned: pinned.clone(), seen },
    })
}

/// A workspace that is asked who it is while it is read.
pub(super) struct Asked<'a> {
    /// The pinned id: every row must say that it is of this one.
    pub(super) id: &'a WorkspaceId,
    answered: SetOnce<Identity>,
}

impl Asked<'_> {
    /// Waits until the pinned workspace has answered. What leaves the memory of this process, such as lines that are written as they come,
    /// waits for this, and so does a list that may carry secrets; where another one answers the reading is ended instead.
    pub(super) async fn identity(&self) -> &Identity {
        self.answered.wait().await
    }
}

/// Asks a lane's key who it is and reads at the same time, for a list needs no answer but its own, and a round trip is half of what a small
/// workspace takes. What was read is given up, unseen, as soon as another than the pinned workspace answers, or none. Where the first answer
/// is no identity, as under a limit, the key is asked alone until it is one, and only then is anything read. Where no id is pinned nothing is.
pub(super) async fn beside<T>(
    deck: &Deck,
    target: &Target,
    mut read: impl AsyncFnMut(&Client, &Asked<'_>) -> T,
) -> Result<Known<T>, LaneTrouble> {
    let client = spoken_to(deck, target)?;
    let Some(pinned) = &target.pinned else { return Ok(Known::Unpinned(client.current().await?)) };
    let asked = Asked { id: pinned, answered: SetOnce::new() };
    let hindered = Notify::new();
    let who = async {
        match client.current_telling(|| hindered.notify_one()).await {
            Ok(seen) if seen.id == *pinned => {
                let _set_once = asked.answered.set(seen.clone());
                Ok(seen)
            }
            Ok(seen) => Err(Ok(Known::Stranger { pinned: pinned.clone(), seen })),
            Err(error) => Err(Err(LaneTrouble::from(error))),
        }
    };
    let reading = async {
        let early = tokio::select! {
            biased;
            read = read(&client, &asked) => Some(read),
            // A word that is out of date hinders nothing: who knew the identity may have handed lines on.
            () = hindered.notified(), if asked.answered.get().is_none() => None,
        };
        if let Some(read) = early {
            return Ok(read);
        }
        asked.identity().await;
        Ok(read(&client, &asked).await)
    };
    match try_join(who, reading).await {
        Ok((seen, read)) => Ok(Known::Pinned(seen, read)),
        Err(ended) => ended,
    }
}

/// Makes the client of a lane that may be spoken to.
fn spoken_to(deck: &Deck, target: &Target) -> Result<Client, LaneTrouble> {
    if target.mode == Mode::Off {
        return Err(LaneTrouble::new(
            TroubleKind::Off,
            "the workspace's mode is `off`: not a single request goes there",
            vec![format!("set another mode in the file of workspace `{}`", target.name)],
        ));
    }
    target.client(deck)
}

/// Reads the whole member list of a workspace whose identity was just checked.
pub(super) async fn listing(client: &Client, target: &Target, identity: &Identity) -> Result<Observed, LaneTrouble> {
    Ok(listed(target, identity, client.members(&identity.id).await?))
}

/// A workspace whose identity was just checked, with its members.
fn listed(target: &Target, identity: &Identity, listing: Listing<Member>) -> Observed {
    let incomplete = listing.complete.err().map(|why| why.to_string());
    Observed { members: listing.rows, incomplete, ..unlisted(target, identity) }
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
