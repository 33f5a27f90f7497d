//! What should be, for one person in one workspace.

use crate::domain::{Email, PermissionWish, Role};

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
            Self::Present { email, .. } | Self::Absent { email } | Self::Reinvited { email } => email,
        }
    }
}
