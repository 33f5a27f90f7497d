//! Judging: the world against the model, the ledger and what was printed against the world.

use std::collections::{BTreeMap, BTreeSet};

use keyholder::sim::Op;
use serde_json::Value;

use super::draw::Manner;
use super::life::Life;
use super::model::Promise;
use super::story::Story;

/// Requests of the harness itself after each life.
pub(crate) const PROBES: usize = 3;

/// What can be wrong after a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Class {
    /// A write took effect twice, or two rows bear one address.
    Duplicated,
    /// A promised change is not there.
    Lost,
    /// Something else changed.
    Wrong,
    /// The ledger, an output or an exit code says what is not so.
    Misreported,
}

impl Class {
    /// All of them, in the order they are told.
    pub(crate) const ALL: [(Self, &'static str); 4] = [
        (Self::Duplicated, "duplicated"),
        (Self::Lost, "lost"),
        (Self::Wrong, "wrong"),
        (Self::Misreported, "misreported"),
    ];
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    pub(crate) class: Class,
    pub(crate) what: String,
}

/// What is wrong, each thing once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Problems(BTreeSet<Problem>);

impl Problems {
    pub(crate) fn duplicated(&mut self, what: String) {
        self.0.insert(Problem { class: Class::Duplicated, what });
    }

    pub(crate) fn lost(&mut self, what: String) {
        self.0.insert(Problem { class: Class::Lost, what });
    }

    pub(crate) fn wrong(&mut self, what: String) {
        self.0.insert(Problem { class: Class::Wrong, what });
    }

    pub(crate) fn misreported(&mut self, what: String) {
        self.0.insert(Problem { class: Class::Misreported, what });
    }

