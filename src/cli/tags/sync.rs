//! `keyholder tags sync`: make, rename and describe tags as `[[tags]]` says, and delete what nothing carries.

use std::collections::BTreeSet;

use clap::Args;

use super::named;
use super::write::{self, Here, Scene};
use crate::cli::approval;
use crate::cli::args::{Approve, Select};
use crate::cli::change::Request;
use crate::cli::session::Session;
use crate::config::Purpose;
use crate::domain::{Fleet, TagId, TagSpec};
use crate::plan::TagWish;
use crate::report::cell::printable;
use crate::run::{Carrying, TagQuest};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// Labels that are named in one line.
const NAMED: usize = 8;

/// Make, rename and describe tags as `[[tags]]` of keyholder.toml says.
///
/// A tag that bears a former label is renamed, not made a second time. Tags that no `[[tags]]` names are left alone and told; with --prune those
/// that nothing carries are deleted.
#[derive(Debug, Args)]
#[command(
    after_help = "A plan that deletes tags is applied by typing the first six characters of its id, or with --confirm ID. \
                  What [[tags]] can say: `keyholder help tags`."
)]
pub struct Sync {
    /// Delete tags that no `[[tags]]` names, former ones beside the right one, and all but one of those that bear one label, where nothing carries them.
    #[arg(long)]
    prune: bool,
    #[command(flatten)]
    select: Select,
    #[command(flatten)]
    approve: Approve,
}

/// Returns the wish that a spec is.
pub fn present(spec: &TagSpec) -> TagWish {
    TagWish::Present { label: spec.label.clone(), description: spec.description.clone(), former: spec.former.clone() }
}

impl Sync {
    /// Runs the command.
    pub async fn run(self, session: &Session<'_>) -> Result<Exit, Trouble> {
        approval::check(&self.approve)?;
        if session.fleet.tags.is_empty() {
            return Err(Trouble::new(
                Exit::Config,
                "keyholder.toml has no [[tags]], so nothing says which tags there should be; nothing was sent",
            )
            .advise("write one for each tag: [[tags]] and below it label = \"Team North\" (`keyholder help tags`)"));
        }
        astray(session);
        let chosen = session.choose(&self.select, Purpose::Write)?;
        let carried = if self.prune { Carrying::Counts } else { Carrying::Nothing };
        let quest = TagQuest { carried, ..TagQuest::TAGS };
        let request = Request { command: "tags sync", select: &self.select, approve: &self.approve, undoes: None };
        write::run(session, request, &chosen, &quest, |scene| {
            self.tell_of_unknown(session, scene);
            Ok(scene.here.iter().map(|one| self.wishes(session, one)).collect())
        })
        .await
    }

    fn wishes(&self, session: &Session<'_>, one: &Here<'_>) -> Vec<TagWish> {
        let specs = named::specs(&session.fleet, one.workspace);
        let mut wishes: Vec<TagWish> = specs.iter().copied().map(present).collect();
        if self.prune {
            wishes.extend(loose_ends(&session.fleet, one, &specs).into_iter().map(|tag| TagWish::Pruned { tag }));
        }
        wishes
    }

    /// Says which tags are left alone, because nobody wrote down what they are.
    fn tell_of_unknown(&self, session: &Session<'_>, scene: &Scene<'_>) {
        let mut labels: BTreeSet<String> = BTreeSet::new();
        let (mut tags, mut workspaces) = (0, 0);
        for one in &scene.here {
            let specs = named::specs(&session.fleet, one.workspace);
            let Some(tagging) = one.observed.tagging.as_deref() else { continue };
            let unknown = named::in_order(tagging)
                .into_iter()
                .filter(|tag| named::word(&session.fleet, &specs, &tag.label) == "no");
            let before = tags;
            for tag in unknown {
                tags += 1;
                labels.insert(format!("\"{}\"", printable(tag.label.trim())));
            }
            workspaces += usize::from(tags > before);
        }
        if tags == 0 {
            return;
        }
        let labels: Vec<String> = labels.into_iter().collect();
        let carried = if self.prune { "those that something carries are" } else { "they are" };
        session.door.printer.say(&format!(
            "{} in {} that no [[tags]] names, of {}: {}; {carried} left alone (`keyholder tags` tells of each)",
            words::count(tags, "tag"),
            words::count(workspaces, "workspace"),
            words::count(labels.len(), "label"),
            words::some(&labels, NAMED),
        ));
    }
}

/// Warns of a spec that is for no workspace at all: one letter wrong in a label, and its tag is nowhere.
fn astray(session: &Session<'_>) {
    for spec in &session.fleet.tags {
        if !session.fleet.workspaces.iter().any(|workspace| spec.is_for(&workspace.labels)) {
            session.door.printer.warn(&format!(
                "{}: no workspace has the labels that \"{}\" is for; its tag is made nowhere",
                spec.place,
                printable(&spec.label)
            ));
        }
    }
}

/// Returns the tags that may be deleted if nothing carries them: those of no spec, former ones beside the right one, and those that bear
/// one label with others.
fn loose_ends(fleet: &Fleet, one: &Here<'_>, specs: &[&TagSpec]) -> Vec<TagId> {
    let Some(tagging) = one.observed.tagging.as_deref() else { return Vec::new() };
    let may_go = |label: &str| match named::word(fleet, specs, label) {
        "yes" => tagging.called(label).map(|tag| &tag.id).collect::<BTreeSet<_>>().len() > 1,
        // A former label beside the right one is a leftover; where the right one is missing it is renamed.
        "former" => specs.iter().any(|spec| {
            spec.former.iter().any(|former| former == label.trim()) && tagging.called(&spec.label).next().is_some()
        }),
        word => word == "no",
    };
    named::in_order(tagging).into_iter().filter(|tag| may_go(&tag.label)).map(|tag| tag.id.clone()).collect()
}
