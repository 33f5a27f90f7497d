//! The schema, its migrations, and every statement that is a matter of dialect.
//!
//! Portable SQL: types `TEXT`, `BIGINT`, `BLOB` (`BYTEA` on PostgreSQL), upserts by `ON CONFLICT`, moments as fixed-width UTC text that
//! sorts. What is SQLite's own: `BEGIN IMMEDIATE`, the catalogue and the trigger
//! bodies, all in this file, and the pragmas in `db.rs`. Elsewhere only the mark of a parameter differs (`?`, on PostgreSQL `$1`).

/// A schema version. A newer major cannot be understood; a newer minor only added something. The minor counts the migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version {
    /// Raised when an older keyholder would misread the file.
    pub(super) major: u32,
    /// Raised for additions.
    pub(super) minor: u32,
}

impl Version {
    /// Reads `1.2`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (major, minor) = text.split_once('.')?;
        Some(Self { major: major.parse().ok()?, minor: minor.parse().ok()? })
    }

    /// Tells whether a keyholder that knows majors up to `known` understands such a file.
    pub(super) fn is_understood_by(self, known: u32) -> bool {
        self.major <= known
    }
}

impl std::fmt::Display for Version {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// Takes the write lock at once, so that two writers wait for each other instead of failing half-way.
pub(super) const BEGIN: &str = "BEGIN IMMEDIATE";
/// Ends a transaction; returns once it is on disk.
pub(super) const COMMIT: &str = "COMMIT";
/// Takes a transaction back.
pub(super) const ROLLBACK: &str = "ROLLBACK";

/// Names of the tables that are there.
pub(super) const TABLES: &str = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'";

/// Steps from an empty file to the newest schema. Never edit one that was released: add one.
pub(super) const MIGRATIONS: [(Version, &[&str]); 8] = [
    (Version { major: 1, minor: 0 }, &[META, RUNS, STEPS, ENTRIES, NO_UPDATE, NO_DELETE]),
    (
        Version { major: 1, minor: 1 },
        &[
            SIGHTINGS,
            WATERMARKS,
            "CREATE INDEX steps_by_subject ON steps (workspace_id, subject)",
            "CREATE INDEX steps_by_state ON steps (state, outcome)",
        ],
    ),
    (Version { major: 1, minor: 2 }, &[PRUNED, PRUNED_NO_UPDATE, PRUNED_NO_DELETE]),
    (Version { major: 1, minor: 3 }, &["ALTER TABLE watermarks ADD COLUMN first_complete_at TEXT"]),
    (Version { major: 1, minor: 4 }, &[KEYS, "CREATE INDEX keys_by_run ON keys (run)"]),
    (Version { major: 1, minor: 5 }, &[EXPORTS, EXPORT_MARKS, EXPORT_FILES]),
    (
        Version { major: 1, minor: 6 },
        &[LOOKS, SPANS, "CREATE INDEX spans_open ON spans (workspace_id, kind, until_at)", GLIMPSES],
    ),
    // Of all that a complete look showed; none of looks from before.
    (Version { major: 1, minor: 7 }, &["ALTER TABLE looks ADD COLUMN digest TEXT"]),
];

/// The newest schema.
pub(super) const NEWEST: Version = MIGRATIONS[MIGRATIONS.len() - 1].0;

/// The major of a ledger from whose old end runs were removed: the tables are those of the minor, as before, but a keyholder that does
/// not know `pruned` would call the first remaining run forged and begin a chain anew where none remains. So it must refuse the file.
/// A ledger that was never pruned keeps its major, and older keyholders go on reading it.
pub(super) const PRUNED_MAJOR: u32 = 2;

const META: &str = "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL)";

// `ordinal` is the order of beginning; `head_*` is the newest entry, so that a missing tail shows.
const RUNS: &str = "CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    ordinal BIGINT NOT NULL UNIQUE,
    started_at TEXT NOT NULL,
    ended_at TEXT,
    command TEXT NOT NULL,
    operator TEXT NOT NULL,
    reason TEXT,
    plan TEXT NOT NULL,
    approved_by TEXT NOT NULL,
    fleet_digest TEXT NOT NULL,
    version TEXT NOT NULL,
    exit_code BIGINT,
    outcome TEXT,
    requests BIGINT,
    head_seq BIGINT NOT NULL,
    head_hash BLOB NOT NULL
)";

// The step itself stands once, in its `planned` entry (`planned_seq`).
const STEPS: &str = "CREATE TABLE steps (
    run TEXT NOT NULL REFERENCES runs (id),
    id TEXT NOT NULL,
    planned_seq BIGINT NOT NULL,
    workspace TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    removal BIGINT NOT NULL,
    state TEXT NOT NULL,
    attempt BIGINT NOT NULL,
    answer TEXT,
    effect TEXT,
    outcome TEXT,
    reason_code TEXT,
    reason TEXT,
    status BIGINT,
    changed_at TEXT NOT NULL,
    PRIMARY KEY (run, id),
    UNIQUE (run, planned_seq)
)";

const ENTRIES: &str = "CREATE TABLE entries (
    run TEXT NOT NULL REFERENCES runs (id),
    seq BIGINT NOT NULL,
    at TEXT NOT NULL,
    prev_hash BLOB NOT NULL,
    hash BLOB NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (run, seq)
)";

/// Lets whole runs be removed, inside the transaction that puts the guards back.
pub(super) const UNGUARD: [&str; 2] = ["DROP TRIGGER entries_are_not_updated", "DROP TRIGGER entries_are_not_deleted"];

