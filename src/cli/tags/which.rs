//! Which campaigns and accounts a tag is put on or taken off: those of a query, or the lines of a list.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;

use super::write::{Here, Scene};
use crate::cli::people;
use crate::cli::resources::Query;
use crate::cli::session::Session;
use crate::config::tagged::{self, TaggedRow};
use crate::domain::{ResourceId, ResourceKind, Workspace};
use crate::plan::Tagging;
use crate::report::cell::printable;
use crate::run::{Carrying, TagQuest};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// Which are meant, as typed.
#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("which").required(true))]
pub struct Flags {
    /// The campaigns that a query means, such as `*north* status:active`.
    #[arg(long, value_name = "QUERY", group = "which")]
    campaigns: Option<String>,
    /// The sending accounts that a query means, such as `*@north.example provider:google`.
    #[arg(long, value_name = "QUERY", group = "which")]
    accounts: Option<String>,
    /// What a CSV file names, in a column `account`, `campaign` or `resource`; a column `workspace` narrows a line.
    #[arg(long, value_name = "FILE", group = "which")]
    from: Option<PathBuf>,
}

/// Which are meant, read and checked.
#[derive(Debug)]
pub enum Which {
    /// Those of a query.
    Query(Query),
    /// Those of a list, which was named so.
    List(PathBuf, Vec<TaggedRow>),
}

/// What is meant in one workspace, by kind.
pub type Meant = BTreeMap<ResourceKind, BTreeSet<ResourceId>>;

impl Which {
    /// Reads the flags, and the list where one is named.
    pub fn read(session: &Session<'_>, flags: &Flags, chosen: &[&Workspace]) -> Result<Self, Trouble> {
        let Flags { campaigns, accounts, from } = flags;
        if let Some(text) = campaigns {
            return Query::parse(ResourceKind::Campaign, text, "--campaigns").map(Self::Query);
        }
        if let Some(text) = accounts {
            return Query::parse(ResourceKind::Account, text, "--accounts").map(Self::Query);
        }
        let shown = from.clone().unwrap_or_default();
        let bytes = people::bytes(&session.door.path(&shown), &shown)?;
        let bad = |problems| Trouble::advised(Exit::Usage, problems);
        let rows = tagged::read(&bytes, &shown).map_err(bad)?;
        tagged::check_scope(&rows, &shown, chosen).map_err(bad)?;
        Ok(Self::List(shown, rows))
    }

    /// Returns what must be read to tell which are meant, and whether they carry the tag.
    pub fn quest(&self, label: &str) -> TagQuest {
        let (kinds, mut labels): (BTreeSet<ResourceKind>, BTreeSet<String>) = match self {
            Self::Query(query) => ([query.kind()].into(), query.labels()),
            Self::List(_, rows) => (rows.iter().map(|row| row.kind).collect(), BTreeSet::new()),
        };
        labels.insert(label.to_owned());
        TagQuest {
            campaigns: kinds.contains(&ResourceKind::Campaign),
            accounts: kinds.contains(&ResourceKind::Account),
            carried: Carrying::Of(labels),
            ..TagQuest::TAGS
        }
    }

    /// Finds what is meant in every workspace that was read. What is meant nowhere is an error where all was read: one letter wrong would
    /// look like a clean end.
    pub fn resolve(&self, session: &Session<'_>, scene: &Scene<'_>) -> Result<Vec<Meant>, Trouble> {
        match self {
            Self::Query(query) => of_query(session, query, scene),
            Self::List(shown, rows) => {
                let mut found: BTreeSet<usize> = BTreeSet::new();
                let meant = scene.here.iter().map(|one| of_rows(rows, one, &mut found)).collect();
                let strays = rows.iter().filter(|row| !found.contains(&row.line));
                if scene.is_whole() {
                    let problem = |row: &TaggedRow| {
                        let (kind, _) = row.kind.words();
                        let what = format!("no selected workspace has this {kind}");
                        row.problem(what, "check what is written, or widen the selection")
                    };
                    tagged::refuse(shown, strays.map(problem).collect())
                        .map_err(|problems| Trouble::advised(Exit::Usage, problems))?;
                } else if let Some(first) = strays.clone().next() {
                    session.door.printer.warn(&format!(
                        "{} of {} means nothing in what could be read, first line {}",
                        words::count(strays.count(), "line"),
                        shown.display(),
                        first.line
                    ));
                }
                Ok(meant)
            }
        }
    }
}

fn of_query(session: &Session<'_>, query: &Query, scene: &Scene<'_>) -> Result<Vec<Meant>, Trouble> {
    let nothing = Tagging::default();
    let mut all = Vec::with_capacity(scene.here.len());
    for one in &scene.here {
        let (chosen, odd) = query.chosen(one.observed.tagging.as_deref().unwrap_or(&nothing));
        for id in odd {
            let (kind, _) = query.kind().words();
            let (name, id) = (&one.workspace.name, printable(&id));
            session.door.printer.warn(&format!("{name}: {kind} \"{id}\" cannot be named in a request and is left out"));
        }
        let meant: Meant = [(query.kind(), chosen.into_iter().collect())].into();
        all.push(meant);
    }
    if all.iter().flat_map(BTreeMap::values).all(BTreeSet::is_empty) {
        let (kind, read) = (query.kind().words().0, words::count(scene.here.len(), "workspace"));
        let told = format!("no {kind} is all that the query says, in the {read} that could be read");
        if scene.is_whole() {
            return Err(Trouble::new(Exit::Selection, format!("{told}; nothing was sent"))
                .advise("all terms must hold; a text without `*` is the whole name (`keyholder help tags`)"));
        }
        session.door.printer.warn(&told);
    }
    Ok(all)
}

/// Finds the lines' things among what a workspace has, as the API writes them.
fn of_rows(rows: &[TaggedRow], one: &Here<'_>, found: &mut BTreeSet<usize>) -> Meant {
    let mut meant = Meant::new();
    let Some(tagging) = one.observed.tagging.as_deref() else { return meant };
    let campaigns: BTreeMap<String, &str> =
        tagging.campaigns.rows.iter().map(|row| (row.id.to_string(), row.id.as_str())).collect();
    let accounts: BTreeMap<String, &str> =
        tagging.accounts.rows.iter().map(|row| (row.email.trim().to_ascii_lowercase(), row.email.as_str())).collect();
    for row in rows.iter().filter(|row| row.applies_to(one.workspace)) {
        let there = match row.kind {
            ResourceKind::Campaign => campaigns.get(row.resource.as_str()),
            ResourceKind::Account => accounts.get(&row.resource.as_str().to_ascii_lowercase()),
        };
        if let Some(resource) = there.and_then(|id| ResourceId::parse(id).ok()) {
            found.insert(row.line);
            meant.entry(row.kind).or_default().insert(resource);
        }
    }
    meant
}
