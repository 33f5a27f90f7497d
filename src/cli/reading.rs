//! The reading half of every command that writes: keys, identities, listings, and what could not be had.

use std::collections::BTreeSet;
use std::time::Duration;

use super::change::Drawn;
use super::keys::sweep::unseen;
use super::open_files;
use super::session::{self, Keys, Session};
use super::watch::Watch;
use crate::domain::{Change, Disposition, Guards, Mode, StepKind, Workspace, WorkspaceId};
use crate::journal::{Ledger, LedgerError, Unsettled};
use crate::plan::refusal::DAY;
use crate::plan::{Doubt, Item, Observed, Rules};
use crate::report::{Coverage, Unlisted};
use crate::run::{
    Deck, LaneTrouble, Quest, Ring, Sight, TagQuest, Target, TroubleKind, observe, observe_keys, observe_links,
    observe_tags,
};
use crate::trouble::{Exit, Trouble};
use crate::ui::words;

/// What steps are about, where it is one thing alone: no more of their workspaces is read than that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// People, or more than one thing: the members are read.
    People,
    /// Keys that are nobody's. Nobody's membership is asked for: a key made for no more than that may not.
    Keys,
    /// Tags, for the same reason.
    Tags,
    /// The links of groups, for the same reason.
    Links,
}

impl Column {
    /// Says what changes are about.
    pub fn of<'a>(changes: impl Iterator<Item = &'a Change>) -> Self {
        let mut column = None;
        for change in changes {
            let one = match change.kind() {
                _ if change.person().is_some() => return Self::People,
                kind if kind.is_about_tags() => Self::Tags,
                kind if kind.is_about_links() => Self::Links,
                _ => Self::Keys,
            };
            if *column.get_or_insert(one) != one {
                return Self::People;
            }
        }
        column.unwrap_or(Self::People)
    }
}

/// What was read of the chosen workspaces.
#[derive(Debug)]
pub struct Reading {
    /// The lanes, in config order.
    pub targets: Vec<Target>,
    /// The workspaces that could be observed, in config order; of one that is `off` nothing is known.
    pub observed: Vec<Observed>,
    /// What could be seen, and what could not.
    pub coverage: Coverage,
    /// Requests it needed: each page and each identity once, without what had to be repeated.
    pub requests: u64,
    /// How long it took; a person's thinking over the plan is nobody's cost.
    pub took: Duration,
}

impl Reading {
    /// Reads every chosen workspace at once. Another workspace than the pinned one, or none pinned, anywhere: nothing is written
    /// anywhere.
    pub async fn take(session: &Session<'_>, deck: &Deck, targets: Vec<Target>) -> Result<Self, Trouble> {
        Self::with_belongings(session, deck, targets, |_| None).await
    }

    /// Reads every chosen workspace at once, and in each what the people of `quest` own, made or started there.
    pub async fn with_belongings(
        session: &Session<'_>,
        deck: &Deck,
        targets: Vec<Target>,
        quest: impl Fn(&Observed) -> Option<Quest>,
    ) -> Result<Self, Trouble> {
        let sights =
            watched(session, deck, "reading", &targets, async |seen| observe(deck, &targets, quest, seen).await)
                .await?;
        Self::of_sights(deck, targets, sights, |observed| observed.incomplete.clone())
    }

    /// Reads the keys of every chosen workspace at once, and no more than `ring` says. What makes a workspace read whole is its list of
    /// keys; members that could not be read are told as not seen.
    pub async fn of_keys(
        session: &Session<'_>,
        deck: &Deck,
        targets: Vec<Target>,
        ring: Ring,
    ) -> Result<Self, Trouble> {
        let sights =
            watched(session, deck, "reading", &targets, async |seen| observe_keys(deck, &targets, ring, seen).await)
                .await?;
        let listed = |observed: &Observed| observed.belongings.as_deref()?.keys.incomplete.clone();
        let mut reading = Self::of_sights(deck, targets, sights, listed)?;
        if ring != Ring::Keys {
            let unseen: Vec<Unlisted> = reading.observed.iter().flat_map(unseen).collect();
            reading.coverage.note_unseen(unseen);
        }
        Ok(reading)
    }

