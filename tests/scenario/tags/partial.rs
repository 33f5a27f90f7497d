//! Assignments that took in part: which resources lack the tag is told one by one.

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

#[test]
fn an_account_that_the_api_does_not_know_fails_the_step_and_what_is_as_asked_is_counted() {
    let bench = Bench::of(Stage::script(ONE), |stage| {
        vec![
            assign(stage, "stale", &["gone@mail.example", "one@mail.example"]),
            assign(stage, "stale", &["two@mail.example"]),
        ]
    });
    // Its only lane has a step that failed.
    let outcome = bench.apply().exits(21);
    let told: BTreeSet<String> = outcome.rows().iter().map(|row| row["outcome"].clone()).collect();
    assert_eq!(told, ["done".to_owned(), "failed".to_owned()].into(), "the lane goes on\n{outcome}");
}
