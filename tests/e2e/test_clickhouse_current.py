# SPDX-License-Identifier: Apache-2.0
"""The output `clickhouse` against today's ClickHouse engine: what Debian's server is too old for. Runs in tests/long.sh."""
import json
import re
import urllib.request

import pytest

from harness.clickhouse import CurrentClickHouse
from harness.fetched import or_skip
from harness.http_sink import Answer
from test_clickhouse import JSON, config
from test_http import is_paused, sinks, write  # noqa: F401 (sinks is a fixture)

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with or_skip("today's ClickHouse"):
        made = CurrentClickHouse(tmp_path_factory.mktemp("clickhouse"))
    yield made
    made.stop()


@pytest.fixture
def table(server, request):
    name = re.sub(r"\W", "_", request.node.name)
    yield name
    server.query(f"DROP TABLE IF EXISTS {name}")


def create(server, table, columns, settings="", order="tuple()"):
    server.query(f"CREATE TABLE {table} ({columns}) ENGINE = MergeTree ORDER BY {order} {settings}")


COLUMNS = """message String, n Int64, u UInt64, f Float64, b Bool, none Nullable(String), timestamp DateTime64(9, 'UTC'),
    severity LowCardinality(String), trace_id FixedString(32), span_id String, tags Map(String, String), list Array(Int64),
    deep Array(Array(String)), o JSON, raw String, pair Tuple(a Int64, b String), id FixedString(32)"""
FILTERS = [{"type": "parse", "format": "json", "time": {"field": "at", "format": "rfc3339", "keep": False}, "severity": "level"},
           {"type": "trace"}]


def record_of(n):
    return {"message": f"m{n} \"q\" \\ / é \U0001f600 \t\n\r\b\f\x01\x7f\u2028", "n": n - 1000, "u": 2**64 - 1 - n, "f": n / 8 - 100, "b": n % 2 == 0,
            "none": None, "at": f"2026-03-01T10:00:00.{n:09d}Z", "level": "error", "trace_id": f"{n + 1:032x}", "span_id": f"{n + 1:016x}",
            "tags": {"k e\"y": "v\\é", "n": str(n)}, "list": [n, -n], "deep": [["a", "\""], []], "unknown": {"a": [n]},
            "o": {"a": {"b": [1, None, {"c": "d\U0001f600"}]}, "f": 1.5, "s": "\"x\""}, "raw": {"x": [1, {"y": "z"}]}, "pair": {"a": n, "b": "é"}}


def row_of(n):
    """How the engine writes the same."""
    row = record_of(n)
    del row["unknown"], row["level"], row["at"]
    return {**row, "timestamp": f"2026-03-01 10:00:00.{n:09d}", "severity": "ERROR", "raw": '{"x": [1, {"y": "z"}]}'}


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
@pytest.mark.parametrize("ascii_only", [False, True], ids=["utf-8", "escaped"])
def test_rows_of_all_types(weir, server, table, compression, ascii_only):
    create(server, table, COLUMNS)
    write(weir, [json.dumps(record_of(n), ensure_ascii=ascii_only) for n in range(10000)])
    weir.once(config(server.url, f"default.{table}", FILTERS, compression=compression, batch={"max_bytes": "256KiB"},
                     codec={"type": "json", "time_key": "timestamp", "record_id_key": "id"}))
    rows = server.query(f"SELECT * FROM {table} ORDER BY n FORMAT JSONEachRow "
                        "SETTINGS output_format_json_quote_64bit_integers = 0, output_format_json_named_tuples_as_objects = 1")
    assert len({row.pop("id") for row in rows}) == 10000
    assert rows == [row_of(n) for n in range(10000)]


