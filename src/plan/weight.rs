//! What of a plan wants more than a yes, counted by kind: what is removed, handed over, taken off, deleted, given away.
//!
//! Owns the words of it. Which steps these are, the step itself says ([`crate::domain::Step::needs_typing`]).

use super::Plan;
use crate::domain::{Change, ResourceKind, TagChange};

/// How much of each kind a plan will send.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
pub struct Weight {
    /// Members, invitations, admin rights, keys and links that go.
    pub removals: usize,
    /// What is somebody's and becomes somebody else's.
    pub hand_overs: usize,
    /// Keys that are deleted because another one took their place.
    pub replaced_keys: usize,
    /// Accounts that lose a tag.
    pub untagged_accounts: usize,
    /// Campaigns that lose a tag.
    pub untagged_campaigns: usize,
    /// Tags that are deleted.
    pub deleted_tags: usize,
    /// Workspaces that get another owner.
    pub transfers: usize,
}

impl Weight {
    /// Weighs what a plan will send.
    pub fn of(plan: &Plan) -> Self {
        let mut weight = Self {
            removals: plan.removals(),
            hand_overs: plan.hand_overs(),
            replaced_keys: plan.replaced_keys(),
            transfers: plan.transfers(),
            ..Self::default()
        };
        for item in plan.items.iter().filter(|item| item.sends()) {
            match &item.step.change {
                Change::Tag(TagChange::Delete { .. }) => weight.deleted_tags += 1,
                Change::Tag(TagChange::Assign { on, resources, assign: false, .. }) => {
                    *match on {
                        ResourceKind::Account => &mut weight.untagged_accounts,
                        ResourceKind::Campaign => &mut weight.untagged_campaigns,
                    } += resources.len();
                }
                _ => {}
            }
        }
        weight
    }

    /// Says what the plan does, each kind it has: `takes a tag off 4 accounts and deletes 2 tags`.
    pub fn words(&self) -> String {
        let Self {
            removals,
            hand_overs,
            replaced_keys,
            untagged_accounts,
            untagged_campaigns,
            deleted_tags,
            transfers,
        } = *self;
        let of = |count: usize, (one, several): (&str, &str), behind: &str| {
            let word = if count == 1 { one } else { several };
            (count > 0).then(|| format!("{count} {word}{behind}"))
        };
        let all = |verb: &str, told: Vec<Option<String>>| {
            let told: Vec<String> = told.into_iter().flatten().collect();
            (!told.is_empty()).then(|| format!("{verb} {}", told.join(" and ")))
        };
        let has = vec![
            of(removals, ("removal", "removals"), ""),
            of(hand_overs, ("hand-over", "hand-overs"), ""),
            of(replaced_keys, ("replaced key", "replaced keys"), " that it revokes"),
        ];
        let untagged = vec![
            of(untagged_accounts, ResourceKind::Account.words(), ""),
            of(untagged_campaigns, ResourceKind::Campaign.words(), ""),
        ];
        let given = of(transfers, ("workspace", "workspaces"), " to somebody else (a transfer of ownership)");
        let told: Vec<String> = [
            all("has", has),
            all("takes a tag off", untagged),
            all("deletes", vec![of(deleted_tags, ("tag", "tags"), "")]),
            all("gives", vec![given]),
        ]
        .into_iter()
        .flatten()
        .collect();
        match &told[..] {
            // A kind that nobody taught this to count is weighed all the same.
            [] => "has steps that want a person's eyes".to_owned(),
            told => told.join(" and "),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Disposition, ResourceId, RestsOn, Step, TagId, WorkspaceId, WorkspaceName};
    use crate::plan::{Item, Planned};

    fn plan(changes: Vec<TagChange>) -> Plan {
        let (name, id) = (WorkspaceName::parse("acme").unwrap(), WorkspaceId::parse("w1").unwrap());
        let item = |change| {
            let step = Step::new(&name, &id, Change::Tag(change), RestsOn::NoTag);
            Item { step, disposition: Disposition::Send }
        };
        let items = changes.into_iter().map(item).collect();
        Plan::of(vec![Planned { name: name.to_string(), id: id.clone(), members: 2 }], items, Vec::new())
    }

    fn off(of: usize, on: ResourceKind) -> TagChange {
        let resources = (0..of).map(|one| ResourceId::parse(&format!("r{one}")).unwrap()).collect();
        TagChange::Assign { label: "VIP".to_owned(), on, resources, assign: false }
    }

    #[test]
    fn whatever_wants_typing_is_told_with_its_number() {
        let deleted = TagChange::Delete { tag: TagId::parse("t-1").unwrap(), label: "Old".to_owned() };
        let told = |changes: Vec<TagChange>| {
            let plan = plan(changes);
            assert!(plan.needs_typing());
            Weight::of(&plan).words()
        };
        assert_eq!(told(vec![off(4, ResourceKind::Account)]), "takes a tag off 4 accounts");
        assert_eq!(told(vec![deleted.clone()]), "deletes 1 tag");
        assert_eq!(
            told(vec![off(1, ResourceKind::Campaign), off(2, ResourceKind::Account), deleted]),
            "takes a tag off 2 accounts and 1 campaign and deletes 1 tag"
        );
        assert!(!Weight::default().words().is_empty(), "no question is asked of nothing");
    }
}
