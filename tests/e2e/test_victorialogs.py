# SPDX-License-Identifier: Apache-2.0
"""A store of logs that speaks the languages of four outputs, and what it then has. Runs in tests/long.sh."""
import json
import re

import pytest

from harness.fetched import or_skip
from harness.under_load import stop_and_start
from harness.victorialogs import VictoriaLogs
from test_http import RETRY, write

pytestmark = pytest.mark.long
COUNT = 3000


@pytest.fixture
def server(tmp_path):
    with or_skip("VictoriaLogs"):
        made = VictoriaLogs(tmp_path)
    made.start()
    yield made
    made.stop()


LOKI = {"type": "loki", "path": "/insert/loki/api/v1/push", "labels": {"app": "$${app}", "env": "a\"b\\é"}}
OUTPUTS = {
    "loki": LOKI,
    "loki, json": {**LOKI, "format": "json"},
    "loki, json, gzip": {**LOKI, "format": "json", "compression": "gzip"},
    "elasticsearch": {"type": "elasticsearch", "path": "/insert/elasticsearch/_bulk?_msg_field=message&_time_field=@timestamp", "index": "logs"},
    "elasticsearch, gzip": {"type": "elasticsearch", "path": "/insert/elasticsearch/_bulk?_msg_field=message&_time_field=@timestamp",
                            "index": "logs", "compression": "gzip"},
    "otlp": {"type": "otlp", "path": "/insert/opentelemetry/v1/logs"},
    "otlp, zstd": {"type": "otlp", "path": "/insert/opentelemetry/v1/logs", "compression": "zstd"},
    "http": {"type": "http", "path": "/insert/jsonline?_msg_field=message&_time_field=time"},
    "http, zstd": {"type": "http", "path": "/insert/jsonline?_msg_field=message&_time_field=time", "compression": "zstd"},
}
EACH = pytest.mark.parametrize("output", [pytest.param(OUTPUTS[name], id=name) for name in OUTPUTS])


def config(server, output, filters=()):
    output = {"retry": RETRY, "batch": {"linger": "20ms", "max_bytes": "128KiB"}, **output}
    path = output.pop("path")
    return {"pipelines": {"app": {"inputs": [{"type": "tail", "paths": ["${DIR}/in*.log"]}], "filters": list(filters),
                                  "outputs": [{**output, "url": server.url + path}]}}}


FILTERS = [{"type": "parse", "format": "json", "time": {"field": "at", "format": "rfc3339", "keep": False}, "severity": "level"},
           {"type": "trace"}]


def record_of(n):
    return {"message": f"m{n} \"q\" \\ / é \U0001f600 \t\b\f\x01\x7f\u2028\u0085", "n": n - 1000, "least": -2**63, "f": n / 8 - 100, "yes": True,
            "no": False, "o": {"a": {"b": [1, None, "x\ty\U0001f600"]}, "c \u00e9\"": "v"}, "l": [[1], "two"], "app": f"app \"{n % 3}\"\\"}


def stored_of(n, kind):
    """The same as it is stored: texts, and nested objects by the names of their paths; of Loki's, line, labels and metadata alone."""
    record = record_of(n)
    ids = {"_time": f"2026-03-01T10:00:00.{n + 1:09d}".rstrip("0") + "Z", "trace_id": f"{n + 1:032x}", "span_id": f"{n + 1:016x}", "_msg": record["message"]}
    if kind == "loki":
        return {**ids, "app": record["app"], "env": LOKI["labels"]["env"], "level": "ERROR"}
    named = {"otlp": "severity_text"}.get(kind, "severity")
    return {**ids, "n": str(n - 1000), "least": str(-2**63), "f": f"{n / 8 - 100:g}", "yes": "true", "no": "false", "app": record["app"],
            "o.a.b": record["o"]["a"]["b"], "o.c \u00e9\"": "v", "l": "[[1],\"two\"]", "level": "error", named: "ERROR"}


@EACH
def test_records_of_all_types(weir, server, output):
    lines = [{**record_of(n), "level": "error", "at": f"2026-03-01T10:00:00.{n + 1:09d}Z", "trace_id": f"{n + 1:032x}", "span_id": f"{n + 1:016x}"}
             for n in range(COUNT)]
    write(weir, [json.dumps(line, ensure_ascii=n % 2 == 0) for n, line in enumerate(lines)])
    weir.once(config(server, output, FILTERS))
    found = sorted(server.query(), key=lambda row: row["trace_id"])
    assert len(found) == COUNT
    for n, row in enumerate(found):
        wanted = stored_of(n, output["type"])
        if "o.a.b" in row:
            row["o.a.b"] = json.loads(row["o.a.b"])
        assert {name: row.get(name) for name in wanted} == wanted
        beside = {name for name in row if name not in wanted}
        assert all(re.match(r"_stream|log\.|host\.|scope\.|severity_number", name) for name in beside), beside
    if output["type"] == "loki":
        assert {row["_stream"] for row in found} == {
            f"{{app={json.dumps(f'app {chr(34)}{k}{chr(34)}{chr(92)}')},env={json.dumps(LOKI['labels']['env'], ensure_ascii=False)}}}" for k in range(3)}


@EACH
def test_it_is_stopped_and_started_under_load(weir, server, output):
    agent = weir(config(server, output))
    written = stop_and_start(agent, weir.dir / "in.log", server, rounds=3)
    agent.stop()
    found = [row["_msg"] for row in server.query()]
    assert set(found) == set(written)
    print(f"{len(written)} lines, {len(found) - len(written)} of them twice")
