//! What the rows of all these lists have in common: an id, a workspace, and people who must not be mistaken for nobody.

use std::borrow::Cow;

use crate::api::page::Incomplete;
use crate::api::wire::{Reference, Text};
use crate::domain::id::{BadId, could_be_id};
use crate::domain::{UserId, WorkspaceId};

/// Takes the id of a row.
pub(super) fn id<T>(text: &Text<'_>, parse: impl Fn(&str) -> Result<T, BadId>) -> Result<T, Incomplete> {
    text.filled().and_then(|id| parse(id).ok()).ok_or(Incomplete::IdUnusable)
}

/// Takes the id of a row that never enters a path, by the same rule as those that do.
pub(super) fn opaque(text: &Text<'_>) -> Result<String, Incomplete> {
    text.filled().filter(|id| fits(id)).map(str::to_owned).ok_or(Incomplete::IdUnusable)
}

/// Takes the id of a row that never enters a path, as it stands in its page.
pub(super) fn borrowed(text: Text<'_>) -> Result<Cow<'_, str>, Incomplete> {
    text.0.filter(|id| fits(id)).ok_or(Incomplete::IdUnusable)
}

/// Tells whether a text could be an id.
pub(super) fn fits(text: &str) -> bool {
    could_be_id(text)
}

/// Makes sure that a row is of the expected workspace. One that says nothing is of none.
pub(super) fn of(workspace: &Text<'_>, expected: &WorkspaceId, id: &str) -> Result<(), Incomplete> {
    match workspace.filled() {
        Some(seen) if seen == expected.as_str() => Ok(()),
        _ => Err(Incomplete::OtherWorkspace { id: shown(id) }),
    }
}

/// Takes whom a row refers to. What is there and names nobody is not nobody: the listing cannot tell whose the row is.
pub(super) fn person(who: &Reference<'_>, id: &str, field: &'static str) -> Result<Option<UserId>, Incomplete> {
    match who {
        Reference::Nothing => Ok(None),
        Reference::To(text) => UserId::parse(text).map(Some).map_err(|_odd| lacks(id, field)),
        Reference::Odd => Err(lacks(id, field)),
    }
}

/// Takes whom a row refers to, where nothing is decided by it: what names nobody is nobody.
pub(super) fn hint(who: &Reference<'_>) -> Option<UserId> {
    match who {
        Reference::To(text) => UserId::parse(text).ok(),
        Reference::Nothing | Reference::Odd => None,
    }
}

/// Says that a row lacks what it must say.
pub(super) fn lacks(id: &str, field: &'static str) -> Incomplete {
    Incomplete::Lacks { id: shown(id), field }
}

/// Reads a number; the API may write integers as floats (contract section 12.12), which [`Text`] already made whole.
pub(super) fn number<T: std::str::FromStr>(text: &Text<'_>) -> Option<T> {
    text.filled()?.parse().ok()
}

/// Rounds a number to a whole one; none where it is no number that fits.
pub(super) fn rounded(number: f64) -> Option<i64> {
    // Whole numbers up to 2^53 print as themselves.
    format!("{:.0}", number.is_finite().then_some(number)?).parse().ok()
}

/// Reads a truth value; none where it is none.
pub(super) fn truth(text: &Text<'_>) -> Option<bool> {
    text.filled()?.parse().ok()
}

/// Returns a text; none where it is missing or blank.
pub(super) fn told(text: &Text<'_>) -> Option<String> {
    text.filled().map(str::to_owned)
}

/// Returns a text, empty where there is none.
pub(super) fn text(text: Text<'_>) -> String {
    text.0.unwrap_or_default().into_owned()
}

fn shown(id: &str) -> String {
    id.chars().take(128).collect()
}
