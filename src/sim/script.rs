//! A world written down: `world.toml` in, a [`World`] out. Strict: what it does not know is an error with its line.
//!
//! ```toml
//! version = 1
//! begin = "2026-03-01T09:00:00Z"         # rows without `created` follow it, hour by hour
//!
//! [settings]                             # what the contract leaves open; all optional
//! per_second = 100
//! per_minute = 6000
//! window = "sliding"                     # fixed, bucket (with burst = 20)
//! pays = "both"                          # sub, admin: whose limit a request with x-as-workspace spends
//! retry_after = "1"                      # header of the limits' own 429
//! repeat_invite = "invalid"              # conflict, duplicate, echo
//! invitations = "wait"                   # at-once, never
//! drop_permissions = false
//! last_page = "absent"                   # null, empty, cursor
//! lag = "0s"                             # reads show a change only so long after it was applied
//! keep_last_admin = false
//! assign_lag = "2s"                      # an accepted assignment of leads is done so long after its answer
//! assign_most = 50                       # and takes so many leads at most; absent: all
//! drop_filters = ["ids"]                 # members of bodies about leads that are dropped without a word
//! owners_are_members = false             # giving a thing to nobody of the workspace is refused
//! key_shown = "whole"                    # masked, absent: the secret in listings of keys
//! key_record = "name"                    # absent, or the member in which records of made keys name their id
//! keep_own_key = false
//! labels = "exact"                       # any-case, repeated: which labels of tags are another's, and refused
//! toggle_ignores_unknown = false         # tagging passes over what it does not know
//! toggle_most = 50                       # and takes so many resources at most; absent: all
//! end_date_included = false              # the daily figures of accounts have the day that `end_date` names
//! untold_tags = false                    # accounts leave their tags out, though they were asked for
//!
//! [[person]]                             # only for people whose names or account address matter
//! email = "noor@agency.example"
//! first = "Noor"
//! last = "Haddad"
//! account = "noor+login@agency.example"  # signs in with another address than the invited one
//!
//! [[workspace]]
//! name = "acme"
//! id = "0195b2aa-7c1e-7d00-8000-000000000001"
//! title = "Acme Corp"
//! plan = "pid_hg_v1"                     # or "lapsed": everything answers 402
//! keys = [{ name = "main", scopes = ["all:all"], dead = false }]   # this one is the default; [] is none
//! campaigns = [{ name = "Q4", owner = "noor@agency.example" }]     # and other belongings: see `script_things`
//! owner = "founder@agency.example"
//! admin = ["ops@agency.example"]         # likewise editor, view, client
//! invited = [{ email = "new@agency.example", role = "view", created = "2026-10-01T00:00:00Z" }]
//! member = [{ email = "noor@agency.example", role = "editor", permissions = ["unibox.all"], nickname = "N" }]
//!
//! [[group]]
//! admin = "agency"
//! accepted = ["globex"]                  # likewise pending, rejected
//! links = [{ sub = "acme", status = "pending", created = "2026-03-01T09:00:00Z" }]   # any word, in the order of pages
//!
//! [[fault]]
//! kind = "status"                        # see `script_fault`
//! status = 429
//! retry_after = 1
//! workspace = "acme"                     # absent: any
//! operation = "member.list"              # absent: any
//! skip = 0
//! times = 2                              # or "always"; absent: 1
//! ```

use std::collections::VecDeque;
use std::sync::Arc;

use super::limit::{Busiest, Meter, Rates, Window};
use super::name;
use super::script_fault;
use super::script_things;
use super::settings::{Invitations, LastPage, Pays, RepeatInvite, Settings};
use super::state::{PERMISSIONS, Plan, Row, State, Workspace, permission_words, role_word};
use super::things::Things;
use super::things::links::{Link, LinkStatus};
pub use super::tree::ScriptError;
use super::tree::{self, Spanned, Table};
use super::world::World;

/// 2026-01-05T09:00:00Z, where a script says nothing else.
const BEGIN: i64 = 1_767_603_600_000;
const HOUR: i64 = 3_600_000;

