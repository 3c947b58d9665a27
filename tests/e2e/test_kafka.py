# SPDX-License-Identifier: Apache-2.0
"""The output kafka against a real Apache Kafka, read back with a client that shares no code with it."""
import json
import re

import pytest

from harness import kafka_lines
from harness.kafka_lines import murmur2, pipeline


pytestmark = pytest.mark.unsanitized  # the client library is not, and the mock broker's tests are run so


def test_every_line_is_there_once(weir, broker, topic):
    kafka_lines.write(weir.dir / "in.log", 0, 50000)
    weir.once(pipeline(broker.plain, topic))
    messages = broker.read(topic)
    kafka_lines.Report(messages, 50000).check()
    # Without a key a batch goes to any of them.
    assert {message.partition for message in messages} <= {0, 1, 2, 3}
    assert messages[0].value.decode() + "\n" == kafka_lines.line(kafka_lines.number(messages[0]))


MURMUR2 = {b"21": -973932308, b"foobar": -790332482, b"a-little-bit-long-string": -985981536,
           b"a-little-bit-longer-string": -1486304829, b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8": -58897971,
           b"abc": 479470107}


def test_keys_choose_partitions_as_in_java(weir, broker, topic):
    for key, known in MURMUR2.items():
        assert murmur2(key) == known & 0xffffffff
    keys = [*MURMUR2, *(b"key-%d" % n for n in range(200))]
    (weir.dir / "in.log").write_bytes(b"".join(b'{"key":"%s","n":%d}\n' % (key, n) for n, key in enumerate(keys * 3)))
    weir.once(pipeline(broker.plain, topic, filters=[{"type": "parse", "format": "json"}], key="$${key}", codec="json"))
    messages = broker.read(topic)
    assert len(messages) == 3 * len(keys)
    newest = {}
    for message in sorted(messages, key=lambda m: (m.partition, m.offset)):
        assert message.partition == (murmur2(message.key) & 0x7fffffff) % 4, message.key
        n = json.loads(message.value)["n"]
        assert newest.get(message.key, -1) < n  # in order for each key
        newest[message.key] = n


def test_headers_times_and_topics_come_from_the_record(weir, broker, topic):
    for name in "ab":
        broker.create(f"{topic}.{name}", 1)
    (weir.dir / "in.log").write_text(
        '{"to":"a","traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","ts":"2026-03-02T08:15:20.250Z"}\n'
        '{"to":"b","env":"prod"}\n{"to":"a","env":""}\n')
    filters = [{"type": "parse", "format": "json", "time": {"field": "ts", "format": "rfc3339"}}, {"type": "trace"}]
    options = {"filters": filters, "codec": "json", "headers": {"env": "$${env}", "from": "weir"}}
    weir.once(pipeline(broker.plain, f"{topic}.$${{to}}", **options))
    first, third = sorted(broker.read(f"{topic}.a"), key=lambda m: "traceparent" not in m.headers)
    assert first.headers["traceparent"] == "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert first.time == 1772439320250
    assert first.key is None and re.fullmatch("[0-9a-f]{32}", first.headers["weir-id"])
    assert first.headers["from"] == "weir" and "env" not in first.headers
    assert "env" not in third.headers and "traceparent" not in third.headers
    (second,) = broker.read(f"{topic}.b")
    assert second.headers["env"] == "prod" and json.loads(second.value)["to"] == "b"


@pytest.mark.parametrize("compression", ["none", "gzip", "snappy", "lz4", "zstd"])
def test_every_compression(weir, broker, topic, compression):
    kafka_lines.write(weir.dir / "in.log", 0, 2000)
    weir.once(pipeline(broker.plain, topic, compression=compression))
    kafka_lines.Report(broker.read(topic), 2000).check()


def test_the_example_in_conf(weir, broker):
    """With the names of real brokers and paths put in, and nothing else."""
    (weir.dir / "app.log").write_text('{"customer":"a","n":1}\nno JSON\n{"customer":"b","n":2}\n')
    text = (weir.root / "conf/examples/kafka.yaml").read_text().replace("/var/log/app/", "${DIR}/")
    text = text.replace("service:\n", f"service:\n  data_dir: {weir.dir}/data\n  admin: {{listen: off}}\n")
    text = re.sub(r"kafka-\d\.example\.net:9092", broker.sasl_tls, text).replace("/etc/weir/kafka-ca.pem", str(broker.ca))
    for topic in ("app-logs", "app-unparsed"):
        broker.create(topic, 2)
    weir.once(text)
    parsed = broker.read("app-logs")
    assert {(m.key, m.headers["env"], json.loads(m.value)["n"]) for m in parsed} == {(b"a", "prod", 1), (b"b", "prod", 2)}
    assert [m.value for m in broker.read("app-unparsed")] == [b"no JSON"]


def test_only_an_agent_with_kafka_carries_librdkafka(weir):
    config = {"pipelines": {"app": {"inputs": [{"type": "tail", "paths": ["${DIR}/in.log"]}], "outputs": [{"type": "null"}]}}}
    assert "rdkafka" not in weir(config).proc("maps").read_text()
    agent = weir.make(pipeline("127.0.0.1:1", "logs"), directory=weir.dir / "with").start()
    assert "rdkafka" in agent.proc("maps").read_text()


def test_the_module_is_listed_and_described(weir):
    assert re.search(r"^output/kafka +Sends records to Kafka.*kafka\.so *$", weir.cli("plugins", check=True).stdout, re.M)
    assert "  brokers: text or list of texts, required" in weir.cli("plugins", "output/kafka", check=True).stdout


@pytest.mark.parametrize("options, place, message", [
    ({"topic": "a b"}, "topic", "it is no name of a topic: the topic's name has other characters"),
    ({"acks": "leader"}, "acks", "`leader` needs `idempotence: false`"),
    ({"sasl": {"mechanism": "plain", "username": "me"}}, "sasl.mechanism", "it needs `username` and `password` or `password_file`"),
    ({"sasl": {"mechanism": "plain", "username": "me", "password": "a", "password_file": "/b"}}, "sasl.password", "from one place"),
    ({"sasl": {"mechanism": "oauthbearer", "username": "me"}}, "sasl.mechanism", "it needs `token_file`"),
    ({"sasl": {"username": "me"}}, "sasl.mechanism", "no mechanism to log in with"),
    ({"tls": {"ca": "/x"}}, "tls.enabled", "TLS is not enabled"),
    ({"tls": {"enabled": True, "cert": "/x"}}, "tls.cert", "needs its private key"),
    ({"headers": {"a": "$${x"}}, "headers", '"a": '),
    ({"librdkafka": {"acks": "0"}}, "librdkafka", '"acks" is refused: use the option `acks`'),
    ({"librdkafka": {"message.timeout.ms": 1000}}, "librdkafka", "it would let messages be lost"),
    ({"librdkafka": {"no.such": 1}}, "librdkafka", 'librdkafka has no property "no.such"'),
    ({"librdkafka": {"socket.send.buffer.bytes": "hunter2"}}, "librdkafka", "does not take this value"),
    ({"queue": {"max_bytes": "1GiB"}}, "memory_limit", "what their plugins use"),
])
def test_mistakes_have_places(weir, options, place, message):
    agent = weir.make(pipeline("127.0.0.1:9092", **{"topic": "logs", **options}))
    done = weir.cli("validate", "-c", agent.config_path)
    assert done.returncode == 2
    assert message in done.stderr and place in done.stderr and "hunter2" not in done.stderr
    assert re.search(r"weir\.yaml:\d+:\d+: error: ", done.stderr), done.stderr
