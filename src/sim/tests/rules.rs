//! Who may do what, and what it answers: scopes, headers, limits, invitations, validation, scripts, determinism.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};

use super::{ACME, Desk};
use crate::api::transport::Method;
use crate::sim::{Invitations, LocalSettings, Op, Pays, RepeatInvite, World};

const GROUP: &str = r#"
[[workspace]]
name = "agency"
owner = "founder@agency.example"
[[workspace]]
name = "globex"
keys = []
owner = "founder@agency.example"
[[workspace]]
name = "asked"
[[workspace]]
name = "declined"
[[workspace]]
name = "stranger"
[[workspace]]
name = "lapsed"
plan = "lapsed"
[[group]]
admin = "agency"
accepted = ["globex", "lapsed"]
pending = ["asked"]
rejected = ["declined"]
"#;

fn message(body: &Value) -> &str {
    body["message"].as_str().unwrap_or("")
}

#[tokio::test(start_paused = true)]
async fn a_key_does_what_its_scopes_say_and_is_refused_the_rest() {
    let scopes = ["workspaces:read", "workspace_members:read", "workspace_members:all", "all:delete", "all:all"];
    let mut script = String::new();
    for (number, scope) in scopes.iter().enumerate() {
        write!(
            script,
            "[[workspace]]\nname = \"w{number}\"\nkeys = [{{ scopes = [\"{scope}\"] }}]\nowner = \"o@a.example\"\nview = [\"v@a.example\"]\n"
        )
        .unwrap();
    }
    let desk = Desk::script(&script);
    for (number, scope) in scopes.iter().enumerate() {
        let name = format!("w{number}");
        let id = desk.id(&name, "v@a.example");
        let row = format!("workspace-members/{id}");
        let invitation = r#"{"email":"n@a.example","role":"view"}"#;
        let calls = [
            (Op::WorkspaceCurrent, Method::Get, "workspaces/current", None),
            (Op::MemberList, Method::Get, "workspace-members", None),
            (Op::MemberGet, Method::Get, &row, None),
            (Op::MemberCreate, Method::Post, "workspace-members", Some(invitation)),
            (Op::MemberPatch, Method::Patch, &row, Some(r#"{"role":"editor"}"#)),
            (Op::GroupList, Method::Get, "workspace-group-members", None),
            (Op::GroupAdmin, Method::Get, "workspace-group-members/admin", None),
            (Op::MemberDelete, Method::Delete, &row, None),
        ];
        for (op, method, path, body) in calls {
            let answer = desk.send(&name, method, path, body).await.unwrap();
            let wanted = if op.allowed_by(&[scope]) { 200 } else { 403 };
            assert_eq!(answer.status, wanted, "{op} with {scope}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn only_accepted_sub_workspaces_of_the_keys_own_group_can_be_acted_as() {
    let desk = Desk::script(GROUP);
    let id = |name: &str| desk.world.workspace_id(name).unwrap();
    let (status, body) = desk.send_via("agency", &id("globex"), Method::Get, "workspaces/current").await;
    assert_eq!((status, body["id"].as_str()), (200, Some(&*id("globex"))));
    for name in ["asked", "declined", "stranger", "agency"] {
        let answer = desk.send_via("agency", &id(name), Method::Get, "workspaces/current").await;
        assert_eq!(answer, (403, json!({ "message": "Forbidden" })), "{name}");
    }
    assert_eq!(desk.send_via("agency", "no-such-id", Method::Get, "workspaces/current").await.0, 403);
    assert_eq!(desk.send_via("stranger", &id("globex"), Method::Get, "workspaces/current").await.0, 403);
    assert_eq!(desk.send_via("agency", &id("lapsed"), Method::Get, "workspaces/current").await.0, 402);
    desk.world.revoke_keys("agency");
    assert_eq!(desk.send_via("agency", &id("globex"), Method::Get, "workspaces/current").await.0, 401);
}

#[tokio::test(start_paused = true)]
async fn who_pays_for_acting_as_another_is_a_setting() {
    for (pays, sub, admin) in [(Pays::Sub, 5, 0), (Pays::Admin, 0, 5), (Pays::Both, 5, 5)] {
        let desk = Desk::script(GROUP);
        desk.world.configure(|settings| {
            settings.pays = pays;
            settings.rates.per_second = 3;
        });
        let globex = desk.world.workspace_id("globex").unwrap();
        let mut statuses = Vec::new();
        for _ in 0..5 {
            statuses.push(desk.send_via("agency", &globex, Method::Get, "workspaces/current").await.0);
        }
        assert_eq!(statuses, [200, 200, 200, 429, 429], "{pays:?}");
        assert_eq!(
            (desk.world.busiest_second("globex"), desk.world.busiest_second("agency")),
            (sub, admin),
            "{pays:?}"
        );
        let own = desk.get("agency", "workspaces/current").await.0;
        assert_eq!(own, if pays == Pays::Sub { 200 } else { 429 }, "{pays:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_limit_is_per_workspace_and_comes_back_after_a_second() {
    let desk = Desk::script(&format!("{ACME}\n[[workspace]]\nname = \"other\"\n"));
    for _ in 0..100 {
        assert_eq!(desk.get("acme", "workspaces/current").await.0, 200);
    }
    assert_eq!(desk.get("acme", "workspaces/current").await.0, 429);
    assert_eq!(desk.get("other", "workspaces/current").await.0, 200, "another workspace has its own");
    desk.clock.sleep(Duration::from_secs(1)).await;
    assert_eq!(desk.get("acme", "workspaces/current").await.0, 200);
    assert_eq!((desk.world.throttled(), desk.world.busiest_second("acme")), (1, 101));
}

#[tokio::test(start_paused = true)]
async fn the_minute_has_its_own_limit() {
    let desk = Desk::script(ACME);
    desk.world.configure(|settings| settings.rates.per_minute = 150);
    for _ in 0..150 {
        assert_eq!(desk.get("acme", "workspaces/current").await.0, 200);
        desk.clock.sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(desk.get("acme", "workspaces/current").await.0, 429);
    desk.clock.sleep(Duration::from_secs(45)).await;
    assert_eq!(desk.get("acme", "workspaces/current").await.0, 200);
}

#[tokio::test(start_paused = true)]
async fn keys_that_open_nothing_cost_nobody_their_limit() {
    let desk = Desk::script(ACME);
    desk.world.revoke_keys("acme");
    for _ in 0..150 {
        assert_eq!(desk.get("acme", "workspaces/current").await.0, 401);
    }
    assert_eq!(desk.world.throttled(), 0);
}

#[tokio::test(start_paused = true)]
async fn lists_page_by_ten_and_above_a_hundred_answer_nothing() {
    let desk = Desk::at(World::generated(1, 25, 3));
    let (_, page) = desk.get("client-0001", "workspace-members").await;
    assert_eq!(page["items"].as_array().unwrap().len(), 10);
    assert_eq!(desk.get("client-0001", "workspace-members?limit=101").await, (200, json!({ "items": [] })));
    assert_eq!(desk.get("client-0001", "workspace-members?limit=100").await.1["items"].as_array().unwrap().len(), 25);
    for wrong in ["limit=0", "limit=-1", "limit=x", "accepted=maybe", "starting_after=x"] {
        let (status, body) = desk.get("client-0001", &format!("workspace-members?{wrong}")).await;
        assert_eq!((status, body["code"].as_str()), (400, Some("FST_ERR_VALIDATION")), "{wrong}");
    }
    let mut seen = BTreeSet::new();
    let mut path = "workspace-members?limit=7".to_owned();
    loop {
        let (_, page) = desk.get("client-0001", &path).await;
        for row in page["items"].as_array().unwrap() {
            assert!(seen.insert(row["id"].as_str().unwrap().to_owned()), "no row twice");
        }
        let Some(cursor) = page["next_starting_after"].as_str() else { break };
        path = format!("workspace-members?limit=7&starting_after={cursor}");
    }
    assert_eq!(seen.len(), 25);
}

#[tokio::test(start_paused = true)]
async fn filters_narrow_a_list() {
    let desk =
        Desk::script(&format!("{ACME}invited = [{{ email = \"late+comer@agency.example\", role = \"view\" }}]\n"));
    let count = async |query: &str| {
        let (status, page) = desk.get("acme", &format!("workspace-members?limit=100&{query}")).await;
        assert_eq!(status, 200);
        page["items"].as_array().unwrap().len()
    };
    assert_eq!(count("accepted=true").await, 3);
    assert_eq!(count("accepted=false").await, 1);
    assert_eq!(count("search=SDR%40agency").await, 1);
    assert_eq!(count("search=late%2Bcomer").await, 1);
    assert_eq!(count("search=agency.example&accepted=true").await, 3);
    assert_eq!(count("search=nobody").await, 0);
}

#[tokio::test(start_paused = true)]
async fn unknown_members_are_dropped_and_a_patch_changes_role_and_nickname_alone() {
    let desk = Desk::script(ACME);
    let before = desk.world.members("acme");
    let id = desk.id("acme", "sdr@agency.example");
    let (status, body) = desk.patch("acme", &id, r#"{"permissions":["unibox.all"],"email":"x@y.example"}"#).await;
    assert_eq!((status, &body["role"]), (200, &json!("editor")));
    assert_eq!(desk.world.members("acme"), before, "200 and nothing changed");
    assert_eq!(desk.world.writes("acme"), 0);
    let (_, body) = desk.patch("acme", &id, r#"{"role":"admin","nickname":7}"#).await;
    assert_eq!((&body["role"], &body["nickname"]), (&json!("admin"), &json!("7")), "plain values are coerced");
    assert_eq!(desk.world.writes("acme"), 1);
    let (_, body) = desk.post("acme", r#"{"email":"n@a.example","role":"view","colour":"red"}"#).await;
    assert!(body.get("colour").is_none() && body["id"].is_string());
}

#[tokio::test(start_paused = true)]
async fn what_is_not_valid_is_refused_with_400() {
    let desk = Desk::script(ACME);
    let long = "x".repeat(81);
    let bodies = [
        ("{}".to_owned(), "required property 'email'"),
        (r#"{"email":"a@b.example"}"#.to_owned(), "required property 'role'"),
        (r#"{"email":"nobody","role":"view"}"#.to_owned(), "body/email"),
        (r#"{"email":"a@b.example","role":"owner"}"#.to_owned(), "body/role"),
        (r#"{"email":"a@b.example","role":"client"}"#.to_owned(), "body/role"),
        (r#"{"email":"a@b.example","role":"manager"}"#.to_owned(), "body/role"),
        (r#"{"email":"a@b.example","role":"view","permissions":["fly"]}"#.to_owned(), "body/permissions/0"),
        (format!(r#"{{"email":"a@b.example","role":"view","nickname":"{long}"}}"#), "body/nickname"),
        ("[]".to_owned(), "body must be object"),
        ("{".to_owned(), "not valid JSON"),
        (String::new(), "cannot be empty"),
    ];
    for (sent, wanted) in bodies {
        let (status, body) = desk.post("acme", &sent).await;
        assert_eq!(status, 400, "{sent}");
        assert!(message(&body).contains(wanted), "{sent}: {body}");
    }
    let id = desk.id("acme", "sdr@agency.example");
    assert_eq!(desk.patch("acme", &id, "{}").await.0, 400);
    assert_eq!(desk.patch("acme", &id, r#"{"role":"client"}"#).await.0, 400);
    assert_eq!(desk.patch("acme", "not-an-id", r#"{"role":"view"}"#).await.0, 404);
    assert_eq!(desk.world.writes("acme"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_row_of_another_workspace_is_not_found() {
    let desk = Desk::script(&format!("{ACME}\n[[workspace]]\nname = \"other\"\n"));
    let id = desk.id("acme", "sdr@agency.example");
    assert_eq!(desk.get("other", &format!("workspace-members/{id}")).await.0, 404);
    assert_eq!(desk.delete("other", &id).await.0, 404);
    assert_eq!(desk.emails("acme").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_owner_stays_and_the_last_admin_goes_unless_the_setting_keeps_it() {
    let desk = Desk::script(ACME);
    let (owner, admin) = (desk.id("acme", "founder@agency.example"), desk.id("acme", "ops@agency.example"));
    assert_eq!(desk.delete("acme", &owner).await.0, 400);
    assert_eq!(desk.patch("acme", &owner, r#"{"role":"admin"}"#).await.0, 400);
    desk.world.configure(|settings| settings.keep_last_admin = true);
    assert_eq!(desk.delete("acme", &admin).await.0, 400);
    desk.world.configure(|settings| settings.keep_last_admin = false);
    assert_eq!(desk.delete("acme", &admin).await.0, 200);
    assert_eq!(desk.emails("acme"), ["founder@agency.example", "sdr@agency.example"]);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_invitation_answers_what_the_setting_says() {
    let answers = [
        (RepeatInvite::Invalid, 400, 3),
        (RepeatInvite::Conflict, 409, 3),
        (RepeatInvite::Echo, 200, 3),
        (RepeatInvite::Duplicate, 200, 4),
    ];
    for (setting, wanted, rows) in answers {
        let desk = Desk::script(ACME);
        desk.world.configure(|settings| settings.repeat_invite = setting);
        let (status, body) = desk.post("acme", r#"{"email":"SDR@agency.example","role":"admin"}"#).await;
        assert_eq!((status, desk.emails("acme").len()), (wanted, rows), "{setting:?}");
        if setting == RepeatInvite::Echo {
            assert_eq!(body["role"], "editor", "the row that is there, unchanged");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn invitations_wait_or_are_accepted_at_once_or_never() {
    for (setting, at_once, later) in
        [(Invitations::Wait, false, true), (Invitations::AtOnce, true, true), (Invitations::Never, false, false)]
    {
        let desk = Desk::script(ACME);
        desk.world.configure(|settings| settings.invitations = setting);
        let (_, body) = desk.post("acme", r#"{"email":"new@agency.example","role":"view"}"#).await;
        assert_eq!(body["accepted"], at_once, "{setting:?}");
        desk.world.accept("acme", "New@agency.example");
        let row = desk.world.members("acme").into_iter().find(|row| row.email == "new@agency.example").unwrap();
        assert_eq!((row.accepted, row.user_email.is_some()), (later, later), "{setting:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_invitation_can_be_acknowledged_without_its_permissions() {
    let desk = Desk::script(ACME);
    let sent = |email: &str| format!(r#"{{"email":"{email}","role":"view","permissions":["unibox.all"]}}"#);
    assert_eq!(desk.post("acme", &sent("a@b.example")).await.1["permissions"], json!(["unibox.all"]));
    desk.world.configure(|settings| settings.drop_permissions = true);
    assert_eq!(desk.post("acme", &sent("c@b.example")).await.1["permissions"], Value::Null);
}

/// Talks to a generated world over a jittery road and returns everything that was seen and said.
async fn trace(seed: u64) -> String {
    let settings = LocalSettings {
        latency: Duration::from_millis(40),
        jitter: Duration::from_millis(30),
        seed,
        ..LocalSettings::default()
    };
    let desk = Desk::with(World::generated(3, 9, seed), settings);
    let mut said = String::new();
    for name in desk.world.names() {
        let (_, page) = desk.get(&name, "workspace-members?limit=5").await;
        let (_, made) = desk.post(&name, r#"{"email":"new@agency.example","role":"view"}"#).await;
        writeln!(said, "{page}\n{made}").unwrap();
    }
    format!("{said}{:?}{:?}", desk.world.requests(), desk.clock.elapsed())
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_trace_and_another_seed_another() {
    let (first, second, other) = (trace(5).await, trace(5).await, trace(6).await);
    assert_eq!(first, second);
    assert_ne!(first, other);
}

#[test]
fn a_generated_world_is_what_was_asked_and_a_larger_one_renames_nothing() {
    let (small, large) = (World::generated(20, 9, 1), World::generated(40, 9, 1));
    assert_eq!(large.names().len(), 40);
    assert_eq!(large.keys().iter().collect::<BTreeSet<_>>().len(), 40);
    for name in small.names() {
        assert_eq!((small.key_of(&name), small.workspace_id(&name)), (large.key_of(&name), large.workspace_id(&name)));
        assert_eq!(small.members(&name), large.members(&name));
        assert_eq!(small.members(&name).len(), 9);
        assert_eq!(small.members(&name).iter().filter(|row| row.role == "owner").count(), 1);
    }
    assert_eq!(World::generated(1, 0, 1).members("client-0001").len(), 1, "nobody is without an owner");
}

#[test]
fn nothing_that_is_printed_shows_a_key() {
    let world = World::northwind(9);
    let local = crate::sim::Local::new(
        world.clone(),
        crate::clock::Clock::starting_at("2026-11-20T08:00:00Z".parse().unwrap()),
        LocalSettings::default(),
    );
    let text = format!("{world:?}{local:?}{:?}{:?}", world.faults(), world.requests());
    assert!(world.keys().len() > 20 && world.keys().iter().all(|key| !text.contains(key)));
}

#[tokio::test(start_paused = true)]
async fn the_log_keeps_the_last_ones_and_the_counts_go_on() {
    let desk = Desk::script(ACME);
    desk.world.record(2);
    for path in ["workspaces/current", "workspace-members", "workspace-group-members"] {
        desk.get("acme", path).await;
    }
    let kept: Vec<_> = desk.world.requests().iter().map(|seen| seen.operation).collect();
    assert_eq!(kept, [Some(Op::MemberList), Some(Op::GroupList)]);
    desk.world.record(0);
    desk.get("acme", "workspaces/current").await;
    assert_eq!((desk.world.requests().len(), desk.world.request_count()), (0, 4));
}

#[test]
fn a_script_that_is_wrong_says_where() {
    let table = [
        ("", "line 1: `version = 1`"),
        ("version = 2", "line 1: `version = 1`"),
        ("version = 1\ncolour = 3", "line 2: `colour` is not known here"),
        (
            "version = 1\n[[workspace]]\nname = \"a\"\nadmins = []",
            "line 4: `admins` is not known here; did you mean `admin`?",
        ),
        ("version = 1\n[[workspace]]\ntitle = \"a\"", "line 2: `name` is missing"),
        ("version = 1\n[[workspace]]\nname = \"a\"\n[[workspace]]\nname = \"a\"", "line 5: another workspace"),
        ("version = 1\n[settings]\npays = \"all\"", "line 3: `pays` must be one of `sub`, `admin`, `both`"),
        ("version = 1\n[settings]\nper_second = -1", "line 3: `per_second` is out of range"),
        ("version = 1\n[[fault]]\nkind = \"statuz\"", "line 3: `statuz` is no kind of fault; did you mean `status`?"),
        ("version = 1\n[[fault]]\nkind = \"hang\"\nworkspace = \"a\"", "line 4: there is no workspace `a`"),
        ("version = 1\n[[fault]]\nkind = \"hang\"\nstatus = 4", "line 4: `status` is not known here"),
        ("version = 1\n[[fault]]\nkind = \"late\"\nafter = \"soon\"", "line 4: `after` must be a span of time"),
        ("version = 1\n[[fault]]\nkind = \"hang\"\ntimes = \"often\"", "line 4: `times` must be"),
        (
            "version = 1\n[[workspace]]\nname = \"a\"\nmember = [{ email = \"a@b.example\", role = \"view\", permissions = [\"unibox\"] }]",
            "line 4: `unibox` is not a known permission",
        ),
        ("version = 1\nname = ", "line 2: not TOML"),
    ];
    for (script, wanted) in table {
        let err = World::from_script(script, 1).unwrap_err().to_string();
        assert!(err.starts_with(wanted), "{script}\n  {err}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_sample_fleet_is_what_the_demonstration_tells() {
    let desk = Desk::at(World::northwind(1));
    assert_eq!(desk.world.names().len(), 24);
    let status = async |name: &str| desk.get(name, "workspaces/current").await.0;
    assert_eq!(status("amberfield").await, 200);
    assert_eq!(status("harrow-lane").await, 401);
    assert_eq!(status("old-mill").await, 402);
    let limited = desk.send("quickstep", Method::Get, "workspaces/current", None).await.unwrap();
    assert_eq!((limited.status, limited.retry_after.as_deref()), (429, Some("1")));
    for sub in ["larkspur", "tidewater"] {
        assert_eq!(desk.world.key_of(sub), None);
        let id = desk.world.workspace_id(sub).unwrap();
        assert_eq!(desk.send_via("agency", &id, Method::Get, "workspaces/current").await.0, 200);
    }
    let leaver = "marta.leaver@northwind.example";
    let rows: Vec<_> = desk.world.names().iter().flat_map(|name| desk.world.members(name)).collect();
    let hers = |row: &&crate::sim::SimMember| row.email == leaver || row.user_email.as_deref() == Some(leaver);
    let hers: Vec<_> = rows.iter().filter(hers).collect();
    assert_eq!(hers.len(), 16);
    assert_eq!(hers.iter().filter(|row| !row.accepted).count(), 1);
    assert_eq!(hers.iter().map(|row| row.role.as_str()).collect::<BTreeSet<_>>().len(), 3);
    assert_eq!(hers.iter().filter(|row| row.email != leaver).count(), 1, "one was invited under another address");
}
