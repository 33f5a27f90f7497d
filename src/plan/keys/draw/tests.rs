use super::*;
use crate::domain::fleet::RemovalLimits;
use crate::domain::{Guards, KeyId, RunId, StepId, StepKind, WorkspaceId};
use crate::plan::keys::{name_of, with_nonce};
use crate::plan::members::tests::observed as with_members;
use crate::plan::{Belongings, Doubt, Found};

fn key(id: &str, name: &str, scopes: &[&str], in_use: Option<bool>) -> KeyInfo {
    KeyInfo {
        id: KeyId::parse(id).unwrap(),
        name: name.to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        created: "2026-08-01T00:00:00Z".to_owned(),
        in_use,
    }
}

/// Read for its keys alone: of its members nothing is known.
fn world(rows: Vec<KeyInfo>) -> Observed {
    let keys = Found { rows, incomplete: None };
    let belongings = Belongings { keys, ..Belongings::default() };
    let incomplete = Some("the members were not read".to_owned());
    Observed { incomplete, belongings: Some(Box::new(belongings)), ..with_members(vec![]) }
}

fn rules() -> Rules {
    Rules::of(Guards::default())
}

fn fate(item: &Item) -> &'static str {
    match &item.disposition {
        Disposition::Send => "send",
        Disposition::Already(_) => "already",
        Disposition::Held(held) => held.reason.as_str(),
    }
}

fn fates(plan: &Plan) -> Vec<&'static str> {
    plan.items.iter().map(fate).collect()
}

fn drawn(world: Observed, wishes: Vec<KeyWish>) -> Plan {
    draw_keys(&[(world, wishes)], &rules())
}

fn made(name: &str, scopes: &[&str]) -> KeyWish {
    let scopes = scopes.iter().map(|scope| (*scope).to_owned()).collect();
    KeyWish::Made { name: name.to_owned(), scopes, keep: Keep::Shown }
}

fn gone(id: &str) -> KeyWish {
    KeyWish::Revoked { key: KeyId::parse(id).unwrap(), name: String::new(), why: String::new() }
}

fn rotated() -> KeyWish {
    KeyWish::Rotated {
        fingerprint: "k:0a1b2c3d".to_owned(),
        scopes: None,
        name: None,
        otherwise: "acme — keyholder [{nonce}]".to_owned(),
        place: Ok("file secrets/acme.key".to_owned()),
        needs: Vec::new(),
        untold: None,
    }
}

const NAME: &str = "acme — analytics [{nonce}]";

#[test]
fn a_key_is_made_unless_one_of_its_name_and_power_is_there() {
    let scopes = &["campaigns:read", "accounts:read"];
    assert_eq!(fates(&drawn(world(vec![]), vec![made(NAME, scopes)])), ["send"]);
    let there = |name: &str, scopes: &[&str]| {
        fates(&drawn(
            world(vec![key("k1", name, scopes, None)]),
            vec![made(NAME, &["campaigns:read", "accounts:read"])],
        ))
    };
    assert_eq!(there("acme — analytics [0a1b2c3d]", &["accounts:read", "campaigns:read"]), ["already"]);
    let elsewhere = KeyWish::Made {
        name: NAME.to_owned(),
        scopes: vec!["leads:read".to_owned()],
        keep: Keep::Folder("/out2".to_owned()),
    };
    let own = key("k1", "acme — analytics [0a1b2c3d]", &["leads:read"], None);
    let plan = drawn(world(vec![own]), vec![elsewhere]);
    assert_eq!((fates(&plan), plan.items[0].step.change.wanted().contains("out2")), (vec!["already"], false));
    assert_eq!(there("acme — analytics [0a1b2c3d]", &["accounts:read"]), ["key_differs"]);
    assert_eq!(there("acme — analytics [nonce]", &["accounts:read"]), ["send"], "that is another name");
    assert_eq!(there("acme — analytics", scopes), ["send"]);
}

