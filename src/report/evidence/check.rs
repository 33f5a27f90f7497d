//! `CHECK.md`: what the folder is, and how to check it without keyholder.

use std::fmt::Write as _;

use super::{Evidence, Gap, Verdict};
use crate::report::cell::printable;

/// Checks chain and manifest with a shell and SHA-256 alone. A byte of value 0 is dropped by `read`; the manifest finds that.
const SHELL: &str = r#"set -euo pipefail; export LC_ALL=C; sha=sha256sum; command -v sha256sum >/dev/null || sha="shasum -a 256"
broken() { echo "BROKEN at entry $n" >&2; exit 1; }
n=0; exec 3<chain.txt; read -r hash <&3
while IFS= read -r line; do
  n=$((n + 1)); read -r want <&3 || broken
  hash=$( (printf "$(sed 's/../\\x&/g' <<<"$hash")"; printf %s "$line") | $sha | cut -c1-64 )
  [ "$hash" = "$want" ] || broken
done <entries.ndjson
read -r want <&3 && broken
[ "$(find . -type f ! -name MANIFEST.sha256 | wc -l)" -eq "$(wc -l <MANIFEST.sha256)" ] || { echo "files are missing or too many" >&2; exit 1; }
$sha --strict -c MANIFEST.sha256 >/dev/null && echo "$n entries, unbroken, head $hash; every file is as MANIFEST says"
"#;

/// The same in Python, which is faster for a long run.
const PYTHON: &str = r#"import hashlib, pathlib, sys
sha = lambda data: hashlib.sha256(data).hexdigest()
lines = open("entries.ndjson", "rb").read().split(b"\n")
hashes = open("chain.txt").read().split()
if lines.pop() != b"" or len(hashes) != len(lines) + 1: sys.exit("BROKEN: entries are missing or too many")
for n, line in enumerate(lines):
    if sha(bytes.fromhex(hashes[n]) + line) != hashes[n + 1]: sys.exit(f"BROKEN at entry {n + 1}")
listed = dict(reversed(row.split("  ", 1)) for row in open("MANIFEST.sha256").read().splitlines())
files = {p.as_posix(): sha(p.read_bytes()) for p in pathlib.Path().rglob("*") if p.is_file() and p.name != "MANIFEST.sha256"}
if listed != files: sys.exit(f"CHANGED: {sorted({name for name, _ in listed.items() ^ files.items()})}")
print(f"{len(lines)} entries, unbroken, head {hashes[-1]}; every file is as MANIFEST says")
"#;

/// Writes the page.
pub(super) fn page(evidence: &Evidence, verdict: &Verdict) -> String {
    let mut page = String::new();
    let run = &evidence.run.id;
    let mut line = |text: std::fmt::Arguments<'_>| writeln!(page, "{text}").expect("a String takes everything");
    line(format_args!("# Evidence of run {run}: how to check it\n"));
    if !verdict.is_complete() {
        line(format_args!("**This evidence is incomplete.**\n"));
        for gap in verdict.gaps.iter().map(Gap::say) {
            line(format_args!("- {}", printable(&gap)));
        }
        line(format_args!(""));
    }
    line(format_args!(
        "keyholder wrote each entry of this run down before it acted on it. The entries stand in `entries.ndjson`, one a line,\n\
         byte for byte as they were stored. The hash of an entry is the SHA-256 over the hash before it (32 bytes) and the\n\
         bytes of its line, without the line break. `chain.txt` has these hashes; its first line is the one that the first\n\
         entry hangs on: {}.\n",
        previous(evidence)
    ));
    line(format_args!(
        "| file | what it is |\n| --- | --- |\n\
         | `index.html` | the run for people: open it in any browser, no network needed |\n\
         | `entries.ndjson`, `chain.txt` | the entries and their hashes: what everything else here is drawn from |\n\
         | `plan.json` | the approved plan: every step, what it rests on, how to undo it, what was to become of it |\n\
         | `outcomes.csv` | every step: before, wanted, outcome, what was seen after it, why, when |\n\
         | `coverage.json` | what could be seen and what could not; whether this evidence is complete |\n\
         | `workspaces/*.json` | one client's part alone; nothing of another client is in it |\n\
         | `MANIFEST.sha256` | the SHA-256 of every other file; what it does not list is not part of the evidence |\n"
    ));
    line(format_args!("## Check it without keyholder\n\nIn this folder, with bash:\n\n```bash\n{SHELL}```\n"));
    line(format_args!("Or with Python 3, which is faster for a long run:\n\n```python\n{PYTHON}```\n"));
    line(format_args!(
        "Both end with the same line and exit code 0, or say where it breaks and exit with another.\n\n\
         ## Compare it with the ledger\n\n\
         Whoever makes up a whole folder can make it fit itself, and whoever changes a page and its line in the manifest too. So\n\
         write the evidence anew from the ledger, `keyholder evidence {run} --out ELSEWHERE`: the same run gives the same bytes,\n\
         and `MANIFEST.sha256` must be the same. Or compare its last hash, the head\n\n    {}\n\n\
         with the ledger: `keyholder show {run} --format json` verifies the run anew and shows the same in\n\
         `summary.chain.head`. The run that began after this one carries the head in its own first entry (`previous`), so it\n\
         cannot be changed afterwards without breaking that one too. A head that was sent to somebody else on the day of the\n\
         run proves that nothing was changed since. Each `planned` entry holds a step of `plan.json`, and the first entry the\n\
         plan's id, `{}`.\n\n\
         What the outcomes mean: `keyholder help outcomes`.",
        evidence.chain.head,
        printable(&evidence.run.plan),
    ));
    page
}

fn previous(evidence: &Evidence) -> String {
    match &evidence.chain.previous {
        Some((run, seq)) => format!("entry {seq} of run {}", printable(run)),
        None => "zeros, because this is the first run of its ledger".to_owned(),
    }
}
