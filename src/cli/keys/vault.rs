//! Where secrets of made keys go: the terminal, a folder, or where the configured reference leads.
//!
//! Owns the answer to the questions of [`run::Keeper`](crate::run::Keeper), from what was configured when the command began. A secret passes
//! through it and is in none of its values. How a file is written or a program is fed stands in the room `config`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::super::session::Session;
use crate::clock::Clock;
use crate::config::key::store::{self, NotStored, Store};
use crate::config::key::{AT_ONCE, KeyTrouble, TIME_LIMIT, resolve_one};
use crate::domain::fleet::Reach;
use crate::domain::{ApiKey, Keep, KeyRef, Workspace, WorkspaceName};
use crate::report::cell::printable;
use crate::run::keeper::{Keeper, NotKept, Secret};
use crate::trouble::Advise as _;
use crate::ui::Printer;

/// Keeps secrets for a run.
pub struct Vault {
    root: PathBuf,
    places: BTreeMap<WorkspaceName, Place>,
    env: BTreeMap<String, String>,
    clock: Clock,
    printer: Printer,
    shows: bool,
    /// Key and store commands that may run at one time; the others wait before their time limit begins.
    helpers: Arc<Semaphore>,
}

/// What is configured for one workspace.
struct Place {
    reference: Option<KeyRef>,
    store: Result<Store, String>,
}

impl Place {
    fn of(workspace: &Workspace) -> Self {
        let reference = match &workspace.reach {
            Reach::Own(reference) => Some(reference.clone()),
            Reach::Via(_) => None,
        };
        Self { reference, store: Store::of(workspace) }
    }
}

// Its variables hold keys.
impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").field("root", &self.root).field("shows", &self.shows).finish_non_exhaustive()
    }
}

impl Vault {
    /// Makes the vault of a command. Secrets are shown only where a person reads standard output.
    pub fn of(session: &Session<'_>) -> Self {
        let door = session.door;
        Self {
            root: session.fleet.root.clone(),
            places: session.fleet.workspaces.iter().map(|each| (each.name.clone(), Place::of(each))).collect(),
            env: door.env.vars.clone(),
            clock: door.clock,
            printer: door.printer.clone(),
            shows: door.env.stdout_is_terminal,
            helpers: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    /// Waits until another program may be run.
    async fn turn_of_a_helper(&self) -> Option<SemaphorePermit<'_>> {
        // Never closed, so nobody is turned away.
        self.helpers.acquire().await.ok()
    }

    fn place(&self, workspace: &WorkspaceName) -> Result<&Place, String> {
        self.places.get(workspace).ok_or_else(|| format!("no workspace is named `{workspace}` any more"))
    }

    /// Returns where the configured reference leads, if it is still the one the plan was approved with.
    fn approved(&self, workspace: &WorkspaceName, reference: &str) -> Result<&Store, NotKept> {
        let not = |why: String| NotKept { surely: true, why };
        let store = self.place(workspace).map_err(not)?.store.as_ref().map_err(|why| not(why.clone()))?;
        if store.to_string() != reference {
            return Err(not(format!(
                "the plan was approved with {}, and its key is now kept in {store}; plan again",
                printable(reference)
            )));
        }
        Ok(store)
    }

    fn show(&self, secret: &Secret) -> Result<(), NotKept> {
        if !self.shows {
            let why = "standard output is not a terminal, so no secret is shown; use --key-out FOLDER";
            return Err(NotKept { surely: true, why: why.to_owned() });
        }
        let Secret { workspace, name, keep: _, key } = secret;
        let head = format!("{workspace}: key \"{}\", shown this once and kept nowhere:", printable(name));
        let written = self.printer.show_secret(&head, key.expose());
        written
            .map_err(|error| NotKept { surely: false, why: format!("it could not be shown whole: {}", error.kind()) })
    }

    async fn keep(&self, secret: &Secret) -> Result<(), NotKept> {
        match &secret.keep {
            Keep::Shown => self.show(secret),
            Keep::Folder(folder) => {
                let folder = self.root.join(Path::new(folder));
                store::into_folder(&folder, &secret.workspace, &secret.key).map(drop).map_err(not_kept)
            }
            Keep::Configured(reference) => match self.approved(&secret.workspace, reference)? {
                Store::File(path) => store::put_aside(&self.root, path, &secret.key).map_err(not_kept),
                Store::Command(words) => {
                    let _turn = self.turn_of_a_helper().await;
                    store::feed(&self.root, words, &self.env, self.clock, &secret.key).await.map_err(not_kept)
                }
            },
        }
    }

    fn turn(&self, secret: &Secret) -> Result<(), NotKept> {
        let Keep::Configured(reference) = &secret.keep else { return Ok(()) };
        match self.approved(&secret.workspace, reference)? {
            Store::File(path) => store::switch(&self.root, path, &secret.key).map_err(not_kept),
            Store::Command(_) => Ok(()),
        }
    }

    async fn read(&self, workspace: &WorkspaceName) -> Result<ApiKey, String> {
        let Some(reference) = &self.place(workspace)?.reference else {
            return Err(format!("`{workspace}` has no key of its own"));
        };
        let _turn = match reference {
            KeyRef::Command(_) => self.turn_of_a_helper().await,
            KeyRef::File(_) | KeyRef::Env(_) => None,
        };
        resolve_one(&self.root, reference, &self.env, self.clock).await.map_err(|trouble| told(&trouble))
    }
}

fn told(trouble: &KeyTrouble) -> String {
    std::iter::once(trouble.to_string()).chain(trouble.advice()).collect::<Vec<_>>().join("; ")
}

fn not_kept(not_stored: NotStored) -> NotKept {
    let NotStored { surely, why } = not_stored;
    NotKept { surely, why }
}

impl Keeper for Vault {
    fn store<'a>(&'a self, secret: &'a Secret) -> BoxFuture<'a, Result<(), NotKept>> {
        self.keep(secret).boxed()
    }

    fn switch<'a>(&'a self, secret: &'a Secret) -> BoxFuture<'a, Result<(), NotKept>> {
        async move { self.turn(secret) }.boxed()
    }

    fn configured<'a>(&'a self, workspace: &'a WorkspaceName) -> BoxFuture<'a, Result<ApiKey, String>> {
        self.read(workspace).boxed()
    }

    fn lingers(&self, workspace: &WorkspaceName) -> Duration {
        match self.places.get(workspace).map(|place| &place.store) {
            Some(Ok(Store::Command(_))) => TIME_LIMIT,
            _ => Duration::ZERO,
        }
    }

    fn forget<'a>(&'a self, workspace: &'a WorkspaceName) -> BoxFuture<'a, Result<(), String>> {
        async move {
            match self.places.get(workspace).map(|place| &place.store) {
                Some(Ok(Store::File(path))) => store::forget(&self.root, path),
                _ => Ok(()),
            }
        }
        .boxed()
    }

    fn holds<'a>(&'a self, workspace: &'a WorkspaceName, keep: &'a Keep, fingerprint: &'a str) -> BoxFuture<'a, bool> {
        async move {
            match keep {
                Keep::Folder(folder) => store::is_in_folder(&self.root.join(folder), workspace, fingerprint),
                Keep::Shown | Keep::Configured(_) => false,
            }
        }
        .boxed()
    }
}

#[cfg(test)]
mod tests;
