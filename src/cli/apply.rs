//! `keyholder apply FILE`: apply exactly a plan that was saved.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;

use super::args::{Approve, Select};
use super::change::{self, Drawn, Request};
use super::keys::create;
use super::keys::enrol::Enrol;
use super::leaving::Leaving;
use super::reading::{self, Asked, Column, Reading};
use super::session::{self, Session};
use super::{Door, approval};
use crate::domain::{Change, TagChange, Workspace, WorkspaceId};
use crate::plan::file::{self, Loaded};
use crate::plan::{Item, Observed, Plan, owner};
use crate::report::Coverage;
use crate::report::summary::Unreadable;
use crate::run::{Carrying, Ring, TagQuest};
use crate::trouble::{Advise as _, Exit, Trouble};

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
        let guards = change::guards(&session, &self.approve)?;
        let Loaded { plan, command: origin, coverage: drawn_with } = self.load(door)?;
        create::check_folders(&plan.items)?;
        if create::shows(&plan.items) && create::performs(&self.approve) {
            create::needs_a_terminal(door)?;
        }
        let enrol = Enrol::read(&drawn_with["enrol"]);
        let undoes = change::undone_by(&origin);
        let chosen = chosen(&session, &plan)?;
        let names = chosen.iter().map(|workspace| workspace.name.to_string()).collect();
        let select = Select { workspace: names, ..Select::default() };
        let (deck, ledger, targets) = change::begin(&session, &self.approve, &chosen).await?;
        let rules = reading::rules(guards, &ledger, &deck, &targets, Asked::ToPlan).await?;
        let record = &drawn_with["leaving"];
        let people = Leaving::read(record);
        let mut leaving = if people.is_empty() {
            None
        } else {
            let (all, exclude) = Leaving::read_selected(record);
            Some(Leaving::known_to(&ledger, people).await?.selected(all, &exclude))
        };
        let reading = match Column::of(plan.items.iter().map(|item| &item.step.change)) {
            Column::Keys => Reading::of_keys(&session, &deck, targets, Ring::Keys).await?,
            Column::Tags => Reading::of_tags(&session, &deck, targets, &tag_quest(&plan)).await?,
            Column::Links => Reading::of_links(&session, &deck, targets).await?,
            Column::People => {
                let quest = |observed: &Observed| leaving.as_ref().and_then(|leaving| leaving.quest(observed));
                Reading::with_belongings(&session, &deck, targets, quest).await?
            }
        };
        let Reading { targets, observed, mut coverage, requests, took } = reading;
        if let Some(leaving) = &mut leaving {
            leaving.look(&observed, &mut coverage, deck.clock.now());
            leaving.requests = requests;
        }
        not_in_the_plan(&mut coverage, &plan, &Coverage::from_record(&drawn_with));
        let mut plan = plan.again(&observed, &rules, |name| reading::unread(&coverage, name));
        // Before anybody is asked to approve what could not be sent.
        owner::hold_without_token(&mut plan);
        let drawn = Drawn { plan, targets, coverage, reading: took, observed, rules, leaving, enrol };
        let request = Request { command: "apply", select: &select, approve: &self.approve, undoes: undoes.as_ref() };
        change::proceed(&session, &deck, &ledger, &request, drawn).await
    }

    fn load(&self, door: &Door<'_>) -> Result<Loaded, Trouble> {
        let path = door.path(&self.file);
        let bytes = session::read_bounded(&path).map_err(|error| {
            let what = format!("the plan `{}` could not be read; nothing was sent", self.file.display());
            Trouble::because(Exit::Config, what, error)
        })?;
        let text = String::from_utf8_lossy(&bytes);
        file::load(&text).map_err(|error| {
            let advice = error.advice();
            let mut trouble =
                Trouble::because(Exit::Config, format!("`{}` cannot be applied", self.file.display()), error);
            trouble.advice = advice;
            trouble
        })
    }
}

/// What is read of tags again: what was as asked must still be, and what another hand did since must not be sent as if it were this plan's.
fn tag_quest(plan: &Plan) -> TagQuest {
    let asked = plan.items.iter().filter(|item| !item.is_held());
    let labels: BTreeSet<String> = asked
        .filter_map(|item| match &item.step.change {
            Change::Tag(TagChange::Assign { label, .. }) => Some(label.clone()),
            _ => None,
        })
        .collect();
    let carried = if labels.is_empty() { Carrying::Nothing } else { Carrying::Of(labels) };
    TagQuest { carried, ..TagQuest::TAGS }
}

/// Takes along what could not be read when the plan was drawn: its steps were never planned, and applying the plan does not make them
/// done.
fn not_in_the_plan(coverage: &mut Coverage, plan: &Plan, drawn_with: &Coverage) {
    let planned: BTreeSet<&str> = plan.workspaces.iter().map(|planned| planned.name.as_str()).collect();
    for lane in drawn_with.unreadable.iter().filter(|lane| !planned.contains(lane.workspace.as_str())) {
        coverage.asked += 1;
        coverage.unreadable.push(Unreadable {
            reason: format!("when the plan was drawn: {}", lane.reason),
            advice: vec!["draw the plan again once it can be read: nothing is planned for it".to_owned()],
            ..lane.clone()
        });
    }
}

/// Finds the plan's workspaces in this fleet by name and id: a plan of another fleet is refused.
fn chosen<'f>(session: &'f Session<'_>, plan: &Plan) -> Result<Vec<&'f Workspace>, Trouble> {
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
    let planned: BTreeSet<(&str, &WorkspaceId)> =
        plan.workspaces.iter().map(|planned| (planned.name.as_str(), &planned.id)).collect();
    for Item { step, .. } in &plan.items {
        if !planned.contains(&(step.workspace.as_str(), &step.workspace_id)) {
            return Err(foreign(&step.workspace, &step.workspace_id));
        }
    }
    // In config order; each was just found among them.
    let names: BTreeSet<&str> = plan.workspaces.iter().map(|planned| planned.name.as_str()).collect();
    let fleet = session.fleet.workspaces.iter();
    Ok(fleet.filter(|workspace| names.contains(workspace.name.as_str())).collect())
}
