//! What a workspace pays for, put there in place of the usual.

use jiff::Timestamp;

use crate::sim::things::billing::Paid;

/// What a workspace pays for; what is left out is usual. That its plan has lapsed is said of the workspace itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Billing {
    /// The name of its plan.
    pub plan: Option<String>,
    /// Its price, in dollars a month.
    pub price: Option<u32>,
    /// How many leads it allows.
    pub leads: Option<u32>,
    /// How many of them there are.
    pub used: Option<u32>,
    /// How many credits it has, and how many of them are left.
    pub credits: Option<(u32, u32)>,
    /// Until when it is paid.
    pub until: Option<Timestamp>,
    /// When it is to end for good.
    pub cancel_at: Option<Timestamp>,
    /// Whether everything was cancelled.
    pub cancelled: bool,
}

impl Billing {
    pub(super) fn paid(&self) -> Paid {
        let Self { plan, price, leads, used, credits, until, cancel_at, cancelled } = self;
        Paid {
            plan: plan.as_deref().map(Into::into),
            price: *price,
            leads: *leads,
            used: *used,
            credits: *credits,
            until: until.map(Timestamp::as_millisecond),
            cancel_at: cancel_at.map(Timestamp::as_millisecond),
            cancelled: *cancelled,
        }
    }
}
