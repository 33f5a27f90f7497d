//! The commands that speak with a client's key, by the words they are typed with.
//!
//! Owns the names alone, so that files can name commands and be checked. Which calls each of them makes stands beside the operation table of
//! the client.

use super::Mode;

/// The commands, reading ones first; what a ledger tells alone asks nobody and is not among them.
pub const COMMAND_NAMES: [&str; 39] = [
    "check",
    "pin",
    "members",
    "access",
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

/// Those that remove, revoke or transfer: a workspace to which may only be added allows none of them.
const TAKING: [&str; 9] = [
    "offboard",
    "members reinvite",
    "undo",
    "keys revoke",
    "keys rotate",
    "tags unassign",
    "accounts owners sync",
    "groups remove",
    "owner transfer",
];

/// Returns the commands that a workspace's mode allows.
pub fn commands_of(mode: Mode) -> Vec<&'static str> {
    let allowed = |name: &&str| match mode {
        Mode::Off => false,
        Mode::Observe => is_reading(name),
        Mode::AddOnly => !TAKING.contains(name),
        Mode::Manage => true,
    };
    COMMAND_NAMES.into_iter().filter(allowed).collect()
}

/// Tells whether a command only reads: those stand before the first that writes.
fn is_reading(name: &str) -> bool {
    COMMAND_NAMES.iter().take_while(|other| **other != FIRST_WRITING).any(|other| *other == name)
}

/// The first command that writes.
const FIRST_WRITING: &str = "onboard";

/// Tells whether a command of this name speaks with a client's key.
pub fn is_command(name: &str) -> bool {
    COMMAND_NAMES.contains(&name)
}
