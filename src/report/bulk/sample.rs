//! One small workspace for tests: every table has rows, among them odd ones.

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::domain::analytics::{DayCounts, Warm, Warmups};
use crate::domain::belongings::Activity;
use crate::domain::fleet::Place;
use crate::domain::{
    About, AccountPolicy, Billing, Counts, Email, Finding, FindingCode, Identity, Inventory, KeyId, Link, LinkId,
    LinkStatus, Period, ReportKind, ResourceId, ResourceKind, Sent, SentDaily, Severity, Table, TagId, Told, TrailLine,
    TrailSeen, UserId, WorkspaceId, WorkspaceName,
};
use crate::report::bulk::{Context, Facts, KeySaid, OwnerSaid, Said, Stamp, rows, table_fact};
use crate::report::key_rows::CreatedBy;

pub(super) const AT: &str = "2026-11-22T10:00:00.123Z";

fn read<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).unwrap()
}

#[expect(clippy::unnecessary_wraps, reason = "fields of an inventory that were asked for")]
pub(super) fn told<T: DeserializeOwned>(value: Value) -> Option<Told<T>> {
    Some(Told::whole(read(value)))
}

pub(super) fn period() -> Period {
    Period::new("2026-11-19".parse().unwrap(), "2026-11-21".parse().unwrap()).unwrap()
}

/// The facts of an inventory whose tables were written.
pub(super) fn facts(inventory: &Inventory, context: &Context) -> Facts {
    let fact = |table: Table| {
        let mut count =
            inventory.trail.as_ref().filter(|_| table == Table::Trail).map_or(0, |trail| trail.value.records);
        let counted = rows(table, inventory, context, &mut |_| {
            count += 1;
            Ok(())
        });
        counted.unwrap();
        (table, table_fact(table, inventory, count))
    };
    let asked = Table::ALL.into_iter().filter(|table| context.asks(table.kind()));
    Facts::of(inventory, context, asked.map(fact).collect())
}

fn day(text: &str) -> jiff::civil::Date {
    text.parse().unwrap()
}

fn counts(sent: u64, bounced: u64, replied: u64) -> Counts {
    Counts { sent, bounced, replied, contacted: sent / 2, opened: sent / 4, ..Counts::NOTHING }
}

/// What our files and rules say of the sample.
pub(super) fn context() -> Context {
    let key = |text: &str| KeyId::parse(text).unwrap();
    let finding = |code: FindingCode, about: About, evidence: &str| Finding {
        code,
        severity: code.severity(),
        workspace: WorkspaceName::parse("acme").ok(),
        workspace_id: WorkspaceId::parse("w-acme").ok(),
        about,
        evidence: evidence.to_owned(),
        advice: "mend it".to_owned(),
        accepted: None,
    };
    let said = Said {
        findings: vec![
            finding(
                FindingCode::GrantsAccess,
                About::Key { id: key("k-2"), name: "=zap".to_owned() },
                "it may make keys",
            ),
            finding(FindingCode::TagUnknown, About::Tag { label: "VIP".to_owned() }, "no [[tags]] names it"),
            finding(
                FindingCode::AccountDisconnected,
                About::Account { email: "Bo@mail.example".to_owned() },
                "its status is connection-error (-1): it does not send",
            ),
            finding(
                FindingCode::GroupPending,
                About::Sub { id: WorkspaceId::parse("w-sub").unwrap(), name: "Sub".to_owned() },
                "invited",
            ),
            Finding {
                severity: Severity::Low,
                ..finding(
                    FindingCode::RegisterStale,
                    About::Place(Place { file: "keys.csv".into(), line: 3, column: 1 }),
                    "no such key",
                )
            },
        ],
        not_judged: Vec::new(),
        keys: [(
            key("k-1"),
            KeySaid {
                created_by: CreatedBy::Told("ana@agency.example".to_owned()),
                owner: Some("@ops".to_owned()),
                purpose: Some("sync".to_owned()),
                rotate_by: Some(day("2027-01-31")),
                in_use: Some(true),
            },
        )]
        .into(),
        tags: [(TagId::parse("t-1").unwrap(), "no"), (TagId::parse("t-2").unwrap(), "owner")].into(),
        accounts: [(
            Email::observed("ann@mail.example"),
            OwnerSaid { owner: "ana@agency.example".to_owned(), source: "files" },
        )]
        .into(),
    };
    Context {
        stamp: Stamp::new("acme", "w-acme", AT.parse().unwrap()),
        kinds: ReportKind::ALL.into(),
        period: period(),
        labels: [("tier".to_owned(), "gold".to_owned())].into(),
        domains: ["agency.example".to_owned()].into(),
        accounts: AccountPolicy::default(),
        said,
    }
}

