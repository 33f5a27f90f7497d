//! The way of every writing command: observe, draw, show, approve, perform.

use std::collections::BTreeSet;

use super::args::{Approve, Select};
use super::session::{self, Session};
use super::{approval, open_files, perform, tables};
use crate::config::Purpose;
use crate::domain::{Mode, Workspace};
use crate::journal::Ledger;
use crate::plan::forecast::Forecast;
use crate::plan::{Observed, Plan, Rules, Wish, draw};
use crate::report::Coverage;
use crate::run::{Deck, Event, LaneTrouble, Sight, Target, TroubleKind, observe};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// A plan with what it was drawn from.
#[derive(Debug)]
pub struct Drawn {
    /// The plan.
    pub plan: Plan,
    /// The lanes it was drawn for, in config order.
    pub targets: Vec<Target>,
    /// What could be seen.
    pub coverage: Coverage,
}

impl Drawn {
    /// Counts the workspaces something will be sent to.
    fn written_to(&self) -> usize {
        let names = self.plan.items.iter().filter(|item| item.sends()).map(|item| item.step.workspace.as_str());
        names.collect::<BTreeSet<_>>().len()
    }
}

/// What a writing command wants, before anything was read.
#[derive(Debug)]
pub struct Request<'a> {
    /// Its name, for the ledger.
    pub command: &'static str,
    /// Which workspaces.
    pub select: &'a Select,
    /// How it is to be approved.
    pub approve: &'a Approve,
}

/// Runs a writing command whose wishes depend on the workspace alone.
pub async fn run(
    session: &Session<'_>,
    request: &Request<'_>,
    wishes: impl Fn(&Workspace, &Observed) -> Vec<Wish>,
    subjects: &[String],
) -> Result<Exit, Trouble> {
    approval::check(request.approve)?;
    let chosen = session.choose(request.select, Purpose::Write)?;
    let deadline = match &request.approve.deadline {
        Some(text) => Some(session::duration("--deadline", text)?),
        None => None,
    };
    let keys = session.keys(&chosen).await?;
    keys_or_trouble(&keys, &chosen)?;
    let targets = session.targets(&chosen, &keys);
    let deck = session.deck(deadline)?;
    let ledger = perform::open_ledger(session).await?;
    settle_first(session, &deck, &ledger, &targets, subjects).await?;
    let drawn = observe_and_draw(session, &deck, targets, &chosen, wishes).await?;
    proceed(session, &deck, &ledger, request, drawn).await
}

/// Shows a drawn plan, has it approved and performs it, or stops where that was asked.
pub async fn proceed(
    session: &Session<'_>,
    deck: &Deck,
    ledger: &Ledger,
    request: &Request<'_>,
    drawn: Drawn,
) -> Result<Exit, Trouble> {
    let approve = request.approve;
    let door = session.door;
    let forecast = Forecast::of(&drawn.plan, Deck::IN_FLIGHT);
    let header = crate::report::listing::header(None, request.command, &request.select.describe());
    if approve.plan_only || approve.out.is_some() {
        tables::plan_to_stdout(&door.printer, session.format(), &header, &drawn, &forecast)?;
        tables::plan_talk(&door.printer, &drawn, &forecast);
        if let Some(path) = &approve.out {
            perform::save_plan(&door.path(path), &drawn.plan, request.command)?;
            door.printer.say(&format!("saved; apply it with `keyholder apply {}`", path.display()));
        }
        return Ok(tables::plan_exit(&drawn, approve.detailed_exitcode));
    }
    tables::plan_to_stderr(&door.printer, &drawn)?;
    tables::plan_talk(&door.printer, &drawn, &forecast);
    // Before anybody is asked: an approval that cannot be used is a nuisance.
    open_files::make_room(drawn.written_to())?;
    let approval = approval::approve(door, approve, &drawn.plan).await?;
    perform::perform(session, deck, ledger, request, drawn, &approval, &forecast).await
}

/// A key reference that leads nowhere is a mistake in our own files: nothing is written anywhere.
fn keys_or_trouble(keys: &session::Keys, chosen: &[&Workspace]) -> Result<(), Trouble> {
    let broken: Vec<(String, LaneTrouble)> = chosen
        .iter()
        .filter_map(|workspace| match keys.get(&workspace.name) {
            Some(Err(trouble)) => Some((workspace.name.to_string(), session::key_trouble(trouble))),
            _ => None,
        })
        .collect();
    if broken.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = broken.iter().map(|(name, trouble)| format!("  {name}: {trouble}")).collect();
    let mut trouble = Trouble::new(
        Exit::Config,
        format!("{} cannot be had; nothing was sent\n{}", words::count(broken.len(), "key"), lines.join("\n")),
    );
    let advice: BTreeSet<String> = broken.into_iter().flat_map(|(_, trouble)| trouble.advice).collect();
    for advice in advice {
        trouble = trouble.advise(advice);
    }
    Err(trouble.advise("or leave these workspaces out with --exclude"))
}

