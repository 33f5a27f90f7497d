//! Fleets, files, commands and faults, drawn from a seed.

use std::fmt::Write as _;
use std::time::Duration;

use fastrand::Rng;
use keyholder::sim::put::{Accounts, Campaigns, Mappings, Tag, Which as On};
use keyholder::sim::{Fault, FaultBody, FaultKind, Labels, LastPage, LocalSettings, Op};

use super::model::{Files, Place, Rule, Spec, Which, Wish, rows};
use crate::support::Stage;

/// What keyholder.toml may name: labels that are nothing like each other, with what they were called before.
const NAMED: [(&str, [&str; 2]); 3] =
    [("Team North", ["North", "team-north"]), ("VIP", ["Old VIP", "vip"]), ("Lost & Found", ["Lost", "Found"])];

/// Labels that are there, beside those of owners: some nearly the same, some that nobody names.
const THERE: [&str; 11] =
    ["Team North", "team-north", "North", "VIP", " VIP ", "vip", "Old VIP", "Lost", "LOST & FOUND", "stray", "Stray"];

const TOLD: [Option<&str>; 3] = [None, Some("one"), Some("two")];

/// The first two are members mostly, the third is invited alone, the fourth is nobody.
const PEOPLE: [&str; 4] = ["ana@agency.example", "ben@agency.example", "cleo@agency.example", "dan@agency.example"];

const MAILBOXES: [&str; 6] = [
    "ann@north.example",
    "Bo@north.example",
    "anton@south.example",
    "cy@south.example",
    "dee@north.example",
    "eve@south.example",
];

const RULES: [&str; 4] = ["*@north.example", "an*", "*@south.example", "bo@north.example"];

pub(crate) fn pick<T: Copy>(chance: &mut Rng, from: &[T]) -> T {
    from[chance.usize(0..from.len())]
}

pub(crate) fn percent(chance: &mut Rng, percent: u8) -> bool {
    chance.u8(0..100) < percent
}

fn some<T: Copy>(chance: &mut Rng, from: &[T], part: u8) -> Vec<T> {
    let mut some: Vec<T> = from.iter().copied().filter(|_| percent(chance, part)).collect();
    chance.shuffle(&mut some);
    some
}

/// Draws what the files say; tables and lines come in any order.
fn files(chance: &mut Rng) -> Files {
    let mut specs = Vec::new();
    for (label, former) in NAMED {
        let tiers: &[Option<&str>] =
            pick(chance, &[&[None], &[None], &[None], &[Some("gold")], &[Some("gold"), Some("silver")], &[]]);
        for tier in tiers {
            specs.push(Spec { label, told: pick(chance, &TOLD), former: some(chance, &former, 50), tier: *tier });
        }
    }
    if specs.is_empty() {
        specs.push(Spec { label: "VIP", told: None, former: Vec::new(), tier: None });
    }
    chance.shuffle(&mut specs);
    let mut mailboxes = some(chance, &RULES, 55);
    if mailboxes.is_empty() {
        mailboxes.push(RULES[0]);
    }
    let rules = mailboxes.into_iter().map(|mailbox| Rule { mailbox, owner: pick(chance, &PEOPLE) }).collect();
    Files { specs, rules, prefix: pick(chance, &["owner: ", "owner: ", "Whose "]) }
}

