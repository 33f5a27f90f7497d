//! `grants-access`: a key that can make keys, add people or raise what they may do. Whoever holds it can give access to others.

use super::{Bench, Said};
use crate::audit::words::listed;
use crate::domain::scope::covers;

/// What gives access, and how it is said.
const GRANTS: [(&str, &str); 4] = [
    ("api_keys:create", "make keys of any scope"),
    ("workspace_members:create", "invite people"),
    ("workspace_members:update", "raise the role of people"),
    ("workspace_group_members:create", "put the workspace under another one's key"),
];

pub(super) fn judge(bench: &Bench, said: &mut Vec<Said>) {
    for key in bench.keys() {
        let granted = |(needed, _): &&(&str, &str)| covers(&key.scopes, needed);
        let grants: Vec<&(&str, &str)> = GRANTS.iter().filter(granted).collect();
        if grants.is_empty() {
            continue;
        }
        let words: Vec<&str> = grants.iter().map(|(_, words)| *words).collect();
        let through: Vec<&str> = {
            let gives = |scope: &&str| grants.iter().any(|(needed, _)| covers(&[scope], needed));
            let mut through: Vec<&str> = key.scopes.iter().map(String::as_str).filter(gives).collect();
            through.sort_unstable();
            through.dedup();
            through
        };
        let evidence = format!("whoever holds it can {} ({})", words.join(", "), listed(&through));
        let least = bench.case.configured.least.unwrap_or_default();
        let needed = |(grant, _): &&(&str, &str)| covers(least, grant);
        let advice = if bench.is_configured(key) && grants.iter().all(needed) {
            "keyholder's own commands need it here: name fewer in `commands` of `[key_policy]` if they are not used, else \
             accept this with a reason"
                .to_owned()
        } else {
            bench.narrow(key)
        };
        said.push(Said::of(key, evidence, advice));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::audit::sample::World;
    use crate::domain::FindingCode;

    const CODE: FindingCode = FindingCode::GrantsAccess;

    pub(crate) fn fires() -> World {
        let mut world = World::clean();
        world.key("job").scopes = vec!["api_keys:create".to_owned()];
        world
    }

    pub(crate) fn silent() -> World {
        let mut world = World::clean();
        let harmless = ["api_keys:read", "api_keys:delete", "workspace_members:delete", "all:read", "workspaces:all"];
        world.key("job").scopes = harmless.map(str::to_owned).to_vec();
        world
    }

    #[test]
    fn wildcards_and_whole_resources_include_it() {
        for scope in [
            "all:all",
            "all:create",
            "all:update",
            "api_keys:all",
            "workspace_members:all",
            "workspace_group_members:all",
        ] {
            let mut world = World::clean();
            world.key("job").scopes = vec![scope.to_owned()];
            assert_eq!(world.found(CODE).len(), 1, "{scope}");
        }
    }

    #[test]
    fn it_is_said_of_the_configured_key_too_with_other_advice() {
        let mut world = World::clean();
        world.key("own").scopes = vec!["workspace_members:all".to_owned()];
        world.least = Some(vec!["workspace_members:all".to_owned()]);
        let advice = |world: &World| world.judge().findings.into_iter().find(|one| one.code == CODE).unwrap().advice;
        assert!(advice(&world).contains("keyholder's own commands need it"), "{}", advice(&world));
        world.least = Some(vec!["workspace_members:read".to_owned()]);
        let told = advice(&world);
        assert!(told.contains("keys rotate -w acme --scope ") && told.contains("workspace_members:read"), "{told}");
    }
}
