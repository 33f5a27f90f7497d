//! `keyholder keys rotate`: put a new key in the place of each configured one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use super::create::{names, naming};
use super::enrol::Enrol;
use super::scopes::{self, Wanted};
use super::template::DEFAULT;
use super::write::{self, Asks, Here, Judged, Recollect, Wished};
use crate::api::Operation;
use crate::cli::args::{Approve, Select};
use crate::cli::change::Request;
use crate::cli::session::{self, Session};
use crate::cli::{approval, filter, keys::pick};
use crate::config::Purpose;
use crate::config::key::store::Stores;
use crate::domain::fleet::Reach;
use crate::domain::{About, Access, FindingCode, KeyId, KeyInfo, Workspace, WorkspaceName};
use crate::plan::KeyWish;
use crate::report::Unlisted;
use crate::run::{Ring, Target};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// Put a new key in the place of each configured one: make it, prove that it works, store it, switch to it, prove it again, and only then
/// delete the old one.
///
/// The new key has the old one's name and scopes unless others are said; it needs those that let it prove itself and delete the old one. Where
/// an earlier rotation left a replaced key behind, this deletes that one, and makes none anew where the configured key took its place. At every moment a working key is stored, wherever the run is
/// killed; `keyholder resume` brings it to its end. Workspaces that are reached with another one's key have none of their own to rotate.
#[derive(Debug, Args)]
#[command(
    after_help = "It is applied by typing the first six characters of the plan's id, or with --confirm ID. Where keys are stored: \
                  `keyholder help keys`."
)]
pub struct Rotate {
    /// Only configured keys with this finding of `keys audit`; repeatable.
    #[arg(long, value_name = "CODE")]
    finding: Vec<String>,
    /// Only configured keys older than this, such as `90d`.
    #[arg(long, value_name = "DURATION")]
    older_than: Option<String>,
    /// Give the new keys the scopes of this preset, instead of the old ones'.
    #[arg(long, value_name = "NAME", conflicts_with = "scope")]
    preset: Option<String>,
    /// Give the new keys this scope, instead of the old ones'; repeatable.
    #[arg(long, value_name = "SCOPE")]
    scope: Vec<String>,
    /// The new keys' name, as in `keys create`, instead of the old ones'.
    #[arg(long, value_name = "TEMPLATE")]
    name: Option<String>,
    /// Who answers for the new keys, for the register; else who answered for the old ones.
    #[arg(long, value_name = "WHO")]
    owner: Option<String>,
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    approve: Approve,
}

/// Which of the configured keys are meant.
#[derive(Debug)]
struct Which {
    findings: BTreeSet<FindingCode>,
    older_than: Option<Duration>,
    now: Timestamp,
}

