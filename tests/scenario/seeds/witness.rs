//! Watches every request and every row, and knows what the test itself did: whatever else changed is keyholder's doing.

use std::collections::{BTreeMap, BTreeSet};

use keyholder::api::transport::{Method, Request};
use keyholder::domain::{ApiKey, Outcome};
use keyholder::journal::{Effect, State, StepRow};
use keyholder::sim::{Hand, Op, SimMember, World};
use serde_json::Value;

use super::draw::{Command, Fleet, STRAY};
use super::estate::Estate;
use crate::goods::KINDS;

/// A workspace and a person.
type Pair = (String, String);

/// A write that left.
#[derive(Debug, Clone)]
struct Sent {
    command: usize,
    lane: String,
    method: Method,
    /// The row's id, or the invited address.
    whom: String,
    role: Option<String>,
}

/// A change of a row that no scripted hand made.
#[derive(Debug, Clone)]
struct Own {
    command: usize,
    pair: Pair,
    id: String,
    what: What,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    Created,
    Removed,
    Role { to: String, lowered: bool },
}

/// What was seen of one world.
pub(crate) struct Witness {
    world: World,
    fleet: Fleet,
    lanes: BTreeMap<String, String>,
    ids: BTreeMap<String, String>,
    commands: Vec<Command>,
    /// Which of them is performed or resumed now.
    turn: usize,
    rows: BTreeMap<String, BTreeMap<String, SimMember>>,
    estate: Estate,
    requests: usize,
    drift: Vec<(usize, String, Hand)>,
    drifted: BTreeSet<Pair>,
    sent: Vec<Sent>,
    own: Vec<Own>,
    wrong: Vec<String>,
}

impl Witness {
    pub(crate) fn of(world: &World, fleet: &Fleet, drift: Vec<(usize, String, Hand)>) -> Self {
        let names = world.names();
        let shown = |name: &String| world.key_of(name).map(|key| format!("{:?}", ApiKey::parse(&key).unwrap()));
        let mut witness = Self {
            world: world.clone(),
            fleet: fleet.clone(),
            lanes: names.iter().filter_map(|name| Some((shown(name)?, name.clone()))).collect(),
            ids: names.iter().filter_map(|name| Some((world.workspace_id(name)?, name.clone()))).collect(),
            commands: Vec::new(),
            turn: 0,
            rows: BTreeMap::new(),
            estate: Estate::of(world),
            requests: 0,
            drift,
            drifted: BTreeSet::new(),
            sent: Vec::new(),
            own: Vec::new(),
            wrong: Vec::new(),
        };
        witness.rows = witness.look();
        witness
    }

    fn look(&self) -> BTreeMap<String, BTreeMap<String, SimMember>> {
        let rows = |name: &str| {
            let rows = self.world.members(name).into_iter().filter(|row| row.email != STRAY);
            rows.map(|row| (row.id.clone(), row)).collect()
        };
        self.world.names().into_iter().map(|name| (name.clone(), rows(&name))).collect()
    }

    /// From now on this command is performed.
    pub(crate) fn begin(&mut self, command: &Command) {
        self.commands.push(command.clone());
        self.turn = self.commands.len() - 1;
    }

    /// From now on the run of this command is resumed.
    pub(crate) fn turn(&mut self, command: usize) {
        self.turn = command;
    }

    fn accuse(&mut self, what: String) {
        self.wrong.push(what);
    }

    /// Takes up what changed since the last look; each change must be what some request asked for.
    pub(crate) fn reconcile(&mut self) {
        let wrong = self.estate.reconcile();
        self.wrong.extend(wrong);
        let now = self.look();
        let before = std::mem::replace(&mut self.rows, now.clone());
        for (lane, rows) in &now {
            for (id, row) in rows {
                let what = match before[lane].get(id) {
                    None => What::Created,
                    Some(old) if old.role != row.role => {
                        What::Role { to: row.role.clone(), lowered: old.accepted && old.role == "admin" }
                    }
                    Some(_) => continue,
                };
                self.attribute(lane, row, what);
            }
            for (id, row) in &before[lane] {
                if !rows.contains_key(id) {
                    self.attribute(lane, row, What::Removed);
                }
            }
        }
    }

    fn attribute(&mut self, lane: &str, row: &SimMember, what: What) {
        let asked = self.sent.iter().rev().find(|sent| {
            sent.lane == lane
                && match &what {
                    What::Created => sent.method == Method::Post && sent.whom == row.email,
                    What::Removed => sent.method == Method::Delete && sent.whom == row.id,
                    What::Role { to, .. } => {
                        sent.method == Method::Patch && sent.whom == row.id && sent.role.as_ref() == Some(to)
                    }
                }
        });
        match asked.map(|sent| sent.command) {
            Some(command) => {
                let pair = (lane.to_owned(), row.email.clone());
                self.own.push(Own { command, pair, id: row.id.clone(), what });
            }
            None => self.accuse(format!("{what:?} of {} in {lane}, which no request asked for", row.email)),
        }
    }

