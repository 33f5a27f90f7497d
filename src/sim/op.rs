//! The operations the simulator answers: their routes and the scopes they ask for (contract sections 2, 7 to 11).

use std::fmt;

use crate::api::transport::Method;

/// One operation of the API, named after the contract and not after our client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Op {
    /// `GET /api/v2/workspaces/current`.
    WorkspaceCurrent,
    /// `GET /api/v2/workspace-members`.
    MemberList,
    /// `GET /api/v2/workspace-members/{id}`.
    MemberGet,
    /// `POST /api/v2/workspace-members`.
    MemberCreate,
    /// `PATCH /api/v2/workspace-members/{id}`.
    MemberPatch,
    /// `DELETE /api/v2/workspace-members/{id}`.
    MemberDelete,
    /// `GET /api/v2/workspace-group-members`.
    GroupList,
    /// `GET /api/v2/workspace-group-members/{id}`.
    GroupGet,
    /// `GET /api/v2/workspace-group-members/admin`.
    GroupAdmin,
    /// `GET /api/v2/campaigns`.
    CampaignList,
    /// `GET /api/v2/campaigns/{id}`.
    CampaignGet,
    /// `PATCH /api/v2/campaigns/{id}`.
    CampaignPatch,
    /// `GET /api/v2/lead-lists`.
    LeadListList,
    /// `PATCH /api/v2/lead-lists/{id}`.
    LeadListPatch,
    /// `POST /api/v2/leads/list`.
    LeadsList,
    /// `POST /api/v2/leads/bulk-assign`.
    LeadsAssign,
    /// `GET /api/v2/accounts`.
    AccountList,
    /// `GET /api/v2/api-keys`.
    KeyList,
    /// `POST /api/v2/api-keys`.
    KeyCreate,
    /// `DELETE /api/v2/api-keys/{id}`.
    KeyDelete,
    /// `GET /api/v2/webhooks`.
    WebhookList,
    /// `GET /api/v2/background-jobs`.
    JobList,
    /// `GET /api/v2/audit-logs`.
    TrailList,
    /// `POST /api/v2/workspaces/current/change-owner`.
    OwnerChange,
    /// `POST /api/v2/workspace-group-members`.
    GroupCreate,
    /// `DELETE /api/v2/workspace-group-members/{id}`.
    GroupDelete,
    /// `GET /api/v2/custom-tags`.
    TagList,
    /// `GET /api/v2/custom-tags/{id}`.
    TagGet,
    /// `POST /api/v2/custom-tags`.
    TagCreate,
    /// `PATCH /api/v2/custom-tags/{id}`.
    TagPatch,
    /// `DELETE /api/v2/custom-tags/{id}`.
    TagDelete,
    /// `POST /api/v2/custom-tags/toggle-resource`.
    TagToggle,
    /// `GET /api/v2/custom-tag-mappings`.
    MappingList,
    /// `GET /api/v2/accounts/analytics/daily`.
    AccountDaily,
    /// `POST /api/v2/accounts/warmup-analytics`.
    AccountWarmup,
    /// `GET /api/v2/campaigns/analytics`.
    CampaignAnalytics,
    /// `GET /api/v2/campaigns/analytics/daily`.
    CampaignDaily,
    /// `GET /api/v2/workspace-billing/plan-details`.
    PlanDetails,
    /// `GET /api/v2/workspace-billing/subscription-details`.
    SubscriptionDetails,
}

impl Op {
    /// All operations with the words scripts use.
    pub const WORDS: [(&'static str, Self); 39] = [
        ("workspace.current", Self::WorkspaceCurrent),
        ("member.list", Self::MemberList),
        ("member.get", Self::MemberGet),
        ("member.create", Self::MemberCreate),
        ("member.patch", Self::MemberPatch),
        ("member.delete", Self::MemberDelete),
        ("group.list", Self::GroupList),
        ("group.get", Self::GroupGet),
        ("group.admin", Self::GroupAdmin),
        ("campaign.list", Self::CampaignList),
        ("campaign.get", Self::CampaignGet),
        ("campaign.patch", Self::CampaignPatch),
        ("lead_list.list", Self::LeadListList),
        ("lead_list.patch", Self::LeadListPatch),
        ("leads.list", Self::LeadsList),
        ("leads.assign", Self::LeadsAssign),
        ("account.list", Self::AccountList),
        ("key.list", Self::KeyList),
        ("key.create", Self::KeyCreate),
        ("key.delete", Self::KeyDelete),
        ("webhook.list", Self::WebhookList),
        ("job.list", Self::JobList),
        ("trail.list", Self::TrailList),
        ("owner.change", Self::OwnerChange),
        ("group.create", Self::GroupCreate),
        ("group.delete", Self::GroupDelete),
        ("tag.list", Self::TagList),
        ("tag.get", Self::TagGet),
        ("tag.create", Self::TagCreate),
        ("tag.patch", Self::TagPatch),
        ("tag.delete", Self::TagDelete),
        ("tag.toggle", Self::TagToggle),
        ("mapping.list", Self::MappingList),
        ("account.daily", Self::AccountDaily),
        ("account.warmup", Self::AccountWarmup),
        ("campaign.analytics", Self::CampaignAnalytics),
        ("campaign.daily", Self::CampaignDaily),
        ("billing.plan", Self::PlanDetails),
        ("billing.subscriptions", Self::SubscriptionDetails),
    ];

    /// Reads the word of a script.
    pub fn parse(word: &str) -> Option<Self> {
        Self::WORDS.into_iter().find(|(known, _)| *known == word).map(|(_, op)| op)
    }

    /// Returns the word of a script.
    pub fn as_str(self) -> &'static str {
        Self::WORDS.into_iter().find(|(_, op)| *op == self).map_or("", |(word, _)| word)
    }

