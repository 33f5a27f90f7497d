//! `keyholder keys create`: make a key in every selected workspace.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use jiff::tz::TimeZone;

use super::enrol::Enrol;
use super::scopes::{self, Wanted};
use super::template::{DEFAULT, Facts, Template};
use super::write::{self, Asks, Here, Recollect, Wished};
use crate::cli::args::{Approve, Select};
use crate::cli::change::Request;
use crate::cli::session::Session;
use crate::cli::{Door, approval};
use crate::config::Purpose;
use crate::config::key::store;
use crate::domain::{Change, Fleet, Keep, Workspace};
use crate::plan::{Item, KeyWish};
use crate::run::Ring;
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// Make a key in every selected workspace, from a preset or with scopes of your own.
///
/// Each secret is shown once on the terminal, or written into a folder with --key-out; it is in no ledger, plan or pipe. A workspace that has
/// a key of this name and these scopes is left as it is: its secret cannot be shown again, so another --name makes another key.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("power").multiple(true).required(true))]
#[command(after_help = "The presets: `keyholder help scopes`; what becomes of secrets: `keyholder help keys`.")]
pub struct Create {
    /// What the keys are for: a built-in preset or one of your own.
    #[arg(long, value_name = "NAME", conflicts_with = "scope", group = "power")]
    preset: Option<String>,
    /// A scope the keys are to have, such as `campaigns:read`; repeatable.
    #[arg(long, value_name = "SCOPE", group = "power")]
    scope: Vec<String>,
    /// The keys' name, with {workspace}, {preset}, {label.KEY}, {date}, {operator}; `[{nonce}]` is added where it has no {nonce}.
    #[arg(long, value_name = "TEMPLATE", default_value = DEFAULT)]
    name: String,
    /// Write each secret into a file of its own in this folder (0700), instead of showing it.
    #[arg(long, value_name = "DIR")]
    key_out: Option<PathBuf>,
    /// Who answers for the keys, for the register.
    #[arg(long, value_name = "WHO")]
    owner: Option<String>,
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    approve: Approve,
}

impl Create {
    /// Runs the command.
    pub async fn run(self, session: &Session<'_>) -> Result<Exit, Trouble> {
        let door = session.door;
        approval::check(&self.approve)?;
        let wanted = scopes::wanted(&session.fleet, self.preset.as_deref(), &self.scope)?;
        let Some(Wanted { preset, scopes, purpose }) = wanted else {
            return Err(Trouble::new(Exit::Usage, "no scope was said; nothing was sent")
                .advise("say --preset NAME, or --scope SCOPE for each scope"));
        };
        let keep = keep(door, self.key_out.as_deref())?;
        if keep == Keep::Shown && performs(&self.approve) {
            needs_a_terminal(door)?;
        }
        let chosen = session.choose(&self.select, Purpose::Write)?;
        let names = names(session, &self.name, &preset, &chosen, naming(&session.fleet)?.as_ref())?;
        let made = |name: &String| KeyWish::Made { name: name.clone(), scopes: scopes.clone(), keep: keep.clone() };
        let by_name = chosen.iter().map(|workspace| &workspace.name).zip(&names);
        let by_name: std::collections::BTreeMap<_, _> = by_name.collect();
        let request = Request { command: "keys create", select: &self.select, approve: &self.approve, undoes: None };
        let enrol = Enrol::of(self.owner.as_deref(), purpose)?;
        let asks = Asks {
            request,
            chosen: chosen.clone(),
            ring: Ring::Keys,
            judged: None,
            enrol,
            recollect: Recollect::Nothing,
        };
        write::run(session, asks, |scene| {
            let wishes = |one: &Here<'_>| by_name.get(&one.workspace.name).map(|name| made(name)).into_iter().collect();
            Ok(Wished { wishes: scene.here.iter().map(wishes).collect(), ..Wished::default() })
        })
        .await
    }
}

/// Tells whether a command goes on to perform its plan.
pub fn performs(approve: &Approve) -> bool {
    !approve.plan_only && approve.out.is_none()
}

