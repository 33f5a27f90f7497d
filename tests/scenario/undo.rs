//! Undoing a run: the former world comes back, another hand's work is left alone, and what cannot be undone is told.

use keyholder::sim::Hand;

use crate::support::{Outcome, Stage};
use crate::{ONBOARD, THREE, three};

const OFFBOARD: &str = "offboard sam@agency.example --all";

/// One workspace with an open invitation and people of several roles.
const ACME: &str = r#"
[[workspace]]
name = "acme"
owner = "founder@agency.example"
admin = ["ops@agency.example", "lead@agency.example"]
view = ["priya@agency.example"]
client = ["boss@client.example"]
member = [{ email = "mia@agency.example", role = "editor", permissions = ["unibox.all"], nickname = "Mia" }]
invited = [{ email = "old@agency.example", role = "view", created = "2026-10-01T00:00:00Z" }]
"#;

/// Draws a command's plan and applies it by its id.
#[track_caller]
fn confirmed(stage: &Stage, line: &str) -> Outcome {
    let id = stage.run(&format!("{line} --plan-only")).plan_id();
    stage.run(&format!("{line} --confirm {id}"))
}

/// Returns the id of the newest run.
fn last(stage: &Stage) -> String {
    stage.ledger(async |ledger| ledger.run("last").await.unwrap().id.to_string())
}

/// Returns what access everybody has, without ids and moments.
fn access(stage: &Stage, workspace: &str) -> Vec<String> {
    let rows = stage.world.members(workspace).into_iter();
    let told = rows.map(|row| format!("{} {} {:?} {:?}", row.email, row.role, row.permissions, row.nickname));
    let mut access: Vec<String> = told.collect();
    access.sort();
    access
}

#[test]
fn an_onboarding_is_undone_by_removing_who_was_invited_and_an_undoing_by_inviting_again() {
    let stage = three("");
    let before = stage.world.members("acme");
    let _onboarded = stage.run(ONBOARD).exits(0);
    let onboarding = last(&stage);
    let refused = stage.run("undo --yes").exits(32).says("the plan has 3 removals");
    assert!(refused.stderr.contains(&format!("undoing run {onboarding}: onboard, by ada")), "{refused}");
    let undone = confirmed(&stage, "undo last").exits(0);
    assert_eq!(undone.outcomes(), ["acme done", "birch done", "cedar done"]);
    assert_eq!(stage.world.members("acme"), before);
    let _shown = stage.run("show last").exits(0).says(": undo, finished").says(&format!("undoes {onboarding}"));

    // The same run once more: everybody is gone already, and nothing is sent.
    let sent = stage.write_requests();
    let again = stage.run(&format!("undo {onboarding} --yes")).exits(0);
    assert_eq!(again.outcomes(), ["acme already", "birch already", "cedar already"]);
    assert_eq!(stage.write_requests(), sent);

    // The undoing is a run like any other.
    let undoing = stage.ledger(async |ledger| ledger.runs(2).await.unwrap()[1].id.to_string());
    let redone = stage.run(&format!("undo {undoing} --yes")).exits(0).says("has to accept anew");
    assert_eq!(redone.rows().len(), 3);
    assert_eq!(stage.role_of("cedar", "nia@agency.example").as_deref(), Some("editor"));
}

#[test]
fn a_leaver_comes_back_with_the_former_access_and_has_to_accept_anew() {
    let stage = Stage::script(ACME);
    let before = access(&stage, "acme");
    let _gone = confirmed(&stage, "offboard mia@agency.example old@agency.example --all").exits(0);
    assert_eq!(stage.world.members("acme").len(), before.len() - 2);
    let undone = stage.run("undo --yes").exits(0).says("mia@agency.example: is invited again and has to accept anew");
    assert_eq!(undone.outcomes(), ["acme waiting", "acme waiting"]);
    assert_eq!(access(&stage, "acme"), before);
    let back = stage.world.members("acme").into_iter().find(|row| row.email == "mia@agency.example").unwrap();
    assert!(!back.accepted, "nobody can accept for her");
}