    /// Reads the tags of every chosen workspace at once, and no more than `quest` says. What makes a workspace read whole is its list of
    /// tags; what else was asked for and could not be read is told as not seen.
    pub async fn of_tags(
        session: &Session<'_>,
        deck: &Deck,
        targets: Vec<Target>,
        quest: &TagQuest,
    ) -> Result<Self, Trouble> {
        let sights =
            watched(session, deck, "reading", &targets, async |seen| observe_tags(deck, &targets, quest, seen).await)
                .await?;
        let listed = |observed: &Observed| observed.tagging.as_deref()?.tags.incomplete.clone();
        let mut reading = Self::of_sights(deck, targets, sights, listed)?;
        let unseen: Vec<Unlisted> =
            reading.observed.iter().flat_map(|observed| unseen_beside_tags(observed, quest)).collect();
        reading.coverage.note_unseen(unseen);
        Ok(reading)
    }

    /// Reads the links under every chosen workspace at once. What makes a workspace read whole is its list of links.
    pub async fn of_links(session: &Session<'_>, deck: &Deck, targets: Vec<Target>) -> Result<Self, Trouble> {
        let sights =
            watched(session, deck, "reading", &targets, async |seen| observe_links(deck, &targets, seen).await).await?;
        let listed = |observed: &Observed| observed.links.as_deref()?.incomplete.clone();
        Self::of_sights(deck, targets, sights, listed)
    }

    /// Puts together what was seen. `cut` says why a workspace was not read whole.
    fn of_sights(
        deck: &Deck,
        targets: Vec<Target>,
        sights: Vec<Sight>,
        cut: impl Fn(&Observed) -> Option<String>,
    ) -> Result<Self, Trouble> {
        strangers(&targets, &sights)?;
        let mut coverage = Coverage { asked: targets.len(), ..Coverage::default() };
        let mut seen = Vec::new();
        for (target, sight) in targets.iter().zip(sights) {
            match sight {
                Sight::Seen(observed) => {
                    match cut(&observed) {
                        None => coverage.complete += 1,
                        Some(why) => coverage.partial.push((target.name.to_string(), why)),
                    }
                    seen.push(*observed);
                }
                Sight::Unreadable(trouble) => {
                    session::unreadable(&mut coverage, target.name.as_str(), &trouble);
                    // Never a silent skip: what was asked of a workspace that is off is held because of its mode.
                    if let (TroubleKind::Off, Some(id)) = (trouble.kind, &target.pinned) {
                        seen.push(off(target, id));
                    }
                }
                Sight::Stranger { .. } | Sight::Unpinned { .. } => unreachable!("`strangers` ended the command"),
            }
        }
        let requests = deck.tally.taken();
        Ok(Self { targets, observed: seen, coverage, requests, took: deck.clock.elapsed() })
    }
}

/// Looks at every workspace at once, watched; `observing` is handed who is to be told of each sight.
pub async fn watched(
    session: &Session<'_>,
    deck: &Deck,
    what: &'static str,
    targets: &[Target],
    observing: impl AsyncFnOnce(&mut dyn FnMut(usize, &Sight)) -> Option<Vec<Sight>>,
) -> Result<Vec<Sight>, Trouble> {
    open_files::for_talking(deck, targets)?;
    let watch = Watch::begin(&session.door.printer, deck, what, targets);
    let mut seen = |place: usize, sight: &Sight| {
        watch.ended(targets[place].name.as_str(), matches!(sight, Sight::Unreadable(_)));
    };
    watch.around(observing(&mut seen)).await.ok_or_else(|| session.interrupted())
}

