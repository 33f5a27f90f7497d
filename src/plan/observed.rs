//! What the API said of one workspace.

use std::collections::BTreeSet;

pub use crate::domain::belongings::Activity;
use crate::domain::{
    Campaign, Job, KeyInfo, Lead, LeadList, Member, Mode, SendingAccount, TrailRecord, UserId, Webhook, WorkspaceId,
    WorkspaceName,
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
