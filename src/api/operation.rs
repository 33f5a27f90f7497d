//! The operation table: every call the client can express, with its method, its scopes and what each is for.

use std::fmt;

use super::transport::Method;

/// A call of the API. What is not here cannot be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// `GET /workspaces/current`.
    WorkspaceCurrent,
    /// `GET /workspace-members`.
    MemberList,
    /// `GET /workspace-members/{id}`.
    MemberGet,
    /// `POST /workspace-members`.
    MemberCreate,
    /// `PATCH /workspace-members/{id}`.
    MemberPatch,
    /// `DELETE /workspace-members/{id}`.
    MemberDelete,
    /// `GET /campaigns`.
    CampaignList,
    /// `GET /campaigns/{id}`.
    CampaignGet,
    /// `PATCH /campaigns/{id}`.
    CampaignPatch,
    /// `GET /lead-lists`.
    LeadListList,
    /// `PATCH /lead-lists/{id}`.
    LeadListPatch,
    /// `POST /leads/list`; reads, in spite of its method.
    LeadsList,
    /// `POST /leads/bulk-assign`.
    LeadsAssign,
    /// `GET /accounts`.
    AccountList,
    /// `GET /api-keys`.
    KeyList,
    /// `POST /api-keys`.
    KeyCreate,
    /// `DELETE /api-keys/{id}`.
    KeyDelete,
    /// `GET /webhooks`.
    WebhookList,
    /// `GET /background-jobs`.
    JobList,
    /// `GET /audit-logs`.
    TrailList,
    /// `GET /custom-tags`.
    TagList,
    /// `POST /custom-tags`.
    TagCreate,
    /// `PATCH /custom-tags/{id}`.
    TagPatch,
    /// `DELETE /custom-tags/{id}`.
    TagDelete,
    /// `POST /custom-tags/toggle-resource`.
    TagToggle,
    /// `GET /custom-tag-mappings`.
    MappingList,
    /// `GET /accounts/analytics/daily`.
    AccountDaily,
    /// `POST /accounts/warmup-analytics`; reads, in spite of its method.
    AccountWarmup,
    /// `GET /campaigns/analytics`.
    CampaignAnalytics,
    /// `GET /campaigns/analytics/daily`.
    CampaignDaily,
    /// `GET /workspace-billing/plan-details`.
    PlanDetails,
    /// `GET /workspace-billing/subscription-details`.
    SubscriptionDetails,
    /// `GET /workspace-group-members`.
    LinkList,
    /// `GET /workspace-group-members/admin`.
    LinkAdmin,
    /// `POST /workspace-group-members`.
    LinkCreate,
    /// `DELETE /workspace-group-members/{id}`.
    LinkDelete,
    /// `POST /workspaces/current/change-owner`.
    OwnerChange,
}

impl Operation {
    /// All calls.
    pub const ALL: [Self; 37] = [
        Self::WorkspaceCurrent,
        Self::MemberList,
        Self::MemberGet,
        Self::MemberCreate,
        Self::MemberPatch,
        Self::MemberDelete,
        Self::CampaignList,
        Self::CampaignGet,
        Self::CampaignPatch,
        Self::LeadListList,
        Self::LeadListPatch,
        Self::LeadsList,
        Self::LeadsAssign,
        Self::AccountList,
        Self::KeyList,
        Self::KeyCreate,
        Self::KeyDelete,
        Self::WebhookList,
        Self::JobList,
        Self::TrailList,
        Self::TagList,
        Self::TagCreate,
        Self::TagPatch,
        Self::TagDelete,
        Self::TagToggle,
        Self::MappingList,
        Self::AccountDaily,
        Self::AccountWarmup,
        Self::CampaignAnalytics,
        Self::CampaignDaily,
        Self::PlanDetails,
        Self::SubscriptionDetails,
        Self::LinkList,
        Self::LinkAdmin,
        Self::LinkCreate,
        Self::LinkDelete,
        Self::OwnerChange,
    ];

