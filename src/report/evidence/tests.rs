//! Tests of the folder as a whole: what is never left out, and what is never told to another client.

use super::*;
use crate::domain::{
    CampaignId, Change, Email, Held, HeldReason, KeyId, LeadId, MemberId, RestsOn, Role, Thing, UserId, WorkspaceId,
    WorkspaceName,
};

const LEE: &str = "lee@agency.example";

fn step(workspace: &str, email: &str) -> Step {
    let (name, id) =
        (WorkspaceName::parse(workspace).unwrap(), WorkspaceId::parse(&format!("id-of-{workspace}")).unwrap());
    let (member, email) = (MemberId::parse("m-1").unwrap(), Email::parse(email).unwrap());
    let rests_on = RestsOn::Row {
        id: member.clone(),
        email: email.clone(),
        user_id: None,
        role: Role::Editor,
        permissions: None,
        accepted: true,
        nickname: None,
    };
    Step::new(&name, &id, Change::Remove { member, email }, rests_on)
}

fn hand_over(workspace: &str, email: &str, thing: Thing) -> Step {
    let (name, id) =
        (WorkspaceName::parse(workspace).unwrap(), WorkspaceId::parse(&format!("id-of-{workspace}")).unwrap());
    let heir = Email::parse("heir@agency.example").unwrap();
    let change =
        Change::HandOver { thing, email: Email::parse(email).unwrap(), heir, to: UserId::parse("u-heir").ok() };
    Step::new(&name, &id, change, RestsOn::Owned { by: UserId::parse("u-1").unwrap(), back: false })
}

fn facts(workspace: &str, outcome: Option<Outcome>, attempts: u32, reason: Option<&str>) -> StepFacts {
    StepFacts {
        step: step(workspace, "lee@agency.example"),
        disposition: Disposition::Send,
        outcome,
        attempts,
        reason: reason.map(str::to_owned),
        seen: outcome.filter(|outcome| *outcome == Outcome::Done).map(|_| json!([])),
        started_at: (attempts > 0).then(|| "2026-11-02T09:00:01.000000Z".to_owned()),
        settled_at: outcome.map(|_| "2026-11-02T09:00:02.000000Z".to_owned()),
    }
}

fn evidence(steps: Vec<StepFacts>) -> Evidence {
    let workspaces = ["acme", "globex"].map(|name| (name.to_owned(), format!("id-of-{name}"))).to_vec();
    let plan = PlanId::of(b"a plan");
    Evidence {
        run: RunFacts {
            id: "20261102T090000Z-0001".to_owned(),
            command: "offboard".to_owned(),
            operator: "ada".to_owned(),
            reason: None,
            plan: plan.to_string(),
            begun: plan.to_string(),
            approved_by: "confirm".to_owned(),
            version: "0.1.0".to_owned(),
            selection: json!("--all"),
            began: "2026-11-02T09:00:00.000000Z".to_owned(),
            ended: Some("2026-11-02T09:01:00.000000Z".to_owned()),
            stands: Stands::Finished,
            exit: Some(0),
            outcome: Some("complete".to_owned()),
            requests: Some(12),
            resumed: Vec::new(),
            stops: Vec::new(),
        },
        planned: json!([]),
        workspaces,
        recomputed: Some(plan),
        steps,
        identities: Vec::new(),
        lanes: Vec::new(),
        coverage: CoverageFacts { asked: Some(2), complete: Some(2), ..CoverageFacts::default() },
        leaving: Value::Null,
        sighted: Vec::new(),
        chain: ChainFacts {
            hangs_on: "0".repeat(64),
            previous: None,
            count: 1,
            head: "a".repeat(64),
            entries: vec![(b"{}".to_vec(), "a".repeat(64))],
        },
    }
}

fn text(evidence: &Evidence, path: &str) -> String {
    let file = files(evidence).into_iter().find(|file| file.path == path);
    String::from_utf8(file.unwrap_or_else(|| panic!("no {path}")).bytes).unwrap()
}

fn gaps(evidence: &Evidence) -> Vec<Gap> {
    Verdict::of(evidence).gaps
}

