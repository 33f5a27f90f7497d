//! `opens-another`: the configured key opens another workspace than the pinned one.

use super::{Bench, Said};
use crate::domain::About;

pub(super) fn judge(bench: &Bench, said: &mut Vec<Said>) {
    let Some(opened) = bench.case.configured.opens else { return };
    let name = opened.name.map_or(String::new(), |name| format!(" (`{name}`)"));
    let pinned = bench.case.workspace_id.map_or(String::new(), |id| format!(", not the pinned {id}"));
    let workspace = bench.case.workspace;
    said.push(Said::Finding {
        about: About::Workspace,
        evidence: format!("its configured key opens workspace {}{name}{pinned}; nothing else was judged here", opened.id),
        advice: format!(
            "put the right key where `key` of `{workspace}` leads, or mend `id`, if this is the workspace you mean; `keyholder check -w \
             {workspace}` looks again"
        ),
    });
}

#[cfg(test)]
pub(super) mod tests {
    use crate::audit::sample::World;
    use crate::domain::{FindingCode, WorkspaceId, WorkspaceName};

    pub(crate) fn fires() -> World {
        let mut world = World::clean();
        world.opens = Some((WorkspaceId::parse("w-2").unwrap(), Some("Globex".to_owned())));
        world
    }

    pub(crate) fn silent() -> World {
        World::clean()
    }

    #[test]
    fn nothing_is_said_of_keys_that_are_anothers() {
        let mut world = fires();
        world.key("job").scopes = vec!["all:all".to_owned()];
        world.shared_with = vec![WorkspaceName::parse("globex").unwrap()];
        let judgement = world.judge();
        let codes: Vec<FindingCode> = judgement.findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [FindingCode::OpensAnother, FindingCode::SharedSecret]);
        assert!(judgement.not_judged.is_empty());
        let evidence = &judgement.findings[0].evidence;
        assert!(evidence.contains("w-2 (`Globex`), not the pinned w-1"), "{evidence}");
    }
}
