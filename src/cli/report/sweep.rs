//! The lanes of a report: the deepest begin first, whoever is ready goes on, and what is kept of each stands in config order in the end.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::pin::pin;

use futures::StreamExt as _;

use super::file::Written;
use super::interrupted;
use super::kept::{Kept, Tables};
use super::lane::Lanes;
use crate::cli::open_files;
use crate::cli::session::Session;
use crate::cli::watch::Watch;
use crate::domain::Sizes;
use crate::report::bulk::Facts;
use crate::run::{Target, lane};
use crate::trouble::Trouble;

/// What came of the lanes, each in config order.
#[derive(Debug, Default)]
pub struct Swept {
    /// Facts.
    pub facts: Vec<Facts>,
    /// Files.
    pub tables: Vec<Tables>,
    /// Pages, as far as they are drawn.
    pub pages: Vec<Option<Written>>,
    /// How long lists were.
    pub sizes: Vec<Sizes>,
}

/// How deep a workspace is taken to be of which nothing is known: deeper than most, for it may be the deepest of all.
const UNKNOWN: u64 = 8;

/// Reads every target that is not among those that were seen whole before. Lanes that are alive hold what they read, and a file each: so at most
/// [`lane::HOLDING`] are, beside the merged tables that grow meanwhile. `depth` tells how many requests of a workspace wait for each other, where
/// that is known: the deepest begin first, for the longest chain that begins last is what all wait for.
pub async fn sweep(
    session: &Session<'_>,
    lanes: &Lanes<'_>,
    targets: &[Target],
    whole: BTreeMap<String, Kept>,
    depth: impl Fn(&Target) -> Option<u64>,
) -> Result<Swept, Trouble> {
    let files = lane::HOLDING.min(targets.len()) + lanes.asked.tables().count();
    open_files::for_talking_and_files(lanes.deck, targets, files)?;
    let mut ended = whole;
    let mut left: Vec<Target> =
        targets.iter().filter(|target| !ended.contains_key(target.name.as_str())).cloned().collect();
    left.sort_by_cached_key(|target| Reverse(depth(target).unwrap_or(UNKNOWN)));
    let watch = Watch::begin(&session.door.printer, lanes.deck, "reading", &left);
    let sweeping = async {
        let reading = lane::at_most(lane::HOLDING, &left, |target| Box::pin(lanes.read(target)));
        let mut reading = pin!(reading);
        while let Some((place, result)) = reading.next().await {
            let target = &left[place];
            let kept = match result {
                Ok(kept) => kept?,
                Err(lane::Panicked) => lanes.bug(target)?,
            };
            watch.ended(target.name.as_str(), kept.facts.trouble.is_some());
            ended.insert(target.name.to_string(), kept);
        }
        Ok(())
    };
    match watch.around(lanes.deck.stop.unless_draining(sweeping)).await {
        Some(swept) => swept?,
        None => return Err(interrupted(session, ended.len(), targets.len())),
    }
    let mut swept = Swept::default();
    for Kept { facts, tables, sizes, page } in targets.iter().filter_map(|target| ended.remove(target.name.as_str())) {
        swept.facts.push(facts);
        swept.tables.push(tables);
        swept.pages.push(page);
        swept.sizes.push(sizes);
    }
    Ok(swept)
}
