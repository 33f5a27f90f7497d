#!/usr/bin/env bash
# Measures the goals and puts their table into the README, between its two markers. Takes about ten minutes; arguments go to the bench.
set -euo pipefail
cd "$(dirname "$0")/.."

table=$(cargo bench --quiet --bench goals -- "$@")
new=$(mktemp)
trap 'rm -f "$new"' EXIT
TABLE="$table" awk '
  /<!-- goals -->/ { print; print ""; print ENVIRON["TABLE"]; print ""; within = 1; next }
  /<!-- end of goals -->/ { within = 0 }
  !within { print }
' README.md > "$new"
cat "$new" > README.md