    /// Is told of every request before it leaves.
    pub(crate) fn request(&mut self, request: &Request) {
        self.reconcile();
        self.requests += 1;
        let due: Vec<_> = self.drift.extract_if(.., |(at, _, _)| *at <= self.requests).collect();
        for (_, lane, hand) in due {
            self.hand(&lane, &hand);
        }
        let lane = match request.access.acts_as() {
            Some(id) => self.ids.get(id.as_str()).cloned(),
            None => self.lanes.get(&format!("{:?}", request.access.key())).cloned(),
        };
        let Some(lane) = lane else { return self.accuse("a request with a key of no workspace".to_owned()) };
        if self.fleet.silent.contains(&lane) {
            self.accuse(format!("a request to {lane}, which is off or excluded"));
        }
        let path = request.path.split('?').next().unwrap_or_default();
        match Op::route(request.method, path).map(|(op, _)| op) {
            Some(op @ (Op::CampaignPatch | Op::LeadListPatch | Op::LeadsAssign | Op::KeyDelete)) => {
                self.write_about_things(&lane, op, request);
            }
            Some(op) if !op.writes() => {}
            _ => self.write(lane, request),
        }
    }

    fn write_about_things(&mut self, lane: &str, op: Op, request: &Request) {
        let mode = self.fleet.mode(lane);
        if mode != "manage" {
            self.accuse(format!("{op} in {lane} in mode {mode}"));
        }
        let command = self.commands[self.turn].clone();
        let drifted = |email: &str| self.drifted.contains(&(lane.to_owned(), email.to_owned()));
        let wrong = self.estate.write((lane, op, request), (self.turn, &command), &self.rows[lane], drifted);
        self.wrong.extend(wrong);
    }

    /// Lets another hand act. It takes no admin away: whether enough are left could change between a look and a write.
    fn hand(&mut self, lane: &str, hand: &Hand) {
        if self.estate.hand(lane, hand) {
            return;
        }
        let email = match hand {
            Hand::Add { email, .. } | Hand::Remove { email } | Hand::SetRole { email, .. } | Hand::Accept { email } => {
                email
            }
            other => unreachable!("no hand of these worlds: {other:?}"),
        };
        let is_admin = self.rows[lane].values().any(|row| row.email == *email && row.role == "admin");
        if is_admin && matches!(hand, Hand::Remove { .. } | Hand::SetRole { .. }) {
            return;
        }
        self.world.hand(lane, hand);
        self.drifted.insert((lane.to_owned(), email.clone()));
        self.rows = self.look();
    }

    fn write(&mut self, lane: String, request: &Request) {
        let body: Value = request.body.as_deref().map(|body| serde_json::from_str(body).unwrap()).unwrap_or_default();
        let command = self.commands[self.turn].clone();
        let role = body["role"].as_str().map(str::to_owned);
        let id = request.path.rsplit('/').next().unwrap_or_default();
        let known = self.rows.values().flat_map(BTreeMap::values).find(|row| row.id == id).cloned();
        let whom = if request.method == Method::Post { body["email"].as_str().unwrap_or_default() } else { id };
        let email = known.as_ref().map_or(whom, |row| row.email.as_str()).to_owned();
        let what = format!("{} of {email} in {lane}", request.method.as_str());
        // A row that is gone by now has no address to look at; it was one of this lane when it was planned.
        let is_known = request.method == Method::Post || known.is_some();
        let earlier = self.commands.iter().flat_map(|command| &command.people).any(|person| *person == email);
        if is_known && !command.people.contains(&email.as_str()) && !earlier {
            self.accuse(format!("{what}: nobody asked for it"));
        }
        if self.fleet.protected == Some(email.as_str()) {
            self.accuse(format!("{what}: a protected person"));
        }
        if let Some(row) = known {
            let is_admin = |row: &&SimMember| row.accepted && row.role == "admin";
            let admins = self.rows[&lane].values().filter(is_admin).count();
            if row.role == "owner" {
                self.accuse(format!("{what}: the owner"));
            }
            let lowers = is_admin(&&row) && role.as_deref() != Some("admin");
            if lowers && admins - 1 < self.fleet.min_admins {
                self.accuse(format!("{what}: the last admin"));
            }
        }
        let mode = self.fleet.mode(&lane);
        if mode == "observe" || mode == "off" || mode == "add-only" && request.method == Method::Delete {
            self.accuse(format!("{what} in mode {mode}"));
        }
        let whom = whom.to_owned();
        self.sent.push(Sent { command: self.turn, lane, method: request.method, whom, role });
    }

    fn did(&self, step: &StepRow, command: usize) -> bool {
        if self.estate.did(step, command) {
            return true;
        }
        let row = step.planned["change"].clone();
        let id = row.as_object().and_then(|change| change.values().find_map(|change| change["member"].as_str()));
        let id = id.or_else(|| row["member"].as_str());
        self.own
            .iter()
            .filter(|own| own.command == command && own.pair == (step.workspace.clone(), step.subject.clone()))
            .any(|own| match (&own.what, step.kind.as_str()) {
                (What::Created, "member.invite") => true,
                (What::Removed, "member.remove") | (What::Role { .. }, "member.set_role") => {
                    Some(own.id.as_str()) == id
                }
                _ => false,
            })
    }

