//! A keeper of secrets in the stage's own key files: what it does, and what it was told to do wrong.
//!
//! Folders and the terminal are memory; a configured reference is the key file of the stage's root, so that a later command reads what was
//! stored, as a real one would. Each act is a point at which a scalpel can cut.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use keyholder::clock::Clock;
use keyholder::domain::{ApiKey, Keep, WorkspaceName};
use keyholder::run::{Keeper, NotKept, Secret};

use super::scalpel::{Phase, Scalpel};

/// What goes wrong at an act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// It says that it surely did not, and did not.
    Refuses,
    /// It says that nobody knows, and did not.
    FailsBefore,
    /// It says that nobody knows, and did.
    FailsAfter,
    /// It says that it did, and did not.
    Lies,
    /// It says that nobody knows, and does it so many seconds later.
    Late(u64),
    /// It stores another key than it was given, and says that it did.
    Garbles,
    /// It empties the place, and says that it stored.
    Empties,
    /// It stores, and what is read is for so many seconds what was there before.
    Cached(u64),
}

/// How a configured reference stores.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A key file: aside, then switched to.
    File,
    /// A store command: switched to as it is stored.
    Command,
}

#[derive(Debug, Default)]
struct Held {
    /// Keys aside, by workspace.
    aside: BTreeMap<String, ApiKey>,
    /// Fingerprints of what was shown or written into folders: workspace, name, fingerprint.
    given: Vec<(String, String, String)>,
    wrongs: VecDeque<(&'static str, Wrong)>,
    fired: usize,
    unreadable: bool,
    /// What a store command that was given up still does: when, where, what.
    late: Vec<(Duration, String, String)>,
    /// How long a store goes on after whoever began it.
    lingers: Duration,
    /// What is read until when, whatever is stored.
    cached: Option<(Duration, String)>,
}

/// The keeper.
#[derive(Debug)]
pub(crate) struct TestKeeper {
    secrets: PathBuf,
    kind: Kind,
    held: Mutex<Held>,
    scalpel: Mutex<Option<Arc<Scalpel>>>,
    /// Every secret of the world by its fingerprint: a key's own text is nobody's to see, not even here.
    texts: Mutex<BTreeMap<String, String>>,
    world: keyholder::sim::World,
    clock: Clock,
}

impl TestKeeper {
    pub(crate) fn of(stage: &super::Stage, kind: Kind) -> Arc<Self> {
        let keeper = Arc::new(Self {
            secrets: stage.root.join("secrets"),
            kind,
            held: Mutex::default(),
            scalpel: Mutex::default(),
            texts: Mutex::default(),
            world: stage.world.clone(),
            clock: stage.clock,
        });
        *stage.keeper.borrow_mut() = Some(Arc::clone(&keeper) as Arc<dyn Keeper>);
        keeper
    }

    /// Lets a scalpel follow its acts.
    pub(crate) fn operate(&self, scalpel: Option<&Arc<Scalpel>>) {
        *self.scalpel.lock().unwrap() = scalpel.cloned();
    }

    /// Lets something go wrong at the next act of this name.
    pub(crate) fn goes_wrong(&self, act: &'static str, wrong: Wrong) {
        self.held.lock().unwrap().wrongs.push_back((act, wrong));
    }

    /// Counts what went wrong.
    pub(crate) fn fired(&self) -> usize {
        self.held.lock().unwrap().fired
    }

    /// Says how long a store goes on after whoever began it.
    pub(crate) fn outlives(&self, lingers: Duration) {
        self.held.lock().unwrap().lingers = lingers;
    }

    /// Makes the configured references unreadable, or readable again.
    pub(crate) fn blind(&self, unreadable: bool) {
        self.held.lock().unwrap().unreadable = unreadable;
    }

    /// Returns what was shown or written into folders.
    pub(crate) fn given(&self) -> Vec<(String, String, String)> {
        self.held.lock().unwrap().given.clone()
    }

    /// Returns the workspaces for which something lies aside.
    pub(crate) fn aside(&self) -> Vec<String> {
        self.held.lock().unwrap().aside.keys().cloned().collect()
    }

    /// Returns the key that the reference of a workspace leads to.
    pub(crate) fn stored(&self, workspace: &str) -> String {
        std::fs::read_to_string(self.path(workspace)).unwrap().trim().to_owned()
    }

    fn path(&self, workspace: &str) -> PathBuf {
        self.secrets.join(format!("{workspace}.key"))
    }

    fn text_of(&self, key: &ApiKey) -> String {
        let mut texts = self.texts.lock().unwrap();
        if !texts.contains_key(&key.fingerprint()) {
            let of = |text: String| (ApiKey::parse(&text).unwrap().fingerprint(), text);
            *texts = self.world.keys().into_iter().map(of).collect();
        }
        texts[&key.fingerprint()].clone()
    }