impl World {
    /// Reads a world from its script. Ids and keys it does not write down come from the seed.
    ///
    /// # Errors
    /// At the first thing the script gets wrong, with its line.
    pub fn from_script(text: &str, seed: u64) -> Result<Self, ScriptError> {
        let mut script = tree::read(text)?;
        match script.number::<u32>("version")? {
            Some(1) => {}
            _ => return Err(ScriptError::at(1, "`version = 1` must stand at the beginning")),
        }
        let begin = script.moment("begin")?.unwrap_or(BEGIN);
        let settings = match script.take("settings") {
            Some(node) => settings(node.table("settings")?)?,
            None => Settings::default(),
        };
        let mut reader = Reader { state: State::new(seed, settings), begin };
        script.tables("person")?.into_iter().try_for_each(|table| reader.person(table))?;
        script.tables("workspace")?.into_iter().try_for_each(|table| reader.workspace(table))?;
        script.tables("group")?.into_iter().try_for_each(|table| reader.group(table))?;
        let faults = script.tables("fault")?.into_iter().map(|table| script_fault::read(table, &reader.state));
        let faults = faults.collect::<Result<Vec<_>, _>>()?;
        script.finish()?;
        Ok(Self::of(reader.state, faults))
    }
}

fn settings(mut table: Table) -> Result<Settings, ScriptError> {
    let default = Settings::default();
    let words = [("sliding", 0), ("fixed", 1), ("bucket", 2)];
    let window = table.choice("window", &words)?;
    let burst = table.number("burst")?;
    let per_second = table.number("per_second")?.unwrap_or(default.rates.per_second);
    let window = match (window, burst) {
        (Some(2), burst) => Window::Bucket { burst: burst.unwrap_or(per_second) },
        (_, Some(_)) => return Err(ScriptError::at(table.line, "`burst` goes with `window = \"bucket\"` alone")),
        (Some(1), None) => Window::Fixed,
        _ => Window::Sliding,
    };
    let per_minute = table.number("per_minute")?.unwrap_or(default.rates.per_minute);
    let settings = Settings {
        rates: Rates { per_second, per_minute, window },
        pays: table
            .choice("pays", &[("sub", Pays::Sub), ("admin", Pays::Admin), ("both", Pays::Both)])?
            .unwrap_or_default(),
        retry_after: table.text("retry_after")?.map(|text| text.value),
        repeat_invite: table
            .choice(
                "repeat_invite",
                &[
                    ("invalid", RepeatInvite::Invalid),
                    ("conflict", RepeatInvite::Conflict),
                    ("duplicate", RepeatInvite::Duplicate),
                    ("echo", RepeatInvite::Echo),
                ],
            )?
            .unwrap_or_default(),
        invitations: table
            .choice(
                "invitations",
                &[("wait", Invitations::Wait), ("at-once", Invitations::AtOnce), ("never", Invitations::Never)],
            )?
            .unwrap_or_default(),
        drop_permissions: table.truth("drop_permissions")?.unwrap_or_default(),
        last_page: table
            .choice(
                "last_page",
                &[
                    ("absent", LastPage::Absent),
                    ("null", LastPage::Null),
                    ("empty", LastPage::Empty),
                    ("cursor", LastPage::Cursor),
                ],
            )?
            .unwrap_or_default(),
        lag: table.duration("lag")?.unwrap_or_default(),
        keep_last_admin: table.truth("keep_last_admin")?.unwrap_or_default(),
        ..default
    };
    let settings = script_things::settings(&mut table, settings)?;
    table.finish()?;
    Ok(settings)
}

struct Reader {
    state: State,
    begin: i64,
}

impl Reader {
    fn person(&mut self, mut table: Table) -> Result<(), ScriptError> {
        let email = table.need_text("email")?;
        let account = table.text("account")?;
        let at = self.state.person(account.as_ref().map_or(&email.value, |account| &account.value));
        if account.is_some() {
            self.state.alias(&email.value, at);
        }
        if let Some(first) = table.text("first")? {
            self.state.people[at].first = first.value.into();
        }
        if let Some(last) = table.text("last")? {
            self.state.people[at].last = last.value.into();
        }
        table.finish()
    }

