//! No rendered text contains a key: neither what a run prints or stores, nor the `Debug` of anything that holds one.

use keyholder::api::transport::{Method, Request};
use keyholder::domain::fleet::BaseUrl;
use keyholder::domain::{Access, ApiKey, WorkspaceId};
use keyholder::sim::{Fault, FaultBody, FaultKind, KeyRecord, Op, World, put};
use proptest::prelude::*;
use proptest::sample::select;

use crate::support::Stage;

/// Keys as they come: long enough not to stand in a text by chance.
fn key() -> impl Strategy<Value = String> {
    "[A-Za-z0-9+/=_.~-]{12,120}"
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_debug_of_what_holds_a_key_contains_it(secret in key(), pretty in any::<bool>()) {
        let key = ApiKey::parse(&secret).unwrap();
        let workspace = WorkspaceId::parse("0195b2aa-7c1e-7d00-8000-000000000001").unwrap();
        for access in [Access::Own(key.clone()), Access::As { key: key.clone(), workspace }] {
            let request = Request {
                method: Method::Post,
                base: BaseUrl::parse("http://127.0.0.1:9").unwrap(),
                path: "/api/v2/workspace-members".to_owned(),
                access: access.clone(),
                body: Some("{}".to_owned()),
                timeout: std::time::Duration::from_secs(1),
            };
            let shown = if pretty { format!("{key:#?}{access:#?}{request:#?}") } else { format!("{key:?}{access:?}{request:?}") };
            prop_assert!(!shown.contains(&secret));
            // Nor a part of it: 12 characters in a row would be enough to search for.
            prop_assert!(secret.as_bytes().windows(12).all(|part| !shown.contains(std::str::from_utf8(part).unwrap())));
        }
    }

    #[test]
    fn redaction_leaves_nothing_of_the_key_wherever_it_stands(
        secret in key(), before in "[ -~]{0,20}", between in "[ -~]{0,5}", after in "\\PC{0,20}",
    ) {
        let key = ApiKey::parse(&secret).unwrap();
        let text = format!("{before}{secret}{between}{secret}{secret}{after}");
        prop_assert!(!key.redact(&text).contains(&secret));
        prop_assert!(key.redact(&text).contains(&key.fingerprint()));
    }

    #[test]
    fn what_is_no_key_is_refused_without_being_quoted(text in "[ -~]{8,40}[ \t\n\u{e9}][ -~]{8,40}") {
        if let Err(refused) = ApiKey::parse(&text) {
            let shown = format!("{refused} {refused:?}");
            prop_assert!(text.split_whitespace().filter(|part| part.len() > 7).all(|part| !shown.contains(part)));
        }
    }
}

fn any_fault() -> impl Strategy<Value = Fault> {
    let kind = prop_oneof![
        3 => select(&[400, 401, 402, 403, 404, 409, 422, 429, 500, 503][..]).prop_map(|status| FaultKind::EchoKey { status }),
        2 => select(&[400, 403, 422, 500, 503][..]).prop_map(|status| FaultKind::EchoSecrets { status }),
        1 => Just(FaultKind::Html),
        1 => Just(FaultKind::Truncate),
        1 => Just(FaultKind::Foreign),
        1 => Just(FaultKind::Redirect),
        1 => Just(FaultKind::LoseAnswer),
        1 => Just(FaultKind::Hang),
        1 => Just(FaultKind::Status { status: 500, body: FaultBody::Html, retry_after: None }),
    ];
    let op = select(
        &[
            Op::WorkspaceCurrent,
            Op::MemberList,
            Op::MemberGet,
            Op::MemberCreate,
            Op::MemberDelete,
            Op::KeyList,
            Op::KeyDelete,
        ][..],
    );
    (kind, op, 0..3_usize, 1..4_usize)
        .prop_map(|(kind, op, skip, times)| Fault::once(kind).at(op).skip(skip).times(times))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_the_api_answers_no_key_is_printed_or_stored(faults in proptest::collection::vec(any_fault(), 1..4)) {
        // Whether each of these fires does not matter here, so the world is not held to it.
        let world = World::generated(4, 4, 11);
        for name in ["client-0001", "client-0002", "client-0003"] {
            world.put(name, put::Key::of("staff.002@agency.example", "script").recorded(KeyRecord::Id("id".into())));
        }
        let stage = Stage::of(world.clone());
        stage.add("keyholder.toml", "[guards]\nmax_failures = \"100%\"");
        for fault in faults {
            world.add_fault(fault);
        }
        stage.forgive_unfired_faults();
        // The stage looks for every key after every run, in both streams and every file.
        let _check = stage.run("check --format json");
        let _joined = stage.run("onboard nia@agency.example --role view --all --yes --format ndjson --events run.ndjson");
        let plan = stage.run("offboard staff.002@agency.example --revoke-keys --all -o plan.json");
        if plan.stderr.contains("saved") {
            let _gone = stage.run(&format!("apply plan.json --confirm {}", plan.plan_id()));
        }
        let _listed = stage.run("members --format csv");
        let _shown = stage.run("show last --format json");
    }
}
