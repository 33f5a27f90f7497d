//! How many requests a report will take, and how long: foretold from how long the lists of each workspace were last time, kept in the state folder.
//!
//! Owns the file `report-sizes.json`. It is a memory aid alone: where it is not there, or cannot be read, less is foretold.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::config::whole;
use crate::domain::{Listed, Sizes};
use crate::report::bulk::Facts;
use crate::report::summary::rounded;
use crate::run::{Forecast, InventoryQuest, LaneCost, Road, Target, chain, foretell, requests};
use crate::ui::words;

/// The file in the state folder.
const FILE: &str = "report-sizes.json";

/// What is kept of all workspaces.
#[derive(Debug, Clone, Default)]
pub struct Foretold {
    path: PathBuf,
    known: BTreeMap<String, Known>,
}

/// What is kept of one workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    /// The day it was read.
    day: Date,
    /// Over how many days its trail was asked for, to the last of the period: over others it is as long as nobody knows. Where other kinds than
    /// its own table wanted it, it was read on to that day.
    trail_days: i32,
    sizes: Sizes,
    /// Whether nothing of it could be read the last time: then it may well end with its first answers.
    #[serde(default)]
    unread: bool,
}

/// The plan of requests of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requests {
    /// How many.
    pub forecast: Forecast,
    /// How long it takes to read them.
    pub time: Duration,
    workspaces: usize,
    known: usize,
    unread: usize,
    newest: Option<Date>,
}

impl Foretold {
    /// Reads what is kept; nothing where that cannot be read.
    pub fn read(state: &Path) -> Self {
        let path = state.join(FILE);
        let known = fs::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default();
        Self { path, known }
    }

    /// Foretells what it takes to read some workspaces, and how long. Of whom nothing could be read the last time one request is
    /// foretold, as the least: first pages are asked for beside the question who it is.
    pub fn requests<'t>(
        &self,
        quest: &InventoryQuest,
        targets: impl Iterator<Item = &'t Target>,
        road: Road,
    ) -> Requests {
        let (forecast, time) = (Forecast::NOTHING, Duration::ZERO);
        let mut all = Requests { forecast, time, workspaces: 0, known: 0, unread: 0, newest: None };
        let mut costs = Vec::new();
        // Who has no key is not asked.
        for target in targets.filter(|target| target.access.is_ok()) {
            let known = self.of(target);
            all.workspaces += 1;
            if known.is_some_and(|known| known.unread) {
                all.forecast += Forecast { requests: 1, exact: false };
                costs.push(LaneCost { requests: 1, chain: 1, pays: &target.pays });
                all.unread += 1;
                continue;
            }
            let sizes = self.sizes(quest, target);
            let forecast = requests(quest, &sizes);
            costs.push(LaneCost { requests: forecast.requests, chain: chain(quest, &sizes), pays: &target.pays });
            all.forecast += forecast;
            all.known += usize::from(known.is_some());
            all.newest = all.newest.max(known.map(|known| known.day));
        }
        all.time = foretell(costs, road);
        all
    }

    /// Returns how many requests of a workspace wait for each other, as long as its lists were last time; none where nothing is known of it.
    pub fn chain(&self, quest: &InventoryQuest, target: &Target) -> Option<u64> {
        self.of(target).map(|_| chain(quest, &self.sizes(quest, target)))
    }

    fn of(&self, target: &Target) -> Option<&Known> {
        target.pinned.as_ref().and_then(|id| self.known.get(id.as_str()))
    }

    fn sizes(&self, quest: &InventoryQuest, target: &Target) -> Sizes {
        let known = self.of(target);
        let mut sizes = known.map(|known| known.sizes.clone()).unwrap_or_default();
        if known.is_some_and(|known| known.trail_days != trail_days(quest)) {
            sizes.0.remove(&Listed::Trail);
        }
        sizes
    }

    /// Takes up how long the lists of some workspaces were, and which could not be read.
    pub fn note(&mut self, quest: &InventoryQuest, facts: &[Facts], sizes: &[Sizes], now: Timestamp) {
        let day = now.to_zoned(TimeZone::UTC).date();
        for (facts, sizes) in facts.iter().zip(sizes) {
            let Some(id) = &facts.workspace_id else { continue };
            let known = self.known.entry(id.clone()).or_default();
            known.unread = facts.trouble.is_some();
            if known.unread {
                continue;
            }
            if known.trail_days != trail_days(quest) {
                known.sizes.0.remove(&Listed::Trail);
            }
            known.sizes.renew(sizes);
            known.day = day;
            known.trail_days = trail_days(quest);
        }
    }

    /// Keeps it.
    pub fn keep(&self) -> std::io::Result<()> {
        let mut bytes = serde_json::to_vec(&self.known)?;
        bytes.push(b'\n');
        whole::put(&self.path, &bytes)
    }
}

/// Returns over how many days a quest reads the trail.
fn trail_days(quest: &InventoryQuest) -> i32 {
    let first = match quest.used_since {
        Some(since) => since.to_zoned(TimeZone::UTC).date().min(quest.period.first()),
        None => quest.period.first(),
    };
    (quest.period.last() - first).get_days()
}

impl Requests {
    /// Says it for a person. No number is a bound for workspaces that turn out to be out of reach, so it is told for those that can be read.
    pub fn say(&self) -> String {
        let Self { forecast, time, workspaces, known, unread, newest } = self;
        let requests = words::count(usize::try_from(forecast.requests).unwrap_or(usize::MAX), "request");
        let (time, place) = (words::duration(*time), words::count(*workspaces, "workspace"));
        let told = if forecast.exact {
            format!("about {requests} and {time} in {place}")
        } else {
            format!("at least {requests} and {time} in {place}, if they can be read")
        };
        let from = match newest {
            None if unread == workspaces => None,
            None => Some("how long their lists are is not known from an earlier report".to_owned()),
            Some(day) if known + unread == *workspaces => Some(format!("as long as their lists were up to {day}")),
            Some(day) => Some(format!("how long the lists of {known} were is known up to {day}")),
        };
        let unread = match unread {
            0 => None,
            1 => Some("1 could not be read the last time, and counts as one request".to_owned()),
            several => Some(format!("{several} could not be read the last time, and count as one request each")),
        };
        let why: Vec<String> = from.into_iter().chain(unread).collect();
        if why.is_empty() { told } else { format!("{told}: {}", why.join("; ")) }
    }

    /// Says it beside the number of those that were made. What was meant as a bound is none where workspaces could not be read.
    pub fn say_after(&self, made: u64) -> String {
        let Forecast { requests, exact } = self.forecast;
        let at_least = if exact || made < requests { "" } else { "at least " };
        format!("{at_least}{requests} foretold")
    }

    /// Writes it as a value.
    pub fn record(&self) -> serde_json::Value {
        serde_json::json!({
            "count": self.forecast.requests,
            "exact": self.forecast.exact,
            "seconds": rounded(self.time.as_secs_f64()),
        })
    }
}
