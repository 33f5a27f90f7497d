//! `maker-left`: the trail says who made the key, and that person is no member of the workspace any more.
//!
//! Removing a member does not delete their keys. Silent wherever the trail or the list of members leaves it open.

use super::{Bench, Said};
use crate::audit::words::keys;

pub(super) fn judge(bench: &Bench, said: &mut Vec<Said>) {
    let (mut any, mut untold) = (false, 0_usize);
    for key in bench.keys() {
        any = true;
        let maker = bench.case.makers.get(&key.id);
        let (Some(maker), Some(member)) = (maker, maker.and_then(|maker| maker.member)) else {
            untold += 1;
            continue;
        };
        // An absence is proven by a complete listing alone, whatever the case says.
        if member || bench.case.members_unknown.is_some() {
            continue;
        }
        let account = maker.user_id.as_ref().map(ToString::to_string);
        let who = [maker.user_name.clone(), maker.email.as_ref().map(ToString::to_string), account];
        let who: Vec<String> = who.into_iter().flatten().collect();
        let record = maker.record.as_ref().map_or(String::new(), |record| format!(" (record {record})"));
        let evidence = format!("made by {}, who is no member of the workspace now{record}", who.join(", "));
        let advice = format!("who left may still know it: {}", bench.renew(key));
        said.push(Said::of(key, evidence, advice));
    }
    if !any {
        return;
    }
    let why = match (bench.case.makers_unknown, bench.case.members_unknown) {
        (Some(why), _) => format!("the trail could not be read whole: {why}"),
        (None, Some(why)) => format!("the list of members is not complete: {why}"),
        (None, None) if untold > 0 => format!("of {} the trail does not tell who made them", keys(untold)),
        (None, None) => return,
    };
    said.push(Said::unjudged(why));
}

#[cfg(test)]
pub(super) mod tests {
    use crate::audit::sample::{World, key_id};
    use crate::domain::FindingCode;

    const CODE: FindingCode = FindingCode::MakerLeft;

    pub(crate) fn fires() -> World {
        let mut world = World::clean();
        let maker = world.maker("job");
        maker.member = Some(false);
        maker.user_name = Some("Bob Leaver".to_owned());
        maker.record = Some("r-17".to_owned());
        world
    }

    /// A maker whose membership cannot be told.
    pub(crate) fn silent() -> World {
        let mut world = World::clean();
        world.maker("job").member = None;
        world.makers.remove(&key_id("own"));
        world
    }

    #[test]
    fn it_names_the_maker_and_the_record() {
        let found = fires().found(CODE);
        assert_eq!(found, ["job: made by Bob Leaver, u-ann, who is no member of the workspace now (record r-17)"]);
        assert_eq!(silent().unjudged(CODE), [": of 2 keys the trail does not tell who made them"]);
    }

    #[test]
    fn a_list_of_members_that_was_cut_accuses_nobody() {
        let mut world = fires();
        world.members_unknown = Some("page 2: 502".to_owned());
        assert!(world.found(CODE).is_empty());
        assert!(world.unjudged(CODE)[0].contains("page 2: 502"));
    }

    #[test]
    fn a_trail_that_was_cut_still_tells_of_those_it_shows() {
        let mut world = fires();
        world.makers_unknown = Some("403".to_owned());
        assert_eq!(world.found(CODE).len(), 1);
        assert!(world.unjudged(CODE)[0].contains("403"));
    }
}
