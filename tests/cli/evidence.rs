//! `keyholder evidence`: a folder that proves a run, checked without keyholder by the very lines it brings along.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use keyholder::sim::{Fault, FaultKind, Op};
use serde_json::Value;

use crate::world::World;

const ONBOARD: [&str; 9] = [
    "onboard",
    "ana@agency.example",
    "lee@agency.example",
    "--role",
    "view",
    "-l",
    "tier=gold",
    "--reason",
    "<script>alert('x')</script> after the talk with globex.",
];

/// A run over two clients that ends well, and its evidence in a folder beside the root.
fn written() -> (World, PathBuf) {
    let world = World::three();
    let added = ["onboard", "ben@agency.example", "--role", "view", "-w", "acme", "--yes"];
    world.run(&added).exits(0).done();
    world.run(&[&ONBOARD[..], &["--yes", "--nickname", "=<img src=x onerror=alert(1)>"]].concat()).exits(0).done();
    let out = world.folder().join("proof");
    world.run(&["evidence", "--out", "../proof"]).exits(0).says("unbroken").says("CHECK.md").done();
    (world, out)
}

/// Every file of a folder with its bytes, by path.
fn tree(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            all.extend(tree(&path).into_iter().map(|(below, bytes)| (format!("{name}/{below}"), bytes)));
        } else {
            all.insert(name, fs::read(&path).unwrap());
        }
    }
    all
}

fn json(folder: &Path, name: &str) -> Value {
    serde_json::from_slice(&fs::read(folder.join(name)).unwrap()).unwrap()
}

/// Takes a fenced block out of the folder's own CHECK.md.
fn block(folder: &Path, language: &str) -> String {
    let page = fs::read_to_string(folder.join("CHECK.md")).unwrap();
    let block = page.split(&format!("```{language}\n")).nth(1).unwrap().split("```").next().unwrap().to_owned();
    assert!(block.lines().count() <= 11, "ten lines, as promised:\n{block}");
    block
}

/// Runs lines as a person would, in the folder; tells whether they were content. `None` where there is no such program.
fn check(program: &str, lines: &str, folder: &Path) -> Option<(bool, String)> {
    let mut command = Command::new(program);
    command.arg("-c").arg(lines).current_dir(folder).stdin(Stdio::null());
    let output = command.output().ok()?;
    Some((output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()))
}

/// What somebody could do to a folder, each as a file and its new bytes.
fn tamperings(folder: &Path, flips: usize) -> Vec<(String, String, Vec<u8>)> {
    let files = tree(folder);
    let entries = &files["entries.ndjson"];
    let mut all = Vec::new();
    for flip in 0..flips {
        let at = flip * (entries.len() - 1) / (flips - 1);
        let mut bytes = entries.clone();
        bytes[at] ^= if flip % 2 == 0 { 1 } else { 0x2a };
        all.push((format!("byte {at} flipped"), "entries.ndjson".to_owned(), bytes));
    }
    let lines: Vec<&[u8]> = entries.split_inclusive(|byte| *byte == b'\n').collect();
    for place in [0, lines.len() / 2, lines.len() - 1] {
        let mut fewer = lines.clone();
        fewer.remove(place);
        all.push((format!("line {place} dropped"), "entries.ndjson".to_owned(), fewer.concat()));
    }
    let mut swapped = lines.clone();
    swapped.swap(3, 4);
    all.push(("two lines swapped".to_owned(), "entries.ndjson".to_owned(), swapped.concat()));
    let twice = [entries.as_slice(), lines[lines.len() - 1]].concat();
    all.push(("a line added".to_owned(), "entries.ndjson".to_owned(), twice));
    let zero = [b"\0", entries.as_slice()].concat();
    all.push(("a zero byte added".to_owned(), "entries.ndjson".to_owned(), zero));
    for (name, bytes) in &files {
        let mut bytes = bytes.clone();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        all.push((format!("{name} changed"), name.clone(), bytes));
    }
    let mut hashes = files["chain.txt"].clone();
    hashes.extend_from_slice(&hashes.clone()[..65]);
    all.push(("a hash added".to_owned(), "chain.txt".to_owned(), hashes));
    all
}

/// Also with a manifest made to fit: then it is the chain alone that tells.
fn refit(folder: &Path) {
    let files = tree(folder);
    let mut manifest = String::new();
    for line in String::from_utf8(files["MANIFEST.sha256"].clone()).unwrap().lines() {
        let name = line.split_once("  ").unwrap().1;
        let digest = keyholder::report::evidence::File { path: name.to_owned(), bytes: files[name].clone() }.digest();
        manifest.extend([digest.as_str(), "  ", name, "\n"]);
    }
    fs::write(folder.join("MANIFEST.sha256"), manifest).unwrap();
}

