//! Facts from an inventory: what pages, sums and a resume need, and no more.

use std::collections::{BTreeMap, BTreeSet};

use super::{AccountFact, CampaignFact, Facts, FindingFact, PersonFact, TableFact, TroubleFact};
use crate::domain::codes::{ACCOUNT_STATUS, CAMPAIGN_STATUS, WARMUP_STATUS};
use crate::domain::{About, Finding, FindingCode, Inventory, ReportKind, Table};
use crate::report::bulk::attention;
use crate::report::bulk::context::{Context, People};
use crate::report::bulk::tables::{self, counts_of};

impl Facts {
    /// Gathers them of a workspace that was read.
    pub fn of(inventory: &Inventory, context: &Context, tables: BTreeMap<Table, TableFact>) -> Self {
        let Context { stamp, kinds, period, labels, said, .. } = context;
        let asked = |kind: ReportKind| kinds.contains(&kind);
        let mut findings: Vec<&Finding> = said.findings.iter().collect();
        findings.sort();
        Self {
            workspace: stamp.workspace.clone(),
            workspace_id: Some(stamp.workspace_id.clone()),
            title: Some(inventory.identity.name.clone()),
            labels: labels.clone(),
            observed_at: stamp.observed_at.clone(),
            trouble: None,
            tables,
            people: if asked(ReportKind::Members) { people(inventory, context) } else { Vec::new() },
            findings: findings.into_iter().map(finding).collect(),
            attention: attention::of(inventory, context),
            campaigns: if asked(ReportKind::Campaigns) { campaigns(inventory) } else { Vec::new() },
            days: if asked(ReportKind::Campaigns) { tables::whole_days(inventory, *period) } else { None },
            accounts: if asked(ReportKind::Accounts) { accounts(inventory, context) } else { Vec::new() },
            subscriptions: match &inventory.billing {
                Some(billing) if asked(ReportKind::Billing) => billing.value.subscriptions.clone(),
                _ => Vec::new(),
            },
            keys: inventory.keys.as_ref().filter(|_| asked(ReportKind::Keys)).map(|keys| {
                let ids: BTreeSet<_> = keys.value.iter().map(|key| &key.id).collect();
                u64::try_from(ids.len()).unwrap_or(u64::MAX)
            }),
            scopes_lacking: inventory.scopes_lacking.clone(),
        }
    }

    /// Makes those of a workspace of which nothing could be read.
    pub fn unreadable(
        workspace: &str,
        workspace_id: Option<&str>,
        labels: &BTreeMap<String, String>,
        observed_at: &str,
        trouble: TroubleFact,
    ) -> Self {
        // Whose workspace a wrong key opens is no business of whoever reads these pages.
        let trouble = if trouble.kind == attention::OPENS_ANOTHER {
            TroubleFact {
                reason: "its key opens another workspace than the pinned one; nothing of it is shown".to_owned(),
                advice: vec!["`keyholder check` shows who answers".to_owned()],
                ..trouble
            }
        } else {
            trouble
        };
        Self {
            workspace: workspace.to_owned(),
            workspace_id: workspace_id.map(str::to_owned),
            labels: labels.clone(),
            observed_at: observed_at.to_owned(),
            attention: vec![attention::of_trouble(&trouble)],
            trouble: Some(trouble),
            ..Self::default()
        }
    }
}

/// Counts the rows of each table that was asked for, by making them, and says why there may be more.
fn people(inventory: &Inventory, context: &Context) -> Vec<PersonFact> {
    let fact = |member: &crate::domain::Member| PersonFact {
        email: member.email.to_string(),
        role: member.role.to_string(),
        accepted: member.accepted,
        external: context.is_external(&member.email),
        since: member.timestamp_created.clone(),
        last_login: tables::last_login(inventory, member).map(str::to_owned),
    };
    tables::members_in_order(inventory).into_iter().map(fact).collect()
}

fn finding(finding: &Finding) -> FindingFact {
    let Finding { code, severity, about, evidence, advice, .. } = finding;
    FindingFact {
        code: code.to_string(),
        severity: *severity,
        about: about_words(about),
        evidence: evidence.clone(),
        advice: advice.clone(),
    }
}

/// Says what a finding is about: a name where there is one, else an id.
pub(in crate::report::bulk) fn about_words(about: &About) -> String {
    match about {
        About::Workspace => "the workspace".to_owned(),
        About::Key { id, name } if name.is_empty() => id.to_string(),
        About::Tag { label } => label.clone(),
        About::Account { email } => email.clone(),
        About::Sub { id, name } if name.is_empty() => id.to_string(),
        About::Key { name, .. } | About::Sub { name, .. } => name.clone(),
        About::Place(place) => place.to_string(),
    }
}

fn campaigns(inventory: &Inventory) -> Vec<CampaignFact> {
    let people = People::of(inventory);
    let fact = |listed: tables::Listed<'_>| {
        let status = listed.campaign.and_then(|campaign| campaign.status);
        CampaignFact {
            name: listed.campaign.map_or_else(|| listed.id.to_string(), |campaign| campaign.name.clone()),
            status: status.map(|code| CAMPAIGN_STATUS.word(code)).unwrap_or_default().to_owned(),
            owner: tables::campaign_owner(&people, listed).map(str::to_owned),
            now: counts_of(inventory.counts.as_ref(), listed.id),
            prior: counts_of(inventory.prior_counts.as_ref(), listed.id),
            opens_uncounted: listed.campaign.is_some_and(|campaign| campaign.open_tracking == Some(false)),
        }
    };
    tables::campaigns_in_order(inventory).into_iter().map(fact).collect()
}

fn accounts(inventory: &Inventory, context: &Context) -> Vec<AccountFact> {
    let ill_by_rule: BTreeSet<&str> = context.said.findings.iter().filter_map(ill_account).collect();
    let in_order = tables::accounts_in_order(inventory);
    let facts = in_order.into_iter().map(|(address, account)| {
        let sent = tables::sent_over(inventory, &address, context.period);
        let (days, all) = sent.map_or((Vec::new(), None), |(days, all)| (days, Some(all)));
        AccountFact {
            email: account.email.clone(),
            status: account.status.map(|code| ACCOUNT_STATUS.word(code)).unwrap_or_default().to_owned(),
            ill: account.status.is_some_and(|status| status < 0) || ill_by_rule.contains(account.email.as_str()),
            warmup: account.warmup_status.map(|code| WARMUP_STATUS.word(code).to_owned()),
            daily_limit: account.daily_limit,
            sent: all.map(|all| all.sent),
            bounced: all.map(|all| all.bounced),
            days,
            score: tables::warmup_score(inventory, &address, account),
            owner: context.said.accounts.get(&address).map(|said| said.owner.clone()),
        }
    });
    facts.collect()
}

/// Returns the account that a finding says cannot send as it should.
fn ill_account(finding: &Finding) -> Option<&str> {
    let is_ill = matches!(finding.code, FindingCode::AccountDisconnected | FindingCode::AccountBounces);
    match &finding.about {
        About::Account { email } if is_ill => Some(email),
        _ => None,
    }
}