/// Says which listings beside the tags were asked for and not seen whole in a workspace.
pub fn unseen_beside_tags(observed: &Observed, quest: &TagQuest) -> Vec<Unlisted> {
    let tagging = observed.tagging.as_deref();
    let lists = [
        ("workspace-members", observed.incomplete.as_ref().filter(|_| quest.members)),
        ("campaigns", tagging.and_then(|tagging| tagging.campaigns.incomplete.as_ref())),
        ("accounts", tagging.and_then(|tagging| tagging.accounts.incomplete.as_ref())),
        ("custom-tag-mappings", tagging.and_then(|tagging| tagging.carried_incomplete.as_ref())),
    ];
    let unlisted = |(listing, why): (&str, Option<&String>)| {
        let (workspace, listing) = (observed.workspace.to_string(), listing.to_owned());
        // Of a workspace that is off nothing was asked.
        tagging?;
        Some(Unlisted { workspace, listing, reason: why?.clone() })
    };
    lists.into_iter().filter_map(unlisted).collect()
}

/// A workspace whose mode is `off`: nothing is known of it, and the guard holds every step there.
fn off(target: &Target, id: &WorkspaceId) -> Observed {
    Observed {
        workspace: target.name.clone(),
        id: id.clone(),
        mode: Mode::Off,
        owner: None,
        members: Vec::new(),
        incomplete: None,
        acts_as: false,
        belongings: None,
        tagging: None,
        links: None,
    }
}

/// A key reference that leads nowhere is a mistake in our own files: nothing is written anywhere.
pub fn keys_or_trouble(keys: &Keys, chosen: &[&Workspace]) -> Result<(), Trouble> {
    let broken: Vec<(String, LaneTrouble)> = chosen
        .iter()
        .filter_map(|workspace| match keys.get(&workspace.name) {
            Some(Err(trouble)) => Some((workspace.name.to_string(), session::key_trouble(trouble))),
            _ => None,
        })
        .collect();
    if broken.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = broken.iter().map(|(name, trouble)| format!("  {name}: {trouble}")).collect();
    let mut trouble = Trouble::new(
        Exit::Config,
        format!("{} cannot be had; nothing was sent\n{}", words::count(broken.len(), "key"), lines.join("\n")),
    );
    let advice: BTreeSet<String> = broken.into_iter().flat_map(|(_, trouble)| trouble.advice).collect();
    for advice in advice {
        trouble = trouble.advise(advice);
    }
    Err(trouble.advise("or leave these workspaces out with --exclude"))
}

/// Waits the settle time where a run was begun here that the ledger does not know: nothing remembers what that run sent, and it may
/// still land after a look. Once waited for, it is over.
pub async fn after_a_lost_ledger(session: &Session<'_>, deck: &Deck, ledger: &Ledger) -> Result<(), Trouble> {
    let lost = ledger.lost_runs().await.map_err(|error| Trouble::advised(error.exit(), error))?;
    let Some(run) = lost.last() else { return Ok(()) };
    let why = format!(
        "the ledger that knew run {run} was removed or replaced; waiting {} so that nothing it sent can land after the look",
        words::duration(deck.settle)
    );
    wait_the_settle_time(session, deck, &why).await?;
    ledger.forget(&lost);
    Ok(())
}

/// Waits until nothing that was sent before can land any more, and says why.
pub async fn wait_the_settle_time(session: &Session<'_>, deck: &Deck, why: &str) -> Result<(), Trouble> {
    session.door.printer.insist(why);
    deck.stop.unless_draining(deck.clock.sleep(deck.settle)).await.ok_or_else(|| session.interrupted())
}

/// What the ledger is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// To draw a plan: a run that is being written will have ended when this one may write.
    ToPlan,
    /// To send, with the write locks in hand.
    ToSend,
}

