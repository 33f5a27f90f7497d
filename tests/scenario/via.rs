//! Whose name is spoken in: over generated groups, with everything that can go wrong in between, every request that is about a sub workspace
//! carries its own header, and every other none.
//!
//! The simulator says what it was asked, in whose name and with whose key; what each command may be about follows from its words and from
//! the world alone, never from what keyholder says.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use keyholder::sim::{Fault, FaultBody, FaultKind, Hand, Header, Op, Seen, Spoken};

use crate::support::scalpel::{Scalpel, Target};
use crate::support::{Stage, flag};

/// The operations that are an admin workspace's own, whoever they name.
const OF_GROUPS: [Op; 5] = [Op::GroupList, Op::GroupGet, Op::GroupAdmin, Op::GroupCreate, Op::GroupDelete];

/// What trials came to.
#[derive(Debug, Default)]
struct Told {
    trials: usize,
    discoveries: usize,
    runs: usize,
    crashes: usize,
    written: usize,
    unanswered: usize,
    in_their_name: usize,
    refused: usize,
    wrong: Vec<String>,
}

/// A generated group.
struct Group {
    stage: Stage,
    subs: Vec<String>,
}

fn generated(chance: &mut Rng) -> Group {
    let subs: Vec<String> = (0..chance.usize(1..6)).map(|number| format!("sub-{number}")).collect();
    let mut text = String::from(
        "[settings]\ninvitations = \"at-once\"\n\n[[workspace]]\nname = \"agency\"\nowner = \"founder@agency.example\"\nadmin = \
         [\"ops@agency.example\"]\n\n[[workspace]]\nname = \"own\"\nowner = \"founder@agency.example\"\n",
    );
    let mut links = Vec::new();
    for sub in &subs {
        write!(
            text,
            "\n[[workspace]]\nname = \"{sub}\"\ntitle = \"Client {}\"\nkeys = []\nowner = \"boss@{sub}.example\"\nview = [\"v@{sub}.example\"]\naccounts = [{{ email = \"send@{sub}.example\" }}]\n",
            chance.u8(0..3)
        )
        .unwrap();
        let status = *chance.choice(["accepted", "accepted", "accepted", "pending", "rejected"].as_slice()).unwrap();
        links.push(format!("{{ sub = \"{sub}\", status = \"{status}\" }}"));
    }
    chance.shuffle(&mut links);
    write!(text, "\n[[group]]\nadmin = \"agency\"\nlinks = [{}]\n", links.join(", ")).unwrap();
    let stage = Stage::script(&text);
    stage.searched_once.set(true);
    stage.world.record(10_000);
    stage.forgive_unfired_faults();
    for sub in &subs {
        let file = stage.root.join(format!("workspaces/{sub}.toml"));
        if chance.bool() && file.exists() {
            std::fs::remove_file(file).unwrap();
        }
    }
    Group { stage, subs }
}

fn fault(chance: &mut Rng, subs: &[String]) -> Fault {
    let kind = match chance.u8(0..10) {
        0 | 1 => FaultKind::throttled(chance.bool().then_some(1)),
        2 => FaultKind::Status { status: 503, body: FaultBody::Json, retry_after: None },
        3 => FaultKind::Status { status: 403, body: FaultBody::Json, retry_after: None },
        4 => FaultKind::LoseAnswer,
        5 => FaultKind::LoseRequest,
        6 => FaultKind::Html,
        7 => FaultKind::Truncate,
        8 => FaultKind::Meanwhile {
            when: keyholder::sim::When::Before,
            hand: chance.choice([Hand::LeaveGroup, Hand::AcceptLink, Hand::RejectLink]).unwrap(),
        },
        _ => FaultKind::NotSent,
    };
    // The one call of a discovery that a sub workspace answers: what else is drawn seldom meets it.
    if chance.u8(0..3) == 0 {
        return Fault::once(kind)
            .times(chance.usize(1..9))
            .on(chance.choice(subs).unwrap().clone())
            .at(Op::WorkspaceCurrent);
    }
    let fault = Fault::once(kind).skip(chance.usize(0..4)).times(chance.usize(1..4));
    let fault = match chance.usize(0..=subs.len() + 1) {
        place if place < subs.len() => fault.on(subs[place].clone()),
        place if place == subs.len() => fault.on("agency"),
        _ => fault,
    };
    match chance.u8(0..4) {
        0 => fault.at(Op::WorkspaceCurrent),
        1 => fault.at(Op::GroupList),
        2 => fault.at(Op::MemberList),
        _ => fault,
    }
}

/// Every file about a workspace, byte for byte.
fn files(stage: &Stage) -> BTreeMap<std::path::PathBuf, Vec<u8>> {
    let folder = std::fs::read_dir(stage.root.join("workspaces")).unwrap().flatten();
    folder.map(|file| (file.path(), std::fs::read(file.path()).unwrap())).collect()
}