#[test]
fn a_role_is_given_back_and_lowering_an_admin_again_is_a_removal() {
    let stage = three("");
    let before = stage.world.members("birch");
    let _raised = stage.run("onboard sam@agency.example --role admin --all --yes").exits(0);
    let refused = stage.run("undo --yes").exits(32).says("3 removals").says("lowering an admin counts: 3");
    assert!(refused.stdout.is_empty());
    let _undone = confirmed(&stage, "undo").exits(0);
    assert_eq!(stage.world.members("birch"), before);
}

#[test]
fn what_another_hand_changed_since_is_left_alone() {
    let stage = three("");
    let _raised = stage.run("onboard sam@agency.example nia@agency.example --role admin --all --yes").exits(0);
    let other = |name: &str, email: &str, role: &'static str| {
        assert!(stage.world.hand(name, &Hand::SetRole { email: email.into(), role: role.into() }));
    };
    other("acme", "sam@agency.example", "view");
    other("birch", "sam@agency.example", "editor");
    other("acme", "nia@agency.example", "view");
    stage.world.hand("birch", &Hand::Remove { email: "nia@agency.example".into() });
    stage.world.hand("cedar", &Hand::Remove { email: "nia@agency.example".into() });
    let (email, role) = ("nia@agency.example".to_owned(), "admin".into());
    stage.world.hand("cedar", &Hand::Add { email, role, accepted: true });
    let writes = stage.writes();

    let plan = stage.run("undo --plan-only").exits(30);
    let wanted = [
        "acme member.set_role held stale",
        "acme member.remove held stale",
        "birch member.set_role already",
        "birch member.remove already",
        "cedar member.set_role send",
        "cedar member.remove held stale",
    ];
    assert_eq!(plan.planned(), wanted, "{plan}");
    let rows = plan.rows();
    assert!(rows[0]["reason"].contains("the role is view now, the run gave admin"), "{plan}");
    assert!(rows[5]["reason"].contains("is not the one the run made"), "{plan}");
    assert!(plan.stderr.contains("`keyholder offboard nia@agency.example -w acme`"), "{plan}");
    let undone = confirmed(&stage, "undo").exits(31);
    assert_eq!((undone.rows().len(), stage.writes()), (6, writes + 1));
    assert_eq!(stage.role_of("cedar", "sam@agency.example").as_deref(), Some("editor"));
}

#[test]
fn who_accepted_meanwhile_loses_a_membership_and_the_plan_says_so() {
    let stage = Stage::script(&THREE.replace("at-once", "wait"));
    let _onboarded = stage.run(ONBOARD).exits(0);
    assert!(stage.world.accept("birch", "nia@agency.example"));
    let plan = stage.run("undo --plan-only").exits(0);
    let rests: Vec<String> = plan.rows().iter().map(|row| row["rests_on"].clone()).collect();
    assert_eq!(rests, ["editor, invited", "editor", "editor, invited"]);
    let plan = plan.says("birch: nia@agency.example: accepted the invitation meanwhile");
    assert_eq!(plan.stderr.matches("accepted the invitation").count(), 1);
    let _undone = stage.run(&format!("undo --confirm {}", plan.plan_id())).exits(0);
    assert_eq!(stage.rows_of("birch", "nia@agency.example"), 0);
}

#[test]
fn someone_who_is_back_with_another_access_is_held_and_with_the_same_is_already_there() {
    let stage = three("");
    let _gone = confirmed(&stage, OFFBOARD).exits(0);
    for (name, role) in [("acme", "admin"), ("birch", "editor")] {
        let email = "sam@agency.example".to_owned();
        assert!(stage.world.hand(name, &Hand::Add { email, role: role.into(), accepted: true }));
    }
    let undone = stage.run("undo --yes").exits(31);
    assert_eq!(undone.outcomes(), ["acme held stale", "birch already", "cedar done"]);
    assert_eq!(stage.rows_of("acme", "sam@agency.example"), 1);
}

