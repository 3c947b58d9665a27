# SPDX-License-Identifier: Apache-2.0
"""The output kafka by a pinned schema: codec avro, and a registry that has it, is away, or says something else."""
import json
import re
import struct
import time

import pytest

from harness.certificates import Authority
from harness.kafka_lines import pipeline
from harness.ledger import plugin_of
from harness.rejecting import letters
from harness.schema_registry import SchemaRegistry, decode, error
from harness.wait import SLOWNESS, wait_until

SUBJECT = "logs-value"
SCHEMA = json.dumps({"type": "record", "name": "Log", "namespace": "weir.test", "fields": [
    {"name": "n", "type": "long"},
    {"name": "message", "type": ["null", "string"], "default": None},
    {"name": "log_file_path", "type": "string", "default": ""},
    {"name": "attrs", "type": {"type": "map", "values": "string"}, "default": {}}]})
HASTE = {"shutdown_timeout": "500ms"}  # for stops while records are held
OTHER = SCHEMA.replace('"long"', '"int"')


@pytest.fixture
def registry():
    made = SchemaRegistry()
    made.put(SUBJECT, SCHEMA)
    yield made
    made.stop()


def config(mock, registry, urls=None, topic="logs", brokers=None, **schema):
    return pipeline(brokers or mock.brokers, topic, filters=[{"type": "parse", "format": "json"}], key="k",
                    codec={"type": "avro", "rest": "attrs"},
                    schema={"registry": urls or registry.url, "subject": SUBJECT, "version": 1, "timeout": "20s", **schema})


def write(weir, first, count, **more):
    with open(weir.dir / "in.log", "a") as out:
        out.writelines(json.dumps({"n": n, "message": f"é{n}", **more}) + "\n" for n in range(first, first + count))


def read(mock, id=42, schema=SCHEMA):
    return [decode(schema, message.value, id) for message in mock.read("logs")]


def numbers(mock, **how):
    return [record["n"] for record in read(mock, **how)]


def output(status):
    return plugin_of(status["pipelines"][0], "kafka")


def red(agent):
    """What /readyz says when it is red, else nothing."""
    status, _, body = agent.get("/readyz")
    return body if status == 503 else ""


def said(agent, text):
    return [message for message in agent.messages() if text in str(message)]


def held(agent, why):
    """Waits until the output is held for that reason."""
    agent.wait_for(lambda status: why in output(status)["reason"] and output(status)["state"] == "paused", what=why)


def test_records_are_written_by_the_pinned_schema(weir, mock, registry):
    registry.start()
    write(weir, 0, 2000, level="info", ok=True)
    agent = weir(config(mock, registry))
    agent.wait_records(2000)
    records = read(mock)
    assert records == [{"n": n, "message": f"é{n}", "log_file_path": str(weir.dir / "in.log"), "attrs": {"level": "info", "ok": "true"}}
                       for n in range(2000)]
    assert [request[:2] for request in registry.requests] == [("GET", "/subjects/logs-value/versions/1")]
    assert said(agent, "the schema is pinned")
    agent.check_memory()


def test_a_message_may_end_with_any_byte(weir, mock, registry):
    """5 is written as 0x0a, which is a newline, and no end of anything."""
    registry.put(SUBJECT, json.dumps({"type": "record", "name": "N", "fields": [{"name": "n", "type": "long"}]}), id=7)
    registry.start()
    (weir.dir / "in.log").write_text("".join(f'{{"n":{n}}}\n' for n in range(100)))
    weir(pipeline(mock.brokers, "logs", filters=[{"type": "parse", "format": "json"}], key="k", codec="avro",
                  schema={"registry": registry.url, "subject": SUBJECT, "version": 2})).wait_records(100)
    assert [message.value for message in mock.read("logs")] == [
        struct.pack(">bI", 0, 7) + (bytes([2 * n]) if n < 64 else bytes([2 * n & 127 | 128, 2 * n >> 7])) for n in range(100)]


def test_what_does_not_fit_is_dead_lettered_alone(weir, mock, registry):
    registry.start()
    with open(weir.dir / "in.log", "w") as out:
        for n in range(300):
            out.write(json.dumps({"n": n if n % 100 else str(n)}) + "\n")
        out.write("no JSON \n")
    agent = weir(config(mock, registry))
    agent.wait_records(301)
    assert numbers(mock) == [n for n in range(300) if n % 100]
    found = letters(weir)
    assert [letter["answer"] for letter in found] == ["does not fit the schema: n: expected long, found text"] * 3 + [
        "does not fit the schema: n: it is missing, and has no default: expected long"]
    assert agent.ledger()["dead_lettered"] == 4


