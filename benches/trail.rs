//! Figures of `trail export`: many workspaces of a hundred thousand records each, beside decoding and CSV writing alone.
//!
//! `cargo bench --bench trail`, or `-- WORKSPACES` for more of them: 500 are fifty million records, and 17 GB of files. `-- one RECORDS` is the
//! trail of one workspace: how many rows a second without latency and at 50 ms, and the memory of an export and of a report; 4,000,000 are asked
//! for, and 4 GB of files. Pages are made in this
//! process, by copying one and writing ids and moments over it, so that making them costs next to nothing; what it costs is measured and taken off
//! both sides.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "support/inside.rs"]
mod inside;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use jiff::Timestamp;
use keyholder::api::transport::{Answer, Failure, Request, Transport};
use keyholder::clock::Clock;
use keyholder::domain::ApiKey;
use keyholder::sim::{Local, LocalSettings, World, root};
use serde::Deserialize;

const RECORDS: usize = 100_000;
/// How far away an API is, and how many records are read from there: a few seconds.
const NEAR: Duration = Duration::from_millis(50);
const FROM_NEAR: usize = 100_000;
const PAGE: usize = 1_000;
const ROUNDS: usize = 3;

fn main() {
    match (words().as_slice(), sizes().as_slice()) {
        ([one, ..], [records]) if one == "one" => one_workspace(*records),
        ([one, ..], []) if one == "one" => one_workspace(1_000_000),
        (_, sizes) => many_workspaces(sizes.first().copied().unwrap_or(50)),
    }
}

/// The trail of one workspace, however long.
fn one_workspace(records: usize) {
    let export = ["trail", "export", "--out", "kept", "--all"];
    let report = ["report", "trail", "--out", "told", "--all", "--since", "2000-01-01", "--until", "2026-11-21"];
    let pages = Arc::new(Pages::new(records));
    let mut work: Vec<(&str, &[&str])> = vec![("trail export", &export)];
    if words().iter().all(|word| word != "export") {
        work.push(("report trail", &report));
    }
    let (making, ()) = took(|| make_only(&pages, 1));
    println!("one workspace of {records} records; making its pages takes {:.2} s of cpu", making.cpu);
    for (what, line) in work {
        let before = resident();
        let (ours, memory) = took(|| run(&pages, 1, line, Duration::ZERO));
        let (first, last) = ends(&memory);
        println!(
            "{what}: {:.0} rows/s by the clock, {:.0} by cpu; without the making {:.0} by cpu, for at least 1,000,000",
            count(records) / ours.wall,
            count(records) / ours.cpu,
            count(records) / (ours.cpu - making.cpu)
        );
        println!(
            "  resident memory: before {before:.1} MB, first tenth {first:.1}, last tenth {last:.1}, most {:.1}, for at most 24",
            most(&memory)
        );
    }
    let pages = Arc::new(Pages::new(FROM_NEAR));
    let (near, _) = took(|| run(&pages, 1, &export, NEAR));
    println!(
        "trail export, {} ms away: {:.0} rows/s by the clock, for at least 19,000",
        NEAR.as_millis(),
        count(FROM_NEAR) / near.wall
    );
}

fn many_workspaces(workspaces: usize) {
    let pages = Arc::new(Pages::new(RECORDS));
    let all = workspaces * RECORDS;
    println!(
        "{workspaces} workspaces of {RECORDS} records, {} bytes a page\n",
        pages.page("0".repeat(36).as_bytes(), 0).len()
    );
    let mut ratios = Vec::new();
    let mut growth = Vec::new();
    for round in 0..ROUNDS {
        let (making, ()) = took(|| make_only(&pages, workspaces));
        let (bare, bytes) = took(|| bare(&pages, workspaces));
        let (ours, memory) = took(|| export(&pages, workspaces));
        let ratio = (ours.cpu - making.cpu) / (bare.cpu - making.cpu);
        println!("round {round}:              wall s    cpu s    records/s of cpu");
        for (what, took) in [("making the pages", making), ("decoding + CSV", bare), ("trail export", ours)] {
            println!("  {what:<18} {:>8.2} {:>8.2} {:>12.0}", took.wall, took.cpu, count(all) / took.cpu);
        }
        println!(
            "  export ÷ decoding + CSV, both without the making: {ratio:.3} (wall, with it: {:.3})",
            ours.wall / bare.wall
        );
        println!("  {:.2} GB of CSV by the bare loop", count(bytes) / 1e9);
        let (first, last) = ends(&memory);
        println!("  resident memory: first tenth {first:.1} MB, last tenth {last:.1} MB, most {:.1} MB", most(&memory));
        ratios.push(ratio);
        growth.push(last - first);
    }
    ratios.sort_by(f64::total_cmp);
    growth.sort_by(f64::total_cmp);
    println!("\nmedian of {ROUNDS}: {:.3} times decoding and CSV writing alone, for at most 1.3", ratios[ROUNDS / 2]);
    println!("memory from first tenth to last, median: {:+.1} MB over {all} records", growth[ROUNDS / 2]);
    if workspaces < 500 {
        println!(
            "of 500 workspaces, fifty million records, this is {workspaces}/500; more of them add lanes one after the other, not at once"
        );
    }
}

