//! What should be, for one person in one workspace.

use std::collections::BTreeSet;

use crate::domain::{Email, PermissionWish, Role, UserId};

/// What access a person should have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessWish {
    /// This role and these permissions.
    Fixed {
        /// The role.
        role: Role,
        /// The permissions.
        permissions: PermissionWish,
    },
    /// What this colleague has in the same workspace.
    Like(Email),
}

/// How a person leaves, besides losing their membership.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Leave {
    /// Who is to have their campaigns, lead lists and leads; none leaves them where they are.
    pub heir: Option<Email>,
    /// Whether keys that the trail ties to them are revoked.
    pub revoke_keys: bool,
    /// Their last day, where it is not over yet: everything is planned, and held until then.
    pub until: Option<jiff::civil::Date>,
    /// Accounts the ledger knows them by in this workspace: what they own can be told though their row is gone.
    pub known_accounts: BTreeSet<UserId>,
}

/// One wish. A person has at most one in a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wish {
    /// The person should be a member, or be invited.
    Present {
        /// Who.
        email: Email,
        /// With what access.
        access: AccessWish,
        /// Nickname of a new invitation.
        nickname: Option<String>,
    },
    /// The person should have neither membership nor invitation.
    Absent {
        /// Who.
        email: Email,
    },
    /// The person should have left: handed over, keys revoked, neither membership nor invitation.
    Left {
        /// Who.
        email: Email,
        /// How.
        leave: Leave,
    },
    /// The person's open invitation should be withdrawn and sent again (there is no resend endpoint, contract section 8).
    Reinvited {
        /// Who.
        email: Email,
    },
}

impl Wish {
    /// Returns whom it is about.
    pub fn subject(&self) -> &Email {
        match self {
            Self::Present { email, .. }
            | Self::Absent { email }
            | Self::Left { email, .. }
            | Self::Reinvited { email } => email,
        }
    }
}
