//! Words: plurals, durations, lists. One place, so that every output says it the same way.

use std::time::Duration;

/// Returns `1 workspace`, `2 workspaces`.
pub fn count(number: usize, noun: &str) -> String {
    match (number, noun) {
        (1, _) => format!("1 {noun}"),
        (_, noun) if noun.ends_with('y') && !noun.ends_with("ey") => format!("{number} {}ies", &noun[..noun.len() - 1]),
        _ => format!("{number} {noun}s"),
    }
}

/// Returns `850 ms`, `12 s`, `3 min 20 s`, `2 h 5 min`.
pub fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..=59 => format!("{seconds} s"),
        60..=3599 if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        60..=3599 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ if seconds % 3600 < 60 => format!("{} h", seconds / 3600),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// Joins words with commas, at most so many, and says how many more there are.
pub fn some(words: &[String], most: usize) -> String {
    if words.len() <= most {
        return words.join(", ");
    }
    format!("{} and {} more", words[..most].join(", "), words.len() - most)
}

/// Commands that need no root, or make one.
const ROOTLESS: [&str; 6] = ["help", "demo", "init", "sim", "completions", "man"];

/// Names the root, a word as a shell takes it, in every command of ours that a text names in backticks.
pub fn at_root(text: &str, root: &str) -> String {
    const COMMAND: &str = "`keyholder ";
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split(COMMAND);
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let verb = part.split([' ', '`']).next().unwrap_or_default();
        out.push_str(COMMAND);
        if !ROOTLESS.contains(&verb) && !verb.starts_with('-') {
            out.push_str("-C ");
            out.push_str(root);
            out.push(' ');
        }
        out.push_str(part);
    }
    out
}

/// Writes a word so that a shell takes it as it is, and a terminal shows it on one line.
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+=:,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    let shown: String = word.chars().map(|c| if c.is_control() { '?' } else { c }).collect();
    format!("'{}'", shown.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_that_is_named_names_the_root() {
        let text = "go on with `keyholder resume 7`, or see `keyholder help resume`; `keyholder` alone lists all; then `keyholder show 7`";
        assert_eq!(
            at_root(text, "../acme"),
            "go on with `keyholder -C ../acme resume 7`, or see `keyholder help resume`; `keyholder` alone lists all; then \
             `keyholder -C ../acme show 7`"
        );
        assert_eq!(at_root("`keyholder -C x check`", "y"), "`keyholder -C x check`");
        assert_eq!(at_root("nothing", "y"), "nothing");
    }

    #[test]
    fn a_shell_takes_a_word_as_it_is() {
        assert_eq!(shell_word("/srv/agency-1/x.y"), "/srv/agency-1/x.y");
        assert_eq!(shell_word("my clients"), "'my clients'");
        assert_eq!(shell_word("ann's"), r"'ann'\''s'");
        assert_eq!(shell_word("a\nb;$(x)"), "'a?b;$(x)'");
        assert_eq!(shell_word(""), "''");
    }

    #[test]
    fn words_agree_with_their_numbers() {
        assert_eq!(count(0, "step"), "0 steps");
        assert_eq!(count(1, "step"), "1 step");
        assert_eq!(count(2, "identity"), "2 identities");
        assert_eq!(count(2, "key"), "2 keys");
        assert_eq!(duration(Duration::from_millis(850)), "850 ms");
        assert_eq!(duration(Duration::from_secs(200)), "3 min 20 s");
        assert_eq!(duration(Duration::from_mins(125)), "2 h 5 min");
        assert_eq!(some(&["a".to_owned(), "b".to_owned(), "c".to_owned()], 2), "a, b and 1 more");
    }
}
