//! Names that chance gives: ids and keys, each derived from the seed and from what it names.
//!
//! Derived, not drawn one after the other, so that adding a workspace renames nothing in the others.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

/// Digests the seed and the parts; parts cannot run into each other.
fn digest(seed: u64, parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(seed.to_be_bytes());
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// Returns a seed of its own for what the parts name.
pub(super) fn seed_of(seed: u64, parts: &[&str]) -> u64 {
    let bytes = digest(seed, parts);
    u64::from_be_bytes(bytes[..8].try_into().expect("a digest has 32 bytes"))
}

/// Makes a UUID version 7 with the given Unix milliseconds, the form most ids of the API have (contract section 3).
pub(super) fn uuid7(seed: u64, millis: i64, parts: &[&str]) -> u128 {
    let bytes = digest(seed, parts);
    let chance = u128::from_be_bytes(bytes[..16].try_into().expect("a digest has 32 bytes"));
    of_parts(millis, chance)
}

fn of_parts(millis: i64, chance: u128) -> u128 {
    let time = u128::try_from(millis.max(0)).unwrap_or(0) & 0xffff_ffff_ffff;
    let low = chance & 0x0000_0000_0000_0fff_3fff_ffff_ffff_ffff;
    (time << 80) | (0x7 << 76) | (0x2 << 62) | low
}

/// Makes a UUID version 7 from a seed and a number without a digest, for what there are thousands of.
pub(super) fn mixed(seed: u64, millis: i64, number: u64) -> u128 {
    let chance =
        (u128::from(scattered(seed ^ scattered(number))) << 64) | u128::from(scattered(seed.wrapping_add(number)));
    of_parts(millis, chance)
}

/// Scatters a number's bits (the finisher of splitmix64).
pub(super) fn scattered(number: u64) -> u64 {
    let mut word = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ (word >> 31)
}

/// Returns the Unix milliseconds in an id.
pub(super) fn millis(id: u128) -> i64 {
    i64::try_from(id >> 80).expect("an id has 48 bits of time")
}

/// Writes an id as the API does.
pub(super) fn show(id: u128) -> String {
    let mut out = String::with_capacity(36);
    for (at, byte) in id.to_be_bytes().into_iter().enumerate() {
        if matches!(at, 4 | 6 | 8 | 10) {
            out.push('-');
        }
        for half in [byte >> 4, byte & 0xf] {
            out.push(char::from(b"0123456789abcdef"[usize::from(half)]));
        }
    }
    out
}

/// Reads an id in the API's form.
pub(super) fn read(text: &str) -> Option<u128> {
    let groups = [8, 4, 4, 4, 12];
    let parts: Vec<&str> = text.split('-').collect();
    let fits = parts.len() == groups.len()
        && parts.iter().zip(groups).all(|(part, len)| part.len() == len && part.bytes().all(|b| b.is_ascii_hexdigit()));
    if fits { u128::from_str_radix(&parts.concat(), 16).ok() } else { None }
}

/// Makes a key: base64 of `uuid:secret`, the form keys are said to have (contract section 1).
pub(super) fn key(seed: u64, parts: &[&str]) -> String {
    let bytes = digest(seed, parts);
    let id = show(uuid7(seed, 1_760_000_000_000, parts));
    let secret: String = bytes[16..28].iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").expect("writing to a String cannot fail");
        out
    });
    base64(format!("{id}:{secret}").as_bytes())
}

/// Encodes as standard base64 with padding. Ten lines, so not a dependency.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = (0..3).fold(0_u32, |word, at| (word << 8) | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let letter = LETTERS[(word >> (18 - 6 * at) & 63) as usize] as char;
            out.push(if at <= chunk.len() { letter } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_agrees_with_the_samples_of_its_standard() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn an_id_is_a_version_seven_uuid_that_reads_back_and_carries_its_moment() {
        let id = uuid7(7, 1_760_000_000_123, &["acme", "row"]);
        let text = show(id);
        assert_eq!(text.len(), 36);
        assert_eq!(&text[14..15], "7");
        assert!("89ab".contains(&text[19..20]), "{text}");
        assert_eq!(read(&text), Some(id));
        assert_eq!(i64::try_from(id >> 80).unwrap(), 1_760_000_000_123);
        assert_eq!(read("not-an-id"), None);
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(key(1, &["ab", "c"]), key(1, &["a", "bc"]));
        assert_ne!(key(1, &["ab"]), key(2, &["ab"]));
    }
}
