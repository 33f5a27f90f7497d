//! `wildcard-scope`: a scope of the wildcard resource, `all:…`. Silent where `allow_wildcards` is set.

use super::{Bench, Said};
use crate::audit::words::listed;

pub(super) fn judge(bench: &Bench, said: &mut Vec<Said>) {
    if bench.policy.allow_wildcards {
        return;
    }
    for key in bench.keys() {
        let mut wild: Vec<&str> = key.scopes.iter().map(String::as_str).filter(|scope| is_wild(scope)).collect();
        wild.sort_unstable();
        wild.dedup();
        if !wild.is_empty() {
            let evidence =
                format!("it reaches every resource of the workspace, those of tomorrow included: {}", listed(&wild));
            said.push(Said::of(key, evidence, bench.narrow(key)));
        }
    }
}

/// Tells whether a scope is one of the wildcard resource.
fn is_wild(scope: &str) -> bool {
    scope.split_once(':').is_some_and(|(resource, _)| resource == "all")
}

#[cfg(test)]
pub(super) mod tests {
    use crate::audit::sample::World;
    use crate::domain::FindingCode;

    const CODE: FindingCode = FindingCode::WildcardScope;

    pub(crate) fn fires() -> World {
        let mut world = World::clean();
        world.key("job").scopes = vec!["all:read".to_owned()];
        world
    }

    pub(crate) fn silent() -> World {
        let mut world = World::clean();
        world.key("job").scopes = vec!["campaigns:all".to_owned(), "all".to_owned(), "allotments:read".to_owned()];
        world
    }

    #[test]
    fn where_wildcards_are_allowed_none_is_told() {
        let mut world = fires();
        assert!(world.found(CODE)[0].starts_with("job: ") && world.found(CODE)[0].contains("`all:read`"));
        world.policy.allow_wildcards = true;
        assert!(world.found(CODE).is_empty());
    }
}
