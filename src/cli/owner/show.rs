//! `keyholder owner show`: who owns each workspace.

use clap::Args;
use serde_json::json;

use crate::cli::args::Select;
use crate::cli::closing;
use crate::cli::session::Session;
use crate::cli::survey::Survey;
use crate::cli::tables;
use crate::config::Purpose;
use crate::plan::Observed;
use crate::plan::owner::owner_row;
use crate::report::listing::{self, Listing};
use crate::report::owner_rows::{self, OWNER, OwnerRow};
use crate::report::summary::{meaning, total};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// Show who owns each workspace: account, address, name, since when, and whether the person is external or protected.
///
/// Who owns it the workspace itself says; address and name are those of that account's row in the member list. An owner who has no row there
/// is told as such.
#[derive(Debug, Args)]
pub struct Show {
    #[command(flatten)]
    select: Select,
}

impl Show {
    /// Runs the command.
    pub async fn run(self, session: &Session<'_>) -> Result<Exit, Trouble> {
        let door = session.door;
        let chosen = session.choose(&self.select, Purpose::Read)?;
        let survey = Survey::take(session, &chosen, |_| None).await?;
        let mut out = door.printer.data();
        let header = listing::header(None, "owner show", &self.select.describe());
        let mut listing =
            Listing::begin(&mut out, session.format(), "owner", OWNER, &header).map_err(tables::unwritable)?;
        for observed in &survey.observed {
            listing.row(&owner_rows::owner(&row(session, observed, &survey.read_at))).map_err(tables::unwritable)?;
        }
        let Survey { deck, observed, coverage, .. } = &survey;
        let exit = coverage.exit();
        let summary = closing::summary(
            deck,
            json!({
                "type": "summary",
                "exit": exit.code(),
                "outcome": meaning(exit),
                "rows": total(observed.len(), coverage.unreadable.is_empty()),
                "coverage": coverage.record(),
            }),
        );
        listing.end(&summary).map_err(tables::unwritable)?;
        tables::unread(&door.printer, coverage);
        untold(session, observed);
        let told = format!("the owners of {} of {}", observed.len(), words::count(coverage.asked, "workspace"));
        closing::say(&door.printer, deck, &told);
        Ok(exit)
    }
}

fn row<'a>(session: &Session<'_>, observed: &'a Observed, read_at: &'a str) -> OwnerRow<'a> {
    let row = owner_row(observed);
    let bears = |wanted: &dyn Fn(&crate::domain::Email) -> bool| {
        row.map(|row| wanted(&row.email) || row.user_email.as_ref().is_some_and(wanted))
    };
    OwnerRow {
        workspace: observed.workspace.as_str(),
        workspace_id: &observed.id,
        observed_at: read_at,
        owner: observed.owner.as_ref().or_else(|| row?.user_id.as_ref()),
        row,
        external: row.and_then(|row| session.fleet.is_external(&row.email)),
        protected: bears(&|email| session.fleet.guards.protected.contains(email)),
        listed: match (row, &observed.incomplete) {
            (Some(_), _) => Some(true),
            (None, None) => Some(false),
            (None, Some(_)) => None,
        },
    }
}

/// Most workspaces that are named in one warning.
const NAMED: usize = 10;

/// Says of which workspaces the owner's row was not found although the member list was read whole.
fn untold(session: &Session<'_>, observed: &[Observed]) {
    let unlisted = observed.iter().filter(|one| owner_row(one).is_none() && one.incomplete.is_none());
    let names: Vec<&str> = unlisted.map(|one| one.workspace.as_str()).collect();
    if names.is_empty() {
        return;
    }
    let more = names.len().saturating_sub(NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let shown = names[..names.len().min(NAMED)].join(", ");
    session.door.printer.warn(&format!(
        "the member list has no row of who owns {shown}{more}: of them only the account is known, or not even that"
    ));
    session.door.printer.hint("look at the members of these workspaces in the vendor's app");
}
