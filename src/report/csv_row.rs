//! A row of CSV, byte for byte as the `csv` crate writes it with line ends of RFC 4180.
//!
//! Owns the bytes between cells; what stands in a cell, and what is defused in it, is [`Cell::for_csv`]'s. Nearly every cell of millions is an
//! id or a moment: whether a text is as plain as those is seen in one look at its bytes, and then it is copied.

use super::cell::Cell;

/// Adds a row with its line's end.
pub fn csv_row(out: &mut Vec<u8>, cells: &[Cell<'_>]) {
    let from = out.len();
    for (at, cell) in cells.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        match cell {
            Cell::Nothing => {}
            Cell::Flag(true) => out.extend_from_slice(b"yes"),
            Cell::Flag(false) => out.extend_from_slice(b"no"),
            Cell::Number(number) => digits(out, *number),
            Cell::Signed(number) => {
                if *number < 0 {
                    out.push(b'-');
                }
                digits(out, number.unsigned_abs());
            }
            Cell::Text(text) if is_plain(text.as_bytes()) => out.extend_from_slice(text.as_bytes()),
            Cell::List(words) if words.iter().all(|word| is_plain(word.as_bytes())) => {
                for (at, word) in words.iter().enumerate() {
                    if at > 0 {
                        out.push(b' ');
                    }
                    out.extend_from_slice(word.as_bytes());
                }
            }
            Cell::Text(_) | Cell::List(_) | Cell::Hundredths(_) => quoted(out, &cell.for_csv()),
        }
    }
    if out.len() == from {
        // Of one empty cell: an empty line would be no row.
        out.extend_from_slice(b"\"\"");
    }
    out.extend_from_slice(b"\r\n");
}

/// Tells whether a text stands in a cell as it is: printable ASCII, nothing to be quoted, and no beginning that a spreadsheet would
/// run, or that says it was kept from that.
fn is_plain(text: &[u8]) -> bool {
    // Without a way out at the first byte that is not, sixteen are looked at in one step.
    let is_odd = |byte: &u8| !matches!(byte, b' '..=b'~') || matches!(byte, b',' | b'"');
    let odd = text.iter().fold(false, |odd, byte| odd | is_odd(byte));
    !odd && !matches!(text, [b'=' | b'+' | b'-' | b'@' | b'\'', ..])
}

/// Adds a text, in quotes where it must be.
fn quoted(out: &mut Vec<u8>, text: &str) {
    if !text.bytes().any(|byte| matches!(byte, b',' | b'"' | b'\r' | b'\n')) {
        return out.extend_from_slice(text.as_bytes());
    }
    out.push(b'"');
    for (at, part) in text.split('"').enumerate() {
        if at > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(part.as_bytes());
    }
    out.push(b'"');
}

fn digits(out: &mut Vec<u8>, mut number: u64) {
    let mut places = [0; 20];
    let mut from = places.len();
    loop {
        from -= 1;
        places[from] = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
        if number == 0 {
            return out.extend_from_slice(&places[from..]);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of_the_crate(cells: &[Cell<'_>]) -> Vec<u8> {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
        writer.write_record(cells.iter().map(|cell| cell.for_csv().into_owned())).unwrap();
        writer.into_inner().unwrap()
    }

    fn cell() -> impl Strategy<Value = Cell<'static>> {
        let odd = "[-=+@a-c \\t\\r\\n\",'\\x00\\x1b\\x7f\u{85}\u{2028}\u{ff1d}ä]{0,40}";
        prop_oneof![
            odd.prop_map(Cell::text),
            "[ -~]{0,80}".prop_map(Cell::text),
            any::<String>().prop_map(Cell::text),
            prop_oneof![Just(0), Just(u64::MAX), any::<u64>()].prop_map(Cell::Number),
            prop_oneof![Just(i64::MIN), any::<i64>()].prop_map(Cell::Signed),
            any::<i64>().prop_map(Cell::Hundredths),
            any::<bool>().prop_map(Cell::Flag),
            proptest::collection::vec(prop_oneof![odd, "[a-z.]{0,9}"], 0..3).prop_map(Cell::list),
            Just(Cell::Nothing),
        ]
    }

    proptest! {
        #[test]
        fn a_row_is_written_as_the_crate_writes_it(cells in proptest::collection::vec(cell(), 0..6)) {
            let mut out = b"before".to_vec();
            csv_row(&mut out, &cells);
            prop_assert_eq!(&out[6..], of_the_crate(&cells));
        }
    }

    #[test]
    fn every_byte_alone_first_and_last_is_written_as_the_crate_writes_it() {
        for c in (0..=0x17f_u32).chain([0x2028, 0xff1d, 0xff20]).filter_map(char::from_u32) {
            for text in [format!("{c}"), format!("{c}{}", "x".repeat(40)), format!("{}{c}", "x".repeat(40))] {
                let cells = [Cell::text(text)];
                let mut out = Vec::new();
                csv_row(&mut out, &cells);
                assert_eq!(out, of_the_crate(&cells), "{c:?}");
            }
        }
    }
}
