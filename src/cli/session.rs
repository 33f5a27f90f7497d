//! What a command on a fleet needs before it can begin: root, fleet, selection, keys, the deck of its lanes.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error as _;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::args::Select;
use super::keys::vault::Vault;
use super::{Door, open_files};
use crate::api::breadth;
use crate::api::transport::Transport;
use crate::api::{Http, HttpSettings, Permits, Tally};
use crate::config::key::{self, KeyTrouble};
use crate::config::{self, Lists, Purpose, register};
use crate::domain::fleet::Reach;
use crate::domain::{Access, Fleet, KeyId, Workspace, WorkspaceId, WorkspaceName};
use crate::env::variable;
use crate::journal::{Ledger, LedgerError};
use crate::pace::Pacers;
use crate::report::cell::printable;
use crate::report::{Coverage, Format, Unreadable};
use crate::run::{Deck, LaneTrouble, Talks, Target, TroubleKind};
use crate::trouble::{Advise as _, Exit, Trouble};
use crate::ui::words;

/// Most workspaces that are named in one line.
const MOST_NAMED: usize = 10;

/// The state folder's name in a root.
pub const STATE: &str = ".keyholder";

/// Keys as they were found, one entry per workspace.
pub type Keys = BTreeMap<WorkspaceName, Result<Access, KeyTrouble>>;

/// A loaded root.
#[derive(Debug)]
pub struct Session<'a> {
    /// The door the command came through.
    pub door: &'a Door<'a>,
    /// The fleet.
    pub fleet: Fleet,
}

/// Says which lists a command stops without; the others go on.
fn needed(command: &str) -> Lists {
    match command {
        "check" | "report" => Lists::ALL,
        "keys" => Lists { register: true, ..Lists::default() },
        "accounts" => Lists { owners: true, ..Lists::default() },
        _ => Lists::default(),
    }
}

/// Keeps a binary that is made to be found out away from every client.
#[cfg(feature = "blind-resend")]
fn blind(door: &Door<'_>, fleet: &Fleet) -> Result<(), Trouble> {
    use crate::run::blind::NOTICE;
    door.printer.insist(NOTICE);
    if fleet.defaults.base_url.is_loopback() {
        return Ok(());
    }
    let text = format!("{NOTICE}, and `base_url` is {}; nothing was sent", fleet.defaults.base_url);
    Err(Trouble::new(Exit::Config, text).advise("build keyholder without the feature"))
}

impl<'a> Session<'a> {
    /// Finds and loads the root.
    pub fn open(door: &'a Door<'a>) -> Result<Self, Trouble> {
        let named = door.global.root.as_deref();
        let root = config::find_root(&door.env.cwd, named).map_err(|error| Trouble::advised(Exit::Config, error))?;
        let bad = |problems| Trouble::advised(Exit::Config, problems);
        let (fleet, unread, problems) = config::load_with(&root, needed(door.command)).map_err(bad)?;
        if let Some(problems) = problems {
            let first = problems.as_slice().first().map(ToString::to_string).unwrap_or_default();
            let what = match unread {
                Lists { owners: false, .. } => {
                    "the register of keys is not as it should be, and none of it is known here"
                }
                Lists { register: false, .. } => {
                    "the list of owners is not as it should be, and none of it is known here"
                }
                Lists { .. } => {
                    "the register of keys and the list of owners are not as they should be, and neither is known here"
                }
            };
            door.printer.warn(&format!("{what}: {first}"));
            door.printer.hint("`keyholder check` shows all that is wrong with it");
        }
        #[cfg(feature = "blind-resend")]
        blind(door, &fleet)?;
        Ok(Self { door, fleet })
    }

    /// Chooses workspaces.
    pub fn choose(&self, select: &Select, purpose: Purpose) -> Result<Vec<&Workspace>, Trouble> {
        select.selection().choose(&self.fleet, purpose).map_err(|error| Trouble::advised(error.exit(), error))
    }

    /// Finds the keys of the chosen workspaces.
    pub async fn keys(&self, chosen: &[&Workspace]) -> Result<Keys, Trouble> {
        let resolve = key::resolve(&self.fleet, chosen, &self.door.env.vars, self.door.clock);
        self.door.stop.unless_draining(resolve).await.ok_or_else(|| self.interrupted())
    }

    /// Says that the command was stopped before anything was sent.
    pub fn interrupted(&self) -> Trouble {
        let exit = match self.door.stop.why() {
            Some(crate::run::Why::Terminated) => Exit::Terminated,
            _ => Exit::Interrupted,
        };
        Trouble::new(exit, "stopped before anything was written")
    }

    /// Points one lane at each chosen workspace.
    pub fn targets(&self, chosen: &[&Workspace], keys: &Keys) -> Vec<Target> {
        chosen.iter().map(|workspace| self.target(workspace, keys)).collect()
    }