#[test]
fn whatever_is_not_known_makes_it_incomplete_and_is_said_in_every_file_for_people() {
    let done = || facts("acme", Some(Outcome::Done), 1, None);
    assert!(gaps(&evidence(vec![done()])).is_empty());
    assert!(gaps(&evidence(vec![facts("acme", Some(Outcome::Failed), 1, None)])).is_empty(), "a failure is known");
    let with = |outcome, attempts| evidence(vec![done(), facts("globex", outcome, attempts, None)]);
    let mut running = evidence(vec![done()]);
    (running.run.stands, running.run.ended) = (Stands::Running, None);
    let mut blind = evidence(vec![done()]);
    blind.coverage.asked = None;
    let mut cut = with(None, 0);
    cut.run.stands = Stands::Cut;
    let mut unproven = evidence(vec![done()]);
    unproven.recomputed = None;
    let cases = [
        (with(None, 1), vec![Gap::InDoubt(1)]),
        (with(Some(Outcome::Unknown), 2), vec![Gap::Unknown(1)]),
        (with(Some(Outcome::Unverified), 1), vec![Gap::Unverified(1)]),
        (cut, vec![Gap::Cut, Gap::NotSent(1)]),
        (running, vec![Gap::Running]),
        (blind, vec![Gap::CoverageUnknown]),
        (unproven, vec![Gap::PlanNotProven]),
    ];
    for (evidence, wanted) in cases {
        assert_eq!(gaps(&evidence), wanted);
        assert!(text(&evidence, "CHECK.md").contains("**This evidence is incomplete.**"), "{wanted:?}");
        assert!(text(&evidence, "index.html").contains("✕ Incomplete"), "{wanted:?}");
        assert!(text(&evidence, "coverage.json").contains("\"evidence_is_complete\": false"), "{wanted:?}");
    }
}

#[test]
fn a_plan_id_that_the_steps_do_not_make_is_said_first_and_loudly() {
    let mut forged = evidence(vec![facts("acme", Some(Outcome::Done), 1, None)]);
    forged.run.begun = PlanId::of(b"another").to_string();
    let verdict = Verdict::of(&forged);
    assert!(verdict.contradicts() && matches!(verdict.gaps[0], Gap::AnotherPlan { .. }));
    for path in ["index.html", "CHECK.md", "coverage.json"] {
        assert!(text(&forged, path).contains("THE RECORD CONTRADICTS ITSELF"), "{path}");
    }
    assert!(text(&forged, "index.html").contains("NO: the workspaces and steps in the ledger make"));
}

#[test]
fn a_client_is_not_told_how_many_others_there_are_or_how_they_fared() {
    let held = |workspace: &str, reason, detail: &str| {
        let mut facts = facts(workspace, Some(Outcome::Held), 0, Some(detail));
        facts.disposition = Disposition::Held(Held::new(reason, detail, "set guards.max_removals.per_run = 61"));
        facts
    };
    let steps = vec![
        held("acme", HeldReason::LimitPerRun, "61 removals in one run, at most 50 are allowed"),
        held("globex", HeldReason::Mode, "the mode of `globex` is observe"),
        facts("acme", Some(Outcome::Held), 0, Some("identity: the key of workspace `globex` opened id-of-initech")),
        facts("acme", Some(Outcome::Held), 0, Some("failure_budget: 7 lanes of 24 failed")),
        facts("acme", Some(Outcome::Failed), 1, Some("refused with 404 as `globex`, id-of-globex.")),
    ];
    let mut evidence = evidence(steps);
    evidence.lanes = vec![("t".to_owned(), "acme".to_owned(), "failure_budget: 7 lanes of 24 failed".to_owned())];
    evidence.coverage.unreadable = vec![("initech".to_owned(), "401 as for globex".to_owned())];
    evidence.identities = vec![IdentityFact {
        at: "t".to_owned(),
        workspace_id: "id-of-acme".to_owned(),
        seen: "id-of-globex".to_owned(),
        matches: false,
    }];
    let acme = text(&evidence, "workspaces/acme.json");
    for word in ["globex", "initech", "61 removals", "at most 50", "7 lanes", "of 24"] {
        assert!(!acme.contains(word), "{word}:\n{acme}");
    }
    for word in [
        "limit_per_run: ",
        "identity: ",
        "failure_budget: ",
        "refused with 404 as `[another workspace]`, [another workspace].",
    ] {
        assert!(acme.contains(word), "{word}:\n{acme}");
    }
    assert!(
        text(&evidence, "workspaces/globex.json").contains("the mode of `globex` is observe"),
        "its own name stays"
    );
    assert!(text(&evidence, "workspaces/initech.json").contains("401 as for [another workspace]"));
    // The agency's own files have all of it.
    assert!(text(&evidence, "outcomes.csv").contains("61 removals in one run"));
    assert!(text(&evidence, "index.html").contains("initech"));
}

