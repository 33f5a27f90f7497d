//! Fleets, commands, faults and drift, drawn from a seed.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use fastrand::Rng;
use keyholder::sim::put::{Campaigns, Key, LeadLists, Leads};
use keyholder::sim::{
    Fault, FaultBody, FaultKind, Hand, Invitations, KeyRecord, KeyShown, LastPage, LocalSettings, Op, RepeatInvite,
    When,
};

use crate::support::Stage;

/// Whom commands are about.
pub(crate) const PEOPLE: [&str; 6] = [
    "ann@agency.example",
    "bob@agency.example",
    "cleo@agency.example",
    "dan@agency.example",
    "eve@agency.example",
    "fay@agency.example",
];

/// Whom only scripted faults touch.
pub(crate) const STRAY: &str = "stray@client.example";

/// What the test knows of a fleet it has drawn.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fleet {
    pub(crate) modes: Vec<(String, &'static str)>,
    /// Lanes that nobody may talk to: excluded, or off.
    pub(crate) silent: BTreeSet<String>,
    /// Lanes that cannot be read or written, whatever is done.
    pub(crate) lame: BTreeSet<String>,
    pub(crate) protected: Option<&'static str>,
    pub(crate) min_admins: usize,
    pub(crate) per_workspace: usize,
    pub(crate) per_run: usize,
}

impl Fleet {
    pub(crate) fn mode(&self, lane: &str) -> &'static str {
        self.modes.iter().find(|(name, _)| name == lane).map_or("manage", |(_, mode)| mode)
    }
}

fn pick<T: Copy>(chance: &mut Rng, from: &[T]) -> T {
    from[chance.usize(0..from.len())]
}

fn percent(chance: &mut Rng, percent: u8) -> bool {
    chance.u8(0..100) < percent
}

/// Draws a fleet with its rosters, and makes a stage of it.
pub(crate) fn fleet(chance: &mut Rng) -> (Stage, Fleet) {
    let mut fleet = Fleet {
        protected: percent(chance, 30).then(|| pick(chance, &PEOPLE)),
        min_admins: chance.usize(0..3),
        per_workspace: chance.usize(1..6),
        per_run: chance.usize(2..25),
        ..Fleet::default()
    };
    let lanes = chance.usize(1..9);
    let group = lanes > 2 && percent(chance, 30);
    let mut script = String::new();
    let mut subs = Vec::new();
    for lane in 0..lanes {
        let name = format!("w{lane}");
        let mode = if lane == 0 { "manage" } else { pick(chance, MODES) };
        let mut keys = "";
        let mut plan = "";
        if group && lane > 0 && percent(chance, 60) {
            keys = "keys = []\n";
            subs.push(format!("\"{name}\""));
        } else if lane > 0 && percent(chance, 12) {
            keys = pick(chance, LAME_KEYS);
            fleet.lame.insert(name.clone());
        }
        if lane > 0 && percent(chance, 4) {
            plan = "plan = \"lapsed\"\n";
            fleet.lame.insert(name.clone());
        }
        if mode == "off" || lane > 0 && percent(chance, 5) {
            fleet.silent.insert(name.clone());
        }
        let _written = write!(
            script,
            "[[workspace]]\nname = \"{name}\"\nowner = \"founder@agency.example\"\n{keys}{plan}{}",
            roster(chance)
        );
        fleet.modes.push((name, mode));
    }
    if !subs.is_empty() {
        let _written = write!(script, "[[group]]\nadmin = \"w0\"\naccepted = [{}]\n", subs.join(", "));
    }
    let mut stage = Stage::script(&script);
    stage.forgive_unfired_faults();
    stage.searched_once.set(true);
    stage.road = LocalSettings {
        latency: Duration::from_millis(60),
        jitter: Duration::from_millis(50),
        seed: chance.u64(..),
        ..LocalSettings::default()
    };
    stage.world.configure(|settings| {
        settings.repeat_invite =
            pick(chance, &[RepeatInvite::Duplicate, RepeatInvite::Echo, RepeatInvite::Conflict, RepeatInvite::Invalid]);
        settings.invitations = pick(chance, &[Invitations::AtOnce, Invitations::Wait, Invitations::Never]);
        settings.last_page = pick(chance, &[LastPage::Absent, LastPage::Null, LastPage::Empty, LastPage::Cursor]);
    });
    for (name, mode) in &fleet.modes {
        stage.add(&format!("workspaces/{name}.toml"), &format!("mode = \"{mode}\""));
    }
    let protected = fleet.protected.map(|email| format!("protected = [\"{email}\"]\n")).unwrap_or_default();
    stage.add(
        "keyholder.toml",
        &format!(
            "[guards]\n{protected}min_admins = {}\nmax_failures = \"{}\"\nmax_removals = {{ per_workspace = {}, per_run = {}, per_day = 100 }}",
            fleet.min_admins,
            pick(chance, &["100%", "100%", "50%", "10%"]),
            fleet.per_workspace,
            fleet.per_run
        ),
    );
    (stage, fleet)
}

