//! The trail: one row a record, made while its page is in memory. Of millions nothing is kept, and nothing is copied.

use std::borrow::Cow;

use crate::domain::TrailLine;
use crate::domain::codes::ACTIVITY;
use crate::report::bulk::context::Stamp;
use crate::report::cell::{Cell, Column};

pub(super) const COLUMNS: &[Column] = columns![
    "record_id",
    "at",
    "activity",
    "activity_code",
    "user_id",
    "user_name",
    "api_key_id",
    "from_api",
    "ip_address",
    "user_agent",
    "affected",
    "campaign_id",
    "subsequence_id",
    "list_id",
    "webhook_id",
    "metadata",
];

pub(super) const NUMBERS: &[&str] = &["activity_code", "affected"];

/// Makes the cells of one record, each borrowed.
pub fn trail_row<'a>(line: &'a TrailLine<'a>, stamp: &'a Stamp) -> [Cell<'a>; 19] {
    let TrailLine {
        id,
        at,
        activity,
        user_id,
        user_name,
        api_key_id,
        from_api,
        ip_address,
        user_agent,
        affected,
        campaign_id,
        subsequence_id,
        list_id,
        webhook_id,
        metadata,
    } = line;
    let maybe = |text: &'a Option<Cow<'a, str>>| Cell::maybe(text.as_deref());
    let [workspace, workspace_id, observed_at] = stamp.cells();
    [
        workspace,
        workspace_id,
        observed_at,
        Cell::text(&**id),
        Cell::text(&**at),
        Cell::text(ACTIVITY.word(*activity)),
        Cell::Signed(*activity),
        maybe(user_id),
        maybe(user_name),
        maybe(api_key_id),
        from_api.map_or(Cell::Nothing, Cell::Flag),
        maybe(ip_address),
        maybe(user_agent),
        Cell::count(*affected),
        maybe(campaign_id),
        maybe(subsequence_id),
        maybe(list_id),
        maybe(webhook_id),
        maybe(metadata),
    ]
}
