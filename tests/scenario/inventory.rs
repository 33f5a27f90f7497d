//! Reading all that a report asks for of one workspace: as many requests as foretold, each list once, and what cannot be read told as such.

use std::collections::BTreeSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use keyholder::api::{Permits, Tally, needs};
use keyholder::clock::Clock;
use keyholder::domain::fleet::BaseUrl;
use keyholder::domain::{
    Access, ApiKey, Inventory, Mode, Period, ReportKind, Sizes, Told, TrailLine, WorkspaceId, WorkspaceName,
};
use keyholder::pace::Pacers;
use keyholder::run::{Deck, Forecast, InventoryQuest, LaneTrouble, Nowhere, Stop, Target, requests, take_inventory};
use keyholder::sim::{Fault, FaultBody, FaultKind, LastPage, Local, LocalSettings, Op, World, put};

const WORLD: &str = r#"
version = 1
[[workspace]]
name = "acme"
owner = "founder@agency.example"
admin = ["ops@agency.example"]
editor = ["sam@agency.example"]
keys = [
  { name = "main" },
  { name = "narrow", scopes = [SCOPES] },
  { name = "zapier", by = "sam@agency.example", record = "id", created = "2026-08-01T00:00:00Z", used = "2026-11-15T10:00:00Z" },
]
campaigns = [{ name = "North", owner = "sam@agency.example", count = 3, sends = 50 }, { name = "Idle" }]
accounts = [{ email = "box@mail.example", count = 230, sent = 20, bounced = 1 }]
tags = [{ label = "vip", accounts = ["1.box@mail.example"], campaigns = ["North 1"] }, { label = "cold" }]
webhooks = [{ target = "https://hooks.agency.example/in/1", by = "sam@agency.example" }]
lead_lists = [{ name = "Dentists", count = 2 }]
jobs = [{ kind = "move-leads", by = "sam@agency.example" }]
trail = [
  { activity = 1, by = "sam@agency.example", at = "2026-11-10T08:00:00Z", count = 2 },
  { activity = 1, by = "sam@agency.example", at = "2026-09-10T08:00:00Z" },
  { activity = 34, by = "ops@agency.example", at = "2026-11-19T23:59:30Z" },
  { activity = 31, by = "ops@agency.example", at = "2026-11-20T07:00:00Z" },
]
"#;

struct Desk {
    world: World,
    deck: Deck,
}

impl Desk {
    fn of(world: World) -> Self {
        let clock = Clock::starting_at("2026-11-20T08:00:00Z".parse().unwrap());
        let deck = Deck {
            transport: Arc::new(Local::new(world.clone(), clock, LocalSettings::default())),
            clock,
            pacers: Arc::new(Pacers::new(clock, 7)),
            talks: None,
            in_flight: Permits::adaptive(512),
            tally: Arc::new(Tally::default()),
            stop: Stop::default(),
            base: BaseUrl::parse("http://127.0.0.1:1").unwrap(),
            timeout: Duration::from_secs(30),
            settle: Duration::from_secs(1),
            deadline: clock.instant() + Duration::from_hours(1),
            keeper: Arc::new(Nowhere),
            token: None,
            seed: 7,
        };
        Self { world, deck }
    }

    fn scoped(scopes: &[String]) -> Self {
        let scopes = format!("\"{}\"", scopes.join("\", \""));
        Self::of(World::from_script(&WORLD.replace("SCOPES", &scopes), 7).unwrap())
    }

    fn usual() -> Self {
        Self::scoped(&["all:all".to_owned()])
    }

    async fn take(&self, quest: &InventoryQuest) -> Inventory {
        self.take_with(0, quest, &mut Vec::new()).await.unwrap()
    }

