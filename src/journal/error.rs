//! Why the ledger could not do what it was asked.

use std::io;
use std::path::PathBuf;

use super::lock::LockTrouble;
use super::state::Illegal;
use crate::domain::{RunId, StepId};
use crate::trouble::{Advise, Exit};

/// Why the ledger could not do what it was asked. Whatever it is, nothing of the refused call was written.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The state folder or a file in it cannot be made, read or protected.
    #[error("cannot use `{}`", path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A symbolic link where a folder or file of ours belongs.
    #[error("`{}` is a symbolic link; keyholder's state is never behind one", path.display())]
    Symlink {
        /// The link.
        path: PathBuf,
    },
    /// A file where a folder belongs, or the other way round.
    #[error("`{}` is not a {wanted}", path.display())]
    WrongType {
        /// What is there.
        path: PathBuf,
        /// What belongs there.
        wanted: &'static str,
    },
    /// No space left.
    #[error("the disk that holds the ledger is full")]
    Full {
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// The file or its folder may not be written.
    #[error("the ledger may not be written")]
    ReadOnly {
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// Not a database, or a page of it is broken.
    #[error("the ledger file is damaged")]
    Damaged {
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// The file was removed or replaced since it was opened: what is written would be lost with it.
    #[error("the ledger `{}` was removed or replaced while the run was going on", path.display())]
    Gone {
        /// Where it was.
        path: PathBuf,
    },
    /// Another process kept the file locked for longer than the busy timeout.
    #[error("another process keeps the ledger locked")]
    Busy {
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// Any other failure of the database.
    #[error("the ledger could not be read or written")]
    Store {
        /// What SQLite said.
        source: sqlx::Error,
    },
    /// A value in the ledger is not what its column holds.
    #[error("the ledger holds something unreadable: {what}")]
    Unreadable {
        /// What it is and where.
        what: String,
    },
    /// A file of that name that keyholder did not write.
    #[error("`{}` is not keyholder's ledger", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Written by a newer keyholder, in a way this one cannot understand.
    #[error("the ledger has schema `{found}`, and this keyholder understands only `{known}`")]
    Newer {
        /// The schema of the file.
        found: String,
        /// The newest schema this version knows.
        known: String,
    },
    /// A record that the state machine of its step does not allow.
    #[error("step `{step}` cannot go on like that")]
    Illegal {
        /// The step.
        step: StepId,
        /// From where to where.
        source: Illegal,
    },
    /// A record about a step that is not of the run.
    #[error("run `{run}` has no step `{step}`")]
    NoSuchStep {
        /// The run.
        run: RunId,
        /// The step.
        step: StepId,
    },
    /// Two steps of a plan bear one id.
    #[error("step `{step}` stands twice in the plan")]
    SameStepTwice {
        /// The step.
        step: StepId,
    },
    /// A run of this id was begun before.
    #[error("there is already a run `{run}`")]
    RunExists {
        /// The run.
        run: RunId,
    },
    /// A record for a run that has ended and was not resumed.
    #[error("run `{run}` has ended")]
    RunEnded {
        /// The run.
        run: RunId,
    },
    /// Another process writes this run.
    #[error("run `{run}` is being written by somebody else")]
    RunBusy {
        /// The run.
        run: RunId,
        /// Who it is.
        source: LockTrouble,
    },
    /// No run has this id or begins like it.
    #[error("there is no run `{asked}`")]
    NoSuchRun {
        /// What was asked for.
        asked: String,
    },
    /// More than one run begins like this.
    #[error("`{asked}` fits more than one run: {}", fits.join(", "))]
    Ambiguous {
        /// What was asked for.
        asked: String,
        /// The runs that begin like it; at most a handful.
        fits: Vec<String>,
    },
    /// A run that was to be pruned is not what it was when it was shown.
    #[error("run `{run}` is not as it was when it was shown; it and what follows it were not removed")]
    PruneMoved {
        /// The run.
        run: String,
    },
    /// The ledger was closed before.
    #[error("the ledger is closed")]
    Closed,
    /// A call panicked or was cut off by the end of the program; what the ledger holds is what it held before.
    #[error("the ledger's thread came to an unexpected end")]
    Crashed,
}

impl LedgerError {
    /// Returns the exit code: 74, but for a question about a run that is not there (2), a run that another process writes (75) and
    /// records that only a bug can write (1).
    pub fn exit(&self) -> Exit {
        match self {
            Self::NoSuchRun { .. } | Self::Ambiguous { .. } => Exit::Usage,
            Self::Illegal { .. } | Self::NoSuchStep { .. } | Self::SameStepTwice { .. } => Exit::Bug,
            Self::RunBusy { source, .. } => source.exit(),
            Self::PruneMoved { .. } => Exit::Moved,
            _ => Exit::Output,
        }
    }

    /// Tells whether one record is refused for itself, by a bug of ours: the ledger is sound and others can be written.
    pub fn is_a_bug(&self) -> bool {
        self.exit() == Exit::Bug
    }

    pub(super) fn unreadable(what: impl Into<String>) -> Self {
        Self::Unreadable { what: what.into() }
    }
}

impl From<sqlx::Error> for LedgerError {
    fn from(source: sqlx::Error) -> Self {
        // The low byte is the primary result code (https://www.sqlite.org/rescode.html).
        let code = source.as_database_error().and_then(sqlx::error::DatabaseError::code);
        let primary = code.and_then(|code| code.parse::<i32>().ok()).map(|code| code & 0xff);
        match (&source, primary) {
            (_, Some(13)) => Self::Full { source },
            (_, Some(3 | 8 | 14)) => Self::ReadOnly { source },
            (_, Some(11 | 26)) => Self::Damaged { source },
            (_, Some(5 | 6)) => Self::Busy { source },
            (sqlx::Error::WorkerCrashed, _) => Self::Crashed,
            (sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_), _) => Self::Damaged { source },
            _ => Self::Store { source },
        }
    }
}

impl Advise for LedgerError {
    fn advice(&self) -> Vec<String> {
        let one = |text: &str| vec![text.to_owned()];
        match self {
            Self::Folder { path, .. } => {
                vec![format!("make `{}` a folder that you own and can write to, then run again", path.display())]
            }
            Self::Symlink { path } => {
                vec![format!("replace the link `{}` by what it points to, or remove it", path.display())]
            }
            Self::WrongType { path, wanted } => {
                vec![format!("move `{}` away; keyholder makes a {wanted} there itself", path.display())]
            }
            Self::Full { .. } => one("free some space, then run again: what was written before is intact"),
            Self::ReadOnly { .. } => one(
                "check the owner and mode of the `.keyholder` folder and the files in it, and whether the disk is read-only",
            ),
            Self::Damaged { .. } | Self::Unreadable { .. } | Self::Crashed => vec![
                "restore `.keyholder/ledger.db` with its `-wal` file from a backup of the same moment".to_owned(),
                "or move both away: keyholder begins a new ledger, and a new plan holds only what is still missing"
                    .to_owned(),
            ],
            Self::Gone { .. } => vec![
                "put the file back if you can, then `keyholder resume`".to_owned(),
                "without it nothing remembers what was sent: wait a minute for what may still land, then run the command again; \
                 the new plan holds only what is missing"
                    .to_owned(),
            ],
            Self::Busy { .. } => one("wait for the other keyholder to end, then run again"),
            Self::Foreign { path } => vec![format!("move `{}` away, then run again", path.display())],
            Self::Newer { .. } => one("run the newer keyholder that wrote it; nothing was changed"),
            Self::NoSuchRun { .. } => one("`keyholder runs` lists them; `last` is the newest"),
            Self::Ambiguous { .. } => one("give more characters of the run's id"),
            Self::RunBusy { .. } => one("wait for it to end"),
            Self::PruneMoved { .. } => one("look again with `keyholder runs prune --plan-only`"),
            _ => Vec::new(),
        }
    }
}
