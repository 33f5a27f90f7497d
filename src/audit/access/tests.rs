//! Who did what, over looks and writes in every order they can come in.

use super::*;
use crate::domain::Permissions;

const ANN: &str = "ann@agency.example";

fn at(minute: u64) -> Timestamp {
    let start: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
    start + jiff::SignedDuration::from_mins(i64::try_from(minute).unwrap())
}

fn standing(role: &str, accepted: bool) -> Standing {
    Standing { role: Role::observed(role), permissions: Some(None), accepted }
}

fn row(id: &str, role: &str) -> Row {
    Row { id: Some(id.to_owned()), standing: standing(role, true) }
}

fn invited(id: &str, role: &str) -> Row {
    Row { id: Some(id.to_owned()), standing: standing(role, false) }
}

/// A complete look that took half a minute.
fn look(minute: u64, rows: &[Row]) -> Seen {
    let began = at(minute) - jiff::SignedDuration::from_secs(30);
    Seen { began, at: at(minute), whole: true, rows: rows.to_vec() }
}

fn glimpse(minute: u64, rows: &[Row]) -> Seen {
    Seen { whole: false, ..look(minute, rows) }
}

fn run(number: u32) -> RunId {
    RunId::parse(&format!("20261122T043000Z-{number:04x}")).unwrap()
}

fn write(number: u32, from: u64, to: u64, does: Does, rests_on: &[Row]) -> Write {
    Write { run: run(number), from: at(from), to: at(to), does, rests_on: Some(rests_on.to_vec()), sure: true }
}

fn unsure(write: Write) -> Write {
    Write { sure: false, ..write }
}

fn invite(role: &str) -> Does {
    Does::Invite(standing(role, false))
}

fn set(id: &str, role: &str) -> Does {
    Does::SetRole { member: id.to_owned(), role: Role::observed(role) }
}

fn remove(id: &str) -> Does {
    Does::Remove { member: id.to_owned() }
}

/// Says a walk in short lines: `before -> after by whom (window)`.
fn told(seen: &[Seen], writes: &[Write]) -> Vec<String> {
    let minutes = |moment: Timestamp| moment.duration_since(at(0)).as_mins();
    walk(seen, writes)
        .into_iter()
        .map(|turn| {
            let (before, after) = standing::words(turn.before.as_deref().unwrap_or_default(), &turn.after);
            let by = match turn.by {
                By::Run(run) => format!("run {}", &run.as_str()[17..]),
                By::Outside => "outside".to_owned(),
                By::Person => "themselves".to_owned(),
                By::Unknown(run) => format!("perhaps {}", &run.as_str()[17..]),
            };
            let from = turn.not_before.map_or_else(|| "?".to_owned(), |at| minutes(at).to_string());
            let unseen = if turn.looked_since { "" } else { ", unseen" };
            let name = |rows: Option<String>| rows.unwrap_or_else(|| "-".to_owned());
            format!("{} -> {} by {by} ({from}..{}{unseen})", name(before), name(after), minutes(turn.not_after))
        })
        .collect()
}

#[test]
fn what_two_looks_show_otherwise_was_done_outside_keyholder() {
    let seen = [look(1, &[]), look(5, &[row("m1", "view")]), look(9, &[row("m1", "admin")]), look(12, &[])];
    assert_eq!(
        told(&seen, &[]),
        ["- -> view by outside (1..5)", "view -> admin by outside (5..9)", "admin -> - by outside (9..12)"]
    );
    assert_eq!(told(&seen[1..2], &[]), [""; 0], "what was there at the first look is no change");
}

#[test]
fn what_a_run_of_ours_did_between_two_looks_is_its_own() {
    let writes = [write(1, 2, 3, invite("editor"), &[])];
    let seen = [look(1, &[]), look(5, &[invited("m1", "editor")])];
    assert_eq!(told(&seen, &writes), ["- -> editor, invited by run 0001 (2..3)"]);
    let seen = [look(1, &[]), look(5, &[row("m1", "editor")])];
    assert_eq!(
        told(&seen, &writes),
        ["- -> editor, invited by run 0001 (2..3)", "editor, invited -> editor by themselves (3..5)"]
    );
}