    /// Returns the method.
    pub fn method(self) -> Method {
        match self {
            Self::WorkspaceCurrent
            | Self::MemberList
            | Self::MemberGet
            | Self::CampaignList
            | Self::CampaignGet
            | Self::LeadListList
            | Self::AccountList
            | Self::KeyList
            | Self::WebhookList
            | Self::JobList
            | Self::TrailList
            | Self::TagList
            | Self::MappingList
            | Self::AccountDaily
            | Self::CampaignAnalytics
            | Self::CampaignDaily
            | Self::PlanDetails
            | Self::SubscriptionDetails
            | Self::LinkList
            | Self::LinkAdmin => Method::Get,
            Self::MemberCreate
            | Self::LeadsList
            | Self::LeadsAssign
            | Self::AccountWarmup
            | Self::KeyCreate
            | Self::TagCreate
            | Self::TagToggle
            | Self::LinkCreate
            | Self::OwnerChange => Method::Post,
            Self::MemberPatch | Self::CampaignPatch | Self::LeadListPatch | Self::TagPatch => Method::Patch,
            Self::MemberDelete | Self::KeyDelete | Self::TagDelete | Self::LinkDelete => Method::Delete,
        }
    }

    /// Tells whether it changes something.
    pub fn is_write(self) -> bool {
        self.method() != Method::Get && !matches!(self, Self::LeadsList | Self::AccountWarmup)
    }

    /// Tells whether its path names an id, so that a 404 means that this id is not there.
    pub fn names_id(self) -> bool {
        matches!(
            self,
            Self::MemberGet
                | Self::MemberPatch
                | Self::MemberDelete
                | Self::CampaignGet
                | Self::CampaignPatch
                | Self::LeadListPatch
                | Self::KeyDelete
                | Self::TagPatch
                | Self::TagDelete
                | Self::LinkDelete
        )
    }

    /// Tells whether a status says that it succeeded. The calls that hand over and revoke are taken at the contract's word (section 1:
    /// 200, and 202 for the assignment of leads); the others succeed with any 2xx that shows what was asked for.
    pub fn succeeds_with(self, status: u16) -> bool {
        match self {
            Self::CampaignPatch
            | Self::LeadListPatch
            | Self::KeyDelete
            | Self::TagCreate
            | Self::TagPatch
            | Self::TagDelete
            | Self::TagToggle
            | Self::LinkCreate
            | Self::LinkDelete
            | Self::OwnerChange => status == 200,
            Self::LeadsAssign => status == 202,
            _ => (200..300).contains(&status),
        }
    }

    /// Tells whether its answers hold secrets, or may echo one: keys, the headers of webhooks, the token of a transfer. Nothing of such an
    /// answer is quoted that could be one.
    pub fn carries_secrets(self) -> bool {
        matches!(self, Self::KeyList | Self::KeyCreate | Self::KeyDelete | Self::WebhookList | Self::OwnerChange)
    }

