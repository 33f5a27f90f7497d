//! `key-too-wide`: the configured key may do more than the configured commands need. The advice has the least scopes.

use super::{Bench, Said};
use crate::audit::words::listed;
use crate::domain::KeyInfo;
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
    said.push(Said::of(key, evidence, advice(bench, key, least)));
}

/// Says the least scopes, and how a key with these comes in the place of this one.
fn advice(bench: &Bench, key: &KeyInfo, least: &[String]) -> String {
    let (workspace, id) = (bench.case.workspace, &key.id);
    let Some(rotated) = bench.rotated() else {
        return "no configured command speaks with it: let go of it, or mend `commands` of `[key_policy]`".to_owned();
    };
    let bare = least.join(",");
    let besides = excess(&rotated, least);
    if besides.is_empty() {
        return format!(
            "the least scopes are `{bare}`; {} puts a key with these in its place",
            bench.rotate_to_least()
        );
    }
    let besides = listed(&besides);
    if excess(&key.scopes, &rotated).iter().any(|scope| is_documented(scope)) {
        return format!(
            "the least scopes are `{bare}`; {} puts a key with these in its place, and with what a rotation needs: the new key proves \
             itself and deletes the old one ({besides})",
            bench.rotate_to_least()
        );
    }
    // A rotation could not make it narrower: what is too much is what a rotation needs.
    format!(
        "that is what lets keyholder rotate it: name `keys rotate` in `commands` of `[key_policy]` if it is to, or accept this; else make \
         one with the least scopes (`keyholder keys create -w {workspace} --scope {bare}`), put it where `key` leads, then \
         `keyholder keys revoke -w {workspace} --id {id}`"
    )
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
        let advice = &finding.advice;
        assert!(advice.starts_with("the least scopes are `workspaces:read,workspace_members:read`; "), "{advice}");
        // The new key deletes the old one.
        for needed in ["workspaces:read", "workspace_members:read", "api_keys:read", "api_keys:delete"] {
            let command = advice.split('`').find(|part| part.starts_with("keyholder keys rotate")).unwrap();
            assert!(command.contains(needed), "{command}");
        }
        assert!(advice.contains("deletes the old one (`api_keys:"), "{advice}");
    }

    #[test]
    fn where_a_preset_has_just_these_scopes_it_is_named() {
        let mut world = fires();
        world.least.as_mut().unwrap().extend(world.rotation.clone());
        let advice = |world: &World| {
            let finding = world.judge().findings.into_iter().find(|finding| finding.code == CODE).unwrap();
            finding.advice
        };
        assert!(advice(&world).contains("keys rotate -w acme --scope "), "{}", advice(&world));
        world.presets[0].scopes = world.least.clone().unwrap();
        assert!(advice(&world).contains("keys rotate -w acme --preset campaigns`"), "{}", advice(&world));
        assert!(advice(&world).contains("workspace_members:read"), "the least are said all the same");
    }

    #[test]
    fn a_key_that_a_rotation_made_is_not_sent_to_be_rotated_again() {
        let mut world = fires();
        world.key("own").scopes = ["workspaces:read", "workspace_members:read", "api_keys:read", "api_keys:delete"]
            .map(str::to_owned)
            .to_vec();
        let finding = world.judge().findings.into_iter().find(|finding| finding.code == CODE).unwrap();
        assert!(!finding.advice.contains("keyholder keys rotate"), "{}", finding.advice);
        assert!(finding.advice.contains("--scope workspaces:read,workspace_members:read`"), "{}", finding.advice);
        world.least.as_mut().unwrap().extend(world.rotation.clone());
        assert!(world.found(CODE).is_empty(), "where the commands need it, it is not too wide");
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
