# SPDX-License-Identifier: Apache-2.0
"""The output kafka and brokers that fail as they are told to: every class of error, at will (librdkafka's mock cluster).

A real broker refuses the batch behind one that has failed; the mock does not look at sequences, and takes it. So where a batch fails for
good, order is a matter for test_kafka_faults.py."""
import json
import re
import time

import pytest

from harness.agent import MIB, SANITIZED
from harness.kafka_lines import Report, pipeline, write
from harness.kafka_mock import INIT_PRODUCER_ID, PRODUCE
from harness.ledger import plugin_of
from harness.wait import wait_until

COUNT = 4000


def output(status, name="kafka"):
    return plugin_of(status["pipelines"][0], name)


def red(agent):
    """What /readyz says when it is red, else nothing."""
    status, _, body = agent.get("/readyz")
    return body if status == 503 else ""


def all_down(mock, down=True):
    for broker in (1, 2, 3):
        mock.tell(f"{'down' if down else 'up'} {broker}")


@pytest.fixture
def lines(weir):
    write(weir.dir / "in.log", 0, COUNT)


@pytest.mark.parametrize("code", [5, 6, 7, 9, 19, 20, 56])
def test_kaf_05_passing_errors_are_not_seen(weir, mock, lines, code):
    """No leader, not the leader, timed out, no replica, too few replicas, storage."""
    mock.tell(f"errors {PRODUCE} {code} 3")
    agent = weir(pipeline(mock.brokers, "logs"))
    agent.wait_records(COUNT)
    assert output(agent.status())["retries"] == 0
    Report(mock.read("logs"), COUNT).check()


@pytest.mark.parametrize("code", [10, 18])
def test_kaf_06_a_batch_that_is_too_large_is_sent_in_smaller_ones(weir, mock, lines, code):
    mock.tell(f"errors {PRODUCE} {code} 2")
    agent = weir(pipeline(mock.brokers, "logs"))
    agent.wait_records(COUNT)
    assert output(agent.status())["rejected"] == 0
    assert agent.metrics().value("weir_kafka_producers_renewed_total") >= 1
    Report(mock.read("logs"), COUNT).check(order=False)


def test_kaf_06_a_batch_that_is_invalid_is_sent_one_by_one(weir, mock, lines):
    mock.tell(f"errors {PRODUCE} 87 1")
    agent = weir(pipeline(mock.brokers, "logs"))
    agent.wait_records(COUNT)
    assert output(agent.status())["rejected"] == 0
    Report(mock.read("logs"), COUNT).check(order=False)


def test_kaf_06_a_message_that_is_invalid_by_itself_is_rejected_alone(weir, mock, lines):
    mock.tell(f"errors {PRODUCE} 87 2")
    agent = weir(pipeline(mock.brokers, "logs", batch={"max_records": 1}))
    agent.wait_records(COUNT)
    assert output(agent.status())["rejected"] == 2
    messages = mock.read("logs")
    assert len(messages) == COUNT - 2
    assert any(m.get("why", "").endswith("Broker failed to validate record") for m in agent.messages())


def test_kaf_02_a_full_queue_waits_for_reports(weir, mock, lines):
    agent = weir(pipeline(mock.brokers, "logs", queue={"max_records": 100}, batch={"linger": "0s"}))
    agent.wait_records(COUNT, limit=60)
    Report(mock.read("logs"), COUNT).check()


@pytest.mark.parametrize("key, code", [(INIT_PRODUCER_ID, 31), (INIT_PRODUCER_ID, 53), (PRODUCE, 45), (PRODUCE, 47), (PRODUCE, 90)])
def test_kaf_09_another_producer_takes_over(weir, mock, lines, key, code):
    """Errors that end a producer's life, or its epoch: a new one sends what is left."""
    mock.tell(f"errors {key} {code} 1")
    agent = weir(pipeline(mock.brokers, "logs"))
    agent.wait_records(COUNT, limit=30)
    if key == INIT_PRODUCER_ID:
        assert agent.metrics().value("weir_kafka_producers_renewed_total") >= 1
    Report(mock.read("logs"), COUNT).check(order=False)


def test_kaf_07_what_is_not_allowed_is_held(weir, mock, lines):
    mock.tell(f"errors {PRODUCE} 29 3")
    agent = weir(pipeline(mock.brokers, "logs"))
    agent.wait_records(COUNT, limit=60)
    status = output(agent.status())
    assert status["rejected"] == 0 and status["retries"] > 0
    assert any("Topic authorization failed" in m.get("why", "") for m in agent.messages())
    Report(mock.read("logs"), COUNT).check(order=False)


