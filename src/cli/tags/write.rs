//! The way of the verbs about tags that write: read the tags, draw, show, approve, perform.

use std::collections::BTreeMap;

use crate::cli::change::{self, Drawn, Request};
use crate::cli::keys::enrol::Enrol;
use crate::cli::reading::{self, Asked, Reading};
use crate::cli::session::Session;
use crate::domain::{Workspace, WorkspaceName};
use crate::plan::{Observed, TagWish, draw_tags};
use crate::report::Coverage;
use crate::run::TagQuest;
use crate::trouble::{Exit, Trouble};

/// One workspace that was read, before it is said what should be there.
#[derive(Debug)]
pub struct Here<'a> {
    /// The workspace.
    pub workspace: &'a Workspace,
    /// What was read.
    pub observed: &'a Observed,
}

/// Everything that was read.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The workspaces that were read.
    pub here: Vec<Here<'a>>,
    /// What could be seen.
    pub coverage: &'a Coverage,
}

impl Scene<'_> {
    /// Tells whether every listing that was asked for is known whole, in every workspace.
    pub fn is_whole(&self) -> bool {
        self.coverage.is_complete()
    }
}

/// Runs a verb. `wishes` says what should be in each workspace that was read, in their order; its error ends the command before anything
/// is sent.
pub async fn run(
    session: &Session<'_>,
    request: Request<'_>,
    chosen: &[&Workspace],
    quest: &TagQuest,
    wishes: impl FnOnce(&Scene<'_>) -> Result<Vec<Vec<TagWish>>, Trouble>,
) -> Result<Exit, Trouble> {
    let guards = change::guards(session, request.approve)?;
    let (deck, ledger, targets) = change::begin(session, request.approve, chosen).await?;
    let rules = reading::rules(guards, &ledger, &deck, &targets, Asked::ToPlan).await?;
    let reading = Reading::of_tags(session, &deck, targets, quest).await?;
    let Reading { targets, observed, coverage, took, .. } = reading;
    let wishes = {
        let by_name: BTreeMap<&WorkspaceName, &Workspace> =
            chosen.iter().map(|workspace| (&workspace.name, *workspace)).collect();
        let here = observed.iter().map(|observed| Here { workspace: by_name[&observed.workspace], observed });
        wishes(&Scene { here: here.collect(), coverage: &coverage })?
    };
    let seen: Vec<(Observed, Vec<TagWish>)> = observed.into_iter().zip(wishes).collect();
    let plan = draw_tags(&seen, &rules);
    let observed = seen.into_iter().map(|(observed, _)| observed).collect();
    let drawn =
        Drawn { plan, targets, coverage, reading: took, observed, rules, leaving: None, enrol: Enrol::default() };
    change::proceed(session, &deck, &ledger, &request, drawn).await
}
