//! `keyholder access`: who has access where, and what changed of it since, by whom.

use std::time::Duration;

use keyholder::sim::put::Records;
use keyholder::sim::{Fault, FaultBody, FaultKind, Hand, Op};

use crate::support::{Outcome, Stage};
use crate::{ONBOARD, THREE, three};

const NIA: &str = "nia@agency.example";
const EVE: &str = "eve@rival.example";

fn fault(operation: Op, kind: FaultKind) -> Fault {
    Fault { kind, workspace: Some("acme".to_owned()), operation: Some(operation), skip: 0, times: Some(1) }
}

fn status(status: u16) -> FaultKind {
    FaultKind::Status { status, body: FaultBody::Json, retry_after: None }
}

/// Rows of changes in short: `workspace who change before>after by`.
fn told(outcome: &Outcome) -> Vec<String> {
    let run = |by: &str| if by.starts_with("2026") { "run".to_owned() } else { by.to_owned() };
    let rows = outcome.rows();
    rows.iter()
        .map(|row| {
            let who = row["email"].split('@').next().unwrap_or_default();
            format!(
                "{} {who} {} {}>{} {}",
                row["workspace"],
                row["change"],
                row["before"],
                row["after"],
                run(&row["by"])
            )
        })
        .collect()
}

fn add(stage: &Stage, workspace: &str, email: &str, role: &'static str) {
    assert!(stage.world.hand(workspace, &Hand::Add { email: email.to_owned(), role: role.into(), accepted: true }));
}

/// A day later: looks are some time apart.
fn day(stage: &Stage) {
    stage.wait(Duration::from_hours(24));
}

#[test]
fn each_membership_is_a_row_with_what_is_known_of_it() {
    let stage = three("");
    add(&stage, "birch", EVE, "view");
    let listed = stage.run("access").exits(0).says("memberships in 3 of 3 workspaces");
    assert!(listed.stdout.starts_with(
        "workspace,workspace_id,observed_at,email,role,accepted,external,permissions,since,last_login,last_login_source\r\n"
    ));
    let eve = listed.rows().into_iter().find(|row| row["email"] == EVE).unwrap();
    assert_eq!((eve["workspace"].as_str(), eve["role"].as_str(), eve["external"].as_str()), ("birch", "view", "yes"));
    assert_eq!((eve["last_login"].as_str(), eve["last_login_source"].as_str()), ("", "none recorded since 2026-08-22"));
    let only = |line: &str| -> Vec<String> {
        stage.run(line).exits(0).rows().iter().map(|row| format!("{} {}", row["workspace"], row["email"])).collect()
    };
    assert_eq!(only("access --external"), [format!("birch {EVE}")]);
    assert_eq!(only("access --person LEAD@* --role admin").len(), 3);
    assert_eq!(only("access --pending"), Vec::<String>::new());
}

#[test]
fn a_login_is_told_where_the_trail_has_it_and_never_said_not_to_have_been() {
    let stage = three("");
    let at = Some("2026-11-10T10:00:00Z".parse().unwrap());
    stage.world.put("acme", Records { at, ..Records::of("sam@agency.example", 1, 1) });
    let row = |outcome: &Outcome| {
        outcome
            .rows()
            .into_iter()
            .find(|row| row["workspace"] == "acme" && row["email"] == "sam@agency.example")
            .unwrap()
    };
    let listed = stage.run("access").exits(0);
    assert_eq!(row(&listed)["last_login_source"], "trail", "{listed}");
    assert!(row(&listed)["last_login"].starts_with("2026-11-"), "{listed}");
    let before = stage.world.request_count();
    let spared = stage.run("access --no-logins").exits(0);
    assert_eq!(stage.world.request_count() - before, 3 * 2, "the identity and one page of members");
    assert_eq!(row(&spared)["last_login_source"], "not asked");
    stage.world.add_fault(Fault { times: None, ..fault(Op::TrailList, status(403)) });
    let refused = stage.run("access").exits(33).says("acme: audit-logs not read whole");
    assert_eq!(row(&refused)["last_login_source"], "trail not readable");
    assert!(!refused.stderr.contains("at least"), "who is there is known all the same\n{refused}");
}

