//! Showing plans and outcomes: rows to stdout, talk to stderr.

use std::collections::BTreeSet;
use std::io::Write;

use serde_json::{Value, json};

use super::change::Drawn;
use super::{closing, refusals};
use crate::domain::{Disposition, Held, Outcome, Step, StepKind};
use crate::plan::Weight;
use crate::plan::forecast::Forecast;
use crate::report::listing::{Format, Listing};
use crate::report::summary::{Cost, meaning, rounded};
use crate::report::{Coverage, Summary, Unlisted, rows};
use crate::run::{Deck, StepEnd};
use crate::trouble::{Exit, Trouble};
use crate::ui::{Printer, words};

/// Most lines of one kind of remark; the rest is counted.
const REMARKS: usize = 20;

/// Turns a failure to write standard output into its exit code.
pub fn unwritable(error: std::io::Error) -> Trouble {
    Trouble::because(Exit::Output, "standard output could not be written", error)
}

/// Makes the `plan` record.
pub fn plan_record(drawn: &Drawn, forecast: &Forecast) -> Value {
    json!({
        "type": "plan",
        "id": drawn.plan.id,
        "steps": drawn.plan.sends(),
        "removals": drawn.plan.removals(),
        "wants_typing": drawn.plan.needs_typing(),
        "typing": Weight::of(&drawn.plan),
        "requests": forecast.requests,
        "seconds": rounded(forecast.seconds),
        "refusals": refusals::record(&drawn.plan.refusals(&drawn.rules)),
    })
}

/// Writes the plan as the data of a command that stops at it.
pub fn plan_to_stdout(
    printer: &Printer,
    format: Format,
    header: &Value,
    deck: &Deck,
    drawn: &Drawn,
    forecast: &Forecast,
    exit: Exit,
) -> Result<(), Trouble> {
    let mut out = printer.data();
    let mut planned = std::collections::BTreeMap::from([("send", 0), ("already", 0), ("held", 0)]);
    for item in &drawn.plan.items {
        *planned.entry(rows::fate(&item.disposition)).or_default() += 1;
    }
    let summary = closing::after(
        deck,
        drawn.reading,
        json!({
            "type": "summary",
            "exit": exit.code(),
            "outcome": meaning(exit),
            "run": null,
            "steps": planned,
            "coverage": drawn.coverage.record(),
            "notes": drawn.plan.notes,
        }),
    );
    let plan = plan_record(drawn, forecast);
    write_plan(&mut out, format, header, drawn, Some(("plan", &plan)), &summary).map_err(unwritable)
}

/// Shows the plan to the person who is to approve it.
pub fn plan_to_stderr(printer: &Printer, drawn: &Drawn, asks: bool) -> Result<(), Trouble> {
    let mut text = Vec::new();
    write_plan(&mut text, Format::Table, &Value::Null, drawn, None, &Value::Null).map_err(unwritable)?;
    let text = String::from_utf8_lossy(&text);
    match (drawn.plan.items.is_empty(), asks) {
        (true, _) => {}
        // A person who is asked must see what for, quiet or not.
        (false, true) => printer.insist(text.trim_end()),
        (false, false) => printer.say(text.trim_end()),
    }
    Ok(())
}

fn write_plan(
    out: &mut dyn Write,
    format: Format,
    header: &Value,
    drawn: &Drawn,
    about: Option<(&str, &Value)>,
    summary: &Value,
) -> std::io::Result<()> {
    let mut listing = Listing::begin_with(out, format, "planned", rows::PLANNED, header, about)?;
    for item in &drawn.plan.items {
        listing.row(&rows::planned(&item.step, &item.disposition))?;
    }
    listing.end(summary)
}

