//! What campaigns sent and got, on the wire (contract section 11): bare arrays, over all campaigns of a workspace.
//!
//! Owns which of the API's counters is which of ours. Each lead counts once where the API tells that, else every time; automatic replies are
//! taken off where they are told. A campaign or a day that cannot be read whole is not told at all, and why is said.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::account_daily::day;
use super::row;
use crate::api::classify::decode;
use crate::api::client::Client;
use crate::api::operation::Operation;
use crate::api::page::percent_encoded;
use crate::api::wire::Text;
use crate::domain::{CampaignCounts, CampaignId, Counts, DailyCounts, DayCounts, Period, Told};

/// Where it is told by campaign.
const BY_CAMPAIGN: &str = "/api/v2/campaigns/analytics";
/// Where it is told by day.
const BY_DAY: &str = "/api/v2/campaigns/analytics/daily";

/// One campaign, as it came.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CampaignRow<'a> {
    #[serde(borrow)]
    campaign_id: Text<'a>,
    #[serde(borrow)]
    emails_sent_count: Text<'a>,
    #[serde(borrow)]
    contacted_count: Text<'a>,
    #[serde(borrow)]
    open_count: Text<'a>,
    #[serde(borrow)]
    open_count_unique: Text<'a>,
    #[serde(borrow)]
    reply_count: Text<'a>,
    #[serde(borrow)]
    reply_count_unique: Text<'a>,
    #[serde(borrow)]
    reply_count_automatic: Text<'a>,
    #[serde(borrow)]
    reply_count_automatic_unique: Text<'a>,
    #[serde(borrow)]
    bounced_count: Text<'a>,
    #[serde(borrow)]
    unsubscribed_count: Text<'a>,
    #[serde(borrow)]
    total_opportunities: Text<'a>,
}

/// One day, as it came.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct DayRow<'a> {
    #[serde(borrow)]
    date: Text<'a>,
    #[serde(borrow)]
    sent: Text<'a>,
    #[serde(borrow)]
    contacted: Text<'a>,
    #[serde(borrow)]
    opened: Text<'a>,
    #[serde(borrow)]
    unique_opened: Text<'a>,
    #[serde(borrow)]
    replies: Text<'a>,
    #[serde(borrow)]
    unique_replies: Text<'a>,
    #[serde(borrow)]
    replies_automatic: Text<'a>,
    #[serde(borrow)]
    unique_replies_automatic: Text<'a>,
    #[serde(borrow)]
    opportunities: Text<'a>,
    #[serde(borrow)]
    unique_opportunities: Text<'a>,
}

impl Client {
    /// Reads what each campaign sent and got in a period. A campaign that never sent is not told. What cannot be read is told as incomplete.
    pub async fn campaign_counts(&self, period: Period) -> Told<CampaignCounts> {
        let path = format!("{BY_CAMPAIGN}?{}&exclude_total_leads_count=true", moments(period));
        let answer = self.one(Operation::CampaignAnalytics, path, campaigns).await;
        answer.unwrap_or_else(|error| Told { value: CampaignCounts::new(), incomplete: Some(error.to_string()) })
    }

    /// Reads what all campaigns together sent and got on each day of a period. A day without mail may not be told. What cannot be read is
    /// told as incomplete.
    pub async fn campaign_days(&self, period: Period) -> Told<DailyCounts> {
        let path = format!("{BY_DAY}?{}", moments(period));
        let answer = self.one(Operation::CampaignDaily, path, |body| days(body, period)).await;
        answer.unwrap_or_else(|error| Told { value: DailyCounts::new(), incomplete: Some(error.to_string()) })
    }
}

/// A date without a time may mean its beginning or its end, a moment means itself.
fn moments(period: Period) -> String {
    let (from, to) = period.to_ask();
    let encoded = |moment: jiff::Timestamp| percent_encoded(&moment.to_string());
    format!("start_date={}&end_date={}", encoded(from), encoded(to))
}

