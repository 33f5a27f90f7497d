//! What the API said of one workspace.

use crate::domain::{Member, Mode, UserId, WorkspaceId, WorkspaceName};

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
