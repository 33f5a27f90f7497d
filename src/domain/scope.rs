//! Scopes of keys (contract section 2): which exist, what they allow, and how a list of them is said in the fewest words.
//!
//! Owns the documented list and the rule that `resource:action` is allowed by itself, by `resource:all`, by `all:action` and by `all:all`.
//! Which call needs which scope stands in the operation table of the client.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

/// The strings the API takes when a key is made, in its order.
pub const DOCUMENTED: &str = include_str!("scopes.txt");

/// The word for every resource, and for every action.
const ALL: &str = "all";

/// The documented resources with their actions, `all` not among them, in the API's order; the first is the wildcard resource.
static RESOURCES: LazyLock<Vec<(&'static str, Vec<&'static str>)>> = LazyLock::new(|| {
    let mut resources: Vec<(&str, Vec<&str>)> = Vec::new();
    for (resource, action) in documented().filter_map(|scope| scope.split_once(':')) {
        if resources.last().is_none_or(|(last, _)| *last != resource) {
            resources.push((resource, Vec::new()));
        }
        let (_, actions) = resources.last_mut().expect("one was just pushed");
        actions.extend((action != ALL).then_some(action));
    }
    resources
});

/// Where each documented scope stands in the API's order.
static PLACES: LazyLock<BTreeMap<&'static str, usize>> =
    LazyLock::new(|| documented().enumerate().map(|(place, scope)| (scope, place)).collect());

/// Returns the documented scopes, in the API's order.
pub fn documented() -> impl Iterator<Item = &'static str> {
    DOCUMENTED.lines().filter(|line| !line.is_empty())
}

/// Tells whether the API documents a scope.
pub fn is_documented(scope: &str) -> bool {
    PLACES.contains_key(scope)
}

/// Returns the scopes that the API does not document, by text.
pub fn undocumented<S: AsRef<str>>(held: &[S]) -> Vec<String> {
    let strange: BTreeSet<&str> = held.iter().map(AsRef::as_ref).filter(|scope| !is_documented(scope)).collect();
    strange.into_iter().map(str::to_owned).collect()
}

/// Returns the documented scope that a text most likely means; none where nothing is near.
pub fn nearest(text: &str) -> Option<&'static str> {
    let asked = text.trim().to_ascii_lowercase();
    documented()
        .map(|scope| (scope, strsim::jaro_winkler(scope, &asked)))
        .filter(|(_, likeness)| *likeness > 0.85)
        .max_by(|(_, a), (_, b)| a.total_cmp(b))
        .map(|(scope, _)| scope)
}

/// Returns each scope once, in the API's order; the undocumented ones after it, by text.
pub fn canonical<S: AsRef<str>>(scopes: &[S]) -> Vec<String> {
    let place = |scope: &str| PLACES.get(scope).copied().unwrap_or(usize::MAX);
    let ordered: BTreeSet<(usize, &str)> =
        scopes.iter().map(AsRef::as_ref).map(|scope| (place(scope), scope)).collect();
    ordered.into_iter().map(|(_, scope)| scope.to_owned()).collect()
}

/// Tells whether a key that holds some scopes may do what any one of `any_of` allows: it holds one of the very strings.
pub fn allows<S: AsRef<str>>(held: &[S], any_of: &[&str]) -> bool {
    any_of.iter().any(|needed| held.iter().any(|scope| scope.as_ref() == *needed))
}

/// Tells whether a key that holds some scopes may do all that one scope allows.
pub fn covers<S: AsRef<str>>(held: &[S], scope: &str) -> bool {
    let held: Vec<&str> = held.iter().map(AsRef::as_ref).collect();
    if held.contains(&scope) {
        return true;
    }
    match scope.split_once(':') {
        Some((resource, ALL)) => {
            let power = Power::of(&held);
            // No call needs more of a resource than its actions, so all of them are as good as `resource:all`.
            power.wild == all_actions() || (resource != ALL && power.has_all_of(resource))
        }
        Some((resource, action)) => {
            let by =
                |resource: &str, action: &str| held.iter().any(|one| one.split_once(':') == Some((resource, action)));
            by(resource, ALL) || by(ALL, action) || by(ALL, ALL)
        }
        // No scope by its form: nothing but itself is sure to cover it.
        None => false,
    }
}

