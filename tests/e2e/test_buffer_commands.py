# SPDX-License-Identifier: Apache-2.0
"""`weir buffer` on a pipeline's disk tier, with a running agent and without one. A dead output is `stdout` with a pipe that
nobody reads; what is durable goes to disk whatever the outputs do."""
import json
import os
from collections import Counter

import pytest

from harness.feed import Feed
from harness.ledger import plugin_of
from harness.pipes import StalledPipe
from harness.wait import wait_until

FILE = {"type": "file", "id": "live", "path": "${DIR}/live.log", "codec": "text"}
DEAD = {"type": "stdout", "id": "dead", "codec": "text"}
SLOW = {"type": "null", "id": "slow", "delay": "500ms"}  # what it waits for is on disk before it is answered
SERVICE = {"memory_limit": "32MiB", "shutdown_timeout": "1s"}


def config(outputs, **buffer):
    return {"pipelines": {"app": {"inputs": [{"type": "stdin"}], "outputs": outputs,
                                  "buffer": {"memory": "4MiB", "disk": "64MiB", **buffer}}}}


def line(n):
    return f"line {n:06d}"


def run(weir, *args, status=0):
    done = weir.cli("buffer", args[0], "-c", weir.dir / "weir.yaml", *args[1:], env={**os.environ, "DIR": str(weir.dir)})
    assert done.returncode == status, done.stdout + done.stderr
    return done


def listed(weir):
    return json.loads(run(weir, "ls", "--json").stdout)


def waiting(weir):
    """How many records wait for each output on disk."""
    return {output["id"]: output["records"] for output in listed(weir)["outputs"]}


def cat(weir, *args):
    return run(weir, "cat", "--codec", "text", *args).stdout.splitlines()


def lines_in(path):
    return path.read_text().splitlines() if path.exists() else []


def durable_agent(weir, outputs, count, stdout=None, **buffer):
    """An agent that has `count` lines on its disk."""
    feed = Feed()
    configuration = config(outputs, durable=True, fsync="batch", **buffer)
    configuration["pipelines"]["app"]["inputs"][0]["ack_fd"] = feed.ack_fd
    agent = feed.start(weir.make(configuration, service=SERVICE), **({"stdout": stdout.writer} if stdout else {}))
    feed.lines(*(line(n) for n in range(count)))
    feed.wait_acked(count)
    return feed, agent


def settled(agent):
    return agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["held"] == 0, limit=30, what="everything to be settled")


def test_a_dead_outputs_backlog_is_looked_into(weir):
    pipe = StalledPipe(weir.dir / "dead.log")
    _, agent = durable_agent(weir, [FILE, DEAD], 20000, pipe)
    wait_until(lambda: len(lines_in(weir.dir / "live.log")) == 20000, limit=20, what="the live output to have everything")
    wait_until(lambda: waiting(weir)["live"] == 0, what="the live output's cursor")  # it is ahead of the frames
    backlog = waiting(weir)["dead"]
    assert 0 < backlog <= 20000
    all_lines = [line(n) for n in range(20000)]
    assert cat(weir, "--output", "dead")[-backlog:] == all_lines[-backlog:]
    found = json.loads(run(weir, "cat", "--sequence", str(listed(weir)["end"] - 1)).stdout)
    assert found["message"] == line(19999)
    assert cat(weir, "--record-id", found["record_id"]) == [line(19999)]
    assert cat(weir, "--from", "1h") == cat(weir) == all_lines[-len(cat(weir)):]
    assert cat(weir, "--to", "1h") == []
    assert cat(weir, "--from", found["observed_time"])[-1] == line(19999)
    frames = [json.loads(text) for text in run(weir, "cat", "--frames", "--json").stdout.splitlines()]
    assert sum(frame["end"] - frame["sequence"] for frame in frames) == len(cat(weir))
    assert all(frame["outputs"] == ["live", "dead"] for frame in frames)
    assert "nothing is wrong" in run(weir, "verify").stdout
    by_directory = weir.cli("buffer", "cat", "app", "--data-dir", agent.data_dir, "--codec", "text", "--output", "dead", check=True)
    assert by_directory.stdout.splitlines() == cat(weir, "--output", "dead")
    pipe.drain()
    settled(agent)
    wait_until(lambda: waiting(weir) == {"live": 0, "dead": 0}, what="the dead output's cursor")
    agent.stop()
    pipe.close()
    assert lines_in(weir.dir / "dead.log") == all_lines


def test_looking_does_not_disturb_and_is_not_disturbed(weir):
    """A tier that is written, read and trimmed all the time: whatever moment it is looked at, nothing is wrong with it."""
    feed, agent = durable_agent(weir, [FILE], 1000)
    for turn in range(1, 31):
        feed.lines(*(line(n) + " " + "x" * 400 for n in range(turn * 1000, turn * 1000 + 1000)))
        assert "nothing is wrong" in run(weir, "verify").stdout
        run(weir, "cat")
        listed(weir)
    settled(agent)
    agent.wait_records(31000)