#[test]
fn a_workspace_that_cannot_be_read_is_no_absence_in_the_matrix() {
    let stage = three("");
    stage.world.add_fault(Fault { times: None, ..fault(Op::MemberList, status(403)) });
    let sheet = stage.run("access --matrix").exits(33).says("acme: not read");
    let mut lines = sheet.stdout.lines();
    assert_eq!(lines.next(), Some("email,external,acme,birch,cedar"));
    assert!(lines.all(|line| line.contains(",not seen,")), "{sheet}");
    let drawn = stage.run("access --format table --by workspace").exits(33);
    assert!(drawn.stdout.contains("acme               ?  not read"), "{drawn}");
    let _outcome = stage.run("access -w acme").exits(21);
}

#[test]
fn what_we_did_and_what_was_done_outside_are_told_apart() {
    let stage = three("");
    let _first = stage.run("access").exits(0);
    day(&stage);
    let _onboarded = stage.run(&format!("{ONBOARD} --reason starts")).exits(0);
    day(&stage);
    add(&stage, "birch", EVE, "admin");
    stage.world.hand("acme", &Hand::SetRole { email: NIA.to_owned(), role: "view".into() });
    let since = "access --changes-since 2026-11-20T09:00:00Z";
    let changes = stage.run(since).exits(0).says("4 gained").says("2 outside keyholder");
    assert_eq!(
        told(&changes),
        [
            "acme nia gained >editor run",
            "acme nia changed editor>view outside keyholder",
            "birch nia gained >editor run",
            "birch eve gained >admin outside keyholder",
            "cedar nia gained >editor run",
        ]
    );
    let rows = changes.rows();
    assert_eq!((rows[0]["operator"].as_str(), rows[0]["reason"].as_str()), ("ada", "starts"));
    assert!(rows[3]["not_before"].starts_with("2026-11-21") || rows[3]["not_before"].starts_with("2026-11-20"));
    assert!(rows[3]["not_after"].starts_with("2026-11-22"), "{changes}");
    let _outcome = stage.run(&format!("{since} --detailed-exitcode")).exits(10);
    let _outcome = stage.run(&format!("{since} --detailed-exitcode -w cedar")).exits(0);
    let only = stage.run(&format!("{since} --person eve@* --format ndjson")).exits(0).records();
    assert_eq!(only.last().unwrap()["by"]["outside keyholder"]["count"], 1, "{only:?}");
}

#[test]
fn a_run_can_stand_for_the_moment_and_what_it_did_is_among_the_changes() {
    let stage = three("");
    let _first = stage.run("members").exits(0);
    day(&stage);
    let _onboarded = stage.run(ONBOARD).exits(0);
    let _undone = stage.run("undo last --all --plan-only").exits(0);
    day(&stage);
    let asked = stage.run("access --changes-since last --no-look").exits(33);
    assert_eq!(asked.rows().iter().filter(|row| row["change"] == "not known").count(), 3, "{asked}");
    assert_eq!(asked.rows().iter().filter(|row| row["note"] == "not looked at since").count(), 3, "{asked}");
    let looked = stage.run("access --changes-since last").exits(0);
    assert_eq!(
        told(&looked),
        ["acme nia gained >editor run", "birch nia gained >editor run", "cedar nia gained >editor run"]
    );
    let _outcome = stage.run("access --changes-since nothing").exits(2);
    let _outcome = stage.run("access --changes-since 2027-01-01").exits(2);
}

#[test]
fn a_report_remembers_whom_it_saw_whatever_it_was_asked_for() {
    let stage = three("");
    let _first = stage.run("report members --out one").exits(0);
    day(&stage);
    add(&stage, "birch", EVE, "admin");
    let _second = stage.run("report campaigns --out two").exits(0);
    let since = "access --changes-since 2026-11-20T09:00:00Z --no-look";
    assert_eq!(told(&stage.run(since).exits(0)), ["birch eve gained >admin outside keyholder"]);
}

#[test]
fn a_run_that_was_undone_is_told_both_ways() {
    let stage = three("");
    let _first = stage.run("access").exits(0);
    day(&stage);
    let _onboarded = stage.run("onboard nia@agency.example --role editor -w acme --yes").exits(0);
    let plan = stage.run("undo last --all --plan-only").exits(0).plan_id();
    let _undone = stage.run(&format!("undo last --all --confirm {plan}")).exits(0);
    let both = ["acme nia gained >editor run", "acme nia lost editor> run"];
    assert_eq!(told(&stage.run("access --changes-since 2026-11-20T10:00:00Z -w acme").exits(0)), both);
}

