//! Lists of leavers: the schema of people, read for those who go. Every problem of a file is told at once, those of its scope too.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{PersonRow, SCHEMA, cells, read_sheet, scope_problems};
use crate::config::cells::{CsvProblem, CsvProblems};
use crate::domain::{Email, Workspace};

/// Columns that say what access somebody gets: who leaves gets none, so a filled one is the wrong file or the wrong command.
const ACCESS: [&str; 4] = ["role", "preset", "permissions", "nickname"];

/// What the command line says beside the file.
#[derive(Debug, Clone, Copy)]
pub struct Beside<'a> {
    /// Who is named to leave on the command line.
    pub leavers: &'a BTreeSet<Email>,
    /// Who is to have what rows without an own `hand_over_to` leave behind.
    pub heir: Option<&'a Email>,
    /// The selected workspaces.
    pub chosen: &'a [&'a Workspace],
}

/// Reads a list of leavers against what the command line says.
pub fn read_leavers(bytes: &[u8], source: &Path, beside: Beside<'_>) -> Result<Vec<PersonRow>, CsvProblems> {
    let Beside { leavers, heir, chosen } = beside;
    let sheet = cells::read(bytes, source, &SCHEMA);
    let (rows, mut problems) = read_sheet(&sheet);
    for row in &sheet.rows {
        for column in ACCESS {
            if row.get(column).is_some() {
                let message = "who leaves gets no access: the cell says something for `onboard`";
                problems.push(row.problem(column, message, ["empty it, or bring people in with `keyholder onboard`"]));
            }
        }
    }
    problems.extend(scope_problems(&rows, chosen));
    let mut going: BTreeMap<&Email, Option<usize>> = leavers.iter().map(|email| (email, None)).collect();
    for row in &rows {
        going.entry(&row.email).or_insert(Some(row.line));
        if leavers.contains(&row.email) {
            let message = format!("`{}` is named on the command line too", row.email);
            problems.push(cells::problem(row.line, "email", message, ["name a person in one place"]));
        }
    }
    for row in &rows {
        match (&row.hand_over_to, heir) {
            (Some(heir), _) if *heir != row.email => problems.extend(leaving_heir(row.line, heir, &going)),
            (None, Some(heir)) if *heir == row.email => {
                let message = "a person cannot take over from themselves (--hand-over-to)";
                problems.push(cells::problem(row.line, "email", message, ["name a colleague who stays"]));
            }
            _ => {}
        }
    }
    // The flag's heir counts for whoever has none of their own; that they leave is said at their own line.
    if let Some((heir, Some(line))) = heir.and_then(|heir| going.get_key_value(heir))
        && rows.iter().all(|row| row.line != *line || row.hand_over_to.is_some())
    {
        problems.extend(leaving_heir(*line, heir, &BTreeMap::from([(*heir, Some(*line))])));
    }
    CsvProblems::check(source, problems).map(|()| rows)
}

fn leaving_heir(line: usize, heir: &Email, going: &BTreeMap<&Email, Option<usize>>) -> Option<CsvProblem> {
    let place = match going.get(heir)? {
        Some(other) => format!("in line {other}"),
        None => "on the command line".to_owned(),
    };
    let message = format!("`{heir}` leaves as well, {place}: nothing can be handed over to somebody who goes");
    Some(cells::problem(line, "hand_over_to", message, ["name a colleague who stays"]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(text: &str) -> Email {
        Email::parse(text).unwrap()
    }

    fn told(text: &str, leavers: &[&str], heir: Option<&str>) -> String {
        let leavers = leavers.iter().map(|text| email(text)).collect();
        let heir = heir.map(email);
        let beside = Beside { leavers: &leavers, heir: heir.as_ref(), chosen: &[] };
        read_leavers(text.as_bytes(), Path::new("leavers.csv"), beside).unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_with_a_list_of_leavers_is_told_together() {
        let text = "email,role,nickname,hand_over_to,last_day,workspace\n\
                    a@x.example,view,Ann,b@x.example,30.11.2026,\n\
                    b@x.example,,,c@x.example,2026-11-30,nowhere\n\
                    c@x.example,,,c@x.example,,\n\
                    d@x.example,,,e@x.example,,\n";
        let told = told(text, &["e@x.example"], None);
        for piece in [
            "leavers.csv:2: role: who leaves gets no access",
            "leavers.csv:2: nickname: who leaves gets no access",
            "leavers.csv:2: last_day: this is not a date",
            "leavers.csv:2: hand_over_to: `b@x.example` leaves as well, in line 3",
            "leavers.csv:3: hand_over_to: `c@x.example` leaves as well, in line 4",
            "leavers.csv:3: workspace: no selected workspace is `nowhere`",
            "leavers.csv:4: hand_over_to: a person cannot take over from themselves",
            "leavers.csv:5: hand_over_to: `e@x.example` leaves as well, on the command line",
        ] {
            assert!(told.contains(piece), "`{piece}` is not in:\n{told}");
        }
    }

    #[test]
    fn the_heir_of_the_flag_must_stay_too() {
        let text = "email,hand_over_to\na@x.example,\nb@x.example,c@x.example\n";
        assert!(told(text, &[], Some("a@x.example")).contains("leavers.csv:2: email: a person cannot take over"));
        assert!(told(text, &[], Some("b@x.example")).contains("leavers.csv:3: hand_over_to: `b@x.example` leaves"));
        assert!(told(text, &["a@x.example"], None).contains("leavers.csv:2: email: `a@x.example` is named on"));
    }
}