fn campaigns(body: &[u8]) -> Result<Told<CampaignCounts>, String> {
    let rows: Vec<CampaignRow<'_>> = decode(body)?;
    let mut told = Told::<CampaignCounts>::default();
    let mut odd = BTreeSet::new();
    for row in rows {
        let Some(id) = row.campaign_id.filled().and_then(|id| CampaignId::parse(id).ok()) else {
            told.incomplete.get_or_insert_with(|| "the analytics of a campaign do not say which".to_owned());
            continue;
        };
        let doubt = match row.counts() {
            Ok(counts) => {
                let before = told.value.insert(id.clone(), counts);
                before.filter(|before| *before != counts).map(|_| "came twice and differed".to_owned())
            }
            Err(member) => Some(format!("have no usable `{member}`")),
        };
        if let Some(what) = doubt {
            told.incomplete.get_or_insert_with(|| format!("the analytics of campaign {id} {what}"));
            odd.insert(id);
        }
    }
    told.value.retain(|id, _| !odd.contains(id));
    Ok(told)
}

fn days(body: &[u8], period: Period) -> Result<Told<DailyCounts>, String> {
    let rows: Vec<DayRow<'_>> = decode(body)?;
    let mut told = Told::<DailyCounts>::default();
    let mut odd = BTreeSet::new();
    for row in rows {
        let Some(date) = row.date.filled().and_then(day) else {
            told.incomplete.get_or_insert_with(|| "a day of the analytics does not say which".to_owned());
            continue;
        };
        if !period.holds(date) {
            continue;
        }
        let doubt = match row.counts() {
            Ok(counts) => {
                let before = told.value.insert(date, counts);
                before.filter(|before| *before != counts).map(|_| "came twice and differed".to_owned())
            }
            Err(member) => Some(format!("have no usable `{member}`")),
        };
        if let Some(what) = doubt {
            told.incomplete.get_or_insert_with(|| format!("the analytics of {date} {what}"));
            odd.insert(date);
        }
    }
    told.value.retain(|date, _| !odd.contains(date));
    Ok(told)
}

impl CampaignRow<'_> {
    /// Takes its counts, or names the member without which there are none.
    fn counts(&self) -> Result<Counts, &'static str> {
        let (replied, replied_automatic) = of_people(
            (&self.reply_count_unique, &self.reply_count_automatic_unique),
            (&self.reply_count, &self.reply_count_automatic),
        )
        .ok_or("reply_count")?;
        Ok(Counts {
            sent: count(&self.emails_sent_count).ok_or("emails_sent_count")?,
            contacted: count(&self.contacted_count).ok_or("contacted_count")?,
            opened: count(&self.open_count_unique).or_else(|| count(&self.open_count)).ok_or("open_count")?,
            replied,
            replied_automatic,
            bounced: count(&self.bounced_count).ok_or("bounced_count")?,
            unsubscribed: count(&self.unsubscribed_count).ok_or("unsubscribed_count")?,
            opportunities: count(&self.total_opportunities).ok_or("total_opportunities")?,
        })
    }
}

impl DayRow<'_> {
    fn counts(&self) -> Result<DayCounts, &'static str> {
        let (replied, _automatic) =
            of_people((&self.unique_replies, &self.unique_replies_automatic), (&self.replies, &self.replies_automatic))
                .ok_or("replies")?;
        let opportunities = count(&self.opportunities).or_else(|| count(&self.unique_opportunities));
        Ok(DayCounts {
            sent: count(&self.sent).ok_or("sent")?,
            contacted: count(&self.contacted).ok_or("contacted")?,
            opened: count(&self.unique_opened).or_else(|| count(&self.opened)).ok_or("opened")?,
            replied,
            opportunities: opportunities.ok_or("opportunities")?,
        })
    }
}

/// Returns the replies of people and the automatic ones: each lead once where that is told. All replies are said to hold the automatic ones.
fn of_people(once: (&Text<'_>, &Text<'_>), each: (&Text<'_>, &Text<'_>)) -> Option<(u64, Option<u64>)> {
    let (all, automatic) = match count(once.0) {
        Some(all) => (all, count(once.1).or_else(|| count(each.1))),
        None => (count(each.0)?, count(each.1).or_else(|| count(once.1))),
    };
    Some((all.saturating_sub(automatic.unwrap_or_default()), automatic))
}

/// Reads a count, written as an integer or as a float.
fn count(text: &Text<'_>) -> Option<u64> {
    row::number(text).or_else(|| u64::try_from(row::number::<f64>(text).and_then(row::rounded)?).ok())
}
