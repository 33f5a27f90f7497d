//! Groups: discovery, the list, what is held against the files, invitations and removals; lost answers, crashes, undoing.

use std::time::Duration;

use keyholder::sim::{Fault, FaultBody, FaultKind, Hand, Op};

use crate::support::{Outcome, Stage};

/// An agency over four workspaces, and a client with a key of its own. Each sub workspace is in a file of its own once it accepted.
const GROUP: &str = r#"
[[workspace]]
name = "agency"
owner = "founder@agency.example"
admin = ["ops@agency.example"]

[[workspace]]
name = "globex"
id = "0198e7b2-0c55-7e92-b3d4-00000000cc01"
title = "Globex Corp."
keys = []
owner = "boss@globex.example"

[[workspace]]
name = "initech"
id = "0198e7b2-0c55-7e92-b3d4-00000000cc02"
title = "Globex Corp."
keys = []
owner = "boss@initech.example"

[[workspace]]
name = "hooli"
id = "0198e7b2-0c55-7e92-b3d4-00000000cc03"
keys = []
owner = "boss@hooli.example"

[[workspace]]
name = "declined"
id = "0198e7b2-0c55-7e92-b3d4-00000000cc04"
keys = []
owner = "boss@declined.example"

[[workspace]]
name = "acme"
id = "0198e7b2-0c55-7e92-b3d4-00000000cc05"
owner = "founder@agency.example"
admin = ["ops@agency.example"]

[[group]]
admin = "agency"
links = [
  { sub = "declined", status = "rejected" },
  { sub = "hooli", status = "pending" },
  { sub = "globex", status = "accepted" },
  { sub = "initech", status = "accepted" },
]
"#;

const GLOBEX: &str = "0198e7b2-0c55-7e92-b3d4-00000000cc01";

/// A group of which no sub workspace is in a file.
fn undiscovered(more: &str) -> Stage {
    let stage = Stage::script(&format!("{GROUP}{more}"));
    for name in ["globex", "initech"] {
        std::fs::remove_file(stage.root.join(format!("workspaces/{name}.toml"))).unwrap();
    }
    stage
}

fn group() -> Stage {
    Stage::script(GROUP)
}

/// Returns some columns of the rows, joined.
fn told(ended: &Outcome, columns: &[&str]) -> Vec<String> {
    let row = |row: &std::collections::BTreeMap<String, String>| {
        columns.iter().map(|column| row[*column].clone()).collect::<Vec<_>>().join(" ")
    };
    ended.rows().iter().map(row).collect()
}

/// The status of each link to a workspace, as the simulator has it.
fn links(stage: &Stage, name: &str) -> Vec<String> {
    let id = stage.world.workspace_id(name).unwrap();
    let listed = stage.run("groups").rows().into_iter();
    listed.filter(|row| row["sub_workspace_id"] == id).map(|row| row["status"].clone()).collect()
}

/// Approves a plan as a person would.
fn confirmed(stage: &Stage, line: &str) -> Outcome {
    let plan = stage.run(&format!("{line} --plan-only")).plan_id();
    stage.run(&format!("{line} --confirm {plan}"))
}

#[test]
fn discovery_writes_a_file_for_each_accepted_workspace_and_a_second_one_writes_nothing() {
    let stage = undiscovered("");
    let dry = stage.run("discover --via agency --dry-run").exits(0);
    assert!(!stage.root.join("workspaces/globex-corp.toml").exists(), "{dry}");
    let first = stage.run("discover --via agency").exits(0).says("2 files written");
    let columns = ["workspace", "status", "outcome"];
    let wanted =
        ["globex-corp accepted written", "globex-corp-2 accepted written", " pending pending", " rejected rejected"];
    let mut seen = told(&first, &columns);
    seen.sort_unstable_by_key(|row| (row.starts_with(' '), row.clone()));
    assert_eq!(seen, wanted);
    let text = std::fs::read_to_string(stage.root.join("workspaces/globex-corp.toml")).unwrap();
    for line in
        [&format!("id = \"{GLOBEX}\""), "via = \"agency\"", "mode = \"observe\"", "display_name = \"Globex Corp.\""]
    {
        assert!(text.contains(line), "{line}\n{text}");
    }
    let again = stage.run("discover --via agency").exits(0).says("0 files written");
    assert_eq!(told(&again, &["outcome"]).iter().filter(|outcome| *outcome == "already").count(), 2);
    drop(stage.run("check -w globex*").exits(0));
    assert_eq!(stage.run("members -w globex-corp").exits(0).rows()[0]["email"], "boss@globex.example");
}

