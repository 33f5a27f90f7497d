//! From what one person is or left in a workspace to findings, one a row.

use crate::domain::codes::ACTIVITY;
use crate::domain::{Member, UserId};
use crate::plan::Observed;
use crate::plan::traces::{Activity, Count, Trace, Traces};

/// What a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Membership,
    Invitation,
    Ambiguous,
    Campaign,
    CampaignMade,
    LeadList,
    Leads,
    SendingAccount,
    Key,
    KeyByName,
    KeysOfUnknownMaker,
    Webhook,
    WebhooksOfUnknownMaker,
    Job,
    LastActivity,
    Logins,
    SecondFactor,
    Exports,
    NotLooked,
    Unseen,
}

impl Kind {
    pub(super) const ALL: [Self; 20] = [
        Self::Membership,
        Self::Invitation,
        Self::Ambiguous,
        Self::Campaign,
        Self::CampaignMade,
        Self::LeadList,
        Self::Leads,
        Self::SendingAccount,
        Self::Key,
        Self::KeyByName,
        Self::KeysOfUnknownMaker,
        Self::Webhook,
        Self::WebhooksOfUnknownMaker,
        Self::Job,
        Self::LastActivity,
        Self::Logins,
        Self::SecondFactor,
        Self::Exports,
        Self::NotLooked,
        Self::Unseen,
    ];

    /// Returns the word of every output.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Membership => "membership",
            Self::Invitation => "invitation",
            Self::Ambiguous => "ambiguous",
            Self::Campaign => "campaign",
            Self::CampaignMade => "campaign_made",
            Self::LeadList => "lead_list",
            Self::Leads => "leads",
            Self::SendingAccount => "sending_account",
            Self::Key => "key",
            Self::KeyByName => "key_by_name",
            Self::KeysOfUnknownMaker => "keys_of_unknown_maker",
            Self::Webhook => "webhook",
            Self::WebhooksOfUnknownMaker => "webhooks_of_unknown_maker",
            Self::Job => "job",
            Self::LastActivity => "last_activity",
            Self::Logins => "logins",
            Self::SecondFactor => "second_factor",
            Self::Exports => "exports",
            Self::NotLooked => "not_looked_for",
            Self::Unseen => "unseen",
        }
    }

    /// Tells whether it is something of theirs, and not a remark on what cannot be told.
    pub(super) fn is_about_them(self) -> bool {
        !matches!(
            self,
            Self::KeyByName
                | Self::KeysOfUnknownMaker
                | Self::WebhooksOfUnknownMaker
                | Self::LastActivity
                | Self::Logins
                | Self::SecondFactor
                | Self::Exports
                | Self::NotLooked
                | Self::Unseen
        )
    }

    /// Tells whether the member list alone shows it: then it is known without an account of theirs.
    pub(super) fn is_of_members(self) -> bool {
        matches!(self, Self::Membership | Self::Invitation | Self::Ambiguous)
    }
}

/// One finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) kind: Kind,
    pub(super) id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) detail: String,
    pub(super) at: Option<String>,
    pub(super) count: Option<Count>,
    pub(super) source: String,
}

impl Finding {
    fn new(kind: Kind, detail: impl Into<String>, source: &str) -> Self {
        let (id, name, at, count) = (None, None, None, None);
        Self { kind, id, name, detail: detail.into(), at, count, source: source.to_owned() }
    }
}

/// Lists what was found, in a stable order.
pub(super) fn of(observed: &Observed, traces: &Traces) -> Vec<Finding> {
    let mut found: Vec<Finding> = traces.rows.iter().map(|row| membership(observed, row)).collect();
    found.extend(traces.same_account.iter().map(|row| {
        let told = membership(observed, row);
        Finding { detail: format!("the same account, under another address; {}", told.detail), ..told }
    }));
    if traces.ambiguous {
        let text = "several accounts bear the address: it cannot be told whose these rows are";
        found.push(Finding::new(Kind::Ambiguous, text, "workspace-members"));
    }
    let listed = [
        (Kind::Campaign, &traces.campaigns, "owns it", "campaigns"),
        (Kind::CampaignMade, &traces.campaigns_created, "made it", "campaigns"),
        (Kind::LeadList, &traces.lead_lists, "owns it", "lead-lists"),
        (Kind::SendingAccount, &traces.sending_accounts, "added it, and may know its password", "accounts"),
        (Kind::Key, &traces.keys, "made it, as a record of the audit log says", "api-keys"),
        (
            Kind::KeyByName,
            &traces.keys_by_name,
            "a record of the audit log says they made a key of this name; whether it is this one cannot be told",
            "api-keys",
        ),
        (Kind::Webhook, &traces.webhooks, "made it, as a record of the audit log says", "webhooks"),
        (Kind::Job, &traces.jobs, "started it; it has not ended", "background-jobs"),
    ];
    for (kind, things, detail, source) in listed {
        found.extend(things.iter().map(|thing| of_thing(kind, thing, detail, source)));
    }
    if traces.leads.count > 0 {
        let mut leads = Finding::new(Kind::Leads, format!("{} assigned to them", traces.leads), "leads");
        leads.count = Some(traces.leads);
        found.push(leads);
    }
    let unknown = [
        (Kind::KeysOfUnknownMaker, &traces.keys_of_unknown_maker, "api-keys"),
        (Kind::WebhooksOfUnknownMaker, &traces.webhooks_of_unknown_maker, "webhooks"),
    ];
    for (kind, things, source) in unknown.into_iter().filter(|(_, things, _)| !things.is_empty()) {
        let mut one = Finding::new(kind, "no record tells who made them: they may be theirs", source);
        one.count = Some(count(things.len() as u64, is_seen(traces, source)));
        found.push(one);
    }
    if let Some(activity) = &traces.activity {
        found.extend(of_activity(activity, is_seen(traces, "audit-logs")));
    }
    if !traces.looked && !traces.rows.is_empty() {
        let text = "no account of theirs is known here, so nothing but memberships can be told to be theirs";
        found.push(Finding::new(Kind::NotLooked, text, "workspace-members"));
    }
    for unseen in &traces.unseen {
        let text = format!("not read whole, what is there is not known: {}", unseen.reason);
        found.push(Finding::new(Kind::Unseen, text, &unseen.listing));
    }
    found.sort_by(|a, b| (a.kind, &a.name, &a.id).cmp(&(b.kind, &b.name, &b.id)));
    found
}

