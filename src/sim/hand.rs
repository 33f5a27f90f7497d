//! Another hand: a person in the app, or another tool, that changes a workspace in the middle of a story.

use std::borrow::Cow;

use super::name;
use super::state::{Invitation, State, role_word};
use super::things::links::LinkStatus;
use super::things::put::Put;
use super::things::trail::{About, Actor};

/// What another hand does to a workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hand {
    /// Adds a row; addresses that are there get a second one.
    Add {
        /// Invited address.
        email: String,
        /// Role, any word.
        role: Cow<'static, str>,
        /// Whether already accepted.
        accepted: bool,
    },
    /// Removes every row of an address.
    Remove {
        /// Invited address.
        email: String,
    },
    /// Gives every row of an address another role.
    SetRole {
        /// Invited address.
        email: String,
        /// Role, any word.
        role: Cow<'static, str>,
    },
    /// Accepts the open invitations of an address.
    Accept {
        /// Invited address.
        email: String,
    },
    /// Puts belongings there, made now: campaigns, leads, a key …
    Put(Put),
    /// Gives a campaign another owner.
    GiveCampaign {
        /// Its name or id.
        campaign: String,
        /// Address or user id.
        to: String,
    },
    /// Deletes a campaign.
    DeleteCampaign {
        /// Its name or id.
        campaign: String,
    },
    /// Gives a lead list another owner.
    GiveLeadList {
        /// Its name or id.
        list: String,
        /// Address or user id.
        to: String,
    },
    /// Assigns a lead to somebody, at once.
    AssignLead {
        /// Its id.
        lead: String,
        /// Address or user id.
        to: String,
    },
    /// Deletes a key.
    DeleteKey {
        /// Its name or id.
        key: String,
    },
    /// Gives a tag another label.
    RenameTag {
        /// Its label or id.
        tag: String,
        /// The label it gets, whatever other tags there are.
        to: String,
    },
    /// Gives a tag another description.
    DescribeTag {
        /// Its label or id.
        tag: String,
        /// The description it gets.
        to: Option<String>,
    },
    /// Deletes a tag, and with it its mappings.
    DeleteTag {
        /// Its label or id.
        tag: String,
    },
    /// Takes a tag off an account or a campaign; [`Hand::Put`] puts one on.
    Untag {
        /// Its label or id.
        tag: String,
        /// An address, or name or id of a campaign.
        resource: String,
    },
    /// Deletes a sending account, and with it what it carried.
    DeleteAccount {
        /// Its address.
        email: String,
    },
    /// Gives a sending account another status.
    SetAccountStatus {
        /// Its address.
        email: String,
        /// The raw status.
        status: i8,
    },
    /// Accepts the workspace's oldest open invitation into a group.
    AcceptLink,
    /// Refuses the workspace's oldest open invitation into a group.
    RejectLink,
    /// Leaves every group, and withdraws from every invitation into one.
    LeaveGroup,
    /// Makes a member the owner; the former one stays as an admin.
    MakeOwner {
        /// The member's address.
        email: String,
    },
}

impl State {
    /// Lets another hand act.
    pub(super) fn hand(&mut self, workspace: usize, hand: &Hand, now: i64) {
        match hand {
            Hand::Add { email, role, accepted } => {
                let invitation = Invitation {
                    email: email.as_str().into(),
                    account: None,
                    role: role_word(role),
                    nickname: None,
                    permissions: None,
                };
                let at = self.invite(workspace, invitation, now);
                self.workspaces[workspace].rows[at].accepted |= *accepted;
            }
            Hand::Remove { email } => {
                self.will_change(workspace, now);
                self.workspaces[workspace].rows.retain(|row| !row.email.eq_ignore_ascii_case(email));
            }
            Hand::SetRole { email, role } => {
                self.will_change(workspace, now);
                for row in &mut self.workspaces[workspace].rows {
                    if row.email.eq_ignore_ascii_case(email) {
                        row.role = role_word(role);
                    }
                }
            }
            Hand::Accept { email } => drop(self.accept(workspace, email, now)),
            Hand::Put(what) => drop(self.put(workspace, what, Some(now))),
            Hand::GiveCampaign { campaign, to } => self.hand_campaign(workspace, campaign, to, now),
            Hand::DeleteCampaign { campaign } => {
                if let Some(at) = self.campaign_called(workspace, campaign) {
                    self.delete_campaign(workspace, at, now);
                }
            }
            Hand::GiveLeadList { list, to } => self.hand_list(workspace, list, to, now),
            Hand::AssignLead { lead, to } => self.hand_lead(workspace, lead, to, now),
            Hand::DeleteKey { key } => {
                if let Some(at) = self.key_called(workspace, key) {
                    self.delete_key(workspace, at, Actor::Owner, now);
                }
            }
            Hand::RenameTag { tag, to } => self.hand_tag(workspace, tag, |tag| tag.label = to.as_str().into(), now),
            Hand::DescribeTag { tag, to } => {
                self.hand_tag(workspace, tag, |tag| tag.description = to.as_deref().map(Into::into), now);
            }
            Hand::DeleteTag { tag } => self.hand_off_tag(workspace, tag, now),
            Hand::Untag { tag, resource } => self.untag(workspace, tag, resource, now),
            Hand::DeleteAccount { email } => self.delete_account(workspace, email, now),
            Hand::SetAccountStatus { email, status } => self.set_account_status(workspace, email, *status, now),
            Hand::AcceptLink => drop(self.answer_link(workspace, LinkStatus::Accepted, now)),
            Hand::RejectLink => drop(self.answer_link(workspace, LinkStatus::Rejected, now)),
            Hand::LeaveGroup => {
                let admins: Vec<usize> = self.links.above(workspace).map(|link| link.admin).collect();
                for admin in admins {
                    self.cut_link(admin, workspace, now);
                }
            }
            Hand::MakeOwner { email } => {
                if let Some(row) = self.row_of(workspace, email) {
                    self.make_owner(workspace, row, now);
                }
            }
        }
    }

    fn hand_campaign(&mut self, workspace: usize, campaign: &str, to: &str, now: i64) {
        let to = self.who(to);
        if let Some(at) = self.campaign_called(workspace, campaign) {
            let mut after = self.workspaces[workspace].things.campaigns[at].clone();
            after.owner = Some(to);
            after.updated = now;
            self.write_down(workspace, now, 11, Actor::Owner, About::Campaign(after.id));
            self.change_campaign(workspace, at, after, now);
        }
    }

    fn hand_list(&mut self, workspace: usize, list: &str, to: &str, now: i64) {
        let to = self.who(to);
        if let Some(at) = self.list_called(workspace, list) {
            let mut after = self.workspaces[workspace].things.lead_lists[at].clone();
            after.owner = Some(to);
            self.change_list(workspace, at, after, now);
        }
    }

    fn hand_lead(&mut self, workspace: usize, lead: &str, to: &str, now: i64) {
        let to = self.who(to);
        let (seed, user) = (self.seed_of_things(workspace), self.users.id(to));
        let found = name::read(lead).and_then(|id| self.workspaces[workspace].things.leads.find(seed, id));
        if let Some(number) = found {
            self.give_lead(workspace, number, user, now);
        }
    }
}
