//! Reading workspaces for a listing about people: members and belongings, side by side. Nothing ends it but its own end: a workspace that
//! cannot be read, or that another one answers for, is a lane of its own and stands in the coverage.

use super::reading;
use super::session::{self, Session};
use crate::domain::Workspace;
use crate::plan::Observed;
use crate::report::Coverage;
use crate::run::{Deck, LaneTrouble, Quest, Sight, TroubleKind};
use crate::trouble::Trouble;

/// What was read.
#[derive(Debug)]
pub struct Survey {
    /// What the lanes shared.
    pub deck: Deck,
    /// The workspaces that could be observed, in config order.
    pub observed: Vec<Observed>,
    /// What could be seen, and what could not.
    pub coverage: Coverage,
    /// When it was read.
    pub read_at: String,
}

impl Survey {
    /// Reads the chosen workspaces, and in each what the people of `quest` own, made or started there.
    pub async fn take(
        session: &Session<'_>,
        chosen: &[&Workspace],
        quest: impl Fn(&Observed) -> Option<Quest>,
    ) -> Result<Self, Trouble> {
        let keys = session.keys(chosen).await?;
        let targets = session.targets(chosen, &keys);
        let deck = session.deck(None)?;
        let sights = reading::sights(session, &deck, "reading", &targets, quest).await?;
        let mut coverage = Coverage { asked: targets.len(), ..Coverage::default() };
        let mut observed = Vec::new();
        for (target, sight) in targets.iter().zip(sights) {
            let identity =
                |text: String, advice: &str| LaneTrouble::new(TroubleKind::Identity, text, vec![advice.to_owned()]);
            let trouble = match sight {
                Sight::Seen(seen) => {
                    match &seen.incomplete {
                        None => coverage.complete += 1,
                        Some(why) => coverage.partial.push((target.name.to_string(), why.clone())),
                    }
                    observed.push(*seen);
                    continue;
                }
                Sight::Unreadable(trouble) => trouble,
                Sight::Stranger { pinned, seen } => identity(
                    format!("pinned is {pinned}, its key opens {}; nothing of it is shown", seen.id),
                    "give the workspace the key that belongs to it; `keyholder check` shows who answers",
                ),
                Sight::Unpinned { seen } => identity(
                    format!("no id is pinned; its key opens {}", seen.id),
                    "write the ids into the files with `keyholder pin`",
                ),
            };
            session::unreadable(&mut coverage, target.name.as_str(), &trouble);
        }
        let read_at = deck.clock.now().to_string();
        Ok(Self { deck, observed, coverage, read_at })
    }
}