#[test]
fn what_was_done_outside_around_a_run_is_told_apart_from_it() {
    // The role that the run set was altered again.
    let set_role = [write(1, 2, 3, set("m1", "editor"), &[row("m1", "view")])];
    let seen = [look(1, &[row("m1", "view")]), look(5, &[row("m1", "admin")])];
    assert_eq!(told(&seen, &set_role), ["view -> editor by run 0001 (2..3)", "editor -> admin by outside (3..5)"]);
    // Somebody removed who the run then invited: the run saw nobody.
    let seen = [look(1, &[row("m1", "view")]), look(9, &[invited("m2", "view")])];
    assert_eq!(
        told(&seen, &[write(1, 4, 5, invite("view"), &[])]),
        ["view -> - by outside (1..4)", "- -> view, invited by run 0001 (4..5)"]
    );
}

#[test]
fn a_look_that_overlaps_a_run_accuses_nobody() {
    let writes = [write(1, 2, 8, invite("editor"), &[])];
    for seen in [
        // Taken before the invitation was sent, and after.
        vec![look(1, &[]), look(4, &[]), look(9, &[invited("m1", "editor")])],
        vec![look(1, &[]), look(4, &[invited("m1", "editor")]), look(9, &[invited("m1", "editor")])],
    ] {
        let told = told(&seen, &writes);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("- -> editor, invited by run 0001 ("), "{told:?}");
    }
}

#[test]
fn what_was_written_and_not_looked_at_since_is_told_as_such() {
    let writes = [write(1, 4, 5, remove("m1"), &[row("m1", "admin")])];
    assert_eq!(told(&[look(1, &[row("m1", "admin")])], &writes), ["admin -> - by run 0001 (4..5, unseen)"]);
    assert_eq!(told(&[], &writes), ["admin -> - by run 0001 (4..5, unseen)"], "a run looks before it writes");
}

#[test]
fn a_write_whose_outcome_nobody_knows_is_neither_ours_nor_anybodys() {
    let lost = [unsure(write(1, 2, 3, invite("view"), &[]))];
    let seen = [look(1, &[]), look(5, &[invited("m1", "view")])];
    assert_eq!(told(&seen, &lost), ["- -> view, invited by perhaps 0001 (2..3)"]);
    assert_eq!(told(&[look(1, &[]), look(5, &[])], &lost), [""; 0], "it did not take effect");
    assert_eq!(told(&seen[..1], &lost), ["- -> view, invited by perhaps 0001 (2..3, unseen)"]);
}

#[test]
fn a_run_that_was_undone_leaves_both_ways() {
    let writes = [
        write(1, 2, 3, invite("view"), &[]),
        write(2, 4, 5, remove("m1"), &[invited("m1", "view")]),
        write(3, 6, 7, invite("view"), &[]),
    ];
    let by = ["- -> view, invited by run 0001 (2..3)", "view, invited -> - by run 0002 (4..5)"];
    assert_eq!(told(&[look(1, &[]), look(5, &[]), look(6, &[])], &writes[..2]), by);
    assert_eq!(told(&[look(1, &[]), look(9, &[invited("m3", "view")])], &writes).len(), 3);
}

#[test]
fn an_invitation_that_was_sent_again_is_another_membership() {
    let seen = [look(1, &[invited("m1", "view")]), look(9, &[invited("m2", "view")])];
    let again = [
        write(1, 4, 5, remove("m1"), &[invited("m1", "view")]),
        write(1, 4, 5, invite("view"), &[invited("m1", "view")]),
    ];
    assert_eq!(told(&seen, &again), ["view, invited -> - by run 0001 (4..5)", "- -> view, invited by run 0001 (4..5)"]);
    assert_eq!(
        told(&seen, &[]),
        ["view, invited -> view, invited, a new membership by outside (1..9)"],
        "nobody of ours did it"
    );
}

