# SPDX-License-Identifier: Apache-2.0
"""The tail input against programs that do random things to their logs: harness/tail_model.py says which.

    WEIR_TEST_SEED=7 WEIR_MODEL_SECONDS=20 pytest tests/e2e/test_tail_model.py -k one_seed    that seed, for so long
    WEIR_MODEL_SEEDS=1000 tests/long.sh                                                       so many seeds (100)"""
import os
import random
import shutil
import time

import pytest

from harness.tail_model import Model, Wrong

SECONDS = float(os.environ.get("WEIR_MODEL_SECONDS", "4"))
SEED = os.environ.get("WEIR_TEST_SEED")
# With rotated names that match and that do not, sinks that stall and that do not, few and many descriptors.
SEEDS = [3, 7, 10, 20, 26]


def run(weir, seed, seconds):
    directory = weir.dir / f"seed-{seed}"
    told = []
    model = Model(lambda config: weir.make(config, directory=directory), directory, random.Random(seed), told.append)
    print(f"seed {seed}: {model.describe()}")
    try:
        model.run(seconds)
    except Wrong as wrong:
        raise AssertionError(f"seed {seed}: {wrong}; at last: {told[-30:]}") from None
    print(f"{len(told)} operations, {len(model.epochs)} epochs, {model.records} records, {len(model.kills)} kills")
    model.agent.check_messages()


@pytest.mark.parametrize("seed", [int(SEED)] if SEED else SEEDS)
def test_one_seed(weir, seed):
    run(weir, seed, SECONDS)


@pytest.mark.long
@pytest.mark.limit(3600)
def test_many_seeds(weir):
    first = int(SEED or time.time_ns() % 1000000)
    for seed in range(first, first + int(os.environ.get("WEIR_MODEL_SEEDS", "100"))):
        run(weir, seed, 10)
        shutil.rmtree(weir.dir / f"seed-{seed}")
