//! The environment, taken once: arguments, variables, folder, terminals, start moment, seed.
//!
//! Every other room gets a value; none asks the process. So a whole command can be run in a test.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::PathBuf;

use jiff::Timestamp;

/// Names of the variables keyholder reads, each with what it does.
pub mod variable {
    /// Who runs this, for the ledger; else the system user.
    pub const OPERATOR: &str = "KEYHOLDER_OPERATOR";
    /// Turns colour off when set and not empty.
    pub const NO_COLOR: &str = "NO_COLOR";
    /// Width of text output where there is no terminal.
    pub const COLUMNS: &str = "COLUMNS";
    /// Test aid: the start moment, RFC 3339.
    pub const START: &str = "KEYHOLDER_TEST_START";
    /// Test aid: the seed of jitter and of run ids.
    pub const SEED: &str = "KEYHOLDER_TEST_SEED";
}

/// What the process was given.
#[derive(Debug, Clone)]
pub struct Env {
    /// Arguments, the program's name first.
    pub args: Vec<OsString>,
    /// Variables whose name and value are UTF-8.
    pub vars: BTreeMap<String, String>,
    /// Current folder.
    pub cwd: PathBuf,
    /// Whether a person types at standard input.
    pub stdin_is_terminal: bool,
    /// Whether a person reads standard output.
    pub stdout_is_terminal: bool,
    /// Whether a person reads standard error.
    pub stderr_is_terminal: bool,
    /// How many characters a line of standard output has, where a terminal or `COLUMNS` tells.
    pub width: Option<usize>,
    /// When the program began.
    pub start: Timestamp,
    /// Seed of every chance in the run.
    pub seed: u64,
}

impl Env {
    /// Captures the process's environment. The only place that asks the process.
    #[expect(clippy::disallowed_methods, reason = "this is Env")]
    pub fn capture() -> std::io::Result<Self> {
        let vars: BTreeMap<String, String> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let start = vars.get(variable::START).and_then(|text| text.parse().ok()).unwrap_or_else(Timestamp::now);
        let seed = vars.get(variable::SEED).and_then(|text| text.parse().ok()).unwrap_or_else(|| fastrand::u64(..));
        let told = rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| usize::from(size.ws_col));
        let columns = || vars.get(variable::COLUMNS).and_then(|text| text.parse().ok());
        let width = told.filter(|width| *width > 0).or_else(columns);
        Ok(Self {
            width,
            args: std::env::args_os().collect(),
            vars,
            cwd: std::env::current_dir()?,
            stdin_is_terminal: std::io::stdin().is_terminal(),
            stdout_is_terminal: std::io::stdout().is_terminal(),
            stderr_is_terminal: std::io::stderr().is_terminal(),
            start,
            seed,
        })
    }

    /// Returns a variable that is set and not empty.
    pub fn var(&self, name: &str) -> Option<&str> {
        self.vars.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }
}
