//! What can be written down, as values and as JSON.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::error::LedgerError;
use super::sql::NEWEST;
use super::state::{Class, Effect, Illegal, Move, State};
use crate::domain::{Disposition, Email, Held, HeldReason, KeyId, Outcome, PlanId, RunId, Step, StepId, WorkspaceId};

/// The first thing written about a run. No key material: keys appear as fingerprints.
#[derive(Debug, Clone)]
pub struct RunHeader {
    /// The run's id, from [`Ledger::fresh_run_id`](super::Ledger::fresh_run_id).
    pub run: RunId,
    /// The command as a person would type it.
    pub command: String,
    /// Who runs it.
    pub operator: String,
    /// Why, from `--reason`.
    pub reason: Option<String>,
    /// The approved plan.
    pub plan: PlanId,
    /// The id of the plan as it is written down: another than the approved one where a part of that was held since.
    pub applied: PlanId,
    /// How it was approved.
    pub approved_by: String,
    /// What was selected.
    pub selection: Value,
    /// The workspaces of the plan, those without a step too: name, id and rows seen, so that the plan's id can be computed again.
    pub workspaces: Value,
    /// A digest of the fleet's identities, to notice a resume with other files.
    pub fleet_digest: String,
    /// The version of keyholder.
    pub version: &'static str,
    /// The settings that decide how the run behaves.
    pub settings: Value,
    /// Every step of the plan in its order, with what is to be done with it.
    pub steps: Vec<(Step, Disposition)>,
}

/// Returns the state a step begins in.
pub(super) fn first_state(disposition: &Disposition) -> State {
    match disposition {
        Disposition::Send => State::Planned,
        Disposition::Already(_) => State::Already,
        Disposition::Held(_) => State::Held,
    }
}

/// Returns the code of the reason a step is held for.
pub(super) fn held_code(disposition: &Disposition) -> Option<&'static str> {
    if let Disposition::Held(held) = disposition { Some(held.reason.as_str()) } else { None }
}

/// Returns why a step will not be sent, in words.
pub(super) fn held_text(disposition: &Disposition) -> Option<&str> {
    match disposition {
        Disposition::Send => None,
        Disposition::Already(text) => Some(text),
        Disposition::Held(held) => Some(&held.detail),
    }
}

/// What is done about a made key (design section 3, keys): made, proven, stored, switched to, proven from where it is stored; or, where
/// its secret is lost or cannot be kept, deleted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyDid {
    /// It is there; its id and fingerprint are known.
    Made,
    /// It opened the pinned workspace.
    Proven,
    /// Its secret is on disk, in the store, or was shown.
    Stored,
    /// The configured reference leads to it.
    Switched,
    /// What the configured reference leads to opened the pinned workspace.
    ProvenStored,
    /// It is about to be deleted: its secret is lost, or could not be kept.
    Discarding,
    /// It is gone.
    Discarded,
}

impl KeyDid {
    /// All, in their order.
    pub const ALL: [Self; 7] =
        [Self::Made, Self::Proven, Self::Stored, Self::Switched, Self::ProvenStored, Self::Discarding, Self::Discarded];

    /// Returns the word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Made => "made",
            Self::Proven => "proven",
            Self::Stored => "stored",
            Self::Switched => "switched",
            Self::ProvenStored => "proven_stored",
            Self::Discarding => "discarding",
            Self::Discarded => "discarded",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|did| did.as_str() == text)
    }
}