/// What was said behind `--`, without what cargo says itself.
#[expect(clippy::disallowed_methods, reason = "a benchmark takes its size from whoever runs it")]
fn said() -> Vec<String> {
    std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect()
}

fn sizes() -> Vec<usize> {
    said().iter().filter_map(|word| word.parse().ok()).collect()
}

fn words() -> Vec<String> {
    said().into_iter().filter(|word| word.parse::<usize>().is_err()).collect()
}

#[expect(clippy::cast_precision_loss, reason = "figures are told to a few digits")]
fn count(number: usize) -> f64 {
    number as f64
}

/// What a piece of work took.
#[derive(Debug, Clone, Copy)]
struct Took {
    wall: f64,
    cpu: f64,
}

#[expect(clippy::disallowed_methods, reason = "a benchmark watches the wall clock")]
fn took<T>(work: impl FnOnce() -> T) -> (Took, T) {
    let (began, cpu) = (Instant::now(), cpu_seconds());
    let done = work();
    (Took { wall: began.elapsed().as_secs_f64(), cpu: cpu_seconds() - cpu }, done)
}

/// Processor time of this process, user and system.
fn cpu_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").expect("Linux tells it");
    let behind = stat.rsplit(") ").next().expect("its name stands in brackets");
    let ticks: Vec<usize> = behind.split(' ').skip(11).take(2).map(|ticks| ticks.parse().expect("a number")).collect();
    count(ticks[0] + ticks[1]) / 100.0
}

/// Resident memory in pages of 4 KB, in MB.
fn resident() -> f64 {
    let statm = fs::read_to_string("/proc/self/statm").expect("Linux tells it");
    let pages: usize = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).expect("a number");
    count(pages * 4096) / 1e6
}

fn ends(memory: &[f64]) -> (f64, f64) {
    let tenth = (memory.len() / 10).max(1);
    let mean = |part: &[f64]| part.iter().sum::<f64>() / count(part.len());
    (mean(&memory[..tenth]), mean(&memory[memory.len() - tenth..]))
}

fn most(memory: &[f64]) -> f64 {
    memory.iter().copied().fold(0.0, f64::max)
}

/// Pages of a trail, newest record first and a minute apart.
struct Pages {
    template: Vec<u8>,
    /// Where id, moment and workspace of each record stand.
    places: Vec<[usize; 3]>,
    cursor: usize,
    days: Vec<String>,
    records: usize,
}

const ID: &str = "019a4a00-9d9d-7e9e-8f9f-000000000000";
const MOMENT: &str = "2026-11-20T00:00:00.120Z";