fn is_seen(traces: &Traces, listing: &str) -> bool {
    traces.unseen.iter().all(|unseen| unseen.listing != listing)
}

fn count(count: u64, exact: bool) -> Count {
    Count { count, exact }
}

fn membership(observed: &Observed, row: &Member) -> Finding {
    let kind = if row.accepted { Kind::Membership } else { Kind::Invitation };
    let mut words = vec![row.role.to_string()];
    match &row.permissions {
        None => {}
        Some(permissions) if permissions.0.is_empty() => words.push("no permissions".to_owned()),
        Some(permissions) => words.push(format!("permissions {}", permissions.join(" "))),
    }
    words.push(invited_by(observed, row.issuer_id.as_ref()));
    Finding {
        kind,
        id: Some(row.id.to_string()),
        name: Some(row.email.to_string()),
        detail: words.join("; "),
        at: Some(row.timestamp_created.clone()),
        count: None,
        source: "workspace-members".to_owned(),
    }
}

/// Says who invited somebody, by the address that account has here today.
fn invited_by(observed: &Observed, issuer: Option<&UserId>) -> String {
    let Some(issuer) = issuer else { return "who invited them is not told".to_owned() };
    match observed.members.iter().find(|member| member.user_id.as_ref() == Some(issuer)) {
        Some(member) => format!("invited by {}", member.email),
        None => format!("invited by account {issuer}, which is no member now"),
    }
}

fn of_thing(kind: Kind, thing: &Trace, detail: &str, source: &str) -> Finding {
    let source = match &thing.record {
        Some(record) => format!("{source}, audit-logs record {record}"),
        None => source.to_owned(),
    };
    Finding { id: Some(thing.id.clone()), name: Some(thing.name.clone()), ..Finding::new(kind, detail, &source) }
}

/// What the trail tells; where it has no record it says so, and never that there was nothing.
fn of_activity(told: &Activity, whole: bool) -> Vec<Finding> {
    let finding = |kind, detail: String| Finding::new(kind, detail, "audit-logs");
    let Activity { last, last_login, logins, last_mfa, last_export, exports, leads_exported } = told;
    let mut last_one = finding(Kind::LastActivity, "no logged activity".to_owned());
    if let Some((at, code)) = last {
        last_one = Finding { at: Some(at.clone()), ..finding(Kind::LastActivity, ACTIVITY.spoken(*code)) };
    }
    let mut of_logins = finding(Kind::Logins, "no logged login".to_owned());
    if let Some(at) = last_login {
        of_logins = Finding { at: Some(at.clone()), ..finding(Kind::Logins, "the last logged login".to_owned()) };
    }
    of_logins.count = Some(count(*logins, whole));
    let mut factor = finding(Kind::SecondFactor, "no logged second factor".to_owned());
    if let Some((at, code)) = last_mfa {
        factor = Finding {
            at: Some(at.clone()),
            ..finding(Kind::SecondFactor, format!("last record: {}", ACTIVITY.spoken(*code)))
        };
    }
    let mut of_exports = finding(Kind::Exports, "no logged export".to_owned());
    if let Some(at) = last_export {
        let leads = match leads_exported {
            0 => String::new(),
            1 => "; 1 lead in all".to_owned(),
            many => format!("; {many} leads in all"),
        };
        let detail = format!("the last logged export of leads{leads}");
        of_exports = Finding { at: Some(at.clone()), ..finding(Kind::Exports, detail) };
    }
    of_exports.count = Some(count(*exports, whole));
    vec![last_one, of_logins, factor, of_exports]
}
