//! What is to be said against the tags of one workspace: labels that mean the same, labels nobody wrote down.
//!
//! Pure. What carries a tag is handed in, where it is known.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::tag::loose;
use crate::domain::{About, Finding, FindingCode, Tag, TagId, TagSpec, WorkspaceId, WorkspaceName};

/// The tags of one workspace, and what the agency says of them.
pub struct TagCase<'a> {
    /// The workspace.
    pub workspace: &'a WorkspaceName,
    /// Its identity.
    pub workspace_id: &'a WorkspaceId,
    /// Its tags, as far as they were listed.
    pub tags: &'a [Tag],
    /// What `[[tags]]` says of this workspace.
    pub specs: Vec<&'a TagSpec>,
    /// Whether there is any `[[tags]]`: where an agency wrote none, no tag is unknown.
    pub has_taxonomy: bool,
    /// Tells whether a label is kept by another part of the files, such as the tags of accounts' owners.
    pub is_kept: &'a dyn Fn(&str) -> bool,
    /// Says how many campaigns and accounts carry a tag; none where it is not known.
    pub carried: &'a dyn Fn(&TagId) -> Option<(usize, usize)>,
}

impl std::fmt::Debug for TagCase<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TagCase").field("workspace", self.workspace).field("tags", &self.tags).finish_non_exhaustive()
    }
}

/// Judges them; findings stand in the order of their codes, and then of the labels.
pub fn judge(case: &TagCase<'_>) -> Vec<Finding> {
    let mut by_label: BTreeMap<&str, Vec<&Tag>> = BTreeMap::new();
    for tag in case.tags {
        let tags = by_label.entry(tag.label.trim()).or_default();
        // A page that came twice shows a tag twice.
        if tags.iter().all(|other| other.id != tag.id) {
            tags.push(tag);
        }
    }
    for tags in by_label.values_mut() {
        tags.sort_by(|a, b| a.id.cmp(&b.id));
    }
    let mut findings: Vec<Finding> = by_label.iter().filter_map(|(label, tags)| case.duplicate(label, tags)).collect();
    let near = case.near(&by_label);
    let is_near: BTreeSet<&str> = near.iter().map(|(wrong, _)| *wrong).collect();
    findings.extend(near.iter().map(|(wrong, right)| case.nearly(wrong, *right, &by_label[wrong])));
    let unknown = by_label.iter().filter(|(label, _)| !is_near.contains(*label));
    findings.extend(unknown.filter_map(|(label, tags)| case.unknown(label, tags)));
    findings
}

