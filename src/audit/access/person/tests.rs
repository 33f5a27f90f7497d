//! The law of the gathering: it shows what going through everything once for each person shows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proptest::prelude::*;

use super::*;
use crate::audit::access::{Does, Standing, Transfer};
use crate::domain::{Role, RunId};

fn at(minute: i64) -> Timestamp {
    Timestamp::UNIX_EPOCH + jiff::SignedDuration::from_mins(minute)
}

/// What the looks that matter showed, found by going through all there is.
fn plainly(past: &Past, email: &Email, base: Option<Timestamp>) -> Vec<Seen> {
    let theirs: Vec<&Stretch> = past.spans.iter().filter(|span| span.email == *email).collect();
    let whole: Vec<&Look> = past.looks.iter().filter(|look| look.complete).collect();
    let at = |moment: Timestamp| whole.binary_search_by(|look| look.at.cmp(&moment));
    let mut places: BTreeSet<usize> = BTreeSet::new();
    let mut around = |from: Timestamp, to: Timestamp| {
        let before = at(from).unwrap_or_else(|next| next);
        let behind = at(to).unwrap_or_else(|next| next.saturating_sub(1));
        places.extend([before.saturating_sub(1), before, behind, behind + 1]);
    };
    let glimpses = past.glimpses.iter().filter(|glimpse| glimpse.email == *email);
    for stretch in theirs.iter().copied().chain(glimpses) {
        around(stretch.from, stretch.until);
    }
    for (_, write) in past.writes.iter().filter(|(about, _)| about == email) {
        around(write.from, write.to);
    }
    for (_, write) in past.writes.iter().filter(|(about, _)| about == email) {
        let overlaps = whole.iter().enumerate().filter(|(_, look)| look.at >= write.from && look.began <= write.to);
        places.extend(overlaps.map(|(place, _)| place));
    }
    places.extend(base.and_then(|base| at(base).ok()));
    let rows = |moment: Timestamp| -> Vec<Row> {
        let stand = theirs.iter().filter(|span| span.from <= moment && moment <= span.until);
        stand.map(|span| span.row.clone()).collect()
    };
    let shown = places.into_iter().filter_map(|place| whole.get(place));
    let mut seen: Vec<Seen> =
        shown.map(|look| Seen { began: look.began, at: look.at, whole: true, rows: rows(look.at) }).collect();
    let mut by_look: BTreeMap<Timestamp, Vec<Row>> = BTreeMap::new();
    for glimpse in past.glimpses.iter().filter(|glimpse| glimpse.email == *email) {
        by_look.entry(glimpse.from).or_default().push(glimpse.row.clone());
    }
    for (at, rows) in by_look {
        let began = past.looks.iter().find(|look| look.at == at).map_or(at, |look| look.began);
        seen.push(Seen { began, at, whole: false, rows });
    }
    seen.retain(|seen| base.is_none_or(|base| seen.at >= base));
    seen.sort_by_key(|seen| seen.at);
    seen
}

fn row(id: u8) -> Row {
    let roles = ["view", "owner", "admin"];
    let role = Role::observed(roles[usize::from(id) % roles.len()]);
    let standing = Standing { role, permissions: Some(None), accepted: id.is_multiple_of(2) };
    Row { id: Some(format!("m{id}")), standing }
}

fn stretch() -> impl Strategy<Value = Stretch> {
    ("[abc]", 0_u8..4, 0_i64..40, 0_i64..12).prop_map(|(who, id, from, length)| Stretch {
        email: Email::observed(&format!("{who}@agency.example")),
        row: row(id),
        from: at(from),
        until: at(from + length),
    })
}

fn write() -> impl Strategy<Value = (Email, Write)> {
    ("[abcd]", 0_i64..40, 0_i64..15, any::<bool>()).prop_map(|(who, from, length, sure)| {
        let run = RunId::parse("20261122T043000Z-0001").unwrap();
        let does = Does::Remove { member: "m1".to_owned() };
        let write = Write { run, from: at(from), to: at(from + length), does, rests_on: None, sure };
        (Email::observed(&format!("{who}@agency.example")), write)
    })
}

fn past() -> impl Strategy<Value = Past> {
    let looks = proptest::collection::btree_map(0_i64..45, (0_i64..30, any::<bool>()), 0..20);
    let stretches = || proptest::collection::vec(stretch(), 0..10);
    (looks, stretches(), stretches(), proptest::collection::vec(write(), 0..6)).prop_map(
        |(looks, spans, mut glimpses, writes)| {
            for glimpse in &mut glimpses {
                glimpse.until = glimpse.from;
            }
            let look = |(end, (length, complete))| Look { began: at(end - length), at: at(end), complete };
            let transfer =
                |(_, write): &(Email, Write)| Transfer { run: write.run.clone(), from: write.from, to: write.to };
            let transfers = writes.iter().map(transfer).collect();
            let looks = looks.into_iter().map(look).collect();
            Past { looks, spans, glimpses, writes, transfers, ..Past::default() }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_gathered_once_shows_what_going_through_all_for_each_shows(
        past in past(), moment in proptest::option::of(0_i64..45),
    ) {
        let looks = Looks::of(&past.looks);
        let base = moment.and_then(|moment| looks.base(at(moment)));
        let everybody: BTreeSet<&Email> = past.spans.iter().chain(&past.glimpses).map(|stretch| &stretch.email)
            .chain(past.writes.iter().map(|(email, _)| email)).collect();
        let people = people(&past);
        prop_assert_eq!(people.keys().copied().collect::<Vec<_>>(), everybody.into_iter().collect::<Vec<_>>());
        for (email, person) in &people {
            prop_assert_eq!(looks.seen(person, base), plainly(&past, email, base));
            let about = past.writes.iter().filter(|(about, _)| about == *email).map(|(_, write)| write);
            let late: Vec<Write> = about.filter(|write| base.is_none_or(|base| write.to >= base)).cloned().collect();
            prop_assert_eq!(person.writes(base), late);
        }
    }
    #[test]
    fn steps_from_before_the_look_it_begins_with_change_nothing_of_what_is_told(past in past(), moment in 0_i64..45) {
        let base = Looks::of(&past.looks).base(at(moment));
        let mut late = past.clone();
        late.writes.retain(|(_, write)| base.is_none_or(|base| write.to >= base));
        late.transfers.retain(|transfer| base.is_none_or(|base| transfer.to >= base));
        prop_assert_eq!(past.since(at(moment)), late.since(at(moment)));
    }
}
