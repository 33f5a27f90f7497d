//! Links of groups: how they are kept, what reads may not show of them yet, and what people do about them in the app (contract section 9).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::sim::name;
use crate::sim::state::State;

/// How far a link of a group got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LinkStatus {
    Pending,
    Accepted,
    Rejected,
    /// A word of a newer API.
    Other(Arc<str>),
}

impl LinkStatus {
    pub(crate) fn of(word: &str) -> Self {
        match word {
            "pending" => Self::Pending,
            "accepted" => Self::Accepted,
            "rejected" => Self::Rejected,
            other => Self::Other(other.into()),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
            Self::Rejected => "rejected",
            Self::Other(other) => other,
        }
    }

    pub(crate) fn names_sub(&self) -> bool {
        *self != Self::Pending
    }

    /// Tells whether the sub workspace can have no other link: it is in the group, or asked into it.
    pub(super) fn binds(&self) -> bool {
        matches!(self, Self::Pending | Self::Accepted)
    }
}

/// A tie between an admin workspace and a sub workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) id: u128,
    pub(crate) admin: usize,
    pub(crate) sub: usize,
    pub(crate) status: LinkStatus,
    pub(crate) created: i64,
    pub(crate) updated: i64,
}

/// All links of the world, found from either side without a search: every request with `x-as-workspace` asks.
#[derive(Debug, Clone, Default)]
pub(crate) struct Links {
    all: BTreeMap<u128, Link>,
    by_admin: BTreeSet<(usize, u128)>,
    by_sub: BTreeSet<(usize, u128)>,
    /// What was before each change that reads may not show yet, with the change's moment, oldest first; empty without a lag.
    past: VecDeque<(i64, u128, Option<Link>)>,
}

impl Links {
    /// The links of an admin workspace, in order of their ids.
    pub(crate) fn under(&self, admin: usize) -> impl Iterator<Item = &Link> {
        self.by_admin.range((admin, 0)..=(admin, u128::MAX)).filter_map(|(_, id)| self.all.get(id))
    }

    /// The links of a sub workspace, in order of their ids.
    pub(crate) fn above(&self, sub: usize) -> impl Iterator<Item = &Link> {
        self.by_sub.range((sub, 0)..=(sub, u128::MAX)).filter_map(|(_, id)| self.all.get(id))
    }

    /// The link that puts a workspace into a group.
    pub(crate) fn parent(&self, sub: usize) -> Option<&Link> {
        self.above(sub).find(|link| link.status == LinkStatus::Accepted)
    }

    /// Finds a link that one of its two sides asks for.
    pub(super) fn of_side(&self, side: usize, id: u128) -> Option<&Link> {
        self.all.get(&id).filter(|link| link.admin == side || link.sub == side)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Link> {
        self.all.values()
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Makes a link what it is to be: another, or none.
    fn set(&mut self, id: u128, link: Option<Link>) -> Option<Link> {
        let before = self.all.remove(&id);
        if let Some(before) = &before {
            self.by_admin.remove(&(before.admin, id));
            self.by_sub.remove(&(before.sub, id));
        }
        if let Some(link) = link {
            self.by_admin.insert((link.admin, id));
            self.by_sub.insert((link.sub, id));
            self.all.insert(id, link);
        }
        before
    }
}

impl State {
    /// Adds a link as the world begins.
    pub(crate) fn settle_link(&mut self, link: Link) {
        self.links.set(link.id, Some(link));
    }

    /// Adds or changes a link.
    pub(super) fn set_link(&mut self, link: Link, now: i64) {
        let id = link.id;
        let before = self.links.set(id, Some(link));
        self.link_was(id, before, now);
    }

    /// Removes a link.
    pub(super) fn remove_link(&mut self, id: u128, now: i64) {
        let before = self.links.set(id, None);
        self.link_was(id, before, now);
    }

    fn link_was(&mut self, id: u128, before: Option<Link>, now: i64) {
        let lag = self.lag();
        if lag > 0 {
            let past = &mut self.links.past;
            while past.front().is_some_and(|(changed, ..)| changed.saturating_add(lag) <= now) {
                past.pop_front();
            }
            past.push_back((now, id, before));
        }
    }

    /// The links as reads show them now. What a key may open follows no lag.
    pub(super) fn shown_links(&self, now: i64) -> Cow<'_, Links> {
        let lag = self.lag();
        let mut shown = Cow::Borrowed(&self.links);
        let young = self.links.past.iter().rev().filter(|(changed, ..)| changed.saturating_add(lag) > now);
        for (_, id, before) in young {
            shown.to_mut().set(*id, before.clone());
        }
        shown
    }

    /// Tells whether a workspace is an accepted sub workspace of another.
    pub(crate) fn is_sub_of(&self, sub: usize, admin: usize) -> bool {
        self.links.above(sub).any(|link| link.admin == admin && link.status == LinkStatus::Accepted)
    }

    /// Answers the oldest open invitation of a workspace, as its owner does in the app; tells whether there was one.
    pub(crate) fn answer_link(&mut self, sub: usize, status: LinkStatus, now: i64) -> bool {
        let open = self.links.above(sub).find(|link| link.status == LinkStatus::Pending).cloned();
        let any = open.is_some();
        if let Some(link) = open {
            self.set_link(Link { status, updated: now, ..link }, now);
        }
        any
    }

    /// Ends every link between two workspaces, as a person does in the app; tells whether there was one.
    pub(crate) fn cut_link(&mut self, admin: usize, sub: usize, now: i64) -> bool {
        let cut: Vec<u128> = self.links.above(sub).filter(|link| link.admin == admin).map(|link| link.id).collect();
        for id in &cut {
            self.remove_link(*id, now);
        }
        !cut.is_empty()
    }

    /// Mints the id of a link.
    pub(super) fn mint_link(&mut self, admin: usize, now: i64) -> u128 {
        // Counted with the admin workspace's things, so that another group renames nothing here.
        let mut id = self.mint(admin, now);
        while self.links.all.contains_key(&id) {
            id = self.mint(admin, now);
        }
        id
    }

    /// Adds a link as another hand would, without asking what the API asks.
    pub(crate) fn put_link(&mut self, (admin, sub): (usize, usize), status: LinkStatus, created: i64) -> u128 {
        let id = self.mint_link(admin, created);
        self.settle_link(Link { id, admin, sub, status, created, updated: created });
        id
    }

    /// The id of a link of a script, which has no moment of its own.
    pub(crate) fn link_id(&self, created: i64) -> u128 {
        name::uuid7(self.seed, created, &["link", &self.links.len().to_string()])
    }
}
