//! The test world: an agency in a folder of its own, a simulated API, virtual time, and a hand on the command line.
//!
//! ```text
//! script ─► World ─► root::write ─► folder ─► run(args) ─► Outcome { exit, stdout, stderr }
//!              └──── Local ◄─ Tap (what a test does at a request) ◄──┘
//! ```
//!
//! Every command runs in-process through `cli::run_inside` on one paused runtime, so waits cost nothing and time goes on from
//! run to run. After every run, and once more at the end, everything that was written is searched for every key of the world;
//! a stage that ends with a fault that did not fire fails its test.

mod canaries;
pub(crate) mod keeper;
pub(crate) mod scalpel;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) use canaries::Canaries;
use futures::future::BoxFuture;
use keyholder::api::transport::{Answer, Failure, Method, Request, Transport};
use keyholder::cli::{Inside, run_inside};
use keyholder::clock::Clock;
use keyholder::env::Env;
use keyholder::journal::{Ledger, Probe, StepRow};
use keyholder::run::{Keeper, Stop};
use keyholder::sim::{Local, LocalSettings, Op, World, root};
use keyholder::ui::Sink;
use scalpel::Scalpel;
use serde_json::Value;
use tokio::sync::{Notify, OnceCell};

/// When every test begins.
pub(crate) const START: &str = "2026-11-20T08:00:00Z";

/// What a command left behind.
#[must_use]
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) exit: u8,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    /// How long it took, in virtual time.
    pub(crate) took: Duration,
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { exit, stdout, stderr, took } = self;
        write!(f, "-- stdout\n{stdout}-- stderr\n{stderr}-- exit {exit} after {took:?}\n")
    }
}

impl Outcome {
    /// Requires an exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: u8) -> Self {
        assert_eq!(self.exit, code, "the exit code\n{self}");
        self
    }

    /// Requires a text on standard error.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "`{text}` is not said\n{self}");
        self
    }

    /// Reads the CSV on standard output, one map a row.
    #[track_caller]
    pub(crate) fn rows(&self) -> Vec<BTreeMap<String, String>> {
        let mut reader = csv::Reader::from_reader(self.stdout.as_bytes());
        reader.deserialize().collect::<Result<_, _>>().unwrap_or_else(|error| panic!("{error}\n{self}"))
    }

    /// Reads outcomes as `workspace outcome` or, with a reason, `workspace outcome: reason`'s first word.
    #[track_caller]
    pub(crate) fn outcomes(&self) -> Vec<String> {
        let short = |row: &BTreeMap<String, String>| {
            let (workspace, outcome) = (&row["workspace"], &row["outcome"]);
            match row["reason"].split_once(':') {
                Some((code, _)) if outcome == "held" => format!("{workspace} held {code}"),
                _ => format!("{workspace} {outcome}"),
            }
        };
        self.rows().iter().map(short).collect()
    }

    /// Reads the planned rows as `workspace kind planned`, with the reason's code where it is held.
    #[track_caller]
    pub(crate) fn planned(&self) -> Vec<String> {
        let short = |row: &BTreeMap<String, String>| {
            let held = if row["held"].is_empty() { String::new() } else { format!(" {}", row["held"]) };
            format!("{} {} {}{held}", row["workspace"], row["kind"], row["planned"])
        };
        self.rows().iter().map(short).collect()
    }

    /// Reads newline-separated records on standard output.
    #[track_caller]
    pub(crate) fn records(&self) -> Vec<Value> {
        let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        self.stdout.lines().map(read).collect()
    }

    /// Returns the plan id that was said, as far as it is shown.
    #[track_caller]
    pub(crate) fn plan_id(&self) -> String {
        let line = self.stderr.lines().find_map(|line| line.strip_prefix("plan "));
        let id = line.and_then(|line| line.split(':').next()).unwrap_or_else(|| panic!("no plan id is said\n{self}"));
        id.to_owned()
    }
}

type Hook = dyn Fn(&Request) + Send + Sync;

/// Lets a test do something at a request, just before it leaves, and cut the run around it.
struct Tap {
    local: Local,
    hook: Arc<Hook>,
    scalpel: Option<Arc<Scalpel>>,
    gate: Option<Arc<Gate>>,
}

/// Holds a run at its first request until another has been made from start to end.
#[derive(Default)]
struct Gate {
    reached: Notify,
    opened: OnceCell<()>,
    open: Notify,
}

impl Gate {
    async fn pass(&self) {
        let once = || async {
            self.reached.notify_one();
            self.open.notified().await;
        };
        self.opened.get_or_init(once).await;
    }
}

impl fmt::Debug for Tap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tap")
    }
}