/// Says in words what the plan is, what it lacks and why.
pub fn plan_talk(printer: &Printer, drawn: &Drawn, forecast: &Forecast) {
    let plan = &drawn.plan;
    let count = |wanted: fn(&Disposition) -> bool| plan.items.iter().filter(|item| wanted(&item.disposition)).count();
    let workspaces: std::collections::BTreeSet<&str> =
        plan.items.iter().filter(|item| item.sends()).map(|item| item.step.workspace.as_str()).collect();
    let already = count(|d| matches!(d, Disposition::Already(_)));
    let held = count(|d| matches!(d, Disposition::Held(_)));
    unread(printer, &drawn.coverage);
    remarks(printer, drawn);
    for remedy in held_remedies(drawn) {
        printer.say(&remedy);
    }
    refusals::talk(printer, &plan.refusals(&drawn.rules));
    let mut line = format!(
        "plan {}: {} in {}",
        printer.painted(&plan.id.as_str()[..12], "1"),
        words::count(plan.sends(), "step"),
        words::count(workspaces.len(), "workspace"),
    );
    if plan.removals() > 0 {
        line = format!("{line}, of them {}", words::count(plan.removals(), "removal"));
        let lowered = plan.items.iter().filter(|item| item.removes() && item.step.kind() == StepKind::MemberSetRole);
        match lowered.count() {
            0 => {}
            lowered => line = format!("{line} (lowering an admin counts: {lowered})"),
        }
    }
    line = format!("{line}; {already} already so, {held} held");
    if plan.sends() > 0 {
        let seconds = std::time::Duration::from_secs_f64(forecast.seconds);
        line = format!(
            "{line}; about {} and {}",
            words::count(forecast.requests, "more request"),
            words::duration(seconds)
        );
    }
    printer.insist(&line);
}

fn remarks(printer: &Printer, drawn: &Drawn) {
    let notes = &drawn.plan.notes;
    for note in notes.iter().take(REMARKS) {
        let text = crate::report::cell::printable(&note.text);
        // A remark about the workspace itself names it once.
        if note.subject == note.workspace {
            printer.say(&format!("{}: {text}", note.workspace));
        } else {
            printer.say(&format!("{}: {}: {text}", note.workspace, note.subject));
        }
    }
    if notes.len() > REMARKS {
        printer.say(&format!("… and {} more remarks", notes.len() - REMARKS));
    }
}

/// The smallest changes that would let held steps pass, each once.
fn held_remedies(drawn: &Drawn) -> Vec<String> {
    let mut remedies: Vec<String> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for item in &drawn.plan.items {
        if let Disposition::Held(held) = &item.disposition {
            let remedy = format!("held ({}): to let it pass, {}", held.reason, held.remedy);
            if seen.insert((held.reason, &held.remedy)) {
                remedies.push(remedy);
            }
        }
    }
    let more = remedies.len().saturating_sub(REMARKS);
    remedies.truncate(REMARKS);
    if more > 0 {
        remedies.push(format!("… and {more} more reasons; every step's own stands in its row"));
    }
    remedies
}

/// Names the workspaces that could not be read, why, and what to do.
pub fn unread(printer: &Printer, coverage: &Coverage) {
    for (workspace, reason) in &coverage.partial {
        printer.warn(&format!("{workspace}: read only in part: {}", crate::report::cell::printable(reason)));
    }
    for Unlisted { workspace, listing, reason } in coverage.unseen.iter().take(REMARKS) {
        let reason = crate::report::cell::printable(reason);
        printer.warn(&format!("{workspace}: {listing} not read whole, what is there is not known: {reason}"));
    }
    if coverage.unseen.len() > REMARKS {
        printer.warn(&format!("… and {} more listings were not read whole", coverage.unseen.len() - REMARKS));
    }
    if !coverage.unseen.is_empty() {
        printer.hint(
            "a refusal with 403 wants a key with the scope (`keyholder help scopes`); another one may pass: try again later, or select less",
        );
    }
    for lane in coverage.unreadable.iter().take(REMARKS) {
        printer.warn(&format!("{}: not read: {}", lane.workspace, crate::report::cell::printable(&lane.reason)));
        for advice in &lane.advice {
            printer.hint(advice);
        }
    }
    if coverage.unreadable.len() > REMARKS {
        printer.warn(&format!("… and {} more workspaces were not read", coverage.unreadable.len() - REMARKS));
    }
}

