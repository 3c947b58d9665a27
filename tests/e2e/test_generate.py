# SPDX-License-Identifier: Apache-2.0
"""The input `generate`: the same lines every time, at the rate that was asked for, and none missing after a crash."""
import json
import time

import pytest

from harness import generated
from harness.wait import SLOWNESS, wait_until


def config(codec="text", **options):
    return {"pipelines": {"app": {
        "inputs": [{"type": "generate", **options}],
        "outputs": [{"type": "file", "path": "${DIR}/out.log", "codec": codec}]}}}


def test_count_lines_and_then_the_end(weir):
    weir.once(config(count=100000, rate=0, size="100B"))
    generated.assert_each_once(weir.dir / "out.log", 100000)


def test_the_same_seed_the_same_lines(weir):
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        weir.once(config(count=1000, rate=0, seed=seed), directory=weir.dir / name)
    a, b, c = ((weir.dir / name / "out.log").read_bytes() for name in "abc")
    assert a == b != c


def test_a_template_of_json(weir):
    weir.once(config(count=3, rate=0, size="60B", template='{"n":{n},"text":"{pad}"}'))
    found = [json.loads(line) for line in (weir.dir / "out.log").read_text().splitlines()]
    assert [record["n"] for record in found] == [0, 1, 2]
    assert all(len(record["text"]) > 20 for record in found)


@pytest.mark.unsanitized
@pytest.mark.parametrize("rate", [5, 1000, 50000])
def test_a_rate_is_kept(weir, rate):
    agent = weir(config(rate=rate))
    began, before = time.monotonic(), agent.ledger()["read"]
    time.sleep(2)
    read, took = agent.ledger()["read"] - before, time.monotonic() - began
    assert abs(read - rate * took) <= max(2, rate * took * 0.1)


@pytest.mark.unsanitized
def test_a_rate_costs_few_wake_ups(weir):
    agent = weir(config(rate=10000))

    def switches():
        return sum(int(line.split()[1]) for task in agent.proc("task").iterdir()
                   for line in (task / "status").read_text().splitlines() if line.startswith("voluntary_ctxt"))
    time.sleep(0.5)
    before = switches()
    time.sleep(2)
    assert (switches() - before) / 2 < 2000


def test_lif_04_none_is_missing_after_kills(weir):
    agent = weir.make(config(rate=20000, size="100B"))
    out = weir.dir / "out.log"
    for _ in range(5):
        agent.start(ready=False)
        size = out.stat().st_size if out.exists() else 0
        wait_until(lambda: out.exists() and out.stat().st_size > size + 200000, what="more lines")
        agent.kill9()
    agent.start()
    agent.stop()
    found = generated.numbers(out)
    generated.assert_none_missing(found, max(found) + 1)
    assert len(found) - len(set(found)) < 5 * 20000 * SLOWNESS


def test_a_count_is_for_all_runs(weir):
    agent = weir.make(config(count=50000, rate=20000, size="100B"))
    agent.start()
    wait_until(lambda: agent.ledger()["delivered"] > 5000, what="some lines")
    agent.stop()
    agent.args = ["--once"]
    for _ in range(2):
        agent.start(ready=False)
        assert agent.wait_exit() == 0
    generated.assert_each_once(weir.dir / "out.log", 50000)
    assert "all lines were made in an earlier run" in agent.stderr()


@pytest.mark.parametrize("option, value", [("size", "10B"), ("template", "{pad}{pad}"), ("rate", -1), ("count", -5)])
def test_bad_options(weir, option, value):
    agent = weir.make(config(**{option: value}))
    done = weir.cli("validate", "-c", agent.config_path, env=agent.env)
    assert done.returncode == 2 and option in done.stdout + done.stderr
