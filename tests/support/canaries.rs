//! What no output of a scenario may contain: the keys of its world.

use std::collections::HashSet;

use keyholder::sim::World;

/// Bytes at the beginning of a canary by which it is found.
const HEAD: usize = 8;

/// What no output may contain: the first and the last part of every key's secret half, so that half a key is found too.
pub(crate) struct Canaries {
    heads: Vec<bool>,
    known: HashSet<[u8; HEAD]>,
    texts: Vec<Vec<u8>>,
}

impl Canaries {
    pub(crate) fn of(world: &World) -> Self {
        let mut canaries = Self { heads: vec![false; 1 << 16], known: HashSet::new(), texts: Vec::new() };
        // A security token is made as a key is.
        for key in world.keys().into_iter().chain(world.security_tokens()) {
            let key = key.trim_end_matches('=').as_bytes();
            // The first bytes of all keys are a moment, the same for all; what follows is chance.
            for part in [&key[..key.len() / 2], &key[key.len() - 24..key.len() - 12], &key[key.len() - 12..]] {
                let head: [u8; HEAD] = part[..HEAD].try_into().unwrap();
                canaries.heads[usize::from(head[0]) << 8 | usize::from(head[1])] = true;
                canaries.known.insert(head);
                canaries.texts.push(part.to_vec());
            }
        }
        assert!(!canaries.texts.is_empty(), "a world without keys would prove nothing");
        canaries
    }

    /// Fails where one is found.
    pub(crate) fn require_absent(&self, place: &str, bytes: &[u8]) {
        for (at, window) in bytes.windows(HEAD).enumerate() {
            let maybe = self.heads[usize::from(window[0]) << 8 | usize::from(window[1])];
            let found =
                maybe && self.known.contains(window) && self.texts.iter().any(|text| bytes[at..].starts_with(text));
            assert!(!found, "a key stands in {place}, at byte {at}");
        }
    }
}
