//! Runs, steps, permits, questions, two processes, virtual time.

use std::time::Duration;

use super::*;
use crate::domain::{ApiKey, Disposition, Held, HeldReason};
use crate::trouble::Exit;

#[tokio::test(start_paused = true)]
async fn a_permit_exists_only_behind_the_commit_and_a_refused_batch_leaves_nothing() {
    let world = World::new();
    let ledger = world.open().await;
    let run = run_id(1);
    let (one, two) = (invite(1, "ida@agency.example"), invite(2, "ida@agency.example"));
    let (first, second) = (one.id.clone(), two.id.clone());
    ledger.begin(header(&run, vec![one, two])).await.unwrap();
    let before = ledger.entries(&run).await.unwrap();

    let batch = vec![started(&first, 1), started(&second, 1), settled(&first, Outcome::Done)];
    let refused = ledger.append(&run, batch).await.unwrap_err();
    let LedgerError::Illegal { step, source } = &refused else { panic!("{refused:?}") };
    assert_eq!((step, source.to_string()), (&first, "`settled: done` cannot follow `started, attempt 1`".to_owned()));
    assert_eq!(refused.exit(), Exit::Bug);
    assert_eq!(ledger.entries(&run).await.unwrap(), before);
    assert!(ledger.steps(&run).await.unwrap().iter().all(|step| step.state == State::Planned));

    let stop = Record::Stop { why: "ctrl-c".to_owned() };
    let permits = ledger.append(&run, vec![started(&first, 1), stop, started(&second, 1)]).await.unwrap();
    let shown: Vec<_> = permits.iter().map(|p| p.as_ref().map(|p| (p.step().clone(), p.attempt()))).collect();
    assert_eq!(shown, [Some((first, 1)), None, Some((second, 1))]);
    assert_eq!(permits[2].as_ref().unwrap().workspace(), &workspace(2));
    assert_eq!(ledger.entries(&run).await.unwrap().len(), before.len() + 3);
    ledger.verify_chain(&run).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn records_of_unknown_runs_steps_and_classes_are_refused() {
    let world = World::new();
    let ledger = world.open().await;
    let step = invite(1, "ida@agency.example");
    let id = step.id.clone();
    let missing = ledger.append(&run_id(9), vec![started(&id, 1)]).await.unwrap_err();
    assert!(matches!(missing, LedgerError::NoSuchRun { .. }));

    let run = run_id(1);
    let twice = ledger.begin(header(&run, vec![step.clone(), step.clone()])).await.unwrap_err();
    assert!(matches!(twice, LedgerError::SameStepTwice { .. }));
    assert!(ledger.runs(10).await.unwrap().is_empty());
    ledger.begin(header(&run, vec![step])).await.unwrap();
    let again = ledger.begin(header(&run, Vec::new())).await.unwrap_err();
    assert!(matches!(again, LedgerError::RunBusy { .. }), "{again:?}");
    let done = finished_run(&ledger, 7).await;
    let again = ledger.begin(header(&done, Vec::new())).await.unwrap_err();
    assert!(matches!(again, LedgerError::RunExists { .. }), "{again:?}");
    let stranger = ledger.append(&run, vec![started(&StepId::of(b"?"), 1)]).await.unwrap_err();
    assert!(matches!(stranger, LedgerError::NoSuchStep { .. }));
    ledger.append(&run, vec![started(&id, 1)]).await.unwrap();
    let odd = Record::Answered { step: id, attempt: 1, class: "fine", detail: String::new(), status: None };
    assert!(matches!(ledger.append(&run, vec![odd]).await.unwrap_err(), LedgerError::Illegal { .. }));
    ledger.verify_chain(&run).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_run_shows_how_it_stands_and_ends_once_unless_it_is_resumed() {
    let world = World::new();
    let ledger = world.open().await;
    let run = ledger.fresh_run_id(1).await.unwrap();
    let steps: Vec<Step> = (1..=4).map(|n| invite(n, "ida@agency.example")).collect();
    let ids: Vec<StepId> = steps.iter().map(|step| step.id.clone()).collect();
    let mut header = header(&run, steps);
    header.steps[2].1 = Disposition::Already("is an editor".to_owned());
    header.steps[3].1 = Disposition::Held(Held::new(HeldReason::Mode, "mode is observe", "set another mode"));
    ledger.begin(header).await.unwrap();
    ledger.append(&run, vec![started(&ids[0], 1)]).await.unwrap();

    let row = ledger.run("last").await.unwrap();
    assert_eq!((row.state, row.planned, row.in_doubt), (RunState::Running, 1, 1));
    assert_eq!(row.counts, BTreeMap::from([(Outcome::Already, 1), (Outcome::Held, 1)]));

    world.clock.sleep(Duration::from_millis(1_500)).await;
    let rest = vec![answered(&ids[0], 1, Class::Ambiguous), settled(&ids[0], Outcome::Unknown), ended(22)];
    ledger.append(&run, rest).await.unwrap();
    let row = ledger.run(run.as_str()).await.unwrap();
    assert_eq!((row.state, row.exit, row.requests), (RunState::Finished, Some(22), Some(4)));
    assert_eq!(row.ended.unwrap().to_string(), "2026-11-22T04:30:01.5Z");
    let late = ledger.append(&run, vec![looked(&ids[0], Effect::There)]).await.unwrap_err();
    assert!(matches!(late, LedgerError::RunEnded { .. }));

    let resumed = Record::Resumed { operator: "ada".to_owned(), version: "0.1.0" };
    let batch = vec![resumed, looked(&ids[0], Effect::There), settled(&ids[0], Outcome::Waiting)];
    ledger.append(&run, batch).await.unwrap();
    assert_eq!(ledger.run("last").await.unwrap().state, RunState::Running);
    let rows = ledger.steps(&run).await.unwrap();
    assert_eq!(rows[0].state.outcome(), Some(Outcome::Waiting));
    assert_eq!((rows[0].reason.as_deref(), rows[0].status), (Some("because"), Some(200)));
    assert_eq!(rows[1].step().unwrap(), invite(2, "ida@agency.example"));
    assert_eq!((rows[3].reason_code.as_deref(), rows[3].reason.as_deref()), (Some("mode"), Some("mode is observe")));
    ledger.verify_chain(&run).await.unwrap();

    ledger.close().await.unwrap();
    assert!(matches!(ledger.run("last").await.unwrap_err(), LedgerError::Closed));
    drop(ledger);
    assert_eq!(world.open().await.run("last").await.unwrap().state, RunState::Cut);
}

#[tokio::test(start_paused = true)]
async fn of_two_who_drew_the_same_id_the_second_takes_another() {
    let world = World::new();
    let ledger = world.open().await;
    let first = ledger.fresh_run_id(7).await.unwrap();
    let second = ledger.fresh_run_id(7).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(ledger.still_free(first.clone(), 7).await.unwrap(), first);
    ledger.begin(header(&first, Vec::new())).await.unwrap();
    let other = ledger.still_free(second, 7).await.unwrap();
    assert_ne!(other, first);
    ledger.begin(header(&other, Vec::new())).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn runs_are_found_by_prefix_and_ids_go_on_to_the_next_free_one() {
    let world = World::new();
    let ledger = world.open().await;
    assert!(matches!(ledger.run("last").await.unwrap_err(), LedgerError::NoSuchRun { .. }));
    for _ in 0..3 {
        let run = ledger.fresh_run_id(0xffff).await.unwrap();
        ledger.begin(header(&run, Vec::new())).await.unwrap();
    }
    let ids: Vec<String> = ledger.runs(2).await.unwrap().iter().map(|row| row.id.to_string()).collect();
    assert_eq!(ids, ["20261122T043000Z-0001", "20261122T043000Z-0000"]);
    assert_eq!(ledger.run("20261122T043000Z-f").await.unwrap().id.as_str(), "20261122T043000Z-ffff");
    let many = ledger.run("20261122").await.unwrap_err();
    assert!(matches!(&many, LedgerError::Ambiguous { fits, .. } if fits.len() == 3));
    assert_eq!(many.exit(), Exit::Usage);
    for asked in ["", "%", "20261123", "20261122T043000Z-ffff0"] {
        assert!(matches!(ledger.run(asked).await.unwrap_err(), LedgerError::NoSuchRun { .. }), "{asked}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_step_is_unsettled_until_a_later_run_has_seen_its_subject() {
    let world = World::new();
    let ledger = world.open().await;
    let (ida, eve) = (invite(1, "ida@agency.example"), invite(1, "eve@agency.example"));
    let (first, fine) = (run_id(1), run_id(2));
    let throttled = invite(2, "ida@agency.example");
    ledger.begin(header(&first, vec![ida.clone(), eve.clone(), throttled.clone()])).await.unwrap();
    let mut records = whole_way(&ida.id, Outcome::Unknown);
    records.push(started(&eve.id, 1));
    records.extend([started(&throttled.id, 1), answered(&throttled.id, 1, Class::Throttled)]);
    ledger.append(&first, records).await.unwrap();

    let all = [workspace(1), workspace(2)];
    let subjects = |found: Vec<Unsettled>| found.iter().map(|one| one.subject.clone()).collect::<Vec<_>>();
    let found = ledger.unsettled(&all).await.unwrap();
    assert_eq!(found[0].run, first);
    assert_eq!(subjects(found), ["ida@agency.example", "eve@agency.example"]);
    assert!(ledger.unsettled(&[workspace(2)]).await.unwrap().is_empty());

    // Held or failed for another reason says nothing about whether the first took effect.
    let other = remove(1, "ida@agency.example");
    ledger.begin(header(&fine, vec![ida.clone(), other.clone()])).await.unwrap();
    ledger.append(&fine, vec![settled(&ida.id, Outcome::Held), settled(&other.id, Outcome::Failed)]).await.unwrap();
    assert_eq!(subjects(ledger.unsettled(&all).await.unwrap()), ["ida@agency.example", "eve@agency.example"]);

    let third = run_id(3);
    ledger.begin(header(&third, vec![ida.clone()])).await.unwrap();
    ledger.append(&third, whole_way(&ida.id, Outcome::Waiting)).await.unwrap();
    assert_eq!(subjects(ledger.unsettled(&all).await.unwrap()), ["eve@agency.example"]);
    ledger.append(&first, vec![looked(&eve.id, Effect::There), settled(&eve.id, Outcome::Done)]).await.unwrap();
    assert!(ledger.unsettled(&all).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn removals_that_took_effect_or_may_have_are_counted_since_a_moment() {
    let world = World::new();
    let ledger = world.open().await;
    let run = run_id(1);
    let steps: Vec<Step> =
        (1..=6).map(|n| remove(n, "eve@agency.example")).chain([invite(7, "ida@agency.example")]).collect();
    let ids: Vec<StepId> = steps.iter().map(|step| step.id.clone()).collect();
    ledger.begin(header(&run, steps)).await.unwrap();
    ledger.append(&run, whole_way(&ids[0], Outcome::Done)).await.unwrap();
    let since = world.clock.now() + jiff::SignedDuration::from_millis(500);
    world.clock.sleep(Duration::from_secs(1)).await;
    let mut records = whole_way(&ids[1], Outcome::Unknown);
    records.extend(whole_way(&ids[2], Outcome::Unverified));
    records.push(settled(&ids[3], Outcome::Held));
    records.push(started(&ids[4], 1));
    records.extend(whole_way(&ids[6], Outcome::Waiting));
    ledger.append(&run, records).await.unwrap();
    let removed = async |since| ledger.removals_within(since).await.unwrap();
    assert_eq!(removed(since).await.len(), 3 + 1, "and one that is planned in a run that is being written");
    assert_eq!(removed(world.clock.start()).await.len(), 4 + 1);

    // A first attempt that was refused is without effect; a second may follow one that was not. A lowered admin counts.
    let surely_not = [answered(&ids[4], 1, Class::Refused), settled(&ids[4], Outcome::Failed), started(&ids[5], 1)];
    ledger.append(&run, [&surely_not[..], &[answered(&ids[5], 1, Class::NotSent)]].concat()).await.unwrap();
    assert_eq!(removed(since).await.len(), 2);
    ledger.append(&run, vec![started(&ids[5], 2), answered(&ids[5], 2, Class::Throttled), ended(0)]).await.unwrap();
    assert_eq!(removed(since).await.len(), 3);
    let lowered = lower(8, "kim@agency.example");
    let (second, id) = (run_id(2), lowered.id.clone());
    ledger.begin(header(&second, vec![lowered, remove(9, "eve@agency.example")])).await.unwrap();
    ledger.append(&second, whole_way(&id, Outcome::Done)).await.unwrap();
    assert_eq!(removed(since).await.len(), 3 + 2);
    ledger.append(&second, vec![ended(0)]).await.unwrap();
    assert_eq!(removed(since).await.len(), 3 + 1, "what an ended run did not send does not count");
    assert!(removed(world.clock.now() + jiff::SignedDuration::from_millis(1)).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn only_one_at_a_time_asks_what_was_and_begins() {
    let world = World::new();
    let (inside, ledgers) = (std::cell::Cell::new(0), std::cell::RefCell::new(Vec::new()));
    let begin = async |number| {
        let ledger = world.open().await;
        let _turn = ledger.turn().await.unwrap();
        inside.set(inside.get() + 1);
        let runs = ledger.runs(99).await.unwrap().len();
        ledgers.borrow_mut().push(ledger.clone());
        assert_eq!(
            ledger.removals_within(world.clock.start()).await.unwrap().len(),
            runs,
            "each has one still to send"
        );
        ledger.begin(header(&run_id(number), vec![remove(1, "eve@agency.example")])).await.unwrap();
        tokio::task::yield_now().await;
        assert_eq!(inside.replace(inside.get() - 1), 1, "nobody else was in between");
    };
    futures::future::join_all((0..8).map(begin)).await;
}

#[tokio::test(start_paused = true)]
async fn what_was_acknowledged_and_not_seen_is_unsettled_too_until_somebody_has_looked_since() {
    let world = World::new();
    let ledger = world.open().await;
    let (first, second) = (run_id(1), run_id(2));
    let (ida, eve) = (invite(1, "ida@agency.example"), remove(2, "eve@agency.example"));
    ledger.begin(header(&first, vec![ida.clone(), eve.clone()])).await.unwrap();
    // Begun later, and has looked before the first run sent anything.
    let mut looked_before = header(&second, vec![]);
    looked_before.steps = vec![(ida.clone(), Disposition::Already("editor, accepted".to_owned()))];
    ledger.begin(looked_before).await.unwrap();
    world.clock.sleep(Duration::from_secs(1)).await;
    ledger.append(&first, whole_way(&ida.id, Outcome::Unknown)).await.unwrap();
    ledger.append(&first, whole_way(&eve.id, Outcome::Unverified)).await.unwrap();
    let found = ledger.unsettled(&[workspace(1), workspace(2)]).await.unwrap();
    let kinds: Vec<_> = found.iter().map(|one| (one.kind.as_str(), one.running)).collect();
    assert_eq!(kinds, [("member.invite", true), ("member.remove", true)]);
    ledger.append(&first, vec![ended(22)]).await.unwrap();
    let found = ledger.unsettled(&[workspace(2)]).await.unwrap();
    assert_eq!((found.len(), found[0].running, &found[0].step), (1, false, &eve.id));
}

#[tokio::test(start_paused = true)]
async fn a_sleep_of_half_a_minute_never_overtakes_a_commit() {
    let world = World::new();
    let ledger = world.open().await;
    let run = run_id(1);
    let steps: Vec<Step> = (0..200).map(|n| invite(n, "ida@agency.example")).collect();
    let ids: Vec<StepId> = steps.iter().map(|step| step.id.clone()).collect();
    ledger.begin(header(&run, steps)).await.unwrap();
    for id in &ids {
        tokio::select! {
            () = world.clock.sleep(Duration::from_secs(30)) => panic!("the paused clock jumped over a commit"),
            permits = ledger.append(&run, vec![started(id, 1)]) => assert!(permits.unwrap()[0].is_some()),
        }
    }
    assert_eq!(world.clock.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn two_processes_write_runs_at_once_and_both_chains_hold() {
    let world = World::new();
    let (one, two) = (world.open().await, world.open().await);
    let (first, second) = (run_id(1), run_id(2));
    let steps: Vec<Step> = (0..20).map(|n| invite(n, "ida@agency.example")).collect();
    let ids: Vec<StepId> = steps.iter().map(|step| step.id.clone()).collect();
    one.begin(header(&first, steps.clone())).await.unwrap();
    two.begin(header(&second, steps)).await.unwrap();
    let stolen = two.append(&first, vec![started(&ids[0], 1)]).await.unwrap_err();
    assert!(matches!(stolen, LedgerError::RunBusy { .. }));
    assert_eq!(two.run(first.as_str()).await.unwrap().state, RunState::Running);
    for id in &ids {
        let (a, b) = tokio::join!(
            one.append(&first, whole_way(id, Outcome::Done)),
            two.append(&second, whole_way(id, Outcome::Done))
        );
        assert!(a.unwrap()[0].is_some() && b.unwrap()[0].is_some());
    }
    let report = one.verify_chain(&second).await.unwrap();
    assert_eq!(report.previous.unwrap().run, first.to_string());
    two.verify_chain(&first).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn many_processes_may_make_the_ledger_at_once() {
    let world = World::new();
    let state_dir = world.state_dir();
    let opened = futures::future::join_all((0..12).map(|_| Ledger::open(&state_dir, world.clock))).await;
    for (number, ledger) in (0..).zip(opened) {
        let ledger = ledger.unwrap();
        ledger.begin(header(&run_id(number), Vec::new())).await.unwrap();
        ledger.verify_chain(&run_id(number)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_of_ten_thousand_steps_is_written_in_a_few_commits() {
    let world = World::new();
    let ledger = world.open().await;
    let run = run_id(1);
    let steps: Vec<Step> = (0..10_000).map(|n| invite(n, "ida@agency.example")).collect();
    let ids: Vec<StepId> = steps.iter().map(|step| step.id.clone()).collect();
    ledger.begin(header(&run, steps)).await.unwrap();
    let permits = ledger.append(&run, ids.iter().map(|id| started(id, 1)).collect()).await.unwrap();
    assert_eq!(permits.iter().flatten().count(), 10_000);
    let ends = ids.iter().flat_map(|id| [answered(id, 1, Class::Acknowledged), settled(id, Outcome::Waiting)]);
    ledger.append(&run, ends.collect()).await.unwrap();
    let report = ledger.verify_chain(&run).await.unwrap();
    assert_eq!(report.entries, 1 + 4 * 10_000);
    assert_eq!(ledger.run("last").await.unwrap().counts, BTreeMap::from([(Outcome::Waiting, 10_000)]));
}

#[tokio::test(start_paused = true)]
async fn no_byte_of_a_key_reaches_the_files() {
    let world = World::new();
    let ledger = world.open().await;
    let key = ApiKey::parse("canary-5f0d2b7e91").unwrap();
    let run = run_id(1);
    let step = invite(1, "ida@agency.example");
    let id = step.id.clone();
    let mut header = header(&run, vec![step]);
    header.settings = json!({ "key": key.fingerprint(), "shown": format!("{key:?}") });
    ledger.begin(header).await.unwrap();
    let detail = key.redact("the key canary-5f0d2b7e91 lacks a scope");
    let refused = Record::Answered { step: id.clone(), attempt: 1, class: "refused", detail, status: Some(403) };
    ledger.append(&run, vec![started(&id, 1), refused]).await.unwrap();

    let mut bytes = Vec::new();
    for name in ["ledger.db", "ledger.db-wal"] {
        bytes.extend(std::fs::read(world.state_dir().join(name)).unwrap());
    }
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(&key.fingerprint()) && !holds("canary"));
}
