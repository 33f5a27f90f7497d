//! The order of anything that is handed in never matters: the same world and wish have the same plan id.

use keyholder::plan::draw;
use proptest::prelude::*;

use crate::generate::{fleet, rules};

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_workspaces_rows_and_wishes_never_matters(
        seen in fleet(),
        rules in rules(),
        seed in any::<u64>(),
    ) {
        let plan = draw(&seen, &rules);
        let mut chance = fastrand::Rng::with_seed(seed);
        let mut shuffled = seen;
        chance.shuffle(&mut shuffled);
        for (observed, wishes) in &mut shuffled {
            chance.shuffle(&mut observed.members);
            chance.shuffle(wishes);
            if let Some(belongings) = &mut observed.belongings {
                chance.shuffle(&mut belongings.campaigns.rows);
                chance.shuffle(&mut belongings.lead_lists.rows);
                chance.shuffle(&mut belongings.leads.rows);
                chance.shuffle(&mut belongings.keys.rows);
                chance.shuffle(&mut belongings.trail.rows);
            }
        }
        let other = draw(&shuffled, &rules);
        prop_assert_eq!(&plan.id, &other.id);
        // The id stands for what is sent: the same steps, in the same order within a workspace.
        for (observed, _) in &shuffled {
            let sent = |plan: &keyholder::plan::Plan| -> Vec<_> {
                plan.of_workspace(&observed.workspace).filter(|item| item.sends()).map(|item| item.step.id.clone()).collect()
            };
            prop_assert_eq!(sent(&plan), sent(&other));
            let told = |plan: &keyholder::plan::Plan| -> Vec<_> {
                plan.of_workspace(&observed.workspace).map(|item| item.clone()).collect()
            };
            prop_assert_eq!(told(&plan), told(&other), "held and already so included");
        }
    }

    #[test]
    fn another_row_or_wish_that_changes_a_step_changes_the_id(seen in fleet(), rules in rules()) {
        let plan = draw(&seen, &rules);
        for place in 0..plan.items.len() {
            let mut less = plan.items.clone();
            less.remove(place);
            let other = keyholder::plan::Plan::of(plan.workspaces.clone(), less, Vec::new());
            prop_assert_ne!(&plan.id, &other.id);
        }
    }
}
