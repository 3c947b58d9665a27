#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# From a fresh clone to logs that flow: installs what the build needs, builds into build/, and runs weir on two
# sample logs, with the configuration conf/examples/quickstart.yaml.
set -eu
cd "$(dirname "$0")/.."
root=$PWD
weir=$root/build/src/cli/weir

packaging/install-deps.sh build

dir=$(mktemp -d)
agent=
clean_up() {
  [ -z "$agent" ] || kill "$agent" 2>/dev/null || true
  rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 1' INT TERM

quietly() {
  if ! "$@" >"$dir/log" 2>&1 </dev/null; then
    cat "$dir/log" >&2
    echo "quickstart: this failed: $*" >&2
    exit 1
  fi
}

echo "building"
[ -f build/build.ninja ] || quietly meson setup build -Dtests=false
quietly ninja -C build

show() {
  printf '\n--- %s\n' "$1"
}

# The configuration asks for these two.
export LOG_DIR="$dir/log-files" STATE_DIR="$dir/state"
mkdir -p "$LOG_DIR" "$STATE_DIR"
cp conf/examples/sample/*.log "$LOG_DIR"

"$weir" run -c conf/examples/quickstart.yaml 2>"$dir/messages" &
agent=$!

# Waits until what is asked for is so, 10 seconds at most.
wait_for() {
  tries=0
  until "$@" 2>/dev/null; do
    tries=$((tries + 1))
    if [ $tries -gt 200 ] || ! kill -0 "$agent" 2>/dev/null; then
      cat "$dir/messages" >&2
      echo "quickstart: weir does not do what it should; its messages are above" >&2
      exit 1
    fi
    sleep 0.05
  done
}
has_lines() {
  [ "$(wc -l <"$1")" -ge "$2" ]
}
wait_for has_lines "$STATE_DIR/app.json" "$(wc -l <"$LOG_DIR/app.log")"
wait_for has_lines "$STATE_DIR/access.json" 3

show "input: a program's JSON lines, $LOG_DIR/app.log"
cat "$LOG_DIR/app.log"
show "output: parsed, with context and trace ids, $STATE_DIR/app.json"
cat "$STATE_DIR/app.json"
show "input: a web server's access log, $LOG_DIR/access.log"
cat "$LOG_DIR/access.log"
show "output: parsed, without the health checks, $STATE_DIR/access.json"
cat "$STATE_DIR/access.json"
show "a line is appended, and is there at once"
line='{"ts":"2026-03-02T08:15:20Z","level":"info","msg":"hello"}'
echo "$line"
echo "$line" >>"$LOG_DIR/app.log"
wait_for has_lines "$STATE_DIR/app.json" "$(wc -l <"$LOG_DIR/app.log")"
tail -n 1 "$STATE_DIR/app.json"
show "status: where every record went"
"$weir" status --admin "unix:$STATE_DIR/admin.sock"

kill "$agent"
wait "$agent" || {
  cat "$dir/messages" >&2
  echo "quickstart: weir did not stop as it should" >&2
  exit 1
}
agent=

cat <<EOF

--- it works
The binary is build/src/cli/weir. What to do next:
  build/src/cli/weir explain -c conf/weir.yaml  what a configuration does, and what is guaranteed
  build/src/cli/weir plugins                    what there is to build pipelines of
  docs/guide/start.md                           the next five minutes
EOF