def test_unknown_fields_are_left_out_and_counted_where_that_is_asked_for(weir, mock, registry):
    registry.start()
    write(weir, 0, 50, more=1, most={"x": 2})
    agent = weir(pipeline(mock.brokers, "logs", filters=[{"type": "parse", "format": "json"}], codec={"type": "avro", "unknown": "drop"},
                          schema={"registry": registry.url, "subject": SUBJECT, "version": 1}))
    agent.wait_records(50)
    assert sorted(numbers(mock)) == list(range(50))
    assert agent.metrics().value("weir_kafka_schema_fields_left_out_total") == 100


def test_a_start_without_the_registry_waits_for_it(weir, mock, registry):
    write(weir, 0, 100)
    agent = weir(config(mock, registry))
    held(agent, "cannot be asked: Couldn't connect to server")
    wait_until(lambda: "cannot be asked" in red(agent), what="/readyz to say so")
    assert mock.read("logs") == []
    registry.start()
    agent.wait_records(100)
    assert numbers(mock) == list(range(100))
    wait_until(lambda: not red(agent), what="/readyz to be green")


def test_a_start_without_the_registry_uses_what_is_on_disk(weir, mock, registry):
    registry.start()
    write(weir, 0, 10)
    agent = weir(config(mock, registry))
    agent.wait_records(10)
    agent.stop()
    registry.stop()
    write(weir, 10, 10)
    agent.start()
    agent.wait_records(10)
    assert numbers(mock) == list(range(20))
    assert said(agent, "it is used as it is on disk")
    registry.start()
    wait_until(lambda: len(said(agent, "the schema is pinned")) == 2, what="the registry to confirm it")
    (path,) = agent.data_dir.glob("schemas/*.schema")
    agent.stop()
    path.write_bytes(path.read_bytes().replace(b'"version":1', b'"version":2'))  # its checksum is wrong now
    write(weir, 20, 10)
    agent.start()
    agent.wait_records(10)
    assert said(agent, "the schema on disk cannot be read")
    assert numbers(mock) == list(range(30))


def test_a_pinned_schema_that_is_another_one_is_never_switched_to(weir, mock, registry):
    registry.start()
    write(weir, 0, 10)
    agent = weir(config(mock, registry))
    agent.wait_records(10)
    agent.stop()
    registry.put(SUBJECT, SCHEMA, id=43, version=1)
    write(weir, 10, 10)
    agent.start()
    held(agent, "another id for the pinned schema: 43, and it was 42")
    registry.put(SUBJECT, OTHER, version=1)
    held(agent, "another text for the pinned schema: it differs at fields[0].type")
    assert numbers(mock) == list(range(10))
    registry.put(SUBJECT, SCHEMA, version=1)
    agent.wait_records(10)
    assert numbers(mock) == list(range(20))


def test_what_is_no_schema_is_held_until_there_is_one(weir, mock, registry):
    registry.start()
    registry.answer = error(40402, "nothing here")
    write(weir, 0, 10)
    agent = weir(config(mock, registry))
    held(agent, "404: nothing here")
    registry.answer = (200, {"subject": SUBJECT, "version": 1, "id": 42, "schema": '"string"'})
    held(agent, "the schema is not")
    registry.answer = None
    agent.wait_records(10)
    assert numbers(mock) == list(range(10))
    assert output(agent.status())["rejected"] == 0


def test_credentials_and_the_next_address(weir, mock, registry):
    registry.start()
    registry.admit(token="sesame")
    (weir.dir / "token").write_text("sesame\n")
    write(weir, 0, 5)
    agent = weir(config(mock, registry, urls=["http://127.0.0.1:1", registry.url + "/"], auth={"token_file": f"{weir.dir}/token"}))
    agent.wait_records(5)
    registry.admit(user="me", password="se:same")
    agent.stop()
    other = weir.make(config(mock, registry, auth={"user": "me", "password": "wrong"}), directory=weir.dir / "other", service=HASTE)
    (weir.dir / "other" / "in.log").write_text('{"n":5}\n')
    other.start()
    held(other, "401: who are you?")
    other.stop()
    assert "wrong" not in other.stderr()


