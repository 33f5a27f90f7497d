//! Webhooks on the wire (contract section 11). Their headers, usually a shared secret, are not even decoded.

use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use url::{Position, Url};

use super::row;
use crate::api::page::{Incomplete, Row};
use crate::api::wire::Text;
use crate::domain::id::hex;
use crate::domain::{CampaignId, Webhook, WebhookId, WorkspaceId};

/// Where webhooks live.
pub(super) const PATH: &str = "/api/v2/webhooks";

/// A webhook as it came. Unknown members are ignored, everything may be missing; [`WebhookRow::check`] judges.
#[derive(Debug, Default, Hash, Deserialize)]
#[serde(default)]
pub(super) struct WebhookRow<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    organization: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    target_hook_url: Text<'a>,
    #[serde(borrow)]
    event_type: Text<'a>,
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(borrow)]
    campaign: Text<'a>,
    #[serde(borrow)]
    timestamp_created: Text<'a>,
    #[serde(borrow)]
    timestamp_error: Text<'a>,
}

impl Row for WebhookRow<'_> {
    fn id(&self) -> Option<&str> {
        self.id.filled()
    }
}

impl WebhookRow<'_> {
    /// Takes the row for a webhook of the expected workspace, or says why it cannot be.
    pub(super) fn check(self, expected: &WorkspaceId, targets: &mut Targets) -> Result<Webhook, Incomplete> {
        let Self {
            id,
            organization,
            name,
            target_hook_url,
            event_type,
            status,
            campaign,
            timestamp_created,
            timestamp_error,
        } = self;
        let id = row::id(&id, WebhookId::parse)?;
        row::of(&organization, expected, id.as_str())?;
        Ok(Webhook {
            id,
            name: name.filled().map(str::to_owned),
            target: targets.shown(target_hook_url.filled().unwrap_or_default()),
            event: event_type.filled().map(str::to_owned),
            status: row::number(&status),
            campaign: campaign.filled().and_then(|id| CampaignId::parse(id).ok()),
            created: row::told(&timestamp_created),
            failed: row::told(&timestamp_error),
        })
    }
}

/// What is shown of targets. Most webhooks of a workspace deliver to one place, so the last one is remembered while the list is read.
#[derive(Default)]
pub(super) struct Targets {
    last: String,
    shown: String,
}

impl Targets {
    fn shown(&mut self, text: &str) -> String {
        if self.shown.is_empty() || self.last != text {
            (self.last, self.shown) = (text.to_owned(), target(text));
        }
        self.shown.clone()
    }
}

/// Returns scheme, host, a port that is not the usual one, and in the place of all else a fingerprint: a path is as often the secret as a
/// name, a password, a query or a fragment, and two targets must be told apart all the same. Of what is no URL nothing is shown.
fn target(text: &str) -> String {
    let Ok(url) = Url::parse(text) else { return "not a URL".to_owned() };
    let Some(host) = url.host_str() else { return "not a URL".to_owned() };
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let rest = [&url[Position::BeforeUsername..Position::BeforeHost], &url[Position::BeforePath..]].concat();
    let rest = match rest.as_str() {
        "" | "/" => rest,
        secret => format!("/… (w:{})", &hex(&Sha256::digest(secret.as_bytes()))[..8]),
    };
    format!("{}://{host}{port}{rest}", url.scheme())
}
