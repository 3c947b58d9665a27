# SPDX-License-Identifier: Apache-2.0
"""Kafka is away for long: what is tailed and what is pushed waits on disk, memory stays as it is, and the other output of
each pipeline does not notice."""
import os
import time

import pytest

from harness.agent import MIB
from harness.feed import Feed
from harness.kafka_lines import Report, line, pipeline, write
from harness.ledger import pipeline_of, plugin_of
from harness.wait import SLOWNESS, wait_until

# Memory is what it is about, and sanitizers have theirs.
pytestmark = pytest.mark.unsanitized
SETTLED = 1000


def config(brokers, topics):
    """Two pipelines to a topic and a file each."""
    made = {}
    for (name, topic), source in zip(topics.items(), ({"type": "tail", "paths": ["${DIR}/in.log"]}, {"type": "stdin"})):
        made[name] = pipeline(brokers, topic, inputs=[source], timeout="1s")["pipelines"]["app"]
        made[name]["outputs"].append({"type": "file", "path": f"${{DIR}}/{name}.log", "codec": "text"})
        made[name]["buffer"] = {"memory": "2MiB", "disk": "1GiB"}
    return {"pipelines": made}


class Outage:
    """An agent that is fed through both of its inputs, step by step."""

    def __init__(self, weir, brokers, topics):
        self.dir, self.names, self.count, self.slowest = weir.dir, list(topics), 0, 0.0
        self.agent, self.feed = weir.make(config(brokers, topics), service={"memory_limit": "80MiB"}), Feed()
        self.feed.start(self.agent)

    def write(self, count):
        """So many lines more into each; the files have them soon."""
        write(self.dir / "in.log", self.count, count)
        data = memoryview("".join(line(n) for n in range(self.count, self.count + count)).encode())
        while data:
            data = data[os.write(self.feed.writer, data):]
        self.count += count
        began = time.monotonic()
        self.agent.wait_for(lambda status: all(plugin_of(pipeline_of(status, name), "file")["records"] == self.count
                                               for name in self.names), what="the files to have the lines")
        self.slowest = max(self.slowest, time.monotonic() - began)

    def pass_by(self, seconds, steps, lines):
        """Kafka is away: lines come in steps, over so many seconds."""
        began = time.monotonic()
        for step in range(steps):
            self.write(lines)
            if step == steps // 4:
                usual = self.agent.memory()[0]
            time.sleep(max(0.0, began + (step + 1) * seconds / steps - time.monotonic()))
        grown = self.agent.memory()[0] - usual
        assert grown < 4 * MIB, f"{grown / MIB:.1f} MiB more than after a quarter of the time"
        self.agent.check_memory()
        wait_until(lambda: self.agent.get("/readyz")[0] == 503, what="/readyz to be red")
        for name in self.names:
            assert self.agent.pipeline(name)["buffer"]["disk_used_bytes"] > 0
            assert self.agent.ledger(name)["delivered"] == SETTLED

    def check(self, read, topics, limit):
        """Kafka is back: everything is there, once and in order."""
        for name, topic in topics.items():
            self.agent.wait_records(self.count, name, limit=limit)
            Report(read(topic), self.count).check()
            assert (self.dir / f"{name}.log").read_text() == "".join(map(line, range(self.count)))
        wait_until(lambda: self.agent.get("/readyz")[0] == 200, what="/readyz to be green")
        self.agent.check_memory()
        print(f"{self.count} lines each; the files were at most {self.slowest:.2f} s behind")


def test_kaf_03_an_outage_is_waited_out_on_disk(weir, mock):
    topics = {"tailed": "tailed", "pushed": "pushed"}
    for topic in topics.values():
        mock.tell(f"topic {topic} 8")
    outage = Outage(weir, mock.brokers, topics)
    outage.write(SETTLED)
    for name in topics:
        outage.agent.wait_records(SETTLED, name)
    for broker in (1, 2, 3):
        mock.tell(f"down {broker}")
    outage.pass_by(seconds=3, steps=12, lines=2500)
    for broker in (1, 2, 3):
        mock.tell(f"up {broker}")
    outage.check(mock.read, topics, limit=30)


@pytest.mark.long
@pytest.mark.limit(1200)
def test_kaf_03_ten_minutes_are_waited_out_on_disk(weir, broker, topic):
    topics = {"tailed": topic, "pushed": broker.create(topic + ".pushed", 4)}
    outage = Outage(weir, broker.plain, topics)
    outage.write(SETTLED)
    for name in topics:
        outage.agent.wait_records(SETTLED, name)
    broker.kill()
    outage.pass_by(seconds=600, steps=600, lines=2000)
    broker.start()
    outage.check(broker.read, topics, limit=120)
    assert outage.slowest < 5 * SLOWNESS
