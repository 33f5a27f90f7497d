//! Addresses that look alike: none ever stands for another person. A table of pairs, and changes at random, both through the whole planner.
//!
//! What the API itself could fold (an invited full-width address that equals an account's) is not ours to guess.

use keyholder::domain::{
    Campaign, CampaignId, Change, Disposition, Email, Guards, KeyId, KeyInfo, Lead, LeadId, LeadList, LeadListId,
    Member, MemberId, Mode, Role, TrailRecord, UserId, WorkspaceId, WorkspaceName,
};
use keyholder::plan::{Belongings, Found, Leave, Observed, Plan, Rules, Traces, Wish, draw};
use proptest::prelude::*;

const SAME: bool = true;
const OTHER: bool = false;

/// Two addresses as the API or a person could write them, and whether they are one person's: after trimming ASCII blanks and
/// ASCII-lowercasing they must be the same bytes.
const PAIRS: &[(&str, &str, bool, &str)] = &[
    ("ann@agency.example", "ann@agency.example", SAME, "itself"),
    ("ann@agency.example", "Ann@agency.example", SAME, "case of the local part"),
    ("ann@agency.example", "ANN@AGENCY.EXAMPLE", SAME, "case of everything"),
    ("ann@agency.example", "ann@Agency.Example", SAME, "case of the domain"),
    ("ann@agency.example", " ann@agency.example", SAME, "a blank before"),
    ("ann@agency.example", "ann@agency.example ", SAME, "a blank after"),
    ("ann@agency.example", "\tann@agency.example\r\n", SAME, "tab and line end around"),
    ("jürgen@agency.example", "Jürgen@AGENCY.example", SAME, "case of the ASCII letters of a non-ASCII address"),
    ("ann@agency.example", "ann@agency.example\u{a0}", OTHER, "no-break space after"),
    ("ann@agency.example", "\u{3000}ann@agency.example", OTHER, "ideographic space before"),
    ("ann@agency.example", "ann@agency.example\u{2003}", OTHER, "em space after"),
    ("ann@agency.example", "an n@agency.example", OTHER, "a blank within"),
    ("ida@agency.example", "ıda@agency.example", OTHER, "dotless i"),
    ("ida@agency.example", "İda@agency.example", OTHER, "dotted capital I"),
    ("İda@agency.example", "i\u{307}da@agency.example", OTHER, "dotted capital I and its full lower case"),
    ("kim@agency.example", "\u{212a}im@agency.example", OTHER, "Kelvin sign"),
    ("åsa@agency.example", "\u{212b}sa@agency.example", OTHER, "Angstrom sign"),
    ("sam@agency.example", "\u{17f}am@agency.example", OTHER, "long s"),
    ("ann@agency.example", "ａnn@agency.example", OTHER, "full-width letter"),
    ("ann@agency.example", "ａｎｎ＠ａｇｅｎｃｙ．ｅｘａｍｐｌｅ", OTHER, "everything full-width"),
    ("ann@agency.example", "ann@agency．example", OTHER, "full-width dot"),
    ("ann@agency.example", "ann@agency。example", OTHER, "ideographic full stop"),
    ("ann@agency.example", "ann＠agency.example", OTHER, "full-width at"),
    ("ann@agency.example", "ann﹫agency.example", OTHER, "small at"),
    ("ann@agency.example", "аnn@agency.example", OTHER, "Cyrillic a"),
    ("ann@agency.example", "ann@аgency.example", OTHER, "Cyrillic a in the domain"),
    ("peter@agency.example", "реter@agency.example", OTHER, "Cyrillic er and ie"),
    ("cora@agency.example", "сora@agency.example", OTHER, "Cyrillic es"),
    ("oscar@agency.example", "οscar@agency.example", OTHER, "Greek omicron"),
    ("vera@agency.example", "νera@agency.example", OTHER, "Greek nu"),
    ("ann@agency.example", "αnn@agency.example", OTHER, "Greek alpha"),
    ("jo@agency.example", "ϳo@agency.example", OTHER, "Greek yot"),
    ("ida@agency.example", "іda@agency.example", OTHER, "Ukrainian i"),
    ("ann@agency.example", "ann@agеncy.example", OTHER, "Cyrillic ie in the domain"),
    ("gina@agency.example", "ɡina@agency.example", OTHER, "script g"),
    ("ann@agency.example", "𝐚nn@agency.example", OTHER, "mathematical bold a"),
    ("ann@agency.example", "ⓐnn@agency.example", OTHER, "circled a"),
    ("ann@agency.example", "ᵃnn@agency.example", OTHER, "superscript a"),
    ("zoé@agency.example", "zoe\u{301}@agency.example", OTHER, "composed and decomposed accent"),
    ("jürgen@agency.example", "ju\u{308}rgen@agency.example", OTHER, "composed and decomposed umlaut"),
    ("jürgen@agency.example", "jurgen@agency.example", OTHER, "umlaut and none"),
    ("jürgen@agency.example", "juergen@agency.example", OTHER, "umlaut spelled out"),
    ("jürgen@agency.example", "JÜRGEN@agency.example", OTHER, "case of a non-ASCII letter"),
    ("ann@agency.example", "ann\u{301}@agency.example", OTHER, "a combining mark more"),
    ("strauß@agency.example", "strauss@agency.example", OTHER, "sharp s and ss"),
    ("strauß@agency.example", "STRAUẞ@agency.example", OTHER, "sharp s and its capital"),
    ("ann@straße.example", "ann@strasse.example", OTHER, "sharp s in the domain"),
    ("fiona@agency.example", "ﬁona@agency.example", OTHER, "fi ligature"),
    ("geoff@agency.example", "geoﬀ@agency.example", OTHER, "ff ligature"),
    ("aesop@agency.example", "æsop@agency.example", OTHER, "ae ligature"),
    ("sigma@agency.example", "ѕigma@agency.example", OTHER, "Cyrillic dze"),
    ("νίκος@agency.example", "νίκοσ@agency.example", OTHER, "final and middle sigma"),
    ("ann@agency.example", "an\u{200b}n@agency.example", OTHER, "zero-width space"),
    ("ann@agency.example", "an\u{200c}n@agency.example", OTHER, "zero-width non-joiner"),
    ("ann@agency.example", "an\u{200d}n@agency.example", OTHER, "zero-width joiner"),
    ("ann@agency.example", "\u{feff}ann@agency.example", OTHER, "byte order mark"),
    ("ann@agency.example", "an\u{2060}n@agency.example", OTHER, "word joiner"),
    ("ann@agency.example", "ann\u{ad}@agency.example", OTHER, "soft hyphen"),
    ("ann@agency.example", "ann@agency.example\u{200b}", OTHER, "zero-width space after"),
    ("ann@agency.example", "\u{200f}ann@agency.example", OTHER, "right-to-left mark"),
    ("ann@agency.example", "\u{202e}nna@agency.example", OTHER, "right-to-left override"),
    ("ann@agency.example", "\u{2066}ann@agency.example\u{2069}", OTHER, "isolate marks"),
    ("ann@agency.example", "ann\u{fe0f}@agency.example", OTHER, "variation selector"),
    ("ann@agency.example", "ann\u{0}@agency.example", OTHER, "a NUL"),
    ("ann@agency.example", "ann@agency.example.", OTHER, "trailing dot"),
    ("ann@agency.example", "ann.@agency.example", OTHER, "trailing dot of the local part"),
    ("ann@agency.example", "ann+crm@agency.example", OTHER, "plus tag"),
    ("ann+a@agency.example", "ann+b@agency.example", OTHER, "two plus tags"),
    ("ann@agency.example", "ann-crm@agency.example", OTHER, "minus tag"),
    ("ann.lee@agency.example", "annlee@agency.example", OTHER, "dots in the local part"),
    ("ann.lee@agency.example", "ann..lee@agency.example", OTHER, "two dots"),
    ("ann.lee@agency.example", "ann_lee@agency.example", OTHER, "underscore"),
    ("ann-lee@agency.example", "ann‐lee@agency.example", OTHER, "another hyphen"),
    ("ann-lee@agency.example", "ann–lee@agency.example", OTHER, "a dash"),
    ("ann@agency.example", "\"ann\"@agency.example", OTHER, "quotes"),
    ("o'neil@agency.example", "o’neil@agency.example", OTHER, "another apostrophe"),
    ("ann@agency.example", "a%6en@agency.example", OTHER, "percent-encoding"),
    ("ann@agency.example", "ann%40agency.example", OTHER, "percent-encoded at"),
    ("ann@agency.example", "ann@agency%2eexample", OTHER, "percent-encoded dot"),
    ("ann@agency.example", "&#97;nn@agency.example", OTHER, "character reference"),
    ("ann@agency.example", "mailto:ann@agency.example", OTHER, "a scheme"),
    ("ann@agency.example", "<ann@agency.example>", OTHER, "angle brackets"),
    ("ann@agency.example", "Ann <ann@agency.example>", OTHER, "a name before"),
    ("ann@agency.example", "ann(crm)@agency.example", OTHER, "a comment"),
    ("ann@bücher.example", "ann@xn--bcher-kva.example", OTHER, "unicode and punycode domain"),
    ("ann@agency.example", "ann@mail.agency.example", OTHER, "sub-domain"),
    ("ann@agency.example", "ann@www.agency.example", OTHER, "www"),
    ("ann@agency.example", "ann@agency.example.org", OTHER, "another top"),
    ("ann@agency.example", "ann@agency.exampie", OTHER, "similar top"),
    ("ann@agency.example", "ann@agency.examp1e", OTHER, "one for l"),
    ("ann@agency.example", "ann@agency-example.example", OTHER, "hyphen for dot"),
    ("olga@agency.example", "0lga@agency.example", OTHER, "zero for o"),
    ("liam@agency.example", "Iiam@agency.example", OTHER, "capital i for l"),
    ("ann@modern.example", "ann@modem.example", OTHER, "r n for m"),
    ("ann@agency.example", "ann@agency.example,bob@agency.example", OTHER, "two addresses"),
    ("ann@agency.example", "ann@agency.example;", OTHER, "a semicolon"),
    ("ann@agency.example", "ann@@agency.example", OTHER, "two ats"),
    ("ann@agency.example", "annn@agency.example", OTHER, "a letter more"),
    ("ann@agency.example", "nan@agency.example", OTHER, "letters swapped"),
];

