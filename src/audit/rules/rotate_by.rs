//! `rotate-by`: the day by which the register wants a key rotated is over. On that day itself it is not yet.

use super::{Bench, Said};

pub(super) fn judge(bench: &Bench, said: &mut Vec<Said>) {
    for key in bench.keys() {
        let due = bench.entry(key).and_then(|entry| entry.rotate_by).filter(|due| *due < bench.today());
        if let Some(due) = due {
            let evidence = format!("the register wants it rotated by {due}");
            said.push(Said::of(key, evidence, bench.renew(key)));
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::audit::sample::World;
    use crate::domain::FindingCode;

    pub(crate) fn fires() -> World {
        let mut world = World::clean();
        world.entry("job").rotate_by = Some("2026-11-19".parse().unwrap());
        world
    }

    /// The last day.
    pub(crate) fn silent() -> World {
        let mut world = World::clean();
        world.entry("job").rotate_by = Some("2026-11-20".parse().unwrap());
        world
    }

    #[test]
    fn a_key_that_is_gone_is_not_to_be_rotated() {
        let mut world = fires();
        world.keys.retain(|key| key.id.as_str() != "job");
        assert!(world.found(FindingCode::RotateBy).is_empty());
    }

    #[test]
    fn the_configured_key_is_rotated_by_command() {
        let mut world = World::clean();
        world.entry("own").rotate_by = Some("2026-11-01".parse().unwrap());
        let finding = world.judge().findings.remove(0);
        assert_eq!(finding.advice, "`keyholder keys rotate -w acme`");
    }
}
