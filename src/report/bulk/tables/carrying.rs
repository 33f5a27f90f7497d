//! Which labels each campaign or sending account carries, where that was seen whole.

use std::collections::HashMap;

use crate::domain::{Inventory, ResourceKind};

/// The labels of one kind of things.
#[derive(Debug)]
pub(super) struct Carrying<'a> {
    whole: bool,
    labels: HashMap<String, Vec<&'a str>>,
}

impl<'a> Carrying<'a> {
    /// Gathers them in one pass.
    pub(super) fn of(inventory: &'a Inventory, kind: ResourceKind) -> Self {
        let mut labels: HashMap<String, Vec<&str>> = HashMap::new();
        let (Some(tags), Some(carried)) = (&inventory.tags, &inventory.carried) else {
            return Self { whole: false, labels };
        };
        for tag in &tags.value {
            for (of, resource) in carried.value.get(&tag.id).into_iter().flatten() {
                if *of == kind {
                    labels.entry(resource.folded(kind).as_str().to_owned()).or_default().push(tag.label.trim());
                }
            }
        }
        for labels in labels.values_mut() {
            labels.sort_unstable();
            labels.dedup();
        }
        Self { whole: tags.incomplete.is_none() && carried.incomplete.is_none(), labels }
    }

    /// Returns the labels of one thing, addresses in lower case; none where they are not known.
    pub(super) fn labels(&self, resource: &str) -> Option<&[&'a str]> {
        self.whole.then(|| self.labels.get(resource).map_or(&[][..], Vec::as_slice))
    }
}
