//! What a leaver's plan holds, in which order, and what is held and why.

use super::*;
use crate::domain::{Disposition, Guards, Member, Mode};
use crate::plan::members::tests::{member, observed};
use crate::plan::traces::tests::{campaign, cut, found, key, lead, list, made_key, user};
use crate::plan::{Plan, Rules, draw as draw_plan};

const ANN: &str = "ann@x.example";
const HEIR: &str = "heir@x.example";

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

fn rules() -> Rules {
    let mut rules = Rules::of(Guards { protected: [email("boss@x.example")].into(), ..Guards::default() });
    rules.guards.max_removals.per_workspace = 9;
    rules
}

fn to_heir() -> Leave {
    Leave { heir: Some(email(HEIR)), revoke_keys: true, ..Leave::default() }
}

fn left(who: &str, leave: Leave) -> Wish {
    Wish::Left { email: email(who), leave }
}

/// Ann, her heir, and the owner, whose accounts are `u-m1`, `u-m2` and `u-m3`.
fn rows() -> Vec<Member> {
    vec![member("m1", ANN, "editor"), member("m2", HEIR, "editor"), member("m3", "owner@x.example", "owner")]
}

fn belongings() -> Belongings {
    Belongings {
        accounts: [user("u-m1")].into(),
        campaigns: found(vec![campaign("c-2", Some("u-m1"), None), campaign("c-1", Some("u-m1"), None)]),
        lead_lists: found(vec![list("l-1", "u-m1")]),
        leads: found((0..214).map(|at| lead(&format!("lead-{at:03}"), "u-m1")).collect()),
        keys: found(vec![key("own", Some(true)), key("k-1", Some(false)), key("k-2", None)]),
        trail: found(vec![made_key("r-1", Some("u-m1"), &["k-1"])]),
        ..Belongings::default()
    }
}

fn world(rows: Vec<Member>, belongings: Belongings) -> Observed {
    Observed { belongings: Some(Box::new(belongings)), owner: Some(user("u-m3")), ..observed(rows) }
}

fn plan(world: Observed, wishes: Vec<Wish>) -> Plan {
    draw_plan(&[(world, wishes)], &rules())
}

fn told(plan: &Plan) -> Vec<String> {
    plan.items.iter().map(|item| item.step.change.wanted()).collect()
}

fn held(plan: &Plan) -> Vec<&'static str> {
    let reason = |item: &Item| match &item.disposition {
        Disposition::Held(held) => held.reason.as_str(),
        Disposition::Send => "send",
        Disposition::Already(_) => "already",
    };
    plan.items.iter().map(reason).collect()
}

fn first_held(plan: &Plan) -> Held {
    let held = plan.items.iter().find_map(|item| match &item.disposition {
        Disposition::Held(held) => Some(held.clone()),
        _ => None,
    });
    held.unwrap()
}

fn notes(plan: &Plan) -> Vec<&str> {
    plan.notes.iter().map(|note| note.text.as_str()).collect()
}

#[test]
fn what_is_theirs_is_handed_over_then_keys_then_the_membership() {
    let plan = plan(world(rows(), belongings()), vec![left(ANN, to_heir())]);
    let wanted = [
        "campaign \"campaign c-1\" to heir@x.example",
        "campaign \"campaign c-2\" to heir@x.example",
        "lead list \"list l-1\" to heir@x.example",
        "100 leads to heir@x.example",
        "100 leads to heir@x.example",
        "14 leads to heir@x.example",
        "key \"key k-1\" revoked",
        "absent",
    ];
    assert_eq!(told(&plan), wanted);
    assert_eq!(held(&plan), ["send"; 8]);
    assert_eq!((plan.removals(), plan.hand_overs(), plan.needs_typing()), (2, 6, true));
    let to_heir =
        |item: &&Item| matches!(&item.step.change, Change::HandOver { to: Some(to), .. } if *to == user("u-m2"));
    assert_eq!(plan.items.iter().filter(to_heir).count(), 6);
    assert_eq!(notes(&plan), ["leaves 1 key of unknown maker"]);
}