    fn target(&self, workspace: &Workspace, keys: &Keys) -> Target {
        let access = match keys.get(&workspace.name) {
            Some(Ok(access)) => Ok(access.clone()),
            Some(Err(trouble)) => Err(key_trouble(trouble)),
            None => Err(LaneTrouble::new(TroubleKind::Off, "its mode is `off`", Vec::new())),
        };
        let key_id = self.adopted(workspace, &access);
        Target {
            key_id,
            name: workspace.name.clone(),
            pinned: workspace.id.clone(),
            mode: workspace.mode,
            access,
            pays: self.pays(workspace),
        }
    }

    /// Finds in the register which key the configured one is: by the fingerprint that keyholder took of its secret and wrote down with the
    /// key's id, in a row nobody changed since. Whoever believed another row could delete the key in use.
    fn adopted(&self, workspace: &Workspace, access: &Result<Access, LaneTrouble>) -> Option<KeyId> {
        let Ok(Access::Own(key)) = access else { return None };
        let row = self.fleet.register.by_fingerprint(workspace.name.as_str(), &key.fingerprint())?;
        (row.vouched && workspace.id.is_some() && row.workspace_id == workspace.id).then(|| row.key.clone())
    }

    /// Says which rows of the register are about workspaces that are not in the fleet.
    pub fn tell_of_strange_rows(&self) {
        let strangers = register::strangers(&self.fleet);
        if strangers.is_empty() {
            return;
        }
        let printer = &self.door.printer;
        let names: Vec<String> =
            strangers.iter().take(MOST_NAMED).map(|name| format!("`{}`", printable(name))).collect();
        let more = strangers.len().saturating_sub(MOST_NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        printer.warn(&format!(
            "{} has rows about {} that the fleet has not: {}{more}; they stay as they are, and nothing is told by them",
            register::FILE,
            words::count(strangers.len(), "workspace"),
            names.join(", "),
        ));
        printer.hint("give the rows the workspace's name of today, or take them out");
    }

    /// Finds in the ledger which key each configured one is, among those that runs of ours made: by the fingerprint of its secret. Where the
    /// register says another one, neither is believed.
    pub async fn know_keys(&self, ledger: &Ledger, targets: &mut [Target]) -> Result<(), LedgerError> {
        let own = |target: &Target| match (&target.access, &target.pinned) {
            (Ok(Access::Own(key)), Some(id)) => Some((id.clone(), key.fingerprint())),
            _ => None,
        };
        let ids: Vec<WorkspaceId> = targets.iter().filter_map(&own).map(|(id, _)| id).collect();
        let made = ledger.made_keys(&ids).await?;
        let mut known: BTreeMap<(WorkspaceId, String), BTreeSet<KeyId>> = BTreeMap::new();
        for made in made.into_iter().filter(|made| made.gone_at.is_none()) {
            if let Some(fingerprint) = made.fingerprint {
                known.entry((made.workspace_id, fingerprint)).or_default().insert(made.key);
            }
        }
        for target in targets {
            let Some(mine) = own(target) else { continue };
            let Some(ours) = known.get(&mine) else { continue };
            let rows = self.fleet.register.of_workspace(target.name.as_str());
            let said = rows.filter(|row| row.fingerprint.as_ref() == Some(&mine.1)).map(|row| &row.key);
            let all: BTreeSet<&KeyId> = ours.iter().chain(said).collect();
            target.key_id = if all.len() == 1 { ours.first().cloned() } else { None };
        }
        Ok(())
    }

    /// Says whose budgets a workspace's requests are charged to: who pays with `via` is unpublished, so both do.
    fn pays(&self, workspace: &Workspace) -> Vec<(String, u32)> {
        let charge = |workspace: &Workspace| {
            let key = workspace.id.as_ref().map_or(workspace.name.as_str(), |id| id.as_str());
            (key.to_owned(), workspace.share.places())
        };
        let mut pays = vec![charge(workspace)];
        if let Reach::Via(admin) = &workspace.reach
            && let Some(admin) = self.fleet.workspace(admin)
        {
            pays.push(charge(admin));
        }
        pays
    }

    /// Makes what all lanes share, over the network.
    pub fn deck(&self, deadline: Option<Duration>) -> Result<Deck, Trouble> {
        let in_flight = match self.door.global.in_flight {
            Some(number) => Permits::fixed(number.into()),
            None => Permits::adaptive(breadth::MOST),
        };
        open_files::for_connections(&in_flight)?;
        let defaults = &self.fleet.defaults;
        let clock = self.door.clock;
        let deck = Deck {
            transport: self.transport(in_flight.most())?,
            clock,
            pacers: Arc::new(Pacers::new(clock, self.door.env.seed)),
            talks: Some(Arc::new(self.talks())),
            in_flight,
            tally: Arc::new(Tally::default()),
            stop: self.door.stop.clone(),
            base: defaults.base_url.clone(),
            timeout: defaults.timeout,
            settle: defaults.settle,
            deadline: clock.instant() + deadline.unwrap_or(defaults.deadline),
            keeper: self.door.keeper.clone().unwrap_or_else(|| Arc::new(Vault::of(self))),
            token: None,
            seed: self.door.env.seed,
        };
        // A command has one; what more there is shares its pacers with nobody.
        drop(self.door.deck.set(deck.clone()));
        Ok(deck)
    }

    /// Makes the pace locks. Where they cannot be used, a reading goes on all the same.
    fn talks(&self) -> Talks {
        let printer = self.door.printer.clone();
        Talks::new(self.state_dir(), self.door.command, self.door.clock, move |trouble| {
            let why = trouble.source().map_or_else(String::new, |source| format!(": {source}"));
            printer
                .warn(&format!("{trouble}{why}; the pace of this command is not shared with others on this machine"));
        })
    }

    /// Returns what carries requests: the network, unless the door was opened inside another program.
    fn transport(&self, in_flight: usize) -> Result<Arc<dyn Transport>, Trouble> {
        if let Some(transport) = &self.door.transport {
            return Ok(Arc::clone(transport));
        }
        let encrypted = self.fleet.defaults.base_url.is_encrypted();
        let settings = HttpSettings { in_flight, encrypted, ..HttpSettings::default() };
        Ok(Arc::new(Http::new(settings).map_err(|error| Trouble::advised(Exit::Config, error))?))
    }

    /// Returns the state folder.
    pub fn state_dir(&self) -> PathBuf {
        self.fleet.root.join(STATE)
    }

    /// Returns the shape of standard output.
    pub fn format(&self) -> Format {
        self.door.format()
    }
}

impl Door<'_> {
    /// Returns the shape of standard output: what was asked, else a table for a person and CSV for a pipe.
    pub fn format(&self) -> Format {
        self.global.format.unwrap_or(if self.env.stdout_is_terminal { Format::Table } else { Format::Csv })
    }

