//! The kinds of a bulk report, and the tables they are made of.
//!
//! Owns the words that are typed and that name files. What stands in the tables is for `report::bulk`.

use std::fmt;

/// What can be reported over all workspaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum ReportKind {
    /// Who is in the workspaces.
    Members,
    /// API keys.
    Keys,
    /// Tags.
    Tags,
    /// Links of groups.
    Groups,
    /// Campaigns with their analytics.
    Campaigns,
    /// Sending accounts with what they sent and how warm they are.
    Accounts,
    /// The vendor's audit log.
    Trail,
    /// Plans and subscriptions.
    Billing,
    /// Webhooks.
    Webhooks,
    /// Lead lists.
    Lists,
    /// Background jobs.
    Jobs,
}

impl ReportKind {
    /// All, in the order they are written.
    pub const ALL: [Self; 11] = [
        Self::Members,
        Self::Keys,
        Self::Tags,
        Self::Groups,
        Self::Campaigns,
        Self::Accounts,
        Self::Trail,
        Self::Billing,
        Self::Webhooks,
        Self::Lists,
        Self::Jobs,
    ];

    /// Returns the word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::Keys => "keys",
            Self::Tags => "tags",
            Self::Groups => "groups",
            Self::Campaigns => "campaigns",
            Self::Accounts => "accounts",
            Self::Trail => "trail",
            Self::Billing => "billing",
            Self::Webhooks => "webhooks",
            Self::Lists => "lists",
            Self::Jobs => "jobs",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    /// Returns the tables it is made of.
    pub fn tables(self) -> &'static [Table] {
        match self {
            Self::Members => &[Table::Members],
            Self::Keys => &[Table::Keys],
            Self::Tags => &[Table::Tags],
            Self::Groups => &[Table::Groups],
            Self::Campaigns => &[Table::Campaigns, Table::CampaignDays],
            Self::Accounts => &[Table::Accounts, Table::AccountDays],
            Self::Trail => &[Table::Trail],
            Self::Billing => &[Table::Billing],
            Self::Webhooks => &[Table::Webhooks],
            Self::Lists => &[Table::Lists],
            Self::Jobs => &[Table::Jobs],
        }
    }
}

impl fmt::Display for ReportKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl From<ReportKind> for &'static str {
    fn from(kind: ReportKind) -> Self {
        kind.as_str()
    }
}

impl TryFrom<String> for ReportKind {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("no kind of a report is called `{text}`"))
    }
}

/// One table of a report: a file, and a sheet of the workbook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(into = "&'static str", try_from = "String")]
pub enum Table {
    /// One row a membership or open invitation.
    Members,
    /// One row a key.
    Keys,
    /// One row a tag.
    Tags,
    /// One row a link.
    Groups,
    /// One row a campaign, with its counts of the period and of the one before.
    Campaigns,
    /// One row a day of the period: what all campaigns of a workspace sent and got.
    CampaignDays,
    /// One row a sending account.
    Accounts,
    /// One row an account and day of the period.
    AccountDays,
    /// One row a record.
    Trail,
    /// One row a subscription.
    Billing,
    /// One row a webhook.
    Webhooks,
    /// One row a lead list.
    Lists,
    /// One row a job.
    Jobs,
}

impl Table {
    /// All, in the order they are written.
    pub const ALL: [Self; 13] = [
        Self::Members,
        Self::Keys,
        Self::Tags,
        Self::Groups,
        Self::Campaigns,
        Self::CampaignDays,
        Self::Accounts,
        Self::AccountDays,
        Self::Trail,
        Self::Billing,
        Self::Webhooks,
        Self::Lists,
        Self::Jobs,
    ];

    /// Returns the name of its file, without an ending.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::Keys => "keys",
            Self::Tags => "tags",
            Self::Groups => "groups",
            Self::Campaigns => "campaigns",
            Self::CampaignDays => "campaign_days",
            Self::Accounts => "accounts",
            Self::AccountDays => "account_days",
            Self::Trail => "trail",
            Self::Billing => "billing",
            Self::Webhooks => "webhooks",
            Self::Lists => "lists",
            Self::Jobs => "jobs",
        }
    }

    /// Reads the name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|table| table.as_str() == text)
    }

    /// Returns the kind it belongs to.
    pub fn kind(self) -> ReportKind {
        match self {
            Self::Members => ReportKind::Members,
            Self::Keys => ReportKind::Keys,
            Self::Tags => ReportKind::Tags,
            Self::Groups => ReportKind::Groups,
            Self::Campaigns | Self::CampaignDays => ReportKind::Campaigns,
            Self::Accounts | Self::AccountDays => ReportKind::Accounts,
            Self::Trail => ReportKind::Trail,
            Self::Billing => ReportKind::Billing,
            Self::Webhooks => ReportKind::Webhooks,
            Self::Lists => ReportKind::Lists,
            Self::Jobs => ReportKind::Jobs,
        }
    }
}

impl From<Table> for &'static str {
    fn from(table: Table) -> Self {
        table.as_str()
    }
}

impl TryFrom<String> for Table {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        Self::parse(&text).ok_or_else(|| format!("no table of a report is called `{text}`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_read_as_what_it_was_written_from_and_every_table_belongs_to_its_kind() {
        for kind in ReportKind::ALL {
            assert_eq!(ReportKind::parse(kind.as_str()), Some(kind));
            assert!(kind.tables().iter().all(|table| table.kind() == kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
            assert_eq!(serde_json::from_value::<ReportKind>(kind.as_str().into()).unwrap(), kind);
        }
        for table in Table::ALL {
            assert_eq!(serde_json::to_value(table).unwrap(), table.as_str());
            assert_eq!(serde_json::from_value::<Table>(table.as_str().into()).unwrap(), table);
        }
        assert!(serde_json::from_str::<ReportKind>("\"campaign_days\"").is_err());
        let tables: Vec<Table> = ReportKind::ALL.iter().flat_map(|kind| kind.tables()).copied().collect();
        assert_eq!(tables, Table::ALL);
    }
}