impl Transport for Tap {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, Failure>> {
        (self.hook)(&request);
        if let Some(gate) = &self.gate {
            return Box::pin(async {
                gate.pass().await;
                self.local.send(request).await
            });
        }
        match &self.scalpel {
            None => self.local.send(request),
            Some(scalpel) => Box::pin(scalpel.carry(&self.local, request)),
        }
    }
}

/// An agency with its simulated API.
pub(crate) struct Stage {
    pub(crate) world: World,
    pub(crate) root: PathBuf,
    /// How far away the API is.
    pub(crate) road: LocalSettings,
    /// Bytes of an answer above which it is cut off.
    pub(crate) most_body: usize,
    /// Stopping, of the next run.
    pub(crate) stop: Stop,
    hook: RefCell<Arc<Hook>>,
    /// Who keeps the secrets of later runs.
    pub(crate) keeper: RefCell<Option<Arc<dyn Keeper>>>,
    /// Who is told of every commit of later runs.
    pub(crate) probe: RefCell<Option<Arc<dyn Probe>>>,
    /// Notified, it ends the run that is going on at once, as if its process had been killed.
    pub(crate) cut: Arc<Notify>,
    scalpel: RefCell<Option<Arc<Scalpel>>>,
    /// Whether files are searched for keys only at the end of the stage, not after every run.
    pub(crate) searched_once: Cell<bool>,
    /// Whether a person reads standard output; data is CSV all the same.
    pub(crate) terminal: Cell<bool>,
    forgiving: Cell<bool>,
    clock: Clock,
    runtime: tokio::runtime::Runtime,
    _home: tempfile::TempDir,
}

impl Stage {
    /// Makes a stage from a world's script, without its `version = 1`.
    #[track_caller]
    pub(crate) fn script(text: &str) -> Self {
        Self::of(World::from_script(&format!("version = 1\n{text}"), 7).unwrap_or_else(|error| panic!("{error}")))
    }

    /// Makes a stage of any world.
    pub(crate) fn of(world: World) -> Self {
        let home = scratch();
        let root = home.path().join("agency");
        root::write(&world, &root, "http://127.0.0.1:9").unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        let clock = runtime.block_on(async { Clock::starting_at(START.parse().unwrap()) });
        Self {
            world,
            root,
            road: LocalSettings::default(),
            most_body: Local::MOST_BODY,
            stop: Stop::default(),
            hook: RefCell::new(Arc::new(|_: &Request| {})),
            keeper: RefCell::default(),
            probe: RefCell::default(),
            cut: Arc::default(),
            scalpel: RefCell::default(),
            searched_once: Cell::new(false),
            terminal: Cell::new(false),
            forgiving: Cell::new(false),
            clock,
            runtime,
            _home: home,
        }
    }

    /// Adds lines to a file of the root. `keyholder.toml` ends within `[defaults]`.
    pub(crate) fn add(&self, file: &str, text: &str) {
        let path = self.root.join(file);
        let before = fs::read_to_string(&path).unwrap();
        fs::write(path, format!("{before}{text}\n")).unwrap();
    }

    /// Replaces a text in a file of the root.
    #[track_caller]
    pub(crate) fn edit(&self, file: &str, from: &str, to: &str) {
        let path = self.root.join(file);
        let before = fs::read_to_string(&path).unwrap();
        assert!(before.contains(from), "`{from}` is not in {file}:\n{before}");
        fs::write(path, before.replacen(from, to, 1)).unwrap();
    }

    /// Lets the stage end although faults did not fire: for laws whose faults are drawn, not scripted.
    pub(crate) fn forgive_unfired_faults(&self) {
        self.forgiving.set(true);
    }

    /// Lets a scalpel follow the next runs, or none.
    pub(crate) fn operate(&self, scalpel: Option<&Arc<Scalpel>>) {
        *self.scalpel.borrow_mut() = scalpel.cloned();
        *self.probe.borrow_mut() = scalpel.map(|scalpel| Arc::clone(scalpel) as Arc<dyn Probe>);
    }

    /// Does something at every request of later runs, just before it leaves.
    pub(crate) fn at_request(&self, hook: impl Fn(&Request) + Send + Sync + 'static) {
        *self.hook.borrow_mut() = Arc::new(hook);
    }

    /// Does something once, at the request of this number (from 1) with this method.
    pub(crate) fn at_nth(&self, method: Method, nth: usize, act: impl Fn() + Send + Sync + 'static) {
        let seen = Mutex::new(0);
        self.at_request(move |request| {
            if request.method == method {
                let mut seen = seen.lock().unwrap();
                *seen += 1;
                if *seen == nth {
                    act();
                }
            }
        });
    }

    /// Runs a command; the words are separated by blanks.
    pub(crate) fn run(&self, line: &str) -> Outcome {
        self.run_words(line.split_whitespace())
    }

