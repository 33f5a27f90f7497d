//! Text that came from the network, made fit to be shown and stored.

use crate::domain::ApiKey;

/// Longest message kept, in characters: enough for every published one.
const LONGEST: usize = 200;

/// The shortest run of characters that is left out where it could be a secret.
const SHORTEST_SECRET: usize = 8;
/// What scopes allow (contract section 2).
const ACTIONS: [&str; 5] = ["all", "create", "read", "update", "delete"];
/// As long as no word of a message is.
const LONGER_THAN_WORDS: usize = 16;

/// Strips control characters, replaces the key by its fingerprint, shortens. In this order: a key must neither be put
/// together by stripping what split it, nor be cut in two by shortening.
pub(crate) fn clean(text: &str, key: &ApiKey) -> String {
    let plain: String = text.trim().chars().filter_map(plain).collect();
    shortened(key.redact(&plain))
}

/// The same for an answer that may name secrets that nobody here knows: whatever could be one is left out.
pub(crate) fn veiled(text: &str, key: &ApiKey) -> String {
    let plain: String = text.trim().chars().filter_map(plain).collect();
    let redacted = key.redact(&plain);
    let part_of_key = |c: char| c.is_ascii_alphanumeric() || "+/=:-_.~".contains(c);
    let mut shown = String::with_capacity(redacted.len());
    let mut rest = redacted.as_str();
    while let Some(first) = rest.chars().next() {
        let end = rest.find(|c| part_of_key(c) != part_of_key(first)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(end);
        shown.push_str(if part_of_key(first) && may_be_secret(run, key) { "[withheld]" } else { run });
        rest = after;
    }
    shortened(shown)
}

/// Tells whether a run of characters could be a secret or a good part of one: words have neither digits nor capitals in their midst, and
/// are short, unless they name a scope (`api_keys:delete`).
fn may_be_secret(run: &str, key: &ApiKey) -> bool {
    let telling = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase() || b"+=~".contains(&byte);
    let plain_word = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let scope = run.split_once(':').is_some_and(|(resource, action)| plain_word(resource) && ACTIONS.contains(&action));
    let odd = run.len() >= SHORTEST_SECRET && run.bytes().skip(1).any(telling);
    (odd || run.len() >= LONGER_THAN_WORDS && !scope) && run != key.fingerprint()
}

fn shortened(redacted: String) -> String {
    match redacted.char_indices().nth(LONGEST) {
        None => redacted,
        Some((cut, _)) => format!("{}…", &redacted[..cut - redacted[..cut].chars().last().map_or(0, char::len_utf8)]),
    }
}

/// Line breaks and tabs become blanks; control characters and those that turn the direction of writing are dropped.
fn plain(c: char) -> Option<char> {
    match c {
        '\n' | '\t' | '\r' => Some(' '),
        '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' => None,
        c if c.is_control() => None,
        c => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_echoed_key_does_not_survive_however_it_is_hidden() {
        let key = ApiKey::parse("canary-7f3a0b5c9d1e").unwrap();
        for text in ["bad key canary-7f3a0b5c9d1e", "canary-7f\u{1b}3a0b5c9d1e", "canary-7f3a\u{200b}0b5c9d1e\r\n"] {
            let shown = clean(text, &key);
            assert!(!shown.contains("canary-7f") && shown.contains(&key.fingerprint()), "{shown}");
        }
        let cut = clean(&format!("{}canary-7f3a0b5c9d1e", "x".repeat(190)), &key);
        assert!(!cut.contains("canary"), "{cut}");
    }

    #[test]
    fn where_anybodys_secret_may_stand_words_and_scopes_are_all_that_is_shown() {
        let key = ApiKey::parse("canary-7f3a0b5c9d1e").unwrap();
        let veiled = |text: &str| veiled(text, &key);
        let kept = "the key lacks `workspace_members:delete`, api_keys:all and more";
        assert_eq!(veiled(kept), kept);
        for secret in ["ZmFrZS1rZXktMDAx", "a1b2c3d4", "fake-not-a-secret", "key:onlylowercaseletters", "ABCDEFGH"] {
            assert_eq!(veiled(&format!("bad key \"{secret}\" here")), "bad key \"[withheld]\" here");
        }
        assert_eq!(veiled("bad key Zm\u{200b}FrZS1rZXktMDAx"), "bad key [withheld]");
        assert_eq!(veiled("bad key canary-7f3a0b5c9d1e"), format!("bad key {}", key.fingerprint()));
        assert!(!veiled(&format!("{}ZmFrZS1rZXktMDAx", "word ".repeat(38))).contains("ZmFr"));
    }

    #[test]
    fn a_message_is_at_most_two_hundred_characters_without_control_characters() {
        let key = ApiKey::parse("k").unwrap();
        let shown = clean(&"ä\u{7}\n".repeat(500), &key);
        assert_eq!(shown.chars().count(), 200);
        assert!(!shown.chars().any(char::is_control));
    }
}
