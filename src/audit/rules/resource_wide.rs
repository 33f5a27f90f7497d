//! `resource-wide`: everything of one resource (`r:all`, or all of its actions), or deleting in it.
//!
//! Silent about a resource where a wildcard of the same key says it already: then that scope is to be looked at first.

use std::collections::BTreeMap;

use super::{Bench, Said};
use crate::audit::words::listed;
use crate::domain::scope::covers;

pub(super) fn judge(bench: &Bench, said: &mut Vec<Said>) {
    for key in bench.keys() {
        let wide = wide(&key.scopes);
        if !wide.is_empty() {
            let evidence = format!("it may do, with everything of the resource: {}", listed(&wide));
            said.push(match bench.preset(key).filter(|_| !bench.is_configured(key)) {
                Some(preset) => Said::of(
                    key,
                    format!("{evidence}; its scopes are those of the preset `{preset}`"),
                    format!(
                        "if its job needs all that `{preset}` has, accept this in `[key_policy]` with a reason \
                         (`keyholder help resource-wide`); else {}",
                        bench.narrow(key)
                    ),
                ),
                None => Said::of(key, evidence, bench.narrow(key)),
            });
        }
    }
}

/// Returns what is wide, in order: `r:all`, or `r:delete` where no more than that is.
fn wide(scopes: &[String]) -> Vec<String> {
    let mut by_resource: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for scope in scopes {
        if let Some((resource, _)) = scope.split_once(':') {
            by_resource.entry(resource).or_default().push(scope);
        }
    }
    let wild = by_resource.remove("all").unwrap_or_default();
    let wide = by_resource.into_iter().filter_map(|(resource, own)| {
        let said = [format!("{resource}:all"), format!("{resource}:delete")];
        said.into_iter().find(|scope| covers(&own, scope))
    });
    wide.filter(|scope| !covers(&wild, scope)).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::audit::sample::World;
    use crate::domain::FindingCode;

    pub(crate) fn fires() -> World {
        let mut world = World::clean();
        world.key("job").scopes = vec!["campaigns:all".to_owned()];
        world
    }

    pub(crate) fn silent() -> World {
        let mut world = World::clean();
        world.key("job").scopes =
            ["campaigns:create", "campaigns:read", "campaigns:update"].map(str::to_owned).to_vec();
        world
    }

    fn of(scopes: &[&str]) -> Vec<String> {
        wide(&scopes.iter().map(|&scope| scope.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn all_of_a_resource_is_wide_however_it_is_said_and_so_is_deleting() {
        assert_eq!(of(&["leads:delete"]), ["leads:delete"]);
        assert_eq!(of(&["leads:read", "leads:create", "leads:delete", "leads:update"]), ["leads:all"]);
        assert_eq!(of(&["email_verifications:create", "email_verifications:read"]), ["email_verifications:all"]);
        assert_eq!(of(&["leads:update", "leads:create", "leads:read"]), [""; 0]);
        assert_eq!(of(&["", ":", "leads", "analytics:read"]), [""; 0]);
    }

    #[test]
    fn a_key_made_from_a_preset_is_told_as_that_and_how_to_accept_it() {
        let mut world = fires();
        let told = |world: &World| {
            let finding = world.judge().findings.into_iter().find(|finding| finding.code == FindingCode::ResourceWide);
            finding.map(|finding| (finding.evidence, finding.advice)).unwrap()
        };
        world.key("job").scopes = ["leads:all", "campaigns:all"].map(str::to_owned).to_vec();
        let (evidence, advice) = told(&world);
        assert!(evidence.ends_with("those of the preset `campaigns`"), "{evidence}");
        assert!(advice.starts_with("if its job needs all") && advice.contains("accept this in `[key_policy]`"));
        world.key("job").scopes.push("accounts:read".to_owned());
        assert!(!told(&world).0.contains("preset"), "a key that may do more is no preset's");
    }

    #[test]
    fn where_the_configured_commands_need_it_nobody_is_sent_to_make_a_narrower_one() {
        let mut world = World::clean();
        world.key("own").scopes = vec!["workspaces:read".to_owned(), "workspace_members:all".to_owned()];
        world.least = Some(world.key("own").scopes.clone());
        let findings = world.judge().findings;
        let advice = &findings.iter().find(|finding| finding.code == FindingCode::ResourceWide).unwrap().advice;
        assert!(advice.starts_with("the configured commands need all of it: accept"), "{advice}");
    }

    #[test]
    fn what_a_wildcard_says_already_is_not_said_twice() {
        assert_eq!(of(&["all:all", "campaigns:all", "leads:delete"]), [""; 0]);
        assert_eq!(of(&["all:delete", "leads:delete", "campaigns:all"]), ["campaigns:all"]);
        assert_eq!(of(&["all:read", "campaigns:all"]), ["campaigns:all"]);
    }
}
