//! The rules, one file each: every one says what is to be said against the keys of one workspace, and what it cannot tell.
//!
//! A rule is a pure function of the bench; it knows no other rule, no severity and no acceptance. Each file ends with a sample on which
//! the rule fires and one on which it keeps silent.

mod bad_name;
mod duplicate_name;
mod expired;
mod grants_access;
mod key_age;
mod key_idle;
mod key_too_wide;
mod made_outside;
mod maker_left;
mod no_owner;
mod opens_another;
mod register_stale;
mod replaced_left;
mod resource_wide;
mod rotate_by;
mod shared_secret;
mod undocumented_scope;
mod wildcard_scope;

pub use expired::expired;

use super::bench::{Bench, Said};
use crate::domain::FindingCode;

/// A rule.
pub(super) type Rule = fn(&Bench, &mut Vec<Said>);

/// Returns the rule of a code; none for what is no matter of one workspace.
pub(super) fn of(code: FindingCode) -> Option<Rule> {
    Some(match code {
        FindingCode::WildcardScope => wildcard_scope::judge,
        FindingCode::ResourceWide => resource_wide::judge,
        FindingCode::GrantsAccess => grants_access::judge,
        FindingCode::KeyAge => key_age::judge,
        FindingCode::KeyIdle => key_idle::judge,
        FindingCode::DuplicateName => duplicate_name::judge,
        FindingCode::BadName => bad_name::judge,
        FindingCode::NoOwner => no_owner::judge,
        FindingCode::MakerLeft => maker_left::judge,
        FindingCode::ReplacedLeft => replaced_left::judge,
        FindingCode::MadeOutside => made_outside::judge,
        FindingCode::SharedSecret => shared_secret::judge,
        FindingCode::OpensAnother => opens_another::judge,
        FindingCode::KeyTooWide => key_too_wide::judge,
        FindingCode::UndocumentedScope => undocumented_scope::judge,
        FindingCode::RotateBy => rotate_by::judge,
        FindingCode::RegisterStale => register_stale::judge,
        // It is no matter of one workspace; the others are not about keys.
        _ => return None,
    })
}

/// Tells whether a rule is about how the workspace is reached, and not about the list of its keys.
pub(super) fn is_about_reach(code: FindingCode) -> bool {
    matches!(code, FindingCode::OpensAnother | FindingCode::SharedSecret)
}

#[cfg(test)]
pub(super) mod samples;
