//! Cuts a run at a named point: before or after a commit of a record, or around a request.
//!
//! A point is named by what happens there, so that it is the same in every trial of a case: `birch.answered.before.2` is the
//! moment before the second answer of lane birch is on disk. A scalpel without a target only notes the points it passes:
//! which points there are comes from a run that nobody cuts, so none can be forgotten.

use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use keyholder::api::transport::{Answer, Failure, Method, Request, Transport as _};
use keyholder::domain::ApiKey;
use keyholder::journal::{Go, Moment, Probe, Record};
use keyholder::sim::{Fault, FaultKind, Local, Op, World};
use tokio::sync::Notify;

/// Where within a commit or a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Phase {
    /// Nothing of the commit is on disk.
    Before,
    /// The commit is on disk, and nobody has had the word.
    After,
    /// The request never arrives.
    Lost,
    /// The request is on its way, and takes effect later.
    Late,
    /// The request took effect, and its answer never comes.
    Applied,
    /// The answer has just come.
    Answered,
}

impl Phase {
    const WORDS: [(&'static str, Self); 6] = [
        ("before", Self::Before),
        ("after", Self::After),
        ("lost", Self::Lost),
        ("late", Self::Late),
        ("applied", Self::Applied),
        ("answered", Self::Answered),
    ];
}

/// One point of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Point {
    /// The workspace's name, or `run` for what is the whole run's.
    pub(crate) lane: String,
    /// The record's kind, or the request's word.
    pub(crate) what: String,
    /// Where within it.
    pub(crate) phase: Phase,
    /// Which of its kind in its lane, from 1.
    pub(crate) nth: usize,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = Phase::WORDS.iter().find(|(_, phase)| *phase == self.phase).unwrap().0;
        write!(f, "{}.{}.{word}.{}", self.lane, self.what, self.nth)
    }
}

impl FromStr for Point {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no point");
        let mut words = text.split('.');
        let mut next = || words.next().map(str::to_owned).ok_or_else(wrong);
        let (lane, what, phase, nth) = (next()?, next()?, next()?, next()?);
        let phase = Phase::WORDS.iter().find(|(word, _)| *word == phase).ok_or_else(wrong)?.1;
        Ok(Self { lane, what, phase, nth: nth.parse().map_err(|_no_number| wrong())? })
    }
}

/// Where a scalpel cuts.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    /// Nowhere: it notes the points.
    Nowhere,
    /// At this point.
    At(Point),
    /// At the point of this number, whatever it is.
    Number(usize),
}

#[derive(Debug, Default)]
struct Noted {
    counts: HashMap<(String, String, Phase), usize>,
    points: Vec<Point>,
    cut: Option<Point>,
}

/// Does something that has no form of its own.
struct Act(Box<dyn Fn() + Send + Sync>);

impl fmt::Debug for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Act")
    }
}

/// Follows a run and cuts it at one point.
#[derive(Debug)]
pub(crate) struct Scalpel {
    target: Target,
    /// How much later a request takes effect that was cut on its way.
    late: Duration,
    /// Lanes by the shown form of their keys.
    keys: HashMap<String, String>,
    /// The one lane of a world that has no other: keys that are made since are its.
    only: Option<String>,
    /// Lanes by workspace id.
    ids: HashMap<String, String>,
    /// Lanes by step.
    steps: HashMap<String, String>,
    /// Answers 500 to the write of this number although it took effect.
    lies: Option<usize>,
    writes: Mutex<usize>,
    stop: Option<(usize, Act)>,
    watch: Option<Act>,
    /// Replaces a text in the answers to one kind of request.
    mangle: Option<(&'static str, &'static str, &'static str)>,
    world: World,
    cut: Arc<Notify>,
    noted: Mutex<Noted>,
}

impl Scalpel {
    /// Makes a scalpel; `steps` says whose lane each step is.
    pub(crate) fn new(stage: &super::Stage, steps: HashMap<String, String>, target: Target) -> Self {
        let world = stage.world.clone();
        let shown = |key: &str| format!("{:?}", ApiKey::parse(key).unwrap());
        let names = world.names();
        let keys = names.iter().filter_map(|name| Some((shown(&world.key_of(name)?), name.clone()))).collect();
        let ids = names.iter().filter_map(|name| Some((world.workspace_id(name)?, name.clone()))).collect();
        let cut = Arc::clone(&stage.cut);
        let only = (names.len() == 1).then(|| names[0].clone());
        let (late, lies, writes, noted) = (Duration::from_secs(5), None, Mutex::default(), Mutex::default());
        Self {
            target,
            late,
            keys,
            only,
            ids,
            steps,
            lies,
            writes,
            stop: None,
            watch: None,
            mangle: None,
            world,
            cut,
            noted,
        }
    }

    /// Says how much later a request takes effect that was cut on its way.
    pub(crate) fn late(self, late: Duration) -> Self {
        Self { late, ..self }
    }

    /// Answers 500 to the write of this number (from 1) although it took effect.
    pub(crate) fn lies(self, lies: Option<usize>) -> Self {
        Self { lies, ..self }
    }

    /// Does something at the point of this number, and lets the run go on.
    pub(crate) fn stops(self, number: usize, act: impl Fn() + Send + Sync + 'static) -> Self {
        Self { stop: Some((number, Act(Box::new(act)))), ..self }
    }

    /// Does something at every point, before the run goes on or is cut there.
    pub(crate) fn watches(self, act: impl Fn() + Send + Sync + 'static) -> Self {
        Self { watch: Some(Act(Box::new(act))), ..self }
    }

    /// Replaces a text in the answers to requests of this word.
    pub(crate) fn mangles(self, what: &'static str, from: &'static str, to: &'static str) -> Self {
        Self { mangle: Some((what, from, to)), ..self }
    }

