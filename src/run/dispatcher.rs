//! The one place that writes the ledger and tells what happened.
//!
//! Takes all that is waiting into one commit, so that a thousand lanes cost few disk syncs. When a commit fails, the run drains:
//! nothing more is sent, answers in flight are still awaited, and what is not on disk is handed back to be shown.

use tokio::sync::mpsc;

use super::event::{Event, Message, NotWritten};
use super::stop::{Stop, Why};
use crate::domain::{Permit, RunId};
use crate::journal::{Ledger, LedgerError, Record};

/// What the dispatcher hands back once all lanes are done.
#[derive(Debug, Default)]
pub struct Dispatched {
    /// Records that are not on disk.
    pub unwritten: Vec<Record>,
    /// Why nothing can be written any more.
    pub error: Option<LedgerError>,
    /// A record that the ledger refused for itself: a bug in its lane, and no other lane's trouble.
    pub refused: Option<LedgerError>,
}

/// Writes and tells until every logbook is dropped.
pub async fn dispatch(
    ledger: &Ledger,
    run: &RunId,
    inbox: &mut mpsc::Receiver<Message>,
    stop: &Stop,
    mut watch: impl FnMut(&Event),
) -> Dispatched {
    let mut dispatched = Dispatched::default();
    let mut batch = Vec::new();
    while inbox.recv_many(&mut batch, super::Logbook::QUEUE).await > 0 {
        let mut records = Vec::new();
        let mut acks = Vec::new();
        let mut events = Vec::new();
        for message in batch.drain(..) {
            match message {
                Message::Write { record, ack } => {
                    records.push(record);
                    acks.push(ack);
                }
                Message::Tell(event) => events.push(event),
            }
        }
        let words = write(ledger, run, records, stop, &mut dispatched).await;
        for (ack, word) in acks.into_iter().zip(words) {
            // A worker that was dropped meanwhile does not wait for the word any more.
            let _gone = ack.send(word);
        }
        events.iter().for_each(&mut watch);
    }
    dispatched
}

/// The dispatcher's word on one record.
type Word = Result<Option<Permit>, NotWritten>;

async fn write(
    ledger: &Ledger,
    run: &RunId,
    records: Vec<Record>,
    stop: &Stop,
    dispatched: &mut Dispatched,
) -> Vec<Word> {
    if records.is_empty() {
        return Vec::new();
    }
    let count = records.len();
    // After one failure nothing is tried again: the order of the chain must be the order of what happened.
    if dispatched.error.is_none() {
        match ledger.append(run, records.clone()).await {
            Ok(permits) => return permits.into_iter().map(Ok).collect(),
            // One record is refused for itself, and nothing of the batch is on disk: the others are not to blame.
            Err(error) if error.is_a_bug() && count > 1 => {
                let mut words = Vec::with_capacity(count);
                for record in records {
                    words.extend(Box::pin(write(ledger, run, vec![record], stop, dispatched)).await);
                }
                return words;
            }
            Err(error) if error.is_a_bug() => {
                dispatched.refused.get_or_insert(error);
            }
            Err(error) => {
                stop.drain(Why::Ledger);
                dispatched.error = Some(error);
            }
        }
    }
    dispatched.unwritten.extend(records);
    (0..count).map(|_| Err(NotWritten)).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::Clock;
    use crate::domain::{Outcome, PlanId, StepId, WorkspaceId};
    use crate::journal::RunHeader;

    #[tokio::test]
    async fn a_record_that_is_refused_for_itself_is_no_other_lanes_trouble() {
        let dir = tempfile::tempdir().unwrap();
        let ledger =
            Ledger::open(&dir.path().join("state"), Clock::starting_at(jiff::Timestamp::UNIX_EPOCH)).await.unwrap();
        let run = ledger.fresh_run_id(1).await.unwrap();
        let header = RunHeader {
            run: run.clone(),
            command: "test".to_owned(),
            operator: "nobody".to_owned(),
            reason: None,
            plan: PlanId::of(b"plan"),
            applied: PlanId::of(b"plan"),
            approved_by: "yes".to_owned(),
            selection: json!(null),
            workspaces: json!([]),
            fleet_digest: String::new(),
            version: "0",
            settings: json!({}),
            steps: Vec::new(),
        };
        ledger.begin(header).await.unwrap();
        let unheard_of = Record::Settled {
            step: StepId::of(b"x"),
            outcome: Outcome::Done,
            reason: None,
            attempts: 1,
            held: None,
            seen: None,
        };
        let sound =
            Record::Identity { workspace_id: WorkspaceId::parse("w1").unwrap(), seen: "w1".to_owned(), matches: true };
        let stop = Stop::default();
        let mut dispatched = Dispatched::default();
        let records = vec![sound.clone(), unheard_of.clone(), sound];
        let words = write(&ledger, &run, records, &stop, &mut dispatched).await;
        let told: Vec<bool> = words.iter().map(Result::is_ok).collect();
        assert_eq!(told, [true, false, true]);
        assert_eq!(dispatched.unwritten, [unheard_of]);
        assert!(dispatched.error.is_none() && dispatched.refused.is_some() && !stop.is_draining());
        assert_eq!(ledger.verify_chain(&run).await.unwrap().entries, 3);
    }
}