/// Which label a wrong one is taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Right<'a> {
    /// One that the workspace has too.
    There(&'a str),
    /// One that `[[tags]]` names and the workspace lacks.
    Named(&'a str),
    /// One that the workspace has too, and of which the wrong one is a former label.
    After(&'a str),
}

impl TagCase<'_> {
    fn finding(&self, code: FindingCode, label: &str, evidence: String, advice: String) -> Finding {
        Finding {
            code,
            severity: code.severity(),
            workspace: Some(self.workspace.clone()),
            workspace_id: Some(self.workspace_id.clone()),
            about: About::Tag { label: label.to_owned() },
            evidence,
            advice,
            accepted: None,
        }
    }

    fn told(&self, tag: &Tag) -> String {
        match (self.carried)(&tag.id) {
            Some((campaigns, accounts)) => format!("{} (campaigns {campaigns}, accounts {accounts})", tag.id),
            None => format!("{} (what carries it is not known)", tag.id),
        }
    }

    fn duplicate(&self, label: &str, tags: &[&Tag]) -> Option<Finding> {
        if tags.len() < 2 {
            return None;
        }
        let told: Vec<String> = tags.iter().map(|tag| self.told(tag)).collect();
        let evidence = format!("{} tags bear this label: {}", tags.len(), told.join(", "));
        let workspace = self.workspace;
        let advice = if self.has_taxonomy {
            format!(
                "`keyholder tags sync --prune -w {workspace}` deletes those that nothing carries, but one; of two that are carried, give \
                 one another label in the app"
            )
        } else {
            "look in the app which of them is used, and give the other one another label there".to_owned()
        };
        Some(self.finding(FindingCode::TagDuplicate, label, evidence, advice))
    }

    /// Finds the labels that are nearly another one, with the one they are taken for.
    fn near<'a>(&'a self, by_label: &BTreeMap<&'a str, Vec<&'a Tag>>) -> Vec<(&'a str, Right<'a>)> {
        let mut groups: BTreeMap<String, Vec<&'a str>> = BTreeMap::new();
        for label in by_label.keys().filter(|label| !(self.is_kept)(label)) {
            groups.entry(loose(label)).or_default().push(label);
        }
        let mut near = Vec::new();
        for (group, labels) in groups {
            let spec = self.specs.iter().find(|spec| loose(&spec.label) == group);
            let right = match spec.map(|spec| spec.label.as_str()) {
                Some(named) if labels.contains(&named) => Right::There(named),
                Some(named) => Right::Named(named),
                None => Right::There(labels[0]),
            };
            // Where the right one is not there, a former one is renamed: nothing is wrong with it.
            let is_former = |label: &str| spec.is_some_and(|spec| spec.former.iter().any(|former| former == label));
            for label in labels {
                match right {
                    Right::There(right) if label == right => {}
                    Right::Named(_) if is_former(label) => {}
                    right => near.push((label, right)),
                }
            }
        }
        for label in by_label.keys().filter(|label| !(self.is_kept)(label)) {
            let spec = self.specs.iter().find(|spec| spec.former.iter().any(|former| former == label));
            if let Some(spec) = spec.filter(|spec| spec.label != *label && by_label.contains_key(spec.label.as_str()))
                && near.iter().all(|(wrong, _)| wrong != label)
            {
                near.push((label, Right::After(&spec.label)));
            }
        }
        near.sort_unstable();
        near
    }

    fn nearly(&self, wrong: &str, right: Right<'_>, tags: &[&Tag]) -> Finding {
        let told: Vec<String> = tags.iter().map(|tag| self.told(tag)).collect();
        let workspace = self.workspace;
        let (evidence, advice) = match right {
            Right::There(right) => (
                format!("nearly the same as \"{right}\", which is there too; tag {}", told.join(", ")),
                format!(
                    "assign the right one, take the wrong one off with `keyholder tags unassign`, and delete it: in the app, or with \
                     `keyholder tags sync --prune -w {workspace}`"
                ),
            ),
            Right::After(right) => (
                format!("a former label of \"{right}\", which is there too; tag {}", told.join(", ")),
                format!(
                    "put \"{right}\" on what carries it with `keyholder tags assign`, take \"{wrong}\" off with `keyholder tags \
                     unassign`, then `keyholder tags sync --prune -w {workspace}` deletes it"
                ),
            ),
            Right::Named(right) => (
                format!("nearly the same as \"{right}\" of [[tags]], which is not there; tag {}", told.join(", ")),
                format!(
                    "write it into `former` of that tag in keyholder.toml, then `keyholder tags sync -w {workspace}` renames it"
                ),
            ),
        };
        self.finding(FindingCode::TagNearDuplicate, wrong, evidence, advice)
    }

    fn unknown(&self, label: &str, tags: &[&Tag]) -> Option<Finding> {
        let names = |spec: &&TagSpec| spec.label == label || spec.former.iter().any(|former| former == label);
        if !self.has_taxonomy || (self.is_kept)(label) || self.specs.iter().any(names) {
            return None;
        }
        let told: Vec<String> = tags.iter().map(|tag| self.told(tag)).collect();
        let evidence = format!("no [[tags]] names it for this workspace; tag {}", told.join(", "));
        let empty = tags.iter().all(|tag| (self.carried)(&tag.id) == Some((0, 0)));
        let workspace = self.workspace;
        let advice = if empty {
            format!(
                "name it in [[tags]] of keyholder.toml, or delete it with `keyholder tags sync --prune -w {workspace}`: nothing carries it"
            )
        } else {
            "name it in [[tags]] of keyholder.toml, as a tag or in `former` of one".to_owned()
        };
        Some(self.finding(FindingCode::TagUnknown, label, evidence, advice))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fleet::Place;

    fn tag(id: &str, label: &str) -> Tag {
        Tag { id: TagId::parse(id).unwrap(), label: label.to_owned(), description: None }
    }

    fn spec(label: &str, former: &[&str]) -> TagSpec {
        TagSpec {
            label: label.to_owned(),
            description: None,
            former: former.iter().map(|one| (*one).to_owned()).collect(),
            workspaces: BTreeMap::new(),
            place: Place { file: "keyholder.toml".into(), line: 1, column: 1 },
        }
    }

    /// Every tag but `t-empty` is carried by two campaigns and one account.
    fn told(tags: &[Tag], specs: &[TagSpec]) -> Vec<String> {
        let case = TagCase {
            workspace: &WorkspaceName::parse("acme").unwrap(),
            workspace_id: &WorkspaceId::parse("w-1").unwrap(),
            tags,
            specs: specs.iter().collect(),
            has_taxonomy: !specs.is_empty(),
            is_kept: &|label| label.starts_with("owner:"),
            carried: &|id| Some(if id.as_str() == "t-empty" { (0, 0) } else { (2, 1) }),
        };
        let told = |finding: &Finding| {
            let About::Tag { label } = &finding.about else { panic!("{finding:?}") };
            assert!(!finding.evidence.is_empty() && !finding.advice.is_empty());
            format!("{} {label}: {} -> {}", finding.code, finding.evidence, finding.advice)
        };
        judge(&case).iter().map(told).collect()
    }

    fn codes(tags: &[Tag], specs: &[TagSpec]) -> Vec<String> {
        told(tags, specs).iter().map(|text| text.split(": ").next().unwrap().to_owned()).collect()
    }

    #[test]
    fn of_a_taxonomy_that_is_kept_nothing_is_said() {
        let tags = [tag("t1", "Team North"), tag("t2", "VIP"), tag("t3", "Old"), tag("t4", "owner: a@x.example")];
        assert_eq!(codes(&tags, &[spec("Team North", &[]), spec("VIP", &[]), spec("New", &["Old"])]), [""; 0]);
        assert_eq!(codes(&tags, &[]), [""; 0], "an agency that wrote no [[tags]] has no unknown ones");
        assert_eq!(codes(&[], &[spec("VIP", &[])]), [""; 0]);
    }

    #[test]
    fn two_tags_of_one_label_are_told_with_what_carries_each() {
        let tags = [tag("t1", "VIP"), tag("t-empty", "VIP "), tag("t1", "VIP")];
        let told = told(&tags, &[spec("VIP", &[])]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with(
            "tag-duplicate VIP: 2 tags bear this label: t-empty (campaigns 0, accounts 0), t1 (campaigns 2, accounts 1)"
        ));
        assert!(told[0].contains("--prune"));
    }

    #[test]
    fn labels_that_differ_in_case_or_dashes_are_told_once_against_the_right_one() {
        let tags = [tag("t1", "team-north"), tag("t2", "Team North")];
        assert_eq!(codes(&tags, &[spec("Team North", &[])]), ["tag-near-duplicate team-north"]);
        assert_eq!(codes(&tags, &[spec("team-north", &[])]), ["tag-near-duplicate Team North"]);
        assert_eq!(codes(&tags, &[]), ["tag-near-duplicate team-north"], "the first of them is taken for right");
        assert_eq!(codes(&tags[..1], &[spec("Team North", &[])]), ["tag-near-duplicate team-north"]);
        assert_eq!(codes(&tags[..1], &[spec("Team North", &["team-north"])]), [""; 0], "it is renamed");
        assert_eq!(
            codes(&tags, &[spec("Team North", &["team-north"])]),
            ["tag-near-duplicate team-north"],
            "where both are there nothing is renamed"
        );
    }

    #[test]
    fn a_former_label_beside_the_right_one_is_told_with_the_way_out() {
        let tags = [tag("t1", "North"), tag("t2", "Team North")];
        let told = told(&tags, &[spec("Team North", &["North"])]);
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("tag-near-duplicate North: a former label of \"Team North\""), "{told:?}");
        assert!(told[0].contains("sync --prune"), "{told:?}");
        assert_eq!(codes(&tags[..1], &[spec("Team North", &["North"])]), [""; 0], "it is renamed");
    }

    #[test]
    fn a_tag_nobody_wrote_down_is_unknown_and_one_that_nothing_carries_can_be_pruned() {
        let told = told(&[tag("t1", "Used"), tag("t-empty", "Empty")], &[spec("VIP", &[])]);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].starts_with("tag-unknown Empty") && told[0].contains("--prune"), "{told:?}");
        assert!(told[1].starts_with("tag-unknown Used") && !told[1].contains("--prune"), "{told:?}");
    }
}