    /// Runs a command.
    pub(crate) fn run_words<'a>(&self, words: impl IntoIterator<Item = &'a str>) -> Outcome {
        let words: Vec<&str> = words.into_iter().collect();
        self.run_or_cut(&words).unwrap_or_else(|| panic!("`{}` was cut", words.join(" ")))
    }

    /// Runs two commands at once, as two processes on one machine would.
    pub(crate) fn run_both(&self, one: &str, other: &str) -> [Outcome; 2] {
        let [one, other] = [one, other].map(|line| line.split_whitespace().collect::<Vec<_>>());
        let (one, other) = self.runtime.block_on(futures::future::join(self.play(&one, None), self.play(&other, None)));
        [one.unwrap(), other.unwrap()]
    }

    /// Runs a command, and another from start to end while the first is at its first request. Returns the first one's outcome first.
    pub(crate) fn run_within(&self, outer: &str, inner: &str) -> [Outcome; 2] {
        let [outer, inner] = [outer, inner].map(|line| line.split_whitespace().collect::<Vec<_>>());
        let gate = Arc::new(Gate::default());
        let within = async {
            gate.reached.notified().await;
            let inner = self.play(&inner, None).await;
            gate.open.notify_one();
            inner
        };
        let both = async { tokio::join!(self.play(&outer, Some(Arc::clone(&gate))), within) };
        let (outer, inner) = self.runtime.block_on(both);
        [outer.unwrap(), inner.unwrap()]
    }

    /// Runs a command that something (a probe, a request) is to cut off, as if the process had been killed; tells whether it was.
    pub(crate) fn run_until_cut(&self, line: &str) -> bool {
        let words: Vec<&str> = line.split_whitespace().collect();
        self.run_or_cut(&words).is_none()
    }

    /// Runs a command that may be cut; none where it was.
    pub(crate) fn run_or_cut(&self, words: &[&str]) -> Option<Outcome> {
        self.runtime.block_on(self.play(words, None))
    }

    async fn play(&self, words: &[&str], gate: Option<Arc<Gate>>) -> Option<Outcome> {
        let (out, err) = (Sink::memory(), Sink::memory());
        let ended = async {
            let clock = Clock::starting_at(self.clock.now());
            let format: &[&str] = if self.terminal.get() { &["--format", "csv"] } else { &[] };
            let env = Env {
                args: std::iter::once(&"keyholder").chain(words).chain(format).map(OsString::from).collect(),
                vars: BTreeMap::from([("KEYHOLDER_OPERATOR".to_owned(), "ada".to_owned())]),
                cwd: self.root.clone(),
                stdin_is_terminal: false,
                stdout_is_terminal: self.terminal.get(),
                stderr_is_terminal: false,
                width: None,
                start: clock.start(),
                seed: 7,
            };
            let local = Local::new(self.world.clone(), self.clock, self.road).limit_body(self.most_body);
            let inside = Inside {
                transport: Arc::new(Tap {
                    local,
                    hook: Arc::clone(&self.hook.borrow()),
                    scalpel: self.scalpel.borrow().clone(),
                    gate,
                }),
                probe: self.probe.borrow().clone(),
                keeper: self.keeper.borrow().clone(),
                clock,
                stop: self.stop.clone(),
                out: out.clone(),
                err: err.clone(),
            };
            tokio::select! {
                biased;
                exit = Box::pin(run_inside(&env, &inside)) => Some((exit, clock.elapsed())),
                () = self.cut.notified() => None,
            }
        }
        .await;
        if ended.is_none() {
            self.rest();
        } else {
            // A cut that came when the run was over is nobody else's.
            let _too_late = futures::FutureExt::now_or_never(self.cut.notified());
        }
        let (exit, took) = ended.unwrap_or((keyholder::trouble::Exit::Bug, Duration::ZERO));
        let outcome = Outcome { exit: exit.code(), stdout: out.written(), stderr: err.written(), took };
        self.require_no_key_in(&outcome);
        ended.is_some().then_some(outcome)
    }

    /// Runs something on the stage's runtime.
    pub(crate) fn block_on<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// Waits until nobody holds a lock any more: a commit that was under way when its run was cut goes on to its end.
    fn rest(&self) {
        for lock in fs::read_dir(self.root.join(".keyholder/locks")).into_iter().flatten().flatten() {
            fs::File::open(lock.path()).and_then(|file| file.lock()).unwrap_or_else(|error| panic!("{error}"));
        }
    }

    /// Returns what time it is on the stage.
    pub(crate) fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    /// Lets time pass between runs.
    pub(crate) fn wait(&self, time: Duration) {
        self.runtime.block_on(self.clock.sleep(time));
    }

    /// Asks the ledger something.
    pub(crate) fn ledger<T>(&self, ask: impl AsyncFnOnce(&Ledger) -> T) -> T {
        self.runtime.block_on(async {
            let ledger = Ledger::open(&self.root.join(".keyholder"), self.clock).await.unwrap();
            let answer = ask(&ledger).await;
            ledger.close().await.unwrap();
            answer
        })
    }

    /// Changes the ledger behind keyholder's back.
    pub(crate) fn sql(&self, statement: &str) {
        use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
        let options = SqliteConnectOptions::new().filename(self.root.join(".keyholder/ledger.db"));
        self.runtime.block_on(async {
            let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        });
    }

    /// Returns the entries of the newest run, after proving its chain.
    pub(crate) fn entries(&self) -> Vec<Value> {
        self.ledger(async |ledger| {
            let run = ledger.run("last").await.unwrap().id;
            ledger.verify_chain(&run).await.unwrap_or_else(|broken| panic!("the chain is broken: {broken}"));
            ledger.entries(&run).await.unwrap().iter().map(|entry| entry.value().unwrap()).collect()
        })
    }

    /// Returns the types of the entries of one workspace's steps in the newest run, `answered` with its class and `looked` with
    /// what was seen.
    pub(crate) fn story(&self, workspace: &str) -> Vec<String> {
        let steps = self.steps();
        let own: HashSet<&str> =
            steps.iter().filter(|step| step.workspace == workspace).map(|step| step.id.as_str()).collect();
        let entries = self.entries();
        let told = entries.iter().filter(|entry| entry["step"].as_str().is_some_and(|id| own.contains(id)));
        told.filter(|entry| entry["type"] != "planned")
            .map(|entry| {
                let kind = entry["type"].as_str().unwrap();
                let more = ["class", "effect", "outcome"].iter().find_map(|name| entry[*name].as_str());
                more.map_or_else(|| kind.to_owned(), |more| format!("{kind} {more}"))
            })
            .collect()
    }

    /// Returns the steps of the newest run.
    pub(crate) fn steps(&self) -> Vec<StepRow> {
        self.ledger(async |ledger| {
            let run = ledger.run("last").await.unwrap().id;
            ledger.steps(&run).await.unwrap()
        })
    }

    /// Counts a person's rows in a workspace.
    pub(crate) fn rows_of(&self, workspace: &str, email: &str) -> usize {
        self.world.members(workspace).iter().filter(|row| row.email == email).count()
    }

    /// Returns the role a person has in a workspace.
    pub(crate) fn role_of(&self, workspace: &str, email: &str) -> Option<String> {
        self.world.members(workspace).into_iter().find(|row| row.email == email).map(|row| row.role)
    }

    /// Counts the writes that took effect anywhere.
    pub(crate) fn writes(&self) -> usize {
        self.world.names().iter().map(|name| self.world.writes(name)).sum()
    }

    /// Counts the requests that could have changed something, whether or not they did.
    pub(crate) fn write_requests(&self) -> usize {
        self.world.requests().iter().filter(|seen| seen.operation.is_some_and(Op::writes)).count()
    }

    /// Searches what a run printed and every file it could have written, for every key.
    fn require_no_key_in(&self, outcome: &Outcome) {
        let canaries = Canaries::of(&self.world);
        canaries.require_absent("stdout", outcome.stdout.as_bytes());
        canaries.require_absent("stderr", outcome.stderr.as_bytes());
        if self.searched_once.get() {
            return;
        }
        self.require_no_key_in_files(&canaries);
    }

    fn require_no_key_in_files(&self, canaries: &Canaries) {
        let mut folders = vec![self.root.clone()];
        while let Some(folder) = folders.pop() {
            for found in fs::read_dir(folder).unwrap().map(|found| found.unwrap().path()) {
                if found.is_dir() {
                    if found != self.root.join("secrets") {
                        folders.push(found);
                    }
                } else if let Ok(bytes) = fs::read(&found) {
                    canaries.require_absent(&shown(&self.root, &found), &bytes);
                }
            }
        }
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        self.require_no_key_in_files(&Canaries::of(&self.world));
        if let Err(unmet) = self.world.require_all_faults_fired()
            && !self.forgiving.get()
        {
            panic!("scripted faults did not fire as often as wanted:\n{unmet}");
        }
    }
}

/// Makes a folder that vanishes, in memory where the system offers that: thousands of runs sync their ledgers to disk.
fn scratch() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir()) } else { tempfile::tempdir() }
        .unwrap()
}

fn shown(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).display().to_string()
}

/// Reads a variable that asks the tests for more, or for something in particular.
pub(crate) fn flag(name: &str) -> Option<String> {
    Env::capture().unwrap().var(name).map(str::to_owned)
}
