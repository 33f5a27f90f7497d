//! Evidence: what proves a run to a person who does not trust us, as the bytes of files.
//!
//! Pure: from what the ledger holds ([`Evidence`]) to the contents of a folder ([`files`]). The same run gives the same bytes; no clock
//! is asked, and the moment of export stands nowhere. What could not be seen or is not known is said before anything else.

mod check;
mod client;
mod outcomes;
mod page;
mod seen;
mod verdict;

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::cell::Column;
use crate::domain::id::hex;
use crate::domain::{Change, Disposition, Email, Outcome, PlanId, Step, canonical};

pub use verdict::{Gap, Verdict};

/// A run as its entries tell it.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// Who, when, why.
    pub run: RunFacts,
    /// The workspaces of the plan as the ledger holds them: name and identity.
    pub workspaces: Vec<(String, String)>,
    /// The same as they stand in the first entry.
    pub planned: Value,
    /// The id that workspaces and steps have, computed again; none where the ledger lacks what it is computed from.
    pub recomputed: Option<PlanId>,
    /// The steps, in plan order.
    pub steps: Vec<StepFacts>,
    /// When workspaces were asked who they are.
    pub identities: Vec<IdentityFact>,
    /// Lanes that could not go on: when, the workspace's name, why.
    pub lanes: Vec<(String, String, String)>,
    /// What could be seen while planning.
    pub coverage: CoverageFacts,
    /// Who was to leave and how, as the first entry tells it; null where the run was about something else.
    pub leaving: Value,
    /// What leavers were or had before the first write.
    pub sighted: Vec<SightedFact>,
    /// The chain.
    pub chain: ChainFacts,
}

/// Who, when, why.
#[derive(Debug, Clone)]
pub struct RunFacts {
    /// Its id.
    pub id: String,
    /// The command.
    pub command: String,
    /// Who ran it.
    pub operator: String,
    /// Why, if that was said.
    pub reason: Option<String>,
    /// The id of the approved plan.
    pub plan: String,
    /// The id of the plan as it was begun: another where a part of the approved one was held since.
    pub begun: String,
    /// How it was approved.
    pub approved_by: String,
    /// The version that ran it.
    pub version: String,
    /// What was selected.
    pub selection: Value,
    /// When it began.
    pub began: String,
    /// When it ended, if it did.
    pub ended: Option<String>,
    /// How it stands.
    pub stands: Stands,
    /// Exit code, if it ended.
    pub exit: Option<u64>,
    /// The same in words.
    pub outcome: Option<String>,
    /// Requests sent, if it ended.
    pub requests: Option<u64>,
    /// When it was taken up again, by whom, with which version.
    pub resumed: Vec<(String, String, String)>,
    /// When it was told to stop, and by what.
    pub stops: Vec<(String, String)>,
}

/// Whether a run has come to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// It ended and said so.
    Finished,
    /// A process writes it now.
    Running,
    /// It did not say that it ended, and nobody writes it.
    Cut,
}

impl Stands {
    /// Returns the word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::Running => "running",
            Self::Cut => "cut",
        }
    }
}

/// A step and what became of it.
#[derive(Debug, Clone)]
pub struct StepFacts {
    /// The step as it was planned.
    pub step: Step,
    /// What was to become of it.
    pub disposition: Disposition,
    /// How it ended; none where it did not.
    pub outcome: Option<Outcome>,
    /// How often it was sent or begun to be sent.
    pub attempts: u32,
    /// Why.
    pub reason: Option<String>,
    /// What the look showed that decided it, none where there was no such look: of a membership the person's rows, empty for an absence;
    /// of belongings what is there in the place of what was asked.
    pub seen: Option<Value>,
    /// When it was first started.
    pub started_at: Option<String>,
    /// When it ended; for one that was never to be sent, when it was planned.
    pub settled_at: Option<String>,
}

impl StepFacts {
    /// Says how it ended, or how far it came.
    pub fn word(&self) -> &'static str {
        match (self.outcome, self.attempts) {
            (Some(outcome), _) => outcome.as_str(),
            (None, 0) => "not_sent",
            (None, _) => "in_doubt",
        }
    }

    /// Says what was seen when it was decided, in the words of `before`; none where nobody looked.
    pub fn after(&self) -> Option<String> {
        match (&self.seen, &self.disposition) {
            (Some(seen), _) => Some(seen::told(&self.step.change, seen)),
            // What a hand-over rests on is what was before the one it undoes; the words of the plan say what is.
            (None, Disposition::Already(told)) if self.is_about_belongings() => Some(told.clone()),
            (None, Disposition::Already(_)) => Some(self.step.rests_on.describe()),
            (None, _) => None,
        }
    }

    /// Tells whether it is about what a person has, not about whether they are in.
    pub fn is_about_belongings(&self) -> bool {
        matches!(self.step.change, Change::HandOver { .. } | Change::Revoke { .. })
    }
}

/// A workspace was asked who it is.
#[derive(Debug, Clone)]
pub struct IdentityFact {
    /// When.
    pub at: String,
    /// The pinned identity.
    pub workspace_id: String,
    /// What was answered.
    pub seen: String,
    /// Whether they are the same.
    pub matches: bool,
}

/// What one person was or left in a workspace before the first write.
#[derive(Debug, Clone)]
pub struct SightedFact {
    /// The workspace's identity.
    pub workspace_id: String,
    /// Who.
    pub subject: Email,
    /// When the workspace was read.
    pub read_at: String,
    /// What was seen.
    pub traces: Value,
}