#[test]
fn a_client_is_told_why_its_own_step_was_held_and_nothing_of_the_others() {
    let own = [
        (HeldReason::HeirNotMember, "heir@agency.example is not in this workspace"),
        (HeldReason::KeyInUse, "it is the key keyholder speaks with here"),
        (HeldReason::LastDay, "their last day is 2026-11-30"),
        (
            HeldReason::InDoubt,
            "run 20261101T090000Z-0001 sent member.remove about lee@agency.example, and its end is not known",
        ),
        (HeldReason::NotUndoable, "the ledger does not say who has it"),
        (HeldReason::Superseded, "a later run had to do with the same person"),
    ];
    let held = |workspace: &str, email: &str, reason: HeldReason, detail: &str| StepFacts {
        step: hand_over(workspace, email, Thing::Leads { ids: vec![LeadId::parse("lead-1").unwrap()] }),
        disposition: Disposition::Held(Held::new(reason, detail, "mend it")),
        ..facts(workspace, Some(Outcome::Held), 0, Some(detail))
    };
    let mut steps: Vec<StepFacts> =
        own.iter().map(|(reason, why)| held("acme", "lee@agency.example", *reason, why)).collect();
    let anothers = "sam@agency.example is to leave this workspace as well as globex";
    steps.push(held("globex", "sam@agency.example", HeldReason::HeirNotMember, anothers));
    let evidence = evidence(steps);
    let acme = text(&evidence, "workspaces/acme.json");
    for (reason, why) in own {
        assert!(acme.contains(why), "{reason}: {acme}");
    }
    for word in ["held back as a whole", "globex", "sam@agency.example"] {
        assert!(!acme.contains(word), "{word}:\n{acme}");
    }
}

#[test]
fn a_name_that_is_none_of_ours_leaves_no_folder() {
    let mut evidence = evidence(vec![facts("acme", Some(Outcome::Done), 1, None)]);
    let names = ["../../etc/passwd", "a\nb", "", "Acme", ".hidden", "acme/"];
    evidence.coverage.unreadable = names.iter().map(|name| ((*name).to_owned(), "401".to_owned())).collect();
    let paths: Vec<String> = files(&evidence).into_iter().map(|file| file.path).collect();
    let clients: Vec<&String> = paths.iter().filter(|path| path.starts_with("workspaces/")).collect();
    assert_eq!(clients.len(), 2 + names.len(), "{clients:?}");
    for path in &paths {
        let safe = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        assert!(path.chars().all(safe) && !path.contains("..") && path.matches('/').count() <= 1, "{path}");
    }
    let mut once = paths.clone();
    once.sort();
    once.dedup();
    assert_eq!(once.len(), paths.len());
}

#[test]
fn cells_that_a_spreadsheet_would_run_are_defused() {
    let table = text(&evidence(vec![facts("acme", Some(Outcome::Failed), 1, Some("=HYPERLINK(1)"))]), "outcomes.csv");
    assert!(table.contains(",'=HYPERLINK(1),1,"), "{table}");
    assert!(table.starts_with("workspace,workspace_id,step,kind,subject,before,wanted,outcome,after,reason,attempts,"));
}

#[test]
fn what_was_seen_afterwards_is_told_apart_from_what_nobody_looked_at() {
    let done = facts("acme", Some(Outcome::Done), 1, None);
    assert_eq!(done.after().as_deref(), Some("absent"));
    assert_eq!(facts("acme", Some(Outcome::Failed), 1, None).after(), None);
    let mut already = facts("acme", Some(Outcome::Already), 0, None);
    already.disposition = Disposition::Already("is an editor".to_owned());
    assert_eq!(already.after().as_deref(), Some("editor"));
    let mut two = facts("acme", Some(Outcome::Unverified), 1, None);
    let row = serde_json::to_value(&two.step.rests_on).unwrap();
    two.seen = Some(json!([row, { "another": "shape" }]));
    assert_eq!(two.after().as_deref(), Some("editor; {\"another\":\"shape\"}"));
}