    fn workspace(&mut self, mut table: Table) -> Result<(), ScriptError> {
        let name = table.need_text("name")?;
        let number = i64::try_from(self.state.workspaces.len()).unwrap_or(0);
        let created = table.moment("created")?.unwrap_or(self.begin - HOUR * 24 * (number + 1));
        let id = match table.text("id")? {
            Some(id) => id.value,
            None => name::show(name::uuid7(self.state.seed, created, &["workspace", &name.value])),
        };
        let plan = match table.text("plan")?.map(|plan| plan.value) {
            None => Plan::Active("pid_hg_v1".into()),
            Some(word) if word == "lapsed" => Plan::Lapsed,
            Some(word) => Plan::Active(word.into()),
        };
        let added = self.state.add_workspace(Workspace {
            name: name.value.as_str().into(),
            id: id.into(),
            title: table.text("title")?.map_or_else(|| name.value.as_str().into(), |title| title.value.into()),
            plan,
            minimal: table.truth("minimal")?.unwrap_or(false),
            removal: table.moment("removal")?,
            created,
            updated: table.moment("updated")?.unwrap_or(created),
            key: None,
            rows: Vec::new(),
            past: VecDeque::new(),
            meter: Meter::default(),
            busiest: Busiest::default(),
            writes: 0,
            things: Things::default(),
        });
        if !added {
            return Err(ScriptError::at(
                name.line,
                format!("another workspace has the name or id of `{}`", name.value),
            ));
        }
        let at = self.state.workspaces.len() - 1;
        self.keys(at, &mut table)?;
        self.rows(at, &mut table)?;
        for what in script_things::read(&mut table)? {
            script_things::check(&self.state, at, &what, table.line)?;
            self.state.put(at, &what, None);
        }
        table.finish()
    }

    fn keys(&mut self, workspace: usize, table: &mut Table) -> Result<(), ScriptError> {
        let Some(nodes) = table.list("keys")? else {
            self.state.add_key(workspace, "main", Arc::from(["all:all".into()]), false);
            return Ok(());
        };
        let mut names = Vec::new();
        for node in nodes {
            let (what, dead) = script_things::keys(node.table("keys")?)?;
            if what.count != 1 || names.contains(&what.name) {
                self.state.put(workspace, &what.into(), None);
                // Only a single key is ever said to be dead, so it is the last one.
                self.state.keys.last_mut().into_iter().for_each(|key| key.dead |= dead);
                continue;
            }
            let scopes = what.scopes.iter().map(|scope| scope.as_str().into()).collect();
            let at = self.state.add_key(workspace, &what.name, scopes, dead);
            self.state.say_made(at, what.by.as_ref(), &what.record, what.created.map(jiff::Timestamp::as_millisecond));
            self.state.say_used(at, what.used.map(jiff::Timestamp::as_millisecond));
            names.push(what.name);
        }
        Ok(())
    }

    fn rows(&mut self, workspace: usize, table: &mut Table) -> Result<(), ScriptError> {
        if let Some(owner) = table.text("owner")? {
            self.row(workspace, &owner.value, "owner", Plain::default());
        }
        for role in ["admin", "editor", "view", "client"] {
            for email in table.texts(role)?.unwrap_or_default() {
                self.row(workspace, &email.value, role, Plain::default());
            }
        }
        for (list, accepted) in [("member", true), ("invited", false)] {
            for mut row in table.tables(list)? {
                let email = row.need_text("email")?.value;
                let role = row.need_text("role")?.value;
                let plain = Plain {
                    id: row.text("id")?.as_ref().map(read_id).transpose()?,
                    invited: !accepted,
                    created: row.moment("created")?,
                    permissions: row.texts("permissions")?,
                    unknown_permissions: row.truth("unknown_permissions")?.unwrap_or(false),
                    nickname: row.text("nickname")?.map(|nickname| nickname.value),
                };
                plain.check()?;
                row.finish()?;
                self.row(workspace, &email, &role, plain);
            }
        }
        Ok(())
    }