/// Whether a configured key is meant.
enum Meant {
    Yes,
    No,
    /// It cannot be told, and why.
    Untold(&'static str),
    /// The audit could not judge it.
    Unjudged(Vec<Unlisted>),
}

impl Rotate {
    /// Runs the command.
    pub async fn run(self, session: &Session<'_>) -> Result<Exit, Trouble> {
        approval::check(&self.approve)?;
        let older_than = self.older_than.as_deref().map(|text| session::duration("--older-than", text)).transpose()?;
        let which = Which { findings: pick::codes(&self.finding)?, older_than, now: session.door.clock.now() };
        let wanted = scopes::wanted(&session.fleet, self.preset.as_deref(), &self.scope)?;
        let chosen = session.choose(&self.select, Purpose::Write)?;
        // Where the old name is not known, and where another one was asked for.
        let preset = wanted.as_ref().map_or("keyholder", |wanted| wanted.preset.as_str());
        let template = self.name.as_deref().unwrap_or(DEFAULT);
        let names: BTreeMap<&WorkspaceName, String> = {
            // A name nobody asked for is only given where the old one's is not known.
            let naming = if self.name.is_some() { naming(&session.fleet)? } else { None };
            let names = names(session, template, preset, &chosen, naming.as_ref())?;
            chosen.iter().map(|workspace| &workspace.name).zip(names).collect()
        };
        let audited = !which.findings.is_empty();
        let ring = if audited { Ring::Audit(pick::activity_since(session)) } else { Ring::Keys };
        let stores = Stores::of(&session.fleet);
        let admins = admins(&chosen);
        let request = Request { command: "keys rotate", select: &self.select, approve: &self.approve, undoes: None };
        let asks = Asks {
            request,
            chosen: chosen.clone(),
            ring,
            judged: audited.then_some(Judged { accepted: false }),
            enrol: Enrol::of(self.owner.as_deref(), wanted.as_ref().and_then(|one| one.purpose.clone()))?,
            recollect: Recollect::Left,
        };
        let scopes = wanted.map(|Wanted { scopes, .. }| scopes);
        write::run(session, asks, |scene| {
            let shared = shared(&scene.here);
            let mut wished = Wished::default();
            for one in &scene.here {
                wished.wishes.push(Vec::new());
                let Some(here) = wished.wishes.last_mut() else { continue };
                if matches!(&one.workspace.reach, Reach::Via(admin) if admins.contains(admin)) {
                    continue;
                }
                let (left, replaced) = left(one);
                here.extend(left);
                // The configured key is the new one already: what is missing of its rotation is the deletion alone.
                if replaced {
                    continue;
                }
                let untold = match which.means(one) {
                    Meant::Yes => None,
                    Meant::No => continue,
                    Meant::Untold(why) => Some(why.to_owned()),
                    Meant::Unjudged(unjudged) => {
                        for one in &unjudged {
                            pick::warn_unjudged(session, one);
                        }
                        wished.unjudged.extend(unjudged);
                        continue;
                    }
                };
                let place = match shared.get(&one.workspace.name) {
                    Some(other) => Err(format!(
                        "the same secret is configured for `{other}`; give each workspace a key of its own first"
                    )),
                    None => stores.can_store(one.workspace),
                };
                let otherwise = names[&one.workspace.name].clone();
                here.push(KeyWish::Rotated {
                    fingerprint: fingerprint(one.target),
                    scopes: scopes.clone(),
                    name: self.name.is_some().then(|| otherwise.clone()),
                    otherwise,
                    place,
                    needs: needs(),
                    untold,
                });
            }
            if wished.wishes.iter().all(Vec::is_empty) {
                session.door.printer.warn(&format!(
                    "no configured key of the {} that could be read is to be rotated",
                    words::count(scene.here.len(), "workspace")
                ));
            }
            Ok(wished)
        })
        .await
    }
}

/// What a new key must allow: to say whose it is, and to find and delete the old one.
fn needs() -> Vec<Vec<String>> {
    let scopes = |call: Operation| call.scopes().iter().map(|scope| (*scope).to_owned()).collect();
    [Operation::WorkspaceCurrent, Operation::KeyList, Operation::KeyDelete].map(scopes).into()
}

/// Finds the keys that earlier rotations replaced here, did not delete, and that are there still; and tells whether the configured key is one
/// that took the place of such a key.
fn left(one: &Here<'_>) -> (Vec<KeyWish>, bool) {
    let listed = one.observed.belongings.as_deref().filter(|belongings| belongings.keys.incomplete.is_none());
    let Some(listed) = listed.filter(|_| !one.observed.acts_as) else { return (Vec::new(), false) };
    let is_left = |key: &KeyId| listed.keys.rows.iter().any(|row| row.id == *key && row.in_use != Some(true));
    let left: Vec<_> = one.left.iter().filter(|left| is_left(&left.key)).collect();
    let configured = configured(one).map(|key| &key.id);
    let replaced = configured.is_some() && left.iter().any(|left| left.by.as_ref() == configured);
    let wish = |left: &&super::write::Left| KeyWish::Revoked {
        key: left.key.clone(),
        name: left.name.clone(),
        why: format!("run {} put another key in its place and did not delete it", left.run),
    };
    (left.iter().map(wish).collect(), replaced)
}

impl Which {
    fn means(&self, one: &Here<'_>) -> Meant {
        let configured = configured(one);
        if let Some(least) = self.older_than {
            let Some(key) = configured else {
                return Meant::Untold(
                    "it cannot be told which listed key is the configured one, so its age is not known",
                );
            };
            let Some(age) = filter::age(&key.created, self.now) else {
                return Meant::Untold("when the configured key was made cannot be read");
            };
            if age < least {
                return Meant::No;
            }
        }
        if self.findings.is_empty() {
            return Meant::Yes;
        }
        let Some(key) = configured else {
            return Meant::Untold(
                "it cannot be told which listed key is the configured one, so it cannot be told what is found about it",
            );
        };
        let is_it = |about: &About| about.key().is_some_and(|(id, _)| *id == key.id);
        if one.findings.iter().any(|finding| self.findings.contains(&finding.code) && is_it(&finding.about)) {
            return Meant::Yes;
        }
        let unjudged = pick::unjudged(one, &self.findings, |about| about.key().is_none() || is_it(about));
        if unjudged.is_empty() { Meant::No } else { Meant::Unjudged(unjudged) }
    }
}

/// Finds the configured key in the list.
fn configured<'a>(one: &Here<'a>) -> Option<&'a KeyInfo> {
    let keys = &one.observed.belongings.as_deref()?.keys.rows;
    keys.iter().find(|key| key.in_use == Some(true) && !one.observed.acts_as)
}

/// The chosen workspaces whose own key is rotated: those that are reached with it need no word of their own.
fn admins<'a>(chosen: &[&'a Workspace]) -> BTreeSet<&'a WorkspaceName> {
    let own = |workspace: &&&Workspace| matches!(workspace.reach, Reach::Own(_));
    chosen.iter().filter(own).map(|workspace| &workspace.name).collect()
}

fn fingerprint(target: &Target) -> String {
    target.access.as_ref().map_or_else(|_unknown| "k:unknown".to_owned(), |access| access.key().fingerprint())
}

/// Finds the workspaces of which another one has the same secret: deleting it would cut off the other.
fn shared<'a>(here: &[Here<'a>]) -> BTreeMap<&'a WorkspaceName, &'a WorkspaceName> {
    let mut by_fingerprint: BTreeMap<String, Vec<&'a WorkspaceName>> = BTreeMap::new();
    for one in here {
        if let Ok(Access::Own(key)) = &one.target.access {
            by_fingerprint.entry(key.fingerprint()).or_default().push(&one.workspace.name);
        }
    }
    let mut shared = BTreeMap::new();
    for names in by_fingerprint.values().filter(|names| names.len() > 1) {
        for (place, name) in names.iter().enumerate() {
            shared.insert(*name, names[usize::from(place == 0)]);
        }
    }
    shared
}
