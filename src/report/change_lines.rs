//! Changes of access on a terminal: a line each where it is wide enough, else what there is to say on lines beneath, broken between words.

use std::fmt::Write as _;

use super::access_rows::{ChangeRow, second};
use super::cell::printable;

/// How far what stands beneath a line is indented.
const INDENT: &str = "    ";

/// Draws changes into so many characters. A word that is longer than that stays whole.
pub fn lines(rows: &[ChangeRow], width: usize) -> String {
    let told: Vec<Told> = rows.iter().map(Told::of).collect();
    let longest = |cell: fn(&Told) -> &str, head: &str| {
        told.iter().map(|told| chars(cell(told))).max().unwrap_or(0).max(chars(head))
    };
    let places = longest(|told| &told.place, PLACE).min(width / 4);
    let people = longest(|told| &told.who, WHO).min(width * 2 / 5);
    let mut text = String::new();
    let mut line = |place: &str, who: &str, what: &str| {
        let [one, other] = [places, people].map(|room| room + 2);
        let (gap, next) = (one.saturating_sub(chars(place)).max(2), other.saturating_sub(chars(who)).max(2));
        let line = format!("{place}{:gap$}{who}{:next$}{what}", "", "");
        let _infallible = writeln!(text, "{}", line.trim_end());
    };
    if rows.is_empty() {
        return text;
    }
    line(PLACE, WHO, WHAT);
    for Told { place, who, what, more } in &told {
        let head = places.max(chars(place)) + people.max(chars(who)) + 4;
        let all = std::iter::once(what.as_str()).chain(more.iter().map(String::as_str)).collect::<Vec<_>>().join("; ");
        if head + chars(&all) <= width {
            line(place, who, &all);
            continue;
        }
        let fits = head + chars(what) <= width;
        line(place, who, if fits { what } else { "" });
        let beneath = if fits { more.join("; ") } else { all };
        for beneath in wrapped(&beneath, width.saturating_sub(INDENT.len())) {
            line(&format!("{INDENT}{beneath}"), "", "");
        }
    }
    text
}

const PLACE: &str = "WORKSPACE";
const WHO: &str = "PERSON";
const WHAT: &str = "CHANGE";

/// A change in words.
struct Told {
    place: String,
    who: String,
    what: String,
    more: Vec<String>,
}

impl Told {
    fn of(row: &ChangeRow) -> Self {
        let states: Vec<String> =
            [&row.before, &row.after].into_iter().flatten().map(|state| printable(state)).collect();
        let what = match states.as_slice() {
            [] => row.change.to_owned(),
            states => format!("{}: {}", row.change, states.join(" -> ")),
        };
        let run = row.operator.as_ref().map(|operator| match &row.reason {
            None => format!(" ({operator})"),
            Some(reason) => format!(" ({operator}: {reason})"),
        });
        let by = row.by.as_ref().map(|by| match &run {
            Some(run) => printable(&format!("run {by}{run}")),
            None => printable(by),
        });
        let when = match (row.not_before, row.not_after) {
            (Some(from), Some(to)) if second(from) == second(to) => Some(format!("at {}", second(to))),
            (Some(from), Some(to)) => Some(format!("between {} and {}", second(from), second(to))),
            (None, Some(to)) => Some(format!("before {}", second(to))),
            (_, None) => None,
        };
        let note = row.note.as_deref().map(printable);
        Self {
            place: row.workspace.clone(),
            who: row.email.as_deref().map(printable).unwrap_or_default(),
            what,
            more: [by, when, note].into_iter().flatten().collect(),
        }
    }
}

/// Breaks a text between words.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut().filter(|line| chars(line) + 1 + chars(word) <= width) {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

fn chars(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<ChangeRow> {
        let at = |text: &str| Some(text.parse().unwrap());
        let gained = ChangeRow {
            workspace: "acme".to_owned(),
            email: Some("nia@agency.example".to_owned()),
            change: "gained",
            after: Some("editor, invited".to_owned()),
            by: Some("20261122T043000Z-1a2b".to_owned()),
            not_before: at("2026-11-21T08:00:00Z"),
            not_after: at("2026-11-22T08:00:00.5Z"),
            operator: Some("ada".to_owned()),
            reason: Some("starts\u{1b}[2J".to_owned()),
            note: Some("not looked at since".to_owned()),
            ..ChangeRow::default()
        };
        let at_once = ChangeRow { not_before: gained.not_after, note: None, reason: None, ..gained.clone() };
        let long = ChangeRow {
            workspace: "northwind-of-the-long-name".to_owned(),
            email: Some("somebody.with.a.long.address@mail.partner.example".to_owned()),
            change: "changed",
            before: Some("view".to_owned()),
            after: Some("admin".to_owned()),
            by: Some("outside keyholder".to_owned()),
            not_before: None,
            operator: None,
            reason: None,
            note: None,
            ..gained.clone()
        };
        let gap = ChangeRow {
            workspace: "birch".to_owned(),
            change: "not known",
            note: Some("its members were never looked at".to_owned()),
            ..ChangeRow::default()
        };
        vec![gained, at_once, long, gap]
    }

    #[test]
    fn no_line_is_wider_than_asked_and_no_word_of_any_change_is_lost() {
        let words = |text: &str| {
            let mut words: Vec<String> =
                text.split([' ', ';', '\n']).filter(|word| !word.is_empty()).map(str::to_owned).collect();
            words.sort();
            words
        };
        let wide = lines(&rows(), 1_000);
        assert_eq!(wide.lines().count(), 5, "{wide}");
        assert!(wide.contains("(ada); at 2026-11-22T08:00:00Z\n"), "{wide}");
        assert!(
            wide.contains(
                "run 20261122T043000Z-1a2b (ada: starts[2J); between 2026-11-21T08:00:00Z and 2026-11-22T08:00:00Z"
            ),
            "{wide}"
        );
        for width in 80..200 {
            let drawn = lines(&rows(), width);
            assert!(drawn.lines().all(|line| chars(line) <= width), "{width}:\n{drawn}");
            assert_eq!(words(&drawn), words(&wide), "{drawn}");
        }
        assert_eq!(lines(&[], 80), "");
    }

    #[test]
    fn at_eighty_characters_a_change_is_a_line_and_what_is_beneath() {
        insta::assert_snapshot!(lines(&rows(), 80));
    }
}
