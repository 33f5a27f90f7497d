//! `duplicate-name`: two keys of one workspace bear one name, trimmed and without regard to case. Said of each of them: which one is not
//! needed cannot be told from here.

use std::collections::BTreeMap;

use super::{Bench, Said};
use crate::audit::words::listed;
use crate::domain::KeyInfo;

pub(super) fn judge(bench: &Bench, said: &mut Vec<Said>) {
    if let Some(why) = bench.case.keys_unknown {
        said.push(Said::unjudged(format!("not every key was listed, so another may bear the same name: {why}")));
    }
    let mut by_name: BTreeMap<String, Vec<&KeyInfo>> = BTreeMap::new();
    for key in bench.keys() {
        by_name.entry(key.name.trim().to_lowercase()).or_default().push(key);
    }
    for same in by_name.into_values().filter(|same| same.len() > 1) {
        for key in &same {
            let others: Vec<&_> = same.iter().filter(|other| other.id != key.id).map(|other| &other.id).collect();
            let evidence = format!("its name is borne by another key too: {}", listed(&others));
            let workspace = bench.case.workspace;
            let advice = format!(
                "find out who uses which (`keyholder keys -w {workspace}`), then revoke what nobody uses by its id, or make a new one \
                 under a name of its own"
            );
            said.push(Said::of(key, evidence, advice));
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use crate::audit::sample::World;
    use crate::domain::FindingCode;

    const CODE: FindingCode = FindingCode::DuplicateName;

    pub(crate) fn fires() -> World {
        let mut world = World::clean();
        world.add("twin", " ACME — Analytics ", &["leads:read"]);
        world
    }

    /// Two keys of one template, told apart by their nonces.
    pub(crate) fn silent() -> World {
        let mut world = World::clean();
        world.add("new", "acme — analytics [0123abcd]", &["leads:read"]);
        world.add("newer", "acme — analytics [4567abcd]", &["leads:read"]);
        world
    }

    #[test]
    fn it_is_said_of_each_and_names_the_others() {
        let found = fires().found(CODE);
        assert_eq!(found.len(), 2);
        assert!(found.iter().any(|one| one.starts_with("job: ") && one.contains("`twin`")), "{found:?}");
        assert!(found.iter().any(|one| one.starts_with("twin: ") && one.contains("`job`")), "{found:?}");
    }

    #[test]
    fn a_row_that_came_twice_is_no_other_key() {
        let mut world = World::clean();
        let again = world.key("job").clone();
        world.keys.push(again);
        assert!(world.judge().findings.is_empty());
    }

    #[test]
    fn a_list_that_was_cut_accuses_those_it_shows_and_says_so() {
        let mut world = fires();
        world.keys_unknown = Some("page 2: 502".to_owned());
        assert_eq!(world.found(CODE).len(), 2);
        assert!(world.unjudged(CODE)[0].contains("page 2: 502"));
    }
}
