//! From what was read of a workspace to its rows and facts: the seam between the lanes and `report::bulk`.

use std::collections::BTreeMap;
use std::io;

use super::asked::Asked;
use crate::cli::keys::list::to_the_second;
use crate::domain::{Fleet, Inventory, Table, TrailLine};
use crate::report::Cell;
use crate::report::bulk::Facts;
use crate::report::bulk::facts::TableFact;
use crate::run::Target;

/// What rows are made with beside the inventory.
#[derive(Debug)]
pub struct Context {
    workspace: String,
    workspace_id: String,
    observed_at: String,
    labels: BTreeMap<String, String>,
    tables: Vec<Table>,
}

/// Gathers it.
pub fn context(fleet: &Fleet, asked: &Asked, target: &Target, inventory: &Inventory) -> Context {
    Context {
        workspace: target.name.to_string(),
        workspace_id: inventory.identity.id.to_string(),
        observed_at: to_the_second(inventory.at).to_string(),
        labels: labels(fleet, target),
        tables: asked.tables().collect(),
    }
}

/// Returns the labels of a workspace in our files.
pub fn labels(fleet: &Fleet, target: &Target) -> BTreeMap<String, String> {
    fleet.workspace(&target.name).map(|workspace| workspace.labels.clone()).unwrap_or_default()
}

/// Makes the facts.
pub fn facts(inventory: &Inventory, context: &Context) -> Facts {
    let mut tables = BTreeMap::new();
    for table in &context.tables {
        let (rows, incomplete) = match (table, &inventory.members, &inventory.trail) {
            (Table::Members, Some(members), _) => (members.value.len() as u64, members.incomplete.clone()),
            (Table::Trail, _, Some(trail)) => (trail.value.records, trail.incomplete.clone()),
            _ => (0, None),
        };
        tables.insert(*table, TableFact { rows, rows_unsure: incomplete.is_some(), incomplete });
    }
    Facts {
        workspace: context.workspace.clone(),
        workspace_id: Some(context.workspace_id.clone()),
        title: Some(inventory.identity.name.clone()),
        labels: context.labels.clone(),
        observed_at: context.observed_at.clone(),
        tables,
        ..Facts::default()
    }
}

/// Hands on the rows of a table, in their order.
pub fn rows(
    table: Table,
    inventory: &Inventory,
    context: &Context,
    take: &mut dyn FnMut(&[Cell<'_>]) -> io::Result<()>,
) -> io::Result<()> {
    let common = || {
        [
            Cell::text(context.workspace.as_str()),
            Cell::text(context.workspace_id.as_str()),
            Cell::text(context.observed_at.as_str()),
        ]
    };
    match (table, &inventory.members) {
        (Table::Members, Some(members)) => members.value.iter().try_for_each(|_member| take(&common())),
        _ => Ok(()),
    }
}

/// Hands on the row of a line of the trail.
pub fn trail_row(
    target: &Target,
    observed_at: &str,
    _line: &TrailLine<'_>,
    take: impl FnOnce(&[Cell<'_>]) -> io::Result<()>,
) -> io::Result<()> {
    let id = target.pinned.as_ref().map(ToString::to_string).unwrap_or_default();
    take(&[Cell::text(target.name.as_str()), Cell::text(id), Cell::text(observed_at)])
}
