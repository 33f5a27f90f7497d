//! What the agency's files make of a label.

use crate::audit::tags::{TagCase, judge};
use crate::domain::{Finding, Fleet, Tag, TagSpec, Workspace};
use crate::plan::{Observed, Tagging};
use crate::trouble::{Exit, Trouble};

/// Tells whether a label is kept by the owners of sending accounts, and so by no `[[tags]]`: it begins as the files say that those do, or,
/// where they say nothing, as is usual.
pub fn is_kept(fleet: &Fleet, label: &str) -> bool {
    fleet.accounts.named_by(label).is_some()
}

/// Returns what `[[tags]]` says of a workspace.
pub fn specs<'a>(fleet: &'a Fleet, workspace: &Workspace) -> Vec<&'a TagSpec> {
    fleet.tags.iter().filter(|spec| spec.is_for(&workspace.labels)).collect()
}

/// Says in a word what the files make of a label in a workspace.
pub fn word(fleet: &Fleet, specs: &[&TagSpec], label: &str) -> &'static str {
    let label = label.trim();
    if specs.iter().any(|spec| spec.label == label) {
        "yes"
    } else if specs.iter().any(|spec| spec.former.iter().any(|former| former == label)) {
        "former"
    } else if is_kept(fleet, label) {
        "owner"
    } else {
        "no"
    }
}

/// Returns what is to be said against the tags of a workspace.
pub fn findings(fleet: &Fleet, workspace: &Workspace, observed: &Observed, tagging: &Tagging) -> Vec<Finding> {
    let known = tagging.carried_incomplete.is_none();
    let carried = |id: &crate::domain::TagId| {
        let counts = tagging.counts.get(id).filter(|_| known)?;
        // What is of a kind this version does not know is something all the same.
        Some((counts.campaigns, counts.accounts + counts.others))
    };
    judge(&TagCase {
        workspace: &observed.workspace,
        workspace_id: &observed.id,
        tags: &tagging.tags.rows,
        specs: specs(fleet, workspace),
        has_taxonomy: !fleet.tags.is_empty(),
        is_kept: &|label| is_kept(fleet, label),
        carried: &carried,
    })
}

/// Takes a label as it was typed.
pub fn label(text: &str) -> Result<String, Trouble> {
    let label = text.trim();
    if label.is_empty() || label.chars().any(char::is_control) {
        return Err(Trouble::new(Exit::Usage, "the label is blank or holds a control character; nothing was sent")
            .advise("`keyholder tags --by label` lists the labels of the fleet"));
    }
    Ok(label.to_owned())
}

/// Returns the labels of a workspace's tags in the order of a listing.
pub fn in_order(tagging: &Tagging) -> Vec<&Tag> {
    let mut tags: Vec<&Tag> = tagging.tags.rows.iter().collect();
    tags.sort_by(|a, b| (&a.label, &a.id).cmp(&(&b.label, &b.id)));
    tags.dedup_by(|a, b| a.id == b.id);
    tags
}