const MODES: &[&str] = &["manage", "manage", "manage", "manage", "manage", "add-only", "observe", "off"];

const LAME_KEYS: &[&str] = &[
    "keys = [{ name = \"main\", dead = true }]\n",
    "keys = [{ name = \"main\", scopes = [\"workspaces:read\", \"workspace_members:read\"] }]\n",
    "keys = [{ name = \"main\", scopes = [\"workspaces:all\"] }]\n",
];

fn roster(chance: &mut Rng) -> String {
    let mut lists = [("admin", vec!["ops@agency.example"]), ("editor", vec![]), ("view", vec![]), ("client", vec![])];
    let mut invited = Vec::new();
    for person in PEOPLE {
        match chance.u8(0..12) {
            0..4 => {}
            4 => invited.push(format!("{{ email = \"{person}\", role = \"editor\", permissions = [\"unibox.all\"] }}")),
            5 | 6 => invited.push(format!("{{ email = \"{person}\", role = \"view\" }}")),
            word => lists[usize::from(word) % 3].1.push(person),
        }
    }
    let lists = lists.iter().map(|(role, people)| format!("{role} = {people:?}\n"));
    format!("{}invited = [{}]\n", lists.collect::<String>(), invited.join(", "))
}

/// A command, and whom it is about; nobody is anybody with an open invitation.
#[derive(Debug, Clone)]
pub(crate) struct Command {
    pub(crate) line: String,
    pub(crate) people: Vec<&'static str>,
    /// The role it asks for, where it asks for one.
    pub(crate) role: Option<&'static str>,
    /// Who is to have what the people own.
    pub(crate) heir: Option<&'static str>,
    /// Whether keys they made are revoked.
    pub(crate) revokes: bool,
}

/// Draws a command.
pub(crate) fn command(chance: &mut Rng, fleet: &Fleet) -> Command {
    let people: Vec<&str> = PEOPLE.iter().copied().filter(|_| percent(chance, 40)).collect();
    let people = if people.is_empty() { vec![pick(chance, &PEOPLE)] } else { people };
    let named = people.join(" ");
    let role = pick(chance, &["admin", "editor", "view"]);
    let excluded: Vec<String> = fleet.silent.iter().map(|lane| format!(" -x {lane}")).collect();
    let rest = format!("--all{}", excluded.concat());
    let (line, role, people) = match chance.u8(0..5) {
        0 | 1 => (format!("onboard {named} --role {role} {rest}"), Some(role), people),
        2 | 3 => (format!("offboard {named} {rest}"), None, people),
        _ if percent(chance, 50) => (format!("members reinvite {rest}"), None, PEOPLE.to_vec()),
        _ => (format!("members reinvite {named} {rest}"), None, people),
    };
    Command { line, people, role, heir: None, revokes: false }
}

/// Draws faults of every kind.
pub(crate) fn faults(chance: &mut Rng, stage: &Stage) {
    let names = stage.world.names();
    for _ in 0..pick(chance, &[0, 0, 1, 2, 3, 5]) {
        let mut fault = Fault::once(kind(chance)).skip(chance.usize(0..5)).times(chance.usize(1..4));
        if percent(chance, 70) {
            fault = fault.on(names[chance.usize(0..names.len())].as_str());
        }
        let writes = [Op::MemberCreate, Op::MemberPatch, Op::MemberDelete];
        let reads = [Op::WorkspaceCurrent, Op::MemberList, Op::MemberGet];
        match chance.u8(0..10) {
            0..6 => fault = fault.at(pick(chance, &writes)),
            6..9 => fault = fault.at(pick(chance, &reads)),
            _ => {}
        }
        stage.world.add_fault(fault);
    }
}

fn kind(chance: &mut Rng) -> FaultKind {
    let status = |status| FaultKind::Status { status, body: FaultBody::Json, retry_after: None };
    match chance.u8(0..22) {
        0 => status(500),
        1 => FaultKind::Status { status: 502, body: FaultBody::Html, retry_after: None },
        2 => status(400),
        3 => status(403),
        4 => status(408),
        5 | 6 => FaultKind::throttled(chance.bool().then(|| chance.u64(0..20))),
        7..9 => FaultKind::LoseAnswer,
        9..11 => FaultKind::LoseRequest,
        // A late effect lands before the settle time is over; nothing could be told otherwise.
        11..13 => FaultKind::Late { after: Duration::from_millis(chance.u64(1..58_000)) },
        13 => FaultKind::Delay { by: Duration::from_millis(chance.u64(1..45_000)) },
        14 => FaultKind::Hang,
        15 => FaultKind::Truncate,
        16 => FaultKind::Html,
        17 if chance.bool() => FaultKind::CursorLoop,
        17 => FaultKind::Foreign,
        18 => FaultKind::Ignore,
        19 => FaultKind::EchoKey { status: 400 },
        20 if chance.bool() => FaultKind::Redirect,
        20 => FaultKind::Oversized { bytes: 17 << 20 },
        _ if chance.bool() => FaultKind::NotSent,
        _ => {
            let hand = Hand::Add { email: STRAY.to_owned(), role: "client".into(), accepted: true };
            FaultKind::Meanwhile { when: if chance.bool() { When::Before } else { When::After }, hand }
        }
    }
}