#[test]
fn over_all_people_of_a_workspace_access_goes_last() {
    let mut both = belongings();
    both.accounts.insert(user("u-m4"));
    both.campaigns.rows.push(campaign("c-9", Some("u-m4"), None));
    let mut rows = rows();
    rows.push(member("m4", "zoe@x.example", "view"));
    let plan = plan(world(rows, both), vec![left("zoe@x.example", to_heir()), left(ANN, to_heir())]);
    let kinds: Vec<&str> = plan.items.iter().map(|item| item.step.kind().as_str()).collect();
    let expected = [&["campaign.hand_over"; 2][..], &["lead_list.hand_over"], &["leads.reassign"; 3]];
    let expected = [expected.concat(), vec!["campaign.hand_over", "key.revoke", "member.remove", "member.remove"]];
    assert_eq!(kinds, expected.concat());
}

#[test]
fn the_member_items_are_those_of_somebody_who_should_be_absent() {
    for rows in [rows(), vec![], vec![member("m1", ANN, "owner")], vec![member("m1", ANN, "admin")]] {
        let of_rows = |wish| -> Vec<Item> {
            let plan = plan(world(rows.clone(), belongings()), vec![wish]);
            let of_rows = |item: &Item| !matches!(item.step.change, Change::HandOver { .. } | Change::Revoke { .. });
            plan.items.into_iter().filter(of_rows).collect()
        };
        assert_eq!(of_rows(left(ANN, to_heir())), of_rows(Wish::Absent { email: email(ANN) }));
    }
}

#[test]
fn without_an_heir_and_without_revoking_what_is_left_is_told_once() {
    let plan = plan(world(rows(), belongings()), vec![left(ANN, Leave::default())]);
    assert_eq!(told(&plan), ["absent"]);
    let text = "leaves 2 campaigns, 1 lead list, 214 leads, 1 key of theirs, 1 key of unknown maker; \
                hand over with --hand-over-to, revoke with --revoke-keys";
    assert_eq!(notes(&plan), [text]);
}

#[test]
fn who_cannot_inherit_holds_every_hand_over_and_not_the_membership() {
    let heirs: [(&str, Vec<Member>, &str); 5] = [
        ("nobody", vec![], "is not in this workspace"),
        ("invited", vec![Member { accepted: false, ..member("m2", HEIR, "view") }], "has not accepted"),
        ("unknown", vec![Member { user_id: None, ..member("m2", HEIR, "view") }], "no account"),
        ("two", vec![member("m2", HEIR, "view"), member("m4", HEIR, "view")], "several accounts"),
        (
            "ambiguous",
            vec![
                Member { user_email: Some(email(HEIR)), ..member("m2", "alias@x.example", "view") },
                member("m4", HEIR, "view"),
            ],
            "several accounts",
        ),
    ];
    for (name, heirs, why) in heirs {
        let rows = [vec![member("m1", ANN, "editor")], heirs].concat();
        let plan = plan(world(rows, belongings()), vec![left(ANN, to_heir())]);
        let expected = [&["heir_not_member"; 6][..], &["send"; 2]].concat();
        assert_eq!(held(&plan), expected, "{name}");
        let held = first_held(&plan);
        assert!(held.detail.contains(why), "{name}: {held}");
        assert!(held.remedy.contains("--hand-over-to"), "{}", held.remedy);
    }
}

#[test]
fn nobody_inherits_from_themselves_by_whichever_address() {
    let oneself = Leave { heir: Some(email("Ann@X.example")), ..Leave::default() };
    let itself = plan(world(rows(), belongings()), vec![left(ANN, oneself)]);
    assert_eq!(held(&itself)[0], "heir_not_member");
    assert!(first_held(&itself).detail.contains("is who leaves it"));

    let alias = Member { user_id: Some(user("u-m1")), ..member("m2", HEIR, "editor") };
    let shared = plan(world(vec![member("m1", ANN, "editor"), alias], belongings()), vec![left(ANN, to_heir())]);
    assert!(held(&shared)[..6].iter().all(|reason| *reason != "send"), "{:?}", held(&shared));
}

