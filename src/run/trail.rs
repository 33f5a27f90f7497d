//! Reading the trail of one workspace: its records pass by, and none is kept.
//!
//! An empty trail, one that the plan or the key does not allow and one that could not be read to its end are three things, told apart here.

use std::io;

use jiff::Timestamp;

use super::belongings::found;
use super::deck::{Deck, Target};
use super::look::identify;
use super::trouble::LaneTrouble;
use crate::api::{TrailFailure, TrailFilter};
use crate::domain::{Identity, Member, Told, TrailLine};

/// A workspace whose trail is about to be read.
#[derive(Debug, Clone)]
pub struct TrailHome {
    /// Who it is.
    pub identity: Identity,
    /// When.
    pub at: Timestamp,
    /// Its members, where they were asked for.
    pub members: Option<Told<Vec<Member>>>,
}

/// Says what is asked of a trail, and takes its records as they come. What it refuses, as a full disk does, ends the reading.
pub trait TrailTaker {
    /// Says which records are asked for; none asks for nothing. It may wait for its turn: nothing is in flight meanwhile.
    fn begin(&mut self, home: &TrailHome) -> impl Future<Output = io::Result<Option<TrailFilter>>>;
    /// Takes one record.
    fn take(&mut self, line: &TrailLine<'_>) -> io::Result<()>;
}

/// What came of reading a trail.
#[derive(Debug, Clone)]
pub struct TrailTold {
    /// Whose it is.
    pub home: TrailHome,
    /// How many records passed.
    pub records: u64,
    /// Why there may be more.
    pub incomplete: Option<String>,
    /// The trouble that ended it, where one did.
    pub trouble: Option<LaneTrouble>,
}

/// Why a trail was not read.
#[derive(Debug)]
pub enum TrailEnd {
    /// The lane's trouble.
    Lane(LaneTrouble),
    /// What was read could not be taken.
    Taker(io::Error),
}

impl From<LaneTrouble> for TrailEnd {
    fn from(trouble: LaneTrouble) -> Self {
        Self::Lane(trouble)
    }
}

/// Reads the trail of one workspace, once its identity was checked; `members` says whether who is there is read first.
pub async fn read_trail(
    deck: &Deck,
    target: &Target,
    members: bool,
    taker: &mut impl TrailTaker,
) -> Result<TrailTold, TrailEnd> {
    let _talking = target.talk(deck).await?;
    let (identity, client) = identify(deck, target).await?.pinned()?;
    let mut home = TrailHome { at: deck.clock.now(), identity, members: None };
    if members {
        let found = found(client.members(&home.identity.id).await);
        home.members = Some(Told { value: found.rows, incomplete: found.incomplete });
    }
    let Some(filter) = taker.begin(&home).await.map_err(TrailEnd::Taker)? else {
        return Ok(TrailTold { home, records: 0, incomplete: None, trouble: None });
    };
    let mut records = 0;
    let mut take = |line: &TrailLine<'_>| {
        records += 1;
        taker.take(line)
    };
    let read = client.trail_lines(&home.identity.id, &filter, &mut take).await;
    let (incomplete, trouble) = match read {
        Ok(read) => (read.complete.err().map(|why| why.to_string()), None),
        Err(TrailFailure::Refused(no)) => return Err(TrailEnd::Taker(no)),
        Err(TrailFailure::Api(error)) => (Some(error.to_string()), Some(LaneTrouble::from(error))),
    };
    Ok(TrailTold { home, records, incomplete, trouble })
}