#[test]
fn nothing_is_said_without_the_whole_list_of_keys_and_members_are_not_asked_for() {
    let mut cut = world(vec![key("k1", "k", &["leads:read"], Some(false)), key("own", "o", &["all:all"], Some(true))]);
    cut.belongings.as_mut().unwrap().keys.incomplete = Some("a cursor came twice".to_owned());
    let wishes = || vec![made(NAME, &["leads:read"]), gone("k1"), gone("k9"), rotated()];
    let of_cut = fates(&drawn(cut, wishes()));
    assert_eq!(
        of_cut,
        ["incomplete_listing", "incomplete_listing", "after", "incomplete_listing", "incomplete_listing"]
    );
    let unread = Observed { belongings: None, ..world(vec![]) };
    assert!(fates(&drawn(unread, wishes())).iter().all(|fate| *fate != "send" && *fate != "already"));
    let off = Observed { mode: Mode::Off, ..world(vec![]) };
    assert_eq!(fates(&drawn(off, vec![gone("k9")])), ["mode"], "of a workspace that is off nothing is said");
}

#[test]
fn a_key_is_revoked_unless_it_is_or_may_be_the_one_in_use() {
    let rows = || vec![key("own", "o", &[], Some(true)), key("k1", "a", &[], None), key("k2", "b", &[], Some(false))];
    let all = || vec![gone("k2"), gone("own"), gone("k1"), gone("k9")];
    let plan = drawn(world(rows()), all());
    assert_eq!(fates(&plan), ["send", "send", "already", "key_in_use"]);
    let masked = rows().into_iter().map(|row| KeyInfo { in_use: None, ..row }).collect();
    assert_eq!(fates(&drawn(world(masked), all())), ["key_in_use", "key_in_use", "already", "key_in_use"]);
    let via = Observed { acts_as: true, ..world(rows()) };
    assert_eq!(fates(&drawn(via, all())), ["key_in_use", "send", "already", "key_in_use"]);
}

#[test]
fn a_rotation_makes_a_key_of_the_old_ones_name_and_scopes_and_then_takes_the_old_one() {
    let own = key("own", "acme — ops [0a1b2c3d]", &["leads:read", "campaigns:read"], Some(true));
    let plan = drawn(world(vec![own, key("k1", "x", &[], Some(false))]), vec![rotated()]);
    assert_eq!(fates(&plan), ["send", "send"]);
    let Change::CreateKey { name, scopes, keep, replaces } = &plan.items[0].step.change else { panic!() };
    assert_eq!(name, "acme — ops [{nonce}]");
    assert_eq!(scopes.len(), 2);
    assert_eq!(
        (keep, replaces.as_deref()),
        (&Keep::Configured("file secrets/acme.key".to_owned()), Some("k:0a1b2c3d"))
    );
    assert_eq!(plan.items[0].step.rests_on, RestsOn::Speaking { with: "k:0a1b2c3d".to_owned() });
    assert_eq!(plan.items[1].step.after, Some(plan.items[0].step.id.clone()));
    assert_eq!(plan.items[1].step.change.deleted_key().map(KeyId::as_str), Some("own"));
    assert_eq!((plan.removals(), plan.needs_typing()), (0, true), "no limit counts it, and --yes is not enough");
}

#[test]
fn where_nothing_tells_the_old_key_its_deletion_is_held_and_the_scopes_must_be_said() {
    let masked = || world(vec![key("k1", "a", &["leads:read"], None), key("k2", "b", &["leads:read"], None)]);
    assert_eq!(fates(&drawn(masked(), vec![rotated()])), ["key_scopes", "after"]);
    let said = || {
        let mut wish = rotated();
        let KeyWish::Rotated { scopes, .. } = &mut wish else { panic!() };
        *scopes = Some(vec!["leads:read".to_owned()]);
        wish
    };
    let plan = drawn(masked(), vec![said()]);
    assert_eq!(fates(&plan), ["send", "key_unknown"]);
    let Change::CreateKey { name, .. } = &plan.items[0].step.change else { panic!() };
    assert_eq!(name, "acme — keyholder [{nonce}]");
}

