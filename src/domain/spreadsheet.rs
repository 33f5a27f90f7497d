//! Texts that a spreadsheet would run, and the apostrophe that keeps them from it (design section 7).
//!
//! The two ways undo each other: of what was written by one the other gives back every text as it was. So a text that looks like a defused one
//! gets an apostrophe too.

use std::borrow::Cow;

/// What a spreadsheet may take for the beginning of a formula: the signs of design section 7, a line feed that hides one, and their full-width
/// forms, which East Asian settings read as the plain ones.
pub const RUNS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// Tells whether a spreadsheet would run a text, or would if apostrophes were taken from its front.
fn would_run(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(RUNS)
}

/// Puts an apostrophe before a text that a spreadsheet would run, and before one that reads like a text with such an apostrophe.
pub fn defused(text: Cow<'_, str>) -> Cow<'_, str> {
    if would_run(&text) { Cow::Owned(format!("'{text}")) } else { text }
}

/// Takes that apostrophe off again.
pub fn undefused(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if would_run(rest) => rest,
        _ => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_with_apostrophes_comes_back_as_it_was() {
        for (text, csv) in [
            ("=1+1", "'=1+1"),
            ("'=1+1", "''=1+1"),
            ("''+1", "'''+1"),
            ("'tis", "'tis"),
            ("''", "''"),
            ("", ""),
            ("\n=1", "'\n=1"),
            ("\u{ff1d}1", "'\u{ff1d}1"),
        ] {
            assert_eq!(defused(text.into()), csv);
            assert_eq!(undefused(csv), text);
        }
    }
}