#[test]
fn an_heir_who_leaves_as_well_inherits_nothing() {
    for other in [Wish::Absent { email: email(HEIR) }, left(HEIR, Leave::default())] {
        let plan = plan(world(rows(), belongings()), vec![other, left(ANN, to_heir())]);
        assert_eq!(held(&plan)[..6], ["heir_not_member"; 6]);
        assert!(first_held(&plan).detail.contains("is to leave this workspace as well"));
    }
}

#[test]
fn what_another_row_shares_the_account_of_is_nobodys_alone() {
    let other = Member { user_id: Some(user("u-m1")), ..member("m4", "other@x.example", "view") };
    let plan = plan(world([rows(), vec![other]].concat(), belongings()), vec![left(ANN, to_heir())]);
    let expected = [&["ambiguous_person"; 7][..], &["send"]].concat();
    assert_eq!(held(&plan), expected);
    assert!(first_held(&plan).detail.contains("other@x.example"));
}

#[test]
fn nothing_of_an_ambiguous_person_is_touched_even_by_an_account_the_ledger_knows() {
    let alias = Member { user_email: Some(email(ANN)), ..member("m5", "alias@x.example", "view") };
    let leave = Leave { known_accounts: [user("u-old")].into(), ..to_heir() };
    let mut theirs = belongings();
    theirs.accounts = [user("u-old")].into();
    theirs.campaigns = found(vec![campaign("c-1", Some("u-old"), None)]);
    let plan = plan(world([rows(), vec![alias]].concat(), theirs), vec![left(ANN, leave)]);
    assert_eq!((plan.sends(), held(&plan)), (0, vec!["ambiguous_person"; 3]));
    assert!(notes(&plan).iter().any(|note| note.contains("which account is theirs")));
}

#[test]
fn who_is_gone_is_found_by_an_account_the_ledger_knows() {
    let leave = Leave { known_accounts: [user("u-m1")].into(), ..to_heir() };
    let plan = plan(world(vec![member("m2", HEIR, "editor")], belongings()), vec![left(ANN, leave)]);
    assert_eq!(held(&plan), [&["send"; 7][..], &["already"]].concat());
}

#[test]
fn a_listing_that_broke_off_holds_what_rests_on_it_and_leads_that_were_seen_go() {
    let reasons = |change: fn(&mut Belongings)| {
        let mut broken = belongings();
        change(&mut broken);
        let plan = plan(world(rows(), broken), vec![left(ANN, to_heir())]);
        let not_sent: Vec<String> = plan
            .items
            .iter()
            .filter_map(|item| match &item.disposition {
                Disposition::Held(held) => Some(format!("{} {}", item.step.kind(), held.detail)),
                _ => None,
            })
            .collect();
        (not_sent, plan.notes)
    };
    let (campaigns, _) = reasons(|b| b.campaigns = cut(std::mem::take(&mut b.campaigns.rows)));
    assert_eq!(campaigns.len(), 2);
    assert!(campaigns[0].starts_with("campaign.hand_over the listing `campaigns`"), "{campaigns:?}");
    let (lists, _) = reasons(|b| b.lead_lists = cut(std::mem::take(&mut b.lead_lists.rows)));
    assert!(lists.len() == 1 && lists[0].contains("`lead-lists`"), "{lists:?}");
    let (keys, _) = reasons(|b| b.keys = cut(std::mem::take(&mut b.keys.rows)));
    assert!(keys.len() == 1 && keys[0].contains("`api-keys`"), "{keys:?}");
    let (trail, _) = reasons(|b| b.trail = cut(std::mem::take(&mut b.trail.rows)));
    assert!(
        trail.len() == 1 && trail[0].contains("`audit-logs`"),
        "a second record could name another maker: {trail:?}"
    );
    let (leads, notes) = reasons(|b| b.leads = cut(std::mem::take(&mut b.leads.rows)));
    assert_eq!(leads, Vec::<String>::new());
    assert!(notes.iter().any(|note| note.text.contains("more may remain")), "{notes:?}");
    let (empty, notes) = reasons(|b| b.campaigns = cut(Vec::new()));
    assert!(empty.is_empty() && notes.iter().any(|note| note.text.contains("campaigns (a cursor came twice)")));
}