/// What could be seen while planning, as the run's first entry tells it.
#[derive(Debug, Clone, Default)]
pub struct CoverageFacts {
    /// Workspaces asked for; none where the ledger does not tell.
    pub asked: Option<u64>,
    /// Seen whole.
    pub complete: Option<u64>,
    /// Seen in part: name, why.
    pub partial: Vec<(String, String)>,
    /// Not seen: name, why.
    pub unreadable: Vec<(String, String)>,
}

impl CoverageFacts {
    /// Reads it from the settings of a run; where a number is missing it stays unknown.
    pub fn read(settings: &Value) -> Self {
        let pairs = |name: &str| {
            let rows = settings[name].as_array().map(Vec::as_slice).unwrap_or_default();
            let text = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
            let reason = |row: &Value| match row["listing"].as_str() {
                Some(listing) => format!("{listing}: {}", text(row, "reason")),
                None => text(row, "reason"),
            };
            rows.iter().map(|row| (text(row, "workspace"), reason(row))).collect()
        };
        Self {
            asked: settings["asked"].as_u64(),
            complete: settings["complete"].as_u64(),
            partial: pairs("partial"),
            unreadable: pairs("unreadable"),
        }
    }
}

/// The chain of a run.
#[derive(Debug, Clone)]
pub struct ChainFacts {
    /// The hash the run hangs on, in hex digits; zeros for the first run of a ledger.
    pub hangs_on: String,
    /// The run and the entry that is, unless it is the first.
    pub previous: Option<(String, u64)>,
    /// How many entries it has.
    pub count: u64,
    /// The newest hash, in hex digits.
    pub head: String,
    /// Every entry's stored bytes and its hash in hex digits; none where only the run is told, and not shown.
    pub entries: Vec<(Vec<u8>, String)>,
}

/// One file of a folder of evidence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Its path in the folder, with `/`.
    pub path: String,
    /// Its contents.
    pub bytes: Vec<u8>,
}

impl File {
    /// Returns the SHA-256 of its contents in hex digits.
    pub fn digest(&self) -> String {
        hex(&Sha256::digest(&self.bytes))
    }
}

/// Columns of the list of files.
pub const FILE: &[Column] = &[Column::shown("file"), Column::shown("bytes"), Column::detail("sha256")];

/// The file that is written last and lists all others.
pub const MANIFEST: &str = "MANIFEST.sha256";

/// Makes the files, in the order in which they are to be written.
pub fn files(evidence: &Evidence) -> Vec<File> {
    let verdict = Verdict::of(evidence);
    let file = |path: &str, bytes: Vec<u8>| File { path: path.to_owned(), bytes };
    let mut files = vec![
        file("plan.json", plan(evidence)),
        file("entries.ndjson", entries(&evidence.chain)),
        file("chain.txt", chain(&evidence.chain)),
        file("outcomes.csv", outcomes::csv(&evidence.steps)),
        file("coverage.json", pretty(&coverage(evidence, &verdict))),
    ];
    files.extend(client::files(evidence));
    files.push(file("CHECK.md", check::page(evidence, &verdict).into_bytes()));
    files.push(file("index.html", page::page(evidence, &verdict).into_bytes()));
    let manifest: Vec<u8> =
        files.iter().flat_map(|file| [file.digest().as_str(), "  ", &file.path, "\n"].concat().into_bytes()).collect();
    files.push(file(MANIFEST, manifest));
    files
}

fn plan(evidence: &Evidence) -> Vec<u8> {
    let items: Vec<Value> =
        evidence.steps.iter().map(|facts| json!({ "step": facts.step, "disposition": facts.disposition })).collect();
    let mut bytes = canonical(&json!({
        "id": evidence.run.plan,
        "id_begun": evidence.run.begun,
        "id_recomputed": evidence.recomputed,
        "workspaces": evidence.planned,
        "items": items,
    }));
    bytes.push(b'\n');
    bytes
}

fn entries(chain: &ChainFacts) -> Vec<u8> {
    let mut out = Vec::new();
    for (bytes, _) in &chain.entries {
        out.extend_from_slice(bytes);
        out.push(b'\n');
    }
    out
}

fn chain(chain: &ChainFacts) -> Vec<u8> {
    let hashes = std::iter::once(&chain.hangs_on).chain(chain.entries.iter().map(|(_, hash)| hash));
    hashes.flat_map(|hash| [hash.as_str(), "\n"]).collect::<String>().into_bytes()
}

fn coverage(evidence: &Evidence, verdict: &Verdict) -> Value {
    let CoverageFacts { asked, complete, partial, unreadable } = &evidence.coverage;
    let pairs = |pairs: &[(String, String)]| {
        pairs.iter().map(|(name, why)| json!({ "workspace": name, "reason": why })).collect::<Vec<_>>()
    };
    let steps: serde_json::Map<String, Value> =
        verdict.counts.iter().map(|(word, count)| ((*word).to_owned(), json!(count))).collect();
    json!({
        "run": evidence.run.id,
        "state": evidence.run.stands.as_str(),
        "evidence_is_complete": verdict.is_complete(),
        "because": verdict.gaps.iter().map(Gap::say).collect::<Vec<_>>(),
        "asked": asked,
        "complete": complete,
        "partial": pairs(partial),
        "unreadable": pairs(unreadable),
        "steps": steps,
        "unsettled": verdict.unsettled,
        "plan": { "id": evidence.run.plan, "begun": evidence.run.begun, "recomputed": evidence.recomputed },
        "chain": { "entries": evidence.chain.count, "head": evidence.chain.head, "hangs_on": evidence.chain.hangs_on },
    })
}

fn pretty(value: &Value) -> Vec<u8> {
    let mut bytes = serde_json::to_vec_pretty(value).expect("a value serializes");
    bytes.push(b'\n');
    bytes
}

/// Returns `1 step`, `2 steps`.
fn counted(number: u64, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

#[cfg(test)]
mod tests;
