#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What takes longer than tests/run.sh may: the full torture (200 kills at random moments, a kill at every durable
# system call), a million crashes of the model, and long fuzzing. Run it after tests/run.sh.
#
#   WEIR_FUZZ_SECONDS=600 tests/long.sh    each fuzz target for so long (300)
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/stages.sh

packaging/install-deps.sh test

stage 'build: gcc' build_plain
stage 'crash model, the long one' env WEIR_TEST_LONG=1 build-gcc/tests/unit/buffer_test_positions_model
stage 'end-to-end tests, the long ones' e2e build-gcc WEIR_TEST_LONG=1 -m long
stage 'build: clang, address and undefined-behaviour sanitizers, fuzzer' build_address
stage 'end-to-end tests, the long ones, sanitized' \
  e2e build-address WEIR_TEST_LONG=1 WEIR_TEST_SANITIZER=address WEIR_TEST_SLOWNESS=4 -m 'long and not unsanitized'
stage 'fuzzing' fuzz "${WEIR_FUZZ_SECONDS:-300}"

finish
