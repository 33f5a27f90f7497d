//! Tags, mappings, links and owners for looking at.

use super::links::{Link, LinkStatus};
use super::mappings::Carrier;
use crate::sim::name;
use crate::sim::paper::moment;
use crate::sim::state::State;
use crate::sim::world::World;

/// A tag, for looking at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimTag {
    /// Its id.
    pub id: String,
    /// Its label.
    pub label: String,
    /// What it is for.
    pub description: Option<String>,
    /// When it was made, as on the wire.
    pub timestamp_created: String,
}

/// That something carries a tag, for looking at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimMapping {
    /// Its id.
    pub id: String,
    /// The tag's id.
    pub tag_id: String,
    /// The tag's label.
    pub label: String,
    /// What carries it: an address, or a campaign's id.
    pub resource: String,
    /// 1 is an account, 2 a campaign.
    pub resource_type: u8,
}

/// A link of a group, for looking at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimLink {
    /// Its id.
    pub id: String,
    /// Name of the admin workspace.
    pub admin: String,
    /// Name of the sub workspace.
    pub sub: String,
    /// How far it got, as on the wire.
    pub status: String,
}

impl World {
    /// Returns the tags of a workspace in order of their ids; like all of these, as the last request found them and not as reads lag.
    pub fn tags(&self, name: &str) -> Vec<SimTag> {
        self.look(name, |state, at| {
            let all = state.workspaces[at].things.tags.live.iter().map(|tag| SimTag {
                id: name::show(tag.id),
                label: tag.label.to_string(),
                description: tag.description.as_deref().map(str::to_owned),
                timestamp_created: moment(tag.created),
            });
            all.collect()
        })
    }

    /// Returns the mappings of a workspace in order of their ids.
    pub fn mappings(&self, name: &str) -> Vec<SimMapping> {
        self.look(name, |state, at| {
            let things = &state.workspaces[at].things;
            let label = |id: u128| things.tags.with_id(id).map_or_else(String::new, |tag| tag.label.to_string());
            let all = things.tags.mappings.iter().map(|(id, (carrier, tag))| SimMapping {
                id: name::show(id),
                tag_id: name::show(things.tags.id(tag)),
                label: label(things.tags.id(tag)),
                resource: things.carrier_name(carrier),
                resource_type: match carrier {
                    Carrier::Account(_) => 1,
                    Carrier::Campaign(_) => 2,
                },
            });
            all.collect()
        })
    }

    /// Returns how many mappings a workspace has.
    pub fn mapping_count(&self, name: &str) -> usize {
        self.with_state(|state| state.named(name).map_or(0, |at| state.workspaces[at].things.tags.mappings.len()))
    }

    /// Returns every link of the world in order of their ids.
    pub fn links(&self) -> Vec<SimLink> {
        self.with_state(|state| state.links.iter().map(|link| show(state, link)).collect())
    }

    /// Links a sub workspace to an admin workspace as if it had always been so, whatever links there are: `accepted`, `pending`,
    /// `rejected` or any other word. Links come in pages in the order they are put. Returns the link's id; nothing where a workspace is not
    /// there.
    pub fn put_link(&self, admin: &str, sub: &str, status: &str) -> Option<String> {
        self.change(|state, _| {
            let pair = (state.named(admin)?, state.named(sub)?);
            // After all that are there.
            let youngest = state.links.iter().map(|link| link.created).max().unwrap_or(super::BEGIN);
            let id = state.put_link(pair, LinkStatus::of(status), youngest.saturating_add(super::MINUTE));
            Some(name::show(id))
        })
    }

    /// Lets the owner of a workspace accept its oldest open invitation into a group; tells whether there was one.
    pub fn accept_link(&self, sub: &str) -> bool {
        self.answer_link(sub, LinkStatus::Accepted)
    }

    /// Lets the owner of a workspace refuse its oldest open invitation into a group; tells whether there was one.
    pub fn reject_link(&self, sub: &str) -> bool {
        self.answer_link(sub, LinkStatus::Rejected)
    }

    fn answer_link(&self, sub: &str, status: LinkStatus) -> bool {
        self.change(|state, now| state.named(sub).is_some_and(|sub| state.answer_link(sub, status, now)))
    }

    /// Ends every link between two workspaces, as a person does in the app; tells whether there was one.
    pub fn cut_link(&self, admin: &str, sub: &str) -> bool {
        self.change(|state, now| {
            let pair = state.named(admin).zip(state.named(sub));
            pair.is_some_and(|(admin, sub)| state.cut_link(admin, sub, now))
        })
    }

    /// Returns the address of a workspace's owner.
    pub fn owner(&self, name: &str) -> Option<String> {
        self.with_state(|state| state.owner_of(state.named(name)?).map(|person| person.email.to_string()))
    }

    /// Hands out a security token of a workspace, as the app does for its owner: good for one change of owner. Secret like a key.
    pub fn security_token(&self, name: &str) -> Option<String> {
        self.change(|state, _| state.named(name).map(|at| state.hand_out_token(at)))
    }

    /// Returns every security token that was handed out, used ones included: what no output may contain.
    pub fn security_tokens(&self) -> Vec<String> {
        self.with_state(|state| state.tokens.iter().map(|token| token.secret.to_string()).collect())
    }
}

fn show(state: &State, link: &Link) -> SimLink {
    SimLink {
        id: name::show(link.id),
        admin: state.workspaces[link.admin].name.to_string(),
        sub: state.workspaces[link.sub].name.to_string(),
        status: link.status.as_str().to_owned(),
    }
}
