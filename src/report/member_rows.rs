//! What every listing of members says of one: `members` and the table of a bulk report.

use super::cell::Cell;
use crate::domain::{Email, Member, UserId};

/// Columns of who somebody is and as what they are there.
#[cfg(test)]
pub(crate) const WHO: [&str; 7] = ["email", "name", "role", "accepted", "external", "permissions", "since"];

/// Columns of what else their row has.
#[cfg(test)]
pub(crate) const MORE: [&str; 5] = ["nickname", "user_email", "member_id", "user_id", "invited_by"];

/// Cells of a member: who they are and as what, and what else their row has.
pub(crate) fn member(member: &Member, external: Option<bool>) -> ([Cell<'_>; 7], [Cell<'_>; 5]) {
    let Member {
        id,
        email,
        user_id,
        user_email,
        role,
        permissions,
        accepted,
        nickname,
        name,
        issuer_id,
        timestamp_created,
        // The workspace stands in front of every row.
        workspace_id: _,
    } = member;
    let who = [
        Cell::text(email.as_str()),
        Cell::maybe(name.as_deref()),
        Cell::text(role.as_str()),
        Cell::Flag(*accepted),
        external.map_or(Cell::Nothing, Cell::Flag),
        permissions.as_ref().map_or(Cell::Nothing, |all| Cell::list(all.0.iter().map(String::as_str))),
        Cell::text(timestamp_created.as_str()),
    ];
    let more = [
        Cell::maybe(nickname.as_deref()),
        Cell::maybe(user_email.as_ref().map(Email::as_str)),
        Cell::text(id.as_str()),
        Cell::maybe(user_id.as_ref().map(UserId::as_str)),
        Cell::maybe(issuer_id.as_ref().map(UserId::as_str)),
    ];
    (who, more)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Table;
    use crate::report::bulk::columns;
    use crate::report::rows::MEMBER;

    #[test]
    fn both_listings_of_members_name_what_they_share_alike_and_in_its_order() {
        for listing in [MEMBER, columns(Table::Members)] {
            let names: Vec<&str> = listing.iter().map(|column| column.name).collect();
            assert_eq!(names[..3], ["workspace", "workspace_id", "observed_at"]);
            assert_eq!(names[3..10], WHO);
            let more = names.iter().position(|name| *name == MORE[0]).unwrap();
            assert_eq!(names[more..more + MORE.len()], MORE);
        }
    }
}
