# SPDX-License-Identifier: Apache-2.0
"""The output `otlp`: what it sends, read by another protobuf, and what a partial success leads to."""
import json
import threading

import pytest

from harness import otlp
from harness.http_sink import Answer, script
from test_http import RETRY, lines_of, sinks, write  # noqa: F401 (sinks is a fixture)


def config(sink, filters=(), **output):
    return {"pipelines": {"app": {
        "inputs": [{"type": "tail", "paths": ["${DIR}/in*.log"]}], "filters": list(filters),
        "outputs": [{"type": "otlp", "url": sink.url.removesuffix("/in"), "retry": RETRY, "batch": {"linger": "20ms"}, **output}]}}}


FORMATS = pytest.mark.parametrize("format", ["protobuf", "json"])


def records(sink):
    return [record for request in sink.accepted() for record in otlp.read(request)[1]]


@pytest.mark.parametrize("format, compression", [("protobuf", "none"), ("protobuf", "gzip"), ("json", "gzip")])
def test_lines_their_source_and_resource(weir, sinks, format, compression):
    sink = sinks()
    lines = write(weir, ["plain", 'quotes " \\ é \U0001f600', "", "x" * 100000, *lines_of(20000 if format == "protobuf" else 2000)])
    weir.once(config(sink, resource={"service.name": "shop", "host.name": "h1"}, compression=compression, format=format))
    found = records(sink)
    assert [record.body.string for record in found] == lines
    resource, _ = otlp.read(sink.requests[0])
    assert resource["service.name"] == "shop" and resource["host.name"] == "h1" and sink.requests[0].path == "/v1/logs"
    ids = set()
    for record in found:
        attributes = otlp.attributes_of(record.attributes)
        ids.add(attributes.pop("log.record.uid"))
        assert list(attributes) == ["log.file.path"] and attributes["log.file.path"].endswith("/in.log")
        assert record.observed > 1e18 and record.time == 0 and not record.trace_id
    assert len(ids) == len(lines)


@FORMATS
def test_values_of_all_types(weir, sinks, format):
    sink = sinks()
    record = {"message": "m", "i": -7, "least": -2**63, "most": 2**63 - 1, "f": 1.5, "big": 2**64, "yes": True, "no": False, "null": None, "empty": "",
              "s": "a\n\"b\" \u00e9\U0001f600", "o": {"a": [1, {"b": [None, False, "x\ty", -0.5, []]}], "e": {}, "k\u00e9\"": "v"}, "l": [[1], "two"]}
    more = {"time": "2026-03-01T10:00:00.123456789Z", "level": "error", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
            "span_id": "00f067aa0ba902b7"}
    write(weir, [json.dumps({**record, **more}), json.dumps({"message": {"a": 1}}), '{"n":1}'])
    weir.once(config(sink, [{"type": "parse", "format": "json", "time": {"field": "time", "format": "rfc3339"}, "severity": "level"},
                            {"type": "trace"}], format=format))
    one, structured, bare = records(sink)
    attributes = otlp.attributes_of(one.attributes)
    assert {name: attributes[name] for name in record if name != "message"} == {name: v for name, v in record.items() if name != "message"}
    assert isinstance(attributes["i"], int) and isinstance(attributes["f"], float) and isinstance(attributes["yes"], bool)
    assert one.body.string == "m" and one.time == 1772359200123456789 and one.severity == 17 and one.severity_text == "ERROR"
    assert one.trace_id.hex() == more["trace_id"] and one.span_id.hex() == more["span_id"]
    assert otlp.value_of(structured.body) == {"a": 1} and not bare.HasField("body")


@FORMATS
def test_names_are_unique(weir, sinks, format):
    sink = sinks()
    own = {"log.record.uid": "mine", "log.file.path": "/mine"}
    write(weir, [json.dumps({"message": "m", **own}), '{"a":1,"a":2,"o":{"a":1,"a":2}}'])
    weir.once(config(sink, [{"type": "parse", "format": "json"}], format=format))
    one, two = (otlp.attributes_of(record.attributes) for record in records(sink))  # which looks at the names
    assert one == own and two["a"] == 2 and two["o"] == {"a": 2}


