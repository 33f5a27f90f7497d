//! Assignments that took in part: which resources lack the tag is told one by one.

use keyholder::sim::Op;

use super::*;

fn partial(rows: usize) -> Bench {
    let fault =
        format!("[[fault]]\nkind = \"partial\"\nrows = {rows}\nworkspace = \"acme\"\noperation = \"tag.toggle\"\n");
    Bench::of(Stage::script(&format!("{ONE}{fault}")), |stage| vec![assign(stage, "stale", &ACCOUNTS)])
}

#[test]
fn what_an_assignment_left_out_is_named() {
    let bench = partial(2);
    let outcome = bench.apply().exits(22);
    let row = outcome.rows().remove(0);
    assert_eq!(row["outcome"], "unverified");
    let said = "2 of 4 with it: not on three@mail.example, two@mail.example";
    assert!(row["reason"].contains(said), "{outcome}");
    let entries = bench.stage.entries();
    let settled = entries.iter().find(|entry| entry["type"] == "settled").unwrap();
    assert_eq!(settled["seen"]["not"], serde_json::json!(["three@mail.example", "two@mail.example"]));
    let show = bench.stage.run("show last --format csv");
    assert!(show.stdout.contains("not on three@mail.example"), "{show}");
}

/// What was put on in part is told so, and undoing it takes off just that.
fn is_undone(bench: &Bench) {
    let verified = bench.stage.run("verify last --detailed-exitcode").exits(10);
    assert_eq!(distinct(&verified.rows(), "state"), ["drifted".to_owned()].into(), "{verified}");
    let _finished = bench.stage.run("resume").exits(0).says("every run in the ledger is finished");
    let plan = bench.stage.run("undo last --plan-only").exits(0);
    let undone = bench.stage.run(&format!("undo last --confirm {}", plan.plan_id())).exits(0);
    assert_eq!(undone.outcomes(), ["acme done"], "{undone}");
    assert!(bench.world().1.iter().all(|(label, _)| label != "stale"), "{undone}");
}

#[test]
fn an_assignment_that_took_in_part_is_an_effect_and_is_undone() {
    let bench = partial(2);
    let _part = bench.apply().exits(22);
    is_undone(&bench);
}

#[test]
fn a_resume_that_sees_a_part_of_an_assignment_says_so() {
    let fault = "[[fault]]\nkind = \"ignore\"\nworkspace = \"acme\"\noperation = \"tag.toggle\"\n";
    let bench = Bench::of(Stage::script(&format!("{ONE}{fault}")), |stage| vec![assign(stage, "stale", &ACCOUNTS)]);
    let _ignored = bench.apply().exits(22);
    let _put = bench.stage.world.put("acme", keyholder::sim::put::Mappings::on_accounts("stale", &ACCOUNTS[..2]));
    let resumed = bench.stage.run("resume").exits(22);
    assert!(resumed.rows()[0]["reason"].contains("it took in part: the mappings show 2 of 4"), "{resumed}");
    is_undone(&bench);
}

/// A plan about an account that is not there any more, and others that are.
fn with_gone(script: &str) -> Bench {
    Bench::of(Stage::script(&format!("{ONE}{script}")), |stage| {
        vec![
            assign(stage, "stale", &["four@mail.example", "gone@mail.example", "one@mail.example"]),
            assign(stage, "stale", &["Lost@mail.example", "two@mail.example"]),
        ]
    })
}

fn carrying(bench: &Bench, label: &str) -> Vec<String> {
    let carried = bench.world().1.into_iter().filter(|(called, _)| called == label);
    carried.map(|(_, resource)| resource).collect()
}

