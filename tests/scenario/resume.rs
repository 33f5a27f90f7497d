//! Resuming: a run that was cut goes on to the end it would have had.

use std::sync::{Arc, Mutex};

use keyholder::journal::{Go, Moment, Probe, Record};

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
