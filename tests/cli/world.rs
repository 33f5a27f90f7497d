//! The world of these tests: a simulated API on loopback, a root that points at it, and the real binary as a child.
//!
//! Every key of the simulated world is a canary: after every run none may stand in what the child printed or in any file
//! it could have written.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use keyholder::clock::Clock;
use keyholder::sim::server::{self, Running};
use keyholder::sim::{LocalSettings, World as Sim, root};
use tempfile::TempDir;

/// When every child believes to have begun.
pub(crate) const START: &str = "2026-11-02T09:00:00Z";

/// Three workspaces: one of many people, one of few, and one whose key may only read.
const THREE: &str = r#"
version = 1
begin = "2026-03-02T09:00:00Z"

[[workspace]]
name = "acme"
id = "0195b2aa-7c1e-7d00-8000-000000000001"
title = "Acme Corp"
owner = "founder@agency.example"
admin = ["ops@agency.example", "second@agency.example"]
editor = ["lee@agency.example"]
client = ["boss@acme.example"]
invited = [
  { email = "old@agency.example", role = "view", created = "2026-09-01T00:00:00Z" },
  { email = "fresh@agency.example", role = "view", created = "2026-11-01T00:00:00Z" },
]
member = [{ email = "mia@agency.example", role = "editor", permissions = ["unibox.all"], nickname = "=Mia, \"the\" M" }]

[[workspace]]
name = "globex"
id = "0195b2aa-7c1e-7d00-8000-000000000002"
title = "Globex Ltd"
owner = "founder@agency.example"
admin = ["ops@agency.example"]
editor = ["lee@agency.example"]

[[workspace]]
name = "initech"
id = "0195b2aa-7c1e-7d00-8000-000000000003"
title = "Initech"
keys = [{ scopes = ["workspaces:read", "workspace_members:read"] }]
owner = "founder@agency.example"
admin = ["ops@agency.example"]
"#;

/// The files beside the keys; waits are short, so that nothing here takes long.
const AGENCY: &str = r#"version = 1

[agency]
name = "Northwind Outreach"
domains = ["agency.example"]

[defaults]
base_url = "BASE"
mode = "manage"
share = 1
timeout = "1s"
settle = "2s"
deadline = "20s"

[guards]
max_failures = "100%"

[presets.inbox-only]
role = "editor"
permissions = ["unibox.all"]
"#;

/// A simulated fleet, its root, and a home for the child.
pub(crate) struct World {
    /// The simulated API.
    pub(crate) sim: Sim,
    base: String,
    folder: TempDir,
    _server: Running,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("folder", &self.folder.path()).finish_non_exhaustive()
    }
}

impl World {
    /// Three workspaces, `acme` (gold), `globex` (gold) and `initech` (silver).
    pub(crate) fn three() -> Self {
        Self::of(THREE)
    }

    /// A world after a script of the simulator.
    pub(crate) fn of(script: &str) -> Self {
        let world = Self::start(Sim::from_script(script, 11).unwrap());
        world.agency(|text| text);
        for name in world.sim.names() {
            let tier = if name == "initech" { "silver" } else { "gold" };
            world.edit(&format!("workspaces/{name}.toml"), |text| {
                format!("# the client's own remark\n{text}labels = {{ tier = \"{tier}\" }}   # kept\n")
            });
        }
        world
    }

    /// The sample fleet.
    pub(crate) fn northwind() -> Self {
        Self::start(Sim::northwind(1))
    }