/// Whom a command may be about: itself in its own name, and others in theirs.
struct About {
    line: String,
    /// Whether the agency itself is asked, and by which calls.
    agency: Vec<Op>,
    /// Whose names may be spoken in, and by which calls; none is any.
    subs: BTreeSet<String>,
    calls: Option<Vec<Op>>,
    discovers: bool,
}

/// The workspaces of our files that are reached over the agency: file names and ids.
fn reached(stage: &Stage) -> BTreeMap<String, String> {
    let mut reached = BTreeMap::new();
    for file in std::fs::read_dir(stage.root.join("workspaces")).unwrap().flatten() {
        let text = std::fs::read_to_string(file.path()).unwrap_or_default();
        let value = |name: &str| {
            let line = text.lines().find(|line| line.starts_with(&format!("{name} = ")))?;
            line.split('"').nth(1).map(str::to_owned)
        };
        if let (Some(name), Some(id), Some(_)) = (value("name"), value("id"), value("via")) {
            reached.insert(name, id);
        }
    }
    reached
}

fn command(chance: &mut Rng, group: &Group) -> About {
    let Group { stage, subs } = group;
    let reached = reached(stage);
    let names = stage.world.names();
    let by_id = |id: &String| names.iter().find(|name| stage.world.workspace_id(name).as_ref() == Some(id)).cloned();
    let chosen: BTreeMap<&String, &String> = reached.iter().filter(|_| chance.bool()).collect();
    let in_name = chosen.values().filter_map(|id| by_id(id)).collect::<BTreeSet<_>>();
    let select = chosen.keys().map(|name| format!(" -w {name}")).collect::<Vec<_>>().concat();
    let of_agency = [&[Op::WorkspaceCurrent][..], &OF_GROUPS].concat();
    let nobody = || (BTreeSet::new(), Some(Vec::new()));
    match chance.u8(0..10) {
        0..=2 => {
            let dry = if chance.bool() { " --dry-run" } else { "" };
            let line = format!("discover --via agency{dry}");
            let subs = subs.iter().cloned().collect();
            About { line, agency: of_agency, subs, calls: Some(vec![Op::WorkspaceCurrent]), discovers: true }
        }
        3 => {
            let (subs, calls) = nobody();
            let line = (*chance.choice(["groups", "groups coverage"].as_slice()).unwrap()).to_owned();
            About { line, agency: of_agency, subs, calls, discovers: false }
        }
        4 => {
            let (none, calls) = nobody();
            let sub = stage.world.workspace_id(chance.choice(subs).unwrap()).unwrap();
            let line = format!("groups invite {sub} --via agency --yes");
            About { line, agency: of_agency, subs: none, calls, discovers: false }
        }
        5 if !chosen.is_empty() => {
            let line = format!("onboard nia@agency.example --role editor{select} --yes");
            About { line, agency: Vec::new(), subs: in_name, calls: None, discovers: false }
        }
        6 if !chosen.is_empty() => {
            let line = format!("tags{select}");
            About { line, agency: Vec::new(), subs: in_name, calls: None, discovers: false }
        }
        7 if !chosen.is_empty() => {
            let line = format!("tags assign VIP --accounts *{select} --create --yes");
            About { line, agency: Vec::new(), subs: in_name, calls: None, discovers: false }
        }
        8 => {
            let (none, calls) = nobody();
            let sub = stage.world.workspace_id(chance.choice(subs).unwrap()).unwrap();
            // Planned, and never approved: what takes is approved by typing. It is about links all the same.
            let line = format!("groups remove {sub} --via agency --yes");
            About { line, agency: of_agency, subs: none, calls, discovers: false }
        }
        _ if !chosen.is_empty() => {
            let line = format!("members{select}");
            About { line, agency: Vec::new(), subs: in_name, calls: None, discovers: false }
        }
        _ => About {
            line: "members -w own".to_owned(),
            agency: Vec::new(),
            subs: BTreeSet::new(),
            calls: Some(Vec::new()),
            discovers: false,
        },
    }
}

/// Holds what was said since against whom the command may be about.
fn judge(about: &About, before: &BTreeMap<Spoken, usize>, after: &BTreeMap<Spoken, usize>, told: &mut Told) {
    for (spoken, count) in after {
        let new = count - before.get(spoken).copied().unwrap_or_default();
        if new == 0 {
            continue;
        }
        let Spoken { key_of, header, operation, let_in } = spoken;
        let call = operation.unwrap_or(Op::WorkspaceCurrent);
        let right = match (key_of.as_deref(), header) {
            (Some("agency"), Header::Absent) => about.agency.contains(&call) && operation.is_some(),
            (Some("agency"), Header::Workspace(name)) => {
                told.in_their_name += new;
                told.refused += if *let_in { 0 } else { new };
                about.subs.contains(&**name)
                    && !OF_GROUPS.contains(&call)
                    && about.calls.as_ref().is_none_or(|calls| calls.contains(&call))
            }
            (Some("own"), Header::Absent) => true,
            _ => false,
        };
        if !right {
            told.wrong.push(format!("`{}`: {new} times {spoken:?}", about.line));
        }
    }
}