/// Draws what another hand does to somebody a command may be about, at which request.
pub(crate) fn drift(chance: &mut Rng, stage: &Stage) -> Vec<(usize, String, Hand)> {
    let names = stage.world.names();
    let number = pick(chance, &[0, 0, 0, 1, 2]);
    let one = |_| {
        let email = pick(chance, &PEOPLE).to_owned();
        let role = pick(chance, &["editor", "view"]).into();
        let hand = match chance.u8(0..4) {
            0 => Hand::Add { email, role, accepted: chance.bool() },
            1 => Hand::Remove { email },
            2 => Hand::SetRole { email, role },
            _ => Hand::Accept { email },
        };
        (chance.usize(1..80), names[chance.usize(0..names.len())].clone(), hand)
    };
    (0..number).map(one).collect()
}

/// Who is a member everywhere and inherits, mostly.
const HEIR: &str = "ops@agency.example";

/// Gives people things in some lanes, and lets faults and other hands have to do with them. Drawn apart, so that seeds without things play as
/// they always did.
pub(crate) fn estate(chance: &mut Rng, stage: &Stage) -> Vec<(usize, String, Hand)> {
    let (world, names) = (&stage.world, stage.world.names());
    for lane in &names {
        for person in PEOPLE.into_iter().chain([HEIR]) {
            if percent(chance, 40) {
                world.put(lane, Campaigns::of(person, chance.u32(1..3)).named(person));
            }
            if percent(chance, 25) {
                world.put(lane, LeadLists::of(person, 1));
            }
            if percent(chance, 25) {
                world.put(lane, Leads::of(person, chance.u32(1..6)));
            }
            if percent(chance, 25) {
                world.put(lane, Key::of(person, person).recorded(KeyRecord::Id("api_key_id".into())));
            }
        }
    }
    world.configure(|settings| {
        settings.key_shown = pick(chance, &[KeyShown::Whole, KeyShown::Whole, KeyShown::Whole, KeyShown::Masked]);
        // Together with what is late it stays below the settle time.
        settings.assign_lag = Duration::from_millis(chance.u64(0..1_500));
    });
    for _ in 0..pick(chance, &[0, 1, 2, 3]) {
        let writes = [Op::CampaignPatch, Op::CampaignPatch, Op::LeadListPatch, Op::LeadsAssign, Op::KeyDelete];
        let reads = [Op::CampaignList, Op::LeadListList, Op::LeadsList, Op::KeyList, Op::CampaignGet];
        let op = if percent(chance, 75) { pick(chance, &writes) } else { pick(chance, &reads) };
        world.add_fault(Fault::once(kind(chance)).skip(chance.usize(0..4)).times(chance.usize(1..4)).at(op));
    }
    let number = pick(chance, &[0, 0, 1, 2]);
    let one = |_| {
        let (person, to) = (pick(chance, &PEOPLE).to_owned(), pick(chance, &PEOPLE).to_owned());
        let hand = match chance.u8(0..3) {
            0 => Hand::GiveCampaign { campaign: person, to },
            1 => Hand::DeleteCampaign { campaign: person },
            _ => Hand::DeleteKey { key: person },
        };
        (chance.usize(1..90), names[chance.usize(0..names.len())].clone(), hand)
    };
    (0..number).map(one).collect()
}

/// Lets an offboarding be about things too, mostly.
pub(crate) fn with_things(chance: &mut Rng, command: Command) -> Command {
    if !command.line.starts_with("offboard") {
        return command;
    }
    let heir = if percent(chance, 80) { HEIR } else { pick(chance, &PEOPLE) };
    let heir = Some(heir).filter(|heir| !command.people.contains(heir) && percent(chance, 85));
    let revokes = percent(chance, 60);
    let hand_over = heir.map(|heir| format!(" --hand-over-to {heir}")).unwrap_or_default();
    let revoke = if revokes { " --revoke-keys" } else { "" };
    Command { line: format!("{}{hand_over}{revoke}", command.line), heir, revokes, ..command }
}
