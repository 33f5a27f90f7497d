//! Reading a whole fleet: many lanes at once, each taken in config order and dropped once it was told.

use futures::StreamExt as _;
use jiff::Timestamp;

use super::open_files;
use super::session::Session;
use super::watch::Watch;
use crate::domain::SentDaily;
use crate::run::{Deck, LaneTrouble, Sight, Target, lane};
use crate::trouble::Trouble;

/// What a lane brings back.
pub trait Brought {
    /// What is brought back by a lane that panicked.
    fn lost() -> Self;
    /// Tells whether the workspace was seen.
    fn is_seen(&self) -> bool;
}

impl Brought for Sight {
    fn lost() -> Self {
        Self::Unreadable(LaneTrouble::bug())
    }

    fn is_seen(&self) -> bool {
        matches!(self, Self::Seen(_))
    }
}

impl Brought for (Sight, SentDaily) {
    fn lost() -> Self {
        (Sight::lost(), SentDaily::default())
    }

    fn is_seen(&self) -> bool {
        self.0.is_seen()
    }
}

/// One workspace whose turn has come.
#[derive(Debug)]
pub struct Looked<T = Sight> {
    /// What came of it.
    pub sight: T,
    /// When it was looked at.
    pub at: Timestamp,
}

/// Looks at every target by `look`, and hands each on in config order. At most [`lane::AHEAD`] workspaces are held at a time, however many
/// there are.
pub async fn each<T: Brought>(
    session: &Session<'_>,
    deck: &Deck,
    targets: &[Target],
    look: impl AsyncFn(&Target) -> T,
    mut take: impl AsyncFnMut(&Target, Looked<T>) -> Result<(), Trouble>,
) -> Result<(), Trouble> {
    open_files::for_talking(deck, targets)?;
    let watch = Watch::begin(&session.door.printer, deck, "reading", targets);
    let sweeping = async {
        let lanes = lane::in_turn(targets, |target| async {
            let sight = look(target).await;
            watch.ended(target.name.as_str(), !sight.is_seen());
            Looked { sight, at: deck.clock.now() }
        });
        let mut lanes = std::pin::pin!(lanes);
        for target in targets {
            let looked = lanes.next().await.and_then(Result::ok);
            take(target, looked.unwrap_or_else(|| Looked { sight: T::lost(), at: deck.clock.now() })).await?;
        }
        Ok(())
    };
    watch.around(deck.stop.unless_draining(sweeping)).await.ok_or_else(|| session.interrupted())?
}
