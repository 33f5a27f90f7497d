//! Reading all that a bulk report asks for of one workspace: each list once, side by side, whoever wants to know it. What that costs stands in
//! [`requests`](super::requests()).
//!
//! A list that cannot be read never ends the lane: what it would have shown is told as not seen. Of the trail nothing is kept; the lines of the
//! period go to whoever writes them.

mod trail;

use std::cell::RefCell;
use std::collections::BTreeSet;

use jiff::Timestamp;

use super::belongings::found;
use super::deck::{Deck, Target};
use super::look::{Asked, beside};
use super::requests::lists;
use super::trouble::LaneTrouble;
use super::whose::told_apart;
use crate::api::needs::Least;
use crate::api::{Client, Error, Listing, Mappings};
use crate::domain::belongings::activity;
use crate::domain::{
    Campaign, Carriers, Inventory, Listed, Period, ReportKind, ResourceId, SendingAccount, SentDaily, Sizes, Tag,
    TagMapping, Told, TrailLine, Warmups, WorkspaceId,
};

/// What is asked of every workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InventoryQuest {
    /// The kinds of the report.
    pub kinds: BTreeSet<ReportKind>,
    /// Its period.
    pub period: Period,
    /// From which moment on the trail is read for when keys were last used; none does not read it for that.
    pub used_since: Option<Timestamp>,
}

impl InventoryQuest {
    /// Asks for some kinds over a period.
    pub fn of(kinds: BTreeSet<ReportKind>, period: Period) -> Self {
        Self { kinds, period, used_since: None }
    }

    /// Tells whether a list is read for some of the kinds.
    pub fn reads(&self, listed: Listed) -> bool {
        lists(self).contains(&listed)
    }
}

/// Takes the lines of a trail as they come. It may refuse one, as a full disk does, and then no more are read.
pub type TakeLine<'a> = &'a mut dyn FnMut(&TrailLine<'_>) -> std::io::Result<()>;

/// Reads all that is asked of one workspace, as long as it is the pinned one.
pub async fn take_inventory(
    deck: &Deck,
    target: &Target,
    quest: &InventoryQuest,
    take_line: TakeLine<'_>,
) -> Result<Inventory, LaneTrouble> {
    let _talking = target.talk(deck).await?;
    let read =
        async |client: &Client, asked: &Asked<'_>| Box::pin(read(deck, client, asked, target, quest, take_line)).await;
    Ok(beside(deck, target, read).await?.pinned()?.1)
}

/// Reads every list that some kind of the quest needs, each once.
async fn read(
    deck: &Deck,
    client: &Client,
    asked: &Asked<'_>,
    target: &Target,
    quest: &InventoryQuest,
    take_line: TakeLine<'_>,
) -> Inventory {
    let at = deck.clock.now();
    let id = asked.id;
    let reader = Reader { client, id, quest, needed: lists(quest), sizes: RefCell::default() };
    let people = async {
        futures::join!(
            reader.list(Listed::Members, client.members(id)),
            reader.list(Listed::Keys, async {
                // Its rows may carry whole secrets (contract section 10): nobody's but the pinned workspace's are asked for.
                asked.identity().await;
                client.keys(id).await
            }),
            reader.list(Listed::Links, client.links(id)),
        )
    };
    let things = async {
        futures::join!(
            reader.list(Listed::Webhooks, client.webhooks(id)),
            reader.list(Listed::Lists, client.lead_lists(id, |_| true)),
            reader.list(Listed::Jobs, client.jobs(id, |_| true)),
            reader.when(ReportKind::Billing, client.billing(id)),
        )
    };
    let ((members, keys, links), (webhooks, lists, jobs, billing), sent_and_carried, trail) = futures::join!(
        Box::pin(people),
        Box::pin(things),
        Box::pin(reader.sending()),
        Box::pin(reader.trail(asked, take_line)),
    );
    let acts_as = target.access.as_ref().is_ok_and(|access| access.acts_as().is_some());
    let mut inventory = Inventory::of(asked.identity().await.clone(), at, acts_as);
    inventory.members = members;
    inventory.keys = keys;
    inventory.links = links;
    inventory.webhooks = webhooks;
    inventory.lists = lists;
    inventory.jobs = jobs;
    inventory.billing = billing;
    inventory.trail = trail;
    // With another workspace's key, the key in use is not in this list.
    if let Some(keys) = inventory.keys.as_mut().filter(|_| !inventory.acts_as) {
        keys.value = told_apart(std::mem::take(&mut keys.value), target.key_id.as_ref());
    }
    let Sending { campaigns, counts, prior_counts, daily, accounts, sent, warmups, tags, carried } = sent_and_carried;
    inventory.campaigns = campaigns;
    inventory.counts = counts;
    inventory.prior_counts = prior_counts;
    inventory.daily = daily;
    inventory.accounts = accounts;
    inventory.sent = sent;
    inventory.warmups = warmups;
    inventory.tags = tags;
    inventory.carried = carried;
    inventory.sizes = reader.sizes.into_inner();
    inventory.scopes_lacking = Least::of(client.forbidden()).all();
    inventory
}

/// What sends, what it sent, and what it carries.
struct Sending {
    campaigns: Option<Told<Vec<Campaign>>>,
    counts: Option<Told<crate::domain::CampaignCounts>>,
    prior_counts: Option<Told<crate::domain::CampaignCounts>>,
    daily: Option<Told<crate::domain::DailyCounts>>,
    accounts: Option<Told<Vec<SendingAccount>>>,
    sent: Option<SentDaily>,
    warmups: Option<Warmups>,
    tags: Option<Told<Vec<Tag>>>,
    carried: Option<Told<Carriers>>,
}

/// One reading of one workspace.
struct Reader<'a> {
    client: &'a Client,
    id: &'a WorkspaceId,
    quest: &'a InventoryQuest,
    needed: BTreeSet<Listed>,
    sizes: RefCell<Sizes>,
}