/// Makes the rules of this run: its guards, the removals of the last day over all runs, and what earlier runs left in doubt here.
pub async fn rules(
    guards: Guards,
    ledger: &Ledger,
    deck: &Deck,
    targets: &[Target],
    asked: Asked,
) -> Result<Rules, Trouble> {
    let failed = |error: LedgerError| Trouble::advised(error.exit(), error);
    let now = deck.clock.now();
    let removed = ledger.removals_within(now.checked_sub(DAY).unwrap_or(now)).await.map_err(failed)?;
    let ids: Vec<_> = targets.iter().filter_map(|target| target.pinned.clone()).collect();
    let unsettled = ledger.unsettled(&ids).await.map_err(failed)?.into_iter();
    let counts = unsettled.filter(|step| asked == Asked::ToSend || !step.running);
    let in_doubt = counts.map(|Unsettled { workspace_id, subject, kind, step, run, running }| {
        let kind = StepKind::parse(&kind);
        Doubt { workspace_id, subject, kind, step, run, running }
    });
    Ok(Rules { guards, removed, in_doubt: in_doubt.collect() })
}

/// Asks the ledger once more, with the write locks in hand, and holds what came into doubt or over a limit since the plan was drawn:
/// another run may have ended while it was read, or while its lock was waited for. The plan keeps its id, for it is the one that was
/// approved.
pub async fn doubts_again(
    session: &Session<'_>,
    deck: &Deck,
    ledger: &Ledger,
    mut drawn: Drawn,
) -> Result<Drawn, Trouble> {
    drawn.rules = rules(drawn.rules.guards, ledger, deck, &drawn.targets, Asked::ToSend).await?;
    let before: Vec<bool> = drawn.plan.items.iter().map(Item::is_held).collect();
    drawn.plan = drawn.plan.again(&drawn.observed, &drawn.rules, |name| unread(&drawn.coverage, name));
    let mut told = BTreeSet::new();
    for (item, before) in drawn.plan.items.iter().zip(before) {
        if let (Disposition::Held(held), false) = (&item.disposition, before)
            && told.insert((held.reason, held.remedy.clone()))
        {
            session.door.printer.insist(&format!(
                "held since the plan was drawn ({}): {}; to let it pass, {}",
                held.reason, held.detail, held.remedy
            ));
        }
    }
    Ok(drawn)
}

/// Says why a workspace was not read, if it was not.
pub fn unread(coverage: &Coverage, name: &str) -> Option<String> {
    coverage.unreadable.iter().find(|lane| lane.workspace == name).map(|lane| lane.reason.clone())
}

/// Ends the command where another workspace than the pinned one answered to a key, or none is pinned.
pub fn strangers(targets: &[Target], sights: &[Sight]) -> Result<(), Trouble> {
    let mut lines = Vec::new();
    let mut unpinned = false;
    for (target, sight) in targets.iter().zip(sights) {
        match sight {
            Sight::Stranger { pinned, seen } => {
                let name = crate::report::cell::printable(&seen.name);
                lines.push(format!("  {}: pinned is {pinned}, its key opens {} (`{name}`)", target.name, seen.id));
            }
            Sight::Unpinned { seen } => {
                unpinned = true;
                let name = crate::report::cell::printable(&seen.name);
                lines.push(format!("  {}: no id is pinned; its key opens {} (`{name}`)", target.name, seen.id));
            }
            Sight::Seen(_) | Sight::Unreadable(_) => {}
        }
    }
    if lines.is_empty() {
        return Ok(());
    }
    let who = match lines.len() {
        1 => "a workspace is".to_owned(),
        several => format!("{several} workspaces are"),
    };
    let what = format!("{who} not who the files say; nothing was written anywhere\n{}", lines.join("\n"));
    let mut trouble = Trouble::new(Exit::Config, what);
    if unpinned {
        trouble = trouble.advise("write the ids into the files with `keyholder pin`, after checking the names above");
    }
    Err(trouble.advise("give a workspace the key that belongs to it, or leave it out with --exclude"))
}