def test_kaf_03_kaf_04_kaf_14_brokers_that_are_down_are_waited_for(weir, mock, lines):
    """Longer than every timeout, beside an output that goes on; nothing is lost, repeated or reordered."""
    config = pipeline(mock.brokers, "logs", timeout="1s")
    config["pipelines"]["app"]["outputs"].append({"type": "file", "path": "${DIR}/out.log", "codec": "text"})
    agent = weir(config)
    agent.wait_records(COUNT)
    all_down(mock)
    resident = agent.memory()[0]
    count = COUNT
    for _ in range(5):
        write(weir.dir / "in.log", count, 1000)
        count += 1000
        agent.wait_for(lambda status: output(status, "file")["records"] == count, what="the other output")
        time.sleep(0.4)
    wait_until(lambda: "down" in red(agent) or "refused" in red(agent), what="/readyz to be red")
    assert len(agent.messages()) < 100  # librdkafka has more to say
    assert SANITIZED or agent.memory()[0] - resident < 16 * MIB
    agent.check_memory()
    assert (weir.dir / "out.log").read_text().count("\n") == count
    all_down(mock, False)
    agent.wait_records(count, limit=30)
    wait_until(lambda: not red(agent), what="/readyz to be green")
    Report(mock.read("logs"), count).check()


def test_kaf_10_a_leader_that_moves_is_followed(weir, mock):
    agent = weir(pipeline(mock.brokers, "logs"))
    for step in range(6):
        write(weir.dir / "in.log", step * 500, 500)
        for partition in range(4):
            mock.tell(f"leader logs {partition} {step % 3 + 1}")
        agent.wait_records((step + 1) * 500)
    Report(mock.read("logs"), 3000).check()


def test_kaf_01_kaf_12_what_was_not_acked_is_sent_after_a_restart(weir, mock, lines):
    """By the report alone is a record delivered: not when it was produced, and not when the broker took it."""
    mock.tell("rtt 1500")
    agent = weir(pipeline(mock.brokers, "logs"))
    agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["read"] == COUNT)
    assert agent.ledger()["delivered"] == 0
    agent.kill9()
    all_down(mock)
    agent.service["shutdown_timeout"] = "1s"
    agent.write_config(pipeline(mock.brokers, "logs"))
    agent.start()
    agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["read"] == COUNT)
    assert agent.stop() < 3
    all_down(mock, False)
    mock.tell("rtt 0")
    agent.start()
    agent.wait_records(COUNT)
    Report(mock.read("logs"), COUNT).check(repeats=COUNT)


def test_kaf_13_a_record_whose_topic_or_key_is_none_stops_no_other(weir, mock):
    """A topic's name that cannot be made is that record's fault, and it is dead-lettered; a key that cannot is left out."""
    for topic in ("web", "a_b", "x" * 249):
        mock.tell(f"topic {topic} 1")
    rows = [({"app": "web"}, "web"), ({"app": ""}, None), ({}, None), ({"app": "a/b"}, "a_b"), ({"app": ".."}, None),
            ({"app": "x" * 249}, "x" * 249), ({"app": "x" * 250}, None), ({"app": "web", "k": "y" * 70000}, "web"), ({"app": None}, None),
            ({"app": "web", "k": "key"}, "web")]
    (weir.dir / "in.log").write_text("".join(json.dumps({**row, "n": n}) + "\n" for n, (row, _) in enumerate(rows)))
    agent = weir(pipeline(mock.brokers, "$${app}", filters=[{"type": "parse", "format": "json"}], codec="json", key="$${k}"))
    agent.wait_records(len(rows))
    expected = {topic: [n for n, (_, where) in enumerate(rows) if where == topic] for _, topic in rows}
    assert agent.ledger()["dead_lettered"] == len(expected.pop(None))
    for topic, numbers in expected.items():
        messages = {json.loads(message.value)["n"]: message for message in mock.read(topic)}
        assert sorted(messages) == numbers, topic
        assert all(message.key == (b"key" if rows[n][0].get("k") == "key" else None) for n, message in messages.items())


@pytest.mark.unsanitized
def test_kaf_17_a_queue_that_is_full_takes_what_was_reserved_for_it(weir, mock):
    """Replicas are too few, and 20,000 messages wait in librdkafka: the agent grows by less than the output is charged with."""
    agent = weir(pipeline(mock.brokers, "logs", inputs=[{"type": "tail", "paths": ["${DIR}/*.log"]}], statistics="200ms",
                          queue={"max_records": 20000, "max_bytes": "16MiB"}), service={"memory_limit": "128MiB"})
    write(weir.dir / "in.log", 0, 100)
    agent.wait_records(100)
    resident = agent.memory()[0]
    mock.tell(f"errors {PRODUCE} 19 5000")
    write(weir.dir / "more", 100, 30000 - 100)
    (weir.dir / "more").rename(weir.dir / "more.log")  # all at once, so that batches are full
    wait_until(lambda: agent.metrics().value("weir_kafka_queue_messages") >= 20000, limit=20, step=0.05, what="the queue to be full")
    explained = weir.cli("explain", "-c", agent.config_path, env=agent.env, check=True).stdout
    reserved = int(re.search(r"(\d+)MiB for plugins", explained).group(1))
    grown = (agent.memory()[1] - resident) / MIB
    print(f"{grown:.1f} MiB for the queue and its batches, {reserved} MiB are charged")
    assert grown < reserved
    mock.tell(f"clear {PRODUCE}")
    agent.wait_records(30000, limit=30)
    agent.check_memory()