impl Pages {
    fn new(records: usize) -> Self {
        let person = |id: &str, at: &str, home: &str| {
            format!(
                r#"{{"id":"{id}","timestamp":"{at}","organization_id":"{home}","activity_type":34,"user_agent":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0","user_id":"0197b002-77aa-7f10-9d33-0000000e0002","ip_address":"203.0.113.24","from_api":false,"api_key_id":null,"affected_count":842,"campaign_id":null,"webhook_id":null,"subsequence_id":null,"list_id":"0198d330-1b1b-7c1c-8d1d-0000000001a1","audit_metadata":{{"name":"Q4, dentists"}},"user_name":"Tomas Reyes"}}"#
            )
        };
        let key = |id: &str, at: &str, home: &str| {
            format!(
                r#"{{"id":"{id}","timestamp":"{at}","organization_id":"{home}","activity_type":5,"user_agent":null,"user_id":null,"ip_address":"198.51.100.7","from_api":true,"api_key_id":"0198e550-3d3d-7e3e-8f3f-0000000ae001","affected_count":1,"campaign_id":"0198b220-0a0a-7b0b-8c0c-00000000ca01","webhook_id":null,"subsequence_id":null,"list_id":null,"audit_metadata":{{}},"user_name":null}}"#
            )
        };
        let home = "0".repeat(36);
        let mut template = br#"{"items":["#.to_vec();
        let mut places = Vec::new();
        for number in 0..PAGE {
            if number > 0 {
                template.push(b',');
            }
            let row = if number % 2 == 0 { person(ID, MOMENT, &home) } else { key(ID, MOMENT, &home) };
            let find = |text: &str| template.len() + row.find(text).expect("it was put there");
            places.push([find(ID), find(MOMENT), find(&home)]);
            template.extend(row.as_bytes());
        }
        template.extend(br#"],"next_starting_after":""#);
        let cursor = template.len();
        template.extend(ID.as_bytes());
        template.extend(br#""}"#);
        let last: jiff::civil::Date = "2026-11-20".parse().expect("a day");
        let days = (0..=records / 1440)
            .map(|ago| last.saturating_sub(jiff::Span::new().days(i64::try_from(ago).expect("few"))).to_string());
        Self { days: days.collect(), template, places, cursor, records }
    }

    /// Makes the page that begins with a record of this number.
    fn page(&self, home: &[u8], first: usize) -> Vec<u8> {
        let mut page = self.template.clone();
        for (place, [id, moment, of]) in self.places.iter().enumerate() {
            let number = first + place;
            digits(&mut page[id + 24..id + 36], number);
            let (day, minute) = (number / 1440, 1439 - number % 1440);
            page[*moment..moment + 10].copy_from_slice(self.days[day].as_bytes());
            digits(&mut page[moment + 11..moment + 13], minute / 60);
            digits(&mut page[moment + 14..moment + 16], minute % 60);
            page[*of..of + 36].copy_from_slice(home);
        }
        digits(&mut page[self.cursor + 24..self.cursor + 36], first + PAGE);
        if first + PAGE >= self.records {
            // The last page has no cursor: the text is empty, and the room behind it blank.
            page[self.cursor] = b'"';
            page[self.cursor + 1] = b'}';
            page[self.cursor + 2..].fill(b' ');
        }
        page
    }
}

fn digits(place: &mut [u8], mut number: usize) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).expect("a digit");
        number /= 10;
    }
}

fn make_only(pages: &Pages, workspaces: usize) {
    let home = "0".repeat(36);
    for _ in 0..workspaces {
        for first in (0..pages.records).step_by(PAGE) {
            std::hint::black_box(pages.page(home.as_bytes(), first));
        }
    }
}

/// A record, decoded into no more than what is in it.
#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    timestamp: Cow<'a, str>,
    #[serde(borrow)]
    organization_id: Cow<'a, str>,
    activity_type: i64,
    user_agent: Option<&'a str>,
    user_id: Option<&'a str>,
    ip_address: Option<&'a str>,
    from_api: bool,
    api_key_id: Option<&'a str>,
    affected_count: Option<u64>,
    campaign_id: Option<&'a str>,
    webhook_id: Option<&'a str>,
    subsequence_id: Option<&'a str>,
    list_id: Option<&'a str>,
    #[serde(borrow)]
    audit_metadata: Option<&'a serde_json::value::RawValue>,
    user_name: Option<&'a str>,
}

#[derive(Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    items: Vec<Record<'a>>,
}

/// The least a program could do with the same libraries: decode the same bytes, write them as CSV, and nothing checked, told apart or parted.
fn bare(pages: &Pages, workspaces: usize) -> usize {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let home = "0".repeat(36);
    let mut bytes = 0;
    for workspace in 0..workspaces {
        let path = folder.path().join(format!("{workspace}.csv"));
        let mut builder = csv::WriterBuilder::new();
        let file = File::create(&path).expect("a file can be made");
        let mut writer = builder.buffer_capacity(64 * 1024).terminator(csv::Terminator::CRLF).from_writer(file);
        for first in (0..pages.records).step_by(PAGE) {
            let body = pages.page(home.as_bytes(), first);
            let page: Page<'_> = serde_json::from_slice(&body).expect("a page can be read");
            for row in &page.items {
                write(&mut writer, row);
            }
        }
        let file = writer.into_inner().expect("it can be written");
        file.sync_all().expect("it can be brought to the disk");
        bytes += usize::try_from(file.metadata().expect("it is there").len()).expect("it fits");
    }
    bytes
}