    /// Requires of a run's steps that none that took effect is called planned, held, failed or already so.
    pub(crate) fn require_honest(&mut self, steps: &[StepRow], command: usize) {
        self.reconcile();
        for step in steps {
            let denies = step.state == State::Planned
                || matches!(step.state.outcome(), Some(Outcome::Held | Outcome::Failed | Outcome::Already));
            if denies && self.did(step, command) {
                let what = format!("{} of {} in {}", step.kind, step.subject, step.workspace);
                self.accuse(format!("{what} took effect and stands as `{}`", step.state));
            }
        }
    }

    /// Requires of a run's steps, at its end, that what it calls done is there. `last` says that no later command came.
    pub(crate) fn require_kept(&mut self, steps: &[StepRow], command: usize, last: bool) {
        for step in steps {
            let pair = (step.workspace.clone(), step.subject.clone());
            let what = format!("{} of {} in {}", step.kind, step.subject, step.workspace);
            match step.state.outcome() {
                _ if self.drifted.contains(&pair) || self.estate.is_drifted(step) || !last => {}
                Some(Outcome::Done | Outcome::Waiting | Outcome::Already) => {
                    let rows: Vec<SimMember> =
                        self.rows[&step.workspace].values().filter(|row| row.email == step.subject).cloned().collect();
                    let role = self.commands[command].role;
                    let there = match step.kind.as_str() {
                        kind if KINDS.contains(&kind) => self.estate.is_as_asked(step, &self.commands[command]),
                        "member.invite" | "member.set_role" => {
                            !rows.is_empty() && role.is_none_or(|role| rows.iter().any(|row| row.role == role))
                        }
                        _ if self.commands[command].line.starts_with("members reinvite") => true,
                        _ => {
                            rows.is_empty()
                                || steps.iter().any(|other| {
                                    other.kind == step.kind
                                        && other.subject == step.subject
                                        && other.workspace == step.workspace
                                        && other.id != step.id
                                })
                        }
                    };
                    if !there {
                        self.accuse(format!("{what} stands as `{}` and is not so", step.state));
                    }
                }
                _ => {}
            }
            let mut rows = self.rows[&step.workspace].values().filter(|row| row.email == step.subject).peekable();
            let role = self.commands[command].role;
            let as_asked = match step.kind.as_str() {
                kind if KINDS.contains(&kind) => self.estate.is_as_asked(step, &self.commands[command]),
                "member.remove" => rows.peek().is_none(),
                "member.set_role" => rows.any(|row| role.is_some_and(|role| row.role == role)),
                _ => rows.peek().is_some(),
            };
            let open = match step.state {
                // Taken, and after the settle time not as asked: nothing that can be waited for changes that. Whether that look told the
                // truth can be seen from here, unless somebody else had a hand in it since.
                State::Settled { outcome: Outcome::Unverified, effect: Some(effect), .. } => match effect {
                    Effect::Unclear => true,
                    Effect::Absent => {
                        as_asked && last && !self.drifted.contains(&pair) && !self.estate.is_drifted(step)
                    }
                    Effect::There => false,
                },
                state => matches!(state.outcome(), None | Some(Outcome::Unknown | Outcome::Unverified)),
            };
            if open && !self.fleet.lame.contains(&step.workspace) {
                self.accuse(format!("{what} still stands as `{}`", step.state));
            }
        }
    }

    /// Counts the things keyholder handed over, and the keys it revoked.
    pub(crate) fn things(&self) -> usize {
        self.estate.done()
    }

    /// Requires that nothing was done twice and no limit was passed, and hands over everything that was wrong.
    pub(crate) fn verdict(&mut self) -> Vec<String> {
        self.reconcile();
        for command in 0..self.commands.len() {
            let mut created: BTreeMap<&Pair, usize> = BTreeMap::new();
            let mut removed: BTreeMap<&str, usize> = BTreeMap::new();
            for own in self.own.iter().filter(|own| own.command == command) {
                match &own.what {
                    What::Created => *created.entry(&own.pair).or_default() += 1,
                    What::Removed | What::Role { lowered: true, .. } => {
                        *removed.entry(own.pair.0.as_str()).or_default() += 1;
                    }
                    What::Role { .. } => {}
                }
            }
            let revoked = self.estate.revoked(command);
            for (lane, count) in &revoked {
                *removed.entry(lane).or_default() += count;
            }
            let twice = created.iter().filter(|(pair, count)| **count > 1 && !self.drifted.contains(**pair));
            let twice: Vec<String> =
                twice.map(|((lane, who), _)| format!("{who} was invited twice to {lane}")).collect();
            let over = removed.iter().filter(|(_, count)| **count > self.fleet.per_workspace);
            let mut over: Vec<String> = over.map(|(lane, count)| format!("{count} removals in {lane}")).collect();
            if removed.values().sum::<usize>() > self.fleet.per_run {
                over.push("more removals than a run may".to_owned());
            }
            self.wrong.extend(twice);
            self.wrong.extend(over);
        }
        std::mem::take(&mut self.wrong)
    }
}
