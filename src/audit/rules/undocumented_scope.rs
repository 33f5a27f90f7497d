//! `undocumented-scope`: a scope that the API does not document. What it allows is unknown, and a new key cannot be given it.

use super::{Bench, Said};
use crate::audit::words::listed;
use crate::domain::scope::undocumented;

pub(super) fn judge(bench: &Bench, said: &mut Vec<Said>) {
    for key in bench.keys() {
        let unknown = undocumented(&key.scopes);
        if !unknown.is_empty() {
            let evidence = format!("the API does not document {}: what it allows is not known", listed(&unknown));
            let advice = format!("a new key has documented scopes only: {}", bench.renew(key));
            said.push(Said::of(key, evidence, advice));
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::audit::sample::World;
    use crate::domain::FindingCode;
    use crate::domain::scope::documented;

    pub(crate) fn fires() -> World {
        let mut world = World::clean();
        world.key("job").scopes.push("analytics:read".to_owned());
        world
    }

    pub(crate) fn silent() -> World {
        let mut world = World::clean();
        world.key("job").scopes = documented().map(str::to_owned).collect();
        world
    }

    #[test]
    fn odd_texts_are_named_as_they_are() {
        let mut world = World::clean();
        world.key("job").scopes = ["", "campaigns", "Campaigns:read", "campaigns:read "].map(str::to_owned).to_vec();
        assert!(
            world.found(FindingCode::UndocumentedScope)[0]
                .contains("``, `Campaigns:read`, `campaigns`, `campaigns:read `")
        );
    }
}