    fn row(&mut self, workspace: usize, email: &str, role: &str, plain: Plain) {
        let Plain { id, invited, created, permissions, nickname, unknown_permissions: _ } = plain;
        let person = self.state.person(email);
        let owner = self.state.owner_of(workspace).map(|owner| owner.user_id);
        let hours = i64::try_from(self.state.workspaces[workspace].rows.len()).unwrap_or(0);
        let permissions = permissions.map(|names| permission_words(names.iter().map(|name| name.value.as_str())));
        let row = Row {
            id: 0,
            email: email.into(),
            person,
            role: role_word(role),
            accepted: !invited,
            created: created.unwrap_or(self.begin + HOUR * hours),
            issuer: owner.filter(|_| role != "owner"),
            permissions,
            nickname: nickname.map(Into::into),
        };
        self.state.settle(workspace, row, id);
    }

    fn group(&mut self, mut table: Table) -> Result<(), ScriptError> {
        let admin = table.need_text("admin")?;
        let admin = workspace_named(&self.state, &admin)?;
        // In the order of pages, so that any link can be the first of one.
        for mut row in table.tables("links")? {
            let (sub, status) = (row.need_text("sub")?, row.need_text("status")?);
            let id = row.text("id")?.as_ref().map(read_id).transpose()?;
            let created = row.moment("created")?;
            row.finish()?;
            self.link((admin, &sub), LinkStatus::of(&status.value), id, created)?;
        }
        let statuses =
            [("accepted", LinkStatus::Accepted), ("pending", LinkStatus::Pending), ("rejected", LinkStatus::Rejected)];
        for (list, status) in statuses {
            for sub in table.texts(list)?.unwrap_or_default() {
                self.link((admin, &sub), status.clone(), None, None)?;
            }
        }
        table.finish()
    }

    fn link(
        &mut self,
        (admin, sub): (usize, &Spanned<String>),
        status: LinkStatus,
        id: Option<u128>,
        created: Option<i64>,
    ) -> Result<(), ScriptError> {
        let sub = workspace_named(&self.state, sub)?;
        let number = i64::try_from(self.state.links.len()).unwrap_or(0);
        let created = created.unwrap_or(self.begin + HOUR * number);
        let id = id.unwrap_or_else(|| self.state.link_id(created));
        self.state.settle_link(Link { id, admin, sub, status, created, updated: created });
        Ok(())
    }
}

/// The members of a row that are mostly left out.
#[derive(Default)]
struct Plain {
    id: Option<u128>,
    invited: bool,
    created: Option<i64>,
    permissions: Option<Vec<Spanned<String>>>,
    unknown_permissions: bool,
    nickname: Option<String>,
}

impl Plain {
    /// A permission nobody knows is a slip of the pen, unless the row says that it is meant (a newer API has more).
    fn check(&self) -> Result<(), ScriptError> {
        let slip = self.permissions.iter().flatten().find(|name| !PERMISSIONS.contains(&name.value.as_str()));
        match slip {
            Some(name) if !self.unknown_permissions => {
                let near = tree::nearest(&name.value, PERMISSIONS.into_iter());
                Err(ScriptError::at(name.line, format!("`{}` is not a known permission{near}", name.value)))
            }
            _ => Ok(()),
        }
    }
}

fn read_id(text: &Spanned<String>) -> Result<u128, ScriptError> {
    name::read(&text.value).ok_or_else(|| ScriptError::at(text.line, "`id` must be a UUID"))
}

/// Finds a workspace of the script by its name.
pub(super) fn workspace_named(state: &State, name: &Spanned<String>) -> Result<usize, ScriptError> {
    state.named(&name.value).ok_or_else(|| {
        let near = tree::nearest(&name.value, state.workspaces.iter().map(|workspace| &*workspace.name));
        ScriptError::at(name.line, format!("there is no workspace `{}`{near}", name.value))
    })
}