@FORMATS
def test_each_record_has_the_source_of_its_own_stream(weir, sinks, format):
    sink = sinks()
    own = {"log.file.path": "/mine"}
    for name in "abc":
        lines = [json.dumps({"message": f"{name} {n}", **(own if n % 3 == 0 else {})}) for n in range(200)]
        (weir.dir / f"in-{name}.log").write_text("".join(line + "\n" for line in lines))
    weir.once(config(sink, [{"type": "parse", "format": "json"}], format=format, batch={"max_bytes": "4KiB"}))
    found = {record.body.string: otlp.attributes_of(record.attributes)["log.file.path"] for record in records(sink)}
    assert found == {f"{name} {n}": "/mine" if n % 3 == 0 else f"{weir.dir}/in-{name}.log" for name in "abc" for n in range(200)}


@FORMATS
def test_bytes_that_are_no_text(weir, sinks, format):
    sink = sinks()
    (weir.dir / "in.log").write_bytes(b"a\xff\xfeb\nok\n\x00\x1f\x7f\n")
    weir.once(config(sink, format=format))
    assert [record.body.string for record in records(sink)] == ["a\ufffd\ufffdb", "ok", "\x00\x1f\x7f"]


def test_a_number_that_no_double_holds(weir, sinks):
    sink = sinks()
    write(weir, ['{"n":1e999,"m":-1e999}'])
    weir.once(config(sink, [{"type": "parse", "format": "json"}], format="json"))
    (one,) = records(sink)
    attributes = otlp.attributes_of(one.attributes)
    assert attributes["n"] == float("inf") and attributes["m"] == float("-inf")


def test_both_forms_say_the_same(weir, sinks):
    """The same records with the same ids, sent to two receivers."""
    protobuf, in_json = sinks(), sinks()
    write(weir, [json.dumps({"message": f"m{i}", "n": i, "o": {"a": [i, None, "x"]}, "trace_id": f"{i + 1:032x}"}) for i in range(1000)])
    both = config(protobuf, [{"type": "parse", "format": "json"}, {"type": "trace"}])
    both["pipelines"]["app"]["outputs"] += config(in_json, format="json")["pipelines"]["app"]["outputs"]
    weir.once(both)
    assert records(protobuf) == records(in_json) and len(records(protobuf)) == 1000


def partial(rejected, message, format="protobuf"):
    """The answer that so many records were rejected."""
    if format == "json":
        return Answer(200, {"Content-Type": "application/json"},
                      json.dumps({"partialSuccess": {"rejectedLogRecords": str(rejected), "errorMessage": message}}).encode())
    said = otlp.Response()
    said.partial.rejected, said.partial.message = rejected, message
    return Answer(200, body=said.SerializeToString())


def account(agent, output):
    return next(one["ledger"] for one in agent.pipeline()["outputs"] if one["id"] == output)


@FORMATS
@pytest.mark.parametrize("rejected, lost", [(2, 2), (10, 10), (99, 10)], ids=["some", "all", "more"])
def test_htp_07_a_partial_success_is_counted_told_and_not_sent_again(weir, sinks, format, rejected, lost):
    sink = sinks(script(partial(rejected, "bad \u00e9 ones", format), 200))
    lines = write(weir, lines_of(10))
    agent = weir(config(sink, format=format))
    agent.wait_records(10)
    write(weir, ["and on"], "in2.log")
    agent.wait_records(11)
    assert [otlp.messages(request) for request in sink.requests] == [lines, ["and on"]]
    for ledger in (agent.ledger(), account(agent, "otlp")):
        assert (ledger["delivered"], ledger["dropped"]["rejected"], ledger["dead_lettered"]) == (11 - lost, lost, 0)
    assert agent.metrics().value("weir_rejected_records_total") == lost
    assert not (agent.data_dir / "dead_letters").exists()  # nobody knows which they were
    (said,) = [m for m in agent.messages() if "records dropped" in m["message"]]
    assert said["records"] == lost and said["why"] == "bad \u00e9 ones"


