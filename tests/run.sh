#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs what the tests need and runs all of them, on two compilers and under three sanitizers. What takes
# longer is in tests/long.sh, with a short form of each here. Stops at the first stage that fails.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/stages.sh

packaging/install-deps.sh test

stage 'build: gcc' build_plain
stage 'style' $python -m pytest -q -p no:cacheprovider tests/style
stage 'unit tests: gcc' unit_tests build-gcc
stage 'end-to-end tests: gcc' e2e build-gcc

stage 'build: clang, address and undefined-behaviour sanitizers, fuzzer' build_address
stage 'unit tests: sanitized' unit_tests build-address --timeout-multiplier 4
stage 'end-to-end tests: sanitized' \
  e2e build-address WEIR_TEST_SANITIZER=address WEIR_TEST_SLOWNESS=4 -m 'not unsanitized'
stage 'fuzzing, a little' fuzz 4

stage 'build: thread sanitizer' build_thread
# What one thread does alone says nothing here: parsers, and most of the buffer.
threaded=$(meson test -C build-thread --list 2>/dev/null |
  grep -E '^(pipeline|agent|admin)/|^buffer/test_(log|positions|store_disk)$|/test_(message|metrics|loop)$')
stage 'unit tests: thread sanitizer' unit_tests build-thread --timeout-multiplier 4 $threaded
stage 'end-to-end tests: thread sanitizer' \
  e2e build-thread WEIR_TEST_SANITIZER=thread WEIR_TEST_SLOWNESS=4 -m threads

stage 'build: the smallest' build build-small CC=gcc -Dauto_features=disabled -Dtests=false
stage 'end-to-end tests: the smallest' e2e build-small -k smoke

finish
