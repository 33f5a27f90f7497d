//! The operation table: every call the client can express, with its method, its scopes and what each is for.

use std::fmt;

use super::transport::Method;

/// A call of the API. What is not here cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// `GET /workspaces/current`.
    WorkspaceCurrent,
    /// `GET /workspace-members`.
    MemberList,
    /// `GET /workspace-members/{id}`.
    MemberGet,
    /// `POST /workspace-members`.
    MemberCreate,
    /// `PATCH /workspace-members/{id}`.
    MemberPatch,
    /// `DELETE /workspace-members/{id}`.
    MemberDelete,
}

impl Operation {
    /// All calls.
    pub const ALL: [Self; 6] = [
        Self::WorkspaceCurrent,
        Self::MemberList,
        Self::MemberGet,
        Self::MemberCreate,
        Self::MemberPatch,
        Self::MemberDelete,
    ];

    /// Returns the method.
    pub fn method(self) -> Method {
        match self {
            Self::WorkspaceCurrent | Self::MemberList | Self::MemberGet => Method::Get,
            Self::MemberCreate => Method::Post,
            Self::MemberPatch => Method::Patch,
            Self::MemberDelete => Method::Delete,
        }
    }

    /// Tells whether it changes something.
    pub fn is_write(self) -> bool {
        self.method() != Method::Get
    }

    /// Tells whether its path names an id, so that a 404 means that this id is not there.
    pub fn names_id(self) -> bool {
        match self {
            Self::MemberGet | Self::MemberPatch | Self::MemberDelete => true,
            Self::WorkspaceCurrent | Self::MemberList | Self::MemberCreate => false,
        }
    }

    /// Returns the scopes of which a key needs any one, the narrowest first (contract section 2).
    pub fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::WorkspaceCurrent => &["workspaces:read", "workspaces:all", "all:read", "all:all"],
            Self::MemberList | Self::MemberGet => {
                &["workspace_members:read", "workspace_members:all", "all:read", "all:all"]
            }
            Self::MemberCreate => &["workspace_members:create", "workspace_members:all", "all:create", "all:all"],
            Self::MemberPatch => &["workspace_members:update", "workspace_members:all", "all:update", "all:all"],
            Self::MemberDelete => &["workspace_members:delete", "workspace_members:all", "all:delete", "all:all"],
        }
    }

    /// Returns what it is needed for, as an infinitive: "to invite people".
    pub fn purpose(self) -> &'static str {
        match self {
            Self::WorkspaceCurrent => "to see which workspace the key opens",
            Self::MemberList => "to list members and invitations",
            Self::MemberGet => "to look again at one member",
            Self::MemberCreate => "to invite people",
            Self::MemberPatch => "to change a member's role",
            Self::MemberDelete => "to remove members and to withdraw invitations",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WorkspaceCurrent => "GET /workspaces/current",
            Self::MemberList => "GET /workspace-members",
            Self::MemberGet => "GET /workspace-members/{id}",
            Self::MemberCreate => "POST /workspace-members",
            Self::MemberPatch => "PATCH /workspace-members/{id}",
            Self::MemberDelete => "DELETE /workspace-members/{id}",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_says_its_method_and_needs_a_scope_of_its_kind() {
        for operation in Operation::ALL {
            assert!(operation.to_string().starts_with(operation.method().as_str()), "{operation}");
            assert_eq!(operation.names_id(), operation.to_string().ends_with("{id}"), "{operation}");
            let action = match operation.method() {
                Method::Get => ":read",
                Method::Post => ":create",
                Method::Patch => ":update",
                Method::Delete => ":delete",
            };
            assert!(operation.scopes()[0].ends_with(action), "{operation}");
            assert_eq!(operation.scopes().len(), 4, "{operation}");
        }
    }
}
