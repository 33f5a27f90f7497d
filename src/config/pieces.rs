//! Where a long file of `[[workspace]]` can be cut, so that it is parsed in pieces.
//!
//! A parsed table takes some twenty times the memory of its text, and ten thousand workspaces in one file were most of what a command took in all.
//! Pure, and careful: where a line might be anything but what it looks like, the file is not cut.

use std::ops::Range;

/// What a workspace begins with.
const HEADER: &str = "[[workspace]]";

/// Returns pieces of at most so many workspaces each, one after the other and of the whole text; none where it has no more, or cannot be cut.
///
/// Cut is only before a `[[workspace]]` that stands on a line of its own, and only where every other table is one of its own: no table and no key
/// then has anything to do with those in another piece. Texts of several lines could hold such a line, so there are none of them.
pub(super) fn pieces(text: &str, most: usize) -> Option<Vec<Range<usize>>> {
    if text.contains("\"\"\"") || text.contains("'''") {
        return None;
    }
    let (mut begins, mut at, mut workspaces) = (vec![0], 0, 0);
    for line in text.split_inclusive('\n') {
        match kind(line) {
            Line::Workspace => {
                if workspaces > 0 && workspaces % most == 0 {
                    begins.push(at);
                }
                workspaces += 1;
            }
            Line::Within => {}
            Line::Odd => return None,
        }
        at += line.len();
    }
    let ends = begins[1..].iter().copied().chain([text.len()]);
    (begins.len() > 1).then(|| begins.iter().copied().zip(ends).map(|(from, to)| from..to).collect())
}

enum Line {
    /// A workspace begins.
    Workspace,
    /// It is of the workspace that began last, or stands before the first.
    Within,
    /// It may be another table, or go on with a list.
    Odd,
}

fn kind(line: &str) -> Line {
    let line = line.trim();
    let is_of_it = ["[workspace.", "[[workspace."].iter().any(|begin| line.starts_with(begin));
    match line.strip_prefix(HEADER).map(str::trim_start) {
        Some(rest) if rest.is_empty() || rest.starts_with('#') => Line::Workspace,
        None if is_of_it || !line.starts_with('[') => Line::Within,
        _ => Line::Odd,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_cut_before_workspaces_and_nothing_is_lost() {
        let text = "# all\n[[workspace]] # one\nname = \"a\"\n [workspace.labels]\r\n  [[workspace]]\r\nname = \"b\"\n[[workspace]]";
        let cut = |most| {
            let pieces = pieces(text, most)?;
            Some(pieces.into_iter().map(|piece| &text[piece]).collect::<Vec<_>>())
        };
        let first = "# all\n[[workspace]] # one\nname = \"a\"\n [workspace.labels]\r\n";
        assert_eq!(cut(1).unwrap(), [first, "  [[workspace]]\r\nname = \"b\"\n", "[[workspace]]"]);
        assert_eq!(cut(2).unwrap().concat(), text);
        assert_eq!((cut(2).unwrap().len(), cut(3)), (2, None));
    }

    #[test]
    fn what_may_be_anything_else_is_not_cut() {
        for odd in
            ["[defaults]", "[[ workspace ]]", "[[workspace]]]", "x = '''", "\"\"\"", "[\"a\"],", "[workspaces.a]"]
        {
            assert_eq!(pieces(&format!("[[workspace]]\n{odd}\n[[workspace]]\n"), 1), None, "{odd}");
        }
        assert_eq!(pieces("", 1), None);
        assert_eq!(pieces("name = \"a\"\n", 1), None);
    }
}
