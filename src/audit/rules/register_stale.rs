//! `register-stale`: the register names a key that the complete list does not have.

use super::{Bench, Said};
use crate::domain::About;

pub(super) fn judge(bench: &Bench, said: &mut Vec<Said>) {
    let mut missing: Vec<_> =
        bench.case.register.iter().filter(|entry| !bench.is_here(entry) || bench.key(&entry.key).is_none()).collect();
    missing.sort_unstable_by_key(|entry| (&entry.key, &entry.name));
    if missing.is_empty() {
        return;
    }
    if let Some(why) = bench.case.keys_unknown {
        return said.push(Said::unjudged(format!(
            "not every key was listed, so one that is not in sight may be there: {why}"
        )));
    }
    for entry in missing {
        let evidence = if bench.is_here(entry) {
            "keys.csv has a row of it, and the workspace does not list it any more".to_owned()
        } else {
            let its = entry.workspace_id.as_ref().map_or("", |id| id.as_str());
            format!("its row in keys.csv is of workspace {its}, which is not the one of this name")
        };
        let workspace = bench.case.workspace;
        let advice = format!("`keyholder keys adopt -w {workspace} --prune` takes the row out, or mend it in keys.csv");
        let about = About::Key { id: entry.key.clone(), name: entry.name.clone() };
        said.push(Said::Finding { about, evidence, advice });
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::audit::sample::World;
    use crate::domain::{FindingCode, WorkspaceId};

    const CODE: FindingCode = FindingCode::RegisterStale;

    pub(crate) fn fires() -> World {
        let mut world = World::clean();
        world.keys.retain(|key| key.id.as_str() != "job");
        world
    }

    /// The row is not listed, and the list was cut.
    pub(crate) fn silent() -> World {
        let mut world = fires();
        world.keys_unknown = Some("page 2: 502".to_owned());
        world
    }

    #[test]
    fn a_list_that_was_cut_proves_no_absence() {
        assert!(silent().unjudged(CODE)[0].contains("page 2: 502"));
        assert_eq!(fires().found(CODE).len(), 1);
    }

    #[test]
    fn a_row_of_another_identity_is_told_as_one() {
        let mut world = World::clean();
        world.entry("job").workspace_id = Some(WorkspaceId::parse("w-9").unwrap());
        assert!(world.found(CODE)[0].contains("of workspace w-9"));
    }
}
