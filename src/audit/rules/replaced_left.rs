//! `replaced-left`: a key that a rotation of ours put another one in the place of, and that is still there.
//!
//! The ledger says which ones they are; what the list no longer has was deleted by somebody.

use super::{Bench, Said};
use crate::audit::words::listed;

pub(super) fn judge(bench: &Bench, said: &mut Vec<Said>) {
    if bench.case.sighted.is_none() {
        if bench.keys().next().is_some() {
            said.push(Said::unjudged("the ledger could not be asked for what was rotated"));
        }
        return;
    }
    let mut unseen = Vec::new();
    for (id, run) in bench.case.replaced_left {
        let Some(key) = bench.key(id) else {
            unseen.push(id);
            continue;
        };
        let workspace = bench.case.workspace;
        let (evidence, advice) = if bench.is_configured(key) {
            (
                format!("run {run} put another key in its place, and it is the configured one again"),
                format!("`keyholder keys rotate -w {workspace}` puts a new one in its place"),
            )
        } else {
            (
                format!(
                    "run {run} put another key in its place, and it was never revoked: it still opens the workspace"
                ),
                format!("`keyholder keys revoke -w {workspace} --id {id}`"),
            )
        };
        said.push(Said::of(key, evidence, advice));
    }
    if let (Some(why), false) = (bench.case.keys_unknown, unseen.is_empty()) {
        said.push(Said::unjudged(format!(
            "not every key was listed, and replaced ones may be there ({}): {why}",
            listed(&unseen)
        )));
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::audit::sample::{World, key_id};
    use crate::domain::{FindingCode, RunId};

    const CODE: FindingCode = FindingCode::ReplacedLeft;

    pub(crate) fn fires() -> World {
        let mut world = World::clean();
        world.replaced_left.insert(key_id("job"), run());
        world
    }

    fn run() -> RunId {
        RunId::parse("20261122T043000Z-0001").unwrap()
    }

    /// The replaced one is gone.
    pub(crate) fn silent() -> World {
        let mut world = fires();
        world.keys.retain(|key| key.id != key_id("job"));
        world
    }

    #[test]
    fn it_says_how_the_old_key_goes() {
        let finding = fires().judge().findings.into_iter().find(|finding| finding.code == CODE).unwrap();
        assert!(finding.advice.contains("`keyholder keys revoke -w acme --id job`"), "{}", finding.advice);
        let mut world = fires();
        world.replaced_left = [(key_id("own"), run())].into();
        let finding = world.judge().findings.into_iter().find(|finding| finding.code == CODE).unwrap();
        assert!(!finding.advice.contains("revoke"), "the key in use is never revoked: {}", finding.advice);
    }

    #[test]
    fn a_list_that_was_cut_and_a_ledger_that_could_not_be_asked_clear_nobody() {
        let mut world = silent();
        assert!(world.unjudged(CODE).is_empty());
        world.keys_unknown = Some("page 2: 502".to_owned());
        assert!(world.unjudged(CODE)[0].contains("`job`") && world.unjudged(CODE)[0].ends_with("page 2: 502"));
        let mut world = fires();
        world.remembered = false;
        assert!(world.found(CODE).is_empty() && world.unjudged(CODE)[0].contains("ledger"));
    }
}
