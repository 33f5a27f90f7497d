//! CSV written and read back is equal but for the apostrophe and for control characters, and nothing in it runs in a spreadsheet.

use keyholder::report::cell::{defused, printable, undefused};
use keyholder::report::{Cell, Column, Format, Listing};
use proptest::prelude::*;

const COLUMNS: &[Column] = &[Column::shown("a"), Column::shown("b"), Column::detail("c"), Column::shown("n")];

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[=+@\t\r-][ -~]{0,8}",
        "[a-z,\"\r\n;']{0,12}",
        "'{0,3}[=+@\t\r\n-][ -~]{0,4}",
        any::<String>(),
        Just("=HYPERLINK(\"http://x.example\",\"a\")".to_owned()),
        Just("\u{1b}[2J\u{202e}evil".to_owned()),
    ]
}

fn write(format: Format, rows: &[(String, String, Vec<String>, u64)]) -> String {
    let mut out = Vec::new();
    let header = keyholder::report::listing::header(None, "test", &serde_json::Value::Null);
    let mut listing = Listing::begin(&mut out, format, "row", COLUMNS, &header).unwrap();
    for (a, b, c, n) in rows {
        let cells = [
            Cell::text(a.as_str()),
            Cell::maybe(Some(b.as_str())),
            Cell::list(c.iter().map(String::as_str)),
            Cell::Number(*n),
        ];
        listing.row(&cells).unwrap();
    }
    listing.end(&serde_json::json!({ "type": "summary" })).unwrap();
    String::from_utf8(out).unwrap()
}

/// What a spreadsheet would take for a formula.
fn runs(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn csv_written_and_read_back_is_equal_and_defused(
        rows in proptest::collection::vec((text(), text(), proptest::collection::vec("[=a-z]{1,4}", 0..3), any::<u64>()), 0..6),
    ) {
        let written = write(Format::Csv, &rows);
        let mut reader = csv::ReaderBuilder::new().has_headers(true).from_reader(written.as_bytes());
        prop_assert_eq!(reader.headers().unwrap(), vec!["a", "b", "c", "n"]);
        let back: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
        prop_assert_eq!(back.len(), rows.len());
        for (record, (a, b, c, n)) in back.iter().zip(&rows) {
            for (cell, original) in record.iter().zip([a.clone(), b.clone(), c.join(" ")]) {
                prop_assert!(!runs(cell), "{cell:?} would run");
                let original = original.replace(|c: char| c.is_control() && !"\t\r\n".contains(c), "");
                prop_assert_eq!(undefused(cell), &original, "taking the apostrophe off gives every text back");
                prop_assert!(cell == original || runs(original.trim_start_matches('\'')), "{cell:?} needs no apostrophe");
            }
            prop_assert_eq!(&record[3], n.to_string());
        }
    }

    #[test]
    fn json_keeps_every_text_as_it_is_and_the_two_shapes_agree(
        rows in proptest::collection::vec((text(), text(), proptest::collection::vec("[a-z]{1,4}", 0..3), any::<u64>()), 0..4),
    ) {
        let lines: Vec<serde_json::Value> =
            write(Format::Ndjson, &rows).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        prop_assert_eq!(lines.len(), rows.len() + 2, "one record a line, whatever is in it");
        let document: serde_json::Value = serde_json::from_str(&write(Format::Json, &rows)).unwrap();
        for (place, (a, _, _, n)) in rows.iter().enumerate() {
            prop_assert_eq!(&lines[place + 1], &document["rows"][place]);
            prop_assert_eq!(lines[place + 1]["a"].as_str(), Some(a.as_str()));
            prop_assert_eq!(lines[place + 1]["n"].as_u64(), Some(*n));
        }
    }

    #[test]
    fn no_text_moves_the_cursor_of_a_terminal(text in text()) {
        let shown = Cell::text(text.as_str()).for_terminal();
        prop_assert!(shown.chars().all(|c| !c.is_control()));
        let turns = shown.contains(['\u{202e}', '\u{202d}', '\u{2066}', '\u{200f}']);
        prop_assert!(!turns);
        prop_assert_eq!(printable(&shown), shown.clone(), "once is enough");
    }

    #[test]
    fn what_is_defused_never_runs_and_comes_back_as_it_was_however_often_it_is_done(text in text(), times in 1_usize..4) {
        let mut written = text.clone();
        for _ in 0..times {
            written = defused(written.as_str().into()).into_owned();
            prop_assert!(!runs(&written));
        }
        let mut read = written.as_str();
        for _ in 0..times {
            read = undefused(read);
        }
        prop_assert_eq!(read, text);
    }
}