fn write(writer: &mut csv::Writer<File>, row: &Record<'_>) {
    let metadata =
        row.audit_metadata.map(serde_json::value::RawValue::get).filter(|text| *text != "{}").unwrap_or_default();
    let mut field = |text: &str| writer.write_field(text).expect("it can be written");
    field("client-0001");
    field(&row.organization_id);
    field("2026-11-22T08:00:00Z");
    field(&row.id);
    field(&row.timestamp);
    field("leads-exported");
    field(&row.activity_type.to_string());
    field(row.user_id.unwrap_or_default());
    field(row.user_name.unwrap_or_default());
    field(row.api_key_id.unwrap_or_default());
    field(if row.from_api { "yes" } else { "no" });
    field(row.ip_address.unwrap_or_default());
    field(row.user_agent.unwrap_or_default());
    field(&row.affected_count.map(|count| count.to_string()).unwrap_or_default());
    field(row.campaign_id.unwrap_or_default());
    field(row.subsequence_id.unwrap_or_default());
    field(row.list_id.unwrap_or_default());
    field(row.webhook_id.unwrap_or_default());
    field(metadata);
    writer.write_record(None::<&[u8]>).expect("it can be written");
}

/// The simulator, but for trails, which are too long for it to be made of values.
struct Road {
    local: Local,
    pages: Arc<Pages>,
    homes: HashMap<String, String>,
    asked: AtomicU64,
    memory: Mutex<Vec<f64>>,
    every: u64,
    latency: Duration,
}

impl std::fmt::Debug for Road {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Road")
    }
}

impl Transport for Road {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Answer, Failure>> {
        let Some(query) = request.path.strip_prefix("/api/v2/audit-logs") else { return self.local.send(request) };
        if self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(self.every) {
            self.memory.lock().expect("nobody panicked").push(resident());
        }
        let home = &self.homes[&request.access.key().fingerprint()];
        let after = query.split("starting_after=").nth(1).and_then(|cursor| cursor.rsplit('-').next());
        let first = after.map_or(0, |number| number.parse().expect("a cursor of ours"));
        let body = self.pages.page(home.as_bytes(), first).into();
        let content_type = Some("application/json".to_owned());
        Box::pin(async move {
            // As a network would, it lets the others have their turn.
            if self.latency.is_zero() {
                tokio::task::yield_now().await;
            } else {
                away(self.latency).await;
            }
            Ok(Answer { status: 200, content_type, retry_after: None, body })
        })
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark waits by the wall clock")]
async fn away(latency: Duration) {
    tokio::time::sleep(latency).await;
}

/// Exports by the command itself, and returns the resident memory over its time.
fn export(pages: &Arc<Pages>, workspaces: usize) -> Vec<f64> {
    run(pages, workspaces, &["trail", "export", "--out", "kept", "--all"], Duration::ZERO)
}

/// Runs a command over all workspaces, and returns the resident memory over its time.
fn run(pages: &Arc<Pages>, workspaces: usize, command: &[&str], latency: Duration) -> Vec<f64> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let world = World::from_script(&script(workspaces), 7).expect("it is a script");
    let home = folder.path().join("root");
    root::write(&world, &home, "http://127.0.0.1:9").expect("a root can be written");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    runtime.block_on(async {
        let clock = Clock::starting_at("2026-11-22T08:00:00Z".parse::<Timestamp>().expect("a moment"));
        let every = (workspaces * pages.records / PAGE / 100).max(1) as u64;
        let road = Arc::new(Road {
            local: Local::new(world.clone(), clock, LocalSettings::default()),
            pages: Arc::clone(pages),
            homes: homes(&world, &home),
            asked: AtomicU64::new(0),
            memory: Mutex::default(),
            every,
            latency,
        });
        let line = [&["--format", "csv"], command].concat();
        let said = inside::run(&home, &line, clock, Arc::clone(&road) as Arc<dyn Transport>).await;
        assert_eq!(said.exit, 0, "{}\n{}", said.out, said.err);
        let wanted = format!("{} records added", workspaces * pages.records);
        assert!(command[0] != "trail" || said.err.contains(&wanted), "{}", said.err);
        road.memory.lock().expect("nobody panicked").clone()
    })
}

fn script(workspaces: usize) -> String {
    let one =
        |number: usize| format!("[[workspace]]\nname = \"client-{number:04}\"\nowner = \"founder@agency.example\"\n");
    format!("version = 1\n{}", (0..workspaces).map(one).collect::<String>())
}

/// The workspaces' ids by the fingerprints of their keys.
fn homes(world: &World, root: &Path) -> HashMap<String, String> {
    let mut files: Vec<_> = fs::read_dir(root.join("secrets"))
        .expect("it has keys")
        .map(|file| file.expect("it can be read").path())
        .collect();
    files.sort();
    let mut names = world.names();
    names.sort();
    assert_eq!(files.len(), names.len());
    let one = |(name, file): (&String, std::path::PathBuf)| {
        let key = fs::read_to_string(file).expect("a key can be read");
        let key = ApiKey::parse(key.trim()).expect("it is a key");
        (key.fingerprint(), world.workspace_id(name).expect("it has an id"))
    };
    names.iter().zip(files).map(one).collect()
}
