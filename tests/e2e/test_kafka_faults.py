# SPDX-License-Identifier: Apache-2.0
"""The output kafka and a real broker that is killed, stopped, full of rules, or missing the topic."""
import ctypes
import os
import random
import threading
import time

import pytest

from harness.kafka import PASSWORD, USER, newer_librdkafka, token
from harness.kafka_lines import SOON, Report, keyed, line, murmur2, number, pipeline, write
from harness.ledger import plugin_of
from harness.proxy import Proxy
from harness.wait import SLOWNESS, wait_until

COUNT = 4000
# Real servers are slow enough without.
pytestmark = pytest.mark.unsanitized


def output(agent):
    return plugin_of(agent.pipeline(), "kafka")


def red(agent):
    """What /readyz says when it is red, else nothing."""
    status, _, body = agent.get("/readyz")
    return body if status == 503 else ""


def is_red(agent, *words):
    wait_until(lambda: red(agent), limit=30, step=0.05, what="/readyz to be red")
    wait_until(lambda: any(word in red(agent) for word in words), limit=10, step=0.05, what=f"/readyz to say {words}")
    assert output(agent)["rejected"] == 0


def is_over(agent, broker, topic, count, first=0):
    agent.wait_records(count, limit=60)
    wait_until(lambda: not red(agent), what="/readyz to be green")
    Report(broker.read(topic), count, first).check()


# ---- killed ---------------------------------------------------------------------------------------------------------

def kill_both(weir, broker, topic, kills, count):
    """Records flow while broker and agent are killed in turns, and the broker is stopped for a while."""
    seed = int(os.environ.get("WEIR_TEST_SEED", time.time_ns() % 1000000))
    print(f"seed {seed}")
    rng = random.Random(seed)
    done = threading.Event()

    def produce():
        with open(weir.dir / "in.log", "w") as out:
            for first in range(0, count, 1000):
                out.writelines(map(keyed, range(first, min(first + 1000, count))))
                out.flush()
                done.wait(kills * 3.0 * SLOWNESS * 1000 / count)

    agent = weir.make(pipeline(broker.plain, topic, filters=[{"type": "parse", "format": "json"}], codec="json", key="$${k}",
                               timeout="1s"))
    agent.start()
    writer = threading.Thread(target=produce)
    writer.start()
    try:
        for _ in range(kills):
            time.sleep(SLOWNESS * rng.uniform(0.1, 0.6))
            broker.kill()
            time.sleep(SLOWNESS * rng.uniform(0, 0.3))
            broker.start()
            time.sleep(SLOWNESS * rng.uniform(0.1, 0.6))
            agent.kill9()
            agent.start(ready=False)
        broker.pause()
        time.sleep(1.5 * SLOWNESS)
        broker.resume()
    finally:
        done.set()
        writer.join()
    wait_until(agent.is_ready, limit=30, what="the agent to be ready")
    agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["held"] == 0
                   and plugin_of(status["pipelines"][0], "tail")["lag_bytes"] == 0, limit=120, what="all to be delivered")
    agent.stop()
    report = Report(broker.read(topic), count)
    print(f"{report.repeats} repeats of {count} lines after {kills} kills of each")
    report.check(repeats=kills * 20000)


@pytest.mark.limit(240)
def test_broker_and_agent_are_killed(weir, broker, topic):
    kill_both(weir, broker, topic, 5, 300000)


@pytest.mark.long
@pytest.mark.limit(1800)
def test_broker_and_agent_are_killed_twenty_times(weir, broker, topic):
    kill_both(weir, broker, topic, 20, 2000000)


def test_a_broker_that_is_killed_alone_repeats_nothing(weir, broker, topic):
    agent = weir(pipeline(broker.plain, topic, timeout="2s"))
    write(weir.dir / "in.log", 0, 20000)
    agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["read"] > 0)
    broker.kill()
    write(weir.dir / "in.log", 20000, 20000)
    broker.start()
    is_over(agent, broker, topic, 40000)


def test_kaf_11_a_broker_that_does_not_answer_is_waited_for(weir, broker, topic):
    agent = weir(pipeline(broker.plain, topic, timeout="1s"))
    write(weir.dir / "in.log", 0, COUNT)
    agent.wait_records(COUNT)
    broker.pause()
    try:
        write(weir.dir / "in.log", COUNT, COUNT)
        agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["read"] == 2 * COUNT)
        time.sleep(1.5)
        assert agent.ledger()["delivered"] == COUNT
    finally:
        broker.resume()
    is_over(agent, broker, topic, 2 * COUNT)


