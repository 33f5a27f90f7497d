//! One tag in the place of another: what comes off comes off only where the other one is seen to be on.
//!
//! A toggle that answers success may have taken on some of its resources alone (contract section 12). Whoever then lost the old tag too would
//! carry none, and nobody would know whose it had been.

use std::time::Duration;

use super::hand::Hand;
use super::settle;
use super::tag_seen;
use crate::domain::{Change, Held, HeldReason, Step, TagChange};

/// Waits between looks, for an API that shows a change late: those of the closing look at what is done when it is answered.
const LOOKS: [Duration; 3] = [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(5)];

impl Hand<'_> {
    /// Holds a step that takes a tag off, where the step it comes after put another one on in this life of the run and not all of its
    /// resources are seen to carry that one. One look-up a step; a step that follows no such step costs nothing.
    pub(super) async fn not_yet_on(&self, step: &Step) -> Option<Held> {
        let Change::Tag(TagChange::Assign { resources: losing, assign: false, .. }) = &step.change else { return None };
        let mut on = self.things.tags.put(step.after.as_ref()?)?.clone();
        let Change::Tag(TagChange::Assign { label, resources, .. }) = &mut on.change else { return None };
        let label = label.clone();
        losing.clone_into(resources);
        let tag = self.things.tags.meant(&on.id);
        let mut why = String::new();
        for wait in LOOKS {
            if let Err(cut) = settle::wait(self.deck, wait).await {
                why = cut.to_string();
                break;
            }
            match tag_seen::missing(&self.client, &on, tag).await {
                Ok(missing) if missing.is_empty() => return None,
                Ok(missing) => {
                    let all = losing.len();
                    why = format!("{} of {all} do not carry \"{label}\" yet", missing.len());
                }
                Err(unread) => why = unread,
            }
        }
        Some(Held::new(
            HeldReason::After,
            format!("the tag that takes its place is not seen on all of them: {why}"),
            "settle the run with `keyholder resume`, then run the command again: it takes off what is left",
        ))
    }
}
