//! `shared-secret`: the same secret is configured for several workspaces. A key opens one workspace, so for all but one it is wrong.

use super::{Bench, Said};
use crate::audit::words::listed;
use crate::domain::About;

pub(super) fn judge(bench: &Bench, said: &mut Vec<Said>) {
    let configured = &bench.case.configured;
    let mut others: Vec<&_> = configured.shared_with.iter().filter(|other| *other != bench.case.workspace).collect();
    if others.is_empty() {
        return;
    }
    others.sort_unstable();
    others.dedup();
    let fingerprint = configured.fingerprint.map_or(String::new(), |fingerprint| format!(" ({fingerprint})"));
    said.push(Said::Finding {
        about: About::Workspace,
        evidence: format!("the key configured for it{fingerprint} is configured for other workspaces too: {}", listed(&others)),
        advice: "a key opens one workspace, so for all but one it is the wrong one: give each a key of its own, or reach it with \
                 `via` where one admin key is meant to serve them; see `keyholder check`"
            .to_owned(),
    });
}

#[cfg(test)]
pub(super) mod tests {
    use crate::audit::sample::World;
    use crate::domain::{FindingCode, WorkspaceName};

    pub(crate) fn fires() -> World {
        let mut world = World::clean();
        world.shared_with = ["globex", "initech", "globex"].map(|name| WorkspaceName::parse(name).unwrap()).to_vec();
        world
    }

    pub(crate) fn silent() -> World {
        let mut world = World::clean();
        world.shared_with = vec![world.workspace.clone()];
        world
    }

    #[test]
    fn it_names_the_others_once_and_the_secret_by_its_fingerprint_alone() {
        let found = fires().found(FindingCode::SharedSecret);
        let all =
            ": the key configured for it (k:0011aabb) is configured for other workspaces too: `globex`, `initech`";
        assert_eq!(found, [all]);
    }
}
