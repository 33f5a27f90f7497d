//! Reading all that a bulk report asks for of one workspace: each list once, side by side, whoever wants to know it.
//!
//! A list that cannot be read never ends the lane: what it would have shown is told as not seen. Of the trail nothing is kept; its lines go to
//! whoever writes them.

use std::collections::BTreeSet;

use super::belongings::found;
use super::deck::{Deck, Target};
use super::look::{Known, identify};
use super::trouble::{LaneTrouble, TroubleKind};
use crate::api::{Client, Error, Listing};
use crate::domain::{Identity, Inventory, Period, ReportKind, Told, TrailLine};

/// What is asked of every workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryQuest {
    /// The kinds of the report.
    pub kinds: BTreeSet<ReportKind>,
    /// Its period.
    pub period: Period,
}

/// Takes the lines of a trail as they come. It may refuse one, as a full disk does, and then no more are read.
pub type TakeLine<'a> = &'a mut dyn FnMut(&TrailLine<'_>) -> std::io::Result<()>;

/// Reads all that is asked of one workspace, once its identity was checked.
pub async fn take_inventory(
    deck: &Deck,
    target: &Target,
    quest: &InventoryQuest,
    take_line: TakeLine<'_>,
) -> Result<Inventory, LaneTrouble> {
    let _talking = target.talk(deck).await?;
    let wrong = |text: String, advice: &str| LaneTrouble::new(TroubleKind::Identity, text, vec![advice.to_owned()]);
    match identify(deck, target).await? {
        Known::Pinned(identity, client) => {
            let acts_as = target.access.as_ref().is_ok_and(|access| access.acts_as().is_some());
            let inventory = Inventory::of(identity, deck.clock.now(), acts_as);
            Ok(read(&client, quest, inventory, take_line).await)
        }
        Known::Stranger { pinned, seen } => Err(stranger(&pinned, &seen, wrong)),
        Known::Unpinned(seen) => Err(wrong(
            format!("no id is pinned; its key opens {}", seen.id),
            "write the ids into the files with `keyholder pin`",
        )),
    }
}

fn stranger(
    pinned: &crate::domain::WorkspaceId,
    seen: &Identity,
    wrong: impl Fn(String, &str) -> LaneTrouble,
) -> LaneTrouble {
    wrong(
        format!("pinned is {pinned}, its key opens {}; nothing of it is shown", seen.id),
        "give the workspace the key that belongs to it; `keyholder check` shows who answers",
    )
}

/// Reads every list that some kind of the quest needs, each once.
async fn read(
    client: &Client,
    quest: &InventoryQuest,
    mut inventory: Inventory,
    _take_line: TakeLine<'_>,
) -> Inventory {
    let id = &inventory.identity.id.clone();
    let wants = |kind: ReportKind| quest.kinds.contains(&kind);
    let (members, webhooks, lists, jobs) = futures::join!(
        when(wants(ReportKind::Members), client.members(id)),
        when(wants(ReportKind::Webhooks), client.webhooks(id)),
        when(wants(ReportKind::Lists), client.lead_lists(id, |_| true)),
        when(wants(ReportKind::Jobs), client.jobs(id, |_| true)),
    );
    inventory.members = members;
    inventory.webhooks = webhooks;
    inventory.lists = lists;
    inventory.jobs = jobs;
    inventory
}

/// Reads a list where it is wanted.
async fn when<T>(wanted: bool, list: impl Future<Output = Result<Listing<T>, Error>>) -> Option<Told<Vec<T>>> {
    if !wanted {
        return None;
    }
    let found = found(list.await);
    Some(Told { value: found.rows, incomplete: found.incomplete })
}