/// Everything of the sample, seen whole.
pub(super) fn inventory() -> Inventory {
    let id = WorkspaceId::parse("w-acme").unwrap();
    let identity = Identity {
        id: id.clone(),
        name: "Acme Corp".to_owned(),
        owner: UserId::parse("u-own").ok(),
        plan_id: None,
        scheduled_for_removal_at: None,
    };
    let mut all = Inventory::of(identity, AT.parse().unwrap(), false);
    people(&mut all);
    things(&mut all);
    campaigns(&mut all);
    accounts(&mut all);
    all.links = Some(Told::whole(vec![Link {
        id: LinkId::parse("l-1").unwrap(),
        admin: id,
        sub: WorkspaceId::parse("w-sub").unwrap(),
        status: LinkStatus::Other("maybe".to_owned()),
        sub_name: Some("=Sub".to_owned()),
        admin_name: None,
        created: "2026-10-01T00:00:00.000Z".to_owned(),
    }]));
    all
}

fn people(all: &mut Inventory) {
    let member = |id: &str, email: &str, user: Option<&str>, accepted: bool, created: &str| {
        json!({
            "id": id, "email": email, "user_id": user, "user_email": null, "role": "editor", "permissions": null,
            "accepted": accepted, "nickname": null, "name": null, "issuer_id": "u-own", "timestamp_created": created,
            "workspace_id": "w-acme",
        })
    };
    let mut owner = member("m-0", "own@client.example", Some("u-own"), true, "2025-01-01T00:00:00.000Z");
    owner["role"] = json!("owner");
    owner["issuer_id"] = Value::Null;
    let mut ana = member("m-1", "ana@agency.example", Some("u-ana"), true, "2026-02-01T00:00:00.000Z");
    ana["name"] = json!("=Ana");
    ana["permissions"] = json!(["unibox.all", "analytics.view"]);
    let mut bob = member("m-2", "bob@other.example", None, false, "2026-11-10T00:00:00.000Z");
    bob["role"] = json!("captain");
    // A page that came twice shows a row twice.
    all.members = told(json!([bob, owner, ana.clone(), ana]));
    all.keys = told(json!([
        { "id": "k-2", "name": "=zap", "scopes": ["api_keys:create"], "created": "", "in_use": null },
        { "id": "k-1", "name": "keyholder", "scopes": ["all:read"], "created": "2026-06-01T00:00:00.000Z", "in_use": null },
    ]));
    all.trail = Some(Told::whole(TrailSeen {
        records: 2,
        since: Some("2026-08-24T00:00:00Z".parse().unwrap()),
        logins: [(UserId::parse("u-ana").unwrap(), "2026-11-20T07:00:00.120Z".to_owned())].into(),
        activity: Some(Activity {
            since: "2026-08-24T00:00:00Z".parse().unwrap(),
            last: [(KeyId::parse("k-1").unwrap(), "2026-11-20T06:58:12.001Z".to_owned())].into(),
            incomplete: None,
        }),
        made: Vec::new(),
    }));
}

fn things(all: &mut Inventory) {
    all.tags = told(json!([
        { "id": "t-2", "label": "owner: ana@agency.example", "description": null },
        { "id": "t-1", "label": "VIP", "description": "-best" },
    ]));
    let carried = |kind, text: &str| (kind, ResourceId::parse(text).unwrap());
    let vip = vec![
        carried(ResourceKind::Campaign, "c-1"),
        carried(ResourceKind::Account, "ANN@mail.example"),
        carried(ResourceKind::Account, "ann@mail.example"),
    ];
    all.carried = Some(Told::whole([(TagId::parse("t-1").unwrap(), vip)].into()));
    let mut billing: Billing = read(json!({ "subscriptions": [
        { "product": "outreach", "plan": "Hypergrowth", "product_id": "pid_hg", "interval": "month", "price_cents": 9700,
          "quantity": 1, "period_end": 1_796_083_200, "cancel_at": null, "limit": 50000, "used": 12044 },
        { "product": "credits", "plan": "Growth", "product_id": "pid_gc", "interval": "month", "price_cents": 4705,
          "quantity": null, "period_end": 1_763_000_000, "cancel_at": null, "limit": 2000, "used": 690 },
        { "product": "crm", "plan": null, "product_id": null, "interval": "month", "price_cents": null, "quantity": null,
          "period_end": 1_796_083_200, "cancel_at": null, "limit": null, "used": null },
    ], "all_cancelled": false }));
    billing.subscriptions[0].cancel_at = Some(1_796_083_200);
    all.billing = Some(Told::whole(billing));
    all.webhooks = told(json!([
        { "id": "h-1", "name": "CRM", "target": "https://hooks.example w:0011aabb", "event": "reply_received", "status": 1,
          "campaign": "c-1", "created": "2026-01-20T00:00:00.000Z" },
        { "id": "h-2", "name": null, "target": "https://old.example w:ccdd0011", "event": null, "status": -1, "failed": "2026-11-21T00:00:00.000Z" },
        { "id": "h-3", "name": "x", "target": "https://x.example w:00000000", "event": null, "status": 9 },
    ]));
    all.lists = told(
        json!([{ "id": "ll-1", "name": "@dentists", "owned_by": "u-ana", "created": "2026-03-01T00:00:00.000Z", "enrichment": false }]),
    );
    all.jobs = told(json!([
        { "id": "673da0f0a1b2c3d4e5f60002", "user_id": "u-ana", "kind": "import-leads", "status": "failed", "created": "2026-11-20T06:00:00.000Z",
          "updated": "2026-11-20T06:00:05.000Z", "progress": 73, "entity_kind": "list", "entity_id": "ll-1" },
        { "id": "673da0f0a1b2c3d4e5f60001", "user_id": null, "kind": "move-leads", "status": "resting", "created": "2026-11-20T06:00:00.000Z" },
        { "id": "573da0f0a1b2c3d4e5f60001", "user_id": null, "kind": "import-leads", "status": "failed", "created": "2025-11-20T06:00:00.000Z" },
    ]));
}

