//! The only handle that writes. It cannot be had without an approved plan, and each write consumes the proof that it was
//! written down first.

use serde_json::json;

use super::belongings;
use super::client::{Client, Slot};
use super::error::Error;
use super::members::{self, Invite, decode_member};
use super::operation::Operation;
use super::scrub::wipe;
use super::workspace;
use crate::domain::{
    Approval, Campaign, CampaignId, Email, Identity, KeyId, LeadId, LeadList, LeadListId, Member, MemberId, Permit,
    Role, SecurityToken, UserId, WorkspaceId,
};

/// What a transfer carries. Borrowed, so that nothing but the body itself holds another copy of the token.
#[derive(serde::Serialize)]
struct NewOwner<'a> {
    email: &'a Email,
    sec: &'a str,
}

/// Writes to one workspace. Every call makes exactly one attempt and never repeats it: whether a write may be sent again is
/// for whoever holds the ledger to decide.
///
/// An answer that names another row, address or workspace is `Ambiguous`. One that names the right row in another state is
/// returned as it came: a 200 does not prove that a member was honoured (contract section 1), so the caller compares.
#[derive(Debug, Clone)]
pub struct Writer {
    client: Client,
}

impl Writer {
    /// Makes a writer out of a client, for an approved plan.
    pub fn new(client: Client, approval: &Approval) -> Self {
        // Nothing of the approval is kept: that there is one is the point.
        let _: &Approval = approval;
        Self { client }
    }

    /// Returns the client, for looking.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Invites a person (contract section 8, POST). Sends nothing if the permit is for another workspace.
    pub async fn invite(
        &self,
        slot: Slot,
        permit: Permit,
        expected: &WorkspaceId,
        invite: &Invite,
    ) -> Result<Member, Error> {
        let operation = Operation::MemberCreate;
        let body = serde_json::to_string(invite).expect("plain data serializes");
        let echo = self.write(slot, permit, expected, operation, members::PATH.to_owned(), Some(body)).await?;
        if echo.email == invite.email {
            Ok(echo)
        } else {
            Err(self.client.misread(operation, "the answer is about another address"))
        }
    }

    /// Sets the role of a member or an open invitation (contract section 8, PATCH).
    pub async fn set_role(
        &self,
        slot: Slot,
        permit: Permit,
        expected: &WorkspaceId,
        member: &MemberId,
        role: &Role,
    ) -> Result<Member, Error> {
        let body = json!({ "role": role }).to_string();
        self.write_to(slot, permit, expected, Operation::MemberPatch, member, Some(body)).await
    }

    /// Removes a member or withdraws an invitation (contract section 8, DELETE); returns the row that was removed.
    pub async fn remove(
        &self,
        slot: Slot,
        permit: Permit,
        expected: &WorkspaceId,
        member: &MemberId,
    ) -> Result<Member, Error> {
        self.write_to(slot, permit, expected, Operation::MemberDelete, member, None).await
    }

    /// Gives a campaign another owner (contract section 11, PATCH `owned_by`); returns it as the answer shows it.
    pub async fn hand_over_campaign(
        &self,
        slot: Slot,
        permit: Permit,
        expected: &WorkspaceId,
        campaign: &CampaignId,
        to: &UserId,
    ) -> Result<Campaign, Error> {
        let operation = Operation::CampaignPatch;
        let path = format!("{}/{campaign}", belongings::CAMPAIGNS);
        let body = json!({ "owned_by": to }).to_string();
        self.send(slot, permit, expected, operation, path, Some(body), |body| {
            belongings::decode_campaign(body, expected, campaign)
        })
        .await
    }

    /// Gives a lead list another owner (contract section 11, PATCH `owned_by`); returns it as the answer shows it.
    pub async fn hand_over_list(
        &self,
        slot: Slot,
        permit: Permit,
        expected: &WorkspaceId,
        list: &LeadListId,
        to: &UserId,
    ) -> Result<LeadList, Error> {
        let operation = Operation::LeadListPatch;
        let path = format!("{}/{list}", belongings::LEAD_LISTS);
        let body = json!({ "owned_by": to }).to_string();
        self.send(slot, permit, expected, operation, path, Some(body), |body| {
            belongings::decode_lead_list(body, expected, list)
        })
        .await
    }

    /// Assigns exactly these leads to somebody (contract section 11): answered 202 without a job, so only reading them tells.
    ///
    /// WARNING: the leads are named one by one, and besides it is said whose they are: an API that drops one of the two still moves nobody
    /// else's, and a job that runs late takes nothing that somebody gave away meanwhile. Without a name it would be about every lead of the
    /// person: it is not sent.
    pub async fn reassign_leads(
        &self,
        slot: Slot,
        permit: Permit,
        expected: &WorkspaceId,
        leads: &[LeadId],
        from: &UserId,
        to: &UserId,
    ) -> Result<(), Error> {
        let operation = Operation::LeadsAssign;
        if leads.is_empty() {
            let detail = "it names no lead, which would mean every lead of the person".to_owned();
            return Err(Error::NotSent { operation, detail });
        }
        let body = json!({ "organization_user_ids": [to], "ids": leads, "assigned_to": from }).to_string();
        let path = belongings::ASSIGN.to_owned();
        self.send(slot, permit, expected, operation, path, Some(body), belongings::decode_accepted).await
    }