#[test]
fn an_incomplete_look_shows_who_is_there_and_never_who_is_not() {
    let seen = [look(1, &[row("m1", "view")]), glimpse(4, &[]), look(9, &[])];
    assert_eq!(told(&seen, &[]), ["view -> - by outside (1..9)"]);
    let seen = [look(1, &[]), glimpse(4, &[row("m1", "view")]), look(9, &[row("m1", "admin")])];
    assert_eq!(told(&seen, &[]), ["- -> view by outside (1..4)", "view -> admin by outside (4..9)"]);
}

#[test]
fn permissions_are_told_where_they_are_not_alike_and_only_where_they_were_told() {
    let narrowed = |names: &[&str]| Row {
        id: Some("m1".to_owned()),
        standing: Standing {
            permissions: Some(Some(Permissions::of(names.iter().copied()))),
            ..standing("view", true)
        },
    };
    let seen = [look(1, &[narrowed(&["unibox.all"])]), look(5, &[row("m1", "view")])];
    assert_eq!(told(&seen, &[]), ["view, only unibox.all -> view, all that the role gives by outside (1..5)"]);
    let preset = Does::Invite(Standing { permissions: None, ..standing("view", false) });
    let seen = [
        look(1, &[]),
        look(5, &[Row { standing: Standing { accepted: false, ..narrowed(&["crm.view"]).standing }, ..narrowed(&[]) }]),
    ];
    assert_eq!(told(&seen, &[write(1, 2, 3, preset, &[])]), ["- -> view, invited by run 0001 (2..3)"]);
}

fn past(looks: &[(u64, bool)], spans: &[(u64, u64, Row)]) -> Past {
    let email = Email::parse(ANN).unwrap();
    let stretch = |(from, until, row): &(u64, u64, Row)| Stretch {
        email: email.clone(),
        row: row.clone(),
        from: at(*from),
        until: at(*until),
    };
    Past {
        looks: looks
            .iter()
            .map(|(minute, complete)| Look { began: at(*minute), at: at(*minute), complete: *complete })
            .collect(),
        spans: spans.iter().map(stretch).collect(),
        ..Past::default()
    }
}

