//! The way of the verbs about keys that write: read the keys, draw, show, approve, perform. Nobody's membership is asked for.

use std::collections::BTreeMap;

use super::case::{Grounds, makers};
use super::enrol::Enrol;
use super::memory::Memory;
use crate::audit::{Judge, Maker};
use crate::cli::change::{self, Drawn, Request};
use crate::cli::reading::{self, Asked, Reading};
use crate::cli::session::{Keys, Session};
use crate::domain::{Finding, KeyId, Workspace, WorkspaceName};
use crate::plan::{KeyWish, Observed, draw_keys};
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
}

/// Runs a verb. `wishes` says what should be in each workspace that was read, in their order.
pub async fn run(
    session: &Session<'_>,
    asks: Asks<'_>,
    wishes: impl FnOnce(&[Here<'_>]) -> Vec<Vec<KeyWish>>,
) -> Result<Exit, Trouble> {
    let Asks { request, chosen, ring, judged, enrol } = asks;
    let guards = change::guards(session, request.approve)?;
    let (deck, ledger, targets) = change::begin(session, request.approve, &chosen).await?;
    let rules = reading::rules(guards, &ledger, &deck, &targets, Asked::ToPlan).await?;
    let reading = Reading::of_keys(session, &deck, targets, ring).await?;
    let Reading { targets, observed, coverage, took, .. } = reading;
    let wishes = {
        let here = here(session, &chosen, &targets, &observed, ring, judged, deck.clock.now()).await;
        wishes(&here)
    };
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
        let mut one = Here { workspace, target, observed, makers: BTreeMap::new(), findings: Vec::new() };
        if let (Some(memory), Some(_)) = (&mut memory, &observed.belongings) {
            let remembered = memory.of(observed).await;
            one.makers = makers(observed, &remembered);
            if let Some(Judged { accepted }) = judged {
                let case = grounds.seen(workspace, target, observed, one.makers.clone(), &remembered);
                let counts = |finding: &Finding| accepted || finding.counts();
                one.findings = judge.judge(&case).findings.into_iter().filter(counts).collect();
            }
        }
        all.push(one);
    }
    if let Some(memory) = memory {
        memory.close().await;
    }
    all
}
