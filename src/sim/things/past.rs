//! What reads may not show yet (`Settings::lag`), and taking back what a lie only seemed to do.

use std::borrow::Cow;

use super::Things;
use super::campaigns::Campaign;
use super::keys::Key;
use super::lead_lists::LeadList;
use super::leads::Leads;
use super::links::Links;
use super::mappings::Pair;
use super::owner::Token;
use super::tags::Tag;
use super::who::Who;
use crate::sim::state::State;

/// What a thing was before a change.
#[derive(Debug, Clone)]
pub(crate) enum Was {
    Campaign(Campaign),
    List(LeadList),
    /// A lead by its number, and whose it was.
    Lead(u32, Option<Who>),
    /// Keys by their place in the world's keys.
    NoKey(usize),
    Key(usize),
    NoTag(u128),
    Tag(Box<Tag>),
    /// A pair of carrier and tag, and the id of its mapping where there was one.
    Mapping(Pair, Option<u128>),
}

/// A workspace's things as they were, and how many there were of what the world keeps together.
pub(crate) struct Kept {
    things: Things,
    dead: Vec<bool>,
    keys: usize,
    first_key: Option<usize>,
    assignments: usize,
    links: Links,
    tokens: Vec<Token>,
}

impl State {
    /// Notes what a thing is before a change, for as long as reads may not show the change.
    pub(super) fn will_change_thing(&mut self, workspace: usize, was: impl FnOnce(&Things) -> Was, now: i64) {
        let lag = self.lag();
        if lag > 0 {
            let things = &mut self.workspaces[workspace].things;
            while things.past.front().is_some_and(|(changed, _)| changed.saturating_add(lag) <= now) {
                things.past.pop_front();
            }
            let was = was(things);
            things.past.push_back((now, was));
        }
    }

    /// What is too young to be shown, the youngest first: taken back in this order, things are as reads show them.
    pub(super) fn young(&self, workspace: usize, now: i64) -> impl Iterator<Item = &Was> {
        let (past, lag) = (&self.workspaces[workspace].things.past, self.lag());
        past.iter().rev().filter(move |(changed, _)| changed.saturating_add(lag) > now).map(|(_, was)| was)
    }

    pub(super) fn shown_campaigns(&self, workspace: usize, now: i64) -> Cow<'_, [Campaign]> {
        let mut shown = Cow::Borrowed(self.workspaces[workspace].things.campaigns.as_slice());
        for was in self.young(workspace, now) {
            if let Was::Campaign(before) = was {
                let rows = shown.to_mut();
                match rows.binary_search_by_key(&before.id, |campaign| campaign.id) {
                    Ok(at) => rows[at] = before.clone(),
                    Err(at) => rows.insert(at, before.clone()),
                }
            }
        }
        shown
    }

    pub(super) fn shown_lists(&self, workspace: usize, now: i64) -> Cow<'_, [LeadList]> {
        let mut shown = Cow::Borrowed(self.workspaces[workspace].things.lead_lists.as_slice());
        for was in self.young(workspace, now) {
            if let Was::List(before) = was
                && let Some(row) = shown.to_mut().iter_mut().find(|list| list.id == before.id)
            {
                *row = before.clone();
            }
        }
        shown
    }

    pub(super) fn shown_leads(&self, workspace: usize, now: i64) -> Cow<'_, Leads> {
        let mut shown = Cow::Borrowed(&self.workspaces[workspace].things.leads);
        for was in self.young(workspace, now) {
            if let Was::Lead(number, before) = was {
                shown.to_mut().assign(*number, *before);
            }
        }
        shown
    }

    /// The keys a listing shows, in order of their ids. What a key opens follows no lag.
    pub(crate) fn shown_keys(&self, workspace: usize, now: i64) -> Vec<&Key> {
        let own = &self.workspaces[workspace].things.keys;
        let mut shown: Vec<usize> = own.iter().copied().filter(|at| !self.keys[*at].dead).collect();
        for was in self.young(workspace, now) {
            match was {
                Was::NoKey(made) => shown.retain(|at| at != made),
                Was::Key(deleted) => shown.push(*deleted),
                _ => {}
            }
        }
        let mut keys: Vec<&Key> = shown.into_iter().map(|at| &self.keys[at]).collect();
        keys.sort_by_key(|key| key.id);
        keys
    }

    /// Keeps a workspace's things, to put them back.
    pub(crate) fn keep(&self, workspace: usize) -> Kept {
        let place = &self.workspaces[workspace];
        Kept {
            things: place.things.clone(),
            dead: place.things.keys.iter().map(|at| self.keys[*at].dead).collect(),
            keys: self.keys.len(),
            first_key: place.key,
            assignments: self.assignments.len(),
            links: self.links.clone(),
            tokens: self.tokens.clone(),
        }
    }

    /// Puts a workspace's things back as they were kept. Ids that were given meanwhile are not given again.
    pub(crate) fn put_back(&mut self, workspace: usize, kept: Kept) {
        let Kept { mut things, dead, keys, first_key, assignments, links, tokens } = kept;
        (self.links, self.tokens) = (links, tokens);
        let place = &mut self.workspaces[workspace];
        things.born = place.things.born;
        for (at, dead) in things.keys.iter().zip(dead) {
            self.keys[*at].dead = dead;
        }
        (place.things, place.key) = (things, first_key);
        for key in self.keys.split_off(keys) {
            self.forget_secret(&key.secret);
        }
        self.assignments.truncate(assignments);
    }
}
