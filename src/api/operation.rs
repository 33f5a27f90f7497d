//! The operation table: every call the client can express, with its scopes.

use std::fmt;

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
