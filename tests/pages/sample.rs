//! Fleets made for pages: believable, of any size, the same every time.

use std::collections::{BTreeMap, BTreeSet};

use keyholder::domain::{Colour, Counts, DayCounts, Period, ReportKind, Severity, Subscription, Table};
use keyholder::report::bulk::Facts;
use keyholder::report::bulk::facts::{
    AccountFact, AttentionFact, CampaignFact, FindingFact, PersonFact, TableFact, TroubleFact,
};
use keyholder::report::bulk::page::{ClientInput, FleetInput, client, fleet};

/// Returns the period of all pages here.
pub(crate) fn period() -> Period {
    Period::new("2026-10-23".parse().unwrap(), "2026-11-21".parse().unwrap()).unwrap()
}

/// Returns every kind.
pub(crate) fn kinds() -> BTreeSet<ReportKind> {
    ReportKind::ALL.into()
}

/// Writes the fleet's page.
pub(crate) fn fleet_page(facts: &[Facts]) -> String {
    fleet(&FleetInput {
        agency: Some("Northwind Outreach"),
        colour: Colour::parse("#0b57a4"),
        period: period(),
        made_at: "2026-11-22T10:00:00Z",
        kinds: &kinds(),
        ending: "csv",
        facts,
    })
}

/// Writes the page of one client.
pub(crate) fn client_page(facts: &Facts) -> String {
    client(&ClientInput {
        agency: Some("Northwind Outreach"),
        colour: Colour::parse("#0b57a4"),
        period: period(),
        kinds: &kinds(),
        ending: "csv",
        facts,
    })
}

const TOWNS: [&str; 12] = [
    "acme",
    "globex",
    "initech",
    "umbrella",
    "hooli",
    "stark",
    "wayne",
    "tyrell",
    "cyberdyne",
    "wonka",
    "soylent",
    "oscorp",
];
const NAMES: [&str; 16] = [
    "noor.haddad",
    "sam.okafor",
    "mina.larsen",
    "ivo.petrov",
    "lea.moreau",
    "tom.becker",
    "ana.silva",
    "kenji.mori",
    "ruth.cohen",
    "omar.aziz",
    "freya.lund",
    "paul.nowak",
    "maya.iyer",
    "luca.ricci",
    "zoe.papas",
    "erik.holm",
];

/// A generator of numbers that are the same every time.
#[derive(Debug)]
pub(crate) struct Dice(u64);