fn user(id: &str) -> UserId {
    UserId::parse(id).unwrap()
}

fn row(id: &str, address: &str) -> Member {
    Member {
        id: MemberId::parse(id).unwrap(),
        email: Email::observed(address),
        user_id: Some(user(&format!("u-{id}"))),
        user_email: None,
        role: Role::Editor,
        permissions: None,
        accepted: true,
        nickname: None,
        name: None,
        issuer_id: None,
        timestamp_created: "2026-01-01T00:00:00Z".to_owned(),
        workspace_id: WorkspaceId::parse("w-1").unwrap(),
    }
}

fn found<T>(rows: Vec<T>) -> Found<T> {
    Found { rows, incomplete: None }
}

/// A workspace with the first address in row `one`, the second in row `two`, and the same belongings for both.
fn world(one: &str, two: &str) -> Observed {
    const BOTH: [&str; 2] = ["one", "two"];
    let key = |id: &str, in_use| KeyInfo {
        id: KeyId::parse(id).unwrap(),
        name: id.to_owned(),
        scopes: Vec::new(),
        created: "2026-08-01T00:00:00Z".to_owned(),
        in_use: Some(in_use),
    };
    let made = |who: &str| TrailRecord {
        user_name: None,
        name: None,
        id: format!("r-{who}"),
        at: "2026-08-01T00:00:00Z".to_owned(),
        activity: 37,
        user_id: Some(user(&format!("u-{who}"))),
        api_key_id: None,
        webhook_id: None,
        affected: None,
        named: vec![format!("k-{who}")],
    };
    let own = |who: &str| Some(user(&format!("u-{who}")));
    let belongings = Belongings {
        accounts: BOTH.iter().map(|who| user(&format!("u-{who}"))).collect(),
        campaigns: found(
            BOTH.map(|who| Campaign {
                status: Some(1),
                owned_by: own(who),
                created_by: own(who),
                ..Campaign::of(CampaignId::parse(&format!("c-{who}")).unwrap(), "Spring")
            })
            .to_vec(),
        ),
        lead_lists: found(
            BOTH.map(|who| LeadList {
                id: LeadListId::parse(&format!("l-{who}")).unwrap(),
                name: "Spring".to_owned(),
                owned_by: own(who),
                created: None,
                enrichment: None,
            })
            .to_vec(),
        ),
        leads: found(
            BOTH.map(|who| Lead { id: LeadId::parse(&format!("lead-{who}")).unwrap(), assigned_to: own(who) }).to_vec(),
        ),
        keys: found(vec![key("k-one", false), key("k-two", false), key("k-own", true)]),
        trail: found(BOTH.map(made).to_vec()),
        ..Belongings::default()
    };
    Observed {
        workspace: WorkspaceName::parse("client-1").unwrap(),
        id: WorkspaceId::parse("w-1").unwrap(),
        mode: Mode::Manage,
        owner: Some(user("u-owner")),
        members: vec![row("one", one), row("two", two), row("heir", "heir@agency.example")],
        incomplete: None,
        acts_as: false,
        belongings: Some(Box::new(belongings)),
        tagging: None,
        links: None,
    }
}

