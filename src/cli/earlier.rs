//! An earlier run as the ledger tells it: its chain checked, its steps, and the workspaces of this fleet it was about.
//!
//! A workspace is found by its id, whatever it is called by now.

use std::collections::{BTreeMap, BTreeSet};

use super::args::Select;
use super::reading::{Column, Reading};
use super::session::Session;
use crate::config::{Purpose, Selection};
use crate::domain::{
    Change, Email, LinkId, Member, MemberId, Outcome, RestsOn, StepId, TagChange, TagId, Workspace, WorkspaceId,
};
use crate::journal::{Class, Effect, Entry, Ledger, LedgerError, RunRow, State, StepRow, made_by_step};
use crate::plan::{Earlier, Ending, Observed, quest_of};
use crate::run::{Carrying, Deck, Quest, Ring, TagQuest, Target};
use crate::trouble::{Exit, Trouble};

/// Whose a row is.
type Owners = BTreeMap<(WorkspaceId, MemberId), BTreeSet<Email>>;

/// Why the workspaces of an earlier run are read again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// To tell what still holds.
    ToCompare,
    /// To draw what undoes it.
    ToUndo,
}

/// An earlier run.
#[derive(Debug)]
pub struct EarlierRun {
    /// Who, when, how.
    pub row: RunRow,
    /// Its steps, as the ledger keeps them and as they matter afterwards; of one workspace in the order of the plan.
    workspaces: BTreeMap<WorkspaceId, Past>,
}

/// What a run did in one workspace: the rows and the steps stand side by side.
#[derive(Debug, Default)]
pub struct Past {
    /// As the ledger keeps them.
    pub rows: Vec<StepRow>,
    /// As they matter afterwards.
    pub steps: Vec<Earlier>,
}

impl EarlierRun {
    /// Reads a run after checking its chain: on entries that somebody changed nothing is built.
    pub async fn read(ledger: &Ledger, asked: &str) -> Result<Self, Trouble> {
        let refused = |error: LedgerError| Trouble::advised(error.exit(), error);
        let row = ledger.run(asked).await.map_err(refused)?;
        let proven = ledger.proven(&row.id).await;
        let (_report, entries) = proven.map_err(|broken| Trouble::advised(broken.exit(), broken))?;
        let rows = ledger.steps(&row.id).await.map_err(refused)?;
        let Told { seen, whose, tags, links } = told(&entries).map_err(refused)?;
        let ids: BTreeSet<WorkspaceId> = rows.iter().map(|row| row.workspace_id.clone()).collect();
        let made = ledger.made_keys(&ids.into_iter().collect::<Vec<_>>()).await.map_err(refused)?;
        let made = made_by_step(&made, &row.id);
        let mut workspaces: BTreeMap<WorkspaceId, Past> = BTreeMap::new();
        for row in rows {
            let looked = seen.get(&row.id).map_or(&[][..], Vec::as_slice);
            let step = row.step().map_err(refused)?;
            let about =
                step.rests_on.member().and_then(|member| whose.get(&(row.workspace_id.clone(), member.clone())));
            let people = about.cloned().unwrap_or_default();
            let mut one = Earlier::new(step, ending(row.state), looked).of(people);
            one.made_link = links.get(&row.id).cloned();
            one.made_key = made.get(&row.id).map(|made| made.key.clone());
            one.made_tag = tags.get(&row.id).cloned();
            let past = workspaces.entry(row.workspace_id.clone()).or_default();
            past.rows.push(row);
            past.steps.push(one);
        }
        Ok(Self { row, workspaces })
    }

    /// Returns every step.
    pub fn steps(&self) -> impl Iterator<Item = &Earlier> {
        self.workspaces.values().flat_map(|past| &past.steps)
    }

    /// Reads its workspaces, as far as that tells what became of its steps, or what undoing them comes to.
    pub async fn read_again(
        &self,
        session: &Session<'_>,
        deck: &Deck,
        targets: Vec<Target>,
        why: Again,
    ) -> Result<Reading, Trouble> {
        match Column::of(self.steps().map(|one| &one.step.change)) {
            Column::Keys => Reading::of_keys(session, deck, targets, Ring::Keys).await,
            Column::Tags => Reading::of_tags(session, deck, targets, &self.tag_quest(why)).await,
            Column::Links => Reading::of_links(session, deck, targets).await,
            Column::People => Reading::with_belongings(session, deck, targets, |observed| self.quest(observed)).await,
        }
    }

    /// Says what of tags must be read: what carries those that were assigned, and before a made one is deleted also what carries that.
    fn tag_quest(&self, why: Again) -> TagQuest {
        let label = |one: &Earlier| match &one.step.change {
            Change::Tag(TagChange::Assign { label, .. }) => Some(label.clone()),
            Change::Tag(TagChange::Create { label, .. }) if why == Again::ToUndo => Some(label.clone()),
            _ => None,
        };
        let labels: BTreeSet<String> = self.steps().filter_map(label).collect();
        let carried = if labels.is_empty() { Carrying::Nothing } else { Carrying::Of(labels) };
        TagQuest { carried, ..TagQuest::TAGS }
    }

    /// Says whose belongings must be read in a workspace to tell what became of the steps there.
    pub fn quest(&self, observed: &Observed) -> Option<Quest> {
        let accounts = quest_of(&self.of(&observed.id)?.steps)?;
        Some(Quest { accounts, whole_trail: false, activity_since: None })
    }

    /// Returns what the run did in one workspace.
    pub fn of(&self, workspace: &WorkspaceId) -> Option<&Past> {
        self.workspaces.get(workspace)
    }