#[test]
fn what_does_not_answer_as_itself_gets_no_file_and_nothing_speaks_as_the_agency() {
    for kind in [
        FaultKind::throttled(None),
        FaultKind::Status { status: 403, body: FaultBody::Json, retry_after: None },
        FaultKind::Foreign,
        FaultKind::Html,
        FaultKind::NotSent,
    ] {
        let stage = undiscovered("");
        stage.forgive_unfired_faults();
        let word = kind.as_str();
        stage.world.add_fault(Fault::always(kind).on("globex").at(Op::WorkspaceCurrent));
        let ended = stage.run("discover --via agency");
        if word == "foreign" {
            // Not every kind of fault is one of this call.
            continue;
        }
        assert_eq!(ended.exit, 33, "{word}\n{ended}");
        assert!(ended.stderr.contains("no file is written for it"), "{word}\n{ended}");
        assert!(
            told(&ended, &["workspace_id", "outcome"]).contains(&format!("{GLOBEX} unanswered")),
            "{word}\n{ended}"
        );
        assert!(stage.root.join("workspaces/globex-corp.toml").exists(), "the other of the two, of the same name");
        let written = std::fs::read_to_string(stage.root.join("workspaces/globex-corp.toml")).unwrap();
        assert!(!written.contains(GLOBEX), "{written}");
    }
}

#[test]
fn an_agency_that_is_not_who_the_file_says_is_told_and_nothing_is_written() {
    let stage = undiscovered("");
    let id = stage.world.workspace_id("agency").unwrap();
    stage.edit("workspaces/agency.toml", &id, GLOBEX);
    drop(stage.run("discover --via agency").exits(3).says("not who the files say"));
    drop(stage.run("discover --via nobody").exits(4).says("no workspace is named `nobody`"));
    assert!(!stage.root.join("workspaces/globex-corp.toml").exists());
}

#[test]
fn the_list_shows_every_link_with_what_the_files_have_of_it() {
    let stage = group();
    let listed = stage.run("groups").exits(0).says("4 links (2 accepted, 1 pending, 1 rejected)");
    let mut rows = told(&listed, &["admin", "workspace", "status", "configured"]);
    rows.sort();
    assert_eq!(
        rows,
        ["agency  pending no", "agency  rejected no", "agency globex accepted yes", "agency initech accepted yes",]
    );
    assert_eq!(told(&stage.run("groups -w globex").exits(0), &["workspace"]), ["globex"]);
    assert_eq!(stage.run("groups --status pending").exits(0).rows().len(), 1);
    assert_eq!(stage.run("groups --unconfigured").exits(0).rows().len(), 2);
    let before = stage.world.request_count();
    drop(stage.run("groups -x agency").exits(0));
    let agency = stage.world.key_of("agency");
    assert!(agency.is_some() && stage.world.request_count() > before);
}

#[test]
fn coverage_tells_all_five_findings_and_nothing_of_what_is_as_it_should_be() {
    let stage = Stage::script(&format!(
        "{GROUP}\n[[workspace]]\nname = \"rival\"\nkeys = [{{ name = \"k\", scopes = [\"all:all\"] }}]\nowner = \"x@rival.example\"\n\n\
         [[group]]\nadmin = \"rival\"\naccepted = [\"acme\"]\n"
    ));
    std::fs::remove_file(stage.root.join("workspaces/rival.toml")).unwrap();
    std::fs::remove_file(stage.root.join("workspaces/initech.toml")).unwrap();
    drop(stage.run("groups coverage").exits(0));
    let id = stage.world.workspace_id("hooli").unwrap();
    let lost = "0198e7b2-0c55-7e92-b3d4-0000000fffff";
    for (name, id) in [("lost", lost), ("hooli", id.as_str())] {
        let text = format!("name = \"{name}\"\nid = \"{id}\"\nvia = \"agency\"\n");
        std::fs::write(stage.root.join(format!("workspaces/{name}.toml")), text).unwrap();
    }
    let found = stage.run("groups coverage --detailed-exitcode").exits(10);
    let mut codes = told(&found, &["code", "workspace", "about"]);
    codes.sort();
    assert_eq!(
        codes,
        [
            "group-missing lost ",
            "group-other-admin acme ",
            "group-pending agency hooli",
            "group-rejected agency declined",
            "group-unconfigured agency Globex Corp.",
        ]
    );
}

