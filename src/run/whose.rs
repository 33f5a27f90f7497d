//! Whose some things of a workspace are, as complete listings tell.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::step::deadline;
use crate::api::{Client, Error, LeadsQuery, Listing, Operation};
use crate::domain::{
    CampaignId, Change, Held, HeldReason, KeyId, KeyInfo, LeadId, LeadListId, Link, Step, Thing, UserId, WorkspaceId,
    scope,
};

/// Why a listing could not be had whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Unread {
    pub(super) why: String,
    /// It would have had to wait beyond the run's deadline.
    beyond: bool,
}

impl Unread {
    /// Says why.
    pub(super) fn why(self) -> String {
        self.why
    }

    /// What rests on it is held.
    pub(super) fn held(&self, listing: &str) -> Held {
        if self.beyond {
            return deadline();
        }
        Held::new(
            HeldReason::IncompleteListing,
            format!("the {listing} could not be read completely: {}", self.why),
            "go on with `keyholder resume`; if it stays, look at the workspace in the app",
        )
    }
}

/// Takes the rows of a complete listing.
pub(super) fn whole<T>(listing: Result<Listing<T>, Error>) -> Result<Vec<T>, Unread> {
    match listing {
        Ok(Listing { rows, complete: Ok(()), .. }) => Ok(rows),
        Ok(Listing { complete: Err(why), .. }) => {
            Err(Unread { why: format!("the listing is not complete: {why}"), beyond: false })
        }
        Err(error) => Err(Unread { why: error.to_string(), beyond: matches!(error, Error::BeyondDeadline { .. }) }),
    }
}

/// Who owns each of some things. A thing that is not there has no entry.
pub(super) type Owners<I> = BTreeMap<I, Option<UserId>>;

/// Reads who owns some campaigns.
pub(super) async fn campaigns(
    client: &Client,
    workspace: &WorkspaceId,
    wanted: &BTreeSet<CampaignId>,
) -> Result<Owners<CampaignId>, Unread> {
    let rows = whole(client.campaigns(workspace, |campaign| wanted.contains(&campaign.id)).await)?;
    Ok(rows.into_iter().map(|campaign| (campaign.id, campaign.owned_by)).collect())
}

/// Reads who owns some lead lists.
pub(super) async fn lead_lists(
    client: &Client,
    workspace: &WorkspaceId,
    wanted: &BTreeSet<LeadListId>,
) -> Result<Owners<LeadListId>, Unread> {
    let rows = whole(client.lead_lists(workspace, |list| wanted.contains(&list.id)).await)?;
    Ok(rows.into_iter().map(|list| (list.id, list.owned_by)).collect())
}

/// Reads whom some leads are assigned to.
pub(super) async fn leads(client: &Client, workspace: &WorkspaceId, ids: &[LeadId]) -> Result<Owners<LeadId>, Unread> {
    let wanted: BTreeSet<&LeadId> = ids.iter().collect();
    let query = LeadsQuery::Ids(ids.to_vec());
    let rows = whole(client.leads(workspace, &query, |lead| wanted.contains(&lead.id)).await)?;
    Ok(rows.into_iter().map(|lead| (lead.id, lead.assigned_to)).collect())
}

/// Reads all API keys.
pub(super) async fn keys(client: &Client, workspace: &WorkspaceId) -> Result<Vec<KeyInfo>, Unread> {
    whole(client.keys(workspace).await)
}

/// Reads all links of the group that a workspace heads.
pub(super) async fn links(client: &Client, workspace: &WorkspaceId) -> Result<Vec<Link>, Unread> {
    whole(client.links(workspace).await)
}

/// Says of keys which one is in use, where the list does not say it but it is known which one that is. A secret that is shown whole stands
/// above all that was written down; so does what the key in use has just done, since it listed these keys: one that may not is another.
pub(super) fn told_apart(mut keys: Vec<KeyInfo>, in_use: Option<&KeyId>) -> Vec<KeyInfo> {
    let shown = keys.iter().any(|key| key.in_use == Some(true));
    for key in &mut keys {
        if !shown && key.in_use.is_none() && Some(&key.id) == in_use && may_have_listed(key) {
            key.in_use = Some(true);
        }
    }
    keys
}

/// Tells whether a key may do what the key in use does before its list is read.
fn may_have_listed(key: &KeyInfo) -> bool {
    [Operation::WorkspaceCurrent, Operation::KeyList].iter().all(|call| scope::allows(&key.scopes, call.scopes()))
}

/// The things that some steps hand over, by their kind.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Campaigns.
    pub(super) campaigns: BTreeSet<CampaignId>,
    /// Lead lists.
    pub(super) lead_lists: BTreeSet<LeadListId>,
}

