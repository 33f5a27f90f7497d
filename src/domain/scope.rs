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