    pub(crate) fn into_inner(self) -> Vec<Problem> {
        self.0.into_iter().collect()
    }
}

/// Judges what one life left, and tells whether a run is in the ledger by now.
pub(crate) fn life(story: &mut Story, life: &Life) -> bool {
    let code = life.ended.code;
    let stopped = story.manner == Manner::Stopped;
    let expected = match code {
        None => life.killed,
        Some(130 | 143) => stopped,
        Some(code) => [0, 20, 21, 22, 75].contains(&code),
    };
    if !expected {
        // A signal can come before anybody listens for it; then it ends the process as it ends any other.
        let unheard = stopped && code.is_none() && life.ended.stderr.is_empty();
        if !unheard {
            story.problems.misreported(format!("`{}` ended with {code:?}", life.args.join(" ")));
        }
    }
    let ended = story.world.run(&["show", "--format", "ndjson"]);
    if ended.code == Some(2) {
        if story.world.writes() > 0 {
            story.problems.misreported("something was sent, and the ledger has no run".to_owned());
        }
        return false;
    }
    if ended.code != Some(0) {
        story.problems.misreported(format!("the ledger after `{}`: {ended}", life.args.join(" ")));
        return true;
    }
    let records = ended.records();
    steps(story, &records);
    outcomes(story, life, &records);
    true
}

/// What a life printed must be what the ledger says, and its exit code too.
fn outcomes(story: &mut Story, life: &Life, records: &[Value]) {
    let header = life.ended.stdout.lines().next().unwrap_or_default();
    if life.killed || !header.contains("outcome") {
        return;
    }
    let code = life.ended.code;
    let summary = records.last().unwrap();
    if summary["exit"].as_i64() != code.map(i64::from) {
        story.problems.misreported(format!("exit {code:?}, and the ledger says {}", summary["exit"]));
    }
    let open = records.iter().any(|record| {
        record["type"] == "step"
            && !["done", "waiting", "already", "held", "failed"].contains(&record["state"].as_str().unwrap_or_default())
    });
    if open
        && !life.ended.stderr.contains(&format!("`keyholder resume {}`", summary["run"].as_str().unwrap_or_default()))
    {
        story.problems.misreported(format!("exit {code:?} leaves something, and does not say how to go on"));
    }
    let mut well = true;
    for row in life.ended.rows() {
        let of =
            |record: &&Value| ["workspace", "kind", "subject"].iter().all(|name| record[name] == row[*name].as_str());
        let state = records.iter().find(of).map_or("nothing", |record| record["state"].as_str().unwrap_or_default());
        let outcome = row["outcome"].as_str();
        well &= ["done", "waiting", "already"].contains(&outcome);
        // What is only left for a resume stands in the ledger as it stood.
        let left = ["held", "unknown", "unverified", "failed"].contains(&outcome)
            && ["not sent", "started", "answered", "looked"].contains(&state);
        if state != outcome && !left {
            story.problems.misreported(format!(
                "{} {} {}: printed as {outcome}, in the ledger {state}",
                row["workspace"], row["kind"], row["subject"]
            ));
        }
    }
    if well != (code == Some(0)) && !matches!(code, Some(130 | 143)) && lanes_read(life) {
        story.problems.misreported(format!("exit {code:?}, and all ended well: {well}"));
    }
}

/// Tells whether every workspace could be read while the plan was drawn; where not, that alone makes an exit code.
fn lanes_read(life: &Life) -> bool {
    !life.ended.stderr.contains("could not be read")
}

/// What the ledger says of each step must be so.
fn steps(story: &mut Story, records: &[Value]) {
    for record in records.iter().filter(|record| record["type"] == "step") {
        let text = |name: &str| record[name].as_str().unwrap_or_default();
        let Some(op) = op_of(text("kind")) else { continue };
        let count = story.effects(text("workspace"), op, text("subject"));
        let step = format!("{} {} {}", text("workspace"), text("kind"), text("subject"));
        let so = match text("state") {
            "done" | "waiting" => count == 1,
            "already" | "not sent" | "held" | "failed" => count == 0,
            _ => true,
        };
        if count > 1 {
            story.problems.duplicated(format!("{step}: took effect {count} times"));
        } else if !so {
            story.problems.misreported(format!("{step}: the ledger says {}, effects {count}", text("state")));
        }
    }
}

/// Proves every run and returns the workspaces that were planned for.
pub(crate) fn ledger(story: &mut Story) -> BTreeSet<String> {
    let mut planned = BTreeSet::new();
    let runs = story.world.run(&["runs", "--format", "ndjson"]).exits(0);
    for run in runs.records().iter().filter(|record| record["type"] == "run") {
        let id = run["run"].as_str().unwrap().to_owned();
        let shown = story.world.run(&["show", &id, "--format", "ndjson"]);
        if shown.code != Some(0) {
            story.problems.misreported(format!("run {id} cannot be shown: {shown}"));
            continue;
        }
        let records = shown.records();
        steps(story, &records);
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for step in records.iter().filter(|record| record["type"] == "step") {
            planned.insert(step["workspace"].as_str().unwrap().to_owned());
            let state = step["state"].as_str().unwrap();
            *counts.entry(state).or_default() += 1;
            if !["done", "waiting", "already"].contains(&state) {
                story
                    .problems
                    .lost(format!("{} {} {} ended as {state}", step["workspace"], step["kind"], step["subject"]));
            }
        }
        let summary = records.last().unwrap();
        for (state, count) in counts {
            if summary["steps"][state].as_u64() != Some(count) {
                story
                    .problems
                    .misreported(format!("{count} steps are {state}, and the run counts {}", summary["steps"][state]));
            }
        }
        if run["exit"] != summary["exit"] || run["state"] != summary["state"] || run["ended_at"].is_null() {
            story.problems.misreported(format!("`runs` and `show` differ, or no end: {run} {summary}"));
        }
    }
    planned
}

/// Compares the world with the model; where a plan is given, the workspaces it leaves out are to be as they were.
pub(crate) fn world(story: &mut Story, planned: Option<&BTreeSet<String>>) {
    let names: Vec<String> = story.before.keys().cloned().collect();
    for name in names {
        let mut promise = story.promise(&name);
        if planned.is_some_and(|planned| !planned.contains(&name)) {
            promise = super::model::promise(&story.before[&name], None, false, |_| false);
        }
        workspace(story, &name, &promise);
        if story.trial.excluded.contains(&name) {
            let asked = story
                .world
                .sim
                .requests()
                .iter()
                .filter(|seen| seen.workspace.as_deref() == Some(name.as_str()))
                .count();
            if asked > 0 {
                story.problems.wrong(format!("{name} is excluded and was asked {asked} times"));
            }
        }
    }
}

fn workspace(story: &mut Story, name: &str, promise: &Promise) {
    let after = story.world.sim.members(name);
    let effects = story.world.sim.effects(name);
    let problems = &mut story.problems;
    for (op, email) in &promise.writes {
        if !effects.iter().any(|effect| effect.operation == *op && *effect.email == **email) {
            problems.lost(format!("{name}: {op} of {email} never took effect"));
        }
    }
    for effect in &effects {
        let same =
            effects.iter().filter(|other| other.operation == effect.operation && other.email == effect.email).count();
        if same > 1 {
            problems.duplicated(format!("{name}: {} of {} took effect {same} times", effect.operation, effect.email));
        }
        if !promise.writes.iter().any(|(op, email)| *op == effect.operation && **email == *effect.email) {
            problems.wrong(format!("{name}: {} of {} was never asked for", effect.operation, effect.email));
        }
    }
    let emails: BTreeSet<&str> = after.iter().map(|row| row.email.as_str()).collect();
    for email in emails {
        let rows: Vec<_> = after.iter().filter(|row| row.email == email).collect();
        if rows.len() > 1 {
            problems.duplicated(format!("{name}: {} rows of {email}", rows.len()));
        }
        match promise.rows.iter().find(|row| row.email == email) {
            None => problems.wrong(format!("{name}: {email} is there")),
            Some(row) if !row.is(rows[0]) => problems.wrong(format!("{name}: {:?} and not {row:?}", rows[0])),
            Some(_) => {}
        }
    }
    for row in promise.rows.iter().filter(|row| after.iter().all(|there| there.email != row.email)) {
        problems.lost(format!("{name}: {} is not there", row.email));
    }
}

fn op_of(kind: &str) -> Option<Op> {
    match kind {
        "member.invite" => Some(Op::MemberCreate),
        "member.set_role" => Some(Op::MemberPatch),
        "member.remove" => Some(Op::MemberDelete),
        _ => None,
    }
}
