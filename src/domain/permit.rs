//! What a write must carry: proof of an approved plan, and proof that it was written down first.

use super::{PlanId, StepId, WorkspaceId};

/// Proof that a plan was approved. Without one no handle that writes can be made, so a dry run is not a flag to remember.
#[derive(Debug, Clone)]
pub struct Approval {
    plan: PlanId,
    by: ApprovedBy,
}

/// How a plan was approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApprovedBy {
    /// A person typed it at the prompt.
    Typed,
    /// `--yes`, for a plan that removes nothing.
    Yes,
    /// `--confirm` with the plan's id.
    Confirm,
    /// The plan sends nothing, so nobody was asked.
    NothingToSend,
    /// It was approved when its run began, which is taken up again.
    Resumed,
}

impl ApprovedBy {
    /// Returns the word the ledger keeps.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Typed => "typed",
            Self::Yes => "yes",
            Self::Confirm => "confirm",
            Self::NothingToSend => "nothing_to_send",
            Self::Resumed => "resumed",
        }
    }
}

impl Approval {
    /// Grants an approval. WARNING: for the confirm dialogue alone; a house test keeps it there.
    pub(crate) fn grant(plan: PlanId, by: ApprovedBy) -> Self {
        Self { plan, by }
    }

    /// Returns the approved plan.
    pub fn plan(&self) -> &PlanId {
        &self.plan
    }

    /// Returns how it was approved.
    pub fn by(&self) -> ApprovedBy {
        self.by
    }
}

/// Proof that a step's `started` entry is on disk. Every write consumes one.
#[derive(Debug)]
pub struct Permit {
    workspace: WorkspaceId,
    step: StepId,
    attempt: u32,
}

impl Permit {
    /// Issues a permit. WARNING: for the journal alone, after the commit; a house test keeps it there.
    pub(crate) fn issue(workspace: WorkspaceId, step: StepId, attempt: u32) -> Self {
        Self { workspace, step, attempt }
    }

    /// Returns the workspace the write may go to.
    pub fn workspace(&self) -> &WorkspaceId {
        &self.workspace
    }

    /// Returns the step.
    pub fn step(&self) -> &StepId {
        &self.step
    }

    /// Returns which attempt of the step this is, from 1.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }
}
