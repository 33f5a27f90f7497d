//! Where the secret of a made key goes, and what the configured reference leads to: asked of whoever knows files and stores.
//!
//! Owns the questions alone. The lanes know neither paths nor programs; whoever answers knows neither steps nor the ledger.

use std::fmt::Debug;
use std::time::Duration;

use futures::future::BoxFuture;

use crate::domain::{ApiKey, Keep, WorkspaceName};

/// A secret to be kept, and whose it is.
#[derive(Debug, Clone)]
pub struct Secret {
    /// The workspace, by its name in our files.
    pub workspace: WorkspaceName,
    /// The key's name.
    pub name: String,
    /// Where it goes.
    pub keep: Keep,
    /// The secret.
    pub key: ApiKey,
}

/// Why a secret is not kept. Never quotes it, nor what a store command printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotKept {
    /// Whether it is sure that the place holds what it held before; else it may hold either.
    pub surely: bool,
    /// Why, and what to do about it.
    pub why: String,
}

/// Keeps secrets. What is asked for is done, on disk, when the answer comes.
pub trait Keeper: Debug + Send + Sync {
    /// Shows the secret, writes it into its folder, or puts it beside what the configured reference leads to: a store command is run,
    /// a key file is written aside.
    fn store<'a>(&'a self, secret: &'a Secret) -> BoxFuture<'a, Result<(), NotKept>>;

    /// Makes the configured reference lead to what was stored. Nothing is to be done where storing did that already. It may be asked again,
    /// and is sure when it answers so.
    fn switch<'a>(&'a self, secret: &'a Secret) -> BoxFuture<'a, Result<(), NotKept>>;

    /// Reads the key the configured reference leads to now; the error says why there is none.
    fn configured<'a>(&'a self, workspace: &'a WorkspaceName) -> BoxFuture<'a, Result<ApiKey, String>>;

    /// Takes away what was stored aside and never switched to; nothing where there is nothing.
    fn forget<'a>(&'a self, workspace: &'a WorkspaceName) -> BoxFuture<'a, Result<(), String>>;

    /// Returns how long a store may still be at work after the process that began it was killed: a store command outlives it.
    fn lingers(&self, _workspace: &WorkspaceName) -> Duration {
        Duration::ZERO
    }

    /// Tells whether a secret of this fingerprint lies whole where it was to be kept, and if so makes sure that it lasts. Asked of what a
    /// killed run stored without having said so; no wherever it cannot be told.
    fn holds<'a>(
        &'a self,
        _workspace: &'a WorkspaceName,
        _keep: &'a Keep,
        _fingerprint: &'a str,
    ) -> BoxFuture<'a, bool> {
        Box::pin(async { false })
    }
}

/// Keeps nothing: for runs that make no keys.
#[derive(Debug, Clone, Copy, Default)]
pub struct Nowhere;

const NOWHERE: &str = "this run has no place for secrets";

impl Keeper for Nowhere {
    fn store<'a>(&'a self, _secret: &'a Secret) -> BoxFuture<'a, Result<(), NotKept>> {
        Box::pin(async { Err(NotKept { surely: true, why: NOWHERE.to_owned() }) })
    }

    fn switch<'a>(&'a self, _secret: &'a Secret) -> BoxFuture<'a, Result<(), NotKept>> {
        Box::pin(async { Err(NotKept { surely: true, why: NOWHERE.to_owned() }) })
    }

    fn configured<'a>(&'a self, _workspace: &'a WorkspaceName) -> BoxFuture<'a, Result<ApiKey, String>> {
        Box::pin(async { Err(NOWHERE.to_owned()) })
    }

    fn forget<'a>(&'a self, _workspace: &'a WorkspaceName) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}