    /// Returns who runs this, for the ledger.
    pub fn operator(&self) -> String {
        let system =
            || self.env.var("USER").or_else(|| self.env.var("LOGNAME")).map_or_else(system_user, str::to_owned);
        self.env.var(variable::OPERATOR).map_or_else(system, str::to_owned)
    }

    /// Makes a path from the command line absolute.
    pub fn path(&self, path: &std::path::Path) -> PathBuf {
        self.env.cwd.join(path)
    }
}

/// Returns the name of the user the process runs as, or its number where the system's list has none.
fn system_user() -> String {
    let uid = rustix::process::getuid().as_raw();
    let listed = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let name = listed.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    });
    name.unwrap_or_else(|| format!("uid {uid}"))
}

/// Turns a missing key into its lane's trouble.
pub fn key_trouble(trouble: &KeyTrouble) -> LaneTrouble {
    LaneTrouble::new(TroubleKind::KeyMissing, trouble.to_string(), trouble.advice())
}

/// Adds a lane's trouble to a coverage.
pub fn unreadable(coverage: &mut Coverage, workspace: &str, trouble: &LaneTrouble) {
    coverage.unreadable.push(Unreadable {
        workspace: workspace.to_owned(),
        kind: trouble.kind.as_str().into(),
        reason: trouble.text.clone(),
        advice: trouble.advice.clone(),
        may_pass: trouble.kind.may_pass(),
    });
}

/// Parses a duration a person typed.
pub fn duration(flag: &str, text: &str) -> Result<Duration, Trouble> {
    text.parse::<jiff::SignedDuration>()
        .ok()
        .and_then(|duration| Duration::try_from(duration).ok())
        .filter(|duration| !duration.is_zero())
        .or_else(|| days(text))
        .ok_or_else(|| {
            Trouble::new(Exit::Usage, format!("`{text}` is not a duration ({flag})"))
                .advise("write it like `45s`, `30m`, `2h` or `14d`")
        })
}

/// Days are calendar units to jiff; here a day is 24 hours.
fn days(text: &str) -> Option<Duration> {
    let days: u64 = text.trim().strip_suffix('d')?.trim().parse().ok()?;
    days.checked_mul(86_400).filter(|seconds| *seconds > 0).map(Duration::from_secs)
}

/// The largest list or plan that is read: a hundred thousand people, ten thousand workspaces.
const LARGEST: u64 = 64 * 1024 * 1024;

/// Reads a file a person named, whole but within bounds: a device or a wrong file must not fill the memory.
pub fn read_bounded(path: &std::path::Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read as _;
    let file = std::fs::File::open(path)?;
    if !file.metadata()?.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    let mut bytes = Vec::new();
    file.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        return Err(std::io::Error::other(format!("it is larger than {} MB", LARGEST / 1024 / 1024)));
    }
    Ok(bytes)
}

/// Opens a file for writing that only its owner may read, made new or appended to.
pub fn private_file(path: &std::path::Path, append: bool) -> std::io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let file =
        std::fs::OpenOptions::new().create(true).write(true).append(append).truncate(!append).mode(0o600).open(path)?;
    file.set_permissions(Permissions::from_mode(0o600))?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        assert_eq!(duration("--x", "45s").unwrap(), Duration::from_secs(45));
        assert_eq!(duration("--x", "1h 30m").unwrap(), Duration::from_mins(90));
        assert_eq!(duration("--x", "14d").unwrap(), Duration::from_hours(14 * 24));
        for text in ["", "0s", "-1h", "soon", "d"] {
            assert!(duration("--x", text).is_err(), "{text}");
        }
    }
}
