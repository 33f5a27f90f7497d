//! What the network tells is written into every field there is, and none of it may become more than text.

use keyholder::domain::Colour;
use keyholder::report::bulk::Facts;
use keyholder::report::bulk::page::{ClientInput, FleetInput, client, fleet};
use serde_json::Value;

use super::sample::{kinds, make, make_troubled, period};
use super::structure;
use super::tokens::text;

/// Texts that come alive on a careless page. `CANARY` is where a request would go, and what a script would make of the title.
pub(crate) const CORPUS: [&str; 24] = [
    "<script>document.title='CANARY'</script>",
    "</title><script>document.title='CANARY'</script>",
    "</style><script>document.title='CANARY'</script>",
    "\"><script>document.title='CANARY'</script>",
    "'><img src=x onerror=\"document.title='CANARY'\">",
    "\" onmouseover=\"document.title='CANARY'\" autofocus onfocus=\"document.title='CANARY'\" x=\"",
    "<img src=\"http://canary.example/i.png\">",
    "<svg onload=\"document.title='CANARY'\"><svg/onload=document.title='CANARY'>",
    "<svg><animate onbegin=document.title='CANARY' attributeName=x dur=1s>",
    "<iframe srcdoc=\"<script>parent.document.title='CANARY'</script>\"></iframe>",
    "<link rel=stylesheet href=http://canary.example/s.css><style>@import 'http://canary.example/t.css';</style>",
    "<meta http-equiv=refresh content=\"0;url=http://canary.example/\">",
    "<base href=http://canary.example/>",
    "javascript:document.title='CANARY'//",
    "data:text/html,<script>document.title='CANARY'</script>",
    "}*{background:url(http://canary.example/c.png)}",
    "expression(alert(1));</svg></table></main></body>",
    "&lt;script&gt;document.title='CANARY'&lt;/script&gt; &#60;script&#62; &amp;lt;",
    "<!-- --!> <![CDATA[ ]]> <?php ?>",
    "\u{202e}gnp.exe\u{202c}\u{2066}\u{2069}\u{200f}",
    "a\0b\u{1b}[2J\u{7f}\u{85}\r\n\tc",
    "مرحبا بالعالم <b>שלום</b>",
    "\u{feff}\u{200b}zwj\u{200d}\u{fffd}<script\u{a0}>",
    "<details open ontoggle=document.title='CANARY'><a href=\"javascript:document.title='CANARY'\">x</a>",
];

/// One word longer than any line.
pub(crate) fn endless() -> String {
    "Donaudampfschifffahrtsgesellschaft".repeat(30)
}

/// Writes texts into every field of facts that holds one, the names of maps among them.
pub(crate) fn poison(facts: &Facts, next: &mut dyn FnMut() -> String) -> Facts {
    let mut value = serde_json::to_value(facts).unwrap();
    walk(&mut value, "", next);
    serde_json::from_value(value).unwrap()
}

fn walk(value: &mut Value, path: &str, next: &mut dyn FnMut() -> String) {
    match value {
        Value::String(text) => {
            // A gravity is one of four words; anything else would not be read back.
            if path != "severity" {
                *text = next();
            }
        }
        Value::Array(all) => all.iter_mut().for_each(|one| walk(one, path, next)),
        Value::Object(all) => {
            let names: Vec<String> = all.keys().cloned().collect();
            for name in names {
                let mut inner = all.shift_remove(&name).unwrap();
                walk(&mut inner, &name, next);
                let name = if path == "labels" { next() } else { name };
                drop(all.insert(name, inner));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A fleet with the corpus in every field, whole and troubled ones.
pub(crate) fn poisoned_fleet() -> Vec<Facts> {
    let mut at = 0;
    let mut next = || {
        at += 1;
        match at % (CORPUS.len() + 1) {
            0 => endless(),
            one => CORPUS[one - 1].to_owned(),
        }
    };
    make_troubled(CORPUS.len() + 1, 5).iter().map(|facts| poison(facts, &mut next)).collect()
}

/// The fleet's page of them, an agency of such a name included.
pub(crate) fn poisoned_page(facts: &[Facts], agency: &str) -> String {
    fleet(&FleetInput {
        agency: Some(agency),
        colour: Colour::parse("#fff"),
        period: period(),
        made_at: agency,
        kinds: &kinds(),
        ending: "csv",
        facts,
    })
}

/// The page of one of them.
pub(crate) fn poisoned_client_page(facts: &Facts, agency: &str) -> String {
    let (colour, kinds) = (Colour::parse("#000"), kinds());
    client(&ClientInput { agency: Some(agency), colour, period: period(), kinds: &kinds, ending: "csv", facts })
}

#[test]
fn no_text_in_any_field_becomes_more_than_text() {
    for payload in CORPUS.into_iter().map(str::to_owned).chain([endless()]) {
        let fleet: Vec<Facts> =
            make_troubled(6, 3).iter().map(|facts| poison(facts, &mut || payload.clone())).collect();
        let pages = [
            vec![poisoned_page(&fleet, &payload)],
            fleet.iter().map(|facts| poisoned_client_page(facts, &payload)).collect(),
        ];
        for page in pages.iter().flatten() {
            let tokens = structure::check(page);
            assert!(!page.contains("<script") && !page.contains("\u{202e}") && !page.contains('\0'), "{payload}");
            let plain: String = payload.chars().filter(|c| !c.is_control()).collect();
            let plain: Vec<&str> = plain.split_whitespace().collect();
            if payload.is_ascii() && !payload.contains("--!>") {
                assert!(text(&tokens).contains(&plain.join(" ")), "what was told is still told: {payload}");
            }
        }
    }
}

#[test]
fn all_payloads_together_leave_the_bones_of_a_page() {
    let fleet = poisoned_fleet();
    drop(structure::check(&poisoned_page(&fleet, CORPUS[0])));
    for facts in &fleet {
        drop(structure::check(&poisoned_client_page(facts, CORPUS[5])));
    }
}

#[test]
fn every_field_that_holds_a_text_is_poisoned() {
    let whole = make(1, 4).remove(0);
    let poisoned = poison(&whole, &mut || "<!>".to_owned());
    let Facts { workspace, workspace_id, title, labels, observed_at, .. } = &poisoned;
    assert!([workspace, observed_at].into_iter().chain(workspace_id).chain(title).all(|text| text == "<!>"));
    assert!(labels.contains_key("<!>"));
    assert!(
        poisoned.people.iter().all(|person| person.email == "<!>" && person.role == "<!>" && person.since == "<!>")
    );
    assert!(poisoned.accounts.iter().all(|one| one.email == "<!>" && one.warmup.as_deref() == Some("<!>")));
    assert!(poisoned.subscriptions.iter().all(|one| one.product == "<!>" && one.plan.as_deref() == Some("<!>")));
}