    /// Chooses the workspaces of the steps that matter, in config order: without a selection all of them. One that is not in this
    /// fleet any more is an error, unless it is left out by name.
    pub fn workspaces<'f>(
        &self,
        session: &'f Session<'_>,
        select: &Select,
        matters: impl Fn(&Earlier) -> bool,
    ) -> Result<Vec<&'f Workspace>, Trouble> {
        let concerned: BTreeMap<&WorkspaceId, &str> = self
            .workspaces
            .iter()
            .filter(|(_, past)| past.steps.iter().any(&matters))
            .filter_map(|(id, past)| past.rows.first().map(|row| (id, row.workspace.as_str())))
            .collect();
        if concerned.is_empty() {
            return Ok(Vec::new());
        }
        let selection = self.of_fleet(session, select.selection(), &concerned)?;
        let chosen = selection.choose(&session.fleet, Purpose::Write);
        let mut chosen = chosen.map_err(|error| Trouble::advised(error.exit(), error))?;
        chosen.retain(|workspace| workspace.id.as_ref().is_some_and(|id| concerned.contains_key(id)));
        if chosen.is_empty() {
            let what = format!("the selection has no workspace of run {}; nothing was sent", self.row.id);
            return Err(Trouble::new(Exit::Selection, what)
                .advise(format!("`keyholder show {}` lists its steps with their workspaces", self.row.id)));
        }
        Ok(chosen)
    }

    /// Makes a selection of this fleet, where every workspace of the run is still in it or left out.
    fn of_fleet(
        &self,
        session: &Session<'_>,
        mut selection: Selection,
        concerned: &BTreeMap<&WorkspaceId, &str>,
    ) -> Result<Selection, Trouble> {
        let known: BTreeSet<&WorkspaceId> =
            session.fleet.workspaces.iter().filter_map(|workspace| workspace.id.as_ref()).collect();
        let mut lines = Vec::new();
        for (id, name) in concerned.iter().filter(|(id, _)| !known.contains(*id)) {
            if selection.excludes(name) {
                selection = selection.without_excluded(name, &session.fleet);
            } else if selection.names(name) {
                lines.push(format!("  {name}: {id}"));
            }
        }
        if !lines.is_empty() {
            lines.sort();
            let what = format!(
                "run {} was about workspaces that are not in this fleet, or under another id; nothing was sent\n{}",
                self.row.id,
                lines.join("\n")
            );
            return Err(Trouble::new(Exit::Config, what).advise("put them back into the files, or --exclude them"));
        }
        if selection.workspaces.is_empty() && selection.labels.is_empty() {
            selection.all = true;
        }
        Ok(selection)
    }
}

/// What the entries of a run tell beside where its steps stand.
#[derive(Debug, Default)]
struct Told {
    /// The rows that each deciding look saw.
    seen: BTreeMap<StepId, Vec<RestsOn>>,
    whose: Owners,
    /// The tag that each step about one was seen to have made, or to be about.
    tags: BTreeMap<StepId, TagId>,
    /// The link that it showed of a step about one.
    links: BTreeMap<StepId, LinkId>,
}

/// Reads the rows that each deciding look saw (of a step that was settled twice, the last word counts), and whose rows a run about people
/// leaving saw before its first write: a row can bear another address than the one that was asked for.
fn told(entries: &[Entry]) -> Result<Told, LedgerError> {
    let mut told = Told::default();
    for entry in entries {
        let mut value = entry.value()?;
        // Absent where no look decided it, and of another shape where a later version wrote it: then nothing is known of it.
        if value["type"] == "settled" {
            let Some(step) = value["step"].as_str().map(StepId::from_stored) else { continue };
            if let Some(Ok(link)) = value["seen"]["link"].as_str().map(LinkId::parse) {
                told.links.insert(step.clone(), link);
            }
            if let Some(Ok(tag)) = value["seen"]["tag"].as_str().map(TagId::parse) {
                told.tags.insert(step.clone(), tag);
            }
            let rows: Vec<RestsOn> = serde_json::from_value(value["seen"].take()).unwrap_or_default();
            told.seen.insert(step, rows);
        } else if value["type"] == "sighted" {
            let subject = value["subject"].as_str().map(Email::observed);
            let workspace = value["workspace_id"].as_str().and_then(|id| WorkspaceId::parse(id).ok());
            let (Some(subject), Some(workspace)) = (subject, workspace) else { continue };
            let rows: Vec<Member> = serde_json::from_value(value["traces"]["rows"].take()).unwrap_or_default();
            for row in rows {
                told.whose.entry((workspace.clone(), row.id)).or_default().insert(subject.clone());
            }
        }
    }
    Ok(told)
}

/// Says what came of a step that stands where the ledger says it stands.
pub fn ending(state: State) -> Ending {
    match state {
        State::Already => Ending::Already,
        // A first attempt that surely was not processed is without effect; a later one may follow one that was.
        State::Held
        | State::Planned
        | State::Answered { attempt: 1, class: Class::Refused | Class::Throttled | Class::NotSent } => {
            Ending::NotApplied
        }
        // What a resume has looked for after the settle time, or what is there in another form: no resume says more.
        State::Settled { outcome: Outcome::Unverified, effect: Some(Effect::There), .. } => {
            Ending::Applied { waiting: false }
        }
        State::Settled { outcome: Outcome::Unverified, effect: Some(Effect::Absent), .. } => Ending::NotApplied,
        State::Settled { outcome, .. } => match outcome {
            Outcome::Done => Ending::Applied { waiting: false },
            Outcome::Waiting => Ending::Applied { waiting: true },
            Outcome::Already => Ending::Already,
            Outcome::Held | Outcome::Failed => Ending::NotApplied,
            Outcome::Unverified | Outcome::Unknown => Ending::Unsettled,
        },
        State::Started { .. } | State::Answered { .. } | State::Looked { .. } => Ending::Unsettled,
    }
}