#[test]
fn the_key_in_use_is_never_revoked_and_where_it_cannot_be_told_none_is() {
    let reason = |keys, acts_as| {
        let theirs = Belongings { keys, campaigns: found(vec![]), ..belongings() };
        let world = Observed { acts_as, ..world(rows(), theirs) };
        let leave = Leave { revoke_keys: true, ..Leave::default() };
        held(&plan(world, vec![left(ANN, leave)]))[0]
    };
    assert_eq!(reason(found(vec![key("k-1", Some(true))]), false), "key_in_use");
    assert_eq!(reason(found(vec![key("k-1", None)]), false), "key_in_use");
    assert_eq!(reason(found(vec![key("own", Some(true)), key("k-1", None)]), false), "send");
    assert_eq!(reason(found(vec![key("k-1", Some(false))]), true), "send");
    assert_eq!(reason(found(vec![key("k-1", None)]), true), "key_in_use");
}

/// A change to a world.
type Meddling<'a> = &'a dyn Fn(&mut Observed);

#[test]
fn nothing_of_the_owner_or_a_protected_person_is_taken() {
    let owner = |world: &mut Observed| world.owner = Some(user("u-m1"));
    let role = |world: &mut Observed| world.members[0] = member("m1", ANN, "owner");
    let boss = |world: &mut Observed| world.members[0].user_email = Some(email("boss@x.example"));
    let account = |world: &mut Observed| {
        let bosses = Member { user_id: Some(user("u-m1")), ..member("m7", "boss@x.example", "view") };
        world.members.push(bosses);
    };
    let cases: [(&str, Meddling<'_>); 4] =
        [("owner", &owner), ("owner", &role), ("protected", &boss), ("protected", &account)];
    for (reason, change) in cases {
        let mut world = world(rows(), belongings());
        change(&mut world);
        assert_eq!(held(&plan(world, vec![left(ANN, to_heir())])), [reason; 8], "{reason}");
    }
    // Gone already, and known to the ledger by the owner's account.
    let leave = Leave { known_accounts: [user("u-m1")].into(), ..to_heir() };
    let mut gone = world(vec![member("m2", HEIR, "editor")], belongings());
    gone.owner = Some(user("u-m1"));
    assert_eq!(held(&plan(gone, vec![left(ANN, leave)]))[..7], ["owner"; 7]);
}

#[test]
fn whose_key_it_is_is_asked_at_the_moment_of_sending_too_where_no_trail_is_at_hand() {
    // Ann is gone; the ledger knows her account.
    let leave = Leave { known_accounts: [user("u-m1")].into(), ..to_heir() };
    let gone = plan(world(rows()[1..].to_vec(), belongings()), vec![left(ANN, leave)]);
    let step = gone.items.iter().map(|item| &item.step).find(|step| matches!(step.change, Change::Revoke { .. }));
    let told = |observed: Observed| rules().judge(step.unwrap(), &observed, 0).map(|held| held.reason);
    let there = |more: Member| observed([&rows()[1..], &[more]].concat());
    assert_eq!(told(observed(rows()[1..].to_vec())), None);
    assert_eq!(told(Observed { owner: Some(user("u-m1")), ..observed(vec![]) }), Some(HeldReason::Owner));
    assert_eq!(told(there(member("m1", "boss@x.example", "view"))), Some(HeldReason::Protected));
    assert_eq!(told(there(member("m1", "bo@x.example", "view"))), Some(HeldReason::AmbiguousPerson));
}

#[test]
fn only_manage_takes_anything() {
    for mode in [Mode::AddOnly, Mode::Observe, Mode::Off] {
        let world = Observed { mode, ..world(rows(), belongings()) };
        assert_eq!(held(&plan(world, vec![left(ANN, to_heir())])), ["mode"; 8]);
    }
}

#[test]
fn until_their_last_day_is_over_everything_is_held_and_what_is_already_so_stays_so() {
    let leave = || Leave { until: Some(jiff::civil::date(2026, 12, 31)), ..to_heir() };
    let leaver = plan(world(rows(), belongings()), vec![left(ANN, leave())]);
    assert_eq!(held(&leaver), ["last_day"; 8]);
    let told = first_held(&leaver);
    assert_eq!(told.detail, "their last day is 2026-12-31");
    assert_eq!(told.remedy, "run the command again from 2027-01-01 (UTC)");
    let gone = plan(observed(vec![]), vec![left(ANN, leave())]);
    assert_eq!(held(&gone), ["already"]);

    // Who may not go at all is told so today.
    let mut owner = world(rows(), belongings());
    owner.owner = Some(user("u-m1"));
    assert_eq!(held(&plan(owner, vec![left(ANN, leave())])), ["owner"; 8]);
}

#[test]
fn revocations_count_against_the_limits_of_removals_and_who_stays_for_a_limit_keeps_what_is_theirs() {
    for word in ["limit_per_workspace", "limit_per_run", "limit_per_day"] {
        let mut few = rules();
        let limits = &mut few.guards.max_removals;
        match word {
            "limit_per_workspace" => limits.per_workspace = 1,
            "limit_per_run" => limits.per_run = 1,
            _ => limits.per_day = 1,
        }
        let plan = draw_plan(&[(world(rows(), belongings()), vec![left(ANN, to_heir())])], &few);
        assert_eq!((held(&plan), plan.sends(), plan.needs_typing()), (vec![word; 8], 0, false));

        // Who bears another address here is the same person, by the account.
        let mut alias = rows();
        alias[0].email = email("alias@x.example");
        alias[0].user_email = Some(email(ANN));
        let plan = draw_plan(&[(world(alias, belongings()), vec![left(ANN, to_heir())])], &few);
        assert_eq!(held(&plan), vec![word; 8]);
    }
}

#[test]
fn whose_membership_no_limit_holds_is_handed_over_from() {
    let mut few = rules();
    few.guards.max_removals.per_workspace = 0;
    // Ann is gone, and what the ledger knows to be hers is handed over; Bo stays for the limit.
    let mut rows = rows();
    rows[0] = member("m4", "bo@x.example", "view");
    let leave = Leave { known_accounts: [user("u-m1")].into(), revoke_keys: false, ..to_heir() };
    let wishes = vec![left(ANN, leave), left("bo@x.example", Leave::default())];
    let plan = draw_plan(&[(world(rows, belongings()), wishes)], &few);
    let expected = [&["send"; 6][..], &["already", "limit_per_workspace"]].concat();
    assert_eq!(held(&plan), expected);
}

#[test]
fn two_addresses_of_one_leaver_take_each_thing_once() {
    let mut rows = rows();
    rows[0].user_email = Some(email("ann.account@x.example"));
    let both = vec![left(ANN, to_heir()), left("ann.account@x.example", to_heir())];
    let once = plan(world(rows.clone(), belongings()), both);
    assert_eq!((once.items.len(), once.sends()), (8, 8));

    rows.push(member("m6", "second@x.example", "view"));
    let second = Leave { heir: Some(email("second@x.example")), ..Leave::default() };
    let torn = vec![left(ANN, to_heir()), left("ann.account@x.example", second)];
    let torn = plan(world(rows, belongings()), torn);
    let to = |who: &str| {
        let is = |item: &&Item| matches!(&item.step.change, Change::HandOver { heir, .. } if heir.as_str() == who);
        torn.items.iter().filter(is).filter(|item| item.sends()).count()
    };
    assert_eq!((to("second@x.example"), to(HEIR)), (6, 0), "what is promised to one goes to nobody else");
    assert_eq!(torn.hand_overs(), 6);
}

#[test]
fn without_an_account_nothing_is_looked_for_and_that_is_said() {
    let invited = Member { user_id: None, accepted: false, ..member("m1", ANN, "view") };
    let plan = plan(observed(vec![invited]), vec![left(ANN, to_heir())]);
    assert_eq!(
        (told(&plan), notes(&plan)),
        (vec!["absent".to_owned()], vec!["what they own could not be looked for: no account of theirs is known here"])
    );
}
