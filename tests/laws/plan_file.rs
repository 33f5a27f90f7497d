//! A plan comes back from its file as it was, and is refused when a single value in it was changed.

use keyholder::plan::{draw, file};
use proptest::prelude::*;
use serde_json::Value;

use crate::generate::{fleet, rules};

/// Changes the value at a place, counted depth first; tells what it changed.
fn change(value: &mut Value, place: &mut usize, path: &str) -> Option<String> {
    match value {
        Value::Object(map) => {
            let keys: Vec<String> = map.keys().cloned().collect();
            keys.iter().find_map(|key| change(&mut map[key.as_str()], place, &format!("{path}.{key}")))
        }
        Value::Array(items) => {
            items.iter_mut().enumerate().find_map(|(at, item)| change(item, place, &format!("{path}[{at}]")))
        }
        _ if *place > 0 => {
            *place -= 1;
            None
        }
        scalar => {
            *scalar = match &*scalar {
                Value::String(text) => Value::from(format!("{text}x")),
                Value::Bool(truth) => Value::from(!truth),
                Value::Number(number) => Value::from(number.as_u64().unwrap_or(0) + 1),
                _ => Value::from("x"),
            };
            Some(path.to_owned())
        }
    }
}

fn scalars(value: &Value) -> usize {
    match value {
        Value::Object(map) => map.values().map(scalars).sum(),
        Value::Array(items) => items.iter().map(scalars).sum(),
        _ => 1,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_plan_comes_back_as_it_was_and_no_single_value_can_be_changed(
        seen in fleet(),
        rules in rules(),
        places in proptest::collection::vec(any::<proptest::sample::Index>(), 6),
    ) {
        let plan = draw(&seen, &rules);
        let text = file::save(&plan, "onboard", &Value::Null);
        let file::Loaded { plan: back, command, .. } = file::load(&text).unwrap();
        prop_assert_eq!((&back, command.as_str()), (&plan, "onboard"));
        prop_assert_eq!(file::save(&back, "onboard", &Value::Null), text.clone());

        let whole: Value = serde_json::from_str(&text).unwrap();
        for place in places {
            let mut edited = whole.clone();
            let path = change(&mut edited, &mut place.index(scalars(&whole)), "").unwrap();
            prop_assert!(file::load(&edited.to_string()).is_err(), "{path} was changed and not noticed");
        }
    }

    #[test]
    fn a_plan_that_was_cut_is_refused(seen in fleet(), rules in rules(), cut in 0.0..1.0_f64) {
        let text = file::save(&draw(&seen, &rules), "onboard", &Value::Null);
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a place in a text")]
        let mut end = ((text.len() - 2) as f64 * cut) as usize;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        prop_assert!(file::load(&text[..end]).is_err());
    }
}

#[test]
fn of_one_plan_every_single_value_is_tried() {
    let drawn = |seed| {
        let (seen, rules) = crate::generate::random::one(seed);
        draw(&seen, &rules)
    };
    // One with steps that are sent, are already so and are held.
    let worth_it = |plan: &keyholder::plan::Plan| {
        let held = |item: &keyholder::plan::Item| matches!(item.disposition, keyholder::domain::Disposition::Held(_));
        plan.removals() > 0 && plan.items.iter().any(held) && plan.items.len() > plan.sends() + 1
    };
    let plan = (0..1_000).map(drawn).find(worth_it).unwrap();
    let whole: Value = serde_json::from_str(&file::save(&plan, "onboard", &Value::Null)).unwrap();
    for place in 0..scalars(&whole) {
        let mut edited = whole.clone();
        let path = change(&mut edited, &mut place.clone(), "").unwrap();
        assert!(file::load(&edited.to_string()).is_err(), "{path} was changed and not noticed");
    }
}