def test_a_registry_behind_tls(weir, mock, registry):
    authority = Authority(weir.dir)
    registry.start(certificate=authority.sign("registry"))
    write(weir, 0, 5)
    agent = weir(config(mock, registry), service=HASTE)
    held(agent, "certificate")
    agent.stop()
    agent = weir(config(mock, registry, tls={"ca": str(authority.path)}))
    agent.wait_records(5)
    assert numbers(mock) == list(range(5))


@pytest.mark.unsanitized  # the client library is not
def test_with_a_real_broker(weir, broker, topic, registry):
    registry.start()
    write(weir, 0, 5000, level="info")
    weir.once(config(broker, registry, topic=topic, brokers=broker.plain))
    messages = sorted(broker.read(topic), key=lambda message: (message.partition, message.offset))
    assert [decode(SCHEMA, message.value)["n"] for message in messages] == list(range(5000))
    assert all(len(message.headers["weir-id"]) == 32 for message in messages)


def test_a_local_file_must_be_what_the_registry_has(weir, mock, registry):
    registry.start()
    avsc = weir.dir / "log.avsc"
    avsc.write_text(json.dumps(json.loads(OTHER), indent=2))
    write(weir, 0, 5)
    agent = weir(config(mock, registry, file=str(avsc)), service=HASTE)
    held(agent, "they differ at fields[0].type")
    agent.stop()
    avsc.write_text(json.dumps(dict(reversed(json.loads(SCHEMA).items())), indent=2))
    agent.start()
    agent.wait_records(5)
    assert numbers(mock) == list(range(5))


def test_a_version_is_looked_up_by_its_text(weir, mock, registry):
    registry.put(SUBJECT, OTHER, id=9)
    registry.start()
    avsc = weir.dir / "log.avsc"
    avsc.write_text(OTHER)
    write(weir, 0, 5)
    options = config(mock, registry, mode="lookup", file=str(avsc))
    del options["pipelines"]["app"]["outputs"][0]["schema"]["version"]
    agent = weir(options)
    agent.wait_records(5)
    assert numbers(mock, id=9, schema=OTHER) == list(range(5))
    assert registry.requests[0][:2] == ("POST", "/subjects/logs-value")
    assert SUBJECT in registry.versions and len(registry.versions[SUBJECT]) == 2  # nothing is registered


def test_a_registry_that_hangs_is_given_up_and_a_stop_does_not_wait_for_it(weir, mock, registry):
    registry.start()
    registry.delay = 3
    write(weir, 0, 5)
    agent = weir(config(mock, registry, timeout="300ms"), service=HASTE)
    held(agent, "cannot be asked")
    begun = time.monotonic()
    agent.stop()
    assert time.monotonic() - begun < 3 * SLOWNESS



def test_the_example_of_the_guide(weir, mock, registry):
    guide = (weir.root / "docs/guide/kafka.md").read_text()
    schema, line, want = re.findall(r"^```json\n(.*?)^```$", guide, re.M | re.S)
    (example,) = [text for text in re.findall(r"^```yaml\n(.*?)^```$", guide, re.M | re.S) if "access-value" in text]
    registry.put("access-value", schema)
    registry.start()
    (weir.dir / "access.log").write_text(line)
    config = example.replace("/var/log/access/*.log", str(weir.dir / "access.log")).replace("kafka-1.example.net:9092", mock.brokers)
    config = config.replace("topic: access", "topic: logs").replace("http://registry-1.example.net:8081", "http://127.0.0.1:1")
    agent = weir(config.replace("http://registry-2.example.net:8081", registry.url))
    agent.wait_records(1)
    (record,) = [decode(schema, message.value) for message in mock.read("logs")]
    assert json.loads(json.dumps(record, default=lambda time: time.isoformat(timespec="microseconds"))) == json.loads(want)
    agent.stop()
    text = weir.cli("validate", "--online", "-c", weir.dir / "weir.yaml", check=True).stdout.replace(str(weir.dir / "weir.yaml"), "weir.yaml")
    assert text.splitlines()[1] in guide


# ---- weir validate -----------------------------------------------------------------------------------------------------