impl Wanted {
    /// Gathers them.
    pub(super) fn of<'a>(steps: impl Iterator<Item = &'a Step>) -> Self {
        let mut wanted = Self::default();
        for step in steps {
            match &step.change {
                Change::HandOver { thing: Thing::Campaign { id, .. }, .. } => {
                    wanted.campaigns.insert(id.clone());
                }
                Change::HandOver { thing: Thing::LeadList { id, .. }, .. } => {
                    wanted.lead_lists.insert(id.clone());
                }
                _ => {}
            }
        }
        wanted
    }
}

/// Whose the things of one step are now.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Whose {
    /// How many there are to be.
    of: usize,
    /// How many are the heir's.
    heirs: usize,
    /// How many are not there any more.
    gone: usize,
    /// How many are somebody else's than the heir's, by their owner; nobody's are under none.
    others: BTreeMap<Option<UserId>, usize>,
}

impl Whose {
    /// Counts whose some things are.
    pub(super) fn of<'a, I: Ord + 'a>(
        ids: impl IntoIterator<Item = &'a I>,
        owners: &Owners<I>,
        to: Option<&UserId>,
    ) -> Self {
        let mut whose = Self::default();
        for id in ids {
            whose.of += 1;
            match owners.get(id) {
                None => whose.gone += 1,
                Some(owner) if owner.is_some() && owner.as_ref() == to => whose.heirs += 1,
                Some(owner) => *whose.others.entry(owner.clone()).or_default() += 1,
            }
        }
        whose
    }

    /// Tells whether all that are there are the heir's. What is gone is nobody's any more; where nothing is left, nobody has it.
    pub(super) fn is_as_asked(&self) -> bool {
        self.heirs > 0 && self.others.is_empty()
    }

    /// Tells whether each that is there is still the leaver's, or the heir's already.
    pub(super) fn is_still_of(&self, by: &UserId) -> bool {
        self.gone < self.of && self.others.keys().all(|owner| owner.as_ref() == Some(by))
    }

    /// As the ledger keeps it.
    pub(super) fn record(&self, thing: &Thing) -> Value {
        match thing {
            Thing::Leads { .. } => json!({ "assigned": self.heirs, "gone": self.gone, "of": self.of }),
            Thing::Campaign { .. } | Thing::LeadList { .. } if self.gone > 0 => json!({ "gone": true }),
            Thing::Campaign { .. } | Thing::LeadList { .. } => {
                json!({ "as_asked": self.is_as_asked(), "other_owner": self.others.keys().next().cloned().flatten() })
            }
        }
    }

    /// Says what is there in place of what was asked.
    pub(super) fn contrary(&self, thing: &Thing) -> String {
        match thing {
            Thing::Leads { .. } => {
                let gone =
                    if self.gone > 0 { format!(", {} are not there any more", self.gone) } else { String::new() };
                format!("only {} of {} leads show the new assignment{gone}", self.heirs, self.of)
            }
            _ if self.gone > 0 => format!("the {thing} is not there any more"),
            _ => match self.others.keys().next().cloned().flatten() {
                Some(owner) => format!("the {thing} shows the owner {owner}"),
                None => format!("the {thing} shows no owner"),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_may_not_list_keys_is_not_the_one_that_just_did() {
        let key = |id: &str, scopes: &[&str]| KeyInfo {
            id: KeyId::parse(id).unwrap(),
            name: id.to_owned(),
            scopes: scopes.iter().map(|&scope| scope.to_owned()).collect(),
            created: "2026-08-01T00:00:00Z".to_owned(),
            in_use: None,
        };
        let keys = || {
            vec![
                key("wide", &["all:all"]),
                key("narrow", &["leads:read"]),
                key("least", &["workspaces:read", "api_keys:read"]),
            ]
        };
        let told = |id: &str| {
            let id = KeyId::parse(id).unwrap();
            told_apart(keys(), Some(&id)).iter().filter(|key| key.in_use == Some(true)).count()
        };
        assert_eq!(["wide", "narrow", "least", "gone"].map(told), [1, 0, 1, 0]);
    }

    #[test]
    fn things_are_as_asked_only_when_each_is_the_heirs_and_still_theirs_only_when_none_is_a_third_ones() {
        let user = |id: &str| Some(UserId::parse(id).unwrap());
        let (to, by) = (user("heir"), user("leaver").unwrap());
        let owners: Owners<u8> = [(1, user("heir")), (2, user("leaver")), (3, user("third")), (4, None)].into();
        let whose = |ids: &[u8]| Whose::of(ids, &owners, to.as_ref());
        assert!(whose(&[1]).is_as_asked() && !whose(&[1, 2]).is_as_asked());
        assert!(whose(&[1, 9]).is_as_asked() && !whose(&[9]).is_as_asked(), "what is gone is nobody's");
        assert!(whose(&[1, 2]).is_still_of(&by) && whose(&[2, 9]).is_still_of(&by));
        for moved in [&[2, 3][..], &[2, 4], &[9]] {
            assert!(!whose(moved).is_still_of(&by), "{moved:?}");
        }
        assert!(!Whose::of(&[4], &owners, None).is_as_asked(), "nobody's is no heir's");
    }
}
