//! What happened in a run, told once to everyone, and the worker's way to have it written down.

use tokio::sync::{mpsc, oneshot};

use super::end::StepEnd;
use super::trouble::LaneTrouble;
use crate::domain::{Held, HeldReason, Permit, RunId, Step, StepId};
use crate::journal::Record;

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A lane began.
    LaneStarted {
        /// Whose.
        workspace: String,
    },
    /// A lane waits until a lost answer can be settled.
    LaneWaits {
        /// Whose.
        workspace: String,
    },
    /// A step ended.
    StepEnded {
        /// The step.
        step: Box<Step>,
        /// How.
        end: StepEnd,
    },
    /// A lane ended.
    LaneEnded {
        /// Whose.
        workspace: String,
        /// Why, if it was not simply done.
        trouble: Option<LaneTrouble>,
    },
}

/// What a worker sends to the dispatcher.
#[derive(Debug)]
pub enum Message {
    /// To be written down; the answer comes once it is on disk.
    Write {
        /// What.
        record: Record,
        /// Where the dispatcher's word goes.
        ack: oneshot::Sender<Result<Option<Permit>, NotWritten>>,
    },
    /// To be told.
    Tell(Event),
}

/// The ledger could not take it: nothing more may be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotWritten;

impl NotWritten {
    /// Says what a step is held for that could not be written down.
    pub fn held(self) -> Held {
        Held::new(
            HeldReason::Ledger,
            "it could not be written down, so it was not sent",
            "see the error about the ledger",
        )
    }
}

/// A worker's handle on the dispatcher. The channel is bounded: a slow disk or terminal slows the run down.
#[derive(Debug, Clone)]
pub struct Logbook {
    run: RunId,
    messages: mpsc::Sender<Message>,
}

impl Logbook {
    /// How many messages may wait. One commit takes what is waiting, so this bounds a batch; some hundreds of lanes write at once
    /// and each waits for its own word, so more would never fill.
    pub const QUEUE: usize = 1024;

    /// Opens the logbook of a run and the end the dispatcher reads from.
    pub fn open(run: &RunId) -> (Self, mpsc::Receiver<Message>) {
        let (messages, inbox) = mpsc::channel(Self::QUEUE);
        (Self { run: run.clone(), messages }, inbox)
    }

    /// Returns the run it is of.
    pub fn run(&self) -> &RunId {
        &self.run
    }

    /// Has something written down and waits until it is on disk.
    pub async fn write(&self, record: Record) -> Result<Option<Permit>, NotWritten> {
        let (ack, word) = oneshot::channel();
        if self.messages.send(Message::Write { record, ack }).await.is_err() {
            return Err(NotWritten);
        }
        word.await.unwrap_or(Err(NotWritten))
    }

    /// Has the beginning of an attempt written down; the permit is what the write consumes.
    pub async fn started(&self, step: &StepId, attempt: u32) -> Result<Permit, NotWritten> {
        self.write(Record::Started { step: step.clone(), attempt }).await?.ok_or(NotWritten)
    }

    /// Tells everyone.
    pub async fn tell(&self, event: Event) {
        // Nobody listening is no reason to stop: the ledger has its own channel word.
        let _nobody = self.messages.send(Message::Tell(event)).await;
    }
}
