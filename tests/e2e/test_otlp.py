# SPDX-License-Identifier: Apache-2.0
"""The output `otlp`: what it sends, read by another protobuf, and what a partial success leads to."""
import json

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


def test_htp_07_a_partial_success_is_told_and_not_sent_again(weir, sinks):
    said = otlp.Response()
    said.partial.rejected, said.partial.message = 2, "bad ones"
    sink = sinks(script(Answer(200, body=said.SerializeToString()), 200))
    lines = write(weir, lines_of(10))
    agent = weir(config(sink))
    agent.wait_records(10)
    assert len(sink.requests) == 1 and otlp.messages(sink.requests[0]) == lines
    assert agent.metrics().value("weir_otlp_rejected_records_total") == 2
    assert "bad ones" in agent.stderr()


@pytest.mark.parametrize("body", [b"\x0a", b"\x0a\xff\xff\xff\xff\x0f", b"<html>", b"\x00" * 100, b"\x0a\x02\x08\x02"],
                         ids=["cut", "length", "html", "nothing", "count"])
def test_htp_06_an_answer_that_cannot_be_understood(weir, sinks, body):
    sink = sinks(Answer(200, body=body))
    write(weir, lines_of(10))
    weir.once(config(sink))
    assert len(sink.requests) == 1
