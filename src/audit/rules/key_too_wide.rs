//! `key-too-wide`: the configured key may do more than the configured commands need. The advice has the least scopes.

use super::{Bench, Said};
use crate::audit::words::listed;
use crate::domain::scope::{excess, is_documented};

pub(super) fn judge(bench: &Bench, said: &mut Vec<Said>) {
    let configured = &bench.case.configured;
    // With another workspace's key there is none of its own to be too wide; that one's is judged there.
    if configured.via.is_some() || bench.keys().next().is_none() {
        return;
    }
    let Some(key) = bench.configured() else {
        return said.push(Said::unjudged(
            "which of the listed keys is the configured one cannot be told: the list shows no secret of it, and neither the ledger nor \
             the register knows its id",
        ));
    };
    let Some(least) = configured.least else {
        return said.push(Said::unjudged_key(key, "what the configured commands need here cannot be told"));
    };
    // What an undocumented scope allows is not known, so it may be what makes a call without a published scope work.
    let excess: Vec<String> = excess(&key.scopes, least).into_iter().filter(|scope| is_documented(scope)).collect();
    if excess.is_empty() {
        return;
    }
    let evidence = format!("it may do what the configured commands do not need: {}", listed(&excess));
    let advice = if least.is_empty() {
        "no configured command speaks with it: let go of it, or mend `commands` of `[key_policy]`".to_owned()
    } else {
        format!("the least scopes are those of {}", bench.rotate_to_least())
    };
    said.push(Said::of(key, evidence, advice));
}

#[cfg(test)]
pub(super) mod tests {
    use crate::audit::sample::{World, key_id};
    use crate::domain::{FindingCode, WorkspaceName};

    const CODE: FindingCode = FindingCode::KeyTooWide;

    pub(crate) fn fires() -> World {
        let mut world = World::clean();
        world.key("own").scopes.push("campaigns:read".to_owned());
        world
    }

    pub(crate) fn silent() -> World {
        let mut world = World::clean();
        world.key("own").scopes.pop();
        world.key("own").scopes.push("analytics:read".to_owned());
        world
    }

    #[test]
    fn it_says_what_is_too_much_and_what_is_enough() {
        let finding = fires().judge().findings.into_iter().find(|finding| finding.code == CODE).unwrap();
        assert!(finding.evidence.ends_with(": `campaigns:read`"), "{}", finding.evidence);
        assert!(finding.advice.contains("--scope workspaces:read,workspace_members:read`"), "{}", finding.advice);
    }

    #[test]
    fn where_no_secret_is_shown_the_key_is_known_by_its_id_alone_or_not_judged() {
        let mut world = fires();
        world.key("own").in_use = None;
        world.key("job").in_use = None;
        assert!(world.found(CODE).is_empty());
        assert!(world.unjudged(CODE)[0].contains("cannot be told"));
        world.configured = Some(key_id("own"));
        assert_eq!(world.found(CODE).len(), 1);
        world.key("own").in_use = Some(false);
        assert!(world.found(CODE).is_empty(), "the list shows that it is another");
        world.configured = Some(key_id("gone"));
        assert!(world.found(CODE).is_empty() && world.unjudged(CODE).len() == 1);
    }

    #[test]
    fn a_key_of_another_workspace_and_needs_that_are_not_known_judge_nothing() {
        let mut world = fires();
        world.via = Some(WorkspaceName::parse("agency").unwrap());
        assert!(world.found(CODE).is_empty() && world.unjudged(CODE).is_empty());
        let mut world = fires();
        world.least = None;
        assert!(world.found(CODE).is_empty());
        assert!(world.unjudged(CODE)[0].starts_with("own: "));
    }
}