fn bites(program: &str, language: &str, flips: usize) {
    let (world, out) = written();
    let lines = block(&out, language);
    let Some((content, said)) = check(program, &lines, &out) else { return };
    let head = fs::read_to_string(out.join("chain.txt")).unwrap().lines().last().unwrap().to_owned();
    assert!(content && said.contains("unbroken") && said.contains(&head), "{said}");
    let shown = world.run(&["show", "--format", "json"]).exits(0);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    assert_eq!(shown["summary"]["chain"]["head"], head.as_str(), "as CHECK.md says");

    for (what, name, bytes) in tamperings(&out, flips) {
        let honest = tree(&out);
        fs::write(out.join(&name), &bytes).unwrap();
        let (content, said) = check(program, &lines, &out).unwrap();
        assert!(!content, "{what}: {said}");
        if ["entries.ndjson", "chain.txt"].contains(&name.as_str()) && !what.contains("zero byte") {
            refit(&out);
            let (content, said) = check(program, &lines, &out).unwrap();
            assert!(!content, "{what}, and the manifest made to fit: {said}");
        }
        for (name, bytes) in &honest {
            fs::write(out.join(name), bytes).unwrap();
        }
    }
    assert!(check(program, &lines, &out).unwrap().0, "all is as it was");
}

#[test]
fn the_lines_of_bash_check_it_and_bite() {
    assert!(check("bash", "true", Path::new("/")).is_some(), "bash is needed");
    bites("bash", "bash", 16);
}

#[test]
fn the_lines_of_python_check_it_and_bite() {
    bites("python3", "python", 8);
}

#[test]
fn its_files_are_their_owners_alone_and_the_same_run_gives_the_same_bytes() {
    let (world, out) = written();
    let files = tree(&out);
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "CHECK.md",
            "MANIFEST.sha256",
            "chain.txt",
            "coverage.json",
            "entries.ndjson",
            "index.html",
            "outcomes.csv",
            "plan.json",
            "workspaces/acme.json",
            "workspaces/globex.json",
        ]
    );
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&out), mode(&out.join("workspaces"))), (0o700, 0o700));
    assert!(names.iter().all(|name| mode(&out.join(name)) == 0o600));
    let listed = fs::read_to_string(out.join("MANIFEST.sha256")).unwrap();
    assert_eq!(listed.lines().count(), names.len() - 1, "every file but the manifest");

    // Another day, another hour, an empty folder that others could read, and another command in between.
    world.run(&["members"]).exits(0).done();
    fs::create_dir(world.folder().join("again")).unwrap();
    fs::set_permissions(world.folder().join("again"), fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = world.command(&["evidence", "last", "--out", "../again", "--format", "ndjson"]);
    command.env("KEYHOLDER_TEST_START", "2031-05-05T05:05:05Z").env("KEYHOLDER_OPERATOR", "another");
    let ended = world.finish(command).exits(0);
    assert_eq!(tree(&world.folder().join("again")), files);
    assert_eq!(mode(&world.folder().join("again")), 0o700);
    assert_eq!(ended.records().iter().filter(|record| record["type"] == "file").count(), names.len());
}

#[test]
fn it_tells_the_plan_the_outcomes_and_what_was_seen() {
    let (_world, out) = written();
    let plan = json(&out, "plan.json");
    assert_eq!((&plan["id"], plan["items"].as_array().unwrap().len()), (&plan["id_recomputed"], 4));
    assert_eq!(plan["items"][0]["step"]["undo"], "remove");
    let mut reader = csv::Reader::from_path(out.join("outcomes.csv")).unwrap();
    let rows: Vec<BTreeMap<String, String>> = reader.deserialize().map(Result::unwrap).collect();
    let row = |workspace: &str, subject: &str| {
        rows.iter().find(|row| row["workspace"] == workspace && row["subject"] == subject).unwrap()
    };
    let ana = row("acme", "ana@agency.example");
    assert_eq!((ana["before"].as_str(), ana["outcome"].as_str()), ("absent", "waiting"));
    assert_eq!((ana["after"].as_str(), ana["attempts"].as_str()), ("view, invited", "1"));
    assert!(ana["started_at"].starts_with("2026-11-02T09:00:") && ana["settled_at"] >= ana["started_at"]);
    let lee = row("globex", "lee@agency.example");
    assert_eq!((lee["before"].as_str(), lee["after"].as_str()), ("editor", "view"));
    assert_eq!(lee["outcome"], "done");
    let coverage = json(&out, "coverage.json");
    assert_eq!((coverage["asked"].as_u64(), coverage["complete"].as_u64()), (Some(2), Some(2)));
    assert_eq!((coverage["evidence_is_complete"].as_bool(), coverage["unsettled"].as_u64()), (Some(true), Some(0)));
    assert_eq!((coverage["steps"]["waiting"].as_u64(), coverage["steps"]["done"].as_u64()), (Some(2), Some(2)));
}

#[test]
fn what_was_typed_stays_text_on_the_page() {
    let (_world, out) = written();
    let page = fs::read_to_string(out.join("index.html")).unwrap();
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;") && !page.contains("<script"));
    assert!(page.contains("&lt;img src=x") && !page.contains("<img"), "nor a nickname");
    assert!(!page.contains("http://") && !page.contains("https://"), "it needs no network");
    for wanted in
        ["✓ Complete", "ana@agency.example", "editor → view", "absent → view, invited", "scope=row", "<caption>"]
    {
        assert!(page.contains(wanted), "{wanted}");
    }
    assert!(page.find("What could be seen").unwrap() < page.find("Outcomes").unwrap(), "coverage first");
}