/// Waits the settle time once, where an earlier run left a write about one of these people without a known end: it may still land.
async fn settle_first(
    session: &Session<'_>,
    deck: &Deck,
    ledger: &Ledger,
    targets: &[Target],
    subjects: &[String],
) -> Result<(), Trouble> {
    let ids: Vec<_> = targets.iter().filter_map(|target| target.pinned.clone()).collect();
    let unsettled = ledger.unsettled(&ids).await.map_err(|error| Trouble::advised(Exit::Output, error))?;
    let open = unsettled
        .iter()
        .filter(|step| subjects.is_empty() || subjects.iter().any(|subject| subject == step.subject.as_str()))
        .count();
    if open == 0 {
        return Ok(());
    }
    session.door.printer.insist(&format!(
        "an earlier run left {} without a known end; waiting {} so that nothing can land after the look",
        words::count(open, "write"),
        words::duration(deck.settle)
    ));
    deck.stop.unless_draining(deck.clock.sleep(deck.settle)).await.ok_or_else(|| session.interrupted())
}

async fn observe_and_draw(
    session: &Session<'_>,
    deck: &Deck,
    targets: Vec<Target>,
    chosen: &[&Workspace],
    wishes: impl Fn(&Workspace, &Observed) -> Vec<Wish>,
) -> Result<Drawn, Trouble> {
    let progress = session.door.printer.progress();
    progress.begin("reading", targets.len());
    let sights = observe(deck, &targets, |_, sight| {
        progress.lane_ended(!matches!(sight, Sight::Seen(_)));
        progress.note(deck.tally.requests(), deck.tally.throttled(), deck.tally.limited(), None);
    })
    .await;
    progress.end();
    let sights = sights.ok_or_else(|| session.interrupted())?;
    strangers(&targets, &sights)?;
    let mut coverage = Coverage { asked: targets.len(), ..Coverage::default() };
    let mut seen = Vec::new();
    for ((target, sight), workspace) in targets.iter().zip(sights).zip(chosen) {
        match sight {
            Sight::Seen(observed) => {
                match &observed.incomplete {
                    None => coverage.complete += 1,
                    Some(why) => coverage.partial.push((target.name.to_string(), why.clone())),
                }
                let wishes = wishes(workspace, &observed);
                seen.push((*observed, wishes));
            }
            Sight::Unreadable(trouble) if trouble.kind == TroubleKind::Off => {
                // Never a silent skip: what was asked there is held because of the mode.
                if let Some(id) = &target.pinned {
                    let off = off(workspace, id);
                    let wishes = wishes(workspace, &off);
                    seen.push((off, wishes));
                } else {
                    session::unreadable(&mut coverage, target.name.as_str(), &trouble);
                }
            }
            Sight::Unreadable(trouble) => session::unreadable(&mut coverage, target.name.as_str(), &trouble),
            Sight::Stranger { .. } | Sight::Unpinned { .. } => unreachable!("`strangers` ended the command"),
        }
    }
    let plan = draw(&seen, &Rules { guards: session.fleet.guards.clone() });
    Ok(Drawn { plan, targets, coverage })
}

/// A workspace whose mode is `off`: nothing is known of it, and the guard holds every step there.
fn off(workspace: &Workspace, id: &crate::domain::WorkspaceId) -> Observed {
    Observed {
        workspace: workspace.name.clone(),
        id: id.clone(),
        mode: Mode::Off,
        owner: None,
        members: Vec::new(),
        incomplete: None,
    }
}

/// Another workspace than the pinned one, or none pinned, anywhere: nothing is written anywhere (design section 5, identity).
pub fn strangers(targets: &[Target], sights: &[Sight]) -> Result<(), Trouble> {
    let mut lines = Vec::new();
    let mut unpinned = false;
    for (target, sight) in targets.iter().zip(sights) {
        match sight {
            Sight::Stranger { pinned, seen } => {
                let name = crate::report::cell::printable(&seen.name);
                lines.push(format!("  {}: pinned is {pinned}, its key opens {} (`{name}`)", target.name, seen.id));
            }
            Sight::Unpinned { seen } => {
                unpinned = true;
                let name = crate::report::cell::printable(&seen.name);
                lines.push(format!("  {}: no id is pinned; its key opens {} (`{name}`)", target.name, seen.id));
            }
            Sight::Seen(_) | Sight::Unreadable(_) => {}
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    let mut trouble = Trouble::new(
        Exit::Config,
        format!(
            "{} not who the files say; nothing was written anywhere\n{}",
            if lines.len() == 1 { "a workspace is".to_owned() } else { format!("{} workspaces are", lines.len()) },
            lines.join("\n")
        ),
    );
    if unpinned {
        trouble = trouble.advise("write the ids into the files with `keyholder pin`, after checking the names above");
    }
    Err(trouble.advise("give a workspace the key that belongs to it, or leave it out with --exclude"))
}

/// Feeds progress from the events of a run.
pub fn show_event(deck: &Deck, printer: &crate::ui::Printer, event: &Event) {
    let progress = printer.progress();
    match event {
        Event::LaneEnded { trouble, .. } => progress.lane_ended(trouble.is_some()),
        Event::LaneWaits { workspace, what } => {
            let waiting = format!("{workspace} waits for {what}");
            progress.note(deck.tally.requests(), deck.tally.throttled(), deck.tally.limited(), Some(&waiting));
            return;
        }
        Event::LaneStarted { .. } | Event::StepEnded { .. } => {}
    }
    progress.note(deck.tally.requests(), deck.tally.throttled(), deck.tally.limited(), None);
}
