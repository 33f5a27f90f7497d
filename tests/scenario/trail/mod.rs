//! The trail: looked at, and kept in files that hold every record once, whatever happened on the way.

mod kept;
mod looked;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use jiff::{SignedDuration, Timestamp};
use keyholder::sim::put::Records;
use keyholder::sim::{Fault, FaultBody, FaultKind, Op};

use crate::support::Stage;
use crate::three;

const SAM: &str = "sam@agency.example";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Puts records of logins into a workspace, a minute apart.
fn logins(stage: &Stage, workspace: &str, from: &str, count: u32) {
    let records =
        Records { count, activity: 1, by: Some(SAM.to_owned()), key: None, at: Some(at(from)), affected: None };
    stage.world.put(workspace, records);
}

fn fault(operation: Op, kind: FaultKind) -> Fault {
    Fault { kind, workspace: Some("acme".to_owned()), operation: Some(operation), skip: 0, times: None }
}

fn status(status: u16) -> FaultKind {
    FaultKind::Status { status, body: FaultBody::Json, retry_after: None }
}

/// The ids of a workspace's trail.
fn recorded(stage: &Stage, workspace: &str) -> BTreeSet<String> {
    let id = |json: &str| serde_json::from_str::<serde_json::Value>(json).unwrap()["id"].as_str().unwrap().to_owned();
    stage.world.trail(workspace).iter().map(|record| id(&record.json)).collect()
}

/// The files of a workspace in an export, by name.
fn files(export: &Path, workspace: &str) -> BTreeMap<String, PathBuf> {
    let folder = export.join("workspaces").join(workspace);
    let Ok(entries) = fs::read_dir(folder) else { return BTreeMap::new() };
    entries.map(|entry| entry.unwrap()).map(|entry| (entry.file_name().into_string().unwrap(), entry.path())).collect()
}

/// The rows of a workspace in an export, by their ids and without `observed_at`; each stands once and in the file of its month.
#[track_caller]
fn rows(export: &Path, workspace: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut rows = BTreeMap::new();
    for (name, path) in files(export, workspace) {
        let mut reader = csv::Reader::from_path(&path).unwrap();
        for row in reader.deserialize() {
            let mut row: BTreeMap<String, String> = row.unwrap();
            assert_eq!(row["workspace"], workspace);
            assert_eq!(format!("{}.csv", &row["at"][..7]), name, "a record stands in the file of its month");
            row.remove("observed_at");
            let id = row["record_id"].clone();
            assert!(rows.insert(id.clone(), row).is_none(), "{id} stands twice");
        }
        assert!(fs::read(path).unwrap().ends_with(b"\r\n"));
    }
    rows
}

#[track_caller]
fn holds_all(stage: &Stage, export: &Path, workspace: &str) {
    let kept: BTreeSet<String> = rows(export, workspace).into_keys().collect();
    let wanted = recorded(stage, workspace);
    assert_eq!(kept.difference(&wanted).count(), 0, "{workspace}: there are records that never were");
    assert_eq!(
        wanted.difference(&kept).count(),
        0,
        "{workspace}: {} of {} lack",
        wanted.len() - kept.len(),
        wanted.len()
    );
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}
