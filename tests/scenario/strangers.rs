//! Non-interference: what one client is given of a report is made of that client's workspace alone.
//!
//! Two fleets agree in one workspace and in nothing else: not in how many others there are, nor in their names, ids and numbers, nor in whether
//! they can be read. What the one client is given must be the same to the byte. And every name of the others is a canary that must stand in no
//! file of that client.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::support::Stage;

/// Fleets that are drawn; each is two fleets.
const DRAWN: u64 = 24;

/// The workspace that both fleets have.
const SAME: &str = r#"
[[workspace]]
name = "meadow"
id = "0195b2aa-7c1e-7d00-8000-0000000000aa"
title = "Meadow & Sons"
owner = "founder@agency.example"
admin = ["ops@agency.example"]
client = ["boss@meadow.example"]
invited = [{ email = "late@agency.example", role = "view", created = "2026-06-01T00:00:00Z" }]
campaigns = [{ name = "Spring", status = 1, owner = "ops@agency.example", sends = 70 }, { name = "Autumn", status = -2, sends = 30 }]
accounts = [
  { email = "may@meadow-mail.example", status = 1, provider = 2, daily_limit = 30, score = 90, sent = 12, bounced = 1 },
  { email = "jun@meadow-mail.example", status = -1 },
]
tags = [{ label = "owner: ops@agency.example", accounts = ["may@meadow-mail.example"] }]
keys = [{ name = "main", scopes = ["all:all"] }, { name = "crm", scopes = ["leads:all"], by = "ops@agency.example" }]
webhooks = [{ target = "https://hooks.meadow.example/in", name = "CRM", status = 1 }]
lead_lists = [{ name = "Florists" }]
jobs = [{ kind = "import-leads", by = "ops@agency.example", status = "failed" }]
trail = [{ activity = 1, by = "ops@agency.example", at = "2026-11-10T08:00:00Z", count = 3 }]
"#;

/// One drawn stranger: its script, and the words of it that nobody else may be given.
fn stranger(draw: &mut fastrand::Rng, number: usize) -> (String, Vec<String>) {
    let word: String = std::iter::repeat_with(|| draw.lowercase()).take(9).collect();
    let word = format!("{}{word}", ["aa", "zq"][draw.usize(0..2)]);
    let id = format!("0195b2aa-7c1e-7d00-8000-{:012x}", draw.u64(0x1000_0000_0000..0xffff_ffff_ffff));
    let (limit, price, credits) =
        (draw.u32(400_000..900_000), draw.u32(40_000..90_000), draw.u32(4_000_000..9_000_000));
    let mut script = format!(
        r#"
[[workspace]]
name = "{word}-w{number}"
id = "{id}"
title = "{word} Inc"
owner = "{word}-owner@agency.example"
admin = ["{word}-admin@agency.example"]
billing = {{ plan = "{word} plan", price = {price}, credits = {credits} }}
"#
    );
    let mut some = |name: &str, row: &dyn Fn(usize) -> String, most: usize| {
        // Without a key it would be in no fleet.
        let least = usize::from(name == "keys");
        let rows: Vec<String> = (0..draw.usize(least..=most)).map(row).collect();
        writeln!(script, "{name} = [{}]", rows.join(", ")).unwrap();
    };
    some("client", &|n| format!("\"{word}-c{n}@client.example\""), 3);
    some("campaigns", &|n| format!("{{ name = \"{word} campaign {n}\", status = {}, sends = 900 }}", n % 3), 4);
    some("accounts", &|n| format!("{{ email = \"{word}{n}@mail.example\", daily_limit = {limit}, sent = 7 }}"), 5);
    some("tags", &|n| format!("{{ label = \"{word} tag {n}\", description = \"{word}\" }}"), 3);
    some("keys", &|n| format!("{{ name = \"{word} key {n}\", scopes = [\"all:all\"] }}"), 3);
    some("webhooks", &|n| format!("{{ target = \"https://{word}.example/{n}\", name = \"{word} hook\" }}"), 2);
    some("lead_lists", &|n| format!("{{ name = \"{word} list {n}\" }}"), 3);
    some("jobs", &|n| format!("{{ kind = \"{word}-job-{n}\", status = \"failed\" }}"), 3);
    let canaries = vec![word, id, limit.to_string(), price.to_string(), credits.to_string()];
    (script, canaries)
}

/// A fleet with the same workspace among strangers, and the strangers' canaries.
fn fleet(seed: u64) -> (String, Vec<String>) {
    let mut draw = fastrand::Rng::with_seed(seed);
    let strangers = draw.usize(0..6);
    // The simulator makes up what is not said by a workspace's place among the others: first, it is given the same always. In our own files
    // it stands by its name, among the strangers.
    let mut script = "begin = \"2026-03-02T09:00:00Z\"\n".to_owned();
    let mut canaries = Vec::new();
    script.push_str(SAME);
    for number in 0..strangers {
        let (mut text, mut words) = stranger(&mut draw, number);
        if draw.u8(0..5) == 0 {
            text.push_str("plan = \"lapsed\"\n");
        }
        script.push_str(&text);
        canaries.append(&mut words);
    }
    (script, canaries)
}

/// Every file beneath a folder.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(one) = folders.pop() {
        for entry in fs::read_dir(&one).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                all.insert(path.strip_prefix(folder).unwrap().display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    all
}

fn holds(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|window| window.eq_ignore_ascii_case(word.as_bytes()))
}

/// Takes the moments of the run itself out: how long the others take is no secret of theirs that we could keep, but when a workspace was looked at
/// stands in its rows.
fn timeless(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    regex::Regex::new(r"2026-11-2\dT\d\d:\d\d:\d\dZ|2026-11-2\d \d\d:\d\d(:\d\d)?")
        .unwrap()
        .replace_all(&text, "T")
        .into_owned()
}

/// Makes the report and returns what the one client is given.
fn given(seed: u64, format: &str) -> BTreeMap<String, Vec<u8>> {
    let (script, canaries) = fleet(seed);
    let stage = Stage::script(&script);
    let out = stage.root.join("out");
    let outcome = stage.run(&format!("report all --format {format} --out {}", out.display()));
    assert!([0, 33].contains(&outcome.exit), "{outcome}");
    assert!(out.join("workspaces/meadow").is_dir(), "seed {seed}: {outcome}\n{script}");
    let given = files(&out.join("workspaces/meadow"));
    assert!(given.len() >= 14, "tables and a page: {:?}", given.keys());
    for (name, bytes) in &given {
        for canary in &canaries {
            assert!(!holds(bytes, canary), "seed {seed}: {name} holds `{canary}` of another client");
        }
    }
    // The canaries were there to be seen.
    let merged = files(&out);
    for canary in canaries.chunks(5).map(|of_one| &of_one[0]) {
        assert!(merged.values().any(|bytes| holds(bytes, canary)), "seed {seed}: `{canary}` is nowhere");
    }
    given
}

#[test]
fn what_a_client_is_given_is_the_same_whoever_the_other_clients_are() {
    for seed in 0..DRAWN {
        let format = ["csv", "ndjson", "json"][usize::try_from(seed % 3).unwrap()];
        let (one, other) = (given(seed, format), given(seed + 1_000, format));
        assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
        for (name, bytes) in &one {
            assert_eq!(timeless(bytes), timeless(&other[name]), "seed {seed}: {name} differs with the other clients");
        }
    }
}
