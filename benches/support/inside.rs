//! A command run in this process, over whatever transport and clock: what stands around it, and what it said.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use keyholder::api::transport::Transport;
use keyholder::cli::{Inside, run_inside};
use keyholder::clock::Clock;
use keyholder::env::Env;
use keyholder::run::Stop;
use keyholder::ui::Sink;

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) exit: u8,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs a command to its end in a root; the clock begins with it.
pub(crate) async fn run(root: &Path, words: &[&str], clock: Clock, transport: Arc<dyn Transport>) -> Said {
    let env = Env {
        args: std::iter::once(&"keyholder").chain(words).map(OsString::from).collect(),
        vars: BTreeMap::from([("KEYHOLDER_OPERATOR".to_owned(), "ada".to_owned())]),
        cwd: root.to_owned(),
        stdin_is_terminal: false,
        stdout_is_terminal: false,
        stderr_is_terminal: false,
        width: None,
        start: clock.start(),
        seed: 7,
    };
    let (out, err) = (Sink::memory(), Sink::memory());
    let inside = Inside {
        transport,
        probe: None,
        keeper: None,
        clock,
        stop: Stop::default(),
        out: out.clone(),
        err: err.clone(),
    };
    let exit = Box::pin(run_inside(&env, &inside)).await;
    Said { exit: exit.code(), out: out.written(), err: err.written() }
}