fn campaigns(all: &mut Inventory) {
    all.campaigns = told(json!([
        { "id": "c-2", "name": "North", "status": -2, "owned_by": "u-gone", "created_by": null, "created": "2026-09-01T00:00:00.000Z",
          "daily_limit": 50, "not_sending": 99, "open_tracking": true },
        { "id": "c-1", "name": "=Dentists", "status": 1, "owned_by": "u-ana", "created_by": null },
        { "id": "c-3", "name": "Draft", "status": 42, "owned_by": null, "created_by": null, "open_tracking": false },
    ]));
    let id = |text: &str| crate::domain::CampaignId::parse(text).unwrap();
    let gone = Counts { replied_automatic: None, ..counts(8, 0, 0) };
    all.counts = Some(Told::whole(
        [(id("c-1"), counts(1200, 4, 29)), (id("c-2"), counts(100, 12, 1)), (id("c-9"), gone)].into(),
    ));
    all.prior_counts = Some(Told::whole([(id("c-1"), counts(1000, 5, 30))].into()));
    let of = DayCounts { sent: 120, contacted: 80, opened: 8, replied: 4, opportunities: 1 };
    all.daily = Some(Told::whole([(day("2026-11-19"), of), (day("2026-11-25"), of)].into()));
}

fn accounts(all: &mut Inventory) {
    all.accounts = told(json!([
        { "email": "Bo@mail.example", "added_by": null, "status": -1, "warmup_status": 77, "provider": 2 },
        { "email": "ann@mail.example", "added_by": "u-ana", "status": 1, "warmup_status": 1, "provider": 3, "daily_limit": 30, "warmup_score": 90 },
        { "email": "cy@mail.example", "added_by": null },
    ]));
    let (ann, bo, cy) = ("ann@mail.example", "bo@mail.example", "cy@mail.example");
    let sent = |sent, bounced| Sent { sent, bounced };
    all.sent = Some(SentDaily {
        days: [(Email::observed(ann), [(day("2026-11-19"), sent(30, 1)), (day("2026-11-30"), sent(99, 9))].into())]
            .into(),
        unseen: [Email::observed(bo)].into(),
        incomplete: Some("413".to_owned()),
    });
    let warm = Warm { sent: 10, inbox: 9, spam: 1, received: 11 };
    let warm_days = [(day("2026-11-19"), warm), (day("2026-11-20"), warm)];
    all.warmups = Some(Warmups {
        days: [(Email::observed(ann), warm_days.into())].into(),
        scores: [(Email::observed(ann), 97)].into(),
        unseen: [Email::observed(cy)].into(),
        incomplete: None,
    });
}

/// A record of the trail of a code that is not published.
pub(super) fn line() -> TrailLine<'static> {
    TrailLine {
        id: "r-1".into(),
        at: "2026-11-20T06:58:12.001Z".into(),
        activity: 39,
        user_id: None,
        user_name: Some("=Tomas".into()),
        api_key_id: Some("k-1".into()),
        from_api: Some(true),
        ip_address: Some("198.51.100.7".into()),
        user_agent: None,
        affected: Some(3),
        campaign_id: Some("c-1".into()),
        subsequence_id: None,
        list_id: None,
        webhook_id: None,
        metadata: Some(r#"{"name":"reporting"}"#.into()),
    }
}