/// Returns the exit code of a command that stopped at its plan.
pub fn plan_exit(drawn: &Drawn, detailed: bool) -> Exit {
    let held: Vec<(&str, &Held)> = drawn
        .plan
        .items
        .iter()
        .filter_map(|item| match &item.disposition {
            Disposition::Held(held) => Some((item.step.workspace.as_str(), held)),
            _ => None,
        })
        .collect();
    let coverage = &drawn.coverage;
    // What rests on a listing that was cut is held, and its lane counts as failed (design section 5): as the run itself would end.
    let cut = held.iter().filter(|(_, held)| held.rests_on_cut_listing()).map(|(workspace, _)| *workspace);
    let failed: BTreeSet<&str> = coverage.failed_names().chain(cut).collect();
    if !failed.is_empty() {
        let nothing = failed.len() == coverage.asked;
        return match coverage.exit() {
            exit @ (Exit::AllFailed | Exit::TryLater) if nothing => exit,
            _ if nothing => Exit::AllFailed,
            _ => Exit::SomeFailed,
        };
    }
    if !held.is_empty() {
        return Exit::Guard;
    }
    if !coverage.unseen.is_empty() {
        return Exit::Incomplete;
    }
    if detailed && drawn.plan.sends() > 0 { Exit::Changes } else { Exit::Complete }
}

/// Writes the outcomes, in plan order.
pub fn outcomes_to_stdout(
    printer: &Printer,
    format: Format,
    header: &Value,
    ended: &[(Step, StepEnd)],
    summary: &Value,
) -> Result<(), Trouble> {
    let mut out = printer.data();
    let mut write = || -> std::io::Result<()> {
        let mut listing = Listing::begin(&mut out, format, "step", rows::STEP, header)?;
        for (step, end) in ended {
            listing.row(&step_row(step, end))?;
        }
        listing.end(summary)
    };
    write().map_err(unwritable)
}

/// Makes the row of one ended step.
pub fn step_row<'a>(step: &'a Step, end: &StepEnd) -> Vec<crate::report::Cell<'a>> {
    let reason = match (&end.held, &end.reason) {
        (Some(held), _) if end.outcome == Outcome::Held => Some(held.to_string()),
        (_, reason) => reason.clone(),
    };
    rows::step(step, end.outcome, reason, end.attempts)
}

/// Says in words how a run ended.
pub fn summary_talk(printer: &Printer, summary: &Summary, exit: Exit) {
    let counts: Vec<String> = summary
        .counts()
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(outcome, count)| format!("{count} {outcome}"))
        .collect();
    let counts = match (counts.is_empty(), summary.lanes_failed) {
        (false, _) => counts.join(", "),
        (true, 0) => "nothing to do".to_owned(),
        (true, _) => "nothing was done".to_owned(),
    };
    let run = summary.run.as_ref().map_or(String::new(), |run| format!("run {run}: "));
    let failed = if summary.lanes_failed > 0 {
        format!("; {} of {} failed", summary.lanes_failed, words::count(summary.lanes, "workspace"))
    } else {
        String::new()
    };
    let least = match summary.least {
        Some(least) if summary.requests > 0 => format!(" (the least it could have taken: {least})"),
        _ => String::new(),
    };
    let foretold =
        summary.foretold.filter(|(_, took)| took.requests > 0).map_or_else(String::new, |(foretold, took)| {
            let time = |cost: Cost| words::duration(std::time::Duration::from_secs_f64(cost.seconds));
            format!(
                "; applying took {} and {} ({} and {} foretold)",
                words::count(usize::try_from(took.requests).unwrap_or(usize::MAX), "request"),
                time(took),
                foretold.requests,
                time(foretold),
            )
        });
    printer.insist(&format!(
        "{run}{counts}{failed}; {}{least} in {}{foretold}",
        words::count(usize::try_from(summary.requests).unwrap_or(usize::MAX), "request"),
        words::duration(std::time::Duration::from_secs_f64(summary.seconds)),
    ));
    if exit != Exit::Complete {
        printer.insist(&format!("exit {}: {}", exit.code(), meaning(exit)));
    }
}