    fn start(sim: Sim) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::starting_at(START.parse().unwrap());
        let server = server::start(sim.clone(), clock, 0, LocalSettings::default()).unwrap();
        sim.record(10_000);
        fs::create_dir(folder.path().join("home")).unwrap();
        root::write(&sim, &folder.path().join("root"), server.base_url()).unwrap();
        Self { sim, base: server.base_url().to_owned(), folder, _server: server }
    }

    /// Writes `keyholder.toml`, changed by the test.
    pub(crate) fn agency(&self, change: impl FnOnce(String) -> String) {
        self.write("keyholder.toml", &change(AGENCY.replace("BASE", &self.base)));
    }

    /// Returns the root.
    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// Returns the folder that holds the root and the home; what a test writes outside of the root goes there.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Returns the origin of the simulated API.
    pub(crate) fn base_url(&self) -> &str {
        &self.base
    }

    /// Reads a file of the root.
    pub(crate) fn read(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    /// Writes a file of the root.
    pub(crate) fn write(&self, path: &str, text: &str) {
        fs::write(self.root().join(path), text).unwrap();
    }

    /// Changes a file of the root.
    pub(crate) fn edit(&self, path: &str, change: impl FnOnce(String) -> String) {
        self.write(path, &change(self.read(path)));
    }

    /// Takes the line that begins with a word out of a file.
    pub(crate) fn drop_line(&self, path: &str, word: &str) {
        let text = self.read(path);
        let line = text.lines().find(|line| line.starts_with(word)).unwrap();
        self.write(path, &text.replacen(&format!("{line}\n"), "", 1));
    }

    /// Sets a file's mode.
    pub(crate) fn chmod(&self, path: &str, mode: u32) {
        fs::set_permissions(self.root().join(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Makes a command in the root: nothing of this machine's environment, no terminal.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(crate::knobs::binary());
        command.args(args).current_dir(self.root()).env_clear();
        command.env("HOME", self.folder.path().join("home")).env("PATH", "/usr/bin:/bin");
        command.env("KEYHOLDER_OPERATOR", "tester").env("COLUMNS", "100");
        command.env("KEYHOLDER_TEST_START", START).env("KEYHOLDER_TEST_SEED", "5");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the binary to its end.
    pub(crate) fn run(&self, args: &[&str]) -> Ended {
        self.end(self.command(args).output().unwrap())
    }

    /// Runs a command that a test changed.
    pub(crate) fn finish(&self, mut command: Command) -> Ended {
        self.end(command.output().unwrap())
    }

    /// Waits for a child that a test started.
    pub(crate) fn wait(&self, child: Child) -> Ended {
        self.end(child.wait_with_output().unwrap())
    }

    /// Takes what a child that ended has printed.
    pub(crate) fn end(&self, output: Output) -> Ended {
        self.checked(Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).expect("stdout is UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr is UTF-8"),
        })
    }

    /// Takes what a child left, after looking for keys in all of it.
    pub(crate) fn checked(&self, ended: Ended) -> Ended {
        let keys: Vec<String> = self.sim.keys().into_iter().chain(self.sim.security_tokens()).collect();
        for key in &keys {
            assert!(!ended.stdout.contains(key), "a key stands in stdout:\n{ended}");
            assert!(!ended.stderr.contains(key), "a key stands in stderr:\n{ended}");
        }
        no_key_below(self.folder.path(), &keys);
        assert!(!ended.stderr.contains("panicked"), "{ended}");
        ended
    }

    /// Returns how many writes took effect in the whole world.
    pub(crate) fn writes(&self) -> usize {
        self.sim.names().iter().map(|name| self.sim.writes(name)).sum()
    }

    /// Returns the addresses in a workspace.
    pub(crate) fn emails(&self, workspace: &str) -> Vec<String> {
        self.sim.members(workspace).into_iter().map(|member| member.email).collect()
    }

    /// Returns the role of somebody in a workspace; nothing where the person is not there.
    pub(crate) fn role(&self, workspace: &str, email: &str) -> Option<String> {
        self.sim.members(workspace).into_iter().find(|member| member.email == email).map(|member| member.role)
    }
}

/// No file but those under `secrets/` may hold a key.
fn no_key_below(folder: &Path, keys: &[String]) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        let kind = entry.file_type().unwrap();
        if kind.is_dir() && entry.file_name() != "secrets" {
            no_key_below(&path, keys);
        } else if kind.is_file() {
            // Another process may end meanwhile, and take its files with it.
            let Ok(bytes) = fs::read(&path) else { continue };
            for key in keys {
                let there = bytes.windows(key.len()).any(|window| window == key.as_bytes());
                assert!(!there, "a key stands in {}", path.display());
            }
        }
    }
}

/// What a child left.
#[must_use]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ended {
    /// Exit code; nothing where a signal killed it.
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) stdout: String,
    /// Standard error.
    pub(crate) stderr: String,
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { code, stdout, stderr } = self;
        write!(f, "exit {code:?}\n--- stdout\n{stdout}--- stderr\n{stderr}")
    }
}

impl Ended {
    /// Requires an exit code.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Requires a text on standard error.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(self.stderr.contains(text), "stderr lacks `{text}`:\n{self}");
        self
    }

    /// Requires that a text is nowhere in the output.
    #[track_caller]
    pub(crate) fn never(self, text: &str) -> Self {
        assert!(!self.stdout.contains(text) && !self.stderr.contains(text), "`{text}` is there:\n{self}");
        self
    }

    /// Requires a text on standard output.
    #[track_caller]
    pub(crate) fn prints(self, text: &str) -> Self {
        assert!(self.stdout.contains(text), "stdout lacks `{text}`:\n{self}");
        self
    }

    /// Ends a chain of requirements.
    pub(crate) fn done(self) {
        drop(self);
    }

    /// Reads standard output as CSV: one map of column to cell per row.
    #[track_caller]
    pub(crate) fn rows(&self) -> Vec<std::collections::BTreeMap<String, String>> {
        let mut reader = csv::Reader::from_reader(self.stdout.as_bytes());
        reader.deserialize().map(|row| row.unwrap_or_else(|error| panic!("{error}\n{self}"))).collect()
    }

    /// Reads standard output as one record a line.
    #[track_caller]
    pub(crate) fn records(&self) -> Vec<serde_json::Value> {
        records(&self.stdout)
    }

    /// Returns the plan id that was announced, its first twelve characters.
    #[track_caller]
    pub(crate) fn plan_id(&self) -> String {
        let line = self.stderr.lines().find_map(|line| line.strip_prefix("plan "));
        let id = line.and_then(|rest| rest.split(':').next()).unwrap_or_else(|| panic!("no plan id:\n{self}"));
        assert_eq!(id.len(), 12, "{self}");
        id.to_owned()
    }
}

/// Reads one record a line.
#[track_caller]
pub(crate) fn records(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}
