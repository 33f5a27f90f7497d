//! Agencies drawn from a seed: who is where with which account, what they own, made and started, what goes wrong.

use std::fmt::Write as _;
use std::time::Duration;

use fastrand::Rng;
use keyholder::sim::put::{Accounts, Campaigns, Jobs, Key, LeadLists, Leads, Records, Webhook};
use keyholder::sim::{Fault, FaultBody, FaultKind, Hand, KeyRecord, KeyShown, LastPage, LocalSettings, Op};

use crate::support::Stage;

/// Everybody who is somewhere. The last three look like others and are nobody's double.
pub(crate) const PEOPLE: [&str; 8] = [
    "ann@agency.example",
    "bob@agency.example",
    "cleo@agency.example",
    "dan@agency.example",
    "eve@agency.example",
    "bob+crm@agency.example",
    "b\u{f6}b@agency.example",
    "bob@agency.example.example",
];

/// Addresses that some of them were invited by, and sign in with their own.
const ALIASES: [(&str, &str); 3] = [
    ("annie@elsewhere.example", "ann@agency.example"),
    ("robert@agency.example", "bob@agency.example"),
    ("dan@elsewhere.example", "dan@agency.example"),
];

/// The scopes without which a listing cannot be read, and the listing.
const BLIND: [(&str, &str); 4] =
    [("api_keys", "api-keys"), ("audit_logs", "audit-logs"), ("campaigns", "campaigns"), ("lead_lists", "lead-lists")];

