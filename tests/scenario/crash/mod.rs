//! Crash anywhere: every kind of step, cut at every point of the protocol, resumed, and held against a model of the world.
//!
//! ```text
//! Case (kind, shape, trouble, what a repeated invitation answers)
//!   ├─ a run that nobody cuts: its end, and the points it passes
//!   └─ trials: cut at a point, time passes, resume; perhaps cut again, resume again; then `model` judges world and ledger
//! ```
//!
//! `cargo test` tries a sample that has every kind at every point at least once; `KEYHOLDER_TRIALS=full` tries every point of a run and of a
//! resume, first, middle and last; `everything` tries all pairs of cuts and all cuts beside all faults, which takes a night.
//! `KEYHOLDER_TRIAL=<name>` runs one trial, by the name that a failing one prints.

mod model;
mod points;

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use keyholder::sim::put::{Campaigns, Key, LeadLists, Leads};
use keyholder::sim::{Fault, FaultBody, FaultKind, Invitations, KeyRecord, LocalSettings, Op, RepeatInvite, World};
use model::{Model, Wish};

use crate::support::Stage;
use crate::support::scalpel::{Phase, Point, Scalpel, Target};

/// A kind of step, and the people it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// An invitation that is accepted at once.
    Invite,
    /// An invitation that waits for its person.
    InviteLater,
    Role,
    /// A member goes.
    Remove,
    /// An invitation is withdrawn.
    Withdraw,
    /// An invitation is withdrawn and sent again.
    Anew,
    /// A campaign is handed over, and its owner goes.
    Campaign,
    /// A lead list is handed over, and its owner goes.
    LeadList,
    /// Leads are reassigned, and who worked on them goes.
    Leads,
    /// A key is revoked, and its maker goes.
    Key,
}

impl Kind {
    const ALL: [(&'static str, Self); 10] = [
        ("invite", Self::Invite),
        ("invite-later", Self::InviteLater),
        ("role", Self::Role),
        ("remove", Self::Remove),
        ("withdraw", Self::Withdraw),
        ("anew", Self::Anew),
        ("campaign", Self::Campaign),
        ("lead-list", Self::LeadList),
        ("leads", Self::Leads),
        ("key", Self::Key),
    ];

    fn wish(self) -> Wish {
        match self {
            Self::Invite | Self::InviteLater => Wish::Invite("editor"),
            Self::Role => Wish::Role("editor"),
            Self::Remove | Self::Withdraw => Wish::Gone,
            Self::Anew => Wish::Anew,
            Self::Campaign | Self::LeadList | Self::Leads | Self::Key => Wish::Left(self.ops()[0], HEIR),
        }
    }

    fn people(self) -> [&'static str; 3] {
        match self {
            Self::Invite | Self::InviteLater => ["nia@agency.example", "nox@agency.example", "nyx@agency.example"],
            Self::Role => ["vera@agency.example", "vito@agency.example", "viva@agency.example"],
            Self::Remove | Self::Campaign | Self::LeadList | Self::Leads | Self::Key => {
                ["eda@agency.example", "eli@agency.example", "eva@agency.example"]
            }
            Self::Withdraw | Self::Anew => ["ida@agency.example", "ina@agency.example", "ivo@agency.example"],
        }
    }

    fn command(self, people: &[&str]) -> String {
        let people = people.join(" ");
        match self {
            Self::Invite | Self::InviteLater | Self::Role => format!("onboard {people} --role editor --all"),
            Self::Remove | Self::Withdraw => format!("offboard {people} --all"),
            Self::Anew => format!("members reinvite {people} --all"),
            Self::Campaign | Self::LeadList | Self::Leads => format!("offboard {people} --hand-over-to {HEIR} --all"),
            Self::Key => format!("offboard {people} --revoke-keys --all"),
        }
    }

    fn ops(self) -> &'static [Op] {
        match self {
            Self::Invite | Self::InviteLater => &[Op::MemberCreate],
            Self::Role => &[Op::MemberPatch],
            Self::Remove | Self::Withdraw => &[Op::MemberDelete],
            Self::Anew => &[Op::MemberDelete, Op::MemberCreate],
            Self::Campaign => &[Op::CampaignPatch],
            Self::LeadList => &[Op::LeadListPatch],
            Self::Leads => &[Op::LeadsAssign],
            Self::Key => &[Op::KeyDelete],
        }
    }

    /// Tells whether it is about belongings: its steps are twice as many, a thing's and its owner's.
    fn is_about_belongings(self) -> bool {
        matches!(self, Self::Campaign | Self::LeadList | Self::Leads | Self::Key)
    }