fn rules() -> Rules {
    let mut guards = Guards::default();
    guards.max_removals.per_workspace = 99;
    Rules::of(guards)
}

fn leave(world: Observed, who: &Email, heir: &str) -> Plan {
    let leave = Leave { heir: Some(Email::observed(heir)), revoke_keys: true, ..Leave::default() };
    draw(&[(world, vec![Wish::Left { email: who.clone(), leave }])], &rules())
}

/// Everything a plan sends, each with the row, thing or key it takes.
fn taken(plan: &Plan) -> Vec<String> {
    plan.items
        .iter()
        .filter(|item| item.sends())
        .map(|item| serde_json::to_string(&item.step.change).unwrap())
        .collect()
}

/// Asks for one of two addresses to leave, and checks what becomes of the other one.
fn check(one: &str, two: &str, same: bool, why: &str) {
    assert_eq!(Email::observed(one) == Email::observed(two), same, "{why}");
    let asked = Email::observed(one);
    if let Ok(typed) = Email::parse(one) {
        assert_eq!(typed, asked, "{why}: typed and observed are read alike");
    }
    let plan = leave(world(one, two), &asked, "heir@agency.example");
    let takes = |who: &str| taken(&plan).iter().filter(|change| change.contains(&format!("-{who}\""))).count();
    let removes = |who: &str| {
        let is = |item: &&keyholder::plan::Item| {
            item.sends() && matches!(&item.step.change, Change::Remove { member, .. } if member.as_str() == who)
        };
        plan.items.iter().filter(is).count()
    };
    // A campaign, a lead list and a lead, and a key; then the row.
    assert_eq!((takes("one"), removes("one")), (4, 1), "{why}: {plan:#?}");
    assert_eq!((takes("two"), removes("two")), if same { (4, 1) } else { (0, 0) }, "{why}: {plan:#?}");
    assert_eq!(
        (takes("heir"), removes("heir"), takes("own")),
        (4 * (1 + usize::from(same)) - 1 - usize::from(same), 0, 0),
        "{why}"
    );

    let traces = Traces::of(&world(one, two), &asked, &[].into());
    assert_eq!(traces.rows.len(), 1 + usize::from(same), "{why}");
    assert_eq!(traces.campaigns.len() + traces.keys.len(), 2 * (1 + usize::from(same)), "{why}");

    // Nobody inherits for looking like somebody.
    let to_look_alike =
        leave(world("ann.elsewhere@agency.example", two), &Email::observed("ann.elsewhere@agency.example"), one);
    let refused = to_look_alike.items.iter().filter(
        |item| matches!(&item.disposition, Disposition::Held(held) if held.reason.as_str() == "heir_not_member"),
    );
    assert_eq!((refused.count(), to_look_alike.hand_overs()), if same { (0, 3) } else { (3, 0) }, "{why}: as heir");

    // Nor is anybody protected, or found, by an account's address that only looks alike.
    let mut by_account = world("ann.elsewhere@agency.example", "ann.other@agency.example");
    by_account.members[1].user_email = Some(Email::observed(two));
    let plan = leave(by_account, &asked, "heir@agency.example");
    assert_eq!(plan.sends(), if same { 5 } else { 0 }, "{why}: by the account's address");
}