/// What a test asks for, and what it knows of the world that keyholder must find out.
#[derive(Debug, Default)]
pub(crate) struct Case {
    pub(crate) leavers: Vec<&'static str>,
    pub(crate) heir: Option<&'static str>,
    pub(crate) revokes: bool,
    /// Workspaces whose key is dead.
    pub(crate) dead: Vec<String>,
    /// Workspaces of which a listing cannot be read, and which.
    pub(crate) blind: Vec<(String, &'static str)>,
    /// Workspaces that may not be written to.
    pub(crate) read_only: Vec<String>,
    /// How listings show secrets.
    pub(crate) shown: KeyShown,
    /// Keys by id that a record ties to their maker: workspace, key, maker.
    pub(crate) tied: Vec<(String, String, &'static str)>,
    /// Keys of which a record bears only the name: workspace, maker.
    pub(crate) named: Vec<(String, &'static str)>,
    /// Whether anything may go wrong on the way.
    pub(crate) calm: bool,
}

impl Case {
    /// The command line.
    pub(crate) fn line(&self) -> String {
        let heir = self.heir.map(|heir| format!(" --hand-over-to {heir}")).unwrap_or_default();
        let keys = if self.revokes { " --revoke-keys" } else { "" };
        format!("offboard {}{heir}{keys} --all", self.leavers.join(" "))
    }
}

fn pick<T: Copy>(chance: &mut Rng, from: &[T]) -> T {
    from[chance.usize(0..from.len())]
}

fn percent(chance: &mut Rng, percent: u8) -> bool {
    chance.u8(0..100) < percent
}

/// Draws an agency, and makes a stage of it.
pub(crate) fn agency(chance: &mut Rng) -> (Stage, Case) {
    let mut case = Case { calm: percent(chance, 60), ..Case::default() };
    case.leavers = PEOPLE[..5].iter().copied().filter(|_| percent(chance, 35)).take(3).collect();
    if case.leavers.is_empty() {
        case.leavers.push("bob@agency.example");
    }
    let staying: Vec<&str> = PEOPLE[..5].iter().copied().filter(|person| !case.leavers.contains(person)).collect();
    case.heir = percent(chance, 75).then(|| pick(chance, &staying));
    case.revokes = percent(chance, 60);
    case.shown = pick(chance, &[KeyShown::Whole, KeyShown::Whole, KeyShown::Whole, KeyShown::Masked, KeyShown::Absent]);
    let names: Vec<String> = (0..chance.usize(1..6)).map(|place| format!("w{place}")).collect();
    let mut script = String::new();
    for (email, account) in ALIASES {
        let _written = write!(script, "[[person]]\nemail = \"{email}\"\naccount = \"{account}\"\n");
    }
    for (place, name) in names.iter().enumerate() {
        let mut keys = String::new();
        if place > 0 && percent(chance, 10) {
            keys.push_str("keys = [{ name = \"main\", dead = true }]\n");
            case.dead.push(name.clone());
        } else if percent(chance, 15) {
            let (blind, listing) = pick(chance, &BLIND);
            keys = format!("keys = [{{ name = \"main\", scopes = [{}] }}]\n", all_scopes_but(blind));
            case.blind.push((name.clone(), listing));
        }
        let _written = write!(
            script,
            "[[workspace]]\nname = \"{name}\"\nowner = \"founder@agency.example\"\n{keys}{}",
            roster(chance, case.heir)
        );
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
        settings.key_shown = case.shown;
        settings.last_page = pick(chance, &[LastPage::Absent, LastPage::Null, LastPage::Empty, LastPage::Cursor]);
        settings.assign_lag = Duration::from_millis(chance.u64(0..20_000));
    });
    for name in &names {
        let mode = if percent(chance, 12) { "observe" } else { "manage" };
        if mode == "observe" {
            case.read_only.push(name.clone());
        }
        stage.add(&format!("workspaces/{name}.toml"), &format!("mode = \"{mode}\""));
        belongings(chance, &stage, name, &mut case);
    }
    for name in &names {
        // Thrown out by another hand, long before: whatever they left is there, keys too.
        for leaver in case.leavers.iter().filter(|_| percent(chance, 15)) {
            for email in ALIASES.iter().filter(|(_, whose)| whose == leaver).map(|(email, _)| email).chain([leaver]) {
                stage.world.hand(name, &Hand::Remove { email: (*email).to_owned() });
            }
        }
    }
    stage.add(
        "keyholder.toml",
        "[guards]\nmin_admins = 0\nmax_failures = \"100%\"\nmax_removals = { per_workspace = 99, per_run = 999, per_day = 999 }",
    );
    (stage, case)
}

fn all_scopes_but(resource: &str) -> String {
    let resources = [
        "workspaces",
        "workspace_members",
        "campaigns",
        "lead_lists",
        "leads",
        "accounts",
        "api_keys",
        "webhooks",
        "background-jobs",
        "audit_logs",
    ];
    let scopes = resources.iter().filter(|name| **name != resource).map(|name| format!("\"{name}:all\""));
    scopes.collect::<Vec<_>>().join(", ")
}

fn roster(chance: &mut Rng, heir: Option<&str>) -> String {
    let mut lists = [("admin", vec!["ops@agency.example"]), ("editor", vec![]), ("view", vec![])];
    let mut invited = Vec::new();
    for person in PEOPLE {
        let at_home = heir == Some(person) && percent(chance, 70);
        let alias = ALIASES.iter().find(|(_, whose)| *whose == person).map(|(email, _)| *email);
        match chance.u8(0..12) {
            // Gone, or there by the other address alone.
            word @ 0..3 if !at_home => lists[usize::from(word)].1.extend(alias.filter(|_| word > 0)),
            3 | 4 if !at_home => invited.push(format!("{{ email = \"{person}\", role = \"view\" }}")),
            word => lists[usize::from(word) % 3].1.push(person),
        }
    }
    let lists = lists.iter().map(|(role, people)| format!("{role} = {people:?}\n"));
    format!("{}invited = [{}]\n", lists.collect::<String>(), invited.join(", "))
}

fn belongings(chance: &mut Rng, stage: &Stage, name: &str, case: &mut Case) {
    let world = &stage.world;
    world.put(name, Leads::nobodys(chance.u32(0..50)));
    for person in PEOPLE.iter().copied().chain(["ops@agency.example"]) {
        world.put(name, Campaigns::of(person, chance.u32(0..4)));
        if percent(chance, 20) {
            world.put(name, Campaigns::of("ops@agency.example", 1).made_by(person));
        }
        world.put(name, LeadLists::of(person, chance.u32(0..3)));
        let leads = pick(chance, &[0, 0, 1, 3, 99, 100, 101, 230]);
        world.put(name, Leads::of(person, leads));
        world.put(name, Accounts::of(person, chance.u32(0..3)));
        world.put(name, Jobs::of(person, chance.u32(0..2)));
        world.put(name, Records::of(person, 1, chance.u32(0..3)));
        for number in 0..chance.u32(0..3) {
            let record = pick(chance, &[0_u8, 0, 1, 2]);
            let record = match record {
                0 => KeyRecord::Id("id".into()),
                1 => KeyRecord::Name,
                _ => KeyRecord::Absent,
            };
            let tied = matches!(record, KeyRecord::Id(_));
            if matches!(record, KeyRecord::Name) {
                case.named.push((name.to_owned(), person));
            }
            // The name is the same in every workspace, and says nothing of whose the key is.
            let ids = world.put(name, Key::of(person, &format!("sync {number}")).recorded(record));
            if tied {
                case.tied.extend(ids.into_iter().map(|id| (name.to_owned(), id, person)));
            }
        }
        if percent(chance, 20) {
            world.put(name, Webhook::of(person, "https://hooks.agency.example/in"));
        }
    }
}

/// Draws what goes wrong.
pub(crate) fn faults(chance: &mut Rng, stage: &Stage) {
    let names = stage.world.names();
    for _ in 0..chance.usize(1..5) {
        let mut fault = Fault::once(kind(chance)).skip(chance.usize(0..4)).times(chance.usize(1..3));
        if percent(chance, 70) {
            fault = fault.on(names[chance.usize(0..names.len())].as_str());
        }
        let writes = [Op::MemberDelete, Op::CampaignPatch, Op::LeadListPatch, Op::LeadsAssign, Op::KeyDelete];
        let reads = [
            Op::MemberList,
            Op::MemberGet,
            Op::CampaignList,
            Op::LeadListList,
            Op::LeadsList,
            Op::KeyList,
            Op::TrailList,
        ];
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
    match chance.u8(0..16) {
        0 => status(500),
        1 => status(403),
        2 => status(400),
        3 => FaultKind::throttled(chance.bool().then(|| chance.u64(0..20))),
        4..7 => FaultKind::LoseAnswer,
        7..9 => FaultKind::LoseRequest,
        9 => FaultKind::Late { after: Duration::from_millis(chance.u64(1..58_000)) },
        10 => FaultKind::Delay { by: Duration::from_millis(chance.u64(1..45_000)) },
        11 => FaultKind::Truncate,
        12 => FaultKind::Html,
        13 => FaultKind::CursorLoop,
        14 => FaultKind::Ignore,
        _ => FaultKind::NotSent,
    }
}