/// Something that happened in a run. Texts that came from the network must be redacted before they get here.
#[derive(Debug, Clone, PartialEq)]
pub enum Record {
    /// A step is about to be sent; a [`Permit`](crate::domain::Permit) comes back for it. So it does for [`KeyDid::Discarding`].
    Started {
        /// The step.
        step: StepId,
        /// Which attempt, from 1, without a gap.
        attempt: u32,
    },
    /// An answer came, or it is known why none will.
    Answered {
        /// The step.
        step: StepId,
        /// The attempt it answers.
        attempt: u32,
        /// One of the words of [`Class`].
        class: &'static str,
        /// The answer in words.
        detail: String,
        /// The HTTP status, where one came.
        status: Option<u16>,
    },
    /// It was looked whether the effect is there.
    Looked {
        /// The step.
        step: StepId,
        /// Whether the asked state is there.
        effect: Effect,
        /// What was seen, in words.
        found: String,
    },
    /// A step has ended.
    Settled {
        /// The step.
        step: StepId,
        /// How.
        outcome: Outcome,
        /// Why.
        reason: Option<String>,
        /// How many attempts it took.
        attempts: u32,
        /// Why it was held, where it was.
        held: Option<HeldReason>,
        /// The person's rows in the look that decided it, where there was one; an empty list is an absence.
        seen: Option<Value>,
    },
    /// A workspace was asked who it is.
    Identity {
        /// The pinned identity.
        workspace_id: WorkspaceId,
        /// What was answered.
        seen: String,
        /// Whether they are the same.
        matches: bool,
    },
    /// What one person was or left in a workspace before the first write: what a certificate begins with.
    Sighted {
        /// The workspace's name.
        workspace: String,
        /// Its identity.
        workspace_id: WorkspaceId,
        /// Who.
        subject: Email,
        /// When the workspace was read.
        at: jiff::Timestamp,
        /// What was seen, and what could not be; no key material.
        traces: Value,
    },
    /// Something was done about a made key, besides the request of its step. No key material: the secret appears as its fingerprint.
    Key {
        /// The step that makes the key.
        step: StepId,
        /// What was done, or is about to be.
        did: KeyDid,
        /// The key, where its id is known.
        key: Option<KeyId>,
        /// The fingerprint of its secret, where it is known.
        fingerprint: Option<String>,
        /// Its name, or where its secret went, in words.
        detail: String,
    },
    /// A lane could not go on.
    Lane {
        /// The workspace's name.
        workspace: String,
        /// Why.
        trouble: String,
    },
    /// The run was told to stop.
    Stop {
        /// By what.
        why: String,
    },
    /// A run that was cut, or that ended with something unsettled, is taken up again.
    Resumed {
        /// Who does it.
        operator: String,
        /// The version of keyholder.
        version: &'static str,
    },
    /// The run has ended; only [`Record::Resumed`] may follow.
    Ended {
        /// Exit code.
        exit: u8,
        /// The same in words.
        outcome: String,
        /// Steps by outcome.
        counts: BTreeMap<Outcome, u64>,
        /// Requests that were sent.
        requests: u64,
    },
}

impl Record {
    /// Returns the word that stands as `type` in the entry.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Answered { .. } => "answered",
            Self::Looked { .. } => "looked",
            Self::Settled { .. } => "settled",
            Self::Identity { .. } => "identity",
            Self::Sighted { .. } => "sighted",
            Self::Key { .. } => "key",
            Self::Lane { .. } => "lane",
            Self::Stop { .. } => "stop",
            Self::Resumed { .. } => "resumed",
            Self::Ended { .. } => "ended",
        }
    }

    /// Returns the step it is about, and what it does to it.
    pub(super) fn step_move(&self) -> Result<Option<(&StepId, Move)>, LedgerError> {
        Ok(Some(match self {
            Self::Started { step, attempt } => (step, Move::Start { attempt: *attempt }),
            Self::Answered { step, attempt, class, .. } => {
                let class = Class::parse(class).ok_or_else(|| LedgerError::Illegal {
                    step: step.clone(),
                    source: Illegal { from: "started".to_owned(), to: format!("answered: {class}") },
                })?;
                (step, Move::Answer { attempt: *attempt, class })
            }
            Self::Looked { step, effect, .. } => (step, Move::Look(*effect)),
            Self::Settled { step, outcome, .. } => (step, Move::Settle(*outcome)),
            Self::Key { step, did, .. } => (step, Move::Key(*did)),
            _ => return Ok(None),
        }))
    }

    /// Writes it as the ledger does.
    pub fn json(&self) -> Value {
        let mut value = match self {
            Self::Started { step, attempt } => json!({ "step": step, "attempt": attempt }),
            Self::Answered { step, attempt, class, detail, status } => {
                json!({ "step": step, "attempt": attempt, "class": class, "detail": detail, "status": status })
            }
            Self::Looked { step, effect, found } => json!({ "step": step, "effect": effect.as_str(), "found": found }),
            Self::Settled { step, outcome, reason, attempts, held, seen } => json!({
                "step": step,
                "outcome": outcome,
                "reason": reason,
                "reason_code": held.map(HeldReason::as_str),
                "attempts": attempts,
                "seen": seen,
            }),
            Self::Identity { workspace_id, seen, matches } => {
                json!({ "workspace_id": workspace_id, "seen": seen, "matches": matches })
            }
            Self::Sighted { workspace, workspace_id, subject, at, traces } => json!({
                "workspace": workspace,
                "workspace_id": workspace_id,
                "subject": subject,
                // Not `at`: that is the moment of the entry.
                "read_at": at.to_string(),
                "traces": traces,
            }),
            Self::Key { step, did, key, fingerprint, detail } => json!({
                "step": step,
                "did": did.as_str(),
                "key": key,
                "fingerprint": fingerprint,
                "detail": detail,
            }),
            Self::Lane { workspace, trouble } => json!({ "workspace": workspace, "trouble": trouble }),
            Self::Stop { why } => json!({ "why": why }),
            Self::Resumed { operator, version } => json!({ "operator": operator, "version": version }),
            Self::Ended { exit, outcome, counts, requests } => {
                let counts: Map<String, Value> =
                    counts.iter().map(|(outcome, count)| (outcome.to_string(), json!(count))).collect();
                json!({ "exit": exit, "outcome": outcome, "counts": counts, "requests": requests })
            }
        };
        value["type"] = json!(self.kind());
        value
    }
}

