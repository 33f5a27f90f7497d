//! How many sending accounts are in which state: a bar, and its numbers as words.

use std::collections::BTreeMap;

use super::parts::{bad_words, known};
use super::words::{Known, count};
use crate::report::bulk::facts::AccountFact;
use crate::report::html::Html;

/// Accounts by their state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Health {
    /// By how ill, then by word.
    states: BTreeMap<(Grade, String), u64>,
}

/// What a state means for sending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Grade {
    Well,
    Resting,
    Ill,
}

impl Health {
    /// Counts one account.
    pub(super) fn add(&mut self, account: &AccountFact) {
        let grade = match (account.ill, account.status.as_str()) {
            (true, _) => Grade::Ill,
            (false, "active") => Grade::Well,
            (false, _) => Grade::Resting,
        };
        let word = bad_words(account).unwrap_or_else(|| account.status.clone());
        *self.states.entry((grade, word)).or_default() += 1;
    }

    fn all(&self) -> u64 {
        self.states.values().sum()
    }

    fn ill(&self) -> u64 {
        self.states.iter().filter(|((grade, _), _)| *grade == Grade::Ill).map(|(_, number)| number).sum()
    }

    /// Writes what there is, as a sentence, a bar and a list; `whole` tells whether every account was seen.
    pub(super) fn write(&self, html: &mut Html, whole: bool) {
        let (all, ill) = (self.all(), self.ill());
        if all == 0 {
            html.raw(if whole {
                "<p>There is no sending account.</p>\n"
            } else {
                "<p class=unknown>How many there are is not known.</p>\n"
            });
            return;
        }
        let told = match (ill, whole) {
            (0, true) => format!("{}: all can send as they should.", count(all, "sending account")),
            (0, false) => {
                format!("At least {}: those that were seen can send as they should.", count(all, "sending account"))
            }
            (ill, true) => format!("{}, of which {ill} cannot send as they should.", count(all, "sending account")),
            (ill, false) => format!(
                "At least {}, of which at least {ill} cannot send as they should.",
                count(all, "sending account")
            ),
        };
        html.element("p id=t-health", &told).raw("\n<div class=stack><svg role=img aria-labelledby=t-health ");
        html.raw("aria-describedby=l-health focusable=false preserveAspectRatio=none viewBox=\"0 0 1000 10\">");
        let mut at = 0;
        for ((grade, _), number) in &self.states {
            let from = u128::from(at) * 1000 / u128::from(all);
            at += number;
            let to = u128::from(at) * 1000 / u128::from(all);
            html.raw(match grade {
                Grade::Well => "<rect class=good y=0 height=10",
                Grade::Resting => "<rect class=still y=0 height=10",
                Grade::Ill => "<rect class=bad y=0 height=10",
            });
            // A gap tells neighbours of one colour apart; however few, they are seen.
            html.attribute("x", &from.to_string())
                .attribute("width", &(to - from).saturating_sub(2).max(2).to_string());
            html.raw("/>");
        }
        html.raw("</svg>\n<ul class=legend id=l-health>\n");
        for ((grade, word), number) in &self.states {
            html.raw(match grade {
                Grade::Well => "<li><span class=\"o good\"><span aria-hidden=true>✓ </span>",
                Grade::Resting => "<li><span class=\"o still\"><span aria-hidden=true>– </span>",
                Grade::Ill => "<li><span class=\"o bad\"><span aria-hidden=true>✕ </span>",
            });
            html.text(&word.replace('-', " ")).raw("</span> ");
            known(html, Known::of(*number, whole));
            html.raw("</li>\n");
        }
        html.raw("</ul></div>\n");
    }
}
