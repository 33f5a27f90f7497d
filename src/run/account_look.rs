//! Looking at the sending accounts of workspaces: which there are, what they carry, what they sent.
//!
//! The fewest requests that tell it: one for the identity, each page of accounts once, and what those that are asked for sent, two hundred a
//! request. What an account carries it says itself; only where one does not, the tags and the mappings are read.

use std::collections::BTreeMap;

use super::belongings::found;
use super::deck::{Deck, Target};
use super::key_look::NOT_READ;
use super::look::{Asked, Sight, sight, unlisted};
use super::tag_look::{Carrying, TagQuest, read_carried};
use super::trouble::LaneTrouble;
use crate::api::Client;
use crate::domain::{Days, ResourceId, ResourceKind, SentDaily, Tag, TagId};
use crate::plan::{Found, Observed, Tagging};

/// How much of a workspace is read, beside its identity and its sending accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountQuest {
    /// Its members, too.
    pub members: bool,
    /// What the accounts sent on these days.
    pub days: Option<Days>,
}

/// Looks at the sending accounts of one workspace. `wanted` says, when they were read, whose sending is asked for: nothing is asked about the
/// others. What cannot be read beside the accounts is told as not seen; without them there is nothing to tell.
pub async fn look_at_accounts(
    deck: &Deck,
    target: &Target,
    quest: AccountQuest,
    wanted: impl Fn(&Observed) -> Vec<String>,
) -> (Sight, SentDaily) {
    let mut sent = SentDaily::default();
    let seen = sight(deck, target, async |client, asked| {
        let observed = accounts(client, target, asked, quest).await?;
        if let Some(days) = quest.days {
            let wanted = wanted(&observed);
            let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
            sent = client.account_daily(&wanted, days).await;
        }
        Ok(observed)
    })
    .await;
    (seen, sent)
}

async fn accounts(
    client: &Client,
    target: &Target,
    asked: &Asked<'_>,
    quest: AccountQuest,
) -> Result<Observed, LaneTrouble> {
    let id = asked.id;
    let members = async { if quest.members { Some(found(client.members(id).await)) } else { None } };
    let (members, accounts) = futures::join!(members, client.tagged_accounts(id, |_| true));
    let accounts = found(Ok(accounts?));
    let mut tagging = Tagging { accounts, ..Tagging::default() };
    if tagging.accounts.rows.iter().all(|account| account.tags.is_some()) {
        by_their_own_word(&mut tagging);
    } else {
        tagging.tags = found(client.tags(id, |_| true).await);
        let quest = TagQuest { accounts: true, carried: Carrying::All, ..TagQuest::TAGS };
        read_carried(client, id, &quest, &mut tagging).await;
    }
    let mut observed = unlisted(target, asked.identity().await);
    (observed.members, observed.incomplete) = match members {
        Some(Found { rows, incomplete }) => (rows, incomplete),
        None => (Vec::new(), Some(NOT_READ.to_owned())),
    };
    observed.tagging = Some(Box::new(tagging));
    Ok(observed)
}

/// Takes what every account says it carries. The list of tags is then of those alone that an account carries.
fn by_their_own_word(tagging: &mut Tagging) {
    let mut tags: BTreeMap<TagId, Tag> = BTreeMap::new();
    let Tagging { accounts, carried, .. } = tagging;
    for account in &accounts.rows {
        let Ok(resource) = ResourceId::parse(&account.email) else { continue };
        let resource = resource.folded(ResourceKind::Account);
        for tag in account.tags.iter().flatten() {
            tags.entry(tag.id.clone()).or_insert_with(|| tag.clone());
            carried.entry(tag.id.clone()).or_default().insert((ResourceKind::Account, resource.clone()));
        }
    }
    tagging.tags.rows = tags.into_values().collect();
}
