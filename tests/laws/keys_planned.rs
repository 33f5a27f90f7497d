//! Plans about keys: the order of what is wished does not matter, the key in use is never among what goes, and a plan that was applied leaves
//! nothing to do.

use keyholder::domain::fleet::RemovalLimits;
use keyholder::domain::{Change, Disposition, Guards, Keep, KeyId, KeyInfo, Mode, WorkspaceId, WorkspaceName, scope};
use keyholder::plan::keys::{bears, name_of};
use keyholder::plan::{Belongings, Found, KeyWish, Observed, Plan, Rules, draw_keys};
use proptest::prelude::*;
use proptest::sample::select;

const NAMES: [&str; 5] = ["ops", "ops [0a1b2c3d]", "zapier", "ops [{nonce}]", "é]"];
const TEMPLATES: [&str; 3] = ["ops [{nonce}]", "zapier [{nonce}]", "{nonce}"];
const SCOPES: [&str; 4] = ["leads:read", "leads:all", "campaigns:read", "made-up:read"];
const MODES: [Mode; 4] = [Mode::Off, Mode::Observe, Mode::AddOnly, Mode::Manage];

/// How a list shows secrets, and whether the key in use is known all the same.
#[derive(Debug, Clone, Copy)]
struct Shown {
    whole: bool,
    known: bool,
    acts_as: bool,
}

fn scopes() -> impl Strategy<Value = Vec<String>> {
    proptest::sample::subsequence(SCOPES.to_vec(), 0..3).prop_map(|all| all.into_iter().map(str::to_owned).collect())
}

fn keys() -> impl Strategy<Value = Vec<(String, Vec<String>)>> {
    proptest::collection::vec((select(&NAMES[..]).prop_map(str::to_owned), scopes()), 1..6)
}

fn shown() -> impl Strategy<Value = Shown> {
    (any::<bool>(), any::<bool>(), proptest::bool::weighted(0.2)).prop_map(|(whole, known, acts_as)| Shown {
        whole,
        known,
        acts_as,
    })
}

/// A workspace whose key in use is the first one, unless it is reached with another one's: then it is none of them.
fn world(keys: &[(String, Vec<String>)], shown: Shown, mode: Mode, cut: bool) -> Observed {
    let row = |(place, (name, scopes)): (usize, &(String, Vec<String>))| {
        let own = place == 0 && !shown.acts_as;
        let told = shown.whole || shown.known && !shown.acts_as;
        KeyInfo {
            id: KeyId::parse(&format!("k-{place}")).unwrap(),
            name: name.clone(),
            scopes: scopes.clone(),
            created: "2026-08-01T00:00:00Z".to_owned(),
            in_use: told.then_some(own),
        }
    };
    let found = Found {
        rows: keys.iter().enumerate().map(row).collect(),
        incomplete: cut.then(|| "a cursor came twice".to_owned()),
    };
    Observed {
        workspace: WorkspaceName::parse("acme").unwrap(),
        id: WorkspaceId::parse("w-1").unwrap(),
        mode,
        owner: None,
        members: Vec::new(),
        incomplete: Some("not read".to_owned()),
        acts_as: shown.acts_as,
        belongings: Some(Box::new(Belongings { keys: found, ..Belongings::default() })),
        tagging: None,
        links: None,
    }
}

fn wish() -> impl Strategy<Value = KeyWish> {
    let made = (select(&TEMPLATES[..]), scopes()).prop_map(|(name, scopes)| KeyWish::Made {
        name: name.to_owned(),
        scopes,
        keep: Keep::Shown,
    });
    let revoked = (0..7_usize).prop_map(|place| KeyWish::Revoked {
        key: KeyId::parse(&format!("k-{place}")).unwrap(),
        name: String::new(),
        why: String::new(),
    });
    let rotated = (proptest::option::of(scopes()), any::<bool>()).prop_map(|(scopes, place)| KeyWish::Rotated {
        fingerprint: "k:0a1b2c3d".to_owned(),
        scopes,
        name: None,
        otherwise: "acme [{nonce}]".to_owned(),
        place: if place { Ok("file a.key".to_owned()) } else { Err("no place".to_owned()) },
        needs: vec![vec!["leads:read".to_owned(), "leads:all".to_owned()]],
        untold: None,
    });
    prop_oneof![3 => made, 4 => revoked, 1 => rotated]
}

fn rules() -> Rules {
    let max_removals = RemovalLimits { per_workspace: 99, per_run: 99, per_day: 99 };
    Rules::of(Guards { max_removals, ..Guards::default() })
}