/// Reads from a `planned` entry what was to become of the step; none where it is held for a reason that is not known here.
pub fn disposition_of(planned: &Value) -> Option<Disposition> {
    let text = |name: &str| planned[name].as_str().unwrap_or_default().to_owned();
    Some(match planned["state"].as_str()? {
        "planned" => Disposition::Send,
        "already" => Disposition::Already(text("reason")),
        "held" => {
            let reason = serde_json::from_value(planned["reason_code"].clone()).ok()?;
            Disposition::Held(Held { reason, detail: text("reason"), remedy: text("remedy") })
        }
        _ => return None,
    })
}

/// Reads what an entry does to a step, if it is of a kind that does something.
pub(super) fn move_of(entry: &Value) -> Result<Option<(StepId, Move)>, String> {
    let text = |name: &str| entry[name].as_str().ok_or_else(|| format!("`{name}` is missing"));
    let attempt = || entry["attempt"].as_u64().and_then(|n| u32::try_from(n).ok()).ok_or("`attempt` is missing");
    let step = || text("step").map(StepId::from_stored);
    Ok(Some(match text("type")? {
        "started" => (step()?, Move::Start { attempt: attempt()? }),
        "answered" => {
            let class = Class::parse(text("class")?).ok_or("`class` is no class")?;
            (step()?, Move::Answer { attempt: attempt()?, class })
        }
        "looked" => (step()?, Move::Look(Effect::parse(text("effect")?).ok_or("`effect` is no effect")?)),
        "settled" => (step()?, Move::Settle(Outcome::parse(text("outcome")?).ok_or("`outcome` is no outcome")?)),
        "key" => (step()?, Move::Key(KeyDid::parse(text("did")?).ok_or("`did` is nothing that is done about a key")?)),
        _ => return Ok(None),
    }))
}

pub(super) fn header_json(header: &RunHeader, previous: &Value) -> Value {
    let RunHeader {
        run: _,
        command,
        operator,
        reason,
        plan,
        applied,
        approved_by,
        selection,
        workspaces,
        fleet_digest,
        version,
        settings,
        steps,
    } = header;
    json!({
        "type": "run",
        "command": command,
        "operator": operator,
        "reason": reason,
        "plan": plan,
        "applied": applied,
        "approved_by": approved_by,
        "selection": selection,
        "workspaces": workspaces,
        "fleet_digest": fleet_digest,
        "version": version,
        "ledger": NEWEST.to_string(),
        "settings": settings,
        "steps": steps.len(),
        "previous": previous,
    })
}

pub(super) fn planned_json(step: &Step, disposition: &Disposition) -> Value {
    json!({
        "type": "planned",
        "step": step,
        "removal": step.is_removal(),
        "state": first_state(disposition).as_str(),
        "reason_code": held_code(disposition),
        "reason": held_text(disposition),
        "remedy": if let Disposition::Held(held) = disposition { Some(held.remedy.as_str()) } else { None },
    })
}
