//! The way of the verbs about keys that write: read the keys, draw, show, approve, perform. Nobody's membership is asked for.

use std::collections::{BTreeMap, BTreeSet};

use super::case::{Grounds, makers};
use super::enrol::Enrol;
use super::memory::{KIND, Memory};
use crate::audit::{Judge, Maker};
use crate::cli::change::{self, Drawn, Request};
use crate::cli::reading::{self, Asked, Reading};
use crate::cli::session::{Keys, Session};
use crate::domain::{Finding, KeyId, NotJudged, RunId, Workspace, WorkspaceId, WorkspaceName};
use crate::journal::{KnownKeys, Ledger, LedgerError};
use crate::plan::{KeyWish, Observed, draw_keys};
use crate::report::{Coverage, Unlisted};
use crate::run::{Ring, Target};
use crate::trouble::{Exit, Trouble};

/// One workspace that was read, before it is said what should be there.
#[derive(Debug)]
pub struct Here<'a> {
    /// The workspace.
    pub workspace: &'a Workspace,
    /// How it is reached.
    pub target: &'a Target,
    /// What was read.
    pub observed: &'a Observed,
    /// Who made its keys, where that was read.
    pub makers: BTreeMap<KeyId, Maker>,
    /// What the audit finds in it that nobody accepted, or accepted too where that was asked for; none where nobody asked.
    pub findings: Vec<Finding>,
    /// What of the audit could not be judged.
    pub not_judged: Vec<NotJudged>,
    /// The keys that a run replaced here and left, where that was asked for.
    pub left: Vec<Left>,
}

/// A key that a run replaced and did not delete.
#[derive(Debug, Clone)]
pub struct Left {
    /// The key.
    pub key: KeyId,
    /// Its name.
    pub name: String,
    /// The run.
    pub run: RunId,
    /// The key that took its place.
    pub by: Option<KeyId>,
}

/// What the ledger is asked about keys.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recollect {
    /// Nothing.
    Nothing,
    /// Which keys were replaced and left.
    Left,
    /// Which of these keys ever were.
    Known(BTreeSet<KeyId>),
}

/// Everything that was read, before it is said what should be there.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The workspaces that were read.
    pub here: Vec<Here<'a>>,
    /// What could be seen.
    pub coverage: &'a Coverage,
    /// The keys that were asked for and ever were.
    pub known: KnownKeys,
}

impl Scene<'_> {
    /// Tells whether the keys of every workspace that was asked for are known.
    pub fn is_whole(&self) -> bool {
        self.coverage.partial.is_empty() && self.coverage.unreadable.is_empty()
    }
}

/// What should be there.
#[derive(Debug, Default)]
pub struct Wished {
    /// In each workspace that was read, in their order.
    pub wishes: Vec<Vec<KeyWish>>,
    /// Where it could not be told.
    pub unjudged: Vec<Unlisted>,
}

/// What of the audit is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// Whether accepted findings count too.
    pub accepted: bool,
}

/// What a verb asks.
#[derive(Debug)]
pub struct Asks<'a> {
    /// The command, selection and approval.
    pub request: Request<'a>,
    /// The chosen workspaces.
    pub chosen: Vec<&'a Workspace>,
    /// How much is read.
    pub ring: Ring,
    /// Whether the audit is asked.
    pub judged: Option<Judged>,
    /// What the register is told of keys that are made.
    pub enrol: Enrol,
    /// What the ledger is asked about keys.
    pub recollect: Recollect,
}