#[test]
fn a_clients_file_has_nothing_of_another_client() {
    let (world, out) = written();
    let text = |name: &str| fs::read_to_string(out.join(format!("workspaces/{name}.json"))).unwrap();
    let (acme, globex) = (text("acme"), text("globex"));
    assert!(!acme.contains("globex") && !acme.contains(&world.sim.workspace_id("globex").unwrap()));
    assert!(!globex.contains("acme") && !globex.contains(&world.sim.workspace_id("acme").unwrap()));
    assert!(acme.contains("after the talk with [another workspace]."), "a reason may name another client\n{acme}");
    let acme = json(&out, "workspaces/acme.json");
    assert_eq!(acme["steps"].as_array().unwrap().len(), 2);
    assert_eq!(acme["people"][0]["person"], "ana@agency.example");
    assert_eq!((&acme["people"][1]["before"], &acme["people"][1]["after"]), (&"editor".into(), &"view".into()));
    assert_eq!(acme["identity_checks"][0]["matches"], true);
}

#[test]
fn evidence_is_never_written_over_anything() {
    let (world, out) = written();
    let before = tree(&out);
    world.run(&["evidence", "--out", "../proof"]).exits(74).says("is not empty").says("does not exist yet").done();
    fs::write(world.folder().join("a-file"), "mine").unwrap();
    world.run(&["evidence", "--out", "../a-file"]).exits(74).says("is not a folder").done();
    std::os::unix::fs::symlink(&out, world.folder().join("a-link")).unwrap();
    world.run(&["evidence", "--out", "../a-link"]).exits(74).says("is not a folder").done();
    world.run(&["evidence", "--out", "../no/such"]).exits(74).says("nothing was written").done();
    world.run(&["evidence", "2099", "--out", "../other"]).exits(2).says("there is no run").done();
    assert!(!world.folder().join("other").exists());
    assert_eq!(tree(&out), before);
}

#[test]
fn a_broken_chain_leaves_nothing_that_looks_like_evidence() {
    let (world, _out) = written();
    tamper(&world, "UPDATE steps SET outcome = 'failed'");
    world.run(&["evidence", "--out", "../broken"]).exits(74).says("no evidence was written").done();
    assert!(!world.folder().join("broken").exists());
}

/// Changes the ledger behind keyholder's back.
fn tamper(world: &World, statement: &'static str) {
    use sqlx::Connection as _;
    let path = world.root().join(".keyholder/ledger.db");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
        let mut connection = sqlx::SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query(statement).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

#[test]
fn it_needs_the_root_and_nothing_else_of_it() {
    let (world, out) = written();
    for name in world.sim.names() {
        world.write(&format!("workspaces/{name}.toml"), "this is = = no workspace");
    }
    fs::remove_dir_all(world.root().join("secrets")).unwrap();
    let before = world.sim.request_count();
    world.run(&["members"]).exits(3).done();
    world.run(&["evidence", "--out", "../again"]).exits(0).done();
    assert_eq!(tree(&world.folder().join("again")), tree(&out));
    assert_eq!(world.sim.request_count(), before);
}

#[test]
fn what_is_unknown_or_could_not_be_seen_is_said_and_is_exit_33() {
    let world = World::three();
    world.agency(|text| {
        text.replace("timeout = \"1s\"", "timeout = \"250ms\"").replace("settle = \"2s\"", "settle = \"500ms\"")
    });
    world.sim.revoke_keys("initech");
    world.sim.add_fault(Fault::always(FaultKind::LoseRequest).on("globex").at(Op::MemberCreate));
    world.run(&["onboard", "ana@agency.example", "--role", "view", "--all", "--yes"]).exits(22).done();
    let ended = world.run(&["evidence", "--out", "../proof"]).exits(33);
    let ended = ended.says("the evidence is incomplete").says("1 step with an unknown outcome");
    ended.says("1 workspace could not be seen whole").done();
    let out = world.folder().join("proof");
    let coverage = json(&out, "coverage.json");
    assert_eq!((coverage["evidence_is_complete"].as_bool(), coverage["unsettled"].as_u64()), (Some(false), Some(1)));
    assert_eq!((coverage["asked"].as_u64(), coverage["complete"].as_u64()), (Some(3), Some(2)));
    assert_eq!(coverage["unreadable"][0]["workspace"], "initech");
    let page = fs::read_to_string(out.join("index.html")).unwrap();
    assert!(page.contains("✕ Incomplete") && page.contains("initech") && page.contains("keyholder resume"));
    assert!(fs::read_to_string(out.join("CHECK.md")).unwrap().contains("**This evidence is incomplete.**"));
    assert_eq!(json(&out, "workspaces/globex.json")["unsettled"], 1);
    assert_eq!(json(&out, "workspaces/acme.json")["unsettled"], 0);
    assert_eq!(json(&out, "workspaces/initech.json")["not_seen"].as_array().unwrap().len(), 1);
    assert!(check("bash", &block(&out, "bash"), &out).unwrap().0, "the bytes are proven all the same");
}
