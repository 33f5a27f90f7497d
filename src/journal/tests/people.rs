//! Questions about people: whose rows, which accounts, who was to leave.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;
use crate::domain::{Held, HeldReason, UserId};
use crate::journal::Listing;

const ASKED: &str = "ann@agency.example";
const BORNE: &str = "old@agency.example";

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn row(id: &str, address: &str, user: Option<&str>) -> RestsOn {
    RestsOn::Row {
        id: MemberId::parse(id).unwrap(),
        email: email(address),
        user_id: user.map(|user| UserId::parse(user).unwrap()),
        role: Role::Editor,
        permissions: None,
        accepted: true,
        nickname: None,
    }
}

fn removal(number: usize, row: RestsOn) -> Step {
    let RestsOn::Row { id, email, .. } = row.clone() else { panic!("no row") };
    Step::new(&named(number), &workspace(number), Change::Remove { member: id, email }, row)
}

fn absence(number: usize, address: &str) -> Step {
    Step::new(&named(number), &workspace(number), Change::StayAbsent { email: email(address) }, RestsOn::Absent)
}

fn ambiguous() -> Disposition {
    Disposition::Held(Held::new(HeldReason::AmbiguousPerson, "two accounts", "look"))
}

/// The header of a run about people leaving.
fn leaving(run: &RunId, people: &[&str], steps: Vec<(Step, Disposition)>) -> RunHeader {
    let people: Vec<Value> = people.iter().map(|one| json!({ "email": one })).collect();
    let settings = json!({ "leaving": { "people": people, "all": true, "exclude": [] } });
    RunHeader { command: "offboard".to_owned(), settings, steps, ..header(run, vec![]) }
}

fn sighted(number: usize, subject: &str, rows: &[&str], accounts: &[&str]) -> Record {
    let rows: Vec<Value> = rows.iter().map(|id| json!({ "id": id, "email": BORNE })).collect();
    Record::Sighted {
        workspace: format!("client-{number}"),
        workspace_id: workspace(number),
        subject: email(subject),
        at: jiff::Timestamp::UNIX_EPOCH,
        traces: json!({ "accounts": accounts, "rows": rows, "campaigns": [{ "id": "c", "name": "C" }] }),
    }
}

/// A look after a write that saw these rows.
fn saw(step: &StepId, outcome: Outcome, rows: &[RestsOn]) -> Vec<Record> {
    let seen = Some(serde_json::to_value(rows).unwrap());
    let end = Record::Settled { step: step.clone(), outcome, reason: None, attempts: 1, held: None, seen };
    vec![started(step, 1), answered(step, 1, Class::Acknowledged), end]
}

async fn accounts(ledger: &Ledger, people: &[&str]) -> Vec<String> {
    let people: BTreeSet<Email> = people.iter().map(|one| email(one)).collect();
    let told = ledger.accounts_of(&people).await.unwrap();
    let say = |Account { workspace_id, email, user_id }: &Account| {
        let place = (1..9).find(|number| workspace(*number) == *workspace_id).unwrap();
        format!("{place} {email} {user_id}")
    };
    told.iter().map(say).collect()
}

/// Every departure of a run: who, by which address, where, whether there, whether gone.
async fn departures(ledger: &Ledger, run: &RunId) -> Vec<(String, String, String, bool, bool)> {
    let told = ledger.offboardings().await.unwrap();
    let run = told.runs.iter().find(|one| one.run == *run).unwrap();
    let say = |one: &Departure| {
        let Departure { workspace, person, address, was_there, gone, .. } = one;
        (person.to_string(), address.to_string(), workspace.clone(), *was_there, *gone)
    };
    run.steps.iter().map(say).collect()
}

fn told(
    person: &str,
    address: &str,
    workspace: &str,
    was_there: bool,
    gone: bool,
) -> (String, String, String, bool, bool) {
    (person.to_owned(), address.to_owned(), workspace.to_owned(), was_there, gone)
}