impl Dice {
    /// Begins anew.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a number below another one.
    pub(crate) fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// Makes a fleet: `people` of the agency, of whom each is in about half of the workspaces, and two of each client's own.
pub(crate) fn make(workspaces: usize, people: usize) -> Vec<Facts> {
    (0..workspaces).map(|at| workspace(at, people)).collect()
}

/// Makes a fleet of which some could not be read, and some only in part.
pub(crate) fn make_troubled(workspaces: usize, people: usize) -> Vec<Facts> {
    let mut all = make(workspaces, people);
    for (at, facts) in all.iter_mut().enumerate() {
        match at % 8 {
            3 => *facts = unread(facts),
            5 => in_part(facts),
            _ => {}
        }
    }
    all
}

fn unread(facts: &Facts) -> Facts {
    let trouble = TroubleFact {
        kind: "key_refused".to_owned(),
        reason: "the API refused the key: 401 Unauthorized".to_owned(),
        advice: vec!["make a new key in the app and put it where the workspace's file says".to_owned()],
        may_pass: false,
    };
    Facts::unreadable(&facts.workspace, facts.workspace_id.as_deref(), &facts.labels, &facts.observed_at, trouble)
}

fn in_part(facts: &mut Facts) {
    let cut = |facts: &mut Facts, table: Table, why: &str, rows_unsure: bool| {
        let fact = facts.tables.get_mut(&table).unwrap();
        fact.incomplete = Some(why.to_owned());
        fact.rows_unsure = rows_unsure;
    };
    cut(facts, Table::Trail, "audit-logs: the plan does not allow it (402)", true);
    cut(facts, Table::Campaigns, "campaigns/analytics of the period before: no answer in time", false);
    cut(facts, Table::CampaignDays, "campaigns/analytics/daily: no answer in time", false);
    cut(facts, Table::Members, "workspace-members: the list broke off after the first page", true);
    facts.campaigns.iter_mut().for_each(|campaign| campaign.prior = None);
    facts.days = None;
    facts.people.iter_mut().for_each(|person| person.last_login = None);
}

fn workspace(at: usize, staff: usize) -> Facts {
    let mut dice = Dice::new(at as u64 * 7_919 + 17);
    let town = TOWNS[at % TOWNS.len()];
    let name = if at < TOWNS.len() { town.to_owned() } else { format!("{town}-{}", at / TOWNS.len() + 1) };
    let people = people(&mut dice, &name, staff);
    let campaigns = campaigns(&mut dice);
    let accounts = accounts(&mut dice, &name);
    let table = |table: Table| {
        let rows = match table {
            Table::Members => people.len(),
            Table::Campaigns => campaigns.len(),
            Table::CampaignDays => 30,
            Table::Accounts => accounts.len(),
            Table::AccountDays => accounts.len() * 30,
            Table::Trail => 1_204,
            _ => 3,
        };
        (table, TableFact { rows: rows as u64, incomplete: None, rows_unsure: false })
    };
    Facts {
        workspace: name.clone(),
        workspace_id: Some(format!("0195b2aa-7c1e-7d00-8000-{at:012}")),
        title: Some(format!("{}{} Corp", town[..1].to_uppercase(), &name[1..])),
        labels: BTreeMap::from([("tier".to_owned(), "gold".to_owned())]),
        observed_at: "2026-11-22T10:00:07Z".to_owned(),
        trouble: None,
        tables: Table::ALL.into_iter().map(table).collect(),
        attention: attention(&accounts, &campaigns),
        findings: findings(at),
        days: Some(days(&campaigns)),
        people,
        campaigns,
        accounts,
        subscriptions: vec![subscription(at)],
        keys: Some(3),
        scopes_lacking: Vec::new(),
    }
}

fn people(dice: &mut Dice, workspace: &str, staff: usize) -> Vec<PersonFact> {
    let mut people = Vec::new();
    for one in 0..staff {
        if one > 0 && dice.below(2) == 0 {
            continue;
        }
        let name = NAMES[one % NAMES.len()];
        let number = if one < NAMES.len() { String::new() } else { (one / NAMES.len() + 1).to_string() };
        people.push(PersonFact {
            email: format!("{name}{number}@northwind.example"),
            role: ["owner", "admin", "editor", "editor", "view"][if one == 0 { 0 } else { one % 4 + 1 }].to_owned(),
            accepted: one == 0 || dice.below(9) > 0,
            external: Some(false),
            since: "2026-03-01T09:00:00.000Z".to_owned(),
            last_login: (dice.below(3) > 0).then(|| format!("2026-11-{:02}T08:15:00.000Z", dice.below(20) + 1)),
        });
    }
    for who in ["beans", "sales"] {
        people.push(PersonFact {
            email: format!("{who}@{workspace}.example"),
            role: "view".to_owned(),
            accepted: who == "beans",
            external: Some(true),
            since: "2026-05-01T09:00:00.000Z".to_owned(),
            last_login: None,
        });
    }
    if dice.below(3) == 0 {
        people.push(PersonFact {
            email: "freelance.copywriter@studio.example".to_owned(),
            role: "editor".to_owned(),
            accepted: true,
            external: Some(true),
            since: "2026-06-01T09:00:00.000Z".to_owned(),
            last_login: None,
        });
    }
    people.sort_by(|one, other| one.email.cmp(&other.email));
    people
}

fn counts(dice: &mut Dice) -> Counts {
    let sent = 400 + dice.below(4_000);
    let contacted = sent * 6 / 10;
    Counts {
        sent,
        contacted,
        opened: contacted * (30 + dice.below(30)) / 100,
        replied: contacted * (10 + dice.below(50)) / 1000,
        replied_automatic: Some(dice.below(20)),
        bounced: sent * dice.below(40) / 1000,
        unsubscribed: dice.below(9),
        opportunities: dice.below(12),
    }
}

fn campaigns(dice: &mut Dice) -> Vec<CampaignFact> {
    let names =
        ["Autumn founders", "EMEA heads of sales", "Win-back: trials that ended", "Conference follow-up", "Partners"];
    let states = ["active", "active", "paused", "completed", "bounce-protection"];
    (0..2 + usize::try_from(dice.below(4)).unwrap())
        .map(|at| CampaignFact {
            name: names[at % names.len()].to_owned(),
            status: states[(at + usize::try_from(dice.below(2)).unwrap()) % states.len()].to_owned(),
            owner: Some("sam.okafor@northwind.example".to_owned()),
            now: Some(counts(dice)),
            prior: Some(counts(dice)),
            opens_uncounted: false,
        })
        .collect()
}

/// Parts what the campaigns sent over working days, so that days and campaigns agree.
fn days(campaigns: &[CampaignFact]) -> BTreeMap<jiff::civil::Date, DayCounts> {
    let mut all = Counts::default();
    campaigns.iter().filter_map(|campaign| campaign.now).for_each(|now| all += now);
    let mut days = BTreeMap::new();
    let mut day = period().first();
    let mut left = (22u64, all);
    while period().holds(day) {
        let working = day.weekday().to_monday_zero_offset() < 5;
        let mut counts = DayCounts::default();
        if working && left.0 > 0 {
            let lean = if day.day() % 3 == 0 { 3 } else { 2 };
            let take = |of: &mut u64, parts: u64| {
                let part = if parts == 1 { *of } else { (*of * lean / 2 / parts).min(*of) };
                *of -= part;
                part
            };
            counts = DayCounts {
                sent: take(&mut left.1.sent, left.0),
                contacted: take(&mut left.1.contacted, left.0),
                opened: take(&mut left.1.opened, left.0),
                replied: take(&mut left.1.replied, left.0),
                opportunities: take(&mut left.1.opportunities, left.0),
            };
            left.0 -= 1;
        }
        days.insert(day, counts);
        day = day.tomorrow().unwrap();
    }
    days
}

fn accounts(dice: &mut Dice, workspace: &str) -> Vec<AccountFact> {
    (0..3 + dice.below(9))
        .map(|at| {
            let ill = dice.below(9) == 0;
            let status = match (ill, dice.below(8)) {
                (true, _) => "connection-error",
                (false, 0) => "paused",
                (false, _) => "active",
            };
            let days: Vec<u64> = (0..30).map(|day| if day % 7 < 5 && !ill { 20 + dice.below(20) } else { 0 }).collect();
            AccountFact {
                email: format!("hello{at}@get-{workspace}.example"),
                status: status.to_owned(),
                ill,
                warmup: Some(if ill { "suspended" } else { "active" }.to_owned()),
                daily_limit: Some(40),
                sent: Some(days.iter().sum()),
                bounced: Some(dice.below(9)),
                days,
                score: Some(97),
                owner: Some("noor.haddad@northwind.example".to_owned()),
            }
        })
        .collect()
}

fn attention(accounts: &[AccountFact], campaigns: &[CampaignFact]) -> Vec<AttentionFact> {
    let mut all = Vec::new();
    let protected: Vec<&str> =
        campaigns.iter().filter(|one| one.status == "bounce-protection").map(|one| one.name.as_str()).collect();
    if let Some(first) = protected.first() {
        all.push(AttentionFact {
            what: "bounce-protection".to_owned(),
            severity: Severity::High,
            text: format!("1 campaign is stopped by the vendor (bounce-protection, -2): \"{first}\""),
        });
    }
    let ill: Vec<&str> = accounts.iter().filter(|account| account.ill).map(|account| account.email.as_str()).collect();
    if !ill.is_empty() {
        all.push(AttentionFact {
            what: "account-disconnected".to_owned(),
            severity: Severity::High,
            text: format!("{} sending account(s) cannot send: {}", ill.len(), ill.join(", ")),
        });
    }
    all
}

fn findings(at: usize) -> Vec<FindingFact> {
    let mut all = vec![FindingFact {
        code: "key-age".to_owned(),
        severity: Severity::Medium,
        about: "zapier".to_owned(),
        evidence: "it is 412 days old, and 180 are allowed".to_owned(),
        advice: "rotate it: keyholder keys rotate".to_owned(),
    }];
    if at.is_multiple_of(5) {
        all.insert(
            0,
            FindingFact {
                code: "wildcard-scope".to_owned(),
                severity: Severity::Critical,
                about: "old integration".to_owned(),
                evidence: "it bears all:all".to_owned(),
                advice: "put a key of few scopes in its place".to_owned(),
            },
        );
    }
    all
}

fn subscription(at: usize) -> Subscription {
    Subscription {
        product: "outreach".to_owned(),
        plan: Some(["Growth", "Hypergrowth", "Light Speed"][at % 3].to_owned()),
        product_id: Some("prod_1".to_owned()),
        interval: Some("month".to_owned()),
        price_cents: Some([3_700, 9_700, 35_800][at % 3]),
        quantity: Some(1),
        period_end: Some(1_796_083_200),
        cancel_at: at.is_multiple_of(9).then_some(1_796_083_200),
        limit: Some(25_000),
        used: Some(8_123 + i64::try_from(at).unwrap()),
    }
}
