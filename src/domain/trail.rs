//! A record of the vendor's audit log as it is written out: every member of it, borrowed from the page it came in.
//!
//! Owns the shape of a line. What a record tells about people and keys is in `belongings::TrailRecord`, which keeps what it needs of one.

use std::borrow::Cow;

/// One record of the trail, whole, while its page is in memory. Of millions none is kept.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct TrailLine<'a> {
    /// Its id.
    #[serde(borrow)]
    pub id: Cow<'a, str>,
    /// When, as the API wrote it.
    #[serde(borrow)]
    pub at: Cow<'a, str>,
    /// The code of what was done.
    pub activity: i64,
    /// Who did it.
    #[serde(borrow)]
    pub user_id: Option<Cow<'a, str>>,
    /// Their name, as the record has it.
    #[serde(borrow)]
    pub user_name: Option<Cow<'a, str>>,
    /// The key that acted, where one did.
    #[serde(borrow)]
    pub api_key_id: Option<Cow<'a, str>>,
    /// Whether it came over the API.
    pub from_api: Option<bool>,
    /// From where.
    #[serde(borrow)]
    pub ip_address: Option<Cow<'a, str>>,
    /// With what.
    #[serde(borrow)]
    pub user_agent: Option<Cow<'a, str>>,
    /// How many rows it was about.
    pub affected: Option<u64>,
    /// The campaign it is about.
    #[serde(borrow)]
    pub campaign_id: Option<Cow<'a, str>>,
    /// The subsequence it is about.
    #[serde(borrow)]
    pub subsequence_id: Option<Cow<'a, str>>,
    /// The lead list it is about.
    #[serde(borrow)]
    pub list_id: Option<Cow<'a, str>>,
    /// The webhook it is about.
    #[serde(borrow)]
    pub webhook_id: Option<Cow<'a, str>>,
    /// The `audit_metadata`, as JSON in the API's order; none where it is empty or not there.
    #[serde(borrow)]
    pub metadata: Option<Cow<'a, str>>,
}