#[test]
fn who_accepts_an_invitation_of_ours_did_that_themselves() {
    let stage = Stage::script(&THREE.replace("at-once", "wait"));
    let _first = stage.run("access").exits(0);
    day(&stage);
    let _onboarded = stage.run("onboard nia@agency.example --role editor -w acme --yes").exits(0);
    day(&stage);
    let _look = stage.run("access").exits(0);
    assert!(stage.world.accept("acme", NIA));
    day(&stage);
    let changes = stage.run("access --changes-since 2026-11-20T10:00:00Z --detailed-exitcode -w acme").exits(0);
    assert_eq!(
        told(&changes),
        ["acme nia gained >editor, invited run", "acme nia changed editor, invited>editor the person"]
    );
}

#[test]
fn a_workspace_that_was_not_looked_at_before_is_not_known_and_never_no_change() {
    let stage = three("");
    let _first = stage.run("access -w acme").exits(0);
    day(&stage);
    let changes = stage.run("access --changes-since 2026-11-20T10:00:00Z").exits(33);
    let changes = changes.says("birch: read only in part: its members were first seen whole at");
    assert_eq!(told(&changes), ["birch  not known > ", "cedar  not known > "]);
}

#[test]
fn a_look_that_was_cut_takes_nobody_away() {
    let mut script = THREE.to_owned();
    let many: Vec<String> = (0..130).map(|number| format!("\"p{number:03}@agency.example\"")).collect();
    script = script.replacen("view = [", &format!("view = [{}, ", many.join(", ")), 1);
    let stage = Stage::script(&script);
    let _first = stage.run("access -w acme --no-logins").exits(0);
    day(&stage);
    stage.world.add_fault(Fault { times: Some(1), skip: 1, ..fault(Op::MemberList, FaultKind::CursorLoop) });
    let cut = stage.run("access -w acme --changes-since 2026-11-20T10:00:00Z").exits(33);
    let told_of =
        |outcome: &Outcome| told(outcome).into_iter().filter(|row| !row.contains("not known")).collect::<Vec<_>>();
    assert_eq!(told_of(&cut), Vec::<String>::new(), "{cut}");
    day(&stage);
    assert_eq!(told(&stage.run("access -w acme --changes-since 2026-11-20T10:00:00Z").exits(0)), Vec::<String>::new());
}

#[test]
fn an_invitation_whose_outcome_nobody_knows_is_by_nobody_known() {
    let stage = three("[[fault]]\nkind = \"hang\"\nworkspace = \"acme\"\noperation = \"member.create\"\n");
    let _first = stage.run("access").exits(0);
    day(&stage);
    stage.world.add_fault(Fault { times: None, ..fault(Op::MemberList, status(500)) });
    let _onboarded = stage.run("onboard nia@agency.example --role editor --all --yes");
    stage.forgive_unfired_faults();
    let changes = stage.run("access --changes-since 2026-11-20T10:00:00Z --no-look");
    assert!(changes.rows().iter().all(|row| row["by"] != "outside keyholder"), "{changes}");
}

#[test]
fn a_ledger_that_cannot_be_written_is_said_and_the_listing_goes_on() {
    let stage = three("");
    std::fs::create_dir_all(stage.root.join(".keyholder")).unwrap();
    std::fs::write(stage.root.join(".keyholder/ledger.db"), "this is no ledger").unwrap();
    for line in ["access", "members"] {
        let listed = stage.run(line).exits(0).says("who was seen is not remembered");
        assert!(listed.rows().len() > 5);
    }
    let _outcome = stage.run("access --changes-since 2026-11-20").exits(74);
}

#[test]
fn what_is_kept_of_people_is_nothing_secret_and_one_commit() {
    let stage = three("");
    let _listed = stage.run("members").exits(0);
    let id = keyholder::domain::WorkspaceId::parse(&stage.world.workspace_id("acme").unwrap()).unwrap();
    let history = stage.ledger(async |ledger| ledger.history(&id, "member").await.unwrap());
    let people = stage.world.members("acme").len();
    assert_eq!((history.looks.len(), history.spans.len()), (1, people));
    let mut names: Vec<&String> = history.spans[0].attributes.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["accepted", "email", "permissions", "role", "user_id"]);
    // The same again costs no row.
    day(&stage);
    let _listed = stage.run("access --role owner").exits(0);
    let later = stage.ledger(async |ledger| ledger.history(&id, "member").await.unwrap());
    assert_eq!((later.looks.len(), later.spans.len()), (2, people));
}

