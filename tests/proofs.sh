#!/usr/bin/env bash
# The proofs behind the README's safety section, all of them, with their counts. Anyone can run it: `tests/proofs.sh`.
#
# Each proof is a test that `cargo test` makes in small too; KEYHOLDER_TRIALS=full makes it whole. The trials of the real binary take the
# one that is built for release, or the one that KEYHOLDER_BIN names. A trial that fails prints its one-line rerun.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --locked --bin keyholder
export KEYHOLDER_BIN="${KEYHOLDER_BIN:-$PWD/target/release/keyholder}"
export KEYHOLDER_TRIALS="${KEYHOLDER_TRIALS:-full}"

out="$(mktemp)"
trap 'rm -f "$out"' EXIT

# proof TARGET NAME WORD: runs the tests whose name holds NAME, one after the other, and keeps the lines of counts, which begin with WORD.
proof() {
  local began=$SECONDS
  cargo test --locked --test "$1" -- --nocapture --test-threads "${threads:-1}" "$2" >"$out" 2>&1 || { cat "$out"; exit 1; }
  # A name that no test bears proves nothing.
  grep -qE '^test result: ok\. [1-9]' "$out" || { cat "$out"; echo "no test of $1 is named $2" >&2; exit 1; }
  grep -oE "$3: .*" "$out" || { cat "$out"; echo "$2 printed no counts" >&2; exit 1; }
  echo "  ($((SECONDS - began)) s)"
}

proof scenario cut_anywhere_a_run "crash anywhere, [^:]*"
proof scenario cut_anywhere_a_resume "crash anywhere, [^:]*"
proof scenario cut_anywhere_beside "crash anywhere, [^:]*"
threads=2 proof scenario simulation_by_seed "simulation by seed"
proof scenario whole_agency "whole agency"
proof scenario rotation_cut_anywhere "rotation cut anywhere"
proof scenario creation_cut_anywhere "creation cut anywhere"
proof scenario a_resume_cut_anywhere_is_resumed "cut and cut again"
threads=2 proof scenario tags_over_generated_fleets "tags over generated fleets"
proof scenario whose_name_is_spoken "whose name is spoken in"
proof cli killed_anywhere killed_anywhere
proof cli stopped_anywhere stopped_anywhere
proof cli wherever_the_disk_is_full full_disk
proof cli of_two_and_of_fifty "race of [0-9]+"
proof cli those_who_wait_all_end_well "race of those who wait"