    /// Gives everybody who may leave one thing, and somebody who stays another.
    fn furnish(self, world: &World, lane: &str) {
        for person in self.people().into_iter().chain(["vera@agency.example"]) {
            match self {
                Self::Campaign => drop(world.put(lane, Campaigns::of(person, 1))),
                Self::LeadList => drop(world.put(lane, LeadLists::of(person, 1))),
                Self::Leads => drop(world.put(lane, Leads::of(person, 3))),
                Self::Key => {
                    drop(world.put(lane, Key::of(person, person).recorded(KeyRecord::Id("api_key_id".into()))));
                }
                _ => {}
            }
        }
    }

    fn is_at_once(self) -> bool {
        !matches!(self, Self::InviteLater | Self::Anew)
    }
}

/// What goes wrong beside the crash, at the second write of its kind in a lane.
const TROUBLES: [&str; 9] =
    ["none", "lost-answer", "lost-request", "late", "500", "500-applied", "hang", "429", "unreadable"];

fn fault(trouble: &str) -> Option<FaultKind> {
    let refused = FaultKind::Status { status: 500, body: FaultBody::Json, retry_after: None };
    Some(match trouble {
        "lost-answer" => FaultKind::LoseAnswer,
        "lost-request" => FaultKind::LoseRequest,
        "late" => FaultKind::Late { after: Duration::from_secs(20) },
        "500" => refused,
        "hang" => FaultKind::Hang,
        "429" => FaultKind::throttled(Some(2)),
        "unreadable" => FaultKind::Truncate,
        _ => return None,
    })
}

const REPEATS: [(&str, RepeatInvite); 4] = [
    ("duplicate", RepeatInvite::Duplicate),
    ("echo", RepeatInvite::Echo),
    ("conflict", RepeatInvite::Conflict),
    ("invalid", RepeatInvite::Invalid),
];

/// Who inherits.
const HEIR: &str = "ops@agency.example";

const LANES: [&str; 3] = ["acme", "birch", "cedar"];

/// One world with one command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Case {
    kind: usize,
    lanes: usize,
    people: usize,
    trouble: usize,
    repeat: usize,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, lanes, people, trouble, repeat } = *self;
        write!(f, "{}/{lanes}x{people}/{}/{}", Kind::ALL[kind].0, TROUBLES[trouble], REPEATS[repeat].0)
    }
}

impl Case {
    /// Reads a case as it is shown.
    fn parse(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split('/').collect();
        let [kind, shape, trouble, repeat] = words[..] else { return None };
        let (lanes, people) = shape.split_once('x')?;
        Some(Self {
            kind: Kind::ALL.iter().position(|(word, _)| *word == kind)?,
            lanes: lanes.parse().ok()?,
            people: people.parse().ok()?,
            trouble: TROUBLES.iter().position(|word| *word == trouble)?,
            repeat: REPEATS.iter().position(|(word, _)| *word == repeat)?,
        })
    }

    fn kind(&self) -> Kind {
        Kind::ALL[self.kind].1
    }

    fn who(&self) -> Vec<&'static str> {
        self.kind().people()[..self.people].to_vec()
    }

    fn stage(&self) -> Stage {
        let lane = |name: &&str| {
            let invited: Vec<String> = Kind::Anew
                .people()
                .iter()
                .map(|email| {
                    format!(
                        "{{ email = \"{email}\", role = \"editor\", permissions = [\"unibox.all\"], nickname = \"I\" }}"
                    )
                })
                .collect();
            format!(
                "[[workspace]]\nname = \"{name}\"\nowner = \"founder@agency.example\"\nadmin = [\"ops@agency.example\"]\n\
                 view = {:?}\neditor = {:?}\ninvited = [{}]\n",
                Kind::Role.people(),
                Kind::Remove.people(),
                invited.join(", ")
            )
        };
        let script: String = LANES[..self.lanes].iter().map(lane).collect();
        let mut stage = Stage::script(&script);
        stage.add("keyholder.toml", "[guards]\nmax_failures = \"100%\"\nmax_removals = { per_workspace = 6 }");
        LANES[..self.lanes].iter().for_each(|lane| self.kind().furnish(&stage.world, lane));
        stage.road = LocalSettings {
            latency: Duration::from_millis(60),
            jitter: Duration::from_millis(40),
            seed: 3,
            ..LocalSettings::default()
        };
        let at_once = self.kind().is_at_once();
        stage.world.configure(|settings| {
            settings.repeat_invite = REPEATS[self.repeat].1;
            settings.invitations = if at_once { Invitations::AtOnce } else { Invitations::Wait };
        });
        if let Some(kind) = fault(TROUBLES[self.trouble]) {
            for op in self.kind().ops() {
                let lane = LANES[self.lanes / 2];
                stage.world.add_fault(Fault::once(kind.clone()).on(lane).at(*op).skip(self.people / 2));
            }
        }
        // A crash may come before the fault's turn, and then there is no need for a second request.
        stage.forgive_unfired_faults();
        stage.searched_once.set(true);
        stage
    }

    fn model(&self, stage: &Stage) -> Model {
        Model::of(&stage.world, self.kind().wish(), &self.who(), self.kind().is_at_once())
    }
}