#[test]
fn what_cannot_be_told_is_a_gap_and_never_no_change() {
    let gaps = |looks: &[(u64, bool)], minute: u64| {
        let gaps = past(looks, &[]).since(at(minute)).gaps;
        gaps.into_iter().map(|gap| gap.why).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(gaps(&[(1, true), (9, true)], 5), "");
    assert!(gaps(&[], 5).contains("never looked at"));
    assert!(gaps(&[(9, false)], 5).contains("never seen whole"));
    assert!(gaps(&[(7, true), (9, true)], 5).contains("first seen whole at 2026-11-22T10:07:00Z"));
    assert!(gaps(&[(1, true)], 5).contains("not seen whole since 2026-11-22T10:01:00Z"));
    assert!(gaps(&[(1, true), (9, false)], 5).contains("not seen whole since"));
    assert!(gaps(&[(1, true), (7, true), (9, false)], 5).contains("who was lost since 2026-11-22T10:07:00Z"));
}

#[test]
fn only_what_may_be_since_then_is_told() {
    let looks = [(1, true), (4, true), (6, true), (9, true)];
    let past = past(&looks, &[(4, 6, row("m1", "view")), (9, 9, row("m1", "admin"))]);
    let kinds =
        |minute: u64| -> Vec<ChangeKind> { past.since(at(minute)).changes.iter().map(|change| change.kind).collect() };
    assert_eq!(kinds(0), [ChangeKind::Gained, ChangeKind::Changed]);
    assert_eq!(kinds(2), [ChangeKind::Gained, ChangeKind::Changed], "it may have been before");
    assert_eq!(kinds(4), [ChangeKind::Changed]);
    assert_eq!(kinds(9), []);
}

#[test]
fn giving_a_workspace_away_explains_both_sides() {
    let mut past = past(&[(1, true), (9, true)], &[(1, 1, row("m1", "owner")), (9, 9, row("m1", "admin"))]);
    assert_eq!(past.since(at(2)).changes[0].by, By::Outside);
    past.transfers = vec![Transfer { run: run(1), from: at(4), to: at(5) }];
    assert_eq!(past.since(at(2)).changes[0].by, By::Run(run(1)));
}

fn doubt(who: Option<&str>, kept: Kept, from: u64, until: u64) -> Doubt {
    Doubt { who: who.map(Email::observed), kept, from: at(from), until: at(until) }
}

/// Whose changes are told, and of whom nothing can be.
fn claims(past: &Past, minute: u64) -> (Vec<String>, Vec<Option<String>>) {
    let since = past.since(at(minute));
    let told = since.changes.iter().map(|change| format!("{} {}", change.who, change.kind.as_str()));
    (told.collect(), since.gaps.into_iter().map(|gap| gap.who.map(|who| who.to_string())).collect())
}

#[test]
fn what_cannot_be_read_makes_nobody_lost_and_blames_nobody() {
    // Ann was seen until minute 4; from 6 on there is a row that cannot be read.
    let seen = || past(&[(1, true), (4, true), (6, true), (9, true)], &[(1, 4, row("m1", "view"))]);
    let lost = vec![format!("{ANN} lost")];
    assert_eq!(claims(&seen(), 2), (lost.clone(), vec![]));
    let doubts = |doubt| Past { doubts: vec![doubt], ..seen() };
    let of_her = doubts(doubt(Some(ANN), Kept::Row, 6, 9));
    assert_eq!(claims(&of_her, 2), (vec![], vec![Some(ANN.to_owned())]));
    assert_eq!(claims(&doubts(doubt(None, Kept::Row, 6, 9)), 2), (vec![], vec![None]), "it may be hers");
    let of_another = doubts(doubt(Some("bob@agency.example"), Kept::Row, 6, 9));
    assert_eq!(claims(&of_another, 2), (lost.clone(), vec![Some("bob@agency.example".to_owned())]));
    assert_eq!(claims(&doubts(doubt(Some(ANN), Kept::Row, 9, 9)), 2).0, lost, "she was gone before that");
    let of_a_step = doubts(doubt(Some(ANN), Kept::Step(run(1)), 3, 5));
    assert_eq!(claims(&of_a_step, 2), (vec![], vec![Some(ANN.to_owned())]), "the step may have removed her");
    let long_ago = doubts(doubt(Some(ANN), Kept::Row, 1, 4));
    assert_eq!(claims(&long_ago, 7), (vec![], vec![]), "a look since shows all there is");
}

#[test]
fn what_a_run_of_ours_surely_did_is_told_beside_what_cannot_be_read() {
    let mut past = past(&[(1, true), (9, true)], &[(1, 1, row("m1", "view"))]);
    past.writes = vec![(Email::observed(ANN), write(1, 4, 5, remove("m1"), &[row("m1", "view")]))];
    past.doubts = vec![doubt(None, Kept::Row, 1, 9), doubt(None, Kept::Row, 9, 9)];
    let since = past.since(at(2));
    assert_eq!(since.changes.iter().map(|change| change.by.clone()).collect::<Vec<_>>(), [By::Run(run(1))]);
    assert_eq!(since.gaps.len(), 1, "a line for each person and thing: {since:?}");
    let why = &since.gaps[0].why;
    assert!(why.contains("from 2026-11-22T10:01:00Z to 2026-11-22T10:09:00Z cannot be read, nor whose it is"), "{why}");
}