#[test]
fn what_was_seen_of_belongings_is_told_in_the_words_of_each_kind() {
    let campaign = Thing::Campaign { id: CampaignId::parse("c-1").unwrap(), name: "Spring".to_owned() };
    let leads = Thing::Leads { ids: vec![LeadId::parse("lead-1").unwrap()] };
    let (campaign, leads) = (hand_over("acme", LEE, campaign), hand_over("acme", LEE, leads));
    let revoke = Change::Revoke {
        key: KeyId::parse("k-1").unwrap(),
        name: "k".to_owned(),
        email: Some(Email::parse(LEE).unwrap()),
        record: Some("r-1".to_owned()),
    };
    let created = "2026-08-01T00:00:00Z".to_owned();
    let (name, id) = (WorkspaceName::parse("acme").unwrap(), WorkspaceId::parse("id-of-acme").unwrap());
    let key = Step::new(&name, &id, revoke, RestsOn::Key { created, by: Some(UserId::parse("u-1").unwrap()) });
    let cases = [
        (&campaign, json!({ "as_asked": true, "other_owner": null }), "heir@agency.example's"),
        (&campaign, json!({ "as_asked": false, "other_owner": "u-3" }), "account u-3's"),
        (&campaign, json!({ "as_asked": false, "other_owner": null }), "nobody's"),
        (&campaign, json!({ "gone": true }), "not there any more"),
        (&campaign, json!({ "tomorrow": 1 }), "{\"tomorrow\":1}"),
        (&leads, json!({ "assigned": 100, "gone": 0, "of": 100 }), "100 of 100 leads assigned"),
        (&leads, json!({ "assigned": 97, "gone": 2, "of": 100 }), "97 of 100 leads assigned, 2 not there any more"),
        (&leads, json!({ "assigned": 1, "gone": 0, "of": 1 }), "1 of 1 lead assigned"),
        (&key, json!({ "listed": false }), "not in the key list"),
        (&key, json!({ "listed": true }), "still in the key list"),
    ];
    for (step, seen, words) in cases {
        let facts =
            StepFacts { step: step.clone(), seen: Some(seen), ..facts("acme", Some(Outcome::Unverified), 1, None) };
        assert_eq!(facts.after().as_deref(), Some(words));
        let evidence = evidence(vec![facts]);
        for path in ["outcomes.csv", "index.html"] {
            let text = text(&evidence, path).replace("&#39;", "'").replace("&quot;", "\"").replace("\"\"", "\"");
            assert!(text.contains(words) && !text.contains("not looked"), "{path}: {words}\n{text}");
        }
    }
    let back = Disposition::Already("it is lee@agency.example's again".to_owned());
    let nothing = StepFacts { step: campaign, disposition: back, ..facts("acme", Some(Outcome::Already), 0, None) };
    assert_eq!(nothing.after().as_deref(), Some("it is lee@agency.example's again"));
}

#[test]
fn a_persons_before_and_after_are_those_of_their_membership() {
    let leads = hand_over("acme", LEE, Thing::Leads { ids: vec![LeadId::parse("lead-1").unwrap()] });
    let seen = Some(json!({ "assigned": 1, "gone": 0, "of": 1 }));
    let handed = StepFacts { step: leads, seen, ..facts("acme", Some(Outcome::Done), 1, None) };
    let evidence = evidence(vec![handed, facts("acme", Some(Outcome::Failed), 1, None)]);
    let acme: Value = serde_json::from_str(&text(&evidence, "workspaces/acme.json")).unwrap();
    assert_eq!(acme["people"], json!([{ "person": LEE, "before": "editor", "after": null }]));
    assert_eq!(acme["steps"][0]["after"], "1 of 1 lead assigned");
}

#[test]
fn every_other_file_is_in_the_manifest_which_comes_last() {
    let files = files(&evidence(vec![facts("acme", Some(Outcome::Done), 1, None)]));
    let (manifest, others) = files.split_last().unwrap();
    assert_eq!(manifest.path, MANIFEST);
    let listed = String::from_utf8(manifest.bytes.clone()).unwrap();
    let listed: Vec<(&str, &str)> = listed.lines().map(|line| line.split_once("  ").unwrap()).collect();
    let wanted: Vec<String> = others.iter().map(File::digest).collect();
    assert_eq!(listed.iter().map(|(digest, _)| *digest).collect::<Vec<_>>(), wanted);
    assert!(listed.iter().zip(others).all(|((_, path), file)| *path == file.path));
}
