//! Reading the tags of a whole fleet: many lanes at once, each taken in config order and dropped once it was told.

use crate::cli::session::{self, Session};
use crate::cli::sweep::{self, Looked};
use crate::cli::{reading, survey};
use crate::plan::{Observed, Tagging};
use crate::report::{Coverage, Unlisted};
use crate::run::{Deck, TagQuest, Target, look_at_tags};
use crate::trouble::Trouble;

/// Looks at the tags of every target and hands each that could be read on, in config order, with the moment it was looked at. Returns what
/// could be seen.
pub async fn sweep(
    session: &Session<'_>,
    deck: &Deck,
    targets: &[Target],
    quest: &TagQuest,
    mut take: impl FnMut(&Observed, &Tagging, &str) -> Result<(), Trouble>,
) -> Result<Coverage, Trouble> {
    let mut coverage = Coverage { asked: targets.len(), ..Coverage::default() };
    let mut unseen: Vec<Unlisted> = Vec::new();
    let look = async |target: &Target| look_at_tags(deck, target, quest).await;
    sweep::each(session, deck, targets, look, async |target, looked: Looked| {
        let observed = match survey::seen_or_why(looked.sight) {
            Ok(observed) => observed,
            Err(trouble) => {
                session::unreadable(&mut coverage, target.name.as_str(), &trouble);
                return Ok(());
            }
        };
        let Some(tagging) = observed.tagging.as_deref() else { return Ok(()) };
        match &tagging.tags.incomplete {
            None => coverage.complete += 1,
            Some(why) => coverage.partial.push((target.name.to_string(), format!("the list of tags: {why}"))),
        }
        unseen.extend(reading::unseen_beside_tags(&observed, quest));
        let at = crate::cli::keys::list::to_the_second(looked.at).to_string();
        take(&observed, tagging, &at)
    })
    .await?;
    coverage.note_unseen(unseen);
    Ok(coverage)
}