#[test]
fn a_rotation_is_held_whole_where_the_key_has_no_place_or_is_another_workspaces() {
    let own = || world(vec![key("own", "o", &["leads:read"], Some(true))]);
    let mut nowhere = rotated();
    let KeyWish::Rotated { place, .. } = &mut nowhere else { panic!() };
    *place = Err("it is in a variable".to_owned());
    assert_eq!(fates(&drawn(own(), vec![nowhere])), ["key_storage", "after"]);
    let via = Observed { acts_as: true, ..own() };
    let plan = drawn(via, vec![rotated()]);
    assert_eq!(fates(&plan), ["key_storage"], "of a replaced key nothing is said");
    let Disposition::Held(held) = &plan.items[0].disposition else { panic!() };
    assert!(held.remedy.contains("`via`"), "{held}");
    let foreign = world(vec![key("own", "o", &["leads:read", "made-up:read"], Some(true))]);
    assert_eq!(fates(&drawn(foreign, vec![rotated()])), ["key_scopes", "after"]);
    let observe = Observed { mode: Mode::AddOnly, ..own() };
    assert_eq!(fates(&drawn(observe, vec![rotated()])), ["mode", "mode"]);
    let add = Observed { mode: Mode::AddOnly, ..own() };
    assert_eq!(fates(&drawn(add, vec![made(NAME, &["leads:read"])])), ["send"], "a key more only adds");
}

#[test]
fn a_new_key_that_could_not_delete_the_old_one_is_not_made() {
    let needs = [["workspaces:read", "all:read"], ["api_keys:read", "all:read"], ["api_keys:delete", "all:delete"]];
    let wish = |said: Option<&[&str]>| {
        let mut wish = rotated();
        let KeyWish::Rotated { needs: needed, scopes, .. } = &mut wish else { panic!() };
        *needed = needs.iter().map(|any| any.iter().map(|one| (*one).to_owned()).collect()).collect();
        *scopes = said.map(|said| said.iter().map(|one| (*one).to_owned()).collect());
        wish
    };
    let of =
        |own: &[&str], said: Option<&[&str]>| drawn(world(vec![key("own", "o", own, Some(true))]), vec![wish(said)]);
    assert_eq!(fates(&of(&["all:all"], None)), ["send", "send"]);
    assert_eq!(fates(&of(&["workspaces:all", "api_keys:all"], None)), ["send", "send"]);
    assert_eq!(fates(&of(&["all:read", "all:delete"], None)), ["send", "send"]);
    let kept = of(&["leads:read", "workspaces:read"], None);
    assert_eq!(fates(&kept), ["key_scopes", "after"], "the old one's own scopes do not do either");
    let Disposition::Held(held) = &kept.items[0].disposition else { panic!() };
    assert!(held.detail.contains("without api_keys:read api_keys:delete"), "{held}");
    assert_eq!(fates(&of(&["all:all"], Some(&["leads:read"]))), ["key_scopes", "after"]);
    assert_eq!(fates(&of(&["all:all"], Some(&["workspaces:read", "api_keys:all"]))), ["send", "send"]);
}

#[test]
fn where_it_cannot_be_told_whether_the_key_is_meant_nothing_is_replaced_and_it_is_said() {
    let mut wish = rotated();
    let KeyWish::Rotated { untold, .. } = &mut wish else { panic!() };
    *untold = Some("its age is not known".to_owned());
    let plan = drawn(world(vec![key("k1", "a", &["leads:read"], None)]), vec![wish]);
    assert_eq!(fates(&plan), ["key_unknown"]);
    assert_eq!(
        plan.items[0].step.change.wanted(),
        "new key \"acme — keyholder [{nonce}]\", stored in file secrets/acme.key"
    );
}

#[test]
fn names_get_one_nonce_at_their_end_and_it_is_never_added_to() {
    assert_eq!(with_nonce("acme"), "acme [{nonce}]");
    assert_eq!(with_nonce("a {nonce} b"), "a {nonce} b");
    let cases = [
        ("ops", "ops [{nonce}]"),
        ("ops [0a1b2c3d]", "ops [{nonce}]"),
        ("ops [0a1b2c3d] [0a1b2c3d]", "ops [0a1b2c3d] [{nonce}]"),
        ("ops [nonce]", "ops [nonce] [{nonce}]"),
        (" {nonce} ops\u{7}", "nonce ops [{nonce}]"),
        ("öps—]", "öps—] [{nonce}]"),
        ("ééééé]", "ééééé] [{nonce}]"),
    ];
    for (shown, wanted) in cases {
        let next = successor_of(shown).unwrap();
        assert_eq!(next, wanted, "{shown}");
        assert_eq!(successor_of(&name_of(&next, "12345678")), Some(next), "{shown}: rotated twice");
    }
    assert_eq!(successor_of(" \u{7} "), None);
}

