//! `no-owner`: the register names nobody who answers for the key.

use super::{Bench, Said};

pub(super) fn judge(bench: &Bench, said: &mut Vec<Said>) {
    for key in bench.keys() {
        let evidence = match bench.entry(key) {
            _ if bench.has_owner(key) => continue,
            None => "the register has no row of it",
            Some(_) => "its row in the register names no owner",
        };
        let (workspace, id) = (bench.case.workspace, &key.id);
        let advice = format!(
            "find out who uses it, then `keyholder keys adopt -w {workspace} --id {id} --owner ADDRESS`, or fill in `owner` in keys.csv"
        );
        said.push(Said::of(key, evidence.to_owned(), advice));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::audit::sample::{World, key_id};
    use crate::domain::{FindingCode, WorkspaceId};

    const CODE: FindingCode = FindingCode::NoOwner;

    pub(crate) fn fires() -> World {
        let mut world = World::clean();
        world.entry("job").owner = None;
        world
    }

    pub(crate) fn silent() -> World {
        let mut world = World::clean();
        world.entry("job").workspace_id = None;
        world
    }

    #[test]
    fn a_blank_owner_no_row_and_the_row_of_another_workspace_are_no_owner() {
        let mut world = World::clean();
        world.entry("job").owner = Some("  ".to_owned());
        assert_eq!(world.found(CODE).len(), 1);
        let mut world = World::clean();
        world.register.retain(|entry| entry.key != key_id("job"));
        assert_eq!(world.found(CODE).len(), 1);
        let mut world = World::clean();
        world.entry("job").workspace_id = Some(WorkspaceId::parse("w-9").unwrap());
        assert_eq!(world.found(CODE).len(), 1);
    }
}
