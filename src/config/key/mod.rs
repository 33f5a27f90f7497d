//! Keys: from a reference in a file to the way into a workspace.
//!
//! Each distinct reference is resolved once a run, several at a time, and anew where a key was replaced ([`store`]). A failure is a value for its workspace and never
//! holds key material, not even a key command's output.

mod command;
mod file;
pub mod store;
pub mod token;

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use futures::StreamExt as _;

use crate::clock::Clock;
use crate::domain::fleet::Reach;
use crate::domain::secret::BadKey;
use crate::domain::{Access, ApiKey, Fleet, KeyRef, Mode, Workspace, WorkspaceName};
use crate::trouble::Advise;

pub use command::TIME_LIMIT;

/// References resolved at one time. Password managers serve their helper one by one behind a lock, and eight keep them busy
/// without forking a hundred processes.
pub const AT_ONCE: usize = 8;

/// Longest text read as a key: `ApiKey` takes 4,096 bytes, and white space may stand around it.
const MOST_BYTES: usize = 8 * 1024;

/// Why a workspace has no key. Holds names and paths of references, never what they led to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyTrouble {
    /// The variable is not set, or empty.
    #[error("variable `{name}` is not set or empty")]
    NotSet {
        /// The variable.
        name: String,
    },
    /// The file cannot be read.
    #[error("key file `{}` cannot be read: {why}", .path.display())]
    Unreadable {
        /// The path as the reference has it.
        path: PathBuf,
        /// The system's reason.
        why: String,
    },
    /// A folder, a pipe or a device.
    #[error("key file `{}` is not a regular file", .path.display())]
    NotAFile {
        /// The path as the reference has it.
        path: PathBuf,
    },
    /// Others may read or write it.
    #[error("key file `{}` is open to others (mode {mode:04o})", .path.display())]
    Open {
        /// The path as the reference has it.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// It is neither ours nor the system's.
    #[error("key file `{}` belongs to another user", .path.display())]
    Foreign {
        /// The path as the reference has it.
        path: PathBuf,
    },
    /// The command could not be started.
    #[error("key command `{program}` cannot be run: {why}")]
    NotRun {
        /// The program; arguments are never shown.
        program: String,
        /// The system's reason.
        why: String,
    },
    /// The command said no.
    #[error("key command `{program}` failed ({ended})")]
    Failed {
        /// The program.
        program: String,
        /// Exit code or signal. What it printed is not shown: it may hold a secret.
        ended: String,
    },
    /// The command took too long and was killed with all it had started.
    #[error("key command `{program}` was killed: it did not end within {seconds} s")]
    TooSlow {
        /// The program.
        program: String,
        /// The limit.
        seconds: u64,
    },
    /// What the reference led to cannot be a key.
    #[error("{from}: {bad}")]
    Bad {
        /// The reference.
        from: String,
        /// Why; does not quote it.
        bad: BadKey,
    },
    /// The admin workspace's key failed.
    #[error("the key of `{admin}`, through which it is reached, failed: {reason}")]
    Via {
        /// The admin workspace.
        admin: WorkspaceName,
        /// Its trouble.
        reason: Box<KeyTrouble>,
    },
    /// Reached through another without an id, or through one that is not in the fleet: `load` lets neither pass.
    #[error("it is reached through `{admin}`, which has no key of its own, or it has no id")]
    NoWay {
        /// The admin workspace.
        admin: WorkspaceName,
    },
}

impl Advise for KeyTrouble {
    fn advice(&self) -> Vec<String> {
        let one = |text: String| vec![text];
        match self {
            Self::NotSet { .. } => one(
                "export it before the run, for example from your password manager; `key = { command = […] }` does that by itself"
                    .to_owned(),
            ),
            Self::Unreadable { path, .. } => {
                one(format!("put the key alone into `{}` (relative to the root), then: chmod 600 {0}", path.display()))
            }
            Self::NotAFile { .. } => one("name a file that holds the key and nothing else".into()),
            Self::Open { path, .. } => {
                vec![
                    format!("chmod 600 {}", path.display()),
                    "if others could read it, replace the key in the vendor's app".into(),
                ]
            }
            Self::Foreign { path } => one(format!("make it yours: chown \"$(id -un)\" {}", path.display())),
            Self::NotRun { program, .. } => one(format!(
                "check that `{program}` is installed and on PATH; it is run without a shell, from the root"
            )),
            Self::Failed { program, .. } => {
                one(format!("run `{program}` yourself to see what it says; is it signed in?"))
            }
            Self::TooSlow { program, .. } => {
                one(format!("`{program}` may be waiting for you: it has no terminal here, so sign in before"))
            }
            Self::Bad { bad: BadKey::Empty, .. } => {
                one("make a new key in the vendor's app (Settings, Integrations, API), which shows a key only once, and put it where \
                     the reference leads"
                    .into())
            }
            Self::Bad { .. } => one("the reference must lead to the key alone, on one line".into()),
            Self::Via { reason, .. } => reason.advice(),
            Self::NoWay { .. } => one("run `keyholder check`".into()),
        }
    }
}

