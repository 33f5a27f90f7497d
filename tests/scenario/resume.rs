//! Resuming: a run that was cut goes on to the end it would have had.

use std::sync::{Arc, Mutex};

use keyholder::journal::{Go, Moment, Probe, Record};
use keyholder::sim::Hand;

use tokio::sync::Notify;

use crate::support::Stage;
use crate::{ONBOARD, three};

const NIA: &str = "nia@agency.example";

/// Ends the run at the commit of this number (from 1), before or after it.
#[derive(Debug)]
struct CutAt {
    moment: Moment,
    nth: usize,
    seen: Mutex<usize>,
    cut: Arc<Notify>,
}

impl Probe for CutAt {
    fn commit(&self, moment: Moment, _records: &[Record]) -> Go {
        let mut seen = self.seen.lock().unwrap();
        if moment == self.moment {
            *seen += 1;
            if *seen == self.nth {
                self.cut.notify_one();
                return Go::Halt;
            }
        }
        Go::On
    }
}

fn cut_at(stage: &Stage, moment: Moment, nth: usize) {
    *stage.probe.borrow_mut() = Some(Arc::new(CutAt { moment, nth, seen: Mutex::new(0), cut: Arc::clone(&stage.cut) }));
}

#[test]
fn a_run_that_is_cut_after_its_invitations_were_written_down_is_resumed_to_the_same_end() {
    let stage = three("");
    cut_at(&stage, Moment::After, 2);
    assert!(stage.run_until_cut(ONBOARD), "the run was cut");
    *stage.probe.borrow_mut() = None;
    let outcome = stage.run("resume").exits(0);
    assert_eq!(outcome.outcomes(), ["acme done", "birch done", "cedar done"], "{outcome}");
    for workspace in ["acme", "birch", "cedar"] {
        assert_eq!(stage.rows_of(workspace, NIA), 1);
    }
    assert_eq!(stage.writes(), 3);
    let again = stage.run("resume").exits(0).says("every run in the ledger is finished");
    assert_eq!(again.stdout, "");
}

#[test]
fn a_saved_plan_of_which_something_was_held_when_it_was_applied_can_be_resumed() {
    let stage = three("");
    let plan =
        stage.run("onboard sam@agency.example nia@agency.example --role admin --all -o plan.json").exits(0).plan_id();
    let moved = Hand::SetRole { email: "sam@agency.example".into(), role: "view".into() };
    assert!(stage.world.hand("birch", &moved));
    cut_at(&stage, Moment::After, 2);
    assert!(stage.run_until_cut(&format!("apply plan.json --confirm {plan}")));
    *stage.probe.borrow_mut() = None;
    let outcome = stage.run("resume").exits(31);
    let wanted = ["acme done", "acme done", "birch done", "birch held stale", "cedar done", "cedar done"];
    let mut outcomes = outcome.outcomes();
    outcomes.sort();
    assert_eq!(outcomes, wanted, "{outcome}");
    assert_eq!(stage.writes(), 5);
}