    /// Tells whether it changes anything.
    pub fn writes(self) -> bool {
        matches!(
            self,
            Self::MemberCreate
                | Self::MemberPatch
                | Self::MemberDelete
                | Self::CampaignPatch
                | Self::LeadListPatch
                | Self::LeadsAssign
                | Self::KeyCreate
                | Self::KeyDelete
                | Self::OwnerChange
                | Self::GroupCreate
                | Self::GroupDelete
                | Self::TagCreate
                | Self::TagPatch
                | Self::TagDelete
                | Self::TagToggle
        )
    }

    /// Tells whether it answers pages.
    pub fn lists(self) -> bool {
        matches!(
            self,
            Self::MemberList
                | Self::GroupList
                | Self::CampaignList
                | Self::LeadListList
                | Self::LeadsList
                | Self::AccountList
                | Self::KeyList
                | Self::WebhookList
                | Self::JobList
                | Self::TrailList
                | Self::TagList
                | Self::MappingList
        )
    }

    /// Returns resource and action of the scope it asks for; none is published for seven of them (contract section 2), so any key may.
    pub fn scope(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::WorkspaceCurrent => ("workspaces", "read"),
            Self::MemberList | Self::MemberGet => ("workspace_members", "read"),
            Self::MemberCreate => ("workspace_members", "create"),
            Self::MemberPatch => ("workspace_members", "update"),
            Self::MemberDelete => ("workspace_members", "delete"),
            Self::GroupList | Self::GroupGet => ("workspace_group_members", "read"),
            Self::CampaignList | Self::CampaignGet => ("campaigns", "read"),
            Self::CampaignPatch => ("campaigns", "update"),
            Self::LeadListList => ("lead_lists", "read"),
            Self::LeadListPatch => ("lead_lists", "update"),
            Self::LeadsList => ("leads", "read"),
            Self::AccountList | Self::AccountWarmup => ("accounts", "read"),
            Self::PlanDetails | Self::SubscriptionDetails => ("workspace_billing", "read"),
            Self::KeyList => ("api_keys", "read"),
            Self::KeyCreate => ("api_keys", "create"),
            Self::KeyDelete => ("api_keys", "delete"),
            Self::JobList => ("background-jobs", "read"),
            Self::TrailList => ("audit_logs", "read"),
            Self::OwnerChange => ("workspaces", "update"),
            Self::GroupCreate => ("workspace_group_members", "create"),
            Self::GroupDelete => ("workspace_group_members", "delete"),
            Self::TagList | Self::TagGet => ("custom_tags", "read"),
            Self::TagCreate => ("custom_tags", "create"),
            Self::TagPatch => ("custom_tags", "update"),
            Self::TagDelete => ("custom_tags", "delete"),
            Self::MappingList => ("custom_tag_mappings", "read"),
            Self::GroupAdmin
            | Self::LeadsAssign
            | Self::WebhookList
            | Self::TagToggle
            | Self::AccountDaily
            | Self::CampaignAnalytics
            | Self::CampaignDaily => return None,
        })
    }

    /// Tells whether one of the scopes suffices: `r:a`, `r:all`, `all:a` or `all:all`.
    pub fn allowed_by<T: AsRef<str>>(self, scopes: &[T]) -> bool {
        let Some((resource, action)) = self.scope() else { return true };
        scopes.iter().any(|scope| {
            scope.as_ref().split_once(':').is_some_and(|(has_resource, has_action)| {
                (has_resource == resource || has_resource == "all") && (has_action == action || has_action == "all")
            })
        })
    }

    /// Finds the operation of a method and a path without its query, and the id in the path. `None` is an unknown route.
    pub fn route(method: Method, path: &str) -> Option<(Self, Option<&str>)> {
        let rest = path.strip_prefix("/api/v2/")?;
        match (method, rest) {
            (Method::Post, "workspaces/current/change-owner") => return Some((Self::OwnerChange, None)),
            (Method::Get, "accounts/analytics/daily") => return Some((Self::AccountDaily, None)),
            (Method::Post, "accounts/warmup-analytics") => return Some((Self::AccountWarmup, None)),
            (Method::Get, "campaigns/analytics") => return Some((Self::CampaignAnalytics, None)),
            (Method::Get, "campaigns/analytics/daily") => return Some((Self::CampaignDaily, None)),
            (Method::Get, "workspace-billing/plan-details") => return Some((Self::PlanDetails, None)),
            (Method::Get, "workspace-billing/subscription-details") => return Some((Self::SubscriptionDetails, None)),
            (Method::Post, "custom-tags/toggle-resource") => return Some((Self::TagToggle, None)),
            _ => {}
        }
        let (resource, id) = match rest.split_once('/') {
            Some((_, id)) if id.is_empty() || id.contains('/') => return None,
            Some((resource, id)) => (resource, Some(id)),
            None => (rest, None),
        };
        let op = match (method, resource, id) {
            (Method::Get, "workspaces", Some("current")) => return Some((Self::WorkspaceCurrent, None)),
            (Method::Get, "workspace-group-members", Some("admin")) => return Some((Self::GroupAdmin, None)),
            (Method::Post, "leads", Some("list")) => return Some((Self::LeadsList, None)),
            (Method::Post, "leads", Some("bulk-assign")) => return Some((Self::LeadsAssign, None)),
            (Method::Get, "workspace-members", None) => Self::MemberList,
            (Method::Get, "workspace-members", Some(_)) => Self::MemberGet,
            (Method::Post, "workspace-members", None) => Self::MemberCreate,
            (Method::Patch, "workspace-members", Some(_)) => Self::MemberPatch,
            (Method::Delete, "workspace-members", Some(_)) => Self::MemberDelete,
            (Method::Get, "workspace-group-members", None) => Self::GroupList,
            (Method::Get, "workspace-group-members", Some(_)) => Self::GroupGet,
            (Method::Post, "workspace-group-members", None) => Self::GroupCreate,
            (Method::Delete, "workspace-group-members", Some(_)) => Self::GroupDelete,
            (Method::Get, "custom-tags", None) => Self::TagList,
            (Method::Get, "custom-tags", Some(_)) => Self::TagGet,
            (Method::Post, "custom-tags", None) => Self::TagCreate,
            (Method::Patch, "custom-tags", Some(_)) => Self::TagPatch,
            (Method::Delete, "custom-tags", Some(_)) => Self::TagDelete,
            (Method::Get, "custom-tag-mappings", None) => Self::MappingList,
            (Method::Get, "campaigns", None) => Self::CampaignList,
            (Method::Get, "campaigns", Some(_)) => Self::CampaignGet,
            (Method::Patch, "campaigns", Some(_)) => Self::CampaignPatch,
            (Method::Get, "lead-lists", None) => Self::LeadListList,
            (Method::Patch, "lead-lists", Some(_)) => Self::LeadListPatch,
            (Method::Get, "accounts", None) => Self::AccountList,
            (Method::Get, "api-keys", None) => Self::KeyList,
            (Method::Post, "api-keys", None) => Self::KeyCreate,
            (Method::Delete, "api-keys", Some(_)) => Self::KeyDelete,
            (Method::Get, "webhooks", None) => Self::WebhookList,
            (Method::Get, "background-jobs", None) => Self::JobList,
            (Method::Get, "audit-logs", None) => Self::TrailList,
            _ => return None,
        };
        Some((op, id))
    }
}

