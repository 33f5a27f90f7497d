//! Who the people of a command are: addresses from the command line and rows of a CSV file, put together.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{Door, session};
use crate::config::people::{self, Beside, PersonRow};
use crate::config::{preset, presets};
use crate::domain::{Email, Fleet, PermissionWish, Permissions, Role, Workspace};
use crate::plan::AccessWish;
use crate::trouble::{Exit, Trouble};

/// One person of the command line or of a file.
#[derive(Debug, Clone)]
pub struct Person {
    /// Who.
    pub email: Email,
    /// The row of the file, where the person came from one: it may narrow the selection.
    pub row: Option<PersonRow>,
}

impl Person {
    /// Tells whether the person is asked for in a workspace.
    pub fn applies_to(&self, workspace: &Workspace) -> bool {
        self.row.as_ref().is_none_or(|row| row.applies_to(workspace))
    }
}

/// Reads addresses and file together; a person may come from one of them only.
pub fn gather(
    door: &Door<'_>,
    emails: &[String],
    from: Option<&PathBuf>,
    chosen: &[&Workspace],
) -> Result<Vec<Person>, Trouble> {
    let mut people = Vec::new();
    let mut seen = BTreeSet::new();
    for text in emails {
        let email =
            Email::parse(text).map_err(|error| Trouble::new(Exit::Usage, format!("{error}; nothing was sent")))?;
        if !seen.insert(email.clone()) {
            return Err(Trouble::new(Exit::Usage, format!("{email} is named twice; nothing was sent")));
        }
        people.push(Person { email, row: None });
    }
    if let Some(path) = from {
        for row in read(&door.path(path), path)? {
            if seen.contains(&row.email) {
                return Err(Trouble::new(
                    Exit::Usage,
                    format!("{} is named on the command line and in `{}`; nothing was sent", row.email, path.display()),
                ));
            }
            people.push(Person { email: row.email.clone(), row: Some(row) });
        }
        let rows: Vec<PersonRow> = people.iter().filter_map(|person| person.row.clone()).collect();
        people::check_scope(&rows, chosen).map_err(|problems| Trouble::advised(Exit::Usage, problems))?;
    }
    if people.is_empty() {
        return Err(Trouble::new(Exit::Usage, "nobody is named").advise("name addresses, or a file with --from FILE"));
    }
    Ok(people)
}

/// Reads who leaves from addresses and file together; all that is wrong with the file is told at once.
pub fn leavers(
    door: &Door<'_>,
    emails: &[String],
    from: Option<&PathBuf>,
    heir: Option<&Email>,
    chosen: &[&Workspace],
) -> Result<Vec<Person>, Trouble> {
    let Some(shown) = from else { return gather(door, emails, None, chosen) };
    let mut people = if emails.is_empty() { Vec::new() } else { gather(door, emails, None, chosen)? };
    let leavers: BTreeSet<Email> = people.iter().map(|person| person.email.clone()).collect();
    let beside = Beside { leavers: &leavers, heir, chosen };
    let bytes = bytes(&door.path(shown), shown)?;
    let rows =
        people::read_leavers(&bytes, shown, beside).map_err(|problems| Trouble::advised(Exit::Usage, problems))?;
    people.extend(rows.into_iter().map(|row| Person { email: row.email.clone(), row: Some(row) }));
    Ok(people)
}

fn read(path: &Path, shown: &Path) -> Result<Vec<PersonRow>, Trouble> {
    people::read(&bytes(path, shown)?, shown).map_err(|problems| Trouble::advised(Exit::Usage, problems))
}

/// Reads a file that a flag names, as it was shown.
pub fn bytes(path: &Path, shown: &Path) -> Result<Vec<u8>, Trouble> {
    session::read_bounded(path).map_err(|error| {
        Trouble::because(Exit::Usage, format!("`{}` could not be read; nothing was sent", shown.display()), error)
    })
}

/// What access the flags ask for.
#[derive(Debug, Clone, Copy)]
pub struct AccessFlags<'a> {
    /// `--role`.
    pub role: Option<&'a str>,
    /// `--preset`.
    pub preset: Option<&'a str>,
    /// `--permissions`.
    pub permissions: Option<&'a str>,
    /// `--like`.
    pub like: Option<&'a str>,
}

impl AccessFlags<'_> {
    /// Resolves the flags; `None` where none was given.
    pub fn resolve(self, fleet: &Fleet) -> Result<Option<AccessWish>, Trouble> {
        if let Some(colleague) = self.like {
            let email = Email::parse(colleague).map_err(|error| Trouble::new(Exit::Usage, error))?;
            return Ok(Some(AccessWish::Like(email)));
        }
        access(fleet, self.role, self.preset, self.permissions.map(listed).transpose()?)
    }
}

/// Resolves a person's own row over the flags.
pub fn access_of(fleet: &Fleet, person: &Person, flags: Option<&AccessWish>) -> Result<AccessWish, Trouble> {
    let own = match &person.row {
        Some(row) => access(fleet, row.role.as_ref().map(Role::as_str), row.preset.as_deref(), row.permissions.clone())
            .map_err(|trouble| Trouble::new(trouble.exit, format!("line {}: {trouble}", row.line)))?,
        None => None,
    };
    own.or_else(|| flags.cloned()).ok_or_else(|| {
        Trouble::new(Exit::Usage, format!("it is not said what access {} should have; nothing was sent", person.email))
            .advise("add --role admin|editor|view, --preset NAME or --like COLLEAGUE (see `keyholder help access`)")
    })
}

fn access(
    fleet: &Fleet,
    role: Option<&str>,
    preset: Option<&str>,
    permissions: Option<Permissions>,
) -> Result<Option<AccessWish>, Trouble> {
    let wish = match (role, preset) {
        (None, None) if permissions.is_some() => {
            return Err(Trouble::new(Exit::Usage, "permissions need a role: they only narrow what a role shows")
                .advise("add --role admin, editor or view"));
        }
        (None, None) => return Ok(None),
        (Some(role), _) => AccessWish::Fixed {
            role: preset::role(role).map_err(|error| Trouble::advised(Exit::Usage, error))?,
            permissions: permissions.map_or(PermissionWish::Any, PermissionWish::Exactly),
        },
        (None, Some(name)) => {
            let known = presets(fleet);
            let preset = known.get(&name.to_ascii_lowercase()).or_else(|| known.get(name)).ok_or_else(|| {
                let names: Vec<&str> = known.keys().map(String::as_str).collect();
                Trouble::new(Exit::Usage, format!("there is no preset `{name}`"))
                    .advise(format!("known are {} (see `keyholder help access`)", names.join(", ")))
            })?;
            AccessWish::Fixed { role: preset.role.clone(), permissions: preset.permissions.clone() }
        }
    };
    Ok(Some(wish))
}

fn listed(text: &str) -> Result<Permissions, Trouble> {
    preset::permissions(text).map_err(|error| Trouble::advised(Exit::Usage, error))
}

/// Refuses a nickname that is too long or would move a terminal's cursor.
pub fn nickname(text: Option<&str>) -> Result<(), Trouble> {
    let Some(text) = text else { return Ok(()) };
    if text.chars().count() > NICKNAME {
        return Err(Trouble::new(
            Exit::Usage,
            format!("a nickname has at most {NICKNAME} characters; nothing was sent"),
        ));
    }
    if text.chars().any(char::is_control) {
        return Err(Trouble::new(Exit::Usage, "a nickname has no control characters; nothing was sent"));
    }
    Ok(())
}

/// Longest nickname (contract section 8).
const NICKNAME: usize = 80;