VALIDATED = """service: {{data_dir: {dir}/data}}
pipelines:
  app:
    inputs: [{{type: stdin}}]
    outputs:
      - type: kafka
        brokers: 127.0.0.1:1
        topic: logs
        codec: {codec}
        schema:
          registry: {url}
          subject: logs-value
          {what}
"""


def validate(weir, registry, *args, what="version: 1", codec="avro", status=0):
    path = weir.dir / "weir.yaml"
    path.write_text(VALIDATED.format(dir=weir.dir, url=registry.url, what=what, codec=codec))
    done = weir.cli("validate", "-c", path, *args)
    assert done.returncode == status, done.stdout + done.stderr
    return (done.stdout + done.stderr).replace(str(path), "F")


def test_validate_asks_the_registry(weir, registry):
    assert validate(weir, registry) == "F: ok\n"  # offline nobody is asked
    assert "F:11:21: error: option \"schema.registry\" of output \"kafka\" of pipeline \"app\": the schema registry " in validate(
        weir, registry, "--online", status=2)
    registry.start()
    assert validate(weir, registry, "--online") == (
        "F:12:20: ok: output \"kafka\" of pipeline \"app\": the registry has \"logs-value\" version 1, id 42\nF: ok\n")
    assert "F:13:20: error: option \"schema.version\" of output \"kafka\" of pipeline \"app\": the registry answers 404: Version 2" in validate(
        weir, registry, "--online", what="version: 2", status=2)
    assert json.loads(validate(weir, registry, "--online", "--json", what="version: 2", status=2))[0]["line"] == 13
    assert "rest" in validate(weir, registry, "--online", codec="{type: avro, rest: nothing}", status=2)
    assert len(registry.requests) == 4 and all(method == "GET" for method, *_ in registry.requests)
    assert not (weir.dir / "data").exists()


def test_validate_looks_at_the_file_and_at_what_is_on_disk(weir, mock, registry):
    avsc = weir.dir / "log.avsc"
    what = f"version: 1\n          file: {avsc}"
    assert "F:14:17: error: option \"schema.file\"" in validate(weir, registry, what=what, status=2)  # it is not there
    avsc.write_text('{"type": "record", "name": "Log", "fields": [{"name": "n", "type": "lang"}]}')
    assert 'field "n" has the type "lang", which is not defined' in validate(weir, registry, what=what, status=2)
    registry.start()
    avsc.write_text(SCHEMA)
    assert "log.avsc is compatible with the newest version" in validate(weir, registry, "--online", what=what)
    registry.incompatible = "READER_FIELD_MISSING_DEFAULT_VALUE"
    assert "not compatible: READER_FIELD_MISSING_DEFAULT_VALUE" in validate(weir, registry, "--online", what=what, status=2)
    write(weir, 0, 1)
    agent = weir(config(mock, registry))
    agent.wait_records(1)
    agent.stop()
    registry.stop()
    assert validate(weir, registry, what=what) == (
        "F:12:20: ok: output \"kafka\" of pipeline \"app\": \"logs-value\" version 1, id 42, is on disk\nF: ok\n")
    avsc.write_text(OTHER)
    assert "it is not what version 1 was when it was last seen: they differ at fields[0].type" in validate(
        weir, registry, what=what, status=2)


def test_validate_refuses_the_codec_where_it_has_no_place(weir):
    path = weir.dir / "weir.yaml"
    for row in ("{type: file, path: /tmp/x, codec: avro}", "{type: stdout, codec: avro}", "{type: http, url: http://x, codec: avro}"):
        path.write_text(f"pipelines:\n  app:\n    inputs: [{{type: stdin}}]\n    outputs:\n      - {row}\n")
        done = weir.cli("validate", "-c", path)
        assert done.returncode == 2 and 'cannot be "avro": its records have no end' in done.stderr, done.stderr


@pytest.mark.parametrize("codec, said", [("avro", "So is one with a field that the schema has no place for."),
                                         ("{type: avro, unknown: drop}", "are left out, and counted: they are lost."),
                                         ("{type: avro, rest: attrs}", "are gathered in a map")])
def test_explain_says_what_is_lost(weir, registry, codec, said):
    validate(weir, registry, codec=codec)
    text = " ".join(weir.cli("explain", "-c", weir.dir / "weir.yaml", check=True).stdout.split())
    assert said in text and "Records are held until the schema is there" in text
