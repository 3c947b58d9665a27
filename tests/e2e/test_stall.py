# SPDX-License-Identifier: Apache-2.0
"""A sink that stalls: memory stays flat, the input waits, nothing is lost, and the time waited is counted. Its neighbour in
another pipeline does not notice."""
import time

import pytest

from harness import numbered
from harness.agent import MIB, SANITIZED
from harness.ledger import plugin_of
from harness.pipes import StalledPipe
from harness.wait import wait_until

LINES = 400000  # some 50 MiB, more than the memory limit

pytestmark = pytest.mark.threads

CONFIG = """
pipelines:
  stalled:
    inputs: [{type: tail, paths: ["${DIR}/in.log"]}]
    buffer: {memory: 8MiB}
    outputs: [{type: stdout, codec: text}]
  lively:
    inputs: [{type: tail, paths: ["${DIR}/other.log"]}]
    outputs: [{type: file, path: "${DIR}/other.out", codec: text}]
"""


def stall(weir, seconds):
    pipe = StalledPipe(weir.dir / "out.log")
    writer = numbered.Writer(weir.dir / "in.log", rate=0, count=LINES).wait()
    other = weir.dir / "other.log"
    other.touch()
    agent = weir(CONFIG, service={"memory_limit": "32MiB"}, stdout=pipe.writer)

    agent.wait_for(lambda status: plugin_of(status["pipelines"][0], "tail")["state"] == "blocked", what="the input to wait")
    first = agent.pipeline("stalled")
    resident = agent.memory()[0]
    end, count = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        with other.open("a") as file:
            file.write(f"{count}\n")
        count += 1
        wait_until(lambda: (weir.dir / "other.out").exists()
                   and (weir.dir / "other.out").read_text().count("\n") == count, limit=2, what="the neighbour's line")
        assert SANITIZED or agent.memory()[0] - resident < 2 * MIB
        time.sleep(0.1)
    last = agent.pipeline("stalled")
    assert last["ledger"] == first["ledger"], "the sink took nothing, and yet"
    assert last["buffer"]["memory_used_bytes"] <= 8 * MIB
    waited = (plugin_of(last, "tail")["backpressure_seconds"] - plugin_of(first, "tail")["backpressure_seconds"])
    assert waited > 0.9 * seconds
    assert agent.metrics().value("weir_backpressure_seconds_total", pipeline="stalled") >= waited
    agent.check_memory()

    pipe.drain()
    agent.wait_records(LINES, "stalled", limit=60)
    agent.check_memory()
    agent.stop()
    pipe.close()
    writer.check(weir.dir / "out.log").assert_complete()


def test_rng_01_a_stalled_sink(weir):
    stall(weir, 6)


@pytest.mark.long
@pytest.mark.limit(600)
def test_a_sink_stalled_for_minutes(weir):
    stall(weir, 180)


def test_lif_04_killed_while_the_sink_stalls(weir):
    """Positions have not moved past what the sink took: everything comes again."""
    pipe = StalledPipe(weir.dir / "out.log")
    writer = numbered.Writer(weir.dir / "in.log", rate=0, count=100000).wait()
    config = CONFIG[:CONFIG.index("  lively")]
    agent = weir(config, service={"memory_limit": "32MiB"}, stdout=pipe.writer)
    agent.wait_for(lambda status: plugin_of(status["pipelines"][0], "tail")["state"] == "blocked", what="the input to wait")
    agent.kill9()
    pipe.drain()
    pipe.close()
    out = weir.dir / "out.log"
    torn = out.read_bytes()
    out.write_bytes(torn[:torn.rfind(b"\n") + 1])
    with out.open("ab") as file:
        agent.args = ["--once"]
        agent.start(ready=False, stdout=file)
        assert agent.wait_exit() == 0
    writer.check(out).assert_complete(repeats_max=5000)
