#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What takes longer than tests/run.sh may: the full torture (600 kills at random moments, a kill at every durable
# system call), a million crashes of the models, long fuzzing, and servers that are built from source before they are
# met: the OpenTelemetry Collector and VictoriaLogs (Go 1.26), and today's ClickHouse engine. Run it after tests/run.sh.
#
#   WEIR_FUZZ_SECONDS=600 tests/long.sh    each fuzz target for so long (300)
#   WEIR_MODEL_SEEDS=500 tests/long.sh     so many runs of the model of files that change (100)
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/stages.sh

packaging/install-deps.sh test

stage 'build: gcc' build_plain
stage 'crash model of positions, the long one' env WEIR_TEST_LONG=1 build-gcc/tests/unit/buffer_test_positions_model
stage 'crash model of the log, the long one' env WEIR_TEST_LONG=1 build-gcc/tests/unit/buffer_test_store_model
stage 'end-to-end tests, the long ones' e2e build-gcc WEIR_TEST_LONG=1 -m long
stage 'build: clang, address and undefined-behaviour sanitizers, fuzzer' build_address
stage 'end-to-end tests, the long ones, sanitized' \
  e2e build-address WEIR_TEST_LONG=1 WEIR_TEST_SANITIZER=address WEIR_TEST_SLOWNESS=4 -m 'long and not unsanitized'
stage 'fuzzing' fuzz "${WEIR_FUZZ_SECONDS:-300}"

finish