#[test]
fn a_role_that_cannot_be_granted_cannot_be_given_back_and_that_stands_in_the_plan() {
    let stage = Stage::script(ACME);
    let _gone = confirmed(&stage, "offboard boss@client.example mia@agency.example --all").exits(0);
    let plan = stage.run("undo --plan-only").exits(30).says("bring boss@client.example back as `client` in the app");
    assert_eq!(plan.planned(), ["acme member.invite send", "acme member.invite held not_undoable"]);
    let undone = stage.run(&format!("undo --confirm {}", plan.plan_id())).exits(30);
    assert_eq!(undone.outcomes(), ["acme waiting", "acme held not_undoable"]);
}

#[test]
fn a_reinvitation_nets_to_nothing_and_half_of_one_is_completed() {
    let stage = Stage::script(ACME);
    let _again = confirmed(&stage, "members reinvite --all").exits(0);
    let rows = stage.world.members("acme");
    let undone = stage.run("undo --yes").exits(0).says("a fresh invitation is no other state");
    assert!(undone.rows().is_empty(), "{undone}");
    assert_eq!(stage.world.members("acme"), rows);

    // Another one, of which the second half is refused.
    let half = Stage::script(&format!(
        "{ACME}[[fault]]\nkind = \"status\"\nstatus = 400\noperation = \"member.create\"\ntimes = 1\n"
    ));
    let before = access(&half, "acme");
    let _half = confirmed(&half, "members reinvite --all").exits(21);
    assert_eq!(half.rows_of("acme", "old@agency.example"), 0);
    let undone = half.run("undo --yes").exits(0);
    assert_eq!(undone.outcomes(), ["acme waiting"]);
    assert_eq!(access(&half, "acme"), before);
}

#[test]
fn an_admin_is_restored_before_another_is_lowered() {
    let stage = Stage::script(
        r#"
        [[workspace]]
        name = "acme"
        owner = "founder@agency.example"
        admin = ["ann@agency.example", "ops@agency.example"]
        editor = ["zoe@agency.example"]
        "#,
    );
    let people = "email,role\nann@agency.example,editor\nzoe@agency.example,admin\n";
    std::fs::write(stage.root.join("people.csv"), people).unwrap();
    let _swapped = confirmed(&stage, "onboard --from people.csv --all").exits(0);
    // Zoe is the only admin now: lowering her before Ann is back would leave none.
    let role = "view".into();
    assert!(stage.world.hand("acme", &Hand::SetRole { email: "ops@agency.example".into(), role }));
    let plan = stage.run("undo -o back.json").exits(0);
    let subjects: Vec<String> = plan.rows().iter().map(|row| row["subject"].clone()).collect();
    assert_eq!(subjects, ["ann@agency.example", "zoe@agency.example"]);
    assert_eq!(plan.planned(), ["acme member.set_role send"; 2]);
    // Held against the world once more, as a saved plan is, it is still the plan that was reviewed.
    let undone = stage.run(&format!("apply back.json --confirm {}", plan.plan_id())).exits(0);
    assert_eq!(undone.outcomes(), ["acme done"; 2]);
    assert_eq!(stage.role_of("acme", "ann@agency.example").as_deref(), Some("admin"));
    assert_eq!(stage.role_of("acme", "zoe@agency.example").as_deref(), Some("editor"));
}

#[test]
fn a_guard_refuses_an_undoing_like_anything_else() {
    let stage = three("");
    let _raised = stage.run("onboard sam@agency.example --role admin --all --yes").exits(0);
    for name in ["ops@agency.example", "lead@agency.example"] {
        let role = "editor".into();
        assert!(stage.world.hand("birch", &Hand::SetRole { email: name.into(), role }));
    }
    stage.add("workspaces/acme.toml", "mode = \"add-only\"");
    let plan = stage.run("undo --plan-only").exits(30);
    let wanted =
        ["acme member.set_role held mode", "birch member.set_role held last_admin", "cedar member.set_role send"];
    assert_eq!(plan.planned(), wanted);
    stage.edit("keyholder.toml", "[guards]", "[guards]\nmax_removals = { per_run = 0 }");
    let plan = stage.run("undo -w cedar --plan-only").exits(30);
    assert_eq!(plan.planned(), ["cedar member.set_role held limit_per_run"]);
}

