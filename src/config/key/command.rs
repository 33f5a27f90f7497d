//! Key commands: a program that prints a key, or takes one on its standard input to keep it; run without a shell, in a process group of
//! its own, within a time limit.

use std::collections::BTreeMap;
use std::io::{PipeReader, Write as _};
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use secrecy::zeroize::Zeroizing;
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};

use super::{KeyTrouble, MOST_BYTES};
use crate::clock::Clock;
use crate::domain::ApiKey;

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
    let mut command = prepare(program, arguments, root, env);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
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

/// Why a store command did not do what it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unfed {
    /// It was not started: nothing was handed to it.
    NotRun(String),
    /// It was started and said no, or did not read what it was given, or took too long.
    Failed(String),
}

/// Runs a command from the root and hands it a key and a line end on its standard input. What it prints goes nowhere.
///
/// The key lies whole in the pipe, and the pipe's other end is closed, before the program is started. A program that stores what it reads
/// up to the end would otherwise store nothing at all where keyholder is killed between starting it and writing.
pub(super) async fn feed(
    words: &[String],
    root: &Path,
    env: &BTreeMap<String, String>,
    clock: Clock,
    limit: Duration,
    key: &ApiKey,
) -> Result<(), Unfed> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(Unfed::NotRun("it names no program".to_owned()));
    };
    let not_run = |error: std::io::Error| Unfed::NotRun(crate::config::why(&error));
    let filled = filled(key).map_err(not_run)?;
    let mut command = prepare(program, arguments, root, env);
    command.stdin(Stdio::from(filled.try_clone().map_err(not_run)?)).stdout(Stdio::null());
    let mut child = command.spawn().map_err(not_run)?;
    // Ours is the only other hold on what it reads: what it leaves unread ends with us.
    drop(command);
    // Declared after the child, so it is dropped first: while the child is not reaped, its group cannot be another's.
    let mut group = Group::of(&child);
    let ended = tokio::select! {
        biased;
        ended = child.wait() => Some(ended),
        () = clock.sleep(limit) => None,
    };
    let Some(status) = ended else {
        return Err(Unfed::Failed(format!("it did not end within {} s and was killed", limit.as_secs())));
    };
    let status = status.map_err(|error| Unfed::Failed(crate::config::why(&error)))?;
    group.leader_reaped();
    if !status.success() {
        return Err(Unfed::Failed(format!("it failed ({})", ending(status))));
    }
    // Some read the key and leave the line end.
    match rustix::io::ioctl_fionread(&filled) {
        Ok(0 | 1) => Ok(()),
        _ => Err(Unfed::Failed("it ended well without reading its standard input".to_owned())),
    }
}

/// Returns the end to read from of a pipe that holds a key and a line end, and nothing will ever be added to.
fn filled(key: &ApiKey) -> std::io::Result<PipeReader> {
    let (reader, mut writer) = std::io::pipe()?;
    // A key fits into the smallest pipe a system makes in earnest; where it does not, that is told instead of waiting for a reader.
    rustix::fs::fcntl_setfl(&writer, rustix::fs::OFlags::NONBLOCK)?;
    let mut text = Zeroizing::new(Vec::with_capacity(key.expose().len() + 1));
    text.extend_from_slice(key.expose().as_bytes());
    text.push(b'\n');
    writer.write_all(&text)?;
    Ok(reader)
}

fn prepare(program: &str, arguments: &[String], root: &Path, env: &BTreeMap<String, String>) -> Command {
    // A program named by a relative path counts from the root like every path; a bare name is looked up on PATH.
    let path = if Path::new(program).components().count() > 1 { root.join(program) } else { program.into() };
    let mut command = Command::new(path);
    command.args(arguments).current_dir(root).env_clear().envs(env);
    command.stderr(Stdio::null()).kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    command
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

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn a_key_lies_whole_and_ended_in_the_pipe_before_any_program_is_started() {
        for length in [1, 20, 4096] {
            let text = "k".repeat(length);
            let mut read = String::new();
            filled(&ApiKey::parse(&text).unwrap()).unwrap().read_to_string(&mut read).unwrap();
            assert_eq!(read, format!("{text}\n"));
        }
    }
}
