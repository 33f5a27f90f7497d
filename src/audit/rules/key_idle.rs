//! `key-idle`: older than `max_idle`, and the trail has no record of it within `max_idle`.
//!
//! The absence of a record says something only where the trail was read whole and far enough back, and only since the trail names keys at
//! all. Reading leaves no record, so even then the key may be in use: the evidence says what was seen, the advice to ask first. The key
//! keyholder itself reads with is at work as we speak, so nothing is said of it.

use jiff::{SignedDuration, Timestamp};

use super::{Bench, Said};
use crate::audit::words::{ago, span};

/// Since when records name the key that acted (contract section 10).
const KEYS_ARE_NAMED: &str = "2026-07-09T00:00:00Z";

pub(super) fn judge(bench: &Bench, said: &mut Vec<Said>) {
    let Some(limit) = bench.policy.max_idle else { return };
    let last = |id| bench.case.activity.and_then(|activity| activity.last.get(id));
    let mut silent = Vec::new();
    for key in bench.keys().filter(|key| !bench.is_configured(key)) {
        let made = match bench.made(key) {
            Ok(made) if bench.is_past(made, limit) => made,
            Ok(_) => continue,
            Err(why) => {
                said.push(Said::unjudged_key(key, why));
                continue;
            }
        };
        match last(&key.id).map(|text| text.trim().parse::<Timestamp>()) {
            None => silent.push((key, made, None)),
            Some(Ok(last)) if bench.is_past(last, limit) => silent.push((key, made, Some(last))),
            Some(Ok(_)) => {}
            Some(Err(_)) => said.push(Said::unjudged_key(key, "the moment of its last record cannot be read")),
        }
    }
    if silent.is_empty() {
        return;
    }
    let since = match read_since(bench, limit) {
        Ok(since) => since,
        Err(why) => return said.push(Said::unjudged(why)),
    };
    for (key, made, last) in silent {
        if bench.may_be_configured(key) {
            said.push(Said::unjudged_key(
                key,
                "it may be the key keyholder itself reads with, and reading leaves no record",
            ));
            continue;
        }
        let seen = match last {
            Some(last) => format!("its last record in the trail is of {last}, {}", ago(last, bench.now)),
            None => format!(
                "the trail, read from {since}, has no record of it; it was made {made}, {}",
                ago(made, bench.now)
            ),
        };
        let evidence = format!("no logged activity for the {} of the policy: {seen}", span(limit));
        let (workspace, id) = (bench.case.workspace, &key.id);
        let advice = format!(
            "reading leaves no record, so ask its owner first; if nobody needs it: `keyholder keys revoke -w {workspace} --id {id}`"
        );
        said.push(Said::of(key, evidence, advice));
    }
}

/// Returns from when on the trail would have shown a key at work; else why it does not reach back far enough.
fn read_since(bench: &Bench, limit: std::time::Duration) -> Result<Timestamp, String> {
    let Some(activity) = bench.case.activity else { return Err("the trail was not read".to_owned()) };
    if let Some(why) = &activity.incomplete {
        return Err(format!("the trail could not be read whole: {why}"));
    }
    let named: Timestamp = KEYS_ARE_NAMED.parse().expect("a constant that is a moment");
    let since = activity.since.max(named);
    let limit_words = span(limit);
    if bench.now.duration_since(since) >= SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX) {
        Ok(since)
    } else if since > activity.since {
        Err(format!("the trail names keys since {since} only, and that is less than {limit_words} ago"))
    } else {
        Err(format!("the trail was read from {since} only, and that is less than {limit_words} ago"))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use crate::audit::sample::{World, at, key_id};
    use crate::domain::FindingCode;

    const CODE: FindingCode = FindingCode::KeyIdle;

    pub(crate) fn fires() -> World {
        let mut world = World::clean();
        world.activity.as_mut().unwrap().last.remove(&key_id("job"));
        world
    }

    /// Made exactly `max_idle` ago, and never seen at work.
    pub(crate) fn silent() -> World {
        let mut world = fires();
        world.key("job").created = "2026-08-22T08:00:00Z".to_owned();
        world
    }

    #[test]
    fn a_record_counts_up_to_the_last_moment() {
        for (last, found) in [("2026-08-22T08:00:00Z", 0), ("2026-08-22T07:59:59Z", 1)] {
            let mut world = fires();
            world.activity.as_mut().unwrap().last.insert(key_id("job"), last.to_owned());
            assert_eq!(world.found(CODE).len(), found, "{last}");
        }
    }

    #[test]
    fn a_trail_that_was_not_read_whole_or_far_enough_accuses_nobody() {
        let unread = |spoil: &dyn Fn(&mut World)| {
            let mut world = fires();
            spoil(&mut world);
            assert!(world.found(CODE).is_empty());
            world.unjudged(CODE).concat()
        };
        assert!(unread(&|world| world.activity = None).contains("not read"));
        let cut = |world: &mut World| world.activity.as_mut().unwrap().incomplete = Some("page 3: 500".to_owned());
        assert!(unread(&cut).contains("page 3: 500"));
        let late = |world: &mut World| world.activity.as_mut().unwrap().since = at("2026-08-22T08:00:01Z");
        assert!(unread(&late).contains("from 2026-08-22T08:00:01Z only"));
        let early = |world: &mut World| {
            world.activity.as_mut().unwrap().since = at("2026-01-01T00:00:00Z");
            world.policy.max_idle = Some(Duration::from_hours(135 * 24));
            world.key("job").created = "2026-01-01T00:00:00Z".to_owned();
        };
        assert!(unread(&early).contains("names keys since 2026-07-09T00:00:00Z only"));
        let unreadable = |world: &mut World| {
            world.activity.as_mut().unwrap().last.insert(key_id("job"), "yesterday".to_owned());
        };
        assert!(unread(&unreadable).contains("job: the moment of its last record"));
        // Who was seen at work is fine even so, and nothing need be said.
        let mut world = World::clean();
        cut(&mut world);
        assert!(world.unjudged(CODE).is_empty());
    }

    #[test]
    fn the_key_keyholder_reads_with_is_not_idle_nor_is_one_that_may_be_it() {
        let mut world = fires();
        world.activity.as_mut().unwrap().last.clear();
        assert_eq!(world.found(CODE).len(), 1, "of `job` alone");
        world.key("own").in_use = None;
        assert_eq!(world.found(CODE).len(), 1, "`job` is surely not it");
        assert!(world.unjudged(CODE)[0].starts_with("own: it may be the key keyholder itself"));
        world.key("job").in_use = None;
        assert_eq!((world.found(CODE).len(), world.unjudged(CODE).len()), (0, 2));
        world.configured = Some(key_id("own"));
        assert_eq!((world.found(CODE).len(), world.unjudged(CODE).len()), (1, 0));
    }

    #[test]
    fn the_border_of_the_trail_is_far_enough() {
        let mut world = fires();
        world.activity.as_mut().unwrap().since = at("2026-08-22T08:00:00Z");
        assert_eq!(world.found(CODE).len(), 1);
    }
}