/// Says a list of scopes in the fewest words of exactly the same power, in the API's order; undocumented ones stay as they are, after it.
pub fn fold<S: AsRef<str>>(held: &[S]) -> Vec<String> {
    let mut words = Power::of(held).words();
    words.extend(undocumented(held));
    words
}

/// Returns what a list of scopes allows beyond another, folded; nothing where it allows no more.
///
/// A wildcard stays one: what `all:read` allows beyond `leads:read` is `all:read`, since no list of resources says what it will mean tomorrow.
pub fn excess<S: AsRef<str>, T: AsRef<str>>(held: &[S], needed: &[T]) -> Vec<String> {
    let mut words = Power::of(held).without(&Power::of(needed)).words();
    words.extend(undocumented(held).into_iter().filter(|scope| !covers(needed, scope)));
    words
}

/// What documented scopes allow.
#[derive(Debug, Default, PartialEq, Eq)]
struct Power {
    /// The actions that are allowed on every resource.
    wild: BTreeSet<&'static str>,
    /// The actions that are allowed on a resource, whatever is allowed on all.
    own: BTreeMap<&'static str, BTreeSet<&'static str>>,
}

fn all_actions() -> BTreeSet<&'static str> {
    actions_of(ALL).iter().copied().collect()
}

fn actions_of(resource: &str) -> &'static [&'static str] {
    RESOURCES.iter().find(|(name, _)| *name == resource).map_or(&[], |(_, actions)| actions)
}

impl Power {
    fn of<S: AsRef<str>>(scopes: &[S]) -> Self {
        let mut power = Self::default();
        for (resource, action) in scopes.iter().filter_map(|scope| scope.as_ref().split_once(':')) {
            let Some((resource, actions)) = RESOURCES.iter().find(|(name, _)| *name == resource) else { continue };
            let meant = actions.iter().copied().filter(|one| action == ALL || *one == action);
            if *resource == ALL {
                power.wild.extend(meant);
            } else {
                power.own.entry(resource).or_default().extend(meant);
            }
        }
        power
    }

    fn has(&self, resource: &str, action: &str) -> bool {
        self.wild.contains(action) || self.own.get(resource).is_some_and(|own| own.contains(action))
    }

    fn has_all_of(&self, resource: &str) -> bool {
        let actions = actions_of(resource);
        !actions.is_empty() && actions.iter().all(|action| self.has(resource, action))
    }

    /// Returns what it allows beyond another.
    fn without(&self, other: &Self) -> Self {
        let wild = self.wild.difference(&other.wild).copied().collect();
        let beyond = |resource: &'static str, own: &BTreeSet<&'static str>| {
            (resource, own.iter().copied().filter(|action| !other.has(resource, action)).collect())
        };
        Self { wild, own: self.own.iter().map(|(resource, own)| beyond(resource, own)).collect() }
    }

    /// Says it in the fewest words.
    fn words(&self) -> Vec<String> {
        RESOURCES
            .iter()
            .flat_map(|(resource, actions)| {
                let said: Vec<&str> =
                    actions.iter().copied().filter(|action| self.must_say(resource, action)).collect();
                // One word for all is as good as several, where what is not said is allowed anyway.
                let whole = if *resource == ALL { self.wild == all_actions() } else { self.has_all_of(resource) };
                if whole && said.len() > 1 { vec![ALL] } else { said }
                    .into_iter()
                    .map(move |action| format!("{resource}:{action}"))
            })
            .collect()
    }

    /// Tells whether an action must be said of a resource, since nothing wider says it.
    fn must_say(&self, resource: &str, action: &str) -> bool {
        if resource == ALL {
            return self.wild.contains(action);
        }
        !self.wild.contains(action) && self.has(resource, action)
    }
}

#[cfg(test)]
mod tests;