/// Resolves the keys of the chosen workspaces, and of the admin workspaces they are reached through.
///
/// `env` is the captured environment: variables are looked up in it and key commands get it. Workspaces that are `off` are
/// left out of the result: nothing is asked for them, so nothing is run for them either.
pub async fn resolve(
    fleet: &Fleet,
    chosen: &[&Workspace],
    env: &BTreeMap<String, String>,
    clock: Clock,
) -> BTreeMap<WorkspaceName, Result<Access, KeyTrouble>> {
    let by_name: HashMap<&WorkspaceName, &Workspace> = fleet.workspaces.iter().map(|w| (&w.name, w)).collect();
    let awake: Vec<&Workspace> = chosen.iter().copied().filter(|workspace| workspace.mode != Mode::Off).collect();
    let mut references: Vec<&KeyRef> = Vec::new();
    let mut known: HashMap<&KeyRef, usize> = HashMap::new();
    for reference in awake.iter().filter_map(|workspace| reference(workspace, &by_name)) {
        known.entry(reference).or_insert_with(|| {
            references.push(reference);
            references.len() - 1
        });
    }
    let keys: Vec<Result<ApiKey, KeyTrouble>> = futures::stream::iter(references)
        .map(|reference| resolve_one(&fleet.root, reference, env, clock))
        .buffered(AT_ONCE)
        .collect()
        .await;
    let access = |workspace: &Workspace| match &workspace.reach {
        Reach::Own(reference) => keys[known[reference]].clone().map(Access::Own),
        Reach::Via(admin) => {
            let no_way = || KeyTrouble::NoWay { admin: admin.clone() };
            let own = by_name.get(admin).and_then(|admin| own_key(admin)).ok_or_else(no_way)?;
            let id = workspace.id.clone().ok_or_else(no_way)?;
            match &keys[known[own]] {
                Ok(key) => Ok(Access::As { key: key.clone(), workspace: id }),
                Err(reason) => Err(KeyTrouble::Via { admin: admin.clone(), reason: Box::new(reason.clone()) }),
            }
        }
    };
    awake.iter().map(|workspace| (workspace.name.clone(), access(workspace))).collect()
}

fn own_key(workspace: &Workspace) -> Option<&KeyRef> {
    match &workspace.reach {
        Reach::Own(reference) => Some(reference),
        Reach::Via(_) => None,
    }
}

fn reference<'f>(workspace: &'f Workspace, by_name: &HashMap<&WorkspaceName, &'f Workspace>) -> Option<&'f KeyRef> {
    match &workspace.reach {
        Reach::Own(reference) => Some(reference),
        Reach::Via(admin) => own_key(by_name.get(admin)?),
    }
}

/// Resolves one reference anew, as it leads now.
pub async fn resolve_one(
    root: &Path,
    reference: &KeyRef,
    env: &BTreeMap<String, String>,
    clock: Clock,
) -> Result<ApiKey, KeyTrouble> {
    let bytes = match reference {
        KeyRef::Env(name) => match env.get(name).filter(|value| !value.is_empty()) {
            Some(value) => value.clone().into_bytes(),
            None => return Err(KeyTrouble::NotSet { name: name.clone() }),
        },
        KeyRef::File(path) => file::read(root, path)?,
        KeyRef::Command(words) => command::run(words, root, env, clock, TIME_LIMIT).await?,
    };
    let bad = |bad| KeyTrouble::Bad { from: reference.to_string(), bad };
    if bytes.len() > MOST_BYTES {
        return Err(bad(BadKey::TooLong));
    }
    let secret = secrecy::SecretString::from(String::from_utf8(bytes).map_err(|_secret| bad(BadKey::Unsendable))?);
    ApiKey::parse(secrecy::ExposeSecret::expose_secret(&secret)).map_err(bad)
}

/// Returns the groups of workspaces whose own keys are one and the same secret: a slip, since a key opens one workspace
/// (contract section 1). Workspaces reached through an admin workspace share its key on purpose and are not named.
pub fn shared_secrets(resolved: &BTreeMap<WorkspaceName, Result<Access, KeyTrouble>>) -> Vec<Vec<WorkspaceName>> {
    let mut groups: HashMap<String, Vec<(&ApiKey, Vec<WorkspaceName>)>> = HashMap::new();
    for (name, access) in resolved {
        let Ok(Access::Own(key)) = access else { continue };
        // The fingerprint only sorts into buckets; two keys are one when the whole secret is.
        let bucket = groups.entry(key.fingerprint()).or_default();
        match bucket.iter_mut().find(|(first, _)| first.same_secret(key)) {
            Some((_, names)) => names.push(name.clone()),
            None => bucket.push((key, vec![name.clone()])),
        }
    }
    let mut shared: Vec<_> =
        groups.into_values().flatten().map(|(_, names)| names).filter(|names| names.len() > 1).collect();
    shared.sort();
    shared
}

#[cfg(test)]
mod tests;