/// What a run that nobody cuts tells about a case.
struct Known {
    case: Case,
    command: String,
    exit: u8,
    steps: HashMap<String, String>,
    points: Vec<Point>,
}

impl Known {
    /// Runs a case to its end, twice: for its steps, and for the points it passes.
    fn of(case: Case) -> Self {
        let rerun = Rerun::of(format!("{case}"));
        let plain = case.kind().command(&case.who());
        let stage = case.stage();
        let id = stage.run(&format!("{plain} --plan-only")).exits(0).plan_id();
        let command = format!("{plain} --confirm {id}");
        let model = case.model(&stage);
        let outcome = stage.run(&command);
        model.require_end(&stage.world);
        let steps = stage.steps();
        model.require_truth(&stage.world, &steps);
        let steps = steps.into_iter().map(|step| (step.id.to_string(), step.workspace)).collect();
        let mut known = Self { case, command, exit: outcome.exit, steps, points: Vec::new() };
        known.points = known.trial(&[]);
        rerun.over();
        known
    }

    fn scalpel(&self, stage: &Stage, target: Target, late: Duration) -> Arc<Scalpel> {
        let lies = (TROUBLES[self.case.trouble] == "500-applied").then_some(self.case.lanes * self.case.people / 2 + 1);
        Arc::new(Scalpel::new(stage, self.steps.clone(), target).late(late).lies(lies))
    }

    /// Cuts at these points, one life after the other, then goes on to the end. Returns the points of the last life.
    fn trial(&self, cuts: &[Point]) -> Vec<Point> {
        let name: Vec<String> = cuts.iter().map(ToString::to_string).collect();
        let name = format!("{}:{}", self.case, name.join("+"));
        let rerun = Rerun::of(name.clone());
        let mut chance =
            fastrand::Rng::with_seed(name.bytes().fold(7, |hash: u64, byte| hash.wrapping_mul(31) + u64::from(byte)));
        let stage = self.case.stage();
        let mut model = self.case.model(&stage);
        let is_begun = || !stage.ledger(async |ledger| ledger.runs(1).await.unwrap()).is_empty();
        let mut begun = false;
        for cut in cuts {
            let late = [5, 30, 59][chance.usize(0..3)];
            let scalpel = self.scalpel(&stage, Target::At(cut.clone()), Duration::from_secs(late));
            stage.operate(Some(&scalpel));
            let line = if begun { "resume" } else { &self.command };
            assert!(stage.run_until_cut(line), "`{line}` came to its end before {cut}");
            stage.operate(None);
            begun = is_begun();
            if begun {
                let _proven = stage.entries();
                model.require_honest(&stage.world, &stage.steps());
            } else {
                assert_eq!(stage.write_requests(), 0, "nothing is sent that is not in the ledger");
            }
            stage.wait(Duration::from_secs([0, 10, 45, 3600][chance.usize(0..4)]));
            if self.case.kind() == Kind::InviteLater && chance.bool() {
                model.all_accept(&stage.world);
            }
        }
        let scalpel = self.scalpel(&stage, Target::Nowhere, Duration::ZERO);
        stage.operate(Some(&scalpel));
        let mut outcome = stage.run(if begun { "resume" } else { &self.command });
        stage.operate(None);
        // A write that a crash and then a fault took away was sent once more as it may be: to go on takes another resume.
        for _ in cuts {
            if outcome.exit != 22 || TROUBLES[self.case.trouble] == "none" {
                break;
            }
            model.require_honest(&stage.world, &stage.steps());
            outcome = stage.run("resume");
        }
        assert_eq!(outcome.exit, self.exit, "the exit code\n{outcome}");
        stage.world.land_all();
        model.require_end(&stage.world);
        let _proven = stage.entries();
        model.require_truth(&stage.world, &stage.steps());
        let requests = stage.world.request_count();
        let _nothing = stage.run("resume").exits(0);
        assert_eq!(stage.world.request_count(), requests, "a second resume sends nothing");
        rerun.over();
        scalpel.points()
    }
}

/// Tells how to run a trial again, if it fails.
struct Rerun(Option<String>);

impl Rerun {
    fn of(name: String) -> Self {
        Self(Some(name))
    }

    fn over(mut self) {
        self.0 = None;
    }
}

impl Drop for Rerun {
    #[expect(clippy::print_stderr, reason = "a failing test says how to run it again")]
    fn drop(&mut self) {
        if let Some(name) = &self.0 {
            eprintln!("run it again: KEYHOLDER_TRIAL='{name}' cargo test --test scenario crash -- --nocapture");
        }
    }
}
