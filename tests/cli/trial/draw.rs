//! A trial out of a seed: fleet, roster, command, faults, and when the process is struck.

use std::fmt::Write as _;
use std::time::Duration;

use fastrand::Rng;
use keyholder::sim::{Fault, FaultBody, FaultKind, Op, Phase};
use rustix::process::Signal;

use super::model::Wish;

/// How a process is struck.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// SIGKILL.
    Killed,
    /// Signals that it hears: one, or two in a row.
    Stopped,
}

/// When a process is struck.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Moment {
    /// So long after it was started.
    After(Duration),
    /// At its n-th request, or its n-th write, before or after it took effect or as the answer is about to leave.
    Request { nth: usize, writes: bool, phase: Phase },
    /// At the n-th change of the ledger's files.
    Ledger { nth: usize },
}

/// A strike: when, with what, and how long between two of it.
#[derive(Debug, Clone)]
pub(crate) struct Strike {
    pub(crate) moment: Moment,
    pub(crate) signals: Vec<Signal>,
    pub(crate) gap: Duration,
}

/// All of a trial that is drawn.
#[derive(Debug)]
pub(crate) struct Trial {
    pub(crate) seed: u64,
    pub(crate) script: String,
    pub(crate) command: Vec<String>,
    pub(crate) wish: Wish,
    /// Workspaces that are not to be touched.
    pub(crate) excluded: Vec<String>,
    pub(crate) at_once: bool,
    pub(crate) faults: Vec<Fault>,
    /// For each life of the run, how it is struck.
    pub(crate) strikes: Vec<Option<Strike>>,
}

/// Time limit of one request; the settle time is twice that. Long against what a crowded machine makes a request wait, or a request
/// handled late would land when nothing can land any more: the harness's fault and not the binary's.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(900);

/// The faults that must fire in the trials together.
pub(crate) const REQUIRED: [&str; 8] =
    ["lose-answer", "lose-request", "late", "500", "500 after", "429", "truncate", "hang"];

const PEOPLE: [&str; 6] = [
    "ana@agency.example",
    "ben@agency.example",
    "cy@agency.example",
    "dee@agency.example",
    "eli@agency.example",
    "fay@agency.example",
];

/// Names a fault for the counts.
pub(crate) fn kind_of(fault: &Fault) -> &'static str {
    match fault.kind {
        FaultKind::Status { status: 429, .. } => "429",
        FaultKind::Status { .. } => "500",
        FaultKind::StatusAfter { .. } => "500 after",
        ref kind => kind.as_str(),
    }
}

impl Trial {
    /// Draws a trial.
    pub(crate) fn of(seed: u64, manner: Manner) -> Self {
        let mut rng = Rng::with_seed(seed ^ 0x6b65_7968_6f6c_6465);
        let names: Vec<String> = (0..rng.usize(1..=4)).map(|n| format!("w{n}")).collect();
        let at_once = rng.u8(..4) == 0;
        let (wish, mut command) = wish(&mut rng);
        let excluded =
            if names.len() > 1 && rng.bool() { vec![rng.choice(&names).unwrap().clone()] } else { Vec::new() };
        command.push("--all".to_owned());
        for name in &excluded {
            command.extend(["-x".to_owned(), name.clone()]);
        }
        let script = script(&mut rng, &names, &wish, at_once);
        let faults = faults(&mut rng, seed, &wish);
        let strikes =
            (0..4).map(|life| (rng.u8(..10) < [10, 6, 4, 2][life]).then(|| strike(&mut rng, manner))).collect();
        Self { seed, script, command, wish, excluded, at_once, faults, strikes }
    }
}

fn some(rng: &mut Rng, most: usize) -> Vec<String> {
    let count = rng.usize(1..=most);
    rng.choose_multiple(PEOPLE, count).into_iter().map(str::to_owned).collect()
}

fn wish(rng: &mut Rng) -> (Wish, Vec<String>) {
    let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    match rng.u8(..10) {
        0..5 => {
            let people = some(rng, 3);
            let role = *rng.choice(&["view", "editor", "admin"]).unwrap();
            let command = [words(&["onboard"]), people.clone(), words(&["--role", role])].concat();
            (Wish::Onboard { people, role: role.to_owned() }, command)
        }
        5..8 => {
            let people = some(rng, 2);
            let command = [words(&["offboard"]), people.clone()].concat();
            (Wish::Offboard { people }, command)
        }
        _ => (Wish::Reinvite, words(&["members", "reinvite", "--older-than", "14d"])),
    }
}

