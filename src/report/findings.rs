//! The rows of an audit of keys: findings, and what could not be judged. Long texts stand last.

use super::cell::{Cell, Column};
use crate::domain::{About, Finding, NotJudged, WorkspaceId, WorkspaceName};

/// Columns of a finding.
pub const FINDING: &[Column] = &[
    Column::shown("severity"),
    Column::shown("code"),
    Column::shown("workspace"),
    Column::detail("workspace_id"),
    Column::detail("id"),
    Column::shown("key_id"),
    Column::shown("key_name"),
    Column::detail("place"),
    Column::detail("accepted_until"),
    Column::detail("accepted_reason"),
    Column::beneath("evidence", ""),
    Column::beneath("advice", "-> "),
];

/// Cells of one finding.
pub fn finding(finding: &Finding) -> Vec<Cell<'_>> {
    let Finding { code, severity, workspace, workspace_id, about, evidence, advice, accepted } = finding;
    let [key_id, key_name, place] = about_cells(about);
    vec![
        Cell::text(severity.as_str()),
        Cell::text(code.as_str()),
        Cell::maybe(workspace.as_ref().map(WorkspaceName::as_str)),
        Cell::maybe(workspace_id.as_ref().map(WorkspaceId::as_str)),
        Cell::text(finding.id()),
        key_id,
        key_name,
        place,
        Cell::maybe(accepted.as_ref().map(|accepted| accepted.until.to_string())),
        Cell::maybe(accepted.as_ref().map(|accepted| accepted.reason.as_str())),
        Cell::text(evidence),
        Cell::text(advice),
    ]
}

/// Columns of a finding about anything but keys.
pub const FINDING_ELSE: &[Column] = &[
    Column::shown("severity"),
    Column::shown("code"),
    Column::shown("workspace"),
    Column::detail("workspace_id"),
    Column::detail("id"),
    Column::detail("kind"),
    Column::shown("about"),
    Column::detail("about_id"),
    Column::beneath("evidence", ""),
    Column::beneath("advice", "-> "),
];

/// Cells of one finding about anything but keys: a tag by its label, an account by its address, a sub workspace by its name.
pub fn finding_else(finding: &Finding) -> Vec<Cell<'_>> {
    let Finding { code, severity, workspace, workspace_id, about, evidence, advice, accepted: _ } = finding;
    let (kind, name, of) = match about {
        About::Workspace => ("workspace", Cell::Nothing, Cell::Nothing),
        About::Key { id, name } => ("key", Cell::text(name), Cell::text(id.as_str())),
        About::Tag { label } => ("tag", Cell::text(label), Cell::Nothing),
        About::Account { email } => ("account", Cell::text(email), Cell::Nothing),
        About::Sub { id, name } if name.is_empty() => {
            ("sub_workspace", Cell::text(id.as_str()), Cell::text(id.as_str()))
        }
        About::Sub { id, name } => ("sub_workspace", Cell::text(name), Cell::text(id.as_str())),
        About::Place(place) => ("place", Cell::text(place.to_string()), Cell::Nothing),
    };
    vec![
        Cell::text(severity.as_str()),
        Cell::text(code.as_str()),
        Cell::maybe(workspace.as_ref().map(WorkspaceName::as_str)),
        Cell::maybe(workspace_id.as_ref().map(WorkspaceId::as_str)),
        Cell::text(finding.id()),
        Cell::text(kind),
        name,
        of,
        Cell::text(evidence),
        Cell::text(advice),
    ]
}

/// Columns of what could not be judged.
pub const NOT_JUDGED: &[Column] = &[
    Column::shown("code"),
    Column::shown("workspace"),
    Column::shown("key_id"),
    Column::shown("key_name"),
    Column::shown("why"),
];

/// Cells of one thing that could not be judged.
pub fn not_judged(note: &NotJudged) -> Vec<Cell<'_>> {
    let NotJudged { code, workspace, about, why } = note;
    let [key_id, key_name, _] = about_cells(about);
    vec![Cell::text(code.as_str()), Cell::text(workspace.as_str()), key_id, key_name, Cell::text(why)]
}

