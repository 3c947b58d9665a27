# SPDX-License-Identifier: Apache-2.0
"""Replays of the disk tier: what was delivered from there and is retained can be sent again, all of it or what is asked for.
The sink is gone while records come, so that all of them go to disk."""
import json
import time
from collections import Counter

from harness import admin
from harness.feed import Feed
from harness.replay import post, replay
from harness.wait import wait_until

COUNT = 2000
CODEC = {"type": "json", "record_id_key": "record_id"}


def config(memory="4MiB"):
    return {"service": {"shutdown_timeout": "2s"}, "pipelines": {"app": {
        "inputs": [{"type": "stdin"}],
        "buffer": {"memory": memory, "disk": "64MiB", "durable": True, "fsync": "batch", "retention": "1h"},
        "outputs": [{"type": "file", "path": "${DIR}/sink/out.log", "codec": CODEC},
                    {"type": "file", "id": "odd", "path": "${DIR}/sink/odd.log", "codec": CODEC, "when": 'message =~ "[13579]$"'}]}}}


def ids(path):
    """How often each record is there, in the order of the first."""
    return Counter(json.loads(text)["record_id"] for text in path.read_text().splitlines())


def spilled(agent):
    return agent.metrics().value("weir_buffer_spilled_records_total")


def settled(agent):
    agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["held"] == 0, limit=30, what="all to be settled")


class World:
    def __init__(self, weir, **how):
        self.agent = weir.make(config(**how))
        self.sink = weir.dir / "sink"
        self.out, self.odd = self.sink / "out.log", self.sink / "odd.log"
        self.feed = None

    def close_sink(self):
        """It is a file where a directory should be."""
        self.sink.write_text("")

    def open_sink(self):
        self.sink.unlink()
        self.sink.mkdir()

    def fill(self, first, count):
        before = spilled(self.agent)
        for at in range(first, first + count, 100):
            self.feed.lines(*(f"line {n:06d}" for n in range(at, at + 100)))
        wait_until(lambda: spilled(self.agent) - before == count, limit=30, what="all to be on disk")

    def start(self):
        self.feed = Feed()
        self.feed.start(self.agent)


def test_what_is_retained_can_be_sent_again(weir):
    world = World(weir)
    agent = world.agent
    world.close_sink()
    world.start()
    world.fill(0, COUNT)
    world.open_sink()
    settled(agent)
    once = list(ids(world.out))
    assert len(once) == COUNT and len(ids(world.odd)) == COUNT // 2

    done = replay(agent, source="buffer")
    assert (done["state"], done["replayed"], done["records"], done["damaged"]) == ("done", COUNT, COUNT, 0)
    settled(agent)
    assert ids(world.out) == Counter({record_id: 2 for record_id in once})  # each under the id that it had
    assert set(ids(world.odd).values()) == {2} and len(ids(world.odd)) == COUNT // 2
    ledger = agent.ledger()
    assert (ledger["replayed"], ledger["read"], ledger["delivered"]) == (COUNT, COUNT, 2 * COUNT)

    three = replay(agent, source="buffer", ids=once[10:13], target="odd", to=COUNT)
    assert three["replayed"] == 3
    settled(agent)
    assert [ids(world.odd)[record_id] for record_id in once[10:13]] == [1, 3, 1]

    some = replay(agent, source="buffer", output="odd", **{"from": 0, "to": 500})
    assert some["replayed"] == 250
    settled(agent)
    assert sum(ids(world.odd).values()) == COUNT + 3 + 250 and sum(ids(world.out).values()) == 2 * COUNT


def test_a_time_is_chosen_and_a_restart_forgets_nothing(weir):
    world = World(weir)
    agent = world.agent
    world.close_sink()
    world.start()
    world.fill(0, 1000)
    between = time.time()
    world.fill(1000, 1000)
    world.open_sink()
    settled(agent)
    once = list(ids(world.out))
    agent.stop()
    world.start()
    assert agent.ledger()["recovered"] == 0
    stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(between)) + f".{int(between % 1 * 1e6):06d}Z"
    assert replay(agent, source="buffer", until=stamp)["replayed"] == 1000
    settled(agent)
    assert ids(world.out) == Counter({record_id: 2 if n < 1000 else 1 for n, record_id in enumerate(once)})


def test_a_stop_ends_a_replay(weir):
    """The sink is gone, and memory is small: the job waits for room, or has brought what it can to the disk again."""
    world = World(weir, memory="1MiB")
    agent = world.agent
    world.close_sink()
    world.start()
    world.fill(0, 30000)
    status, _ = post(agent, "/api/v1/replay", {"pipeline": "app", "source": "buffer"})
    assert status == 202
    assert agent.stop() < 20
    world.open_sink()
    world.start()
    settled(agent)
    found = ids(world.out)
    assert len(found) == 30000 and set(found.values()) <= {1, 2}
    assert admin.get_json(agent.admin, "/api/v1/replay?pipeline=app")["state"] == "none"


def test_spl_24_an_output_that_is_gone_waits_in_nobodys_way(weir):
    """Its records are kept, shown and can be given up; they are in no account, and a stop does not wait for them."""
    world = World(weir)
    agent = world.agent
    world.close_sink()
    world.start()
    world.fill(0, COUNT)
    agent.stop()
    document = config()
    gone = document["pipelines"]["app"]["outputs"].pop()
    agent.write_config(document)
    world.open_sink()
    world.start()
    settled(agent)
    assert agent.ledger()["recovered"] == COUNT
    assert agent.stop() < 1.5
    world.start()
    assert agent.ledger()["recovered"] == 0 and agent.ledger()["held"] == 0
    assert agent.stop() < 1.5

    document["pipelines"]["app"]["outputs"].append(gone)  # back again: nothing is lost
    agent.write_config(document)
    world.start()
    settled(agent)
    assert set(ids(world.odd).values()) == {1} and len(ids(world.odd)) == COUNT // 2
    agent.stop()
    world.sink.rename(world.sink.with_name("old"))
    world.close_sink()
    world.start()
    world.fill(COUNT, COUNT)
    agent.stop()

    document["pipelines"]["app"]["outputs"].pop()
    agent.write_config(document)
    world.open_sink()
    world.start()
    settled(agent)
    status, body = post(agent, "/api/v1/buffer/drop", {"pipeline": "app", "source": "buffer", "output": "odd"})
    assert status == 200 and body["records"] > 0, body
    assert post(agent, "/api/v1/buffer/drop", {"pipeline": "app", "source": "buffer", "output": "odd"})[0] == 404
    agent.stop()
    document["pipelines"]["app"]["outputs"].append(gone)
    agent.write_config(document)
    world.start()
    assert agent.ledger()["recovered"] == 0
    assert not world.odd.exists() or world.odd.read_text() == ""
