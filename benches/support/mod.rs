//! What the figures share: a simulator in a process of its own, a child measured, medians of runs taken by turns.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use wait4::Wait4 as _;

/// The binary under measurement, built by the same `cargo bench`.
pub(crate) const KEYHOLDER: &str = env!("CARGO_BIN_EXE_keyholder");

/// What one child took.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Took {
    /// From before it was started until it was gone.
    pub(crate) wall: Duration,
    /// User and system time of all its threads.
    pub(crate) cpu: Duration,
    /// Most resident memory, in bytes.
    pub(crate) memory: u64,
}

/// Runs a child to its end, and returns what it took and said on stderr. It must end with 0: what failed has no figure.
pub(crate) fn measure(command: &mut Command) -> (Took, String) {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    let began = now();
    let mut child = command.spawn().expect("a child can be started");
    let mut said = String::new();
    child.stderr.take().expect("it is piped").read_to_string(&mut said).expect("a child says UTF-8");
    let used = child.wait4().expect("a child can be waited for");
    let wall = began.elapsed();
    assert!(used.status.success(), "{command:?}: {}\n{said}", used.status);
    (Took { wall, cpu: used.rusage.utime + used.rusage.stime, memory: used.rusage.maxrss }, said)
}

/// Returns how long a command takes from its start to its first row of CSV, the head not counted; it must end with 0.
pub(crate) fn first_row(command: &mut Command) -> Duration {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let began = now();
    let mut child = command.spawn().expect("a child can be started");
    let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut line = String::new();
    for _head_and_row in 0..2 {
        line.clear();
        assert!(out.read_line(&mut line).expect("UTF-8") > 0, "{command:?} wrote a row");
    }
    let took = began.elapsed();
    std::io::copy(&mut out, &mut std::io::sink()).expect("the rest can be read");
    assert!(child.wait().expect("it ends").success(), "{command:?}");
    took
}

/// Takes so many rounds of several things by turns, the first round for warmth alone, and returns each thing's rounds. By
/// turns, so that whatever else the machine does falls on all of them alike.
pub(crate) fn by_turns<const N: usize>(rounds: usize, mut things: [&mut dyn FnMut() -> Took; N]) -> [Vec<Took>; N] {
    let mut taken = [(); N].map(|()| Vec::with_capacity(rounds));
    for round in 0..=rounds {
        for (thing, taken) in things.iter_mut().zip(&mut taken) {
            let took = thing();
            if round > 0 {
                taken.push(took);
            }
        }
    }
    taken
}

/// Returns the median of one measure over the rounds.
pub(crate) fn median(rounds: &[Took], measure: impl Fn(&Took) -> f64) -> f64 {
    let mut values: Vec<f64> = rounds.iter().map(measure).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Returns smallest, median and largest of what one thing took over what another took in the same round.
pub(crate) fn ratio(of: &[Took], over: &[Took], measure: impl Fn(&Took) -> f64) -> [f64; 3] {
    let mut ratios: Vec<f64> = of.iter().zip(over).map(|(of, over)| measure(of) / measure(over)).collect();
    ratios.sort_by(f64::total_cmp);
    [ratios[0], ratios[ratios.len() / 2], ratios[ratios.len() - 1]]
}

/// Wall time in seconds.
pub(crate) fn wall(took: &Took) -> f64 {
    took.wall.as_secs_f64()
}

/// Processor time in seconds.
pub(crate) fn cpu(took: &Took) -> f64 {
    took.cpu.as_secs_f64()
}

/// Memory in megabytes of 10^6 bytes.
#[expect(clippy::cast_precision_loss, reason = "megabytes are told to one digit")]
pub(crate) fn memory(took: &Took) -> f64 {
    took.memory as f64 / 1e6
}

/// Returns the moment it is.
#[expect(clippy::disallowed_methods, reason = "a benchmark watches the wall clock")]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Makes a folder in memory, where the system offers that: what a disk does at the moment is nobody's figure, and a file system that was just
/// told to forget thousands of files looks long for room for new ones.
pub(crate) fn folder() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    folder.expect("a folder can be made")
}

/// A simulator in a process of its own, with a root that points at it; ends, and the root goes, when this is dropped.
#[derive(Debug)]
pub(crate) struct Sim {
    child: Child,
    base: String,
    folder: tempfile::TempDir,
}

impl Sim {
    /// Starts a generated fleet and returns once it answers.
    pub(crate) fn start(workspaces: usize, members: usize, latency: Duration) -> Self {
        let folder = folder();
        let fleet = ["--workspaces", &workspaces.to_string(), "--members", &members.to_string()].map(OsString::from);
        Self::answering(folder, &fleet, latency)
    }

    /// Starts the fleet of a script and returns once it answers.
    pub(crate) fn of_script(text: &str, latency: Duration) -> Self {
        let folder = folder();
        let file = folder.path().join("world.toml");
        std::fs::write(&file, text).expect("a file can be written");
        Self::answering(folder, &["--world".into(), file.into_os_string()], latency)
    }

    fn answering(folder: tempfile::TempDir, fleet: &[OsString], latency: Duration) -> Self {
        let mut command = Command::new(KEYHOLDER);
        command.args(["--quiet", "sim"]).args(fleet);
        command.args(["--latency", &latency.as_millis().to_string(), "--root"]).arg(folder.path().join("root"));
        Self::listening(folder, &mut command)
    }

    /// Starts a program that writes its root into `root` of the folder and says on its first line where it listens.
    pub(crate) fn listening(folder: tempfile::TempDir, program: &mut Command) -> Self {
        let program = program.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = program.spawn().expect("the simulator can be started");
        let mut base = String::new();
        let mut out = BufReader::new(child.stdout.take().expect("it is piped"));
        out.read_line(&mut base).expect("the simulator says where it is");
        let base = base.trim().to_owned();
        assert!(base.starts_with("http://"), "the simulator said `{base}`");
        Self { child, base, folder }
    }

    /// Returns the processor time the simulator has taken so far, in seconds: whether it, on the same cores, is what a figure shows.
    #[expect(clippy::cast_precision_loss, reason = "hundredths of seconds")]
    pub(crate) fn cpu(&self) -> f64 {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        let behind = stat.rsplit(") ").next().unwrap_or_default();
        let ticks = behind.split(' ').skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok());
        ticks.sum::<u64>() as f64 / 100.0
    }

    /// Returns the folder that goes with it; `root` is in it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the origin.
    pub(crate) fn base(&self) -> &str {
        &self.base
    }

    /// Returns the root that points at it.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// Returns keyholder, pointed at the root, its environment empty.
    pub(crate) fn keyholder(&self) -> Command {
        self.command(KEYHOLDER)
    }

    /// Returns another build of keyholder, pointed at the root.
    pub(crate) fn command(&self, keyholder: &str) -> Command {
        let mut command = Command::new(keyholder);
        command.env_clear().arg("-C").arg(self.root());
        command
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Reads every key of a root, in the order of the workspaces' names.
pub(crate) fn keys(root: &Path) -> Vec<String> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(root.join("secrets"))
        .expect("the root has keys")
        .map(|entry| entry.expect("a folder can be read").path())
        .collect();
    files.sort();
    files.iter().map(|file| std::fs::read_to_string(file).expect("a key can be read").trim().to_owned()).collect()
}
