# SPDX-License-Identifier: Apache-2.0
# What run.sh and long.sh are made of: stages that are quiet while they pass, and builds by name. Sourced by
# them with bash, in the root of the tree.

export LC_ALL=C.UTF-8
# Debian's own Python has Debian's pytest; another one may stand before it in PATH.
python=/usr/bin/python3
jobs=$(nproc)
# Sanitizers name functions with binutils' tool, where LLVM's is not installed.
export ASAN_OPTIONS=allow_addr2line=1 TSAN_OPTIONS=allow_addr2line=1 UBSAN_OPTIONS=allow_addr2line=1
passed=0 failed=0 skipped=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Adds what test runners say at their end to the sums: pytest's closing line and meson's summary.
count() {
  local sums
  sums=$(awk '
    /^(=+ )?[0-9]+ (passed|failed|skipped|error)/ {
      for (i = 1; i < NF; i++) {
        if ($(i + 1) ~ /^passed/) p += $i
        if ($(i + 1) ~ /^(failed|error)/) f += $i
        if ($(i + 1) ~ /^skipped/) s += $i
      }
    }
    /^Ok: / { p += $2 }
    /^(Fail|Timeout|Unexpected Pass): / { f += $NF }
    /^Skipped: / { s += $2 }
    END { print p + 0, f + 0, s + 0 }' "$log")
  read -r stage_passed stage_failed stage_skipped <<<"$sums"
  passed=$((passed + stage_passed)) failed=$((failed + stage_failed)) skipped=$((skipped + stage_skipped))
}

# The closing line. CI reads it: no word of it may change.
finish() {
  echo "weir: $passed passed, $failed failed, $skipped skipped"
}

# stage NAME COMMAND...: runs it; when it fails shows what it said, and ends everything.
stage() {
  local name=$1 began=$SECONDS status=0
  shift
  "$@" </dev/null >"$log" 2>&1 || status=$?
  count
  if [ $status != 0 ]; then
    tail -n 400 "$log"
    [ "$stage_failed" != 0 ] || failed=$((failed + 1))
    echo
    echo "the tests stopped at: $name (exit status $status)"
    finish
    exit 1
  fi
  printf '%5d s  %s' $((SECONDS - began)) "$name"
  if [ $((stage_passed + stage_skipped)) != 0 ]; then
    printf ': %d passed' "$stage_passed"
    [ "$stage_skipped" = 0 ] || printf ', %d skipped' "$stage_skipped"
  fi
  echo
  # Why, but for what another script runs.
  grep '^SKIPPED' "$log" | grep -vF 'runs in tests/long.sh' | sed 's/^/         /' || true
}

# Splits NAME=VALUE words from the front of its arguments: they go to `environment`, the others to `words`.
split() {
  environment=() words=()
  while [[ ${1-} == [A-Z]*=* ]]; do
    environment+=("$1")
    shift
  done
  words=("$@")
}

# build DIR [NAME=VALUE...] [meson option...]: sets a build directory up once, then builds.
build() {
  local dir=$1 environment words
  split "${@:2}"
  [ -f "$dir/build.ninja" ] ||
    env "${environment[@]}" meson setup "$dir" -Dwerror=true "${words[@]}" || return
  ninja -C "$dir" -j "$jobs"
}

# The three builds that tests run on. Each compiler sees all of the code, with warnings as errors.
build_plain() {
  build build-gcc CC=gcc
}
build_address() {
  build build-address CC=clang-14 -Db_sanitize=address,undefined -Db_lundef=false -Dfuzz=true -Dgzip=libdeflate
}
build_thread() {
  build build-thread CC=clang-14 -Db_sanitize=thread -Db_lundef=false
}

# unit_tests DIR [meson test argument...]; sanitized code is slower, so limits are generous.
unit_tests() {
  CK_TIMEOUT_MULTIPLIER=4 meson test -C "$1" --no-rebuild --num-processes "$jobs" --print-errorlogs "${@:2}"
}

# e2e DIR [NAME=VALUE...] [pytest argument...]: the end-to-end tests on the binary of a build. They mostly wait, so
# there are two runs at a time, which share them.
e2e() {
  local environment words work status=0 result empty=0 part parts=2 pids=()
  split "${@:2}"
  work=$(mktemp -d)
  mkdir "$work/queue"
  for ((part = 0; part < parts; part++)); do
    env WEIR_BINARY="$PWD/$1/src/cli/weir" WEIR_TEST_QUEUE="$work/queue" "${environment[@]}" \
      $python -m pytest -q -c tests/e2e/pytest.ini --rootdir tests/e2e tests/e2e "${words[@]}" \
      >"$work/$part" 2>&1 &
    pids+=($!)
  done
  for part in "${!pids[@]}"; do
    result=0
    wait "${pids[$part]}" || result=$?
    cat "$work/$part"
    case $result in
    0) ;;
    5) empty=$((empty + 1)) ;; # there is no such test
    *) status=$result ;;
    esac
  done
  rm -rf "$work"
  [ $empty != $parts ] || status=5
  return $status
}

# fuzz SECONDS: each target for so long, as many at a time as there are cores, from a copy of its corpus.
fuzz() {
  local work status=0
  work=$(mktemp -d)
  find build-address/tests/fuzz -maxdepth 1 -name 'fuzz_*' -type f -perm -u+x | sort |
    xargs -P "$jobs" -I{} bash tests/fuzz/run_one.sh {} "$1" "$work" || status=$?
  cat "$work"/*.log
  echo "$(grep -l '^DONE' "$work"/*.log | wc -l) passed"
  rm -rf "$work"
  return $status
}
