//! `bad-name`: a name that is not as `naming` of the policy wants it.

use super::{Bench, Said};

pub(super) fn judge(bench: &Bench, said: &mut Vec<Said>) {
    let naming = match bench.naming {
        Ok(Some(naming)) => naming,
        Ok(None) => return,
        Err(why) => return said.push(Said::unjudged(format!("`naming` cannot be read: {why}"))),
    };
    for key in bench.keys().filter(|key| !naming.is_match(&key.name)) {
        let evidence = format!("its name does not match `{naming}`");
        said.push(Said::of(key, evidence, format!("a key cannot be renamed; {}", bench.renew(key))));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::audit::sample::World;
    use crate::domain::FindingCode;

    const CODE: FindingCode = FindingCode::BadName;

    pub(crate) fn fires() -> World {
        let mut world = World::clean();
        world.key("job").name = "test123".to_owned();
        world
    }

    pub(crate) fn silent() -> World {
        World::clean()
    }

    #[test]
    fn without_a_rule_every_name_is_fine_and_one_that_cannot_be_read_judges_none() {
        let mut world = fires();
        world.policy.naming = None;
        assert!(world.found(CODE).is_empty() && world.unjudged(CODE).is_empty());
        world.policy.naming = Some("(".to_owned());
        assert!(world.found(CODE).is_empty());
        assert_eq!(world.unjudged(CODE).len(), 1);
    }
}