    /// Returns the points that were passed, in their order.
    pub(crate) fn points(&self) -> Vec<Point> {
        self.noted.lock().unwrap().points.clone()
    }

    /// Returns the point where it cut.
    pub(crate) fn was_cut(&self) -> Option<Point> {
        self.noted.lock().unwrap().cut.clone()
    }

    /// Notes a point; tells whether the run is cut there.
    fn is_cut(&self, lane: &str, what: &str, phase: Phase) -> bool {
        if let Some(Act(act)) = &self.watch {
            act();
        }
        let mut noted = self.noted.lock().unwrap();
        if noted.cut.is_some() {
            return false;
        }
        let count = noted.counts.entry((lane.to_owned(), what.to_owned(), phase)).or_default();
        *count += 1;
        let point = Point { lane: lane.to_owned(), what: what.to_owned(), phase, nth: *count };
        let cut = match &self.target {
            Target::Nowhere => false,
            Target::At(target) => *target == point,
            Target::Number(number) => noted.points.len() + 1 == *number,
        };
        noted.points.push(point.clone());
        if let Some((number, Act(act))) = &self.stop
            && noted.points.len() == *number
        {
            act();
        }
        if cut {
            noted.cut = Some(point);
            self.cut.notify_one();
        }
        cut
    }

    /// Tells whether the run was cut: what it would still do in the same breath is not done.
    fn is_over(&self) -> bool {
        self.noted.lock().unwrap().cut.is_some()
    }

    /// Notes an act of a keeper; tells whether the run is cut there, or was before: then nothing more is done.
    pub(crate) fn at_act(&self, lane: &str, act: &str, phase: Phase) -> bool {
        self.is_over() || self.is_cut(lane, act, phase)
    }

    fn lane_of(&self, request: &Request) -> &str {
        let shown = format!("{:?}", request.access.key());
        let lane = match request.access.acts_as() {
            Some(id) => self.ids.get(id.as_str()),
            None => self.keys.get(&shown),
        };
        lane.map_or(self.only.as_deref().unwrap_or("run"), String::as_str)
    }

    /// Carries a request to the world, and cuts the run around it where that is the point.
    pub(crate) async fn carry(&self, local: &Local, request: Request) -> Result<Answer, Failure> {
        let lane = self.lane_of(&request).to_owned();
        let path = request.path.split('?').next().unwrap_or_default();
        let op = Op::route(request.method, path).map(|(op, _)| op);
        let what = match (op, request.method) {
            (Some(Op::WorkspaceCurrent), _) => "who",
            (Some(Op::MemberList), _) => "list",
            (Some(Op::CampaignList | Op::LeadListList), _) => "owned",
            (Some(Op::LeadsList), _) => "leads",
            (Some(Op::LeadsAssign), _) => "assign",
            (Some(Op::KeyList), _) => "keys",
            (Some(Op::TagList), _) => "tags",
            (Some(Op::MappingList), _) => "mappings",
            (Some(Op::AccountList | Op::WebhookList | Op::JobList | Op::TrailList), _) => "traces",
            (_, Method::Get) => "row",
            (_, Method::Post) => "post",
            (_, Method::Patch) => "patch",
            (_, Method::Delete) => "delete",
        };
        let writes = op.is_some_and(Op::writes);
        if self.is_over() || self.is_cut(&lane, what, Phase::Lost) {
            return std::future::pending().await;
        }
        if writes && self.is_cut(&lane, what, Phase::Late) {
            let fault = Fault::once(FaultKind::Late { after: self.late }).on(lane);
            self.world.add_fault(fault.at(op.expect("a write has a route")));
            let _lost = local.send(request).await;
            return std::future::pending().await;
        }
        let lies = writes && {
            let mut count = self.writes.lock().unwrap();
            *count += 1;
            self.lies == Some(*count)
        };
        let mut answer = local.send(request).await;
        if let (true, Ok(answer)) = (lies, &mut answer) {
            answer.status = 500;
            answer.body = b"{}".as_slice().into();
        }
        if let (Some((at, from, to)), Ok(answer)) = (self.mangle, &mut answer)
            && at == what
        {
            answer.body = String::from_utf8_lossy(&answer.body).replace(from, to).into_bytes().into();
        }
        if writes && self.is_cut(&lane, what, Phase::Applied) {
            return std::future::pending().await;
        }
        // The run learns of the answer, and goes on until it would write or ask.
        self.is_cut(&lane, what, Phase::Answered);
        answer
    }

    fn lane_of_record<'a>(&'a self, record: &'a Record) -> &'a str {
        match record {
            Record::Started { step, .. }
            | Record::Answered { step, .. }
            | Record::Looked { step, .. }
            | Record::Key { step, .. }
            | Record::Settled { step, .. } => self.steps.get(step.as_str()).map_or("run", String::as_str),
            Record::Identity { workspace_id, .. } => self.ids.get(workspace_id.as_str()).map_or("run", String::as_str),
            Record::Sighted { workspace, .. } | Record::Lane { workspace, .. } => workspace,
            Record::Stop { .. } | Record::Resumed { .. } | Record::Ended { .. } => "run",
        }
    }
}

impl Probe for Scalpel {
    fn commit(&self, moment: Moment, records: &[Record]) -> Go {
        let phase = match moment {
            Moment::Before => Phase::Before,
            Moment::After => Phase::After,
        };
        let cut = if self.is_over() {
            true
        } else if records.is_empty() {
            self.is_cut("run", "begin", phase)
        } else {
            records.iter().any(|record| self.is_cut(self.lane_of_record(record), record.kind(), phase))
        };
        if cut { Go::Halt } else { Go::On }
    }
}
