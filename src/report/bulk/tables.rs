//! The columns of the tables of a report, which of them hold numbers, and the rows.
//!
//! Names and order of columns are stable; `keyholder help reports` says what each means. Rows are made of one [`Inventory`] and stand in an order
//! that does not hang on how the API listed them. The trail is not kept in an inventory: its rows are made one by one with [`trail_row`].

use std::io;

use crate::domain::{Inventory, Table};
use crate::report::bulk::context::Context;
use crate::report::cell::{Cell, Column};

/// Makes the columns of a table: those every table begins with, and its own.
macro_rules! columns {
    ($($name:literal),* $(,)?) => {
        &[
            Column::shown("workspace"),
            Column::shown("workspace_id"),
            Column::shown("observed_at"),
            $(Column::shown($name)),*
        ]
    };
}

mod accounts;
mod campaigns;
mod carrying;
mod found;
mod keys;
mod members;
mod tags;
mod things;
mod trail;

pub use campaigns::counts_of;
pub use trail::trail_row;

pub(crate) use accounts::{in_order as accounts_in_order, score as warmup_score, sent_over};
pub(crate) use campaigns::{Listed, in_order as campaigns_in_order, owner as campaign_owner, whole_days};
pub(crate) use members::{in_order as members_in_order, last_login};

/// The columns every table begins with.
pub const COMMON: &[Column] = columns![];

/// Takes the cells of one row. It may refuse one, as a full disk does, and then no more are made.
pub type Take<'t> = &'t mut dyn FnMut(&[Cell<'_>]) -> io::Result<()>;

/// Returns the columns of a table; the first three are those of every table.
pub fn columns(table: Table) -> &'static [Column] {
    match table {
        Table::Members => members::COLUMNS,
        Table::Keys => keys::COLUMNS,
        Table::Tags => tags::TAGS,
        Table::Groups => tags::GROUPS,
        Table::Campaigns => campaigns::CAMPAIGNS,
        Table::CampaignDays => campaigns::DAYS,
        Table::Accounts => accounts::ACCOUNTS,
        Table::AccountDays => accounts::DAYS,
        Table::Trail => trail::COLUMNS,
        Table::Billing => things::BILLING,
        Table::Webhooks => things::WEBHOOKS,
        Table::Lists => things::LISTS,
        Table::Jobs => things::JOBS,
    }
}

/// Tells whether a column of a table holds numbers, or nothing: a workbook wants to know. All other columns hold text.
pub fn is_number(table: Table, column: &str) -> bool {
    let numbers: &[&str] = match table {
        Table::Members | Table::Keys | Table::Groups | Table::Lists => &[],
        Table::Tags => tags::TAG_NUMBERS,
        Table::Campaigns => return campaigns::is_number(column),
        Table::CampaignDays => campaigns::DAY_NUMBERS,
        Table::Accounts => accounts::ACCOUNT_NUMBERS,
        Table::AccountDays => accounts::DAY_NUMBERS,
        Table::Trail => trail::NUMBERS,
        Table::Billing => things::BILLING_NUMBERS,
        Table::Webhooks => things::WEBHOOK_NUMBERS,
        Table::Jobs => things::JOB_NUMBERS,
    };
    numbers.contains(&column)
}

/// Makes the rows of a table. Of the trail there are none here: its lines have passed by before there was an inventory.
pub fn rows(table: Table, inventory: &Inventory, context: &Context, take: Take<'_>) -> io::Result<()> {
    match table {
        Table::Members => members::rows(inventory, context, take),
        Table::Keys => keys::rows(inventory, context, take),
        Table::Tags => tags::tags(inventory, context, take),
        Table::Groups => tags::links(inventory, context, take),
        Table::Campaigns => campaigns::rows(inventory, context, take),
        Table::CampaignDays => campaigns::days(inventory, context, take),
        Table::Accounts => accounts::rows(inventory, context, take),
        Table::AccountDays => accounts::days(inventory, context, take),
        Table::Trail => Ok(()),
        Table::Billing => things::billing(inventory, context, take),
        Table::Webhooks => things::webhooks(inventory, context, take),
        Table::Lists => things::lists(inventory, context, take),
        Table::Jobs => things::jobs(inventory, context, take),
    }
}

/// Hands one row on: how every row begins, and the rest of it.
fn put<'a>(context: &'a Context, take: Take<'_>, rest: impl IntoIterator<Item = Cell<'a>>) -> io::Result<()> {
    let rest = rest.into_iter();
    let mut cells = Vec::with_capacity(COMMON.len() + rest.size_hint().0);
    cells.extend(context.stamp.cells());
    cells.extend(rest);
    take(&cells)
}

#[cfg(test)]
mod tests;
