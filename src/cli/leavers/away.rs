//! Workspaces that people left and that cannot be looked at: they are not in the files any more, or `off`.

use std::collections::{BTreeMap, BTreeSet};

use super::past::{Past, Place};
use crate::cli::args::Select;
use crate::cli::session::Session;
use crate::config::{Purpose, Selection};
use crate::domain::{Workspace, WorkspaceId};
use crate::report::summary::{OFF, Unreadable};
use crate::report::{Coverage, cell};
use crate::trouble::Trouble;
use crate::ui::{Printer, words};

/// How many names stand in one line.
const NAMES: usize = 10;

/// One of them.
#[derive(Debug)]
struct Away {
    place: Place,
    is_off: bool,
}

/// All of them that were asked for.
#[derive(Debug, Default)]
pub(super) struct Unlooked(Vec<Away>);

/// Chooses the workspaces to look at, and says which cannot be. One that left the files can be left out by its name all the same.
pub(super) fn choose<'f>(
    session: &'f Session<'_>,
    select: &Select,
    past: &Past<'_>,
) -> Result<(Vec<&'f Workspace>, Unlooked), Trouble> {
    let fleet = &session.fleet;
    let known: BTreeMap<&WorkspaceId, &Workspace> =
        fleet.workspaces.iter().filter_map(|workspace| Some((workspace.id.as_ref()?, workspace))).collect();
    let asked = select.selection();
    let mut selection = asked.clone();
    for (_, name) in past.ever().filter(|(id, name)| !known.contains_key(id) && asked.excludes(name)) {
        selection = selection.without_excluded(name, fleet);
    }
    let refused = |error: crate::config::SelectionError| Trouble::advised(error.exit(), error);
    let chosen = selection.choose(fleet, Purpose::Read).map_err(refused)?;
    let all = selection.workspaces.is_empty() && selection.labels.is_empty();
    let with_off = Selection { all, ..selection }.choose(fleet, Purpose::Write).map_err(refused)?;
    let names = |some: &[&'f Workspace]| some.iter().map(|workspace| &workspace.name).collect::<BTreeSet<_>>();
    let (looked_at, with_off) = (names(&chosen), names(&with_off));
    let mut unlooked = Unlooked::default();
    for (id, place) in past.places() {
        match known.get(id) {
            // Which labels it had is not known.
            None if asked.names(&place.name) && asked.labels.is_empty() && !asked.excludes(&place.name) => {
                unlooked.0.push(Away { place, is_off: false });
            }
            // A reading leaves out what is `off`; asked for it was all the same.
            Some(workspace) if !looked_at.contains(&workspace.name) && with_off.contains(&workspace.name) => {
                let place = Place { name: workspace.name.to_string(), ..place };
                unlooked.0.push(Away { place, is_off: true });
            }
            _ => {}
        }
    }
    Ok((chosen, unlooked))
}

impl Unlooked {
    /// Makes the coverage lack those that a leaver had a row in, and names the others.
    pub(super) fn tell(self, coverage: &mut Coverage, printer: &Printer) {
        let mut others = Vec::new();
        for Away { place: Place { name, members }, is_off } in self.0 {
            if members.is_empty() {
                others.push(cell::printable(&name));
                continue;
            }
            let members: Vec<String> = members.iter().map(ToString::to_string).collect();
            let (kind, why, mend) = if is_off {
                (OFF, "its mode is `off`", "give it the mode `read`")
            } else {
                ("not_in_files", "it is not in the files any more, or under another id", "put it back into the files")
            };
            coverage.asked += 1;
            coverage.unreadable.push(Unreadable {
                reason: format!("{why}; {} left it", words::some(&members, NAMES)),
                advice: vec![format!("{mend}, or leave it out with --exclude {name}")],
                workspace: name,
                kind: kind.into(),
                may_pass: false,
            });
        }
        if !others.is_empty() {
            printer.warn(&format!(
                "not looked at, being out of the files or `off`; the leavers were found absent there: {}",
                words::some(&others, NAMES)
            ));
        }
    }
}