    /// Reads with one of the keys; `lines` get the ids and codes of the trail.
    async fn take_with(
        &self,
        key: usize,
        quest: &InventoryQuest,
        lines: &mut Vec<(String, i64)>,
    ) -> Result<Inventory, LaneTrouble> {
        let id = self.world.workspace_id("acme").unwrap();
        let secret = self.world.live_secrets("acme")[key].clone();
        let target = Target {
            name: WorkspaceName::parse("acme").unwrap(),
            pinned: Some(WorkspaceId::parse(&id).unwrap()),
            mode: Mode::Observe,
            access: Ok(Access::Own(ApiKey::parse(&secret).unwrap())),
            key_id: None,
            pays: vec![(id, 50)],
        };
        take_inventory(&self.deck, &target, quest, &mut |line| {
            lines.push((line.at.to_string(), line.activity));
            Ok(())
        })
        .await
    }
}

fn period() -> Period {
    Period::usual("2026-11-20T08:00:00Z".parse().unwrap())
}

fn quest(kinds: impl IntoIterator<Item = ReportKind>) -> InventoryQuest {
    let used_since = Some("2026-08-22T08:00:00Z".parse().unwrap());
    InventoryQuest { used_since, ..InventoryQuest::of(kinds.into_iter().collect(), period()) }
}

/// Whatever is told as incomplete.
fn reasons(inventory: &Inventory) -> Vec<String> {
    fn of<T>(told: Option<&Told<T>>) -> Option<String> {
        told?.incomplete.clone()
    }
    let all = [
        of(inventory.members.as_ref()),
        of(inventory.keys.as_ref()),
        of(inventory.tags.as_ref()),
        of(inventory.carried.as_ref()),
        of(inventory.links.as_ref()),
        of(inventory.campaigns.as_ref()),
        of(inventory.counts.as_ref()),
        of(inventory.prior_counts.as_ref()),
        of(inventory.daily.as_ref()),
        of(inventory.accounts.as_ref()),
        inventory.sent.as_ref().and_then(|sent| sent.incomplete.clone()),
        inventory.warmups.as_ref().and_then(|warm| warm.incomplete.clone()),
        of(inventory.trail.as_ref()),
        of(inventory.billing.as_ref()),
        of(inventory.webhooks.as_ref()),
        of(inventory.lists.as_ref()),
        of(inventory.jobs.as_ref()),
    ];
    all.into_iter().flatten().collect()
}