#[test]
fn coverage_accuses_nobody_of_what_was_not_read_or_stands_in_a_file_that_is_off() {
    let stage = group();
    stage.edit("workspaces/globex.toml", "via = \"agency\"", "mode = \"off\"\nvia = \"agency\"");
    let acme = stage.world.workspace_id("acme").unwrap();
    drop(stage.run(&format!("groups invite {acme} --via agency --yes")).exits(0));
    assert!(stage.world.hand("acme", &Hand::AcceptLink));
    let codes = |ended: &Outcome| told(ended, &["code"]).into_iter().collect::<std::collections::BTreeSet<_>>();
    let found = stage.run("groups coverage");
    assert_eq!(codes(&found), ["group-pending", "group-rejected"].map(str::to_owned).into(), "{found}");
    // Whoever heads the group of `acme` may be the one that was not read.
    for line in ["groups coverage -x agency", "groups coverage -w acme"] {
        let found = stage.run(line).exits(33);
        assert_eq!(codes(&found), [].into(), "{line}\n{found}");
        assert!(found.stderr.contains("the links of `agency` were not read"), "{line}\n{found}");
    }
    let refused = FaultKind::Status { status: 403, body: FaultBody::Json, retry_after: None };
    stage.world.add_fault(Fault::always(refused).on("agency").at(Op::GroupList));
    assert_eq!(codes(&stage.run("groups coverage").exits(33)), [].into());
}

#[test]
fn a_workspace_whose_file_has_no_id_is_known_by_who_answers_to_its_key() {
    let stage = group();
    let acme = stage.world.workspace_id("acme").unwrap();
    drop(stage.run(&format!("groups invite {acme} --via agency --yes")).exits(0));
    assert!(stage.world.hand("acme", &Hand::AcceptLink));
    stage.edit("workspaces/acme.toml", &format!("id = \"{acme}\""), "");
    let found = stage.run("discover --via agency").exits(0).says("0 files written");
    assert!(told(&found, &["workspace", "outcome"]).contains(&"acme already".to_owned()), "{found}");
    let found = stage.run("groups coverage");
    assert!(!told(&found, &["code"]).contains(&"group-unconfigured".to_owned()), "{found}");
    // Who does not say who it is may be any of them: no second file for one workspace.
    std::fs::remove_file(stage.root.join("workspaces/globex.toml")).unwrap();
    stage.world.add_fault(Fault::always(FaultKind::NotSent).on("acme").at(Op::WorkspaceCurrent));
    let held = stage.run("discover --via agency").exits(33).says("keyholder pin");
    let rows = told(&held, &["workspace_id", "outcome"]);
    assert!(rows.contains(&format!("{GLOBEX} held")) && rows.contains(&format!("{acme} held")), "{held}");
    assert!(!stage.root.join("workspaces/globex-corp.toml").exists());
}

#[test]
fn an_invitation_waits_until_its_owner_accepts_and_is_sent_once() {
    let stage = group();
    let invited = stage.run("groups invite acme --via agency --yes").exits(0);
    assert_eq!(invited.outcomes(), ["agency waiting"]);
    drop(stage.run("groups invite acme --via agency --yes").exits(0));
    assert_eq!(stage.world.writes("agency"), 1);
    assert_eq!(stage.run("verify last").exits(0).rows()[0]["state"], "waiting");
    assert!(stage.world.hand("acme", &Hand::AcceptLink));
    assert_eq!(links(&stage, "acme"), ["accepted"]);
    assert_eq!(stage.run("verify last").exits(0).rows()[0]["state"], "accepted");
}

#[test]
fn a_refused_invitation_is_removed_and_sent_again() {
    let stage = group();
    let id = stage.world.workspace_id("declined").unwrap();
    let line = format!("groups invite {id} --via agency");
    drop(stage.run(&format!("{line} --yes")).exits(32));
    let ended = confirmed(&stage, &line).exits(0);
    assert_eq!(ended.outcomes(), ["agency done", "agency waiting"]);
    assert_eq!(links(&stage, "declined"), ["pending"]);
}

#[test]
fn a_workspace_of_another_group_is_told_as_such() {
    let stage = Stage::script(&format!(
        "{GROUP}\n[[workspace]]\nname = \"rival\"\nowner = \"x@rival.example\"\n\n[[group]]\nadmin = \"rival\"\naccepted = [\"acme\"]\n"
    ));
    let ended = stage.run("groups invite acme --via agency --yes").exits(21);
    let row = ended.rows().remove(0);
    assert_eq!(row["outcome"], "failed", "{ended}");
    assert!(row["reason"].contains("link_elsewhere"), "{ended}");
    drop(
        stage
            .run("groups invite globx --via agency --yes")
            .exits(4)
            .says("neither the name of a workspace nor")
            .says("did you mean `globex`?"),
    );
    drop(stage.run("groups invite globex --via agenci --yes").exits(4).says("did you mean `agency`?"));
    drop(stage.run("groups invite agency --via agency --yes").exits(30));
}