impl Reader<'_> {
    fn needs(&self, listed: Listed) -> bool {
        self.needed.contains(&listed)
    }

    fn note(&self, listed: Listed, requests: u64) {
        self.sizes.borrow_mut().note(listed, requests);
    }

    /// Reads a list where it is needed.
    async fn list<T>(
        &self,
        listed: Listed,
        list: impl Future<Output = Result<Listing<T>, Error>>,
    ) -> Option<Told<Vec<T>>> {
        if !self.needs(listed) {
            return None;
        }
        let listing = list.await;
        if let Ok(Listing { complete: Ok(()), pages, .. }) = &listing {
            self.note(listed, *pages);
        }
        let found = found(listing);
        Some(Told { value: found.rows, incomplete: found.incomplete })
    }

    /// Reads what is no list where a kind asks for it.
    async fn when<T>(&self, kind: ReportKind, told: impl Future<Output = T>) -> Option<T> {
        if self.quest.kinds.contains(&kind) { Some(told.await) } else { None }
    }

    /// Reads campaigns and accounts with all that stands beside them, and the tags.
    async fn sending(&self) -> Sending {
        let Self { client, id, quest, .. } = self;
        let counted = async {
            futures::join!(
                self.when(ReportKind::Campaigns, client.campaign_counts(quest.period)),
                self.when(ReportKind::Campaigns, client.campaign_counts(quest.period.prior())),
                self.when(ReportKind::Campaigns, client.campaign_days(quest.period)),
            )
        };
        let mapped = async {
            if self.needs(Listed::Mappings) { Some(self.mapped(Mappings::All, Listed::Mappings).await) } else { None }
        };
        let (campaigns, (counts, prior_counts, daily), (accounts, sent, warmups), tags, carried) = futures::join!(
            Box::pin(self.list(Listed::Campaigns, client.campaigns(id, |_| true))),
            Box::pin(counted),
            Box::pin(self.accounts()),
            Box::pin(self.list(Listed::Tags, client.tags(id, |_| true))),
            Box::pin(mapped),
        );
        let mut all = Sending { campaigns, counts, prior_counts, daily, accounts, sent, warmups, tags, carried };
        Box::pin(self.carried(&mut all)).await;
        all
    }

    /// Reads the accounts, then what they sent and how warm they are.
    async fn accounts(&self) -> (Option<Told<Vec<SendingAccount>>>, Option<SentDaily>, Option<Warmups>) {
        let list = self.client.tagged_accounts(self.id, |_| true);
        let Some(accounts) = self.list(Listed::Accounts, list).await else { return (None, None, None) };
        let emails: Vec<&str> = accounts.value.iter().map(|account| account.email.as_str()).collect();
        let (mut sent, mut warmups) = futures::join!(
            self.client.account_daily_over(&emails, self.quest.period),
            self.client.account_warmups(&emails, self.quest.period),
        );
        if accounts.incomplete.is_none() {
            self.note(Listed::Sent, Client::account_daily_requests(&emails));
            self.note(Listed::Warmups, Client::account_warmup_requests(&emails));
        } else if accounts.value.is_empty() {
            // Of accounts that nobody knows nothing was asked.
            sent.incomplete.clone_from(&accounts.incomplete);
            warmups.incomplete.clone_from(&accounts.incomplete);
        }
        (Some(accounts), Some(sent), Some(warmups))
    }

    /// Reads what campaigns and accounts carry, where neither they nor the whole list of mappings tell it: of campaigns by look-ups of their
    /// ids, and where an account does not tell its tags by the whole list.
    async fn carried(&self, all: &mut Sending) {
        if self.needs(Listed::AccountTags) {
            let accounts = all.accounts.iter().flat_map(|told| &told.value);
            if accounts.into_iter().any(|account| account.tags.is_none()) {
                let before = self.sizes.borrow().clone();
                let pages = |listed| self.sizes.borrow().requests(listed);
                if all.tags.is_none() {
                    let listing = self.client.tags(self.id, |_| true).await;
                    if let Ok(listing) = &listing {
                        self.note(Listed::Tags, listing.pages);
                    }
                    let found = found(listing);
                    all.tags = Some(Told { value: found.rows, incomplete: found.incomplete });
                }
                all.carried = Some(self.mapped(Mappings::All, Listed::Mappings).await);
                let tags = pages(Listed::Tags).filter(|_| before.requests(Listed::Tags).is_none());
                if let Some(mappings) = pages(Listed::Mappings) {
                    self.note(Listed::AccountTags, tags.unwrap_or(0) + mappings);
                    self.note(Listed::CampaignTags, 0);
                }
                return;
            }
            self.note(Listed::AccountTags, 0);
        }
        if !self.needs(Listed::CampaignTags) {
            return;
        }
        let (Some(campaigns), Some(tags)) = (&all.campaigns, &all.tags) else { return };
        // What no tag bears nothing carries.
        let tagless = tags.value.is_empty() && tags.incomplete.is_none();
        let ids = campaigns.value.iter().filter_map(|campaign| ResourceId::parse(campaign.id.as_str()).ok());
        let ids: Vec<ResourceId> = ids.filter(|_| !tagless).collect();
        all.carried = Some(self.mapped(Mappings::Of(&ids), Listed::CampaignTags).await);
    }

    /// Reads what carries tags.
    async fn mapped(&self, which: Mappings<'_>, listed: Listed) -> Told<Carriers> {
        let mut carriers = Carriers::new();
        let mut odd = None;
        let keep = |TagMapping { tag, kind, resource }: &TagMapping| {
            match (kind, ResourceId::parse(resource)) {
                (Some(kind), Ok(resource)) => {
                    carriers.entry(tag.clone()).or_default().push((*kind, resource.folded(*kind)));
                }
                _ => odd = odd.take().or_else(|| Some(format!("tag {tag} is on something of an unknown kind"))),
            }
            false
        };
        let listing = self.client.mappings(self.id, which, keep).await;
        if let Ok(Listing { complete: Ok(()), pages, .. }) = &listing {
            self.note(listed, *pages);
        }
        for carrying in carriers.values_mut() {
            carrying.sort();
            carrying.dedup();
        }
        Told { value: carriers, incomplete: found(listing).incomplete.or(odd) }
    }

    /// Reads the trail, as far as some kind needs it, and who made keys. Its lines are written as they come, so it waits for the identity.
    async fn trail(&self, asked: &Asked<'_>, take_line: TakeLine<'_>) -> Option<Told<crate::domain::TrailSeen>> {
        let made =
            self.client.trail(self.id, Some(activity::KEY_CREATED), |record| record.activity == activity::KEY_CREATED);
        let (made, passed) = futures::join!(self.list(Listed::Made, made), async {
            asked.identity().await;
            self.pass(take_line).await
        });
        if made.is_none() && passed.is_none() {
            return None;
        }
        let mut told = passed.unwrap_or_default();
        if let Some(Told { value, incomplete }) = made {
            told.value.made = value;
            told.incomplete = told.incomplete.or(incomplete);
        }
        Some(told)
    }
}
