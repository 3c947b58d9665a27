# SPDX-License-Identifier: Apache-2.0
"""The output `loki` against a server whose bodies are read by others' protobuf and Snappy, and which, as Loki does, takes the
good part of a request that it answers with 400."""
import functools
import json

import pytest

from harness import loki
from harness.http_sink import Answer
from test_http import RETRY, lines_of, sinks, write  # noqa: F401 (sinks is a fixture)


class Store:
    """Keeps entries by labels; one that is there already is dropped."""

    def __init__(self, sinks, refuse=lambda line: False, before=lambda request: None):
        self.refuse, self.before = refuse, before
        self.streams = {}
        self.sink = sinks(self.answer)
        self.url = f"http://127.0.0.1:{self.sink.port}"

    def answer(self, request):
        assert request.path == "/loki/api/v1/push"
        refused = 0
        said = self.before(request)
        if said:
            return said
        for labels, entries in loki.read(request):
            kept = self.streams.setdefault(json.dumps(labels, sort_keys=True), [])
            for entry in entries:
                if self.refuse(entry[1]):
                    refused += 1
                elif entry not in kept:
                    kept.append(entry)
        return Answer(400, body=f"{refused} entries too far behind".encode()) if refused else 204

    def entries(self, **labels):
        return self.streams[json.dumps(labels, sort_keys=True)]

    def lines(self, **labels):
        return [line for _, line, _ in self.entries(**labels)]


@pytest.fixture
def stores(sinks):  # noqa: F811
    return functools.partial(Store, sinks)


def config(store, filters=(), **output):
    return {"pipelines": {"app": {
        "inputs": [{"type": "tail", "paths": ["${DIR}/in*.log"]}], "filters": list(filters),
        "outputs": [{"type": "loki", "url": store.url, "retry": RETRY, "batch": {"linger": "20ms"}, **output}]}}}


FORMATS = pytest.mark.parametrize("output", [{}, {"format": "json"}, {"format": "json", "compression": "gzip"}],
                                  ids=["protobuf", "json", "json, gzip"])


@FORMATS
def test_lines_and_labels(weir, stores, output):
    store = stores()
    lines = write(weir, ["plain", 'quotes " \\ é \U0001f600', "", "same", "same", "same", "tab\t\x01", "x" * 100000, *lines_of(20000)])
    weir.once(config(store, labels={"job": "test", "host": 'h"1\\'}, **output))
    assert list(store.streams) == [json.dumps({"host": 'h"1\\', "job": "test"})]
    entries = store.entries(job="test", host='h"1\\')
    assert [line for _, line, _ in entries] == lines
    assert [time for time, _, _ in entries] == sorted(time for time, _, _ in entries)


@FORMATS
def test_times_labels_and_metadata_from_records(weir, stores, output):
    store = stores()
    records = [
        {"app": "web", "level": "error", "time": "2026-03-01T10:00:00.123456789Z", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
         "span_id": "00f067aa0ba902b7", "message": "one"},
        {"app": "db", "message": "two", "time": "1969-12-31T23:59:59.5Z"},
        {"app": "web", "message": "three", "time": "2026-03-01T10:00:01Z"},
        {"message": "four", "time": "1970-01-01T00:00:00Z"}]
    write(weir, [json.dumps(record) for record in records])
    weir.once(config(store, [{"type": "parse", "format": "json", "time": {"field": "time", "format": "rfc3339"}, "severity": "level"},
                             {"type": "trace"}], labels={"app": "$${app}", "env": "prod"}, **output))
    (first, third), (second,), (fourth,) = (store.entries(**labels) for labels in (
        {"app": "web", "env": "prod"}, {"app": "db", "env": "prod"}, {"env": "prod"}))
    assert first[0] == 1772359200123456789 and "one" in first[1]
    assert first[2] == {"trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7", "level": "ERROR"}
    assert second[0] == -500000000 and third[0] == 1772359201000000000 and fourth[0] == 0
    assert second[2] == third[2] == {}


def test_without_metadata(weir, stores):
    store = stores()
    write(weir, ['{"trace_id":"4bf92f3577b34da6a3ce929d0e0e4736","span_id":"00f067aa0ba902b7"}'])
    weir.once(config(store, [{"type": "parse", "format": "json"}, {"type": "trace"}], metadata=False))
    assert store.entries(job="weir")[0][2] == {}


def test_htp_09_what_is_refused_for_good_is_rejected_and_nothing_else(weir, stores):
    store = stores(refuse=lambda line: line.startswith("old"))
    lines = lines_of(2000)
    write(weir, [*lines[:700], "old 1", *lines[700:1500], "old 2", *lines[1500:]])
    agent = weir(config(store))
    agent.wait_records(2002)
    assert agent.ledger()["delivered"] == 2000
    assert sorted(store.lines(job="weir")) == sorted(lines)
    assert "too far behind" in agent.stderr()


def test_260_is_no_success(weir, stores):
    store = stores(before=lambda request: 260 if request.index < 2 else None)
    lines = write(weir, lines_of(10))
    weir.once(config(store))
    assert store.lines(job="weir") == lines and len(store.sink.requests) == 3


def test_htp_22_what_was_stored_without_an_answer_is_stored_once(weir, stores):
    store = stores()
    answer = store.sink.answer
    store.sink.answer = lambda request: answer(request) and Answer(cut="before") if request.index % 3 == 0 else answer(request)
    lines = write(weir, lines_of(5000))
    weir.once(config(store, batch={"max_bytes": "32KiB"}))
    assert store.lines(job="weir") == lines


def test_labels_are_bounded(weir, stores):
    store = stores()
    write(weir, [json.dumps({"id": n, "message": f"m{n}"}) for n in range(100)])
    agent = weir(config(store, [{"type": "parse", "format": "json"}], labels={"id": "$${id}", "job": "weir"}, max_streams=10))
    agent.wait_records(100)
    assert len(store.streams) == 11
    assert len(store.lines(job="weir")) == 90
    assert agent.metrics().value("weir_loki_max_streams_records_total") == 90
    assert "max_streams" in agent.stderr()


@pytest.mark.parametrize("output, said", [
    ({"labels": {"a.b": "x"}}, "no name of a label"), ({"labels": {"a": "$${x"}}, "a:"),
    ({"labels": {f"l{n}": "x" for n in range(16)}}, "more than 15"), ({"compression": "gzip"}, "by snappy already"),
])
def test_wrong_configurations_are_told(weir, stores, output, said):
    agent = weir.make(config(stores(), **output))
    done = weir.cli("validate", "-c", agent.config_path, env=agent.env)
    assert done.returncode == 2 and said in done.stderr, done.stderr