/// Says what something is about: the key's id and name, or the place in our files.
fn about_cells(about: &About) -> [Cell<'_>; 3] {
    match about {
        About::Workspace | About::Tag { .. } | About::Account { .. } | About::Sub { .. } => {
            [Cell::Nothing, Cell::Nothing, Cell::Nothing]
        }
        About::Key { id, name } => [Cell::text(id.as_str()), Cell::text(name), Cell::Nothing],
        About::Place(place) => [Cell::Nothing, Cell::Nothing, Cell::text(place.to_string())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::fleet::Place;
    use crate::domain::{Accepted, FindingCode, KeyId, Severity};

    fn cells(about: About) -> Vec<String> {
        let shown = Finding {
            code: FindingCode::KeyAge,
            severity: Severity::Medium,
            workspace: WorkspaceName::parse("acme").ok(),
            workspace_id: WorkspaceId::parse("w-1").ok(),
            about,
            evidence: "=old".to_owned(),
            advice: "rotate it".to_owned(),
            accepted: Some(Accepted { reason: "known".to_owned(), until: "2026-12-01".parse().unwrap() }),
        };
        let row = finding(&shown);
        assert_eq!(row.len(), FINDING.len());
        row.iter().map(|cell| cell.for_csv().into_owned()).collect()
    }

    #[test]
    fn a_finding_stands_under_its_columns() {
        let key = About::Key { id: KeyId::parse("k-1").unwrap(), name: "@job".to_owned() };
        let row = cells(key);
        assert_eq!(row[..4], ["medium", "key-age", "acme", "w-1"]);
        assert_eq!(row[5..], ["k-1", "'@job", "", "2026-12-01", "known", "'=old", "rotate it"]);
        let place = About::Place(Place { file: "keyholder.toml".into(), line: 7, column: 1 });
        assert_eq!(cells(place)[5..8], ["", "", "keyholder.toml:7:1"]);
        assert_eq!(cells(About::Workspace)[5..8], [""; 3]);
    }

    #[test]
    fn a_finding_that_is_about_no_key_says_what_it_is_about() {
        let about = |about: About| {
            let finding = Finding {
                code: FindingCode::AccountOwners,
                severity: Severity::Medium,
                workspace: WorkspaceName::parse("acme").ok(),
                workspace_id: WorkspaceId::parse("w-1").ok(),
                about,
                evidence: "=two".to_owned(),
                advice: "say one".to_owned(),
                accepted: None,
            };
            let row = finding_else(&finding);
            assert_eq!(row.len(), FINDING_ELSE.len());
            row.iter().map(|cell| cell.for_csv().into_owned()).collect::<Vec<_>>()[5..].join("|")
        };
        let account = About::Account { email: "noor@mail.example".to_owned() };
        assert_eq!(about(account), "account|noor@mail.example||'=two|say one");
        assert_eq!(about(About::Tag { label: "=North".to_owned() }), "tag|'=North||'=two|say one");
        let sub = |name: &str| About::Sub { id: WorkspaceId::parse("w-2").unwrap(), name: name.to_owned() };
        assert_eq!(about(sub("@Globex")), "sub_workspace|'@Globex|w-2|'=two|say one");
        assert_eq!(about(sub("")), "sub_workspace|w-2|w-2|'=two|say one");
        assert_eq!(about(About::Workspace), "workspace|||'=two|say one");
    }

    #[test]
    fn what_was_not_judged_stands_under_its_columns() {
        let note = NotJudged {
            code: FindingCode::KeyIdle,
            workspace: WorkspaceName::parse("acme").unwrap(),
            about: About::Workspace,
            why: "the trail was not read".to_owned(),
        };
        let row = not_judged(&note);
        assert_eq!(row.len(), NOT_JUDGED.len());
        assert_eq!(row[4].for_csv(), "the trail was not read");
    }
}