#[tokio::test(start_paused = true)]
async fn a_row_under_another_address_is_whose_the_run_saw_it_to_be() {
    let world = World::new();
    let ledger = world.open().await;
    let (run, before) = (run_id(2), run_id(1));
    let own = removal(1, row("m-1", BORNE, Some("u-1")));
    let of_another = removal(1, row("m-2", BORNE, Some("u-2")));
    let steps = vec![(own.clone(), Disposition::Send), (of_another.clone(), Disposition::Send)];
    ledger.begin(leaving(&before, &[ASKED], vec![(own.clone(), Disposition::Send)])).await.unwrap();
    let seen = vec![sighted(1, ASKED, &["m-1"], &["u-1", "u-0"]), sighted(2, ASKED, &[], &["u-9"])];
    ledger.begin_with(leaving(&run, &[ASKED, BORNE], steps), seen).await.unwrap();
    ledger.append(&run, whole_way(&own.id, Outcome::Done)).await.unwrap();
    let expected = [told(ASKED, BORNE, "client-1", true, true), told(BORNE, BORNE, "client-1", true, false)];
    assert_eq!(departures(&ledger, &run).await, expected);
    let older = [told(BORNE, BORNE, "client-1", true, false)];
    assert_eq!(departures(&ledger, &before).await, older, "a run that wrote nothing down: the row's address");
    let known = ["1 ann@agency.example u-0", "1 ann@agency.example u-1", "2 ann@agency.example u-9"];
    assert_eq!(accounts(&ledger, &[ASKED]).await, known);
    assert_eq!(accounts(&ledger, &[BORNE]).await, ["1 old@agency.example u-1", "1 old@agency.example u-2"]);
    assert!(accounts(&ledger, &["eve@agency.example"]).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn more_than_one_page_of_what_was_seen_is_read_to_its_end() {
    let world = World::new();
    let ledger = world.open().await;
    let run = run_id(1);
    let people: Vec<String> = (0..250).map(|number| format!("p{number:03}@agency.example")).collect();
    let seen = people.iter().map(|one| sighted(1, one, &[], &["u-1"])).collect();
    let asked: Vec<&str> = people.iter().map(String::as_str).collect();
    ledger.begin_with(leaving(&run, &asked, vec![(absence(1, ASKED), Disposition::Send)]), seen).await.unwrap();
    assert_eq!(accounts(&ledger, &asked).await.len(), 250);
    assert_eq!(accounts(&ledger, &[asked[249]]).await, ["1 p249@agency.example u-1"]);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_only_a_closing_look_showed_is_known() {
    let world = World::new();
    let ledger = world.open().await;
    let run = run_id(1);
    let steps = [invite(1, ASKED), invite(2, ASKED), invite(3, ASKED), invite(4, ASKED)];
    ledger.begin(header(&run, steps.to_vec())).await.unwrap();
    let looks: [&[RestsOn]; 3] = [
        &[row("m-1", ASKED, Some("u-1"))],
        // Another account under another address: it cannot be told whose the rows are.
        &[row("m-2", ASKED, Some("u-2")), row("m-3", BORNE, Some("u-3"))],
        &[row("m-4", BORNE, Some("u-4"))],
    ];
    for (step, rows) in steps.iter().zip(looks) {
        // Each in a moment of its own, as its lane comes to its end.
        world.clock.sleep(std::time::Duration::from_secs(1)).await;
        ledger.append(&run, saw(&step.id, Outcome::Waiting, rows)).await.unwrap();
    }
    ledger.append(&run, whole_way(&steps[3].id, Outcome::Done)).await.unwrap();
    assert_eq!(accounts(&ledger, &[ASKED]).await, ["1 ann@agency.example u-1"]);
}

#[tokio::test(start_paused = true)]
async fn rows_of_which_it_cannot_be_told_whose_they_are_tell_no_account_and_nobody_is_gone() {
    let world = World::new();
    let ledger = world.open().await;
    let run = run_id(1);
    let (one, other) = (removal(1, row("m-1", ASKED, Some("u-1"))), removal(1, row("m-2", BORNE, Some("u-2"))));
    let steps = vec![(one, ambiguous()), (other, ambiguous())];
    let seen = vec![sighted(1, ASKED, &["m-1", "m-2"], &[]), sighted(1, BORNE, &["m-2"], &[])];
    ledger.begin_with(leaving(&run, &[ASKED, BORNE], steps), seen).await.unwrap();
    let expected = [
        told(ASKED, ASKED, "client-1", true, false),
        told(ASKED, BORNE, "client-1", true, false),
        told(BORNE, BORNE, "client-1", true, false),
    ];
    assert_eq!(departures(&ledger, &run).await, expected);
    assert!(accounts(&ledger, &[ASKED, BORNE]).await.is_empty());
    let reasons = ledger.offboardings().await.unwrap().runs.remove(0).steps;
    assert!(reasons.iter().all(|step| step.reason.as_deref() == Some("ambiguous_person")));
}

#[tokio::test(start_paused = true)]
async fn of_a_run_that_was_taken_up_again_the_last_word_counts() {
    let world = World::new();
    let run = run_id(1);
    let (first, second) = (removal(1, row("m-1", ASKED, None)), removal(2, row("m-2", ASKED, None)));
    let ledger = world.open().await;
    let steps = vec![(first.clone(), Disposition::Send), (second.clone(), Disposition::Send)];
    ledger.begin_with(leaving(&run, &[ASKED], steps), vec![sighted(1, ASKED, &["m-1"], &["u-1"])]).await.unwrap();
    ledger.append(&run, whole_way(&first.id, Outcome::Unknown)).await.unwrap();
    ledger.append(&run, vec![ended(22)]).await.unwrap();
    let gone = async |ledger: &Ledger| departures(ledger, &run).await.iter().map(|one| one.4).collect::<Vec<_>>();
    assert_eq!(gone(&ledger).await, [false, false]);
    let again = Record::Resumed { operator: "bob".to_owned(), version: "0.1.0" };
    ledger
        .append(&run, vec![again, looked(&first.id, Effect::There), settled(&first.id, Outcome::Done)])
        .await
        .unwrap();
    ledger.append(&run, whole_way(&second.id, Outcome::Done)).await.unwrap();
    assert_eq!(gone(&ledger).await, [true, true]);
    assert_eq!(accounts(&ledger, &[ASKED]).await, ["1 ann@agency.example u-1"]);
}

#[tokio::test(start_paused = true)]
async fn who_was_invited_since_is_told_an_undone_offboarding_too() {
    let world = World::new();
    let ledger = world.open().await;
    let (left, undone) = (run_id(1), run_id(2));
    let (gone, absent) = (removal(1, row("m-1", BORNE, None)), absence(2, ASKED));
    let already = Disposition::Already("no membership and no invitation".to_owned());
    let steps = vec![(gone.clone(), Disposition::Send), (absent, already)];
    ledger.begin_with(leaving(&left, &[ASKED], steps), vec![sighted(1, ASKED, &["m-1"], &[])]).await.unwrap();
    ledger.append(&left, whole_way(&gone.id, Outcome::Done)).await.unwrap();
    let back = [invite(1, BORNE), invite(2, BORNE), invite(3, BORNE), invite(4, BORNE)];
    let header = RunHeader { command: "undo".to_owned(), ..header(&undone, back.to_vec()) };
    ledger.begin(header).await.unwrap();
    ledger.append(&undone, whole_way(&back[0].id, Outcome::Waiting)).await.unwrap();
    ledger.append(&undone, whole_way(&back[1].id, Outcome::Unknown)).await.unwrap();
    let third = &back[2].id;
    let refused = vec![started(third, 1), answered(third, 1, Class::Refused), settled(third, Outcome::Failed)];
    ledger.append(&undone, refused).await.unwrap();
    let offboardings = ledger.offboardings().await.unwrap();
    let runs: Vec<&RunId> = offboardings.runs.iter().map(|one| &one.run).collect();
    assert_eq!(runs, [&left], "what undoes takes nobody out");
    let expected = [told(ASKED, BORNE, "client-1", true, true), told(ASKED, ASKED, "client-2", false, true)];
    assert_eq!(departures(&ledger, &left).await, expected);
    let invited: Vec<_> = offboardings.invited.into_iter().collect();
    let by = |number: usize| ((workspace(number), email(BORNE)), 2);
    assert_eq!(invited, [by(1), by(2)], "what failed or was never sent invited nobody; what may have, did");
}

#[tokio::test(start_paused = true)]
async fn a_pruned_run_tells_nothing_and_those_behind_it_stay() {
    let world = World::new();
    let ledger = world.open().await;
    for number in [1, 2] {
        let (run, step) =
            (run_id(number), removal(1, row(&format!("m-{number}"), ASKED, Some(&format!("u-{number}")))));
        ledger.begin(leaving(&run, &[ASKED], vec![(step.clone(), Disposition::Send)])).await.unwrap();
        ledger.append(&run, whole_way(&step.id, Outcome::Done)).await.unwrap();
        ledger.append(&run, vec![ended(0)]).await.unwrap();
        world.clock.sleep(std::time::Duration::from_hours(24 * 10)).await;
    }
    let before = world.clock.now() - jiff::SignedDuration::from_hours(24 * 15);
    let shown = ledger.prunable(before).await.unwrap();
    let note = PruneNote { operator: "ada".to_owned(), reason: None, version: "0.1.0" };
    assert_eq!(ledger.prune(&shown, &note).await.unwrap(), 1);
    let offboardings = ledger.offboardings().await.unwrap();
    assert_eq!(offboardings.runs.iter().map(|one| (&one.run, one.ordinal)).collect::<Vec<_>>(), [(&run_id(2), 2)]);
    assert_eq!(accounts(&ledger, &[ASKED]).await, ["1 ann@agency.example u-2"]);
}

#[tokio::test(start_paused = true)]
async fn steps_from_before_the_last_whole_look_before_a_moment_are_not_read() {
    let world = World::new();
    let ledger = world.open().await;
    let day = || world.clock.sleep(std::time::Duration::from_hours(24));
    let look = async |number: usize, complete: bool| {
        let at = world.clock.now();
        let (workspace_id, kind) = (workspace(number), "member".to_owned());
        let listing = Listing { workspace_id, kind, began: at, at, rows: Vec::new(), complete };
        ledger.record_listings(vec![listing]).await.unwrap();
    };
    for number in 1..=4 {
        // The second workspace is seen in part alone, the third never.
        look(1, true).await;
        look(2, false).await;
        day().await;
        let run = run_id(number);
        let steps = vec![invite(1, ASKED), invite(2, ASKED), invite(3, ASKED)];
        ledger.begin(header(&run, steps.clone())).await.unwrap();
        for step in &steps {
            ledger.append(&run, whole_way(&step.id, Outcome::Done)).await.unwrap();
        }
        day().await;
    }
    let read = async |since: jiff::Timestamp| -> Vec<String> {
        let all = [workspace(1), workspace(2), workspace(3)];
        let writes = ledger.member_writes(&all, since).await.unwrap();
        let place = |id: &WorkspaceId| (1..9).find(|number| workspace(*number) == *id).unwrap();
        writes.iter().map(|write| format!("{} {}", write.ordinal, place(&write.step.workspace_id))).collect()
    };
    let now = world.clock.now();
    assert_eq!(read(now).await, ["1 2", "1 3", "2 2", "2 3", "3 2", "3 3", "4 1", "4 2", "4 3"]);
    let third_look = now - jiff::SignedDuration::from_hours(4 * 24);
    assert_eq!(read(third_look).await.iter().filter(|step| step.ends_with(" 1")).count(), 2);
    assert_eq!(
        read(third_look - jiff::SignedDuration::from_secs(1)).await.iter().filter(|s| s.ends_with(" 1")).count(),
        3
    );
    assert_eq!(read(jiff::Timestamp::UNIX_EPOCH).await.len(), 12);
}