@FORMATS
def test_htp_07_words_without_a_rejection_are_a_warning(weir, sinks, format):
    sink = sinks(partial(0, "slow down", format))
    write(weir, lines_of(10))
    agent = weir.once(config(sink, format=format))
    assert len(sink.requests) == 1 and agent.stderr().count("slow down") == 1
    assert not [m for m in agent.messages() if "records dropped" in m["message"]]


def test_htp_07_a_receiver_that_always_rejects_is_not_asked_again(weir, sinks):
    """By the specification nothing is sent again, so it is no reason to hold."""
    sink = sinks(lambda request: partial(len(otlp.messages(request)), "all of them"))
    lines = write(weir, lines_of(1000))
    agent = weir(config(sink, batch={"max_records": 50, "linger": "20ms"}))
    agent.wait_records(1000)
    assert [message for request in sink.requests for message in otlp.messages(request)] == lines
    assert agent.ledger()["dropped"]["rejected"] == 1000


def test_htp_07_with_several_outputs_a_record_counts_once(weir, sinks):
    """One rejects some without a name, one parks what it does not take, and one is away while the rest goes to disk and comes back."""
    nameless = sinks(lambda request: partial(3, "bad ones"))
    strict = sinks(lambda request: 400 if b"n=7 " in request.body else 200)
    back = threading.Event()
    away = sinks(lambda request: 200 if back.is_set() else 503)
    lines = write(weir, [line + 100 * "y" for line in lines_of(20000)])
    made = config(nameless, batch={"max_records": 1000, "linger": "20ms"})
    pipeline = made["pipelines"]["app"]
    pipeline["buffer"] = {"memory": "2MiB", "disk": "64MiB"}
    pipeline["outputs"] += [
        {"type": "http", "id": name, "url": sink.url, "retry": RETRY, "batch": {"linger": "20ms"}} for name, sink in (("strict", strict), ("away", away))]
    agent = weir(made)
    agent.wait_for(lambda status: agent.ledger()["read"] == 20000 and account(agent, "otlp")["held"] + account(agent, "strict")["held"] == 0)
    assert agent.ledger()["held"] == 20000 and agent.metrics().value("weir_buffer_disk_bytes") > 1e6
    back.set()
    agent.wait_records(20000)
    lost = sum(min(3, len(otlp.messages(request))) for request in nameless.requests)
    assert (account(agent, "otlp")["dropped"]["rejected"], account(agent, "otlp")["delivered"]) == (lost, 20000 - lost)
    assert (account(agent, "strict")["dead_lettered"], account(agent, "strict")["delivered"]) == (1, 19999)
    assert account(agent, "away")["delivered"] == 20000 and away.messages() == lines
    ledger = agent.ledger()
    assert (ledger["dropped"]["rejected"], ledger["dead_lettered"], ledger["delivered"]) == (lost, 1, 20000 - lost - 1)


def test_htp_04_a_400_that_means_too_large(weir, sinks):
    """As the Collector says it. Later bodies are smaller, so that the service is not asked again and again."""
    sink = sinks(lambda request: Answer(400, body=b"\x12\x1chttp: request body too large") if len(request.body) > 20000 else 200)
    lines = write(weir, lines_of(5000))
    agent = weir.once(config(sink, batch={"max_bytes": "256KiB"}))
    assert [message for request in sink.accepted() for message in otlp.messages(request)] == lines
    assert "the service takes smaller bodies than that" in agent.stderr() and len(sink.requests) - len(sink.accepted()) < 12


@pytest.mark.parametrize("body", [b"\x0a", b"\x0a\xff\xff\xff\xff\x0f", b"<html>", b"\x00" * 100, b"\x0a\x02\x08\x02"],
                         ids=["cut", "length", "html", "nothing", "count"])
def test_htp_06_an_answer_that_cannot_be_understood(weir, sinks, body):
    sink = sinks(Answer(200, body=body))
    write(weir, lines_of(10))
    weir.once(config(sink))
    assert len(sink.requests) == 1