def test_kaf_08_an_answer_that_is_lost_repeats_nothing(weir, broker, topic):
    """The broker has the batch, and its answer never comes: the batch is sent again, and the broker knows it by its sequence."""
    proxy = Proxy(broker.proxied, broker.behind)
    try:
        agent = weir(pipeline(broker.proxied, topic, timeout="1s"))
        write(weir.dir / "in.log", 0, COUNT)
        agent.wait_records(COUNT)
        proxy.swallow = True
        write(weir.dir / "in.log", COUNT, COUNT)
        wait_until(lambda: sum(broker.ends(topic).values()) > COUNT, limit=30, step=0.1, what="the broker to have some of it")
        assert agent.ledger()["delivered"] == COUNT and proxy.swallowed
        proxy.cut()
        proxy.swallow = False
        is_over(agent, broker, topic, 2 * COUNT)
    finally:
        proxy.end()


# ---- refused --------------------------------------------------------------------------------------------------------

def test_a_record_that_is_too_large_is_dead_lettered_alone(weir, broker, topic):
    """One of 5 MB, which is more than `max_message`, and one of 300 KB, which is more than its topic takes."""
    small = broker.create(topic + ".small", 1, **{"max.message.bytes": "100000"})
    write(weir.dir / "in.log", 0, 100)
    agent = weir(pipeline(broker.plain, small, inputs=[{"type": "tail", "paths": ["${DIR}/in.log"], "max_line": "8MiB"}],
                          compression="none"), service={"memory_limit": "128MiB"})
    agent.wait_records(100)  # the broker knows the producer: it takes no batch whose predecessor it has refused
    with open(weir.dir / "in.log", "a") as out:
        for n in range(100, COUNT):
            out.write(line(n, {1000: 5000000, 2000: 300000}.get(n, 200)))
    agent.wait_records(COUNT, limit=60)
    ledger = agent.ledger()
    assert ledger["dead_lettered"] == 2 and ledger["delivered"] == COUNT - 2
    report = Report(broker.read(small), COUNT)
    assert [n for n in range(COUNT) if n not in report.found] == [1000, 2000]
    assert report.repeats == 0
    report.check_order()


def test_batches_that_are_too_large_become_smaller_in_order(weir, broker, topic):
    small = broker.create(topic + ".small", 1, **{"max.message.bytes": "20000"})
    write(weir.dir / "in.log", 0, 50)
    agent = weir(pipeline(broker.plain, small, compression="none"))
    agent.wait_records(50)
    write(weir.dir / "in.log", 50, 3 * COUNT - 50)
    agent.wait_records(3 * COUNT, limit=60)
    assert output(agent)["rejected"] == 0
    Report(broker.read(small), 3 * COUNT).check()


def test_kaf_07_what_is_missing_deleted_or_forbidden_is_waited_for(weir, broker, topic):
    """An agent for each. They are red and say why, and go on when somebody has made it good."""
    login = {"mechanism": "plain", "username": USER, "password": PASSWORD}
    missing, deleted, forbidden = f"{topic}.later", broker.create(f"{topic}.gone", 4), topic

    def start(name, *where, **options):
        agent = weir.make(pipeline(*where, **options), directory=weir.dir / name)
        write(agent.dir / "in.log", 0, COUNT)
        return agent.start()

    broker.deny(forbidden)
    agents = [start("missing", broker.plain, missing), start("forbidden", broker.sasl, forbidden, sasl=login),
              start("deleted", broker.plain, deleted)]
    agents[2].wait_records(COUNT)
    broker.delete(deleted)
    write(agents[2].dir / "in.log", COUNT, COUNT)
    is_red(agents[0], "nknown topic", "nknown partition")
    is_red(agents[1], "uthorization failed")
    is_red(agents[2], "nknown topic", "nknown partition")
    broker.create(missing, 4)
    broker.allow(forbidden)
    broker.create(deleted, 2)
    is_over(agents[0], broker, missing, COUNT)
    is_over(agents[1], broker, forbidden, COUNT)
    is_over(agents[2], broker, deleted, 2 * COUNT, first=COUNT)
    assert PASSWORD not in agents[1].stderr()


@pytest.mark.parametrize("mechanism", ["plain", "scram-sha-256"])
def test_tls_and_logging_in(weir, broker, topic, mechanism):
    write(weir.dir / "in.log", 0, COUNT)
    options = {"tls": {"enabled": True, "ca": str(broker.ca)},
               "sasl": {"mechanism": mechanism, "username": USER, "password": PASSWORD}}
    # Kafka 4 found out a mistake in how librdkafka before 2.6.1 does SCRAM.
    env = {} if mechanism == "plain" else {"LD_PRELOAD": str(newer_librdkafka())}
    agent = weir.once(pipeline(broker.sasl_tls, topic, **options), env=env)
    Report(broker.read(topic), COUNT).check()
    assert PASSWORD not in agent.stderr()