    /// Returns the scopes of which a key needs any one, the narrowest first (contract section 2); none where none is published.
    pub fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::WorkspaceCurrent => &["workspaces:read", "workspaces:all", "all:read", "all:all"],
            Self::MemberList | Self::MemberGet => {
                &["workspace_members:read", "workspace_members:all", "all:read", "all:all"]
            }
            Self::MemberCreate => &["workspace_members:create", "workspace_members:all", "all:create", "all:all"],
            Self::MemberPatch => &["workspace_members:update", "workspace_members:all", "all:update", "all:all"],
            Self::MemberDelete => &["workspace_members:delete", "workspace_members:all", "all:delete", "all:all"],
            Self::CampaignList | Self::CampaignGet => &["campaigns:read", "campaigns:all", "all:read", "all:all"],
            Self::CampaignPatch => &["campaigns:update", "campaigns:all", "all:update", "all:all"],
            Self::LeadListList => &["lead_lists:read", "lead_lists:all", "all:read", "all:all"],
            Self::LeadListPatch => &["lead_lists:update", "lead_lists:all", "all:update", "all:all"],
            Self::LeadsList => &["leads:read", "leads:all", "all:read", "all:all"],
            Self::AccountList | Self::AccountWarmup => &["accounts:read", "accounts:all", "all:read", "all:all"],
            Self::KeyList => &["api_keys:read", "api_keys:all", "all:read", "all:all"],
            Self::KeyCreate => &["api_keys:create", "api_keys:all", "all:create", "all:all"],
            Self::KeyDelete => &["api_keys:delete", "api_keys:all", "all:delete", "all:all"],
            Self::JobList => &["background-jobs:read", "background-jobs:all", "all:read", "all:all"],
            Self::TrailList => &["audit_logs:read", "audit_logs:all", "all:read", "all:all"],
            Self::TagList => &["custom_tags:read", "custom_tags:all", "all:read", "all:all"],
            Self::TagCreate => &["custom_tags:create", "custom_tags:all", "all:create", "all:all"],
            Self::TagPatch => &["custom_tags:update", "custom_tags:all", "all:update", "all:all"],
            Self::TagDelete => &["custom_tags:delete", "custom_tags:all", "all:delete", "all:all"],
            Self::MappingList => &["custom_tag_mappings:read", "custom_tag_mappings:all", "all:read", "all:all"],
            Self::LinkList => &["workspace_group_members:read", "workspace_group_members:all", "all:read", "all:all"],
            Self::LinkCreate => {
                &["workspace_group_members:create", "workspace_group_members:all", "all:create", "all:all"]
            }
            Self::LinkDelete => {
                &["workspace_group_members:delete", "workspace_group_members:all", "all:delete", "all:all"]
            }
            Self::OwnerChange => &["workspaces:update", "workspaces:all", "all:update", "all:all"],
            Self::PlanDetails | Self::SubscriptionDetails => {
                &["workspace_billing:read", "workspace_billing:all", "all:read", "all:all"]
            }
            Self::LeadsAssign
            | Self::WebhookList
            | Self::TagToggle
            | Self::AccountDaily
            | Self::CampaignAnalytics
            | Self::CampaignDaily
            | Self::LinkAdmin => &[],
        }
    }

    /// Returns the scopes that most likely do, where none is published for it: none else.
    pub fn likely_scopes(self) -> &'static [&'static str] {
        match self {
            Self::LeadsAssign => &["leads:update", "leads:all"],
            Self::WebhookList => &["webhooks:read", "webhooks:all"],
            Self::TagToggle => &["custom_tags:update", "custom_tags:all"],
            Self::AccountDaily => &["accounts:read", "accounts:all"],
            Self::CampaignAnalytics | Self::CampaignDaily => &["campaigns:read", "campaigns:all"],
            Self::LinkAdmin => &["workspace_group_members:read", "workspace_group_members:all"],
            _ => &[],
        }
    }

    /// Returns what it is needed for, as an infinitive: "to invite people".
    pub fn purpose(self) -> &'static str {
        match self {
            Self::WorkspaceCurrent => "to see which workspace the key opens",
            Self::MemberList => "to list members and invitations",
            Self::MemberGet => "to look again at one member",
            Self::MemberCreate => "to invite people",
            Self::MemberPatch => "to change a member's role",
            Self::MemberDelete => "to remove members and to withdraw invitations",
            Self::CampaignList => "to list campaigns",
            Self::CampaignGet => "to look again at one campaign",
            Self::CampaignPatch => "to hand campaigns over",
            Self::LeadListList => "to see who owns lead lists",
            Self::LeadListPatch => "to hand lead lists over",
            Self::LeadsList => "to see whose leads they are",
            Self::LeadsAssign => "to hand leads over",
            Self::AccountList => "to list sending accounts",
            Self::KeyList => "to list API keys",
            Self::KeyCreate => "to make API keys",
            Self::KeyDelete => "to revoke API keys",
            Self::WebhookList => "to list webhooks",
            Self::JobList => "to list background jobs",
            Self::TrailList => "to read the audit log",
            Self::TagList => "to list tags",
            Self::TagCreate => "to make tags",
            Self::TagPatch => "to rename and describe tags",
            Self::TagDelete => "to delete tags",
            Self::TagToggle => "to assign tags",
            Self::MappingList => "to see what carries a tag",
            Self::AccountDaily => "to see what accounts sent",
            Self::AccountWarmup => "to see how warm accounts are",
            Self::CampaignAnalytics => "to see what campaigns sent and got",
            Self::CampaignDaily => "to see what campaigns sent and got day by day",
            Self::PlanDetails => "to see what a workspace pays for",
            Self::SubscriptionDetails => "to see the subscriptions of a workspace",
            Self::LinkList => "to list the workspaces of a group",
            Self::LinkAdmin => "to see which group a workspace is in",
            Self::LinkCreate => "to invite workspaces into the group",
            Self::LinkDelete => "to remove workspaces from the group",
            Self::OwnerChange => "to give a workspace another owner",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::WorkspaceCurrent => "GET /workspaces/current",
            Self::MemberList => "GET /workspace-members",
            Self::MemberGet => "GET /workspace-members/{id}",
            Self::MemberCreate => "POST /workspace-members",
            Self::MemberPatch => "PATCH /workspace-members/{id}",
            Self::MemberDelete => "DELETE /workspace-members/{id}",
            Self::CampaignList => "GET /campaigns",
            Self::CampaignGet => "GET /campaigns/{id}",
            Self::CampaignPatch => "PATCH /campaigns/{id}",
            Self::LeadListList => "GET /lead-lists",
            Self::LeadListPatch => "PATCH /lead-lists/{id}",
            Self::LeadsList => "POST /leads/list",
            Self::LeadsAssign => "POST /leads/bulk-assign",
            Self::AccountList => "GET /accounts",
            Self::KeyList => "GET /api-keys",
            Self::KeyCreate => "POST /api-keys",
            Self::KeyDelete => "DELETE /api-keys/{id}",
            Self::WebhookList => "GET /webhooks",
            Self::JobList => "GET /background-jobs",
            Self::TrailList => "GET /audit-logs",
            Self::TagList => "GET /custom-tags",
            Self::TagCreate => "POST /custom-tags",
            Self::TagPatch => "PATCH /custom-tags/{id}",
            Self::TagDelete => "DELETE /custom-tags/{id}",
            Self::TagToggle => "POST /custom-tags/toggle-resource",
            Self::MappingList => "GET /custom-tag-mappings",
            Self::AccountDaily => "GET /accounts/analytics/daily",
            Self::AccountWarmup => "POST /accounts/warmup-analytics",
            Self::CampaignAnalytics => "GET /campaigns/analytics",
            Self::CampaignDaily => "GET /campaigns/analytics/daily",
            Self::PlanDetails => "GET /workspace-billing/plan-details",
            Self::SubscriptionDetails => "GET /workspace-billing/subscription-details",
            Self::LinkList => "GET /workspace-group-members",
            Self::LinkAdmin => "GET /workspace-group-members/admin",
            Self::LinkCreate => "POST /workspace-group-members",
            Self::LinkDelete => "DELETE /workspace-group-members/{id}",
            Self::OwnerChange => "POST /workspaces/current/change-owner",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_says_its_method_and_needs_a_scope_of_its_kind() {
        for operation in Operation::ALL {
            assert!(operation.to_string().starts_with(operation.method().as_str()), "{operation}");
            assert_eq!(operation.names_id(), operation.to_string().ends_with("{id}"), "{operation}");
            let action = match operation {
                Operation::LeadsAssign | Operation::TagToggle | Operation::OwnerChange => ":update",
                _ if !operation.is_write() => ":read",
                _ => match operation.method() {
                    Method::Patch => ":update",
                    Method::Delete => ":delete",
                    Method::Get | Method::Post => ":create",
                },
            };
            let (published, likely) = (operation.scopes(), operation.likely_scopes());
            // Contract section 2 publishes none for these.
            let unpublished = matches!(
                operation,
                Operation::LeadsAssign
                    | Operation::WebhookList
                    | Operation::TagToggle
                    | Operation::AccountDaily
                    | Operation::CampaignAnalytics
                    | Operation::CampaignDaily
                    | Operation::LinkAdmin
            );
            assert_eq!((published.len(), likely.len()), if unpublished { (0, 2) } else { (4, 0) }, "{operation}");
            assert!([published, likely].concat()[0].ends_with(action), "{operation}");
        }
    }

    #[test]
    fn every_call_is_one_the_api_describes_with_the_scopes_it_is_said_to_need() {
        let table = include_str!("../../tests/data/operations.txt");
        let mut found = 0;
        for line in table.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&str> = line.split(' ').collect();
            let called = |operation: &Operation| operation.to_string() == words[..2].join(" ");
            let Some(operation) = Operation::ALL.into_iter().find(called) else { continue };
            found += 1;
            let published: &[&str] = if words[2] == "-" { &[] } else { &words[2..] };
            assert_eq!(operation.scopes(), published, "{operation}");
        }
        assert_eq!(found, Operation::ALL.len());
    }

    #[test]
    fn listing_leads_and_warm_up_reads_in_spite_of_its_method() {
        assert!(!Operation::LeadsList.is_write() && Operation::LeadsAssign.is_write());
        assert!(!Operation::AccountWarmup.is_write());
        let writes: Vec<Operation> = Operation::ALL.into_iter().filter(|operation| operation.is_write()).collect();
        assert_eq!(writes.len(), 15);
    }

    #[test]
    fn only_the_assignment_of_leads_is_answered_202() {
        for operation in Operation::ALL.into_iter().filter(|operation| operation.is_write()) {
            assert_eq!(operation.succeeds_with(200), operation != Operation::LeadsAssign, "{operation}");
        }
        assert!(Operation::LeadsAssign.succeeds_with(202) && !Operation::KeyDelete.succeeds_with(202));
        assert!(!Operation::CampaignPatch.succeeds_with(204) && !Operation::MemberList.succeeds_with(304));
    }
}