/// Writes the fleet. The people that a wish is about are never admins, and two admins stay: guards have tests of their own.
fn script(rng: &mut Rng, names: &[String], wish: &Wish, at_once: bool) -> String {
    let repeat = rng.choice(&["duplicate", "duplicate", "invalid", "conflict", "echo"]).unwrap();
    let lag = rng.choice(&["0s", "0s", "0s", "300ms"]).unwrap();
    let last = rng.choice(&["absent", "null", "empty", "cursor"]).unwrap();
    let invitations = if at_once { "at-once" } else { "wait" };
    let mut out = format!(
        "version = 1\nbegin = \"2026-03-02T09:00:00Z\"\n\n[settings]\nrepeat_invite = \"{repeat}\"\nlag = \"{lag}\"\n\
         last_page = \"{last}\"\ninvitations = \"{invitations}\"\n"
    );
    for (at, name) in names.iter().enumerate() {
        let (mut members, mut invited) = (Vec::new(), Vec::new());
        for person in PEOPLE {
            let role = rng.choice(&["view", "editor"]).unwrap();
            // A wish for invitations is served by open ones, of which some carry what a new one must carry too.
            match (rng.u8(..10), wish) {
                (0..4, Wish::Onboard { .. } | Wish::Offboard { .. }) => {
                    members.push(format!("{{ email = \"{person}\", role = \"{role}\" }}"));
                }
                (0..3, Wish::Reinvite) => {
                    let more = rng.choice(&["", ", permissions = [\"unibox.all\"]", ", nickname = \"N\""]).unwrap();
                    let day = rng.choice(&["2026-09-01", "2026-10-31"]).unwrap();
                    invited.push(format!(
                        "{{ email = \"{person}\", role = \"{role}\", created = \"{day}T00:00:00Z\"{more} }}"
                    ));
                }
                (4, _) => invited.push(format!("{{ email = \"{person}\", role = \"{role}\" }}")),
                _ => {}
            }
        }
        write!(
            out,
            "\n[[workspace]]\nname = \"{name}\"\nid = \"0195b2aa-7c1e-7d00-8000-00000000000{at}\"\ntitle = \"Client {at}\"\n\
             owner = \"founder@agency.example\"\nadmin = [\"ops@agency.example\", \"second@agency.example\"]\n\
             member = [{}]\ninvited = [{}]\n",
            members.join(", "),
            invited.join(", "),
        )
        .unwrap();
    }
    out
}

/// Draws faults. The first goes round the required ones and waits for the first write, so that each fires in any few trials.
fn faults(rng: &mut Rng, seed: u64, wish: &Wish) -> Vec<Fault> {
    let writes: &[Op] = match wish {
        Wish::Onboard { .. } => &[Op::MemberCreate, Op::MemberPatch],
        Wish::Offboard { .. } => &[Op::MemberDelete],
        Wish::Reinvite => &[Op::MemberDelete, Op::MemberCreate],
    };
    let round = usize::try_from(seed % REQUIRED.len() as u64).unwrap();
    let mut out: Vec<Fault> = writes.iter().map(|op| Fault::once(fault(rng, REQUIRED[round])).at(*op)).collect();
    for _ in 0..rng.usize(..4) {
        let kind = *rng.choice(&REQUIRED[..7]).unwrap();
        let op = match rng.u8(..4) {
            0 => Op::MemberList,
            1 => Op::MemberGet,
            _ => *rng.choice(writes).unwrap(),
        };
        out.push(Fault::once(fault(rng, kind)).at(op).skip(rng.usize(..3)));
    }
    out
}

fn fault(rng: &mut Rng, kind: &str) -> FaultKind {
    let body = *rng.choice(&[FaultBody::Json, FaultBody::Html, FaultBody::Empty]).unwrap();
    let status = *rng.choice(&[500, 502, 503, 504]).unwrap();
    match kind {
        "lose-answer" => FaultKind::LoseAnswer,
        "lose-request" => FaultKind::LoseRequest,
        "late" => FaultKind::Late { after: Duration::from_millis(rng.u64(50..=600)) },
        "500" => FaultKind::Status { status, body, retry_after: None },
        "500 after" => FaultKind::StatusAfter { status, body },
        "429" => FaultKind::throttled(None),
        "truncate" => FaultKind::Truncate,
        "hang" => FaultKind::Hang,
        other => panic!("`{other}` is no fault of these trials"),
    }
}

fn strike(rng: &mut Rng, manner: Manner) -> Strike {
    let phase = *rng.choice(&[Phase::Arrived, Phase::Handled, Phase::Answering]).unwrap();
    let moment = match rng.u8(..10) {
        0..2 => Moment::After(Duration::from_millis(rng.u64(..300))),
        2 => Moment::After(Duration::from_millis(rng.u64(..4000))),
        3..6 => Moment::Request { nth: rng.usize(1..=3), writes: true, phase },
        6..8 => Moment::Request { nth: rng.usize(1..=16), writes: false, phase },
        _ => Moment::Ledger { nth: rng.usize(1..=16) },
    };
    let heard = [Signal::INT, Signal::INT, Signal::TERM, Signal::HUP];
    let signals = match manner {
        Manner::Killed => vec![Signal::KILL],
        Manner::Stopped => (0..rng.usize(1..=2)).map(|_| *rng.choice(&heard).unwrap()).collect(),
    };
    Strike { moment, signals, gap: Duration::from_millis(rng.u64(..60)) }
}