/// Puts the guards back.
pub(super) const GUARD: [&str; 2] = [NO_UPDATE, NO_DELETE];

/// Overwrites what is deleted, instead of only forgetting where it was.
pub(super) const ERASE: &str = "PRAGMA secure_delete = ON";

/// Empties the write-ahead log, which still holds pages as they were.
pub(super) const EMPTY_LOG: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

const NO_UPDATE: &str = "CREATE TRIGGER entries_are_not_updated BEFORE UPDATE ON entries
    BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END";

const NO_DELETE: &str = "CREATE TRIGGER entries_are_not_deleted BEFORE DELETE ON entries
    BEGIN SELECT RAISE(ABORT, 'entries are append-only'); END";

// Keys that runs made, kept in the commit of their entries: which of a workspace's keys is ours is asked long after its run, and even when
// that was pruned. `stored` says where the secret went, `gone_at` that the key was deleted by a run.
const KEYS: &str = "CREATE TABLE keys (
    workspace_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    fingerprint TEXT,
    name TEXT NOT NULL,
    run TEXT NOT NULL,
    step TEXT NOT NULL,
    made_at TEXT NOT NULL,
    stored TEXT,
    gone_at TEXT,
    PRIMARY KEY (workspace_id, key_id)
)";

// What was removed from the old end. `head_*` is the newest entry of the last run that was removed; `anchor_*` is the entry of it that
// the first remaining run hangs on, which is an older one where the two overlapped.
const PRUNED: &str = "CREATE TABLE pruned (
    number BIGINT PRIMARY KEY,
    at TEXT NOT NULL,
    operator TEXT NOT NULL,
    reason TEXT,
    version TEXT NOT NULL,
    runs BIGINT NOT NULL,
    entries BIGINT NOT NULL,
    first_run TEXT NOT NULL,
    first_started_at TEXT NOT NULL,
    last_run TEXT NOT NULL,
    last_started_at TEXT NOT NULL,
    last_ordinal BIGINT NOT NULL,
    head_seq BIGINT NOT NULL,
    head_hash BLOB NOT NULL,
    anchor_seq BIGINT,
    anchor_hash BLOB
)";

const PRUNED_NO_UPDATE: &str = "CREATE TRIGGER pruned_is_not_updated BEFORE UPDATE ON pruned
    BEGIN SELECT RAISE(ABORT, 'what was pruned is append-only'); END";

const PRUNED_NO_DELETE: &str = "CREATE TRIGGER pruned_is_not_deleted BEFORE DELETE ON pruned
    BEGIN SELECT RAISE(ABORT, 'what was pruned is append-only'); END";

// Exports of the trail: `id` stands in the folder too, so that a folder of another root is told from ours.
const EXPORTS: &str = "CREATE TABLE exports (
    id TEXT PRIMARY KEY,
    format TEXT NOT NULL,
    begun_at TEXT NOT NULL
)";

// `mark` is the newest record of the last listing that came whole, `complete_at` when that was.
const EXPORT_MARKS: &str = "CREATE TABLE export_marks (
    export TEXT NOT NULL REFERENCES exports (id),
    workspace_id TEXT NOT NULL,
    folder TEXT NOT NULL,
    mark TEXT,
    complete_at TEXT,
    PRIMARY KEY (export, workspace_id)
)";

// What stands in a file behind `length` was written by an export that was cut before it could say so here.
const EXPORT_FILES: &str = "CREATE TABLE export_files (
    export TEXT NOT NULL REFERENCES exports (id),
    workspace_id TEXT NOT NULL,
    file TEXT NOT NULL,
    length BIGINT NOT NULL,
    rows_in BIGINT NOT NULL,
    first_at TEXT,
    last_at TEXT,
    PRIMARY KEY (export, workspace_id, file)
)";

// `complete` tells whether the listing that last showed the row was complete.
const SIGHTINGS: &str = "CREATE TABLE sightings (
    workspace_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    attributes TEXT NOT NULL,
    first_seen TEXT NOT NULL,
    last_seen TEXT NOT NULL,
    complete BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, kind, id)
)";

// A row last seen before `complete_at` is gone: only a complete listing can prove an absence. A row first seen after `first_complete_at`, the
// first complete listing since the column is there, is new.
const WATERMARKS: &str = "CREATE TABLE watermarks (
    workspace_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    listed_at TEXT NOT NULL,
    complete_at TEXT,
    PRIMARY KEY (workspace_id, kind)
)";

// One row a look; `complete` tells whether every page came.
const LOOKS: &str = "CREATE TABLE looks (
    workspace_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    at TEXT NOT NULL,
    began_at TEXT NOT NULL,
    complete BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, kind, at)
)";

// Every complete look from `from_at` to `until_at` showed the thing alike; without `until_at`, to the newest one.
const SPANS: &str = "CREATE TABLE spans (
    workspace_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    from_at TEXT NOT NULL,
    until_at TEXT,
    attributes TEXT NOT NULL,
    PRIMARY KEY (workspace_id, kind, id, from_at)
)";

// What incomplete looks showed.
const GLIMPSES: &str = "CREATE TABLE glimpses (
    workspace_id TEXT NOT NULL,
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    at TEXT NOT NULL,
    attributes TEXT NOT NULL,
    PRIMARY KEY (workspace_id, kind, id, at)
)";
