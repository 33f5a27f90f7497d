#!/usr/bin/env bash
# The tests bite: a keyholder that sends lost writes again without looking must fail them. If one of these passes, it proves nothing.
#
# The feature rebuilds keyholder alone, into the same target folder, for a second one would cost all dependencies anew. Only the debug
# binary of the plain name is overwritten by that; at the end it is built again as it should be, whatever happened, and looked into.
set -euo pipefail
cd "$(dirname "$0")/.."

# The blind binary is the one that cargo just built, and no other.
unset KEYHOLDER_BIN KEYHOLDER_TRIALS KEYHOLDER_SEED

out="$(mktemp)"
binary="${CARGO_TARGET_DIR:-target}/debug/keyholder"
notice="sends lost writes again without looking; for tests alone"

restore() {
  rm -f "$out"
  cargo build --locked --quiet --bin keyholder
  if grep -q "$notice" "$binary"; then
    echo "a blind binary was left behind: $binary" >&2
    exit 1
  fi
}
trap restore EXIT

cargo test --locked --features blind-resend --no-run --test cli --test scenario
grep -q "$notice" "$binary" || { echo "the feature built no blind binary: $binary" >&2; exit 1; }

# bites TARGET TEST: the test of exactly this name must be there, and fail.
bites() {
  if cargo test --locked --features blind-resend --test "$1" -- --exact "$2" >"$out" 2>&1; then
    cat "$out"
    echo "the tests do not bite: \`$2\` passes with a keyholder that resends blindly" >&2
    exit 1
  fi
  grep -qF "test $2 ... FAILED" "$out" || { cat "$out"; echo "\`$2\` did not run" >&2; exit 1; }
  echo "bites: $2 ($(grep -cE 'duplicated|Duplicated|left:' "$out") lines say why)"
}

bites scenario lost::an_answer_lost_after_the_invitation_took_effect_leads_to_one_invitation
bites scenario volleys::many_lost_answers_are_looked_for_together
bites scenario volleys::whatever_happens_on_the_way_nobody_is_invited_twice
bites scenario lost::an_invitation_that_lands_late_is_seen_and_not_sent_again
bites cli killed::killed_anywhere_and_resumed_nothing_is_twice_lost_wrong_or_misreported