/// Draws a fleet, and makes a stage of it.
pub(crate) fn fleet(chance: &mut Rng) -> (Stage, Files, Vec<Place>) {
    let files = files(chance);
    let mut names: Vec<String> = (0..chance.usize(1..6)).map(|place| format!("w{place}")).collect();
    let group = names.len() > 1 && percent(chance, 40);
    chance.shuffle(&mut names);
    let (mut script, mut subs, mut places) = (String::new(), Vec::new(), Vec::new());
    for name in &names {
        let mut keys = "";
        if group && name != "w0" && percent(chance, 60) {
            keys = "keys = []\n";
            subs.push(format!("\"{name}\""));
        }
        let members = some(chance, &PEOPLE[..2], 80);
        let invited = "[{ email = \"cleo@agency.example\", role = \"view\" }]";
        let _written = write!(
            script,
            "[[workspace]]\nname = \"{name}\"\nowner = \"founder@agency.example\"\n{keys}editor = {members:?}\ninvited = {invited}\n"
        );
        let modes = ["manage", "manage", "manage", "manage", "manage", "add-only", "observe", "off"];
        // What others are reached over can be asked.
        let mode = if name == "w0" { "manage" } else { pick(chance, &modes) };
        places.push(Place {
            name: name.clone(),
            mode,
            tier: pick(chance, &["gold", "silver", ""]),
            members,
            accounts: Vec::new(),
            campaigns: Vec::new(),
            rows: Vec::new(),
        });
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
        settings.labels = pick(chance, &[Labels::Exact, Labels::AnyCase, Labels::Repeated]);
        settings.last_page = pick(chance, &[LastPage::Absent, LastPage::Null, LastPage::Empty, LastPage::Cursor]);
        settings.lag = Duration::from_secs(pick(chance, &[0, 0, 0, 2]));
    });
    for place in &mut places {
        furnish(chance, &stage, &files, place);
        let tier = if place.tier.is_empty() { String::new() } else { format!("\n[labels]\ntier = \"{}\"", place.tier) };
        stage.add(&format!("workspaces/{}.toml", place.name), &format!("mode = \"{}\"{tier}", place.mode));
    }
    stage.add("keyholder.toml", &written(&files));
    (stage, files, places)
}

fn written(files: &Files) -> String {
    let mut text = "[guards]\nmax_failures = \"100%\"\n".to_owned();
    for spec in &files.specs {
        let _written = write!(text, "[[tags]]\nlabel = \"{}\"\nformer = {:?}\n", spec.label, spec.former);
        if let Some(told) = spec.told {
            let _written = writeln!(text, "description = \"{told}\"");
        }
        if let Some(tier) = spec.tier {
            let _written = writeln!(text, "workspaces = {{ tier = \"{tier}\" }}");
        }
    }
    let _written = write!(text, "[accounts]\ntag_prefix = \"{}\"\n[accounts.owners]\n", files.prefix);
    for rule in &files.rules {
        let _written = writeln!(text, "\"{}\" = \"{}\"", rule.mailbox, rule.owner);
    }
    text
}

/// Puts accounts, campaigns, tags and what carries them into a workspace.
fn furnish(chance: &mut Rng, stage: &Stage, files: &Files, place: &mut Place) {
    let (world, name) = (&stage.world, place.name.as_str());
    for mailbox in some(chance, &MAILBOXES, 60) {
        world.put(name, Accounts::nobodys(1).at(mailbox));
    }
    if percent(chance, 10) {
        world.put(name, Accounts::nobodys(chance.u32(99..230)).at("bulk@north.example"));
    }
    for title in some(chance, &["North 1", "north 2", "South"], 60) {
        world.put(name, Campaigns::of("founder@agency.example", 1).named(title));
    }
    place.accounts = world.accounts(name).into_iter().map(|account| account.email).collect();
    place.campaigns = world.campaigns(name).into_iter().map(|campaign| (campaign.id, campaign.name)).collect();
    let mut labels: Vec<String> = (0..chance.usize(0..6)).map(|_| pick(chance, &THERE).to_owned()).collect();
    for person in some(chance, &PEOPLE, 35) {
        labels.push(format!("{}{person}", files.prefix));
        if percent(chance, 20) {
            labels.push(format!("{}{person}", files.prefix.trim().to_uppercase()));
        }
        if percent(chance, 10) {
            labels.push(format!("{}{person}", files.prefix));
        }
    }
    if percent(chance, 20) {
        labels.push("owner: gone@elsewhere.example".to_owned());
    }
    chance.shuffle(&mut labels);
    for label in labels {
        let tag = Tag { description: pick(chance, &TOLD).map(str::to_owned), ..Tag::of(&label) };
        let id = world.put(name, tag).remove(0);
        if percent(chance, 65) {
            let accounts = place.accounts.iter().filter(|_| percent(chance, 40)).cloned().collect();
            let campaigns = place.campaigns.iter().filter(|_| percent(chance, 30)).map(|(id, _)| id.clone()).collect();
            world.put(name, Mappings { tag: id, accounts: On::Named(accounts), campaigns: On::Named(campaigns) });
        }
    }
    place.rows = rows(stage, name, None);
}