    fn write(&self, workspace: &str, text: &str) {
        let aside = self.path(&format!("{workspace}.writing"));
        std::fs::write(&aside, format!("{text}\n")).unwrap();
        std::fs::set_permissions(&aside, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        std::fs::rename(aside, self.path(workspace)).unwrap();
    }

    /// Does what is due.
    fn land(&self) {
        let now = self.clock.elapsed();
        let late = std::mem::take(&mut self.held.lock().unwrap().late);
        let (due, later): (Vec<_>, Vec<_>) = late.into_iter().partition(|(when, ..)| *when <= now);
        self.held.lock().unwrap().late = later;
        for (_, workspace, text) in due {
            self.write(&workspace, &text);
        }
    }

    fn wrong_at(&self, act: &str) -> Option<Wrong> {
        let mut held = self.held.lock().unwrap();
        let place = held.wrongs.iter().position(|(at, _)| *at == act)?;
        held.fired += 1;
        held.wrongs.remove(place).map(|(_, wrong)| wrong)
    }

    fn cut(&self, workspace: &WorkspaceName, act: &str, phase: Phase) -> bool {
        let scalpel = self.scalpel.lock().unwrap().clone();
        scalpel.is_some_and(|scalpel| scalpel.at_act(workspace.as_str(), act, phase))
    }

    /// Does something, unless the run is cut before or after it, or it goes wrong.
    async fn act(
        &self,
        (workspace, act): (&WorkspaceName, &'static str),
        work: impl Fn(Option<Wrong>),
    ) -> Result<(), NotKept> {
        if self.cut(workspace, act, Phase::Before) {
            return std::future::pending().await;
        }
        let wrong = self.wrong_at(act);
        match wrong {
            None | Some(Wrong::FailsAfter) => work(None),
            Some(Wrong::Garbles | Wrong::Empties | Wrong::Late(_) | Wrong::Cached(_)) => work(wrong),
            Some(Wrong::Refuses | Wrong::FailsBefore | Wrong::Lies) => {}
        }
        if self.cut(workspace, act, Phase::After) {
            return std::future::pending().await;
        }
        match wrong {
            None | Some(Wrong::Lies | Wrong::Garbles | Wrong::Empties | Wrong::Cached(_)) => Ok(()),
            Some(Wrong::Refuses) => Err(NotKept { surely: true, why: format!("the {act} was refused") }),
            Some(_) => Err(NotKept { surely: false, why: format!("the {act} failed") }),
        }
    }
}

impl Keeper for TestKeeper {
    fn lingers(&self, _workspace: &WorkspaceName) -> Duration {
        self.held.lock().unwrap().lingers
    }

    fn store<'a>(&'a self, secret: &'a Secret) -> BoxFuture<'a, Result<(), NotKept>> {
        Box::pin(self.act((&secret.workspace, "store"), move |wrong| {
            let workspace = secret.workspace.to_string();
            let text = if wrong == Some(Wrong::Garbles) {
                "Z2FyYmxlZDpnYXJibGVkZ2FyYmxlZGdhcmJsZWQ=".to_owned()
            } else {
                self.text_of(&secret.key)
            };
            match (&secret.keep, self.kind) {
                (Keep::Shown | Keep::Folder(_), _) => {
                    let given = (workspace, secret.name.clone(), secret.key.fingerprint());
                    self.held.lock().unwrap().given.push(given);
                }
                (Keep::Configured(_), Kind::File) => {
                    let key = ApiKey::parse(&text).unwrap();
                    self.held.lock().unwrap().aside.insert(workspace, key);
                }
                (Keep::Configured(_), Kind::Command) => match wrong {
                    Some(Wrong::Late(seconds)) => {
                        let when = self.clock.elapsed() + Duration::from_secs(seconds);
                        self.held.lock().unwrap().late.push((when, workspace, text));
                    }
                    Some(Wrong::Empties) => self.write(&workspace, ""),
                    Some(Wrong::Cached(seconds)) => {
                        let until = self.clock.elapsed() + Duration::from_secs(seconds);
                        self.held.lock().unwrap().cached = Some((until, self.stored(&workspace)));
                        self.write(&workspace, &text);
                    }
                    _ => self.write(&workspace, &text),
                },
            }
        }))
    }

    fn switch<'a>(&'a self, secret: &'a Secret) -> BoxFuture<'a, Result<(), NotKept>> {
        Box::pin(self.act((&secret.workspace, "switch"), move |_| {
            let aside = self.held.lock().unwrap().aside.remove(secret.workspace.as_str());
            if let Some(key) = aside {
                self.write(secret.workspace.as_str(), &self.text_of(&key));
            }
        }))
    }

    fn configured<'a>(&'a self, workspace: &'a WorkspaceName) -> BoxFuture<'a, Result<ApiKey, String>> {
        Box::pin(async move {
            self.land();
            if self.held.lock().unwrap().unreadable {
                return Err("the key file cannot be read".to_owned());
            }
            let cached = self.held.lock().unwrap().cached.clone();
            let cached = cached.filter(|(until, _)| *until > self.clock.elapsed()).map(|(_, text)| text);
            let read = cached.unwrap_or_else(|| self.stored(workspace.as_str()));
            ApiKey::parse(&read).map_err(|error| error.to_string())
        })
    }

    fn forget<'a>(&'a self, workspace: &'a WorkspaceName) -> BoxFuture<'a, Result<(), String>> {
        Box::pin(async move {
            self.act((workspace, "forget"), |_| {
                self.held.lock().unwrap().aside.remove(workspace.as_str());
            })
            .await
            .map_err(|not| not.why)
        })
    }

    fn holds<'a>(&'a self, workspace: &'a WorkspaceName, keep: &'a Keep, fingerprint: &'a str) -> BoxFuture<'a, bool> {
        let given = self.given();
        let there = given.iter().any(|(at, _, held)| at == workspace.as_str() && held == fingerprint);
        Box::pin(async move { matches!(keep, Keep::Folder(_)) && there })
    }
}
