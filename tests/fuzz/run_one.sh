#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# run_one.sh PROGRAM SECONDS DIR: runs one libFuzzer program from a copy of its corpus in DIR; what it said goes to
# DIR/NAME.log, an input that breaks it to crash-NAME-* in the build directory.
set -euo pipefail
program=$1 seconds=$2 dir=$3
name=$(basename "$program")
corpus=$(dirname "$0")/corpus/${name#fuzz_}
mkdir -p "$dir/$name"
[ ! -d "$corpus" ] || cp -r "$corpus/." "$dir/$name"
if "$program" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=1024 -print_final_stats=1 -verbosity=0 \
  -artifact_prefix="$(dirname "$program")/crash-$name-" "$dir/$name" >"$dir/$name.log" 2>&1; then
  echo "DONE $name" >>"$dir/$name.log"
else
  echo "FAILED $name" >>"$dir/$name.log"
  exit 255
fi
