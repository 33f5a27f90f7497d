//! Which memberships are asked for, and from when on logins are.

use clap::Args;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::cli::filter;
use crate::cli::session::{self, Session};
use crate::domain::{Email, Fleet, Member, Role};
use crate::trouble::{Exit, Trouble};

/// Which rows.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Rows")]
pub struct Filter {
    /// Only these addresses; a glob such as `*@client.example` works; repeatable.
    #[arg(long, value_name = "GLOB")]
    person: Vec<String>,
    /// Only this role; repeatable.
    #[arg(long)]
    role: Vec<String>,
    /// Only addresses outside the agency's domains.
    #[arg(long)]
    external: bool,
    /// Only open invitations.
    #[arg(long)]
    pending: bool,
}

/// A filter with everything parsed.
#[derive(Debug)]
pub struct Wanted<'a> {
    people: Option<globset::GlobSet>,
    roles: Vec<Role>,
    external: bool,
    pending: bool,
    fleet: &'a Fleet,
}

impl<'a> Wanted<'a> {
    /// Parses it.
    pub fn parse(rows: &Filter, session: &'a Session<'_>) -> Result<Self, Trouble> {
        if rows.external && session.fleet.domains.is_empty() {
            return Err(Trouble::new(Exit::Usage, "--external needs to know the agency's own domains")
                .advise("name them in keyholder.toml: [agency] domains = [\"agency.example\"]"));
        }
        let roles: Vec<Role> = rows.role.iter().map(|role| Role::observed(&role.to_ascii_lowercase())).collect();
        for role in roles.iter().filter(|role| matches!(role, Role::Other(_))) {
            session
                .door
                .printer
                .warn(&format!("no role `{role}` is known; the API's are owner, admin, editor, view and client"));
        }
        Ok(Self {
            people: filter::globs(&rows.person, str::to_ascii_lowercase, "--person takes an address or a glob")?,
            roles,
            external: rows.external,
            pending: rows.pending,
            fleet: &session.fleet,
        })
    }

    /// Tells whether a row is asked for.
    pub fn takes(&self, row: &Member) -> bool {
        (self.roles.is_empty() || self.roles.contains(&row.role))
            && (!self.pending || !row.accepted)
            && self.is_of_origin(&row.email)
            && (self.is_named(&row.email) || row.user_email.as_ref().is_some_and(|email| self.is_named(email)))
    }

    /// Tells whether a person is asked for.
    pub fn is_about(&self, email: &Email) -> bool {
        self.is_named(email) && self.is_of_origin(email)
    }

    fn is_of_origin(&self, email: &Email) -> bool {
        !self.external || self.fleet.is_external(email) == Some(true)
    }

    fn is_named(&self, email: &Email) -> bool {
        self.people.as_ref().is_none_or(|people| people.is_match(email.as_str()))
    }
}

/// Returns the moment from which logins are looked for: the beginning of a day (UTC), so that two looks at one day ask, and tell, the same.
pub fn logins_since(text: &str, now: Timestamp) -> Result<Option<Timestamp>, Trouble> {
    let midnight = |date: Date| -> Result<Timestamp, Trouble> {
        let zoned = date.to_zoned(TimeZone::UTC).map_err(|error| Trouble::new(Exit::Usage, error))?;
        Ok(zoned.timestamp())
    };
    if let Ok(date) = text.trim().parse::<Date>() {
        return midnight(date).and_then(|moment| {
            if moment > now {
                return Err(Trouble::new(Exit::Usage, format!("{date} is still to come (--logins-since)")));
            }
            Ok(Some(moment))
        });
    }
    let age = session::duration("--logins-since", text)
        .map_err(|trouble| trouble.advise("or as a date, such as `2026-08-01`"))?;
    let moment = now.checked_sub(age).unwrap_or(Timestamp::MIN);
    midnight(moment.to_zoned(TimeZone::UTC).date()).map(Some)
}
