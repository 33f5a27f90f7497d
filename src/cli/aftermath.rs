//! After a run: outcomes in plan order, the summary, what to do next.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Drawn, Request};
use super::events::Events;
use super::session::Session;
use super::tables;
use crate::domain::held::HeldClass;
use crate::domain::{Change, Disposition, Held, Outcome, RunId, Step, StepId, StepKind};
use crate::plan::{Item, forecast};
use crate::report::summary::{StepTally, Stopped};
use crate::report::{Summary, listing};
use crate::run::{Deck, Dispatched, LaneEnd, StepEnd, TroubleKind, Why};
use crate::trouble::{Exit, Trouble};

/// How steps ended in an earlier life of the run.
pub type EndedBefore = BTreeMap<StepId, StepEnd>;

/// What a run left.
#[derive(Debug)]
pub struct Aftermath {
    /// Every step of the plan with its end, in plan order.
    pub ended: Vec<(Step, StepEnd)>,
    /// The numbers.
    pub summary: Summary,
    lanes: Vec<LaneEnd>,
    /// The run.
    pub run: RunId,
    /// Whether a resume has anything to look for or to send, as the ledger says.
    pub unfinished: bool,
}

impl Aftermath {
    /// Puts together what the lanes left. The plan's steps are moved out of it: a large fleet has a hundred thousand.
    pub fn of(
        deck: &Deck,
        drawn: &mut Drawn,
        mut lanes: Vec<LaneEnd>,
        earlier: EndedBefore,
        run: &RunId,
        seconds: f64,
    ) -> Self {
        let least = drawn.leaving.as_ref().map(|leaving| leaving.requests + forecast::least(&drawn.plan) as u64);
        let ended = in_plan_order(std::mem::take(&mut drawn.plan.items), &mut lanes, earlier);
        let summary = Summary { least, ..summarize(deck, drawn, &lanes, &ended, run, seconds) };
        Self { ended, summary, lanes, run: run.clone(), unfinished: true }
    }

    /// Shows everything: outcomes on standard output, the rest in words. An output that cannot be written does not keep the others
    /// from being.
    pub fn report(
        &self,
        session: &Session<'_>,
        request: &Request<'_>,
        dispatched: &Dispatched,
        events: Events,
    ) -> Result<Exit, Trouble> {
        let printer = &session.door.printer;
        let exit = self.summary.exit();
        let record = self.summary.record(exit);
        report_unwritten(session, dispatched);
        let streamed = events.end(&record);
        let header = listing::header(Some(self.run.as_str()), request.command, &request.selection());
        let shown = tables::outcomes_to_stdout(printer, session.format(), &header, &self.ended, &record);
        advice(session, &self.lanes, &self.ended);
        tables::summary_talk(printer, &self.summary, exit);
        halves(session, &self.run, &self.ended);
        let open = self.ended.iter().any(|(_, end)| end.may_go_on());
        going_on(session, request, self, exit, open);
        match (exit, streamed.and(shown)) {
            // Both say that not everything could be written; a bug of ours would be graver.
            (Exit::Bug | Exit::Output, _) | (_, Ok(())) => Ok(exit),
            (_, Err(trouble)) => Err(trouble),
        }
    }
}

/// Puts what was sent, already so and held into one list, in plan order.
fn in_plan_order(items: Vec<Item>, lanes: &mut [LaneEnd], earlier: EndedBefore) -> Vec<(Step, StepEnd)> {
    // A step's id holds its workspace's, so it is one step of the plan.
    let mut ends = earlier;
    ends.extend(lanes.iter_mut().flat_map(|lane| lane.steps.drain(..)).map(|(step, end)| (step.id, end)));
    items
        .into_iter()
        .map(|Item { step, disposition }| {
            let end = match disposition {
                Disposition::Already(seen) => StepEnd::already(seen),
                Disposition::Held(held) => StepEnd::held(held),
                Disposition::Send => {
                    ends.remove(&step.id).unwrap_or_else(|| StepEnd::unknown("the lane ended without a word", 0))
                }
            };
            (step, end)
        })
        .collect()
}