#[tokio::test(start_paused = true)]
async fn a_reading_takes_as_many_requests_as_foretold_once_sizes_are_known_and_no_fewer_before() {
    let alone = ReportKind::ALL.map(|kind| vec![kind]);
    let several = [ReportKind::ALL.to_vec(), vec![ReportKind::Campaigns, ReportKind::Accounts, ReportKind::Lists]];
    for last_page in [LastPage::Absent, LastPage::Cursor] {
        for kinds in alone.iter().chain(&several) {
            let desk = Desk::usual();
            desk.world.configure(|settings| settings.last_page = last_page);
            desk.world.put(
                "acme",
                put::Records::of("sam@agency.example", 11, 1200).at("2026-11-01T00:00:00Z".parse().unwrap()),
            );
            let quest = quest(kinds.iter().copied());
            let at_least = requests(&quest, &Sizes::default());
            let first = desk.take(&quest).await;
            assert_eq!(reasons(&first), [""; 0], "{kinds:?}");
            let before = desk.world.request_count();
            assert!(at_least.requests <= before as u64, "{kinds:?}: {at_least:?} of {before}");
            let forecast = requests(&quest, &first.sizes);
            let second = desk.take(&quest).await;
            let taken = (desk.world.request_count() - before) as u64;
            assert_eq!(forecast, Forecast { requests: taken, exact: true }, "{kinds:?} {:?}", first.sizes);
            assert_eq!(second.sizes, first.sizes);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn all_kinds_of_a_small_workspace_take_so_many_requests_and_no_question_twice() {
    let desk = Desk::usual();
    desk.take(&quest(ReportKind::ALL)).await;
    // Identity, members, keys, made, trail, tags, mappings, links, campaigns, three of analytics, accounts 3, sent 2, warm-up 3, billing 2,
    // webhooks, lists, jobs.
    assert_eq!(desk.world.request_count(), 9 + 3 + 3 + 2 + 3 + 2 + 3);
    assert_eq!(desk.deck.tally.taken(), desk.deck.tally.requests());
    assert_eq!(desk.deck.tally.writes(), 0);
}

#[tokio::test(start_paused = true)]
async fn what_is_read_is_what_is_there() {
    let desk = Desk::usual();
    let mut lines = Vec::new();
    let all = desk.take_with(0, &quest(ReportKind::ALL), &mut lines).await.unwrap();
    let told =
        |told: &Option<Told<CountsBy>>| told.as_ref().unwrap().value.values().map(|counts| counts.sent).sum::<u64>();
    let days: u64 = all.daily.as_ref().unwrap().value.values().map(|day| day.sent).sum();
    assert!(days > 500);
    assert_eq!(told(&all.counts), days);
    assert!(told(&all.prior_counts) > 500 && told(&all.prior_counts) != days);
    assert_eq!(all.counts.unwrap().value.len(), 3, "of the idle one nothing is told");
    let sent = all.sent.unwrap();
    assert_eq!((sent.days.len(), sent.days.values().next().unwrap().len()), (230, 30));
    let warm = all.warmups.unwrap();
    assert_eq!((warm.days.len(), warm.scores.len()), (230, 230));
    assert_eq!(warm.days.values().next().unwrap().len(), 30);
    let carried = all.carried.unwrap().value;
    assert_eq!(carried.values().map(Vec::len).collect::<Vec<_>>(), [2]);
    let job = &all.jobs.unwrap().value[0];
    assert!(job.progress.is_some() && job.updated.is_some());
    let webhook = &all.webhooks.unwrap().value[0];
    assert!(webhook.created.is_some() && webhook.failed.is_none() && !webhook.target.contains("in/1"));
    assert!(all.lists.unwrap().value.iter().all(|list| list.created.is_some() && list.enrichment == Some(false)));
    let campaign = &all.campaigns.unwrap().value[0];
    assert_eq!((campaign.daily_limit, campaign.open_tracking), (Some(50), Some(true)));
    assert_eq!(all.billing.unwrap().value.subscriptions.len(), 1);
    let seen = all.trail.unwrap().value;
    let mut moments: Vec<&str> = lines.iter().map(|(at, _)| at.as_str()).collect();
    moments.sort_unstable();
    assert!(moments.first().unwrap() >= &"2026-10-21" && moments.last().unwrap() < &"2026-11-20", "{moments:?}");
    assert_eq!(seen.records, lines.len() as u64);
    let logins: BTreeSet<&str> = seen.logins.values().map(String::as_str).collect();
    assert_eq!(
        logins,
        ["2026-11-10T08:01:00.000Z", "2026-11-20T07:00:00.000Z"].into(),
        "the newest, of the last hour too"
    );
    let used = seen.activity.unwrap();
    assert_eq!(used.last.values().collect::<Vec<_>>(), ["2026-11-15T10:00:00Z"]);
    assert_eq!(seen.made.len(), 1, "though it was made before all that");
}

type CountsBy = keyholder::domain::CampaignCounts;

#[tokio::test(start_paused = true)]
async fn with_the_least_scopes_everything_is_read_and_without_any_of_them_something_is_not() {
    let least = needs::least(&["report"]);
    let desk = Desk::scoped(&least);
    let whole = desk.take_with(1, &quest(ReportKind::ALL), &mut Vec::new()).await.unwrap();
    assert_eq!(reasons(&whole), [""; 0]);
    assert_eq!(whole.scopes_lacking, [""; 0]);
    for dropped in &needs::Least::of(needs::operations(&["report"])).published {
        let fewer: Vec<String> = least.iter().filter(|scope| *scope != dropped).cloned().collect();
        let desk = Desk::scoped(&fewer);
        match desk.take_with(1, &quest(ReportKind::ALL), &mut Vec::new()).await {
            Ok(part) => {
                assert!(reasons(&part).iter().any(|why| why.contains("403")), "{dropped}");
                assert!(keyholder::domain::scope::covers(&part.scopes_lacking, dropped), "{:?}", part.scopes_lacking);
            }
            Err(trouble) => assert!(dropped.starts_with("workspaces:"), "{dropped}: {trouble:?}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_cannot_be_read_is_told_why_and_the_others_are_whole() {
    for (op, status) in [
        (Op::CampaignAnalytics, 404),
        (Op::CampaignDaily, 402),
        (Op::AccountWarmup, 403),
        (Op::AccountDaily, 413),
        (Op::PlanDetails, 404),
        (Op::SubscriptionDetails, 403),
        (Op::JobList, 403),
        (Op::MappingList, 403),
        (Op::TrailList, 402),
        (Op::AccountList, 403),
    ] {
        let desk = Desk::usual();
        desk.world
            .add_fault(Fault::always(FaultKind::Status { status, body: FaultBody::Json, retry_after: None }).at(op));
        let part = desk.take(&quest(ReportKind::ALL)).await;
        let reasons = reasons(&part);
        assert!(
            !reasons.is_empty() && reasons.iter().all(|why| why.contains(&status.to_string())),
            "{op}: {reasons:?}"
        );
        assert!(part.members.as_ref().unwrap().incomplete.is_none());
        if op == Op::AccountList {
            assert!(part.sent.unwrap().incomplete.is_some() && part.warmups.unwrap().incomplete.is_some());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn of_campaigns_alone_it_is_looked_up_what_they_carry_and_nothing_else_is_read() {
    let desk = Desk::usual();
    let quest = quest([ReportKind::Campaigns, ReportKind::Lists]);
    let seen = desk.take(&quest).await;
    assert_eq!(seen.carried.unwrap().value.values().map(Vec::len).sum::<usize>(), 1, "of campaigns alone");
    assert_eq!(seen.members.unwrap().value.len(), 3);
    assert!(seen.keys.is_none() && seen.accounts.is_none() && seen.trail.is_none());
}

#[tokio::test(start_paused = true)]
async fn where_accounts_do_not_tell_their_tags_what_carries_tags_is_read_and_foretold() {
    for kinds in [vec![ReportKind::Accounts], vec![ReportKind::Accounts, ReportKind::Tags]] {
        let desk = Desk::usual();
        let quest = quest(kinds);
        let told = desk.take(&quest).await;
        let before = desk.world.request_count();
        desk.world.configure(|settings| settings.untold_tags = true);
        let untold = desk.take(&quest).await;
        assert!(untold.accounts.as_ref().unwrap().value.iter().all(|account| account.tags.is_none()));
        assert_eq!(untold.carried.unwrap().value.values().map(Vec::len).sum::<usize>(), 2);
        assert_eq!(untold.tags.unwrap().value.len(), 2);
        let taken = (desk.world.request_count() - before) as u64;
        assert_eq!(requests(&quest, &untold.sizes), Forecast { requests: taken, exact: true });
        let more = if told.tags.is_some() { 0 } else { 2 };
        assert_eq!(taken, before as u64 + more, "the tags and the mappings, unless they are read anyway");
    }
}

#[tokio::test(start_paused = true)]
async fn a_line_that_cannot_be_written_ends_the_trail_alone() {
    let desk = Desk::usual();
    desk.world.trail_rows(5000);
    let id = desk.world.workspace_id("acme").unwrap();
    let target = Target {
        name: WorkspaceName::parse("acme").unwrap(),
        pinned: Some(WorkspaceId::parse(&id).unwrap()),
        mode: Mode::Observe,
        access: Ok(Access::Own(ApiKey::parse(&desk.world.key_of("acme").unwrap()).unwrap())),
        key_id: None,
        pays: vec![(id, 50)],
    };
    let mut left = 3;
    let mut full = |_: &TrailLine<'_>| {
        left -= 1;
        if left == 0 { Err(io::Error::from(io::ErrorKind::StorageFull)) } else { Ok(()) }
    };
    let quest = quest([ReportKind::Trail, ReportKind::Members]);
    let seen = take_inventory(&desk.deck, &target, &quest, &mut full).await.unwrap();
    assert!(seen.members.unwrap().incomplete.is_none());
    let trail = seen.trail.unwrap();
    assert!(trail.incomplete.unwrap().contains("not taken") && trail.value.records == 2 && left == 0);
    let trails = desk.world.requests().iter().filter(|seen| seen.operation == Some(Op::TrailList)).count();
    assert_eq!(trails, 2, "the next page was on its way; no more is read");
}
