# SPDX-License-Identifier: Apache-2.0
"""What it costs to be there: memory, wake-ups and threads of an agent with nothing to do, and the way of one line through one
with nothing else to do. Bounds that hold on a busy machine; tests/bench has the real figures."""
import statistics
import time

import pytest

from harness import numbered
from harness.agent import MIB

pytestmark = pytest.mark.unsanitized

CONFIG = """
pipelines:
  app:
    inputs: [{type: tail, paths: ["${DIR}/in/*.log"]}]
    outputs: [{type: file, path: "${DIR}/out.log", codec: text}]
"""


def switches(agent):
    """How often its threads have gone to sleep so far."""
    count = 0
    for task in agent.proc("task").iterdir():
        rows = dict(line.split(":", 1) for line in task.joinpath("status").read_text().splitlines())
        count += int(rows["voluntary_ctxt_switches"])
    return count


@pytest.fixture
def idle(weir):
    (weir.dir / "in").mkdir()
    for i in range(100):
        (weir.dir / f"in/{i}.log").write_text(f"file {i}\n")
    agent = weir(CONFIG)
    agent.wait_records(100)
    time.sleep(1.5)  # positions are synced within a second of the last record
    return agent


def test_an_idle_agent_is_small(idle):
    resident = idle.memory()[0]
    assert resident < 5 * MIB, f"{resident / MIB:.1f} MiB"


def test_an_idle_agent_sleeps(idle):
    before = switches(idle)
    time.sleep(5)
    assert switches(idle) - before <= 5


def test_few_descriptors_and_threads(idle):
    assert len(idle.fds()) < 100 + 40
    assert len(idle.threads()) <= 8, idle.threads()


def test_a_line_is_there_at_once(weir):
    (weir.dir / "in").mkdir()
    source, out = weir.dir / "in/a.log", weir.dir / "out.log"
    source.write_text("first\n")
    agent = weir(CONFIG)
    agent.wait_records(1)
    delays = []
    with open(source, "ab", buffering=0) as appended, open(out, "rb", buffering=0) as arrived:
        arrived.read()
        for i in range(100):
            line = b"line %d\n" % i
            began = time.monotonic()
            appended.write(line)
            while arrived.read() != line:
                assert time.monotonic() - began < 5
            delays.append(time.monotonic() - began)
            time.sleep(0.01)
    assert statistics.median(delays) < 0.005, sorted(delays)


def test_memory_is_bounded_under_load(weir):
    (weir.dir / "in").mkdir()
    writer = numbered.Writer(weir.dir / "in/a.log", rate=0, count=1000000).wait()
    agent = weir(CONFIG, service={"memory_limit": "24MiB"})
    agent.wait_records(1000000, limit=60)
    agent.check_memory()
    writer.check(weir.dir / "out.log").assert_complete()
