//! Rows of who has access where, and of what changed.

use jiff::Timestamp;

use super::cell::{Cell, Column};
use crate::domain::{Member, WorkspaceId};

/// Columns of `access`.
pub const ACCESS: &[Column] = &[
    Column::shown("workspace"),
    Column::detail("workspace_id"),
    Column::detail("observed_at"),
    Column::shown("email"),
    Column::shown("role"),
    Column::shown("accepted"),
    Column::shown("external"),
    Column::detail("permissions"),
    Column::day("since"),
    Column::day("last_login"),
    Column::shown("last_login_source"),
];

/// When somebody last logged in, and where that is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LastLogin {
    /// A record says so.
    At(Timestamp),
    /// A record says so, and the trail was not read whole: there may be a later one.
    AtOrLater(Timestamp),
    /// The trail was read whole and has none since: older ones may be gone from it.
    NoneSince(Timestamp),
    /// The trail was not read whole.
    NotReadable,
    /// Which account is theirs is not known, so no record can be tied to them.
    NoAccount,
    /// It was not asked.
    NotAsked,
}

impl LastLogin {
    fn at(&self) -> Option<Timestamp> {
        match self {
            Self::At(at) | Self::AtOrLater(at) => Some(*at),
            Self::NoneSince(_) | Self::NotReadable | Self::NoAccount | Self::NotAsked => None,
        }
    }

    fn source(&self) -> String {
        match self {
            Self::At(_) => "trail".to_owned(),
            Self::AtOrLater(_) => "trail, or later: not read whole".to_owned(),
            Self::NoneSince(since) => {
                format!("none recorded since {}", since.to_zoned(jiff::tz::TimeZone::UTC).date())
            }
            Self::NotReadable => "trail not readable".to_owned(),
            Self::NoAccount => "account not known".to_owned(),
            Self::NotAsked => "not asked".to_owned(),
        }
    }
}

/// Cells of one person in one workspace.
pub fn access<'a>(
    workspace: &'a str,
    observed_at: &'a str,
    member: &'a Member,
    external: Option<bool>,
    login: &LastLogin,
) -> Vec<Cell<'a>> {
    vec![
        Cell::text(workspace),
        Cell::text(member.workspace_id.as_str()),
        Cell::text(observed_at),
        Cell::text(member.email.as_str()),
        Cell::text(member.role.as_str()),
        Cell::Flag(member.accepted),
        external.map_or(Cell::Nothing, Cell::Flag),
        member.permissions.as_ref().map_or(Cell::Nothing, |p| Cell::list(p.0.iter().map(String::as_str))),
        Cell::text(member.timestamp_created.as_str()),
        Cell::maybe(login.at().map(|at| at.to_string())),
        Cell::text(login.source()),
    ]
}

/// Columns of `access --changes-since`; a terminal has lines that are drawn by its width instead.
pub const CHANGE: &[Column] = &[
    Column::shown("workspace"),
    Column::detail("workspace_id"),
    Column::detail("observed_at"),
    Column::shown("email"),
    Column::shown("change"),
    Column::shown("before"),
    Column::shown("after"),
    Column::shown("by"),
    Column::shown("not_before"),
    Column::shown("not_after"),
    Column::shown("operator"),
    Column::shown("reason"),
    Column::shown("note"),
];

/// One change as it is told, or what cannot be told: of a person, or with none of a workspace.
#[derive(Debug, Clone, Default)]
pub struct ChangeRow {
    /// The workspace's name in our files.
    pub workspace: String,
    /// Its identity.
    pub workspace_id: Option<WorkspaceId>,
    /// When it was looked at last.
    pub observed_at: Option<Timestamp>,
    /// Who.
    pub email: Option<String>,
    /// What: gained, lost, changed; `not known` where it cannot be told.
    pub change: &'static str,
    /// As what before.
    pub before: Option<String>,
    /// As what afterwards.
    pub after: Option<String>,
    /// It was not before this moment.
    pub not_before: Option<Timestamp>,
    /// And not after this one.
    pub not_after: Option<Timestamp>,
    /// By whom: a run's id, or words.
    pub by: Option<String>,
    /// Who ran it.
    pub operator: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// What else is to be said.
    pub note: Option<String>,
}

/// Cells of one change.
pub fn change(row: &ChangeRow) -> Vec<Cell<'_>> {
    let moment = |at: Option<Timestamp>| Cell::maybe(at.map(second));
    vec![
        Cell::text(row.workspace.as_str()),
        Cell::maybe(row.workspace_id.as_ref().map(WorkspaceId::as_str)),
        moment(row.observed_at),
        Cell::maybe(row.email.as_deref()),
        Cell::text(row.change),
        Cell::maybe(row.before.as_deref()),
        Cell::maybe(row.after.as_deref()),
        Cell::maybe(row.by.as_deref()),
        moment(row.not_before),
        moment(row.not_after),
        Cell::maybe(row.operator.as_deref()),
        Cell::maybe(row.reason.as_deref()),
        Cell::maybe(row.note.as_deref()),
    ]
}

pub(super) fn second(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}
