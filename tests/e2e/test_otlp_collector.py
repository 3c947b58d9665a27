# SPDX-License-Identifier: Apache-2.0
"""The output `otlp` against the OpenTelemetry Collector: what it writes down is what was in the log. Runs in tests/long.sh."""
import json
import re

import pytest

from harness.collector import Collector
from harness.fetched import or_skip
from harness.under_load import stop_and_start
from test_http import RETRY, lines_of, write

pytestmark = pytest.mark.long
BODY_MAX = 256 << 10


@pytest.fixture
def collector(tmp_path):
    with or_skip("the OpenTelemetry Collector"):
        made = Collector(tmp_path, body_max=BODY_MAX)
    made.start()
    yield made
    made.stop()


def config(collector, filters=(), **output):
    return {"pipelines": {"app": {
        "inputs": [{"type": "tail", "paths": ["${DIR}/in*.log"]}], "filters": list(filters),
        "outputs": [{"type": "otlp", "url": collector.url, "retry": RETRY, "batch": {"linger": "20ms", "max_bytes": "128KiB"}, **output}]}}}


FILTERS = [{"type": "parse", "format": "json", "time": {"field": "at", "format": "rfc3339", "keep": False}, "severity": "level"},
           {"type": "trace"}]


def record_of(n):
    return {"message": f"m{n} \"q\" \\ / é \U0001f600 \t\n\r\b\f\x01\x7f\u2028\x00", "i": n - 1000, "least": -2**63, "most": 2**63 - 1, "f": n / 8 - 100,
            "small": 5e-324, "large": 1.7976931348623157e308, "big": 2**64, "yes": True, "no": False, "null": None, "empty": "", "k \u00e9\"\n": "v",
            "o": {"a": [1, {"b": [None, False, "x\ty", -0.5, []]}], "e": {}, "k": {"k": {"k": "\U0001f600"}}}, "l": [[1], "two"], "level": "error"}


def log_line(n, ascii_only=False):
    times = {"at": f"2026-03-01T10:00:00.{n + 1:09d}Z", "trace_id": f"{n + 1:032x}", "span_id": f"{n + 1:016x}"}
    return json.dumps({**record_of(n), **times}, ensure_ascii=ascii_only)


@pytest.mark.parametrize("format", ["protobuf", "json"])
@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_records_of_all_types(weir, collector, format, compression):
    write(weir, [log_line(n, n % 2 == 0) for n in range(5000)])
    weir.once(config(collector, FILTERS, format=format, compression=compression, resource={"service.name": "shop", "k\"é": "v\"é"}))
    found = sorted(collector.records(), key=lambda record: record["attributes"]["i"])
    assert len(found) == len({record["attributes"].pop("log.record.uid") for record in found}) == 5000
    for n, record in enumerate(found):
        wanted = record_of(n)
        assert record["attributes"].pop("log.file.path").endswith("/in.log")
        assert record["body"] == wanted.pop("message")
        assert {**record["attributes"], "trace_id": 0, "span_id": 0} == {**wanted, "trace_id": 0, "span_id": 0}
        assert int(record["timeUnixNano"]) == 1772359200 * 10**9 + n + 1 and int(record["observedTimeUnixNano"]) > 1.7e18
        assert record["severityNumber"] == 17 and record["severityText"] == "ERROR"
        assert record["traceId"] == f"{n + 1:032x}" and record["spanId"] == f"{n + 1:016x}"
        assert record["resource"]["service.name"] == "shop" and record["resource"]["k\"é"] == "v\"é"


@pytest.mark.parametrize("format", ["protobuf", "json"])
def test_bytes_of_all_values_and_bodies_that_are_no_text(weir, collector, format):
    every = [bytes([first, second]) for first in range(256) for second in (0, 0x41, 0x80, 0xbf, 0xff) if b"\n" not in bytes([first, second])]
    (weir.dir / "in.log").write_bytes(b"".join(b"b" + pair + b"e\n" for pair in every))
    (weir.dir / "in2.log").write_text('{"message":{"a":[1,null]}}\n{"n":1}\n{"message":null}\n{"message":1.5}\n{}\n')
    weir.once(config(collector, [{"type": "parse", "format": "json"}], format=format))
    found = collector.records()

    def told(line):
        """Each byte that is of no character is told as U+FFFD."""
        return re.sub("[\udc80-\udcff]", "\ufffd", line.decode(errors="surrogateescape")).rstrip("\r")
    texts = [record["body"] for record in found if record["attributes"]["log.file.path"].endswith("/in.log")]
    assert texts == [told(b"b" + pair + b"e") for pair in every]
    others = [record["body"] for record in found if record["attributes"]["log.file.path"].endswith("/in2.log")]
    assert others == [{"a": [1, None]}, None, None, 1.5, None]


@pytest.mark.parametrize("format", ["protobuf", "json"])
def test_it_is_stopped_and_started_under_load(weir, collector, format):
    """A collector that is told to stop finishes what it has said yes to; what it has not is sent again."""
    agent = weir(config(collector, format=format, compression="gzip"))
    written = stop_and_start(agent, weir.dir / "in.log", collector)
    agent.stop()
    ids = {}
    for record in collector.records():
        ids.setdefault(record["attributes"]["log.record.uid"], []).append(record["body"])
    assert all(len(set(bodies)) == 1 for bodies in ids.values())
    assert [bodies[0] for bodies in ids.values()] == written
    print(f"{len(written)} lines, {sum(map(len, ids.values())) - len(written)} of them twice")


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_htp_04_bodies_larger_than_it_takes(weir, collector, compression):
    """It takes 256 KiB, by what is sent and by what comes out; of a record that is larger alone there is no way."""
    lines = write(weir, [*lines_of(20000), "x" * BODY_MAX, *lines_of(20000, stream=1)])
    agent = weir(config(collector, compression=compression, batch={"max_bytes": "4MiB", "linger": "20ms"}))
    agent.wait_records(40001, limit=60)
    assert agent.ledger()["delivered"] == 40000
    agent.stop()
    assert sorted(record["body"] for record in collector.records()) == sorted(line for line in lines if len(line) < BODY_MAX)