/// Refuses to show a secret where nobody reads it: a pipe or file keeps it.
pub fn needs_a_terminal(door: &Door<'_>) -> Result<(), Trouble> {
    if door.env.stdout_is_terminal {
        return Ok(());
    }
    Err(Trouble::new(
        Exit::Usage,
        "a secret is shown on a terminal alone, and standard output is none; nothing was sent",
    )
    .advise("write the secrets into a folder with --key-out DIR, or run the command in a terminal"))
}

/// Tells whether a plan would show secrets.
pub fn shows(items: &[Item]) -> bool {
    items.iter().filter(|item| item.sends()).any(|item| shows_when_made(&item.step.change))
}

/// Tells whether a change shows a secret.
pub fn shows_when_made(change: &Change) -> bool {
    matches!(change, Change::CreateKey { keep: Keep::Shown, .. })
}

/// Makes sure that the folders a plan writes secrets into can take them.
pub fn check_folders(items: &[Item]) -> Result<(), Trouble> {
    check_folders_of(items.iter().filter(|item| item.sends()).map(|item| &item.step.change))
}

/// Makes sure that the folders some changes write secrets into can take them.
pub fn check_folders_of<'a>(changes: impl Iterator<Item = &'a Change>) -> Result<(), Trouble> {
    let folder = |change: &'a Change| match change {
        Change::CreateKey { keep: Keep::Folder(folder), .. } => Some(folder),
        _ => None,
    };
    changes.filter_map(folder).collect::<BTreeSet<_>>().into_iter().try_for_each(|folder| check(Path::new(folder)))
}

fn check(folder: &Path) -> Result<(), Trouble> {
    store::check_folder(folder).map_err(|why| Trouble::new(Exit::Usage, format!("{why} (--key-out); nothing was sent")))
}

fn keep(door: &Door<'_>, folder: Option<&Path>) -> Result<Keep, Trouble> {
    let Some(folder) = folder else { return Ok(Keep::Shown) };
    let folder = door.path(folder);
    check(&folder)?;
    let text = folder.to_str().filter(|text| !text.chars().any(char::is_control));
    let text = text.ok_or_else(|| Trouble::new(Exit::Usage, "--key-out is no text that can be written down"))?;
    Ok(Keep::Folder(text.to_owned()))
}

/// Makes the name of each workspace's key, as `naming` wants it; all that is wrong with any of them is told together.
pub fn names(
    session: &Session<'_>,
    template: &str,
    preset: &str,
    chosen: &[&Workspace],
    naming: Option<&regex::Regex>,
) -> Result<Vec<String>, Trouble> {
    let refused = |what: String| Trouble::new(Exit::Usage, format!("{what} (--name); nothing was sent"));
    let template = Template::parse(template).map_err(refused)?;
    let door = session.door;
    let operator = door.operator();
    let date = door.clock.now().to_zoned(TimeZone::UTC).date();
    let facts = Facts { preset, date, operator: &operator };
    let mut names = Vec::new();
    let mut wrong = Vec::new();
    for workspace in chosen {
        match template.name(workspace, &facts) {
            Ok(name) if naming.is_some_and(|naming| !naming.is_match(&sample(&name))) => {
                wrong.push(format!("{}: \"{}\" is not as `key_policy.naming` wants it", workspace.name, sample(&name)));
            }
            Ok(name) => names.push(name),
            Err(why) => wrong.push(format!("{} {why}", workspace.name)),
        }
    }
    if wrong.is_empty() {
        return Ok(names);
    }
    let what = format!("{} cannot be given a name; nothing was sent", words::count(wrong.len(), "key"));
    let lines: Vec<String> = wrong.iter().take(20).map(|line| format!("\n  {line}")).collect();
    let more = if wrong.len() > 20 { format!("\n  … and {} more", wrong.len() - 20) } else { String::new() };
    Err(Trouble::new(Exit::Usage, format!("{what}{}{more}", lines.concat())).advise("say another --name"))
}

/// A name as it will look.
fn sample(name: &str) -> String {
    crate::plan::keys::name_of(name, "0a1b2c3d")
}

/// Reads what names must look like.
pub fn naming(fleet: &Fleet) -> Result<Option<regex::Regex>, Trouble> {
    let compiled = fleet.key_policy.naming.as_deref().map(regex::Regex::new).transpose();
    compiled
        .map_err(|error| Trouble::because(Exit::Config, "`key_policy.naming` is no pattern; nothing was sent", error))
}