fn summarize(
    deck: &Deck,
    drawn: &Drawn,
    lanes: &[LaneEnd],
    ended: &[(Step, StepEnd)],
    run: &RunId,
    seconds: f64,
) -> Summary {
    let in_trouble = lanes.iter().filter(|lane| lane.trouble.is_some()).map(|lane| lane.workspace.as_str());
    let not_well = ended.iter().filter(|(_, end)| end.is_failure()).map(|(step, _)| step.workspace.as_str());
    let cut = ended.iter().filter(|(_, end)| end.held.as_ref().is_some_and(Held::rests_on_cut_listing));
    let cut = cut.map(|(step, _)| step.workspace.as_str());
    let failed =
        in_trouble.chain(not_well).chain(cut).chain(drawn.coverage.failed_names()).collect::<BTreeSet<_>>().len();
    let stopped = deck.stop.why().map(|why| match why {
        Why::Interrupted => Stopped::Interrupted,
        Why::Terminated => Stopped::Terminated,
        Why::Identity { .. } => Stopped::Identity,
        Why::Ledger => Stopped::Ledger,
    });
    Summary {
        run: Some(run.to_string()),
        steps: ended
            .iter()
            .map(|(_, end)| StepTally { outcome: end.outcome, held: end.held.as_ref().map(|held| held.reason) })
            .collect(),
        lanes: drawn.coverage.asked,
        lanes_failed: failed,
        bug: lanes.iter().any(|lane| lane.trouble.as_ref().is_some_and(|trouble| trouble.kind == TroubleKind::Bug)),
        stopped,
        coverage: drawn.coverage.clone(),
        requests: deck.tally.requests(),
        least: None,
        foretold: None,
        throttled: deck.tally.throttled(),
        limit: serde_json::to_value(deck.used()).unwrap_or_default(),
        seconds,
    }
}

/// What is not on disk is shown, so that nothing is lost with it.
fn report_unwritten(session: &Session<'_>, dispatched: &Dispatched) {
    let Some(error) = dispatched.error.as_ref().or(dispatched.refused.as_ref()) else { return };
    let printer = &session.door.printer;
    printer.insist(&format!("error: the ledger could not be written: {error}"));
    printer.insist("these records are not in the ledger; keep them:");
    for record in &dispatched.unwritten {
        printer.insist(&format!("  {}", record.json()));
    }
}

/// What to do about lanes and steps that failed, each advice once.
fn advice(session: &Session<'_>, lanes: &[LaneEnd], ended: &[(Step, StepEnd)]) {
    let printer = &session.door.printer;
    let mut told: Vec<&String> = Vec::new();
    for lane in lanes {
        if let Some(trouble) = &lane.trouble {
            printer.warn(&format!("{}: {}", lane.workspace, crate::report::cell::printable(&trouble.text)));
            told.extend(&trouble.advice);
        }
    }
    for (_, end) in ended {
        told.extend(&end.advice);
    }
    let mut remedies = BTreeSet::new();
    for (_, end) in ended {
        let Some(held) = &end.held else { continue };
        if held.reason.class() == HeldClass::NotStarted && remedies.insert((held.reason, &held.remedy)) {
            printer.say(&format!("held ({}): {}; to let it pass, {}", held.reason, held.detail, held.remedy));
        }
    }
    let mut seen = BTreeSet::new();
    for advice in told {
        if seen.insert(advice) {
            printer.hint(advice);
        }
    }
}

