//! The columns of the tables of a report, and which of them hold numbers.

use crate::domain::Table;
use crate::report::cell::Column;

/// Returns the columns of a table; the first three are those of every table.
pub fn columns(table: Table) -> &'static [Column] {
    match table {
        Table::Members
        | Table::Keys
        | Table::Tags
        | Table::Groups
        | Table::Campaigns
        | Table::CampaignDays
        | Table::Accounts
        | Table::AccountDays
        | Table::Trail
        | Table::Billing
        | Table::Webhooks
        | Table::Lists
        | Table::Jobs => COMMON,
    }
}

/// The columns every table begins with.
pub const COMMON: &[Column] =
    &[Column::shown("workspace"), Column::shown("workspace_id"), Column::shown("observed_at")];