/// Runs a verb. `wishes` says what should be in each workspace that was read; its error ends the command before anything is sent.
pub async fn run(
    session: &Session<'_>,
    asks: Asks<'_>,
    wishes: impl FnOnce(&Scene<'_>) -> Result<Wished, Trouble>,
) -> Result<Exit, Trouble> {
    let Asks { request, chosen, ring, judged, enrol, recollect } = asks;
    let guards = change::guards(session, request.approve)?;
    let (deck, ledger, targets) = change::begin(session, request.approve, &chosen).await?;
    let rules = reading::rules(guards, &ledger, &deck, &targets, Asked::ToPlan).await?;
    let reading = Reading::of_keys(session, &deck, targets, ring).await?;
    let Reading { targets, observed, mut coverage, took, .. } = reading;
    let Wished { wishes, unjudged } = {
        let mut here = here(session, &chosen, &targets, &observed, ring, judged, deck.clock.now()).await;
        let failed = |error: LedgerError| Trouble::advised(error.exit(), error);
        let mut known = KnownKeys::new();
        match recollect {
            Recollect::Nothing => {}
            Recollect::Left => left(&ledger, &mut here).await.map_err(failed)?,
            Recollect::Known(asked) => known = ledger.known_keys(asked, KIND).await.map_err(failed)?,
        }
        wishes(&Scene { here, coverage: &coverage, known })?
    };
    coverage.note_unseen(unjudged);
    let seen: Vec<(Observed, Vec<KeyWish>)> = observed.into_iter().zip(wishes).collect();
    let plan = draw_keys(&seen, &rules);
    let observed = seen.into_iter().map(|(observed, _)| observed).collect();
    let drawn = Drawn { plan, targets, coverage, reading: took, observed, rules, leaving: None, enrol };
    change::proceed(session, &deck, &ledger, &request, drawn).await
}

async fn here<'a>(
    session: &'a Session<'_>,
    chosen: &[&'a Workspace],
    targets: &'a [Target],
    observed: &'a [Observed],
    ring: Ring,
    judged: Option<Judged>,
    now: jiff::Timestamp,
) -> Vec<Here<'a>> {
    let workspaces: BTreeMap<&WorkspaceName, &Workspace> =
        chosen.iter().map(|workspace| (&workspace.name, *workspace)).collect();
    let lanes: BTreeMap<&WorkspaceName, &Target> = targets.iter().map(|target| (&target.name, target)).collect();
    let own: Keys =
        targets.iter().filter_map(|target| Some((target.name.clone(), Ok(target.access.clone().ok()?)))).collect();
    let grounds = Grounds::of(&session.fleet, &own);
    let judge = Judge::new(&session.fleet.key_policy, now);
    // Only who asks for more than the keys needs what the ledger remembers of people and of earlier looks.
    let mut memory = if ring == Ring::Keys { None } else { Some(Memory::open(session).await) };
    let mut all = Vec::with_capacity(observed.len());
    for observed in observed {
        let (workspace, target) = (workspaces[&observed.workspace], lanes[&observed.workspace]);
        let mut one = Here {
            workspace,
            target,
            observed,
            makers: BTreeMap::new(),
            findings: Vec::new(),
            not_judged: Vec::new(),
            left: Vec::new(),
        };
        if let (Some(memory), Some(_)) = (&mut memory, &observed.belongings) {
            let remembered = memory.of(observed).await;
            one.makers = makers(observed, &remembered);
            if let Some(Judged { accepted }) = judged {
                let case = grounds.seen(workspace, target, observed, one.makers.clone(), &remembered);
                let counts = |finding: &Finding| accepted || finding.counts();
                let judgement = judge.judge(&case);
                one.findings = judgement.findings.into_iter().filter(counts).collect();
                one.not_judged = judgement.not_judged;
            }
        }
        all.push(one);
    }
    if let Some(memory) = memory {
        memory.close().await;
    }
    all
}

/// Adds the keys that were replaced and left to the workspaces they are of.
async fn left(ledger: &Ledger, here: &mut [Here<'_>]) -> Result<(), LedgerError> {
    let ids: Vec<WorkspaceId> = here.iter().map(|one| one.observed.id.clone()).collect();
    let left = ledger.replaced_left(&ids).await?;
    if left.is_empty() {
        return Ok(());
    }
    let made = ledger.made_keys(&ids).await?;
    for one in left {
        let by = made.iter().find(|made| made.run == one.run && made.step == one.by && made.gone_at.is_none());
        let found = Left { key: one.key, name: one.name, run: one.run, by: by.map(|made| made.key.clone()) };
        for here in here.iter_mut().filter(|here| here.observed.id == one.workspace_id) {
            here.left.push(found.clone());
        }
    }
    Ok(())
}
