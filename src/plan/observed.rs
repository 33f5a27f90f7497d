//! What the API said of one workspace.

use std::collections::{BTreeMap, BTreeSet};

pub use crate::domain::belongings::Activity;
use crate::domain::{
    Campaign, Job, KeyInfo, Lead, LeadList, Link, Member, Mode, ResourceId, ResourceKind, SendingAccount, Tag, TagId,
    TrailRecord, UserId, Webhook, WorkspaceId, WorkspaceName,
};

/// One workspace as it was seen.
#[derive(Debug, Clone)]
pub struct Observed {
    /// Its name in our files.
    pub workspace: WorkspaceName,
    /// Its identity, as pinned and as the key says.
    pub id: WorkspaceId,
    /// What may be done there.
    pub mode: Mode,
    /// The owner's account.
    pub owner: Option<UserId>,
    /// The member rows, memberships and open invitations.
    pub members: Vec<Member>,
    /// Why the listing is not complete; only a complete listing can prove an absence (design section 5).
    pub incomplete: Option<String>,
    /// Whether it is reached as a sub workspace, with the key of another one: then the key in use is not in its list.
    pub acts_as: bool,
    /// What some people own, made or started there; none where nobody's was asked for.
    pub belongings: Option<Box<Belongings>>,
    /// Its tags, and what could carry them; none where nobody asked.
    pub tagging: Option<Box<Tagging>>,
    /// The links of the group it heads; none where nobody asked.
    pub links: Option<Box<Found<Link>>>,
}

/// The tags of one workspace, what carries them, and what could.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tagging {
    /// All tags.
    pub tags: Found<Tag>,
    /// The campaigns; empty where they were not asked for.
    pub campaigns: Found<Campaign>,
    /// The sending accounts; empty where they were not asked for.
    pub accounts: Found<SendingAccount>,
    /// What carries each tag that was asked for, by its id; accounts as [`ResourceId::folded`] writes them.
    pub carried: BTreeMap<TagId, BTreeSet<(ResourceKind, ResourceId)>>,
    /// How much carries each tag, of every tag, where the whole list of mappings was read: campaigns and accounts.
    pub counts: BTreeMap<TagId, Carried>,
    /// Why `carried` and `counts` may lack something.
    pub carried_incomplete: Option<String>,
}

/// How much carries a tag.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Carried {
    /// Campaigns.
    pub campaigns: usize,
    /// Sending accounts.
    pub accounts: usize,
    /// Things of a kind this version does not know.
    pub others: usize,
}

impl Carried {
    /// Counts everything that carries it.
    pub fn all(self) -> usize {
        self.campaigns + self.accounts + self.others
    }
}

impl Tagging {
    /// Tells whether a resource carries a tag, as far as it was read.
    pub fn carries(&self, tag: &TagId, kind: ResourceKind, resource: &ResourceId) -> bool {
        self.carried.get(tag).is_some_and(|carrying| carrying.contains(&(kind, resource.folded(kind))))
    }

    /// Notes that a resource carries a tag.
    pub fn note(&mut self, tag: TagId, kind: ResourceKind, resource: &ResourceId) {
        self.carried.entry(tag).or_default().insert((kind, resource.folded(kind)));
    }

    /// Finds the tags of a label: older duplicates exist (contract section 6).
    pub fn called<'a>(&'a self, label: &'a str) -> impl Iterator<Item = &'a Tag> {
        self.tags.rows.iter().filter(move |tag| tag.is_called(label))
    }
}

/// What one listing of belongings showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<T> {
    /// The rows that were kept.
    pub rows: Vec<T>,
    /// Why it is not all there is, where it is not: what is counted here is then a bound.
    pub incomplete: Option<String>,
}

impl<T> Default for Found<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), incomplete: None }
    }
}

/// What people own, made or started in one workspace (contract section 11, what a removed member leaves behind).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Belongings {
    /// Whose was looked for; of everybody else nothing is kept but keys and webhooks.
    pub accounts: BTreeSet<UserId>,
    /// Campaigns that one of them owns or made.
    pub campaigns: Found<Campaign>,
    /// Lead lists that one of them owns.
    pub lead_lists: Found<LeadList>,
    /// Leads assigned to one of them.
    pub leads: Found<Lead>,
    /// Sending accounts that one of them added.
    pub sending_accounts: Found<SendingAccount>,
    /// All API keys: what no record ties to a creator is a finding too.
    pub keys: Found<KeyInfo>,
    /// All webhooks, for the same reason.
    pub webhooks: Found<Webhook>,
    /// Background jobs that one of them started.
    pub jobs: Found<Job>,
    /// Records of the trail about one of them: always those of made keys and webhooks; where everything was asked for, also logins, second
    /// factors, exports and the last one of any kind.
    pub trail: Found<TrailRecord>,
    /// When each key was last used, as far as the trail tells; none where it was not asked for.
    pub activity: Option<Activity>,
    /// Whether everything was asked for, or only what an offboarding needs.
    pub whole_trail: bool,
}

impl Observed {
    /// Counts the accepted admins; the owner and open invitations do not count.
    pub fn acting_admins(&self) -> usize {
        self.members.iter().filter(|member| member.is_acting_admin()).count()
    }

    /// Finds a row by its id.
    pub fn row(&self, id: &crate::domain::MemberId) -> Option<&Member> {
        self.members.iter().find(|member| member.id == *id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_carries_a_tag_however_it_is_written() {
        let (tag, of) = (TagId::parse("t1").unwrap(), |text| ResourceId::parse(text).unwrap());
        let mut tagging = Tagging::default();
        tagging.note(tag.clone(), ResourceKind::Account, &of("Ann@Mail.example"));
        tagging.note(tag.clone(), ResourceKind::Campaign, &of("c-A"));
        assert!(tagging.carries(&tag, ResourceKind::Account, &of("ANN@mail.example")));
        assert!(tagging.carries(&tag, ResourceKind::Campaign, &of("c-A")));
        assert!(!tagging.carries(&tag, ResourceKind::Campaign, &of("c-a")), "an id is not folded");
    }
}