def test_what_is_sent_twice_is_stored_once(weir, server, table, sinks):
    """The server stores, and its answers are lost."""
    create(server, table, "message String", "SETTINGS non_replicated_deduplication_window = 1000")

    def answer(request):
        again = urllib.request.Request(f"{server.url}{request.path}", data=request.coded)
        assert urllib.request.urlopen(again, timeout=20).status == 200
        return Answer(cut="before") if request.index % 2 == 0 else 200
    sink = sinks(answer)
    lines = write(weir, [f"line {n}" for n in range(5000)])
    weir.once(config(sink.url.removesuffix("/in"), table, batch={"max_bytes": "16KiB"}))
    stored = [row["message"] for row in server.query(f"SELECT message FROM {table} FORMAT JSONEachRow")]
    assert sorted(stored) == sorted(lines) and len(sink.requests) > 1.5 * len({request.key for request in sink.requests})


# A column's type, what cannot be read into it.
FAULTS = [("Int64", "word"), ("Int64", 1.5), ("Int64", {"a": 1}), ("UInt64", -1), ("Float64", "word"), ("Bool", "word"), ("UUID", "word"),
          ("IPv4", "999.1.1.1"), ("IPv6", "word"), ("DateTime64(9)", "word"), ("DateTime64(9)", "1600-01-01T00:00:00Z"), ("Date", "word"),
          ("Enum8('a' = 1)", "b"), ("Decimal(9, 2)", 12345678901.5), ("FixedString(2)", "long"), ("Array(Int64)", 5), ("Array(Int64)", [1, "x"]),
          ("Map(String, Int64)", {"a": "x"}), ("Tuple(a Int64)", 5), ("JSON", 5), ("JSON", [1])]


@pytest.mark.parametrize("kind, value", FAULTS, ids=lambda value: re.sub(r"\W+", "_", str(value)))
def test_htp_08_a_row_that_the_server_cannot_read(weir, server, table, kind, value):
    create(server, table, f"n Int64, c {kind}")
    rows = [{"n": n} for n in range(300)]
    rows[123]["c"] = value
    write(weir, [json.dumps(row) for row in rows])
    agent = weir(config(server.url, table, JSON))
    agent.wait_records(300, limit=30)
    assert agent.ledger()["delivered"] == 299
    found = server.query(f"SELECT n FROM {table} ORDER BY n FORMAT JSONEachRow")
    assert [int(row["n"]) for row in found] == [n for n in range(300) if n != 123]


def test_a_row_against_a_constraint(weir, server, table):
    create(server, table, "n Int64, CONSTRAINT small CHECK n < 250")
    write(weir, [json.dumps({"n": n}) for n in range(260)])
    agent = weir(config(server.url, table, JSON))
    agent.wait_records(260, limit=30)
    assert agent.ledger()["delivered"] == 250


def test_rows_of_more_partitions_than_an_insert_may_have(weir, server, table):
    create(server, table, "n Int64", "PARTITION BY n")
    write(weir, [json.dumps({"n": n}) for n in range(350)])
    weir.once(config(server.url, table, JSON))
    assert sorted(int(row["n"]) for row in server.query(f"SELECT n FROM {table} FORMAT JSONEachRow")) == list(range(350))


@pytest.mark.parametrize("name, output, said", [("nowhere", {}, "Code: 60"), ("nowhere.logs", {}, "Code: 81"),
                                                ("nowhere", {"settings": {"no_such_setting": 1}}, "Code: 115")])
def test_htp_03_what_is_missing_is_waited_for(weir, server, name, output, said):
    write(weir, ["a"])
    agent = weir(config(server.url, name, **output), service={"shutdown_timeout": "200ms"})
    agent.allow_errors("requests are refused")
    agent.wait_for(lambda status: is_paused(status) and said in str(status), what="the reason to be shown")


def test_async_inserts(weir, server, table):
    create(server, table, "message String")
    lines = write(weir, [f"line {n}" for n in range(1000)])
    weir.once(config(server.url, table, settings={"async_insert": 1, "wait_for_async_insert": 1}))
    assert sorted(row["message"] for row in server.query(f"SELECT message FROM {table} FORMAT JSONEachRow")) == sorted(lines)
