//! Figures of replaying a ledger: what `show`, `verify`, `resume` and `evidence` read before they do anything.
//!
//! `cargo bench --bench ledger`, or `-- 1000000` for so many entries; 100,000 otherwise. `proven` reads every entry and proves its chain and that the
//! rows of steps are what the entries tell; `proven_and_replayed` folds the entries into the states of their steps besides; `replay` is that fold alone,
//! of entries that are values already.

use std::path::Path;
use std::sync::OnceLock;

use divan::{Bencher, Divan};
use jiff::Timestamp;
use keyholder::clock::Clock;
use keyholder::domain::{
    Change, Disposition, Email, Outcome, PlanId, RestsOn, Role, RunId, Step, WorkspaceId, WorkspaceName,
};
use keyholder::journal::{Class, Entry, Ledger, Record, Replay, RunHeader, replay};
use serde_json::{Value, json};

/// Entries of a step: planned, started, answered, settled.
const EACH: usize = 4;
/// Entries of one commit.
const BATCH: usize = 3_000;
const RUN: &str = "20261122T043000Z-0001";

fn main() {
    Divan::default().sample_count(5).sample_size(1).main();
}

/// How many entries there are.
#[expect(clippy::disallowed_methods, reason = "a benchmark takes its size from whoever runs it")]
fn entries() -> usize {
    std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(100_000)
}

/// The folder of the ledger, filled once.
fn folder() -> &'static Path {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let made = FOLDER.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder can be made");
        runtime().block_on(fill(folder.path(), entries() / EACH));
        folder
    });
    made.path()
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made")
}

fn run() -> RunId {
    RunId::parse(RUN).expect("an id")
}

async fn open(folder: &Path) -> Ledger {
    let start = "2026-11-22T04:30:00Z".parse::<Timestamp>().expect("a moment");
    Ledger::open(folder, Clock::starting_at(start)).await.expect("a ledger can be opened")
}

async fn fill(folder: &Path, steps: usize) {
    let ledger = open(folder).await;
    let steps: Vec<Step> = (0..steps).map(invite).collect();
    ledger.begin(header(&steps)).await.expect("a run can begin");
    for batch in steps.chunks(BATCH / (EACH - 1)) {
        let records = batch.iter().flat_map(records).collect();
        ledger.append(&run(), records).await.expect("it can be written");
    }
    ledger.close().await.expect("it can be closed");
}

/// Fifty people into every workspace.
fn invite(number: usize) -> Step {
    let (workspace, person) = (number / 50, number % 50);
    let id = WorkspaceId::parse(&format!("0195b2aa-7c1e-7d00-8000-{workspace:012}")).expect("an id");
    let name = WorkspaceName::parse(&format!("client-{workspace:05}")).expect("a name");
    let email = Email::parse(&format!("staff.{person}@agency.example")).expect("an address");
    let change = Change::Invite { email, role: Role::Editor, permissions: None, nickname: None };
    Step::new(&name, &id, change, RestsOn::Absent)
}

fn header(steps: &[Step]) -> RunHeader {
    RunHeader {
        run: run(),
        command: "keyholder onboard --all".to_owned(),
        operator: "ada".to_owned(),
        reason: None,
        plan: PlanId::of(b"a plan"),
        applied: PlanId::of(b"a plan"),
        approved_by: "yes".to_owned(),
        selection: json!({ "all": true }),
        workspaces: json!([]),
        fleet_digest: "f".repeat(64),
        version: "0.1.0",
        settings: json!({ "share": 0.5 }),
        steps: steps.iter().map(|step| (step.clone(), Disposition::Send)).collect(),
    }
}

fn records(step: &Step) -> [Record; EACH - 1] {
    let (id, detail) = (step.id.clone(), "as the API put it".to_owned());
    [
        Record::Started { step: id.clone(), attempt: 1 },
        Record::Answered {
            step: id.clone(),
            attempt: 1,
            class: Class::Acknowledged.as_str(),
            detail,
            status: Some(200),
        },
        Record::Settled { step: id, outcome: Outcome::Done, reason: None, attempts: 1, held: None, seen: None },
    ]
}

#[divan::bench(args = [entries()])]
fn proven(bencher: Bencher<'_, '_>, _entries: usize) {
    let (runtime, folder) = (runtime(), folder());
    let ledger = runtime.block_on(open(folder));
    bencher.bench_local(|| runtime.block_on(ledger.verify_chain(&run())).expect("it holds"));
}

#[divan::bench(args = [entries()])]
fn proven_and_replayed(bencher: Bencher<'_, '_>, _entries: usize) {
    let (runtime, folder) = (runtime(), folder());
    let ledger = runtime.block_on(open(folder));
    let take = |replay: &mut Replay, entry: Entry| {
        replay.take(entry.seq, &entry.value().expect("it can be read")).expect("it follows");
    };
    bencher.bench_local(|| {
        let (_chain, replay) = runtime.block_on(ledger.proven_into(&run(), Replay::default(), take)).expect("it holds");
        assert_eq!(replay.steps.len(), entries() / EACH);
        replay
    });
}

#[divan::bench(name = "replay", args = [entries()])]
fn replay_alone(bencher: Bencher<'_, '_>, _entries: usize) {
    let (runtime, folder) = (runtime(), folder());
    let values: Vec<(u64, Value)> = runtime.block_on(async {
        let (_chain, entries) = open(folder).await.proven(&run()).await.expect("it holds");
        entries.iter().map(|entry| (entry.seq, entry.value().expect("it can be read"))).collect()
    });
    bencher.bench_local(|| replay(values.iter().map(|(seq, value)| (*seq, value))).expect("they follow"));
}
