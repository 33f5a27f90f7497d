//! Campaigns on the wire (contract section 11).

use serde::Deserialize;

use super::row;
use crate::api::classify::{decode, only_error};
use crate::api::page::{Incomplete, Row};
use crate::api::wire::{Aside, Reference, Text};
use crate::domain::{Campaign, CampaignId, WorkspaceId};

/// Where campaigns live.
pub(crate) const PATH: &str = "/api/v2/campaigns";

/// A campaign as it came. Unknown members are ignored, everything may be missing; [`CampaignRow::check`] judges.
#[derive(Debug, Default, Hash, Deserialize)]
#[serde(default)]
pub(super) struct CampaignRow<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow)]
    organization: Reference<'a>,
    #[serde(borrow)]
    owned_by: Reference<'a>,
    #[serde(borrow)]
    created_by: Reference<'a>,
    #[serde(borrow)]
    timestamp_created: Text<'a>,
    #[serde(borrow)]
    daily_limit: Text<'a>,
    #[serde(borrow)]
    not_sending_status: Aside<'a>,
    #[serde(borrow)]
    open_tracking: Text<'a>,
}

impl Row for CampaignRow<'_> {
    fn id(&self) -> Option<&str> {
        self.id.filled()
    }
}

impl CampaignRow<'_> {
    /// Takes the row for a campaign of the expected workspace, or says why it cannot be. The one list whose rows need not say where they
    /// are: a silent one is taken, one that says something else is not.
    pub(super) fn check(self, expected: &WorkspaceId) -> Result<Campaign, Incomplete> {
        let Self {
            id,
            name,
            status,
            organization,
            owned_by,
            created_by,
            timestamp_created,
            daily_limit,
            not_sending_status: Aside(not_sending),
            open_tracking,
        } = self;
        let id = row::id(&id, CampaignId::parse)?;
        match organization {
            Reference::Nothing => {}
            Reference::To(seen) if seen == expected.as_str() => {}
            Reference::To(_) | Reference::Odd => return Err(Incomplete::OtherWorkspace { id: id.to_string() }),
        }
        Ok(Campaign {
            owned_by: row::person(&owned_by, id.as_str(), "owned_by")?,
            created_by: row::hint(&created_by),
            name: row::text(name),
            status: row::number(&status),
            created: row::told(&timestamp_created),
            daily_limit: row::number(&daily_limit),
            not_sending: row::number(&not_sending),
            open_tracking: row::truth(&open_tracking),
            id,
        })
    }
}

/// Decodes one campaign: the one that was asked for.
pub(crate) fn decode_campaign(body: &[u8], expected: &WorkspaceId, asked: &CampaignId) -> Result<Campaign, String> {
    let row: CampaignRow<'_> = decode(body)?;
    if let Some(error) = row.id.filled().is_none().then(|| only_error(body)).flatten() {
        return Err(error);
    }
    let campaign = row.check(expected).map_err(|fault| fault.to_string())?;
    if campaign.id == *asked { Ok(campaign) } else { Err("the answer is about another campaign".to_owned()) }
}