/// The list of keys once every step that is sent took effect.
fn applied(observed: &Observed, plan: &Plan) -> Observed {
    let mut after = observed.clone();
    let rows = &mut after.belongings.as_mut().unwrap().keys.rows;
    for item in plan.items.iter().filter(|item| item.sends()) {
        if let Some(gone) = item.step.change.deleted_key() {
            rows.retain(|key| key.id != *gone);
        }
        if let Change::CreateKey { name, scopes, .. } = &item.step.change {
            rows.push(KeyInfo {
                id: KeyId::parse(&format!("new-{}", rows.len())).unwrap(),
                name: name_of(name, "12345678"),
                scopes: scopes.clone(),
                created: "2026-11-22T00:00:00Z".to_owned(),
                in_use: Some(false),
            });
        }
    }
    after
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_about_keys_is_total_and_its_id_rests_on_no_order(
        keys in keys(),
        shown in shown(),
        mode in select(&MODES[..]),
        cut in proptest::bool::weighted(0.1),
        wishes in proptest::collection::vec(wish(), 0..6),
        seed in any::<u64>(),
    ) {
        let observed = world(&keys, shown, mode, cut);
        let plan = draw_keys(&[(observed.clone(), wishes.clone())], &rules());
        let mut shuffled = wishes.clone();
        let mut other = observed.clone();
        let turn = usize::try_from(seed % 7).unwrap();
        if !shuffled.is_empty() {
            let by = turn % shuffled.len();
            shuffled.rotate_left(by);
            shuffled.reverse();
        }
        other.belongings.as_mut().unwrap().keys.rows.reverse();
        let again = draw_keys(&[(other, shuffled)], &rules());
        prop_assert_eq!(&plan.id, &again.id);
        prop_assert_eq!(&plan.items, &again.items);
        if cut || mode < Mode::Manage {
            prop_assert_eq!(plan.removals(), 0);
        }
        if cut || mode < Mode::AddOnly {
            prop_assert_eq!(plan.sends(), 0);
        }
    }

    #[test]
    fn revoking_all_never_contains_the_key_in_use(keys in keys(), shown in shown()) {
        let observed = world(&keys, shown, Mode::Manage, false);
        let all = (0..keys.len()).map(|place| KeyWish::Revoked {
            key: KeyId::parse(&format!("k-{place}")).unwrap(),
            name: String::new(),
            why: String::new(),
        });
        let plan = draw_keys(&[(observed, all.collect())], &rules());
        let goes: Vec<&str> = plan.items.iter().filter(|item| item.sends()).filter_map(|item| item.step.change.deleted_key()).map(KeyId::as_str).collect();
        prop_assert_eq!(plan.items.len(), keys.len());
        if shown.acts_as {
            // The key in use is another workspace's; only what is surely another secret goes.
            prop_assert_eq!(goes.len(), if shown.whole { keys.len() } else { 0 });
        } else {
            prop_assert!(!goes.contains(&"k-0"));
            prop_assert_eq!(goes.len(), if shown.whole || shown.known { keys.len() - 1 } else { 0 });
        }
    }

    #[test]
    fn drawing_again_after_applying_leaves_nothing_to_make_or_revoke(
        keys in keys(),
        shown in shown(),
        wishes in proptest::collection::vec(wish(), 0..6),
        makes in any::<bool>(),
    ) {
        // No command wishes both: what one revokes may be in the way of what the other makes.
        let is_meant = |wish: &KeyWish| matches!((wish, makes), (KeyWish::Made { .. }, true) | (KeyWish::Revoked { .. }, false));
        let wishes: Vec<KeyWish> = wishes.into_iter().filter(is_meant).collect();
        let observed = world(&keys, shown, Mode::Manage, false);
        let plan = draw_keys(&[(observed.clone(), wishes.clone())], &rules());
        let again = draw_keys(&[(applied(&observed, &plan), wishes)], &rules());
        for (first, then) in plan.items.iter().zip(&again.items) {
            prop_assert!(!then.sends(), "{then:#?}");
            if first.sends() {
                // Two keys of one name and different scopes were wished: the second is held, as if the first had been there before.
                let twice = matches!(&then.disposition, Disposition::Held(_)) && matches!(then.step.change, Change::CreateKey { .. });
                prop_assert!(twice || matches!(then.disposition, Disposition::Already(_)), "{then:#?}");
            }
        }
    }

    #[test]
    fn a_rotation_takes_no_scope_away_and_adds_none_unless_it_is_said(keys in keys(), said in proptest::option::of(scopes())) {
        let observed = world(&keys, Shown { whole: true, known: true, acts_as: false }, Mode::Manage, false);
        let wish = KeyWish::Rotated {
            fingerprint: "k:0a1b2c3d".to_owned(),
            scopes: said.clone(),
            name: None,
            otherwise: "acme [{nonce}]".to_owned(),
            place: Ok("file a.key".to_owned()),
            needs: Vec::new(),
            untold: None,
        };
        let plan = draw_keys(&[(observed, vec![wish])], &rules());
        let (make, retire) = (&plan.items[0], &plan.items[1]);
        let wanted = said.unwrap_or_else(|| keys[0].1.clone());
        if make.sends() {
            let Change::CreateKey { scopes, name, .. } = &make.step.change else { panic!() };
            prop_assert_eq!(scopes, &scope::canonical(&wanted));
            prop_assert!(scopes.iter().all(|one| scope::is_documented(one)) && !scopes.is_empty());
            prop_assert!(bears(&name_of(name, "0a1b2c3d"), name));
            prop_assert_eq!(retire.step.change.deleted_key().map(KeyId::as_str), Some("k-0"));
        } else {
            prop_assert!(wanted.is_empty() || !scope::undocumented(&wanted).is_empty());
            prop_assert!(!retire.sends(), "nothing is retired where nothing takes its place");
        }
    }
}