/// A withdrawn invitation that was not sent again is nowhere any more: no later plan can find it, so what mends it is given here. A key that was
/// replaced and is still there is told too.
fn halves(session: &Session<'_>, run: &RunId, ended: &[(Step, StepEnd)]) {
    let withdrawn = |id: &StepId| {
        ended.iter().any(|(step, end)| step.id == *id && matches!(end.outcome, Outcome::Done | Outcome::Already))
    };
    for (step, end) in ended {
        let lost = !end.outcome.is_settled_well() && step.after.as_ref().is_some_and(withdrawn);
        if let (true, Change::Retire { .. }) = (lost, &step.change) {
            let how = if end.may_go_on() {
                format!("`keyholder resume {run}` does it")
            } else {
                let which = step.change.deleted_key().map_or("ID", crate::domain::KeyId::as_str);
                format!("`keyholder keys revoke -w {} --id {which}` deletes it", step.workspace)
            };
            session.door.printer.warn(&format!("the replaced key of {} is not revoked yet; {how}", step.workspace));
        } else if let (true, true, Change::Invite { .. }) = (lost, end.may_go_on(), &step.change) {
            session.door.printer.warn(&format!(
                "the invitation of {} to {} was withdrawn and not sent again yet; `keyholder resume {run}` sends it",
                step.change.subject(),
                step.workspace
            ));
        } else if let (true, Change::Invite { email, role, permissions, nickname }) = (lost, &step.change) {
            let permissions = permissions.as_ref().map(|p| format!(" --permissions {}", p.join(",")));
            let nickname =
                nickname.as_ref().map(|name| format!(" --nickname \"{}\"", crate::report::cell::printable(name)));
            session.door.printer.warn(&format!(
                "the invitation of {email} to {} was withdrawn and not sent again; send it with: keyholder onboard {email} \
                 --role {role}{}{} -w {}",
                step.workspace,
                permissions.unwrap_or_default(),
                nickname.unwrap_or_default(),
                step.workspace,
            ));
        }
    }
}

/// What has no time of its own may still come: an accepted assignment of leads is a job that nothing names (contract section 11).
fn late(ended: &[(Step, StepEnd)]) -> &'static str {
    let open = ended.iter().any(|(step, end)| {
        step.kind() == StepKind::LeadsReassign && matches!(end.outcome, Outcome::Unverified | Outcome::Unknown)
    });
    if open {
        " (an accepted assignment of leads may still be done, so give its leads to nobody else meanwhile)"
    } else {
        ""
    }
}

/// Says how to go on where a run did not come to its end.
fn going_on(session: &Session<'_>, request: &Request<'_>, aftermath: &Aftermath, exit: Exit, open: bool) {
    let printer = &session.door.printer;
    let Aftermath { run, unfinished, .. } = aftermath;
    let again = match request.undoes {
        // `undo last`, typed again, would undo the undoing.
        Some(undone) => format!("run `keyholder undo {undone}` again"),
        // A saved plan is applied as it is; what is missing is only found by drawing anew.
        None if request.command == "apply" => "draw the plan again with the command that drew it".to_owned(),
        None => "run the same command again".to_owned(),
    };
    let line = match exit {
        Exit::Guard if open => format!("where nothing else holds it any more, go on with `keyholder resume {run}`"),
        Exit::Complete | Exit::Guard => return,
        Exit::Unknown if !unfinished => format!(
            "what was acknowledged and does not show has an end all the same: it is not waited for any more{}; {again}: it plans what is \
             missing",
            late(&aftermath.ended)
        ),
        Exit::Unknown => format!(
            "some writes have no known end; settle them with `keyholder resume {run}`: it waits until nothing can land late, looks, \
             and only then sends what is missing (a transfer of ownership never again); until then plans hold what is about the same people, \
             keys, tags, links and owners there"
        ),
        Exit::Interrupted | Exit::Terminated if !open => "every step has its end; nothing is left to resume".to_owned(),
        Exit::Interrupted | Exit::Terminated | Exit::Output | Exit::Bug => {
            format!("go on with `keyholder resume {run}`")
        }
        Exit::Moved => format!("the world moved; {again}"),
        Exit::AllFailed | Exit::SomeFailed if open => {
            format!(
                "mend what stands above, then go on with `keyholder resume {run}`; or {again}: it plans what is missing"
            )
        }
        Exit::AllFailed | Exit::SomeFailed => {
            format!("mend what stands above, then {again}: it plans only what is missing")
        }
        _ => format!("{again}: it plans only what is missing"),
    };
    printer.insist(&format!("{line} (`keyholder show {run}` has the particulars)"));
}
