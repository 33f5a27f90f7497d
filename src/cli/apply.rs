//! `keyholder apply FILE`: apply exactly a plan that was saved.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::args::{Approve, Select};
use super::change::{self, Drawn, Request};
use super::session::{self, Session};
use super::{Door, approval, perform};
use crate::domain::{WorkspaceId, WorkspaceName};
use crate::plan::{Plan, file};
use crate::report::Coverage;
use crate::run::{Sight, observe};
use crate::trouble::{Exit, Trouble};

/// Apply exactly a plan that a writing command saved with -o. What moved since then is held (31).
#[derive(Debug, Args)]
pub struct Apply {
    /// The plan.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    #[command(flatten)]
    approve: Approve,
}

impl Apply {
    /// Runs the command.
    pub async fn run(self, door: &Door<'_>) -> Result<Exit, Trouble> {
        approval::check(&self.approve)?;
        let session = Session::open(door)?;
        let (plan, _command) = self.load(door)?;
        let names = names(&session, &plan)?;
        let select = Select { workspace: names.iter().map(ToString::to_string).collect(), ..Select::default() };
        let chosen: Vec<_> = names.iter().filter_map(|name| session.fleet.workspace(name)).collect();
        let deadline = match &self.approve.deadline {
            Some(text) => Some(session::duration("--deadline", text)?),
            None => None,
        };
        let keys = session.keys(&chosen).await?;
        let targets = session.targets(&chosen, &keys);
        let deck = session.deck(deadline)?;
        let ledger = perform::open_ledger(&session).await?;
        let subjects: Vec<String> = plan.items.iter().map(|item| item.step.change.subject().to_string()).collect();
        change::settle_first(&session, &deck, &ledger, &targets, &subjects).await?;

        door.printer.progress().begin("reading", targets.len());
        let sights = observe(&deck, &targets, |_, sight| {
            door.printer.progress().lane_ended(!matches!(sight, Sight::Seen(_)));
        })
        .await;
        door.printer.progress().end();
        let sights = sights.ok_or_else(|| session.interrupted())?;
        change::strangers(&targets, &sights)?;
        let mut coverage = Coverage { asked: targets.len(), ..Coverage::default() };
        let mut reached = Vec::new();
        for (target, sight) in targets.into_iter().zip(sights) {
            if let Sight::Unreadable(trouble) = sight {
                session::unreadable(&mut coverage, target.name.as_str(), &trouble);
            } else {
                coverage.complete += 1;
                reached.push(target);
            }
        }
        let plan = without(plan, &coverage);
        let drawn = Drawn { plan, targets: reached, coverage };
        let request = Request { command: "apply", select: &select, approve: &self.approve };
        change::proceed(&session, &deck, &ledger, &request, drawn).await
    }

    fn load(&self, door: &Door<'_>) -> Result<(Plan, String), Trouble> {
        let path = door.path(&self.file);
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Trouble::new(Exit::Config, error)
                .advise(format!("the plan `{}` could not be read; nothing was sent", self.file.display()))
        })?;
        file::load(&text).map_err(|error| Trouble::advised(Exit::Config, error))
    }
}

/// Finds the plan's workspaces in this fleet by name and id: a plan of another fleet is refused.
fn names(session: &Session<'_>, plan: &Plan) -> Result<Vec<WorkspaceName>, Trouble> {
    let known: BTreeMap<&str, Option<&WorkspaceId>> =
        session.fleet.workspaces.iter().map(|workspace| (workspace.name.as_str(), workspace.id.as_ref())).collect();
    let foreign = |name: &str, id: &WorkspaceId| {
        Trouble::new(
            Exit::Config,
            format!("the plan has a workspace `{name}` with id {id}, this fleet has not; nothing was sent"),
        )
        .advise("apply the plan in the root it was drawn in, or draw it again")
    };
    for planned in &plan.workspaces {
        if known.get(planned.name.as_str()) != Some(&Some(&planned.id)) {
            return Err(foreign(&planned.name, &planned.id));
        }
    }
    for item in &plan.items {
        let planned = plan
            .workspaces
            .iter()
            .any(|planned| planned.name == item.step.workspace && planned.id == item.step.workspace_id);
        if !planned {
            return Err(foreign(&item.step.workspace, &item.step.workspace_id));
        }
    }
    let mut names: Vec<WorkspaceName> = plan
        .workspaces
        .iter()
        .map(|planned| WorkspaceName::parse(&planned.name))
        .collect::<Result<_, _>>()
        .map_err(|error| Trouble::new(Exit::Config, error))?;
    names.sort_by_key(|name| session.fleet.workspaces.iter().position(|workspace| workspace.name == *name));
    Ok(names)
}

/// Holds the steps of workspaces that could not be read now; the plan keeps its id, for it is the one that was reviewed.
fn without(mut plan: Plan, coverage: &Coverage) -> Plan {
    use crate::domain::{Disposition, Held, HeldReason};
    for item in &mut plan.items {
        let unread = coverage.unreadable.iter().find(|lane| lane.workspace == item.step.workspace);
        if let (Disposition::Send, Some(lane)) = (&item.disposition, unread) {
            item.disposition = Disposition::Held(Held::new(
                HeldReason::LaneEnded,
                format!("not sent: {}", lane.reason),
                "run the command again",
            ));
        }
    }
    plan
}
