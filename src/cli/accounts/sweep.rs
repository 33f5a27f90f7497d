//! Reading the sending accounts of a whole fleet.

use crate::cli::session::Session;
use crate::cli::sweep;
use crate::domain::SentDaily;
use crate::plan::Observed;
use crate::run::{AccountQuest, Deck, Sight, Target, look_at_accounts};
use crate::trouble::Trouble;

/// One workspace whose turn has come: what came of it, and what the accounts sent that were asked for.
pub type Looked = sweep::Looked<(Sight, SentDaily)>;

/// Looks at the sending accounts of every target and hands each on in config order; `wanted` says whose sending is asked for.
pub async fn sweep(
    session: &Session<'_>,
    deck: &Deck,
    targets: &[Target],
    quest: AccountQuest,
    wanted: impl Fn(&Observed) -> Vec<String>,
    mut take: impl FnMut(&Target, Looked) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    let look = async |target: &Target| look_at_accounts(deck, target, quest, &wanted).await;
    sweep::each(session, deck, targets, look, async |target, looked| take(target, looked)).await
}