#[test]
fn a_link_that_a_workspace_is_reached_over_is_held_and_any_other_is_removed_by_its_id() {
    let stage = group();
    let held = stage.run("groups remove globex --via agency --plan-only");
    assert!(held.stdout.contains("link_in_use"), "{held}");
    stage.edit("workspaces/globex.toml", "via = \"agency\"", "mode = \"off\"\nvia = \"agency\"");
    assert_eq!(confirmed(&stage, "groups remove globex --via agency").exits(0).outcomes(), ["agency done"]);
    assert_eq!(links(&stage, "globex"), [""; 0]);
    assert_eq!(stage.run("groups remove globex --via agency --yes").exits(0).rows()[0]["outcome"], "already");
    assert_eq!(stage.world.effects("agency").iter().filter(|effect| effect.operation == Op::GroupDelete).count(), 1);
}

#[test]
fn a_lost_answer_of_an_invitation_is_settled_and_never_doubled() {
    for (kind, most) in [
        (FaultKind::LoseAnswer, 1),
        (FaultKind::LoseRequest, 1),
        (FaultKind::Late { after: Duration::from_secs(40) }, 1),
        (FaultKind::Truncate, 1),
        (FaultKind::Status { status: 502, body: FaultBody::Html, retry_after: None }, 1),
    ] {
        let word = kind.as_str();
        let stage = group();
        stage.world.add_fault(Fault::once(kind).at(Op::GroupCreate));
        let ended = stage.run("groups invite acme --via agency --yes");
        assert_eq!((ended.exit, ended.outcomes()), (0, vec!["agency waiting".to_owned()]), "{word}\n{ended}");
        assert_eq!((stage.world.writes("agency"), links(&stage, "acme").len()), (most, 1), "{word}");
    }
}

#[test]
fn a_lost_answer_of_a_removal_is_settled_by_the_links_id() {
    for kind in [FaultKind::LoseAnswer, FaultKind::LoseRequest, FaultKind::Ignore] {
        let word = kind.as_str();
        let stage = group();
        stage.edit("workspaces/globex.toml", "via = \"agency\"", "mode = \"off\"\nvia = \"agency\"");
        stage.world.add_fault(Fault::once(kind).at(Op::GroupDelete));
        let ended = confirmed(&stage, "groups remove globex --via agency");
        if word == "ignore" {
            assert_eq!((ended.exit, links(&stage, "globex").len()), (22, 1), "{ended}");
            continue;
        }
        assert_eq!((ended.exit, ended.outcomes()), (0, vec!["agency done".to_owned()]), "{word}\n{ended}");
        assert_eq!(links(&stage, "globex"), [""; 0], "{word}");
    }
}

#[test]
fn a_world_that_moves_between_plan_and_sending_is_stale_or_already_so() {
    let stage = group();
    let id = stage.world.workspace_id("hooli").unwrap();
    let plan = stage.run(&format!("groups remove {id} --via agency --plan-only")).plan_id();
    assert!(stage.world.hand("hooli", &Hand::AcceptLink));
    drop(stage.run(&format!("groups remove {id} --via agency --confirm {plan}")).exits(31));
    let saved = stage.run(&format!("groups remove {id} --via agency -o plan.json"));
    let plan = saved.plan_id();
    assert!(stage.world.hand("hooli", &Hand::LeaveGroup));
    let ended = stage.run(&format!("apply plan.json --confirm {plan}")).exits(0);
    assert_eq!(ended.outcomes(), ["agency already"]);
}

#[test]
fn an_invitation_is_undone_by_its_own_link_alone() {
    let stage = group();
    drop(stage.run("groups invite acme --via agency --yes").exits(0));
    let undone = confirmed(&stage, "undo last").exits(0);
    assert_eq!((undone.outcomes(), links(&stage, "acme").len()), (vec!["agency done".to_owned()], 0));
    assert_eq!(confirmed(&stage, "undo last").exits(0).outcomes(), ["agency waiting"], "and the undoing too");
    assert_eq!(links(&stage, "acme"), ["pending"]);
}