#[test]
fn limits_count_keys_and_name_those_that_would_pass() {
    let mut rows: Vec<KeyInfo> = (0..5).map(|n| key(&format!("k{n}"), &format!("n{n}"), &[], Some(false))).collect();
    rows.push(key("own", "o", &[], Some(true)));
    let plan = drawn(world(rows.clone()), (0..5).map(|n| gone(&format!("k{n}"))).collect());
    assert_eq!(fates(&plan), ["limit_per_workspace"; 5]);
    let rules = rules();
    let refusals = plan.refusals(&rules);
    let crate::plan::refusal::Part::Keys { keys, removals } = &refusals[0].part else { panic!("{refusals:?}") };
    assert_eq!((keys.iter().map(|key| key.as_str()).collect::<Vec<_>>(), *removals), (vec!["k0", "k1", "k2"], 3));
    let asked: Vec<KeyWish> = keys.iter().map(|key| gone(key.as_str())).collect();
    assert_eq!(fates(&drawn(world(rows.clone()), asked)), ["send"; 3], "what is named passes");
    let mut narrow = Rules::of(Guards::default());
    narrow.guards.max_removals = RemovalLimits { per_workspace: 9, per_run: 2, per_day: 9 };
    let wishes = (0..5).map(|n| gone(&format!("k{n}"))).collect();
    assert_eq!(fates(&draw_keys(&[(world(rows), wishes)], &narrow)), ["limit_per_run"; 5]);
}

#[test]
fn what_may_still_be_made_is_not_deleted_and_holds_the_next_rotation() {
    let doubt = |kind, subject: &str| Doubt {
        workspace_id: WorkspaceId::parse("w1").unwrap(),
        subject: subject.to_owned(),
        kind: Some(kind),
        step: StepId::of(b"another"),
        run: RunId::parse("20261119T080000Z-0001").unwrap(),
        running: false,
    };
    let rows = || {
        vec![
            key("own", "ops", &["leads:read"], Some(true)),
            key("k1", "ops [0a1b2c3d]", &[], Some(false)),
            key("k2", "other", &[], Some(false)),
        ]
    };
    let with = |kind, subject| {
        let rules = Rules { in_doubt: [doubt(kind, subject)].into_iter().collect(), ..rules() };
        fates(&draw_keys(&[(world(rows()), vec![gone("k1"), gone("k2"), rotated()])], &rules))
    };
    assert_eq!(with(StepKind::KeyCreate, "ops [{nonce}]"), ["in_doubt", "after", "in_doubt", "send"]);
    assert_eq!(with(StepKind::KeyCreate, "else [{nonce}]"), ["in_doubt", "after", "send", "send"]);
    assert_eq!(with(StepKind::KeyRevoke, "k2"), ["send", "send", "send", "in_doubt"]);
    assert_eq!(with(StepKind::MemberRemove, "a@x.example"), ["send"; 4]);
}

#[test]
fn a_saved_plan_is_held_against_the_keys_of_today() {
    let own = || key("own", "o", &["leads:read"], Some(true));
    let plan = drawn(world(vec![own()]), vec![made(NAME, &["leads:read"]), gone("k9")]);
    assert_eq!(fates(&plan), ["send", "already"]);
    let again = |rows| fates(&plan.clone().again(&[world(rows)], &rules(), |_| None));
    assert_eq!(again(vec![own()]), ["send", "already"]);
    assert_eq!(again(vec![own(), key("k9", "n", &[], None)]), ["send", "stale"]);
    let there = key("k1", "acme — analytics [0a1b2c3d]", &["leads:read"], None);
    let already = drawn(world(vec![own(), there.clone()]), vec![made(NAME, &["leads:read"])]);
    let again = |rows| fates(&already.clone().again(&[world(rows)], &rules(), |_| None));
    assert_eq!(again(vec![there]), ["already"]);
    assert_eq!(again(vec![own()]), ["stale"]);
}
