//! The scopes a new key may have: the 178 that the create-key call accepts (contract section 2).

/// Resources with all five actions.
const RESOURCES: [&str; 35] = [
    "all",
    "ai_agents",
    "api_keys",
    "audit_logs",
    "custom_prompt_templates",
    "account_campaign_mappings",
    "campaigns",
    "inbox_placement_tests",
    "inbox_placement_analytics",
    "inbox_placement_reports",
    "lead_lists",
    "leads",
    "background-jobs",
    "custom_tags",
    "custom_tag_mappings",
    "crm_actions",
    "accounts",
    "block_list_entries",
    "lead-labels",
    "emails",
    "email_templates",
    "workspaces",
    "workspace_billing",
    "workspace_group_members",
    "workspace_members",
    "subsequences",
    "ai_sdr",
    "ai_sdr_replies",
    "ai_inbox_manager_analytics",
    "sales_flows",
    "webhooks",
    "webhook_events",
    "security_tokens",
    "dfy_email_account_orders",
    "auth",
];
const ACTIONS: [&str; 5] = ["all", "create", "read", "update", "delete"];

/// Tells whether a key may be made with a scope.
pub(crate) fn is_documented(scope: &str) -> bool {
    match scope.split_once(':') {
        Some(("email_verifications", action)) => matches!(action, "all" | "create" | "read"),
        Some((resource, action)) => RESOURCES.contains(&resource) && ACTIONS.contains(&action),
        None => false,
    }
}
