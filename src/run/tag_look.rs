//! Looking at the tags of workspaces, what carries them and what could: no further than the question needs.
//!
//! The fewest requests that tell it: one for the identity, each page of each list once; and what carries a tag by the whole list of
//! mappings or by look-ups of a hundred ids, whichever is less.

use std::collections::{BTreeMap, BTreeSet};

use super::belongings::found;
use super::deck::{Deck, Target};
use super::key_look::NOT_READ;
use super::look::{Asked, Sight, gather, sight, unlisted};
use super::trouble::LaneTrouble;
use crate::api::{Client, Mappings};
use crate::domain::{Campaign, ResourceId, ResourceKind, SendingAccount, Tag, TagId, TagMapping, WorkspaceId};
use crate::plan::{Carried, Found, Observed, Tagging};

/// How much of a workspace is read, beside its identity and its tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagQuest {
    /// Its members, too.
    pub members: bool,
    /// Its campaigns, too.
    pub campaigns: bool,
    /// Its sending accounts, too, each with its own tags.
    pub accounts: bool,
    /// What carries the tags.
    pub carried: Carrying,
}

/// What is asked about what carries the tags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Carrying {
    /// Nothing.
    Nothing,
    /// How much carries each tag; what it is, is not kept.
    Counts,
    /// What carries the tags of these labels. Where campaigns or accounts are listed, what is not listed may be left out: look-ups are then
    /// about what is listed alone.
    Of(BTreeSet<String>),
    /// What of the listed campaigns and accounts carries any of them; what else does may be left out.
    Listed,
    /// What carries any of them.
    All,
}

impl TagQuest {
    /// The tags alone.
    pub const TAGS: Self = Self { members: false, campaigns: false, accounts: false, carried: Carrying::Nothing };
}

/// Looks at the tags of one workspace. A list that cannot be read, or not whole, does not end the lane: what it would have shown is told as
/// not seen. Without the tags there is nothing to tell.
pub async fn look_at_tags(deck: &Deck, target: &Target, quest: &TagQuest) -> Sight {
    sight(deck, target, async |client, asked| tags(client, target, asked, quest).await).await
}

/// Looks at the tags of every workspace at once; sights stand in the targets' order. A list of tags that cannot be read is the lane's
/// trouble. `None` where the run was stopped first.
pub async fn observe_tags(
    deck: &Deck,
    targets: &[Target],
    quest: &TagQuest,
    seen: impl FnMut(usize, &Sight),
) -> Option<Vec<Sight>> {
    gather(deck, targets, |target| look_at_tags(deck, target, quest), seen).await
}

async fn tags(client: &Client, target: &Target, asked: &Asked<'_>, quest: &TagQuest) -> Result<Observed, LaneTrouble> {
    let id = asked.id;
    let members = async { if quest.members { Some(found(client.members(id).await)) } else { None } };
    let campaigns =
        async { if quest.campaigns { found(client.campaigns(id, |_| true).await) } else { Found::default() } };
    let accounts =
        async { if quest.accounts { found(client.tagged_accounts(id, |_| true).await) } else { Found::default() } };
    let (members, tags, campaigns, accounts) = futures::join!(members, client.tags(id, |_| true), campaigns, accounts);
    let mut tagging = Tagging { tags: found(Ok(tags?)), campaigns, accounts, ..Tagging::default() };
    read_carried(client, id, quest, &mut tagging).await;
    let mut observed = unlisted(target, asked.identity().await);
    (observed.members, observed.incomplete) = match members {
        Some(Found { rows, incomplete }) => (rows, incomplete),
        None => (Vec::new(), Some(NOT_READ.to_owned())),
    };
    observed.tagging = Some(Box::new(tagging));
    Ok(observed)
}

/// Reads what carries the tags, as far as it is asked for.
pub(super) async fn read_carried(client: &Client, workspace: &WorkspaceId, quest: &TagQuest, tagging: &mut Tagging) {
    let Tagging { tags, campaigns, accounts, carried, counts, carried_incomplete } = tagging;
    let asked: BTreeSet<TagId> = match &quest.carried {
        Carrying::Nothing => return,
        Carrying::Counts => BTreeSet::new(),
        Carrying::Of(labels) => called(&tags.rows, labels),
        Carrying::Listed | Carrying::All => tags.rows.iter().map(|tag| tag.id.clone()).collect(),
    };
    let some = matches!(quest.carried, Carrying::Of(_) | Carrying::Listed);
    // What no tag bears nothing carries.
    if some && asked.is_empty() {
        return;
    }
    let resources = if some { lookups(quest, campaigns, accounts) } else { None };
    *carried = asked.into_iter().map(|tag| (tag, BTreeSet::new())).collect();
    if resources.is_none() {
        *counts = tags.rows.iter().map(|tag| (tag.id.clone(), Carried::default())).collect();
    }
    let whole = resources.is_none();
    let keep = |mapping: &TagMapping| {
        if whole {
            count(counts.entry(mapping.tag.clone()).or_default(), mapping.kind);
        }
        if let (Some(carrying), Some(kind), Ok(resource)) =
            (carried.get_mut(&mapping.tag), mapping.kind, ResourceId::parse(&mapping.resource))
        {
            carrying.insert((kind, resource.folded(kind)));
        }
        false
    };
    let which = resources.as_deref().map_or(Mappings::All, Mappings::Of);
    let listing = client.mappings(workspace, which, keep).await;
    *carried_incomplete = found(listing).incomplete;
}

fn called(tags: &[Tag], labels: &BTreeSet<String>) -> BTreeSet<TagId> {
    let called = |tag: &&Tag| labels.iter().any(|label| tag.is_called(label));
    tags.iter().filter(called).map(|tag| tag.id.clone()).collect()
}

fn count(carried: &mut Carried, kind: Option<ResourceKind>) {
    match kind {
        Some(ResourceKind::Campaign) => carried.campaigns += 1,
        Some(ResourceKind::Account) => carried.accounts += 1,
        None => carried.others += 1,
    }
}

/// Returns what to look up, where that is fewer requests than the whole list of mappings has pages.
fn lookups(quest: &TagQuest, campaigns: &Found<Campaign>, accounts: &Found<SendingAccount>) -> Option<Vec<ResourceId>> {
    // What could not be listed whole could not be looked up whole either.
    let listed = quest.campaigns || quest.accounts;
    if !listed || campaigns.incomplete.is_some() || accounts.incomplete.is_some() {
        return None;
    }
    let ids = campaigns.rows.iter().map(|campaign| campaign.id.as_str());
    let ids = ids.chain(accounts.rows.iter().map(|account| account.email.as_str()));
    // What is no resource of ours cannot be looked up: the whole list has it.
    let resources: Vec<ResourceId> = ids.map(ResourceId::parse).collect::<Result<_, _>>().ok()?;
    let told: BTreeMap<&str, usize> = accounts
        .rows
        .iter()
        .filter_map(|account| Some((account.email.as_str(), account.tags.as_ref()?.len())))
        .collect();
    // Of campaigns no list says how many tags they have: one each is most likely more than that.
    let rows = |id: &ResourceId| told.get(id.as_str()).copied().unwrap_or(1);
    let pages = |rows: usize| rows.div_ceil(100).max(1);
    let looking: usize = Mappings::lookups(&resources).map(|some| pages(some.iter().map(rows).sum())).sum();
    // Without the accounts, which are most of what carries tags, nobody knows how long the whole list is.
    let whole = if quest.accounts { Some(pages(resources.iter().map(rows).sum())) } else { None };
    whole.is_none_or(|whole| looking < whole).then_some(resources)
}