/// Holds the order of a discovery: once the agency has listed its links, it has said who it is, and whoever is asked then is asked in its own
/// name.
fn judge_order(stage: &Stage, already: usize, about: &About, told: &mut Told) {
    let requests = stage.world.requests();
    let of_agency = |seen: &&Seen, call: Op| seen.operation == Some(call) && !seen.acted_as;
    let since = requests.iter().skip(already).skip_while(|seen| !of_agency(seen, Op::GroupList));
    let nameless = since.filter(|seen| of_agency(seen, Op::WorkspaceCurrent)).count();
    if about.discovers && nameless > 0 {
        told.wrong.push(format!("`{}`: {nameless} workspaces asked who they are in nobody's name", about.line));
    }
}

/// Holds the files that were written against the world.
fn judge_files(stage: &Stage, before: &BTreeMap<std::path::PathBuf, Vec<u8>>, told: &mut Told) {
    let after = files(stage);
    for (file, bytes) in before {
        if after.get(file) != Some(bytes) {
            told.wrong.push(format!("touched: {}", file.display()));
        }
    }
    let ids: BTreeSet<String> = stage.world.names().iter().filter_map(|name| stage.world.workspace_id(name)).collect();
    let reached = reached(stage);
    let different: BTreeSet<&String> = reached.values().collect();
    let agency = stage.world.workspace_id("agency").unwrap();
    if different.len() != reached.len() || reached.values().any(|id| !ids.contains(id) || *id == agency) {
        told.wrong.push(format!("files: {reached:?}"));
    }
}

fn play(seed: u64, told: &mut Told) {
    let mut chance = Rng::with_seed(seed);
    let group = generated(&mut chance);
    let stage = &group.stage;
    told.trials += 1;
    let calm = chance.u8(0..4) == 0;
    for _ in 0..chance.usize(2..6) {
        if !calm {
            for _ in 0..chance.usize(0..3) {
                stage.world.add_fault(fault(&mut chance, &group.subs));
            }
        }
        let about = command(&mut chance, &group);
        let (before, already) = (stage.world.spoken_as(), stage.world.requests().len());
        let there = files(stage);
        let known = reached(stage).len();
        let cut = !calm && chance.u8(0..4) == 0;
        if cut {
            let target = Target::Number(chance.usize(1..30));
            stage.operate(Some(&Arc::new(Scalpel::new(stage, std::collections::HashMap::new(), target))));
        }
        let ended = stage.run_or_cut(&about.line.split_whitespace().collect::<Vec<_>>());
        stage.operate(None);
        told.crashes += usize::from(ended.is_none());
        if about.discovers {
            told.discoveries += 1;
        } else {
            told.runs += 1;
        }
        judge(&about, &before, &stage.world.spoken_as(), told);
        judge_order(stage, already, &about, told);
        judge_files(stage, &there, told);
        told.written += reached(stage).len() - known;
        if let Some(ended) = &ended {
            told.unanswered += usize::from(about.discovers && ended.exit == 33);
            if ended.exit == 1 || calm && about.discovers && ended.exit != 0 {
                told.wrong.push(format!("`{}`\n{ended}", about.line));
            }
        }
        if ended.is_none() {
            stage.wait(Duration::from_secs(61));
            // What goes on is about the same.
            let before = stage.world.spoken_as();
            drop(stage.run("resume"));
            told.runs += 1;
            judge(&about, &before, &stage.world.spoken_as(), told);
        }
    }
}

#[expect(clippy::print_stdout, reason = "the counts are published")]
fn print_counts(text: &str) {
    println!("{text}");
}

#[test]
fn whose_name_is_spoken_in_over_random_discoveries_and_runs() {
    let full = flag("KEYHOLDER_TRIALS").is_some_and(|value| value == "full");
    let most = if full { 100_000 } else { 300 };
    let mut told = Told::default();
    let seeds: Box<dyn Iterator<Item = u64>> = match flag("KEYHOLDER_SEED") {
        Some(seed) => Box::new(std::iter::once(seed.parse().unwrap())),
        None => Box::new(0..),
    };
    for seed in seeds {
        play(seed, &mut told);
        assert!(
            told.wrong.is_empty(),
            "seed {seed} (again: KEYHOLDER_SEED={seed} cargo test --test scenario whose_name_is_spoken):\n  {}",
            told.wrong.join("\n  ")
        );
        if told.discoveries + told.runs >= most {
            assert!(told.crashes > 0 && told.written > 0 && told.unanswered > 0 && told.refused > 0, "{told:?}");
            break;
        }
    }
    print_counts(&format!(
        "whose name is spoken in: {} discoveries and {} runs over {} groups, {} crashes; {} files written, {} discoveries in which somebody \
         did not answer; {} requests in the name of a sub workspace, {} of them refused; none in another's name, and none without",
        told.discoveries,
        told.runs,
        told.trials,
        told.crashes,
        told.written,
        told.unanswered,
        told.in_their_name,
        told.refused
    ));
}