    /// Makes an API key (contract section 10, POST). Its secret is in the answer and perhaps nowhere else: whoever loses it must delete
    /// the key. An answer that shows another name, another workspace or no secret is `Ambiguous`: a key may well have been made.
    pub async fn create_key(
        &self,
        slot: Slot,
        permit: Permit,
        expected: &WorkspaceId,
        name: &str,
        scopes: &[String],
    ) -> Result<belongings::MadeKey, Error> {
        let body = json!({ "name": name, "scopes": scopes }).to_string();
        let path = belongings::KEYS.to_owned();
        self.send(slot, permit, expected, Operation::KeyCreate, path, Some(body), |body| {
            belongings::decode_made(body, expected, name)
        })
        .await
    }

    /// Deletes an API key (contract section 10). The answer carries its secret, which is not read.
    pub async fn revoke_key(
        &self,
        slot: Slot,
        permit: Permit,
        expected: &WorkspaceId,
        key: &KeyId,
    ) -> Result<(), Error> {
        let path = format!("{}/{key}", belongings::KEYS);
        self.send(slot, permit, expected, Operation::KeyDelete, path, None, |body| {
            belongings::decode_deleted(body, expected, key)
        })
        .await
    }

    /// Gives the workspace another owner (contract section 7); returns the workspace as the answer shows it. The token travels in the body
    /// alone, and nothing that comes back shows it.
    pub async fn change_owner(
        &self,
        slot: Slot,
        permit: Permit,
        expected: &WorkspaceId,
        email: &Email,
        token: &SecurityToken,
    ) -> Result<Identity, Error> {
        let operation = Operation::OwnerChange;
        let body = serde_json::to_string(&NewOwner { email, sec: token.reveal() }).expect("plain data serializes");
        let path = workspace::CHANGE_OWNER.to_owned();
        let decode = |body: &[u8]| match workspace::decode_identity(body)? {
            identity if identity.id == *expected => Ok(identity),
            _ => Err("the answer is about another workspace".to_owned()),
        };
        self.send_with(slot, permit, expected, operation, path, Some(body), decode, Some(token)).await
    }

    async fn write_to(
        &self,
        slot: Slot,
        permit: Permit,
        expected: &WorkspaceId,
        operation: Operation,
        member: &MemberId,
        body: Option<String>,
    ) -> Result<Member, Error> {
        let path = format!("{}/{member}", members::PATH);
        let echo = self.write(slot, permit, expected, operation, path, body).await?;
        if echo.id == *member {
            Ok(echo)
        } else {
            Err(self.client.misread(operation, "the answer is about another member"))
        }
    }

    async fn write(
        &self,
        slot: Slot,
        permit: Permit,
        expected: &WorkspaceId,
        operation: Operation,
        path: String,
        body: Option<String>,
    ) -> Result<Member, Error> {
        self.send(slot, permit, expected, operation, path, body, |body| decode_member(body, Some(expected))).await
    }

    #[expect(clippy::too_many_arguments, reason = "what every write needs")]
    pub(super) async fn send<T>(
        &self,
        slot: Slot,
        permit: Permit,
        expected: &WorkspaceId,
        operation: Operation,
        path: String,
        body: Option<String>,
        decode: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Result<T, Error> {
        self.send_with(slot, permit, expected, operation, path, body, decode, None).await
    }

    #[expect(clippy::too_many_arguments, reason = "what every write needs, in one place that checks all of it")]
    async fn send_with<T>(
        &self,
        slot: Slot,
        permit: Permit,
        expected: &WorkspaceId,
        operation: Operation,
        path: String,
        body: Option<String>,
        decode: impl FnOnce(&[u8]) -> Result<T, String>,
        token: Option<&SecurityToken>,
    ) -> Result<T, Error> {
        let astray = permit.workspace() != expected
            || self.client.access().acts_as().is_some_and(|workspace| workspace != expected);
        if astray {
            let detail = "the permit or the access is for another workspace".to_owned();
            return Err(Error::NotSent { operation, detail });
        }
        // Consumed here: one permit, one attempt.
        drop(permit);
        let body = self.client.attempt_with(slot, operation, path, body, token).await?;
        let decoded = decode(&body);
        if operation.carries_secrets() {
            wipe(body);
        }
        decoded.map_err(|fault| self.client.misread(operation, &fault))
    }
}
