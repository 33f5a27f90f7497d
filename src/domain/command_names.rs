//! The commands that speak with a client's key, by the words they are typed with.
//!
//! Owns the names alone, so that files can name commands and be checked. Which calls each of them makes stands beside the operation table of
//! the client.

/// The commands, reading ones first; what a ledger tells alone asks nobody and is not among them.
pub const COMMAND_NAMES: [&str; 39] = [
    "check",
    "pin",
    "members",
    "person",
    "leavers",
    "verify",
    "keys",
    "keys audit",
    "keys adopt",
    "tags",
    "tags audit",
    "tags show",
    "campaigns",
    "accounts",
    "accounts owners audit",
    "groups",
    "groups coverage",
    "discover",
    "owner show",
    "access",
    "trail",
    "trail export",
    "report",
    "onboard",
    "keys create",
    "tags sync",
    "tags assign",
    "groups invite",
    "offboard",
    "members reinvite",
    "undo",
    "keys revoke",
    "keys rotate",
    "tags unassign",
    "accounts owners sync",
    "groups remove",
    "owner transfer",
    "apply",
    "resume",
];

/// Tells whether a command of this name speaks with a client's key.
pub fn is_command(name: &str) -> bool {
    COMMAND_NAMES.contains(&name)
}