#[test]
fn a_table_of_look_alikes_says_who_is_who_both_ways() {
    assert!(PAIRS.len() >= 60);
    for (one, two, same, why) in PAIRS {
        check(one, two, *same, why);
        check(two, one, *same, why);
    }
}

#[test]
fn no_two_pairs_of_the_table_are_one() {
    let pairs: std::collections::BTreeSet<_> = PAIRS.iter().map(|(one, two, ..)| (one, two)).collect();
    assert_eq!(pairs.len(), PAIRS.len());
    for (one, two, same, why) in PAIRS {
        assert!(one != two || *why == "itself", "{why}");
        let folded = |text: &str| {
            text.trim_matches([' ', '\t', '\r', '\n']).bytes().map(|b| b.to_ascii_lowercase()).collect::<Vec<_>>()
        };
        assert_eq!(folded(one) == folded(two), *same, "{why}: the table contradicts the rule");
    }
}

/// What can stand in the place of a letter so that people read the same.
fn look_alikes(letter: char) -> Vec<String> {
    let known: &[&str] = match letter {
        'a' => &["а", "α", "ａ", "𝐚", "á", "a\u{301}", "@"],
        'b' => &["Ь", "ｂ", "𝐛"],
        'e' => &["е", "ｅ", "é", "e\u{301}", "℮"],
        'i' => &["ı", "і", "ｉ", "l", "1", "İ"],
        'l' => &["1", "I", "ｌ", "ⅼ"],
        'n' => &["ｎ", "ո", "ñ", "m"],
        'o' => &["0", "о", "ο", "ｏ", "ö"],
        's' => &["ѕ", "ſ", "ｓ", "5"],
        'k' => &["\u{212a}", "κ", "ｋ"],
        '.' => &["．", "。", "..", "", "·"],
        '@' => &["＠", "﹫", "@@"],
        '-' => &["‐", "–", "_"],
        _ => &[],
    };
    let hidden = ["\u{200b}", "\u{200d}", "\u{ad}", "\u{2060}", "\u{fe0f}", "\u{a0}", "\u{200f}"];
    let hidden = hidden.iter().flat_map(|mark| [format!("{letter}{mark}"), format!("{mark}{letter}")]);
    let upper: String = letter.to_uppercase().collect();
    known
        .iter()
        .map(|text| (*text).to_owned())
        .chain(hidden)
        .chain([upper, format!("{letter}{letter}"), String::new()])
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_address_changed_at_random_is_somebody_else_but_for_ascii_case_and_blanks(
        address in "[a-z]{1,3}[.-]?[a-z0-9]{1,6}@[a-z]{1,6}[.-]?[a-z]{1,4}\\.example",
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<proptest::sample::Index>()), 1..4),
        around in (select_blank(), select_blank()),
    ) {
        let mut letters: Vec<String> = address.chars().map(String::from).collect();
        for (place, which) in changes {
            let place = place.index(letters.len());
            let Some(letter) = letters[place].chars().next().filter(|_| letters[place].chars().count() == 1) else { continue };
            let others = look_alikes(letter);
            letters[place].clone_from(&others[which.index(others.len())]);
        }
        let other = format!("{}{}{}", around.0, letters.concat(), around.1);
        let folded = |text: &str| text.trim_matches([' ', '\t']).bytes().map(|b| b.to_ascii_lowercase()).collect::<Vec<_>>();
        prop_assume!(folded(&other) != b"heir@agency.example" && !folded(&other).is_empty());
        let same = folded(&address) == folded(&other);
        check(&address, &other, same, &format!("{address:?} {other:?}"));
        check(&other, &address, same, &format!("{other:?} {address:?}"));
    }
}

fn select_blank() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(&["", "", "", " ", "\t", " \t "][..])
}
