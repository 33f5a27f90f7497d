//! Key commands: a program that prints a key, run without a shell, in a process group of its own, within a time limit.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};

use super::{KeyTrouble, MOST_BYTES};
use crate::clock::Clock;

/// Longest wait for a key command. Password managers answer within two or three seconds when signed in; one that takes ten
/// is waiting for a person it cannot reach, because it has no terminal.
pub const TIME_LIMIT: Duration = Duration::from_secs(10);

/// Runs a command from the root and returns what it printed, at most one byte more than a key may have.
///
/// Standard error goes nowhere: helpers print what they met, secrets among it, and nothing that is not kept can leak.
pub(super) async fn run(
    words: &[String],
    root: &Path,
    env: &BTreeMap<String, String>,
    clock: Clock,
    limit: Duration,
) -> Result<Vec<u8>, KeyTrouble> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(KeyTrouble::NotRun { program: String::new(), why: "it names no program".into() });
    };
    let not_run =
        |error: std::io::Error| KeyTrouble::NotRun { program: program.clone(), why: crate::config::why(&error) };
    // A program named by a relative path counts from the root like every path; a bare name is looked up on PATH.
    let path = if Path::new(program).components().count() > 1 { root.join(program) } else { program.into() };
    let mut command = Command::new(path);
    command.args(arguments).current_dir(root).env_clear().envs(env);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    let mut child = command.spawn().map_err(not_run)?;
    // Declared after the child, so it is dropped first: while the child is not reaped, its group cannot be another's.
    let mut group = Group::of(&child);
    let ended = tokio::select! {
        biased;
        ended = finish(&mut child) => Some(ended.map_err(not_run)?),
        () = clock.sleep(limit) => None,
    };
    match ended {
        Some((bytes, Some(status))) => {
            group.leader_reaped();
            if status.success() {
                Ok(bytes)
            } else {
                Err(KeyTrouble::Failed { program: program.clone(), ended: ending(status) })
            }
        }
        // Printed more than any key has: what is left of it is killed by the guard, and the caller refuses the text.
        Some((bytes, None)) => Ok(bytes),
        None => Err(KeyTrouble::TooSlow { program: program.clone(), seconds: limit.as_secs() }),
    }
}

/// Reads to the end of the output, then waits for the end of the process; no status where the output is too long.
async fn finish(child: &mut Child) -> std::io::Result<(Vec<u8>, Option<ExitStatus>)> {
    let mut bytes = Vec::with_capacity(MOST_BYTES + 1);
    if let Some(stdout) = child.stdout.take() {
        stdout.take(MOST_BYTES as u64 + 1).read_to_end(&mut bytes).await?;
    }
    if bytes.len() > MOST_BYTES {
        return Ok((bytes, None));
    }
    Ok((bytes, Some(child.wait().await?)))
}

fn ending(status: ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("signal {signal}");
    }
    status.code().map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"))
}

/// The command's process group; killed on drop unless its leader has been reaped.
struct Group {
    #[cfg(unix)]
    leader: Option<rustix::process::Pid>,
}

impl Group {
    #[cfg(unix)]
    fn of(child: &Child) -> Self {
        let raw = child.id().and_then(|id| i32::try_from(id).ok());
        Self { leader: raw.and_then(rustix::process::Pid::from_raw) }
    }

    #[cfg(not(unix))]
    fn of(_child: &Child) -> Self {
        Self {}
    }

    /// Says that the leader is gone: its number may soon be somebody else's.
    fn leader_reaped(&mut self) {
        #[cfg(unix)]
        {
            self.leader = None;
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(leader) = self.leader {
            // It may have ended by itself meanwhile; there is nothing to do about a failure here.
            let _maybe_gone = rustix::process::kill_process_group(leader, rustix::process::Signal::KILL);
        }
    }
}
