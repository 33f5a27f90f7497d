//! A trial from its beginning to its end: lives of a run, each perhaps struck, until nothing is left to be done.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use keyholder::sim::{Op, SimMember};

use super::draw::{Manner, TIMEOUT, Trial, kind_of};
use super::judge::{self, Problem, Problems};
use super::life::{Life, Striker, live};
use super::model::{Promise, Wish, promise};
use crate::world::World;

/// Lives after which a run that has not come to its end never will: more than a trial has strikes and faults.
const MOST_LIVES: usize = 14;

/// How often a command that is not struck is given again where a crowded machine kept answers from coming in time.
const PATIENCE: usize = 5;

/// What a resume says that finds nothing left to be done.
const FINISHED: [&str; 2] = ["nothing was sent", "nothing to resume"];

/// What came of a trial.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) seed: u64,
    pub(crate) problems: Vec<Problem>,
    /// Strikes that found a living process.
    pub(crate) hits: usize,
    /// Lives that were resumes.
    pub(crate) resumes: usize,
    /// Faults that fired, by kind.
    pub(crate) fired: BTreeMap<&'static str, usize>,
    /// Writes that took effect.
    pub(crate) writes: usize,
    /// What happened, for whoever has to find out why.
    pub(crate) story: String,
}

/// A trial while it goes on.
pub(crate) struct Story {
    pub(crate) trial: Trial,
    pub(crate) world: World,
    pub(crate) manner: Manner,
    pub(crate) before: BTreeMap<String, Vec<SimMember>>,
    pub(crate) problems: Problems,
    striker: Striker,
    lives: Vec<Life>,
    resumes: usize,
}

impl fmt::Debug for Story {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Story").field("trial", &self.trial).finish_non_exhaustive()
    }
}

/// Tells a trial to its end.
pub(crate) fn tell(seed: u64, manner: Manner) -> Report {
    let trial = Trial::of(seed, manner);
    let world = World::of(&trial.script);
    let millis = TIMEOUT.as_millis();
    world.agency(|text| {
        text.replace("timeout = \"1s\"", &format!("timeout = \"{millis}ms\""))
            .replace("settle = \"2s\"", &format!("settle = \"{}ms\"", millis * 2))
            .replace("deadline = \"20s\"", "deadline = \"5m\"")
            // Limits have tests of their own.
            .replace("[guards]\n", "[guards]\nmax_removals = { per_workspace = 99, per_run = 999, per_day = 9999 }\n")
    });
    let before = world.sim.names().into_iter().map(|name| (name.clone(), world.sim.members(&name))).collect();
    let striker = Striker::watch(&world);
    let problems = Problems::default();
    let mut story = Story { trial, world, manner, before, problems, striker, lives: Vec::new(), resumes: 0 };
    story.go();
    story.end()
}

impl Story {
    fn go(&mut self) {
        // A plan that removes needs its id; planning it is not what is tried here.
        let approved = self.approved();
        for fault in &self.trial.faults {
            self.world.sim.add_fault(fault.clone());
        }
        let mut begun = false;
        loop {
            let args = if begun { vec!["resume".to_owned()] } else { approved.clone() };
            self.resumes += usize::from(begun);
            let before = self.world.sim.request_count();
            let life = self.live(&args);
            if begun
                && !life.killed
                && life.ended.code == Some(0)
                && FINISHED.iter().any(|words| life.ended.stderr.contains(words))
            {
                self.lives.push(life);
                let sent = self.world.sim.request_count() - before - judge::PROBES;
                if sent > 0 {
                    self.problems
                        .misreported(format!("the last resume said that it sent nothing, and sent {sent} requests"));
                }
                break;
            }
            begun = judge::life(self, &life);
            self.lives.push(life);
            if self.lives.len() >= MOST_LIVES {
                self.problems.lost(format!("it did not come to an end in {MOST_LIVES} lives"));
                break;
            }
        }
        self.world.sim.land_all();
        let planned = judge::ledger(self);
        judge::world(self, Some(&planned));
        // Workspaces that could not be read while the plan was drawn: the same command plans what is missing, and nothing else.
        let mut last = None;
        for _ in 0..PATIENCE {
            let life = live(&self.world, &self.striker, &self.approved(), None, self.lives.len());
            last = life.ended.code;
            self.lives.push(life);
            if last == Some(0) {
                break;
            }
        }
        if last != Some(0) {
            self.problems.lost(format!("the command at the end: exit {last:?}"));
        }
        judge::world(self, None);
    }

    fn live(&mut self, args: &[String]) -> Life {
        let nth = self.lives.len();
        let strike = self.trial.strikes.get(nth).and_then(Option::as_ref);
        live(&self.world, &self.striker, args, strike, nth)
    }

    /// Returns the command with the approval it needs.
    fn approved(&self) -> Vec<String> {
        let mut command = self.trial.command.clone();
        if matches!(self.trial.wish, Wish::Onboard { .. }) {
            command.push("--yes".to_owned());
            return command;
        }
        let words: Vec<&str> = command.iter().map(String::as_str).chain(["--plan-only"]).collect();
        let mut plan = self.world.run(&words);
        for _ in 0..PATIENCE {
            if plan.code != Some(0) {
                plan = self.world.run(&words);
            }
        }
        command.extend(["--confirm".to_owned(), plan.plan_id()]);
        command
    }

    /// Returns what a workspace is to be like.
    pub(crate) fn promise(&self, name: &str) -> Promise {
        let wish = (!self.trial.excluded.iter().any(|excluded| excluded == name)).then_some(&self.trial.wish);
        let old = |row: &SimMember| !row.accepted && row.timestamp_created.as_str() < "2026-10-19T09:00:00.000Z";
        promise(&self.before[name], wish, self.trial.at_once, old)
    }

    /// Returns how often a write took effect.
    pub(crate) fn effects(&self, name: &str, op: Op, email: &str) -> usize {
        self.world.sim.effects(name).iter().filter(|effect| effect.operation == op && &*effect.email == email).count()
    }

    fn end(self) -> Report {
        let mut fired = BTreeMap::new();
        for count in self.world.sim.faults() {
            *fired.entry(kind_of(&count.fault)).or_default() += count.fired;
        }
        let hits = self.lives.iter().filter(|life| life.was_hit()).count();
        let problems = self.problems.clone().into_inner();
        let story = if problems.is_empty() { String::new() } else { self.text() };
        let (seed, resumes, writes) = (self.trial.seed, self.resumes, self.world.writes());
        Report { seed, problems, hits, resumes, fired, writes, story }
    }

    /// Tells what happened.
    fn text(&self) -> String {
        let mut out = format!("{}\n", self.trial.script);
        for count in self.world.sim.faults() {
            writeln!(out, "fault {count}, skipping {}", count.fault.skip).unwrap();
        }
        for Life { args, strike, ended, killed } in &self.lives {
            let strike = strike.as_ref().map_or_else(|| "let live".to_owned(), |strike| format!("{strike:?}"));
            writeln!(out, "=== keyholder {}\n({strike}; killed: {killed})\n{ended}", args.join(" ")).unwrap();
        }
        for seen in self.world.sim.requests().iter().filter(|seen| seen.operation.is_some_and(Op::writes)) {
            writeln!(out, "write {seen:?}").unwrap();
        }
        out.push_str(&crate::ledger::entries(&self.world).join("\n"));
        out
    }
}

impl Life {
    /// Tells whether it was struck while it lived.
    fn was_hit(&self) -> bool {
        self.killed || self.ended.stderr.contains("stopping: ") || self.ended.code.is_none()
    }
}
