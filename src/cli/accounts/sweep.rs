//! Reading the sending accounts of a whole fleet: many lanes at once, each taken in config order and dropped once it was told.

use futures::StreamExt as _;
use jiff::Timestamp;

use crate::cli::open_files;
use crate::cli::session::Session;
use crate::cli::watch::Watch;
use crate::domain::SentDaily;
use crate::plan::Observed;
use crate::run::{AccountQuest, Deck, LaneTrouble, Sight, Target, lane, look_at_accounts};
use crate::trouble::Trouble;

/// One workspace whose turn has come.
#[derive(Debug)]
pub struct Looked {
    /// What came of it.
    pub sight: Sight,
    /// What the accounts sent that were asked for.
    pub sent: SentDaily,
    /// When it was looked at.
    pub at: Timestamp,
}

/// Looks at the sending accounts of every target and hands each on in config order; `wanted` says whose sending is asked for. At most
/// [`lane::AHEAD`] workspaces are held at a time, however many there are.
pub async fn sweep(
    session: &Session<'_>,
    deck: &Deck,
    targets: &[Target],
    quest: AccountQuest,
    wanted: impl Fn(&Observed) -> Vec<String>,
    mut take: impl FnMut(&Target, Looked) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    open_files::for_talking(targets)?;
    let watch = Watch::begin(&session.door.printer, deck, "reading", targets);
    let sweeping = async {
        let lanes = lane::in_turn(targets, |target| async {
            let (sight, sent) = look_at_accounts(deck, target, quest, &wanted).await;
            watch.ended(target.name.as_str(), !matches!(sight, Sight::Seen(_)));
            Looked { sight, sent, at: deck.clock.now() }
        });
        let mut lanes = std::pin::pin!(lanes);
        for target in targets {
            let looked = lanes.next().await.and_then(Result::ok).unwrap_or_else(|| Looked {
                sight: Sight::Unreadable(LaneTrouble::bug()),
                sent: SentDaily::default(),
                at: deck.clock.now(),
            });
            take(target, looked)?;
        }
        Ok(())
    };
    watch.around(deck.stop.unless_draining(sweeping)).await.ok_or_else(|| session.interrupted())?
}
