//! `keyholder tags assign` and `unassign`: put a tag on campaigns or sending accounts, or take it off.

use std::collections::BTreeSet;

use clap::Args;

use super::which::{Flags, Meant, Which};
use super::write::{self, Here, Scene};
use super::{named, which};
use crate::cli::approval;
use crate::cli::args::{Approve, Select};
use crate::cli::change::Request;
use crate::cli::session::Session;
use crate::config::{Purpose, did_you_mean};
use crate::plan::TagWish;
use crate::report::cell::printable;
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// Put a tag on campaigns or sending accounts.
///
/// The tag is looked up by its label in each workspace. Where it is missing it is made first if `[[tags]]` names it for that workspace or with
/// --create; else nothing is sent there. Only what does not carry it yet is sent, a hundred a request, and read back.
#[derive(Debug, Args)]
#[command(after_help = "What a query can say: `keyholder help tags`.")]
pub struct Assign {
    /// The tag's label.
    #[arg(id = "tag_label", value_name = "LABEL")]
    label: String,
    #[command(flatten)]
    which: Flags,
    /// Make the tag where it is missing.
    #[arg(long)]
    create: bool,
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    approve: Approve,
}

/// Take a tag off campaigns or sending accounts.
///
/// Only what carries it is sent, a hundred a request, and read back. The tag itself stays.
#[derive(Debug, Args)]
#[command(
    after_help = "A plan that takes a tag off anything is applied by typing the first six characters of its id, or with --confirm ID. \
                  What a query can say: `keyholder help tags`."
)]
pub struct Unassign {
    /// The tag's label.
    #[arg(id = "tag_label", value_name = "LABEL")]
    label: String,
    #[command(flatten)]
    which: Flags,
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    approve: Approve,
}

impl Assign {
    /// Runs the command.
    pub async fn run(self, session: &Session<'_>) -> Result<Exit, Trouble> {
        let Self { label, which, create, select, approve } = self;
        let request = Request { command: "tags assign", select: &select, approve: &approve, undoes: None };
        run(session, &label, &which, request, Verb { assign: true, create }).await
    }
}

impl Unassign {
    /// Runs the command.
    pub async fn run(self, session: &Session<'_>) -> Result<Exit, Trouble> {
        let Self { label, which, select, approve } = self;
        let request = Request { command: "tags unassign", select: &select, approve: &approve, undoes: None };
        run(session, &label, &which, request, Verb { assign: false, create: false }).await
    }
}

/// What is to be done.
#[derive(Debug, Clone, Copy)]
struct Verb {
    assign: bool,
    create: bool,
}

async fn run(
    session: &Session<'_>,
    label: &str,
    flags: &which::Flags,
    request: Request<'_>,
    verb: Verb,
) -> Result<Exit, Trouble> {
    approval::check(request.approve)?;
    let label = named::label(label)?;
    if session.fleet.accounts.keeps(&label) {
        session.door.printer.warn(&format!(
            "\"{}\" is the tag of a sending account's owner: `keyholder accounts owners sync` keeps those, and puts back what the files say",
            printable(&label)
        ));
        session.door.printer.hint("say whose an account is in [accounts.owners] or in the list of owners, then sync");
    }
    let chosen = session.choose(request.select, Purpose::Write)?;
    let which = Which::read(session, flags, &chosen)?;
    let quest = which.quest(&label);
    write::run(session, request, &chosen, &quest, |scene| {
        known(session, &label, verb, scene)?;
        let meant = which.resolve(session, scene)?;
        Ok(scene.here.iter().zip(meant).map(|(one, meant)| wishes(session, &label, verb, one, meant)).collect())
    })
    .await
}

/// A label that is nowhere and that nothing makes is an error where all was read: one letter wrong would make a tag of its own, or look
/// like a clean end.
fn known(session: &Session<'_>, label: &str, verb: Verb, scene: &Scene<'_>) -> Result<(), Trouble> {
    let named = |one: &Here<'_>| named::specs(&session.fleet, one.workspace).iter().any(|spec| spec.label == label);
    let there =
        |one: &Here<'_>| one.observed.tagging.as_deref().is_some_and(|tags| tags.called(label).next().is_some());
    let made = verb.assign && (verb.create || scene.here.iter().any(named));
    if made || scene.here.iter().any(there) || !scene.is_whole() {
        return Ok(());
    }
    let all: BTreeSet<&str> = scene
        .here
        .iter()
        .filter_map(|one| one.observed.tagging.as_deref())
        .flat_map(|tagging| tagging.tags.rows.iter().map(|tag| tag.label.trim()))
        .chain(session.fleet.tags.iter().map(|spec| spec.label.as_str()))
        .collect();
    let read = words::count(scene.here.len(), "workspace");
    let trouble = Trouble::new(
        Exit::Selection,
        format!("no tag \"{}\" is in the {read} asked; nothing was sent", printable(label)),
    );
    let near = did_you_mean(label, all.iter().copied()).map(|near| printable(&near));
    let trouble = near.into_iter().fold(trouble, Trouble::advise);
    Err(if verb.assign {
        trouble.advise("name it in [[tags]] of keyholder.toml, or say --create to make it where it is missing")
    } else {
        trouble.advise("`keyholder tags --by label` lists the labels of the fleet")
    })
}

fn wishes(session: &Session<'_>, label: &str, verb: Verb, one: &Here<'_>, meant: Meant) -> Vec<TagWish> {
    let there = one.observed.tagging.as_deref().is_some_and(|tags| tags.called(label).next().is_some());
    let specs = named::specs(&session.fleet, one.workspace);
    let spec = specs.iter().find(|spec| spec.label == label).filter(|_| verb.assign && !there);
    let mut wishes: Vec<TagWish> = Vec::new();
    for (on, resources) in meant.into_iter().filter(|(_, resources)| !resources.is_empty()) {
        wishes.push(TagWish::Assigned {
            label: label.to_owned(),
            on,
            resources: resources.into_iter().collect(),
            assign: verb.assign,
            make: (verb.assign && verb.create).then_some(None),
        });
    }
    // What is missing comes about as `tags sync` would have it, where something is to carry it.
    if let Some(spec) = spec.filter(|_| !wishes.is_empty()) {
        wishes.push(super::sync::present(spec));
    }
    wishes
}
