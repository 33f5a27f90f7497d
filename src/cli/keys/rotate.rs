//! `keyholder keys rotate`: put a new key in the place of each configured one.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;

use super::create::names;
use super::enrol::Enrol;
use super::scopes::{self, Wanted};
use super::template::DEFAULT;
use super::write::{self, Asks, Here, Judged};
use crate::cli::args::{Approve, Select};
use crate::cli::change::Request;
use crate::cli::session::{self, Session};
use crate::cli::{approval, keys::pick};
use crate::config::Purpose;
use crate::config::key::store::Stores;
use crate::domain::fleet::Reach;
use crate::domain::{Access, FindingCode, KeyInfo, Workspace, WorkspaceName};
use crate::plan::KeyWish;
use crate::run::{Ring, Target};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// Put a new key in the place of each configured one: make it, prove that it works, store it, switch to it, prove it again, and only then
/// delete the old one.
///
/// The new key has the old one's name and scopes unless others are said. At every moment a working key is stored, wherever the run is
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
            let names = names(session, template, preset, &chosen)?;
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
        };
        write::run(session, asks, |here| {
            let shared = shared(here);
            let wish = |one: &Here<'_>| {
                if matches!(&one.workspace.reach, Reach::Via(admin) if admins.contains(admin)) {
                    return None;
                }
                match which.means(one) {
                    Meant::Yes => {}
                    Meant::No => return None,
                    Meant::Untold(why) => {
                        session.door.printer.warn(&format!("{}: not rotated: {why}", one.workspace.name));
                        return None;
                    }
                }
                let other = shared.get(&one.workspace.name);
                let place = match other {
                    Some(other) => Err(format!(
                        "the same secret is configured for `{other}`; give each workspace a key of its own first"
                    )),
                    None => stores.can_store(one.workspace),
                };
                let otherwise = names[&one.workspace.name].clone();
                Some(KeyWish::Rotated {
                    fingerprint: fingerprint(one.target),
                    scopes: wanted.as_ref().map(|Wanted { scopes, .. }| scopes.clone()),
                    name: self.name.is_some().then(|| otherwise.clone()),
                    otherwise,
                    place,
                })
            };
            let wishes: Vec<Vec<KeyWish>> = here.iter().map(|one| wish(one).into_iter().collect()).collect();
            if wishes.iter().all(Vec::is_empty) {
                session.door.printer.warn(&format!(
                    "no configured key of the {} that could be read is to be rotated",
                    words::count(here.len(), "workspace")
                ));
            }
            wishes
        })
        .await
    }
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
            let Ok(created) = key.created.parse::<Timestamp>() else {
                return Meant::Untold("when the configured key was made cannot be read");
            };
            let age = Duration::try_from(self.now.duration_since(created)).unwrap_or_default();
            if age < least {
                return Meant::No;
            }
        }
        if self.findings.is_empty() {
            return Meant::Yes;
        }
        let is_it = |finding: &&crate::domain::Finding| match finding.about.key() {
            Some((id, _)) => configured.is_some_and(|key| key.id == *id),
            None => true,
        };
        let found = one.findings.iter().filter(|finding| self.findings.contains(&finding.code)).any(|one| is_it(&one));
        if found { Meant::Yes } else { Meant::No }
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
