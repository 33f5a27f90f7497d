use super::*;
use crate::domain::fleet::RemovalLimits;
use crate::domain::{Guards, Member, WorkspaceId, WorkspaceName};
use crate::plan::members::tests::{member, observed};
use crate::plan::{Observed, Wish, draw};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + second).unwrap()
}

fn rules(per_workspace: usize, per_run: usize, per_day: usize, removed: &[i64]) -> Rules {
    let max_removals = RemovalLimits { per_workspace, per_run, per_day };
    let guards = Guards { max_removals, ..Guards::default() };
    Rules { removed: removed.iter().map(|second| at(*second)).collect(), ..Rules::of(guards) }
}

/// A workspace with so many rows, open invitations among them, and the wish that all go.
fn workspace(name: &str, rows: usize) -> (Observed, Vec<Wish>) {
    let row = |place: usize| {
        let email = format!("p{place}@x.example");
        Member { accepted: place.is_multiple_of(2), ..member(&format!("{name}-m{place}"), &email, "view") }
    };
    let world = Observed {
        workspace: WorkspaceName::parse(name).unwrap(),
        id: WorkspaceId::parse(name).unwrap(),
        ..observed((0..rows).map(row).collect())
    };
    let wishes = world.members.iter().map(|row| Wish::Absent { email: row.email.clone() }).collect();
    (world, wishes)
}

#[test]
fn the_chosen_part_is_the_largest_and_takes_the_first_places() {
    assert_eq!(largest(&[3, 2, 2], 4), [1, 2]);
    assert_eq!(largest(&[1, 1, 1, 1], 2), [0, 1]);
    assert_eq!(largest(&[2, 1, 1, 2], 3), [0, 1]);
    assert_eq!(largest(&[3, 3], 2), [] as [usize; 0]);
    assert_eq!(largest(&[3, 3], 99), [0, 1]);
    assert_eq!(largest(&[], 5), [] as [usize; 0]);
    assert_eq!(largest(&[70, 64, 1, 63], 128), [1, 2, 3]);
    let mut chance = fastrand::Rng::with_seed(7);
    for _ in 0..2_000 {
        let weights: Vec<usize> = (0..chance.usize(0..9)).map(|_| chance.usize(1..100)).collect();
        let room = chance.usize(0..300);
        let sum_of = |subset: usize| -> usize {
            let taken = weights.iter().enumerate().filter(|(place, _)| subset >> place & 1 == 1);
            taken.map(|(_, weight)| *weight).sum()
        };
        let best = (0..1_usize << weights.len()).map(sum_of).filter(|sum| *sum <= room).max();
        let chosen: usize = largest(&weights, room).iter().map(|place| weights[*place]).sum();
        assert_eq!(Some(chosen), best, "{weights:?} {room}");
    }
}

#[test]
fn above_the_limit_of_a_run_whole_workspaces_are_proposed() {
    let rules = rules(3, 4, 100, &[]);
    let plan = draw(&[workspace("acme", 3), workspace("birch", 2), workspace("cedar", 2)], &rules);
    let [refusal] = &plan.refusals(&rules)[..] else { panic!("one refusal") };
    assert_eq!((refusal.limit, refusal.count, refusal.most, refusal.room), (HeldReason::LimitPerRun, 7, 4, 4));
    assert_eq!(refusal.part, Part::Workspaces { names: vec!["birch", "cedar"], removals: 4 });
    assert_eq!(refusal.steps.len(), 7);
}

#[test]
fn the_day_leaves_less_room_than_the_run_and_says_when_it_has_more() {
    let rules = rules(3, 50, 5, &[0, 10, 20, 30]);
    let seen = [workspace("acme", 2), workspace("birch", 1)];
    let plan = draw(&seen, &rules);
    let [refusal] = &plan.refusals(&rules)[..] else { panic!("one refusal") };
    assert_eq!((refusal.limit, refusal.count, refusal.before, refusal.room), (HeldReason::LimitPerDay, 3, 4, 1));
    assert_eq!(refusal.part, Part::Workspaces { names: vec!["birch"], removals: 1 });
    let later = |second: i64| at(second + 24 * 3600 + 1);
    // Four removed, room for one: three more need two of the four to be older than a day.
    assert_eq!(refusal.frees, Some(Frees { one: later(0), all: Some(later(10)) }));
}

#[test]
fn where_nothing_can_pass_it_is_said_and_more_than_a_day_allows_never_does() {
    let used_up = rules(9, 50, 2, &[0, 5]);
    let seen = [workspace("acme", 3)];
    let plan = draw(&seen, &used_up);
    let refusal = &plan.refusals(&used_up)[0];
    assert_eq!((refusal.room, refusal.part.removals()), (0, 0));
    assert_eq!(refusal.frees, Some(Frees { one: at(24 * 3600 + 1), all: None }));

    let none = rules(9, 50, 0, &[]);
    let plan = draw(&seen, &none);
    assert_eq!(plan.refusals(&none)[0].frees, None);
}

#[test]
fn above_the_limit_of_a_workspace_whole_people_are_proposed() {
    let rules = rules(2, 50, 100, &[]);
    let (mut world, wishes) = workspace("acme", 3);
    // The first has a stale invitation besides the membership: two rows that go together.
    world.members.push(member("acme-m9", "p0@x.example", "view"));
    let plan = draw(&[(world, wishes)], &rules);
    let refusals = plan.refusals(&rules);
    let [refusal] = &refusals[..] else { panic!("one refusal") };
    assert_eq!((refusal.limit, refusal.workspace, refusal.count), (HeldReason::LimitPerWorkspace, Some("acme"), 4));
    let Part::People { emails, removals } = &refusal.part else { panic!("people") };
    assert_eq!((emails.len(), *removals), (1, 2), "{emails:?}");
    assert_eq!(emails[0].as_str(), "p0@x.example");
}

#[test]
fn each_workspace_and_the_run_are_refused_on_their_own() {
    let rules = rules(2, 2, 100, &[]);
    let plan = draw(&[workspace("acme", 3), workspace("birch", 2), workspace("cedar", 1)], &rules);
    let limits: Vec<_> = plan.refusals(&rules).iter().map(|refusal| (refusal.limit, refusal.count)).collect();
    assert_eq!(limits, [(HeldReason::LimitPerWorkspace, 3), (HeldReason::LimitPerRun, 3)]);
    assert!(draw(&[workspace("acme", 2)], &rules).refusals(&rules).is_empty());
}
