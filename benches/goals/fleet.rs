//! The fleets: so many workspaces with so much in each, made by the simulator and never on the network.

use keyholder::sim::{World, put};
use serde::{Deserialize, Serialize};

/// Who owns what is in a generated workspace.
const OWNER: &str = "founder@agency.example";

/// A fleet; all numbers are of one workspace, except how many there are.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub(crate) struct Fleet {
    pub(crate) workspaces: usize,
    pub(crate) members: usize,
    pub(crate) webhooks: u32,
    pub(crate) lists: u32,
    pub(crate) jobs: u32,
    pub(crate) campaigns: u32,
    pub(crate) accounts: u32,
    pub(crate) tags: u32,
    pub(crate) trail: u64,
}

impl Fleet {
    /// Four lists of three pages each: members, webhooks, lead lists, jobs.
    pub(crate) fn of_lists(workspaces: usize) -> Self {
        Self { workspaces, members: 250, webhooks: 250, lists: 250, jobs: 250, ..Self::default() }
    }

    /// Something of every kind that a report has.
    pub(crate) fn of_all(workspaces: usize) -> Self {
        Self {
            workspaces,
            members: 12,
            webhooks: 2,
            lists: 8,
            jobs: 4,
            campaigns: 6,
            accounts: 10,
            tags: 3,
            trail: 5_000,
        }
    }

    /// Pages of the longest of the four lists.
    pub(crate) fn longest(&self) -> usize {
        let most = [self.webhooks, self.lists, self.jobs].into_iter().max().unwrap_or(0);
        self.members.max(most as usize).div_ceil(100).max(1)
    }

    /// Makes it.
    pub(crate) fn world(&self) -> World {
        let world = World::generated(self.workspaces, self.members, 7);
        for name in world.names() {
            self.fill(&world, &name);
        }
        if self.trail > 0 {
            world.trail_rows(self.trail);
        }
        world
    }

    /// Puts into one workspace what is not there with its members.
    fn fill(&self, world: &World, name: &str) {
        let put = |what: put::Put| drop(world.put(name, what));
        for _ in 0..self.webhooks {
            put(put::Webhook { by: None, ..put::Webhook::of(OWNER, "https://hooks.agency.example/in") }.into());
        }
        if self.lists > 0 {
            put(put::LeadLists::of(OWNER, self.lists).into());
        }
        if self.jobs > 0 {
            put(put::Jobs::of(OWNER, self.jobs).into());
        }
        if self.campaigns > 0 {
            put(put::Campaigns::of(OWNER, self.campaigns).sending(40).into());
        }
        if self.accounts > 0 {
            put(put::Accounts::nobodys(self.accounts).into());
        }
        for tag in 0..self.tags {
            put(put::Tag::of(&format!("Team {tag}")).into());
        }
    }
}
