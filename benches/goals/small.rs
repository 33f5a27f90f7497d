//! Memory, a long trail, and what the binary itself weighs.

use std::process::Command;
use std::time::Duration;

use crate::fleet::Fleet;
use crate::floor;
use crate::goal::{Row, count};
use crate::real::{in_flight, report, set};
use crate::serve::{self, Away};
use crate::support::{KEYHOLDER, Sim, Took, by_turns, measure, median, memory as megabytes, wall};

/// Resident memory over ten thousand workspaces.
pub(crate) fn memory() -> Vec<Row> {
    let (flights, words) = (256, in_flight(256));
    let sim = serve::start(&Fleet { workspaces: 10_000, members: 10, ..Fleet::default() }, Away::steady(50));
    let (listed, _) = measure(sim.keyholder().args(["--quiet", "--format", "csv", "members"]));
    let reported = report(&sim, &["members"], &words).took;
    let row = |what: &str, took: Took, how: String| {
        Row::new(
            format!("resident memory, 10,000 workspaces, {what}"),
            "≤ 64 MB",
            format!("{:.1} MB", megabytes(&took)),
            format!("10 members each, 50 ms away, {:.1} s{how}", wall(&took)),
        )
    };
    vec![row("`members`", listed, String::new()), row("`report members`", reported, format!(", {flights} in flight"))]
}

/// One workspace's trail: how fast at 50 ms, and how much memory for four million records.
pub(crate) fn trail(rounds: usize) -> Vec<Row> {
    let records = 100_000;
    let sim = serve::start(&Fleet { workspaces: 1, members: 2, trail: records, ..Fleet::default() }, Away::steady(50));
    let [taken] = by_turns(rounds.min(3), [&mut || export(&sim)]);
    let mut chains: Vec<f64> = (0..3).map(|_| floor::chain(sim.base(), &sim.root())).collect();
    chains.sort_by(f64::total_cmp);
    let many = 4_000_000;
    let long = serve::start(&Fleet { workspaces: 1, members: 2, trail: many, ..Fleet::default() }, Away::steady(0));
    set(&long.root(), "share = 1.0\ndeadline = \"1h\"");
    let took = export(&long);
    vec![
        Row::new(
            "trail of one workspace, 50 ms away",
            "≥ 19,000 rows/s",
            format!("{:.0} rows/s", number(records) / median(&taken, wall)),
            format!(
                "{records} records, a thousand a page: 20,000 rows/s are the most there can be; a bare chain of the same questions, of which nothing is kept, {:.0}",
                number(records) / chains[1]
            ),
        ),
        Row::new(
            "resident memory, 4,000,000 trail rows of one workspace",
            "≤ 24 MB",
            format!("{:.1} MB", megabytes(&took)),
            format!(
                "`trail export`, no latency, {:.0} s at a hundred pages a second; rows/s without latency and pace: the bench `trail`",
                wall(&took)
            ),
        ),
    ]
}

fn export(sim: &Sim) -> Took {
    let out = tempfile::tempdir_in(sim.folder()).expect("a folder can be made");
    // Each round in a state folder of its own: an export goes on where the last one ended.
    drop(std::fs::remove_dir_all(sim.root().join(".keyholder")));
    let mut command = sim.keyholder();
    measure(command.args(["--quiet", "--format", "csv", "trail", "export", "--out"]).arg(out.path().join("kept"))).0
}

fn number(of: u64) -> f64 {
    count(usize::try_from(of).expect("it fits"))
}

/// What starting costs, and how large the binary is.
pub(crate) fn binary() -> Vec<Row> {
    let [help, nothing] = by_turns(
        51,
        [&mut || measure(Command::new(KEYHOLDER).env_clear().arg("--help")).0, &mut || {
            measure(Command::new("true").env_clear()).0
        }],
    );
    let folder = tempfile::tempdir().expect("a folder can be made");
    let copy = folder.path().join("keyholder");
    std::fs::copy(KEYHOLDER, &copy).expect("it can be copied");
    let stripped = Command::new("strip").arg(&copy).status().is_ok_and(|status| status.success());
    let bytes = copy.metadata().expect("it is there").len();
    let milliseconds = |taken: &[Took]| median(taken, wall) * 1e3;
    vec![
        Row::new(
            "`--help`",
            "≤ 10 ms",
            format!("{:.1} ms", milliseconds(&help)),
            format!("median of 51, starting the process included; `true` takes {:.1} ms", milliseconds(&nothing)),
        ),
        Row::new(
            "stripped binary",
            "≤ 12 MB",
            format!("{:.1} MB", number(bytes) / 1e6),
            if stripped {
                "`strip` on a copy of the release binary"
            } else {
                "`strip` is not there: debug information alone is out"
            },
        ),
    ]
}

/// A clean release build, which takes minutes: on request alone.
pub(crate) fn build() -> Vec<Row> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let cargo = std::env::var("CARGO").unwrap_or_else(|_unset| "cargo".to_owned());
    let mut command = Command::new(cargo);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args([
        "build",
        "--release",
        "--quiet",
        "--bin",
        "keyholder",
        "-j",
        "2",
    ]);
    let (took, _said) = measure(command.arg("--target-dir").arg(folder.path()));
    let seconds = Duration::as_secs_f64(&took.wall);
    let how = "two jobs, everything compiled anew, nothing downloaded";
    vec![Row::new("clean release build on two cores", "≤ 240 s", format!("{seconds:.0} s"), how)]
}
