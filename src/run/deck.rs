//! What all lanes of a run share, and what one lane is pointed at.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::keeper::Keeper;
use super::stop::Stop;
use super::talks::{Talking, Talks};
use super::trouble::LaneTrouble;
use crate::api::transport::Transport;
use crate::api::{Client, ClientSettings, Permits, Tally};
use crate::clock::Clock;
use crate::domain::fleet::BaseUrl;
use crate::domain::{Access, KeyId, Mode, SecurityToken, WorkspaceId, WorkspaceName};
use crate::pace::{Pace, Pacer, Pacers, mixed};

/// What all lanes share.
#[derive(Debug, Clone)]
pub struct Deck {
    /// What carries requests.
    pub transport: Arc<dyn Transport>,
    /// The clock.
    pub clock: Clock,
    /// One pacer per workspace.
    pub pacers: Arc<Pacers>,
    /// The pace locks, by which the pacers of all processes are one; none paces this process by itself.
    pub talks: Option<Arc<Talks>>,
    /// Requests in flight over all workspaces.
    pub in_flight: Arc<Permits>,
    /// Counters.
    pub tally: Arc<Tally>,
    /// Stopping.
    pub stop: Stop,
    /// Where requests go.
    pub base: BaseUrl,
    /// Longest wait for one answer.
    pub timeout: Duration,
    /// Wait before an ambiguous creation is judged.
    pub settle: Duration,
    /// When the run is over; lanes beyond it are parked.
    pub deadline: Instant,
    /// Where secrets of made keys go.
    pub keeper: Arc<dyn Keeper>,
    /// The security token of a transfer of ownership; none where the command was given none.
    pub token: Option<SecurityToken>,
    /// Seed of jitter; each workspace derives its own from it and its name.
    pub seed: u64,
}

/// One workspace a lane is pointed at.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name in our files.
    pub name: WorkspaceName,
    /// The pinned identity.
    pub pinned: Option<WorkspaceId>,
    /// What may be done there.
    pub mode: Mode,
    /// How it is reached, or why it can't be.
    pub access: Result<Access, LaneTrouble>,
    /// Which of the workspace's keys the one it is reached with is, where that is known from when it was made or adopted: a list that shows
    /// no secrets does not tell.
    pub key_id: Option<KeyId>,
    /// Whose budgets a request is charged to, with the places of each: the workspace's, then the admin workspace's with `via`.
    pub pays: Vec<(String, u32)>,
}

impl Target {
    /// Waits until this process may talk to the workspace. To be kept for as long as the lane talks, and no longer.
    pub async fn talk(&self, deck: &Deck) -> Result<Talking, LaneTrouble> {
        match &deck.talks {
            // Who is not asked, or cannot be, is not talked to.
            Some(talks) if self.mode != Mode::Off && self.access.is_ok() => {
                let pays: Vec<_> =
                    self.pacers(deck).zip(&self.pays).map(|(pacer, (key, _))| (key.clone(), pacer)).collect();
                talks.begin(&pays, deck.deadline).await
            }
            _ => Ok(Talking::default()),
        }
    }

    fn pacers(&self, deck: &Deck) -> impl Iterator<Item = Arc<Pacer>> {
        self.pays.iter().map(|(key, places)| deck.pacers.get(key, *places))
    }

    fn pace(&self, deck: &Deck) -> Pace {
        let mut pacers = self.pacers(deck);
        let own = pacers.next().expect("a workspace always pays itself");
        match pacers.next() {
            None => Pace::of(own),
            Some(admin) => Pace::via(own, admin),
        }
    }

    /// Returns the seed of this lane's jitter: its own, so that lanes that failed together do not return together.
    pub fn seed(&self, deck: &Deck) -> u64 {
        mixed(deck.seed, self.name.as_str())
    }

    /// Returns when the lane may be spoken to next, where its pace makes it wait; for progress.
    pub fn next_free(&self, deck: &Deck) -> Option<Instant> {
        self.pace(deck).next_free()
    }

    /// Makes the lane's client; the error says why there is none.
    pub fn client(&self, deck: &Deck) -> Result<Client, LaneTrouble> {
        let access = self.access.clone()?;
        Ok(Client::new(ClientSettings {
            transport: Arc::clone(&deck.transport),
            access,
            base: deck.base.clone(),
            pace: self.pace(deck),
            in_flight: Arc::clone(&deck.in_flight),
            clock: deck.clock,
            timeout: deck.timeout,
            deadline: Some(deck.deadline),
            seed: self.seed(deck),
            tally: Arc::clone(&deck.tally),
        }))
    }
}