#[test]
fn an_account_that_is_not_there_is_named_and_the_others_are_tagged() {
    let bench = with_gone("");
    let outcome = bench.apply().exits(22);
    assert_eq!(distinct(&outcome.rows(), "outcome"), ["unverified".to_owned()].into(), "{outcome}");
    assert_eq!(carrying(&bench, "stale"), ["four@mail.example", "one@mail.example", "two@mail.example"]);
    let row = outcome.rows().into_iter().find(|row| row["reason"].contains("gone@")).expect("it is named");
    let said = "not sent for what the workspace does not have (gone@mail.example): it was taken, but the mappings show 2 of 3 \
                with it: not on gone@mail.example";
    assert_eq!(row["reason"], said, "{outcome}");
    let entries = bench.stage.entries();
    let seen: Vec<_> =
        entries.iter().filter(|entry| entry["type"] == "settled").map(|entry| entry["seen"]["gone"].clone()).collect();
    assert_eq!(seen, [serde_json::json!(["gone@mail.example"]), serde_json::json!(["Lost@mail.example"])]);
    // Each step twice; the accounts are listed once for both.
    assert_eq!([Op::TagToggle, Op::AccountList].map(|call| bench.requests_to(call)), [4, 1]);
    // All that could be done is done, and an undoing takes it off again.
    let _nothing = bench.stage.run("resume").exits(0);
    assert_eq!(bench.requests_to(Op::TagToggle), 4);
    let plan = bench.stage.run("undo last --plan-only").exits(0);
    let _undone = bench.stage.run(&format!("undo last --confirm {}", plan.plan_id())).exits(0);
    assert!(carrying(&bench, "stale").is_empty());
}

#[test]
fn where_none_of_the_accounts_is_there_the_step_fails_and_says_so() {
    let bench = Bench::of(Stage::script(ONE), |stage| vec![assign(stage, "stale", &["gone@mail.example"])]);
    let outcome = bench.apply().exits(21);
    let row = outcome.rows().remove(0);
    assert_eq!(row["outcome"], "failed");
    assert!(row["reason"].ends_with("the workspace does not have gone@mail.example"), "{outcome}");
    assert_eq!(bench.requests_to(Op::TagToggle), 1);
}

#[test]
fn which_accounts_are_gone_is_not_guessed_where_they_cannot_be_listed() {
    let bench = with_gone(
        "[[fault]]\nkind = \"status\"\nstatus = 403\ntimes = \"always\"\nworkspace = \"acme\"\noperation = \"account.list\"\n",
    );
    let outcome = bench.apply().exits(21);
    assert_eq!(distinct(&outcome.rows(), "outcome"), ["failed".to_owned()].into(), "{outcome}");
    assert!(outcome.rows()[0]["reason"].contains("which accounts are gone could not be read"), "{outcome}");
    assert_eq!((carrying(&bench, "stale"), bench.requests_to(Op::TagToggle)), (Vec::new(), 2));
}

/// One tag in the place of another, as owners of accounts are kept.
fn in_its_place(script: &str) -> Bench {
    let three = ["one@mail.example", "three@mail.example", "two@mail.example"];
    Bench::of(Stage::script(&format!("{ONE}{script}")), |stage| {
        let on = assign(stage, "stale", &three);
        let off = unassign(stage, "paused", &three).after(&on);
        vec![on, off]
    })
}

#[test]
fn nothing_loses_its_tag_before_the_one_in_its_place_is_seen_on_it() {
    let bench = in_its_place(
        "[[fault]]\nkind = \"partial\"\nrows = 2\nworkspace = \"acme\"\noperation = \"tag.toggle\"\ntimes = 1\n",
    );
    let outcome = bench.apply().exits(22);
    assert_eq!(distinct(&outcome.rows(), "outcome"), ["held".to_owned(), "unverified".to_owned()].into(), "{outcome}");
    assert_eq!(carrying(&bench, "stale").len(), 2);
    // Three accounts and a campaign.
    assert_eq!(carrying(&bench, "paused").len(), 4, "the old tag is still on all of them");
    assert!(outcome.stdout.contains("1 of 3 do not carry \"\"stale\"\" yet"), "{outcome}");
}

#[test]
fn what_is_shown_late_is_waited_for_before_anything_loses_its_tag() {
    let bench = in_its_place("");
    bench.stage.world.configure(|settings| settings.lag = std::time::Duration::from_secs(3));
    let _done = bench.apply().exits(0);
    assert_eq!((carrying(&bench, "stale").len(), carrying(&bench, "paused").len()), (3, 1), "the campaign keeps it");
}
