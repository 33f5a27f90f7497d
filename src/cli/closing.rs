//! The end of a listing, as a line for people and as a record: what was found, in how many workspaces, and what that took. One place, so that all
//! of them say it alike.

use std::time::Duration;

use serde_json::{Value, json};

use crate::report::Coverage;
use crate::report::summary::rounded;
use crate::run::Deck;
use crate::ui::{Printer, words};

/// Returns what stands before a number that is a bound and no total.
pub fn at_least(exact: bool) -> &'static str {
    if exact { "" } else { "at least " }
}

/// Says how many of the asked workspaces were read whole: `3 of 4 workspaces`.
pub fn of_asked(coverage: &Coverage) -> String {
    format!("{} of {}", coverage.complete, words::count(coverage.asked, "workspace"))
}

/// Says what a listing found and what it took: `… ; 7 requests in 2 s`.
pub fn say(printer: &Printer, deck: &Deck, told: &str) {
    let requests = words::count(usize::try_from(deck.tally.requests()).unwrap_or(usize::MAX), "request");
    printer.say(&format!("{told}; {requests} in {}", words::duration(deck.clock.elapsed())));
}

/// Says how many rows of what a listing has, and of how many workspaces: `at least 9 keys in 3 of 4 workspaces; 7 requests in 2 s`.
pub fn rows(printer: &Printer, deck: &Deck, coverage: &Coverage, exact: bool, what: &str) {
    say(printer, deck, &format!("{}{what} in {}", at_least(exact), of_asked(coverage)));
}

/// Ends a summary with what the command took so far.
pub fn summary(deck: &Deck, told: Value) -> Value {
    after(deck, deck.clock.elapsed(), told)
}

/// Ends a summary with what was taken, in a time that is not the whole command's: a plan's is that of its reading.
pub fn after(deck: &Deck, time: Duration, mut told: Value) -> Value {
    // Appended one by one: records keep the order in which their members are written.
    told["requests"] = json!(deck.tally.requests());
    told["throttled"] = json!(deck.tally.throttled());
    told["limit"] = json!(deck.used());
    told["seconds"] = json!(rounded(time.as_secs_f64()));
    told
}