impl fmt::Display for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_takes_exactly_the_four_scopes_of_its_row() {
        let table = [
            (Op::WorkspaceCurrent, "workspaces", "read"),
            (Op::MemberList, "workspace_members", "read"),
            (Op::MemberGet, "workspace_members", "read"),
            (Op::MemberCreate, "workspace_members", "create"),
            (Op::MemberPatch, "workspace_members", "update"),
            (Op::MemberDelete, "workspace_members", "delete"),
            (Op::GroupList, "workspace_group_members", "read"),
            (Op::GroupGet, "workspace_group_members", "read"),
            (Op::CampaignList, "campaigns", "read"),
            (Op::CampaignGet, "campaigns", "read"),
            (Op::CampaignPatch, "campaigns", "update"),
            (Op::LeadListList, "lead_lists", "read"),
            (Op::LeadListPatch, "lead_lists", "update"),
            (Op::LeadsList, "leads", "read"),
            (Op::AccountList, "accounts", "read"),
            (Op::AccountWarmup, "accounts", "read"),
            (Op::PlanDetails, "workspace_billing", "read"),
            (Op::SubscriptionDetails, "workspace_billing", "read"),
            (Op::KeyList, "api_keys", "read"),
            (Op::KeyCreate, "api_keys", "create"),
            (Op::KeyDelete, "api_keys", "delete"),
            (Op::JobList, "background-jobs", "read"),
            (Op::TrailList, "audit_logs", "read"),
            (Op::OwnerChange, "workspaces", "update"),
            (Op::GroupCreate, "workspace_group_members", "create"),
            (Op::GroupDelete, "workspace_group_members", "delete"),
            (Op::TagList, "custom_tags", "read"),
            (Op::TagGet, "custom_tags", "read"),
            (Op::TagCreate, "custom_tags", "create"),
            (Op::TagPatch, "custom_tags", "update"),
            (Op::TagDelete, "custom_tags", "delete"),
            (Op::MappingList, "custom_tag_mappings", "read"),
        ];
        let resources = [
            "workspaces",
            "workspace_members",
            "workspace_group_members",
            "campaigns",
            "lead_lists",
            "leads",
            "accounts",
            "api_keys",
            "background-jobs",
            "audit_logs",
            "custom_tags",
            "custom_tag_mappings",
            "workspace_billing",
            "all",
        ];
        let actions = ["read", "create", "update", "delete", "all"];
        for (op, resource, action) in table {
            for r in resources {
                for a in actions {
                    let allowed = (r == resource || r == "all") && (a == action || a == "all");
                    assert_eq!(op.allowed_by(&[format!("{r}:{a}")]), allowed, "{op} with {r}:{a}");
                }
            }
            assert!(!op.allowed_by::<&str>(&[]));
            assert!(!op.allowed_by(&["all", ":", "workspace_members"]));
        }
        let unpublished = [
            Op::GroupAdmin,
            Op::LeadsAssign,
            Op::WebhookList,
            Op::TagToggle,
            Op::AccountDaily,
            Op::CampaignAnalytics,
            Op::CampaignDaily,
        ];
        for op in unpublished {
            assert!(op.allowed_by::<&str>(&[]), "{op}: no scope is published");
        }
        assert_eq!(table.len() + unpublished.len(), Op::WORDS.len());
    }

    #[test]
    fn routes_are_found_and_everything_else_is_unknown() {
        assert_eq!(Op::route(Method::Get, "/api/v2/workspaces/current"), Some((Op::WorkspaceCurrent, None)));
        assert_eq!(Op::route(Method::Delete, "/api/v2/workspace-members/abc"), Some((Op::MemberDelete, Some("abc"))));
        assert_eq!(Op::route(Method::Get, "/api/v2/workspace-group-members/admin"), Some((Op::GroupAdmin, None)));
        for (method, path, op) in [
            (Method::Post, "/api/v2/workspaces/current/change-owner", Op::OwnerChange),
            (Method::Get, "/api/v2/accounts/analytics/daily", Op::AccountDaily),
            (Method::Post, "/api/v2/accounts/warmup-analytics", Op::AccountWarmup),
            (Method::Get, "/api/v2/campaigns/analytics", Op::CampaignAnalytics),
            (Method::Get, "/api/v2/campaigns/analytics/daily", Op::CampaignDaily),
            (Method::Get, "/api/v2/workspace-billing/plan-details", Op::PlanDetails),
            (Method::Post, "/api/v2/custom-tags/toggle-resource", Op::TagToggle),
        ] {
            assert_eq!(Op::route(method, path), Some((op, None)), "{method} {path}");
        }
        for (method, path) in [
            (Method::Get, "/api/v2/workspaces/current/change-owner"),
            (Method::Patch, "/api/v2/workspace-group-members/abc"),
            (Method::Post, "/api/v2/custom-tag-mappings"),
            (Method::Post, "/api/v2/workspaces/create"),
            (Method::Get, "/api/v2/workspace-members/"),
            (Method::Get, "/api/v2/workspace-members/a/b"),
            (Method::Get, "/api/v1/workspace-members"),
            (Method::Delete, "/api/v2/workspace-members"),
            (Method::Post, "/api/v2/webhooks"),
            (Method::Get, "/api/v2/leads/list"),
            (Method::Patch, "/api/v2/api-keys/abc"),
            (Method::Get, "/api/v2/api-keys/abc"),
            (Method::Get, "/"),
        ] {
            assert_eq!(Op::route(method, path), None, "{method} {path}");
        }
    }

    #[test]
    fn every_word_reads_back() {
        for (word, op) in Op::WORDS {
            assert_eq!((Op::parse(word), op.as_str()), (Some(op), word));
        }
    }
}