def test_kaf_15_a_broker_that_does_not_let_us_in_is_told(weir, broker, topic):
    """Red, with the reason and without the secret; the next start, with the right one, sends what waited."""
    wrong = {"mechanism": "plain", "username": USER, "password": "wrong-secret"}
    old = ctypes.CDLL("librdkafka.so.1").rd_kafka_version() < 0x02060100
    agents = {}
    for listener, options, words in [
            ("sasl", {"sasl": wrong}, ["uthentication failed"]),
            ("tls", {"tls": {"enabled": True}}, ["certificate verify failed", "SSL handshake failed"]),
            ("plain", {"tls": {"enabled": True}}, ["SSL handshake failed"]),
            ("sasl_tls", {"tls": {"enabled": True, "ca": str(broker.ca)}, "sasl": {**wrong, "mechanism": "scram-sha-256"}},
             ["older than 2.6.1" if old else "uthentication failed"])]:
        own = broker.create(f"{topic}.{listener}", 1)
        agent = weir.make(pipeline(getattr(broker, listener), own, **options), directory=weir.dir / listener,
                          service={"shutdown_timeout": "200ms"})
        write(agent.dir / "in.log", 0, COUNT)
        agents[own] = agent.start(), words
    for own, (agent, words) in agents.items():
        is_red(agent, *words)
        agent.stop()
        assert "wrong-secret" not in agent.stderr()
        agent.write_config(pipeline(broker.plain, own))
        agent.start()
    for own, (agent, _) in agents.items():
        is_over(agent, broker, own, COUNT)


def replace(path, text):
    """As what rotates secrets does."""
    path.with_suffix(".new").write_text(text)
    path.with_suffix(".new").rename(path)


def test_kaf_15_credentials_that_are_replaced_are_taken_up(weir, broker, topic):
    """A password, a token and a certificate in files: none, a bad one, a good one, and the agents go on."""
    secret = weir.dir / "secret"
    expired, good = broker.clients.sign("expired", days=0), broker.clients.sign("good")
    cert, key = weir.dir / "client.crt", weir.dir / "client.key"
    replace(cert, expired[0].read_text())
    replace(key, expired[1].read_text())
    soon = {**SOON, "connections.max.idle.ms": 500}
    agents = {}
    for name, where, options in [
            ("password", broker.sasl, {"sasl": {"mechanism": "plain", "username": USER, "password_file": f"{secret}.password"}}),
            ("token", broker.sasl, {"sasl": {"mechanism": "oauthbearer", "token_file": f"{secret}.token"}, "librdkafka": soon}),
            ("certificate", broker.tls, {"tls": {"enabled": True, "ca": str(broker.ca), "cert": str(cert), "key": str(key)}})]:
        agent = weir.make(pipeline(where, broker.create(f"{topic}.{name}", 1), **options), directory=weir.dir / name)
        write(agent.dir / "in.log", 0, COUNT)
        agents[name] = agent.start()
    is_red(agents["password"], "there is no password")
    is_red(agents["token"], "there is no token")
    is_red(agents["certificate"], "alert certificate", "expired")
    replace(secret.with_suffix(".password"), "wrong-secret\n")
    replace(secret.with_suffix(".token"), token(-1))
    is_red(agents["password"], "uthentication failed")
    is_red(agents["token"], "the token has expired")
    replace(secret.with_suffix(".password"), PASSWORD + "\n")
    replace(secret.with_suffix(".token"), token(3))
    first_ends = time.monotonic() + 3
    replace(key, good[1].read_text())
    replace(cert, good[0].read_text())
    for name, agent in agents.items():
        is_over(agent, broker, f"{topic}.{name}", COUNT)
        assert PASSWORD not in agent.stderr() and "wrong-secret" not in agent.stderr()
    # The next connection, when the first token is no longer good.
    replace(secret.with_suffix(".token"), token(3600))
    time.sleep(max(0.0, first_ends + 0.5 - time.monotonic()))
    write(agents["token"].dir / "in.log", COUNT, COUNT)
    is_over(agents["token"], broker, f"{topic}.token", 2 * COUNT)


def test_kaf_16_partitions_that_are_added_are_used(weir, broker, topic):
    """Keys move to others then, as they would for Java's client, and stay in order from there on."""
    grown = broker.create(topic + ".grown", 1)
    agent = weir(pipeline(broker.plain, grown, filters=[{"type": "parse", "format": "json"}], codec="json", key="$${k}"))
    count = 0

    def more(lines):
        nonlocal count
        with open(weir.dir / "in.log", "a") as out:
            out.writelines(map(keyed, range(count, count + lines)))
        count += lines
        agent.wait_records(count)
        return sum(end > 0 for end in broker.ends(grown).values())

    assert more(COUNT) == 1
    broker.grow(grown, 3)
    wait_until(lambda: more(100) == 3, limit=30, step=0.1, what="the new partitions to be used")
    moved = count
    more(COUNT)
    messages = broker.read(grown)
    Report(messages, count).check(order=False)
    newest = {}
    for message in sorted(messages, key=lambda m: (m.partition, m.offset)):
        n = number(message)
        if n < COUNT:
            assert message.partition == 0
        if n >= moved:
            assert message.partition == (murmur2(message.key) & 0x7fffffff) % 3
            assert newest.get(message.key, -1) < n
            newest[message.key] = n