/// Draws what is wished, with its command.
pub(crate) fn wish(chance: &mut Rng) -> (Wish, Vec<String>) {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    match chance.u8(0..8) {
        0 | 1 => (Wish::Sync { prune: false }, words(&["tags", "sync"])),
        2 | 3 => (Wish::Sync { prune: true }, words(&["tags", "sync", "--prune"])),
        4 | 5 => (Wish::Owners, words(&["accounts", "owners", "sync"])),
        number => {
            let on = number == 6 || chance.bool();
            let label = pick(chance, &["Team North", "VIP", "Lost & Found", "stray", "fresh"]);
            let (which, flag, query) = pick(
                chance,
                &[
                    (Which::Accounts("", ""), "--accounts", "*"),
                    (Which::Accounts("", "@north.example"), "--accounts", "*@north.example"),
                    (Which::Accounts("an", ""), "--accounts", "an*"),
                    (Which::Tagged("stray"), "--accounts", "tag:stray"),
                    (Which::Campaigns(""), "--campaigns", "*"),
                    (Which::Campaigns("north"), "--campaigns", "north*"),
                ],
            );
            let create = on && chance.bool();
            let verb = if on { "assign" } else { "unassign" };
            let mut line = words(&["tags", verb, label, flag, query]);
            line.extend(create.then(|| "--create".to_owned()));
            (Wish::Put { label, on, which, create }, line)
        }
    }
}

/// Draws what goes wrong.
pub(crate) fn faults(chance: &mut Rng, stage: &Stage) {
    let names = stage.world.names();
    for _ in 0..chance.usize(1..6) {
        let kind = kind(chance);
        let writes = [Op::TagCreate, Op::TagPatch, Op::TagDelete, Op::TagToggle, Op::TagToggle];
        let reads = [Op::TagList, Op::MappingList, Op::AccountList, Op::CampaignList, Op::WorkspaceCurrent];
        let op = match kind {
            // Rows that a list leaves out without a word nobody can miss.
            FaultKind::Partial { .. } | FaultKind::NoSuccess { .. } => Op::TagToggle,
            FaultKind::CursorLoop => pick(chance, &reads[..4]),
            FaultKind::Ignore | FaultKind::Late { .. } => pick(chance, &writes),
            _ if percent(chance, 75) => pick(chance, &writes),
            _ => pick(chance, &reads),
        };
        let mut fault = Fault::once(kind).skip(chance.usize(0..2)).times(chance.usize(1..3)).at(op);
        if percent(chance, 40) {
            fault = fault.on(names[chance.usize(0..names.len())].as_str());
        }
        stage.world.add_fault(fault);
    }
}

fn kind(chance: &mut Rng) -> FaultKind {
    let status = |status| FaultKind::Status { status, body: FaultBody::Json, retry_after: None };
    match chance.u8(0..20) {
        0 => status(500),
        1 | 2 => status(400),
        3 => status(403),
        4 | 5 => FaultKind::throttled(chance.bool().then(|| chance.u64(0..20))),
        6..9 => FaultKind::LoseAnswer,
        9 => FaultKind::LoseRequest,
        // What lands late lands before the settle time is over; nothing could be told otherwise.
        10 | 11 => FaultKind::Late { after: Duration::from_millis(chance.u64(1..55_000)) },
        12 => FaultKind::Delay { by: Duration::from_millis(chance.u64(1..45_000)) },
        13 | 14 => FaultKind::NoSuccess { applied: chance.bool() },
        15 | 16 => FaultKind::Partial { rows: chance.usize(0..3) },
        17 => pick(chance, &[Truth::Truncate, Truth::Html, Truth::Loop]).kind(),
        18 => FaultKind::Ignore,
        _ if chance.bool() => FaultKind::NotSent,
        _ => FaultKind::StatusAfter { status: 500, body: FaultBody::Json },
    }
}

/// Answers that are no answers.
#[derive(Clone, Copy)]
enum Truth {
    Truncate,
    Html,
    Loop,
}

impl Truth {
    fn kind(self) -> FaultKind {
        match self {
            Self::Truncate => FaultKind::Truncate,
            Self::Html => FaultKind::Html,
            Self::Loop => FaultKind::CursorLoop,
        }
    }
}

/// Says what a fault was, for counting.
pub(crate) fn word(kind: &FaultKind) -> &'static str {
    match kind {
        FaultKind::Status { status: 429, .. } => "throttled",
        FaultKind::Status { status: 400..=499, .. } => "refused",
        FaultKind::Status { .. } => "failed",
        kind => kind.as_str(),
    }
}
