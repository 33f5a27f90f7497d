//! Words of findings: lists that do not run on, days, moments.

use std::fmt::Display;
use std::time::Duration;

use jiff::Timestamp;

/// How many things one finding names: enough to see what it is about, and one line still holds them.
const NAMED: usize = 8;

/// Joins things by commas, and says how many more there are.
pub(super) fn listed<T: Display>(things: &[T]) -> String {
    let mut words: Vec<String> = things.iter().take(NAMED).map(|thing| format!("`{thing}`")).collect();
    if things.len() > NAMED {
        words.push(format!("and {} more", things.len() - NAMED));
    }
    words.join(", ")
}

/// Says a limit of the policy: `180 days`, `36 hours`.
pub(super) fn span(limit: Duration) -> String {
    let hours = limit.as_secs() / 3600;
    match hours {
        24 => "1 day".to_owned(),
        _ if hours > 0 && hours.is_multiple_of(24) => format!("{} days", hours / 24),
        1 => "1 hour".to_owned(),
        0 => format!("{} seconds", limit.as_secs()),
        _ => format!("{hours} hours"),
    }
}

/// Says how long ago a moment is, in whole days.
pub(super) fn ago(moment: Timestamp, now: Timestamp) -> String {
    match now.duration_since(moment).as_hours() / 24 {
        days if days <= 0 => "today".to_owned(),
        1 => "1 day ago".to_owned(),
        days => format!("{days} days ago"),
    }
}

/// Returns a moment to the second.
pub(super) fn second(moment: Timestamp) -> Timestamp {
    Timestamp::from_second(moment.as_second()).unwrap_or(moment)
}

/// Returns `1 key`, `2 keys`.
pub(super) fn keys(number: usize) -> String {
    if number == 1 { "1 key".to_owned() } else { format!("{number} keys") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_does_not_run_on() {
        assert_eq!(listed(&["a", "b"]), "`a`, `b`");
        assert!(listed(&(0..20).collect::<Vec<_>>()).ends_with("`7`, and 12 more"));
    }

    #[test]
    fn limits_are_said_as_people_set_them() {
        let hours = [24, 180 * 24, 36, 1].map(|hours| span(Duration::from_hours(hours)));
        assert_eq!(hours, ["1 day", "180 days", "36 hours", "1 hour"]);
        assert_eq!(span(Duration::from_secs(90)), "90 seconds");
    }
}