/// Puts down a complete look at a workspace now, of rows as given.
fn looked(stage: &Stage, workspace: &str, rows: Vec<(String, serde_json::Value)>) {
    let workspace_id = keyholder::domain::WorkspaceId::parse(&stage.world.workspace_id(workspace).unwrap()).unwrap();
    stage.ledger(async |ledger| {
        let at = stage.clock().now();
        let listing = keyholder::journal::Listing {
            workspace_id,
            kind: "member".to_owned(),
            began: at,
            at,
            rows: rows.into_iter().map(|(id, seen)| (id, (&seen).into())).collect(),
            complete: true,
        };
        ledger.record_listings(vec![listing]).await.unwrap();
    });
}

#[test]
fn a_look_that_another_version_wrote_and_this_one_cannot_read_makes_nobody_lost() {
    let stage = three("");
    let _first = stage.run("access").exits(0);
    day(&stage);
    let id = keyholder::domain::WorkspaceId::parse(&stage.world.workspace_id("acme").unwrap()).unwrap();
    let seen = stage.ledger(async |ledger| ledger.history(&id, "member").await.unwrap().spans);
    let sam = "sam@agency.example";
    let unread = |attributes: &serde_json::Value| {
        let mut attributes = attributes.clone();
        if attributes["email"] == sam {
            attributes["role"] = serde_json::json!({ "of": "tomorrow" });
        }
        attributes
    };
    looked(&stage, "acme", seen.iter().map(|one| (one.id.clone(), unread(&one.attributes))).collect());
    day(&stage);
    let told_of = |line: &str, exit: u8| {
        told(&stage.run(&format!("access --changes-since 2026-11-20T09:00:00Z {line}")).exits(exit))
    };
    assert_eq!(told_of("", 33), ["acme sam not known > "]);
    assert_eq!(told_of("--person lead@*", 0), [""; 0], "of others all is known");
}

#[test]
fn a_step_that_another_version_wrote_and_this_one_cannot_read_is_not_said_to_be_done_outside() {
    let stage = three("");
    let _first = stage.run("access").exits(0);
    day(&stage);
    let _onboarded = stage.run(ONBOARD).exits(0);
    stage.sql(
        r#"DROP TRIGGER entries_are_not_updated;
           UPDATE entries SET bytes = CAST(replace(CAST(bytes AS TEXT), '"member.invite"', '"member.dream_of"') AS BLOB)
           WHERE (run, seq) IN (SELECT run, planned_seq FROM steps WHERE workspace = 'acme')"#,
    );
    day(&stage);
    let told_of = |line: &str, exit: u8| {
        told(&stage.run(&format!("access --changes-since 2026-11-20T09:00:00Z {line}")).exits(exit))
    };
    assert_eq!(
        told_of("", 33),
        ["acme nia not known > ", "birch nia gained >editor run", "cedar nia gained >editor run"]
    );
    assert_eq!(told_of("--person lead@*", 0), [""; 0], "of others all is known");
}

#[test]
fn at_eighty_columns_no_line_of_changes_is_wider_and_what_does_not_go_with_them_is_refused() {
    let stage = three("");
    let _first = stage.run("access").exits(0);
    day(&stage);
    let _onboarded = stage.run(&format!("{ONBOARD} --reason starts")).exits(0);
    add(&stage, "birch", EVE, "admin");
    day(&stage);
    let drawn = stage.run("access --changes-since 2026-11-20T09:00:00Z --format table").exits(0);
    assert!(drawn.stdout.starts_with("WORKSPACE  PERSON"), "{drawn}");
    assert!(drawn.stdout.lines().all(|line| line.chars().count() <= 100), "{drawn}");
    assert!(drawn.stdout.contains("changed") || drawn.stdout.contains("gained: admin"), "{drawn}");
    for refused in ["--no-logins", "--role admin", "--by person", "--logins-since 3d"] {
        let _outcome = stage.run(&format!("access --changes-since 2026-11-20 {refused}")).exits(2);
    }
}
