//! `made-outside`: a key that appeared after keyholder's first complete look at the workspace, that no run of ours made and for
//! which the register names nobody who answers: a row without an owner, as adopting many keys at once leaves it, answers no question.
//!
//! What the first complete look shows is taken as known. The finding stays until somebody answers for the key, or it is accepted or gone: it does not
//! vanish because somebody looked a second time.

use super::{Bench, Said};
use crate::audit::words::second;
use crate::domain::KeyInfo;

pub(super) fn judge(bench: &Bench, said: &mut Vec<Said>) {
    if bench.keys().next().is_none() {
        return;
    }
    let Some(sighted) = bench.case.sighted else {
        return said.push(Said::unjudged("the ledger could not be asked for earlier looks"));
    };
    let Some(first_look) = sighted.first_look else {
        return said.push(Said::unjudged("this is the first complete look: what is there now is taken as known"));
    };
    let appeared = |key: &&KeyInfo| sighted.first_seen.get(&key.id).is_none_or(|seen| *seen > first_look);
    let ours = |key: &KeyInfo| bench.case.ours.contains(&key.id) || bench.has_owner(key);
    for key in bench.keys().filter(appeared).filter(|key| !ours(key)) {
        if let Some(why) = sighted.unsettled {
            said.push(Said::unjudged_key(key, format!("a run of ours may have made it: {why}")));
            continue;
        }
        // The moment of this look is the one that is remembered of a key it sees first: the next look tells the same.
        let looked_at = sighted.looked_at.unwrap_or(bench.now);
        let seen = second(sighted.first_seen.get(&key.id).copied().unwrap_or(looked_at));
        let maker = bench.case.makers.get(&key.id).and_then(|maker| {
            let name = maker.email.as_ref().map(ToString::to_string).or_else(|| maker.user_name.clone());
            name.or_else(|| maker.user_id.as_ref().map(ToString::to_string))
        });
        let maker = maker.map_or(String::new(), |maker| format!("; the trail says {maker} made it"));
        let evidence = format!(
            "first seen {seen}; it was not there at the first look ({}), no run of keyholder made it, and {}{maker}",
            second(first_look),
            if bench.entry(key).is_some() {
                "the register names nobody who answers for it"
            } else {
                "the register does not name it"
            },
        );
        let (workspace, id) = (bench.case.workspace, &key.id);
        let advice = format!(
            "find out who made it and why; wanted: `keyholder keys adopt -w {workspace} --id {id} --owner ADDRESS`; else \
             `keyholder keys revoke -w {workspace} --id {id}`"
        );
        said.push(Said::of(key, evidence, advice));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::audit::sample::{World, at, key_id};
    use crate::domain::FindingCode;

    const CODE: FindingCode = FindingCode::MadeOutside;

    /// A key that is seen for the first time, and nobody knows it.
    pub(crate) fn fires() -> World {
        let mut world = World::clean();
        world.first_seen.remove(&key_id("job"));
        world.register.retain(|entry| entry.key != key_id("job"));
        world
    }

    /// The same key, adopted.
    pub(crate) fn silent() -> World {
        let mut world = World::clean();
        world.first_seen.remove(&key_id("job"));
        world
    }

    #[test]
    fn what_the_first_look_showed_and_what_our_runs_made_is_known() {
        let mut world = fires();
        world.first_seen.insert(key_id("job"), at("2026-09-01T00:00:00Z"));
        assert!(world.found(CODE).is_empty());
        let mut world = fires();
        world.ours.insert(key_id("job"));
        assert!(world.found(CODE).is_empty());
    }

    #[test]
    fn a_row_without_an_owner_does_not_silence_it() {
        let mut world = silent();
        assert!(world.found(CODE).is_empty());
        world.entry("job").owner = Some("  ".to_owned());
        assert!(world.found(CODE)[0].contains("names nobody who answers"), "blank");
        world.entry("job").owner = None;
        assert!(world.found(CODE)[0].contains("names nobody who answers"));
    }

    #[test]
    fn it_stays_when_somebody_looks_again() {
        let mut world = fires();
        world.first_seen.insert(key_id("job"), at("2026-10-01T00:00:00Z"));
        assert!(world.found(CODE)[0].contains("first seen 2026-10-01T00:00:00Z"));
    }

    #[test]
    fn without_an_earlier_look_or_a_ledger_nobody_is_accused() {
        let mut world = fires();
        world.first_look = None;
        assert!(world.found(CODE).is_empty());
        assert!(world.unjudged(CODE)[0].contains("first complete look"));
        world.remembered = false;
        assert!(world.unjudged(CODE)[0].contains("ledger"));
        let mut world = fires();
        world.unsettled = Some("run r-1 lost the answer of a creation".to_owned());
        assert!(world.found(CODE).is_empty());
        assert!(world.unjudged(CODE)[0].starts_with("job: ") && world.unjudged(CODE)[0].contains("r-1"));
    }
}