#[test]
fn a_step_nobody_has_settled_is_held_until_it_is() {
    let stage = three("[[fault]]\nkind = \"hang\"\noperation = \"member.create\"\nworkspace = \"birch\"\ntimes = 2\n");
    let _doubt = stage.run(ONBOARD).exits(22);
    let run = last(&stage);
    let plan = stage.run("undo --plan-only").exits(30).says(&format!("keyholder resume {run}"));
    let wanted = ["acme member.remove send", "birch member.remove held not_undoable", "cedar member.remove send"];
    assert_eq!(plan.planned(), wanted);
}

#[test]
fn an_unreadable_workspace_fails_alone() {
    let stage = three("");
    let _onboarded = stage.run(ONBOARD).exits(0);
    stage.world.revoke_keys("birch");
    let undone = confirmed(&stage, "undo").exits(20).says("birch: not read");
    assert_eq!(undone.outcomes(), ["acme done", "cedar done"]);
}

#[test]
fn a_selection_narrows_and_a_workspace_that_left_the_fleet_is_an_error_unless_excluded() {
    let stage = three("");
    let _onboarded = stage.run(ONBOARD).exits(0);
    let run = last(&stage);
    let narrowed = confirmed(&stage, &format!("undo {run} -w acme")).exits(0);
    assert_eq!(narrowed.outcomes(), ["acme done"]);
    let shown = stage.run("show last --format ndjson").exits(0);
    assert_eq!(shown.records().last().unwrap()["undoes"], run.as_str());
    assert_eq!(stage.entries()[0]["selection"], format!("run {run} -w acme"));

    std::fs::remove_file(stage.root.join("workspaces/birch.toml")).unwrap();
    let sent = stage.world.request_count();
    let _gone = stage.run(&format!("undo {run} --plan-only")).exits(3).says("not in this fleet").says("birch: ");
    let _none = stage.run(&format!("undo {run} --plan-only -w nowhere")).exits(4);
    assert_eq!(stage.world.request_count(), sent, "not one request");
    let rest = stage.run(&format!("undo {run} --plan-only -x birch")).exits(0);
    assert_eq!(rest.planned(), ["acme member.remove already", "cedar member.remove send"]);
    let _empty = stage.run(&format!("undo {run} --plan-only -x birch -x acme -x cedar")).exits(4);
}

#[test]
fn a_saved_undoing_is_applied_and_still_says_what_it_undoes() {
    let stage = three("");
    let _gone = confirmed(&stage, OFFBOARD).exits(0);
    let run = last(&stage);
    let _saved = stage.run("undo -o back.json").exits(0);
    let applied = stage.run("apply back.json --yes").exits(0);
    assert_eq!(applied.rows().len(), 3);
    let _shown = stage.run("show").exits(0).says(": apply, finished").says(&format!("undoes {run}"));
    assert_eq!(stage.rows_of("acme", "sam@agency.example"), 1);
}

#[test]
fn nothing_is_undone_on_a_ledger_that_somebody_changed() {
    let stage = three("");
    let _gone = confirmed(&stage, OFFBOARD).exits(0);
    stage.sql("UPDATE steps SET subject = 'eve@agency.example'");
    let sent = stage.world.request_count();
    let _broken = stage.run("undo --yes").exits(74);
    let _broken = stage.run("verify").exits(74);
    assert_eq!(stage.world.request_count(), sent);
}

#[test]
fn a_run_that_changed_nothing_has_nothing_to_undo() {
    let stage = three("");
    let _nobody = stage.run("offboard nobody@agency.example --all --yes").exits(0);
    let undone = stage.run("undo --yes").exits(0).says("nothing to undo of 3 already so");
    assert!(undone.rows().is_empty());
}
