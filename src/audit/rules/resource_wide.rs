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
            said.push(Said::of(key, evidence, bench.narrow(key)));
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
    fn what_a_wildcard_says_already_is_not_said_twice() {
        assert_eq!(of(&["all:all", "campaigns:all", "leads:delete"]), [""; 0]);
        assert_eq!(of(&["all:delete", "leads:delete", "campaigns:all"]), ["campaigns:all"]);
        assert_eq!(of(&["all:read", "campaigns:all"]), ["campaigns:all"]);
    }
}
