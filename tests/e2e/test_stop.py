# SPDX-License-Identifier: Apache-2.0
"""TERM drains within the deadline; a second TERM stops at once; what is unacked is read again by the next run."""
import signal
import time

import pytest

from harness import numbered
from harness.ledger import plugin_of
from harness.pipes import StalledPipe
from harness.wait import SLOWNESS, wait_until

LINES = 100000  # some 13 MiB

pytestmark = pytest.mark.threads

CONFIG = """
pipelines:
  app:
    inputs: [{type: tail, paths: ["${DIR}/in.log"]}]
    buffer: {memory: 4MiB}
    outputs: [{type: stdout, codec: text}]
"""


@pytest.fixture
def stalled(weir):
    """An agent with a full buffer before a sink that takes nothing: (agent, pipe, writer)."""
    pipe = StalledPipe(weir.dir / "out.log")
    writer = numbered.Writer(weir.dir / "in.log", rate=0, count=LINES).wait()

    def start(**service):
        agent = weir(CONFIG, service=service, stdout=pipe.writer)
        agent.wait_for(lambda status: plugin_of(status["pipelines"][0], "tail")["state"] == "blocked", what="a full buffer")
        return agent
    yield start, pipe, writer
    pipe.close()


def finish_the_job(weir, agent, pipe, writer, repeats_max):
    """What the stopped agent wrote, and then a run of its successor to the end, make the whole."""
    if pipe.thread is None:
        pipe.drain()
    pipe.thread.join()
    out = weir.dir / "out.log"
    whole = out.read_bytes()
    out.write_bytes(whole[:whole.rfind(b"\n") + 1])
    with out.open("ab") as file:
        agent.args = ["--once"]
        agent.start(ready=False, stdout=file)
        assert agent.wait_exit() == 0
    writer.check(out).assert_complete(repeats_max)


def test_lif_01_term_drains_what_was_taken(weir, stalled):
    start, pipe, writer = stalled
    agent = start(shutdown_timeout="20s")
    held = agent.ledger()["held"]
    assert held > 1000
    agent.signal(signal.SIGTERM)
    time.sleep(0.3)
    assert agent.is_running()
    pipe.drain()
    assert agent.wait_exit(20) == 0
    pipe.thread.join()
    # All that was held came out, and no line came twice: its position was stored.
    assert (weir.dir / "out.log").read_bytes().count(b"\n") >= held
    finish_the_job(weir, agent, pipe, writer, repeats_max=0)


def test_lif_02_the_deadline_ends_a_stop(weir, stalled):
    start, pipe, writer = stalled
    agent = start(shutdown_timeout="1s")
    began = time.monotonic()
    agent.signal(signal.SIGTERM)
    agent.wait_exit(5)
    assert 0.8 < time.monotonic() - began < 3 * SLOWNESS
    assert agent.code == 0
    finish_the_job(weir, agent, pipe, writer, repeats_max=5000)


def test_lif_03_a_second_term_stops_at_once(weir, stalled):
    start, pipe, writer = stalled
    agent = start(shutdown_timeout="60s")
    agent.signal(signal.SIGTERM)
    wait_until(lambda: agent.get("/readyz")[0] == 503, what="not ready any more")
    assert agent.status()["agent"]["state"] == "draining"
    time.sleep(0.3)
    assert agent.is_running()
    began = time.monotonic()
    agent.signal(signal.SIGTERM)
    agent.wait_exit(5)
    assert time.monotonic() - began < 1 * SLOWNESS
    finish_the_job(weir, agent, pipe, writer, repeats_max=5000)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_idle_agent_stops_in_a_moment(weir, number):
    agent = weir(CONFIG)
    began = time.monotonic()
    agent.signal(number)
    assert agent.wait_exit(5) == 0
    assert time.monotonic() - began < 0.9 * SLOWNESS  # no step of it waits for the next second


def test_term_right_after_the_start(weir):
    """Whatever it was about to set up, it ends, and leaves nothing that its successor trips over."""
    (weir.dir / "in.log").write_text("one\n")
    agent = weir.make(CONFIG)
    for step in range(20):
        with open(weir.dir / "out.log", "ab") as out:
            agent.start(ready=False, stdout=out)
            time.sleep(step * 0.002)
            agent.signal(signal.SIGTERM)
            # Before it has a handler, the signal's own action is all there is.
            assert agent.wait_exit(5) in (0, -signal.SIGTERM)
    assert (weir.dir / "out.log").read_text() in ("", "one\n")
