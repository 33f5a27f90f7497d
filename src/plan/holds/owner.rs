//! Whether a workspace is still whose a run made it.

use super::{Effect, there};
use crate::domain::RestsOn;
use crate::plan::earlier::Earlier;
use crate::plan::observed::Observed;

/// What became of a transfer.
pub(super) fn effect(one: &Earlier, observed: &Observed) -> Effect {
    match (&one.step.rests_on, &observed.owner) {
        (RestsOn::Ownership { to, .. }, Some(owner)) if owner == to => there(),
        (RestsOn::Ownership { is, .. }, Some(owner)) if owner == is => {
            Effect::Gone("the owner is the former one".to_owned())
        }
        (_, Some(owner)) => Effect::Gone(format!("account {owner} owns it now")),
        (_, None) => Effect::Unseen("the workspace does not say who owns it".to_owned()),
    }
}
