//! "Did you mean": the nearest known name.

/// Returns the known name nearest to a word, if one is near enough to be what was meant: at most one slip in three letters.
pub(super) fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase().replace('_', "-");
    let most = word.chars().count().div_ceil(3).min(4);
    known
        .into_iter()
        .filter(|name| name.len().abs_diff(word.len()) <= most)
        .map(|name| (strsim::osa_distance(&word, &name.to_lowercase().replace('_', "-")), name))
        .filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, name)| name)
}

/// Says it as advice: the nearest name, or all of them where they are few.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str> + Clone) -> Option<String> {
    if let Some(name) = nearest(word, known.clone()) {
        return Some(format!("did you mean `{name}`?"));
    }
    let known: Vec<String> = known.into_iter().take(13).map(|name| format!("`{name}`")).collect();
    (1..=12).contains(&known.len()).then(|| format!("known here: {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_offered_and_a_far_one_is_not() {
        let known = ["timeout", "settle", "base_url"];
        assert_eq!(nearest("tiemout", known), Some("timeout"));
        assert_eq!(nearest("base-url", known), Some("base_url"));
        assert_eq!(nearest("colour", known), None);
        assert_eq!(did_you_mean("x", known).unwrap(), "known here: `timeout`, `settle`, `base_url`");
    }
}
