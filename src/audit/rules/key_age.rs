//! `key-age`: a key older than `max_age`. On the very last moment it is not yet.

use super::{Bench, Said};
use crate::audit::words::{ago, span};

pub(super) fn judge(bench: &Bench, said: &mut Vec<Said>) {
    let Some(limit) = bench.policy.max_age else { return };
    for key in bench.keys() {
        match bench.made(key) {
            Ok(made) if bench.is_past(made, limit) => {
                let (ago, limit) = (ago(made, bench.now), span(limit));
                let evidence = format!("it is older than the {limit} of the policy: made {made}, {ago}");
                said.push(Said::of(key, evidence, bench.renew(key)));
            }
            Ok(_) => {}
            Err(why) => said.push(Said::unjudged_key(key, why)),
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::audit::sample::World;
    use crate::domain::FindingCode;

    const CODE: FindingCode = FindingCode::KeyAge;

    pub(crate) fn fires() -> World {
        let mut world = World::clean();
        world.key("job").created = "2026-05-24T07:59:59.999Z".to_owned();
        world
    }

    /// Exactly `max_age` old.
    pub(crate) fn silent() -> World {
        let mut world = World::clean();
        world.key("job").created = "2026-05-24T08:00:00Z".to_owned();
        world
    }

    #[test]
    fn without_a_limit_no_age_is_judged() {
        let mut world = fires();
        assert_eq!(world.found(CODE).len(), 1);
        world.policy.max_age = None;
        assert!(world.found(CODE).is_empty() && world.unjudged(CODE).is_empty());
    }

    #[test]
    fn a_moment_that_cannot_be_read_or_is_to_come_is_not_judged() {
        for (created, why) in
            [("", "cannot be read"), ("last spring", "last spring"), ("9998-01-01T00:00:00Z", "future")]
        {
            let mut world = World::clean();
            world.key("job").created = created.to_owned();
            assert!(world.found(CODE).is_empty());
            let unjudged = world.unjudged(CODE);
            assert!(
                unjudged.len() == 1 && unjudged[0].starts_with("job: ") && unjudged[0].contains(why),
                "{unjudged:?}"
            );
        }
        // Two clocks that differ by less than a day.
        let mut world = World::clean();
        world.key("job").created = "2026-11-21T07:00:00Z".to_owned();
        assert!(world.found(CODE).is_empty() && world.unjudged(CODE).is_empty());
    }
}