def test_retained_records_are_sent_again(weir):
    _, agent = durable_agent(weir, [FILE, {**FILE, "id": "other", "path": "${DIR}/other.log"}, SLOW], 3000, retention="1h")
    settled(agent)
    first = listed(weir)["first"]
    assert cat(weir) == [line(n) for n in range(3000)]
    one = json.loads(run(weir, "cat", "--sequence", str(first + 7)).stdout)
    assert one["message"] == line(7)
    assert run(weir, "replay", "--record-id", one["record_id"], "--output", "other").stdout == "1 records of pipeline app replayed\n"
    wait_until(lambda: lines_in(weir.dir / "other.log")[3000:] == [line(7)], what="the record to arrive again")
    run(weir, "replay", "--sequence", f"{first + 1500}-{first + 1501}", "--target", "other")
    wait_until(lambda: lines_in(weir.dir / "other.log")[3001:] == [line(1500), line(1501)], what="the records to arrive again")
    answer = json.loads(run(weir, "replay", "--sequence", f"{first}-{first + 2999}", "--target", "live", "--json").stdout)
    assert (answer["state"], answer["replayed"]) == ("done", 3000)
    wait_until(lambda: len(lines_in(weir.dir / "live.log")) == 6000, what="the records to arrive again")
    settled(agent)
    ledger = agent.ledger()
    assert ledger["replayed"] == 3003 and ledger["read"] == 3000 and ledger["delivered"] == 6003
    assert Counter(lines_in(weir.dir / "live.log")) == {line(n): 2 for n in range(3000)}
    assert len(lines_in(weir.dir / "other.log")) == 3003


def test_a_replay_without_an_agent_is_delivered_by_the_next(weir):
    _, agent = durable_agent(weir, [FILE, SLOW], 2000, retention="1h")
    settled(agent)
    agent.stop()
    assert waiting(weir) == {"live": 0, "slow": 0}
    assert run(weir, "replay", "--from", "1h", "--output", "live").stdout == "2000 records of pipeline app replayed\n"
    assert waiting(weir) == {"live": 2000, "slow": 0}
    assert "nothing is wrong" in run(weir, "verify").stdout
    agent.start()
    settled(agent)
    assert agent.ledger()["recovered"] == 2000
    assert Counter(lines_in(weir.dir / "live.log")) == {line(n): 2 for n in range(2000)}


def test_only_a_unix_socket_takes_orders(weir):
    feed = Feed()
    agent = feed.start(weir.make(config([FILE], durable=True), service={**SERVICE, "admin": {"listen": "127.0.0.1:0"}}), ready=False)
    wait_until(lambda: any("listen" in str(message) for message in agent.messages()), what="the agent to be ready")
    where = next(message["listen"] for message in agent.messages() if "listen" in message)
    feed.lines(line(0))
    wait_until(lambda: lines_in(weir.dir / "live.log") == [line(0)], what="the line")
    done = run(weir, "replay", "--admin", where, status=1)
    assert "the agent says: " in done.stderr and "Unix socket" in done.stderr
    agent.admin = where


@pytest.mark.parametrize("running", [True, False], ids=["running", "stopped"])
def test_what_an_old_output_has_left_is_dropped(weir, running):
    pipe = StalledPipe(weir.dir / "dead.log")
    feed, agent = durable_agent(weir, [FILE, DEAD], 20000, pipe)
    wait_until(lambda: len(lines_in(weir.dir / "live.log")) == 20000, limit=20, what="the live output to have everything")
    agent.stop()
    pipe.close()
    left = waiting(weir)["dead"]
    assert left > 0
    agent.write_config(config([FILE]))
    if running:
        agent.start()
    outputs = {output["id"]: output for output in listed(weir)["outputs"]}
    assert outputs["dead"]["configured"] is False and outputs["dead"]["records"] == left
    assert "is configured" in run(weir, "drop", "--output", "live", status=1).stderr
    assert run(weir, "drop", "--output", "dead").stdout == f"{left} records of pipeline app for output dead given up\n"
    if not running:
        agent.start()
    settled(agent)
    wait_until(lambda: waiting(weir).get("dead", 0) == 0, what="the records to be gone")


def test_damage_is_found_and_passed_over(weir):
    pipe = StalledPipe(weir.dir / "dead.log")
    feed, agent = durable_agent(weir, [DEAD], 10000, pipe, compression="none")
    feed.lines(*(line(n) for n in range(10000, 20000)))  # frames of their own
    feed.wait_acked(20000)
    agent.kill9()
    pipe.close()
    frames = [json.loads(text) for text in run(weir, "cat", "--frames", "--json").stdout.splitlines()]
    assert len(frames) > 1
    hit = frames[0]
    path = agent.data_dir / "buffer" / "app" / hit["file"]
    with open(path, "r+b") as segment:
        segment.seek(hit["offset"] + hit["bytes"] // 2)
        byte = segment.read(1)
        segment.seek(-1, os.SEEK_CUR)
        segment.write(bytes([byte[0] ^ 0x10]))
    done = run(weir, "verify", status=1)
    assert f"{hit['file']}: offset {hit['offset']}: " in done.stdout
    assert f"records {hit['sequence']} to {hit['end'] - 1}\n" in done.stdout
    lost = hit["end"] - hit["sequence"]
    done = run(weir, "cat", "--codec", "text", status=1)
    assert len(done.stdout.splitlines()) == sum(frame["end"] - frame["sequence"] for frame in frames) - lost
    assert f"offset {hit['offset']}: a damaged frame" in done.stderr
