# SPDX-License-Identifier: Apache-2.0
"""The output `clickhouse`, against a real server where that can be, and against one that answers as newer servers do."""
import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from harness.clickhouse import ClickHouse
from harness.http_sink import Answer, script
from test_http import RETRY, is_paused, lines_of, sinks, write  # noqa: F401 (sinks is a fixture)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if not ClickHouse.program():
        pytest.skip("clickhouse-server is not installed")
    made = ClickHouse(tmp_path_factory.mktemp("clickhouse"))
    yield made
    made.stop()


@pytest.fixture
def table(server, request):
    name = re.sub(r"\W", "_", request.node.name)
    yield name
    server.query(f"DROP TABLE IF EXISTS {name}")


def config(url, table, filters=(), **output):
    return {"pipelines": {"app": {
        "inputs": [{"type": "tail", "paths": ["${DIR}/in*.log"]}], "filters": list(filters),
        "outputs": [{"type": "clickhouse", "url": url, "table": table, "retry": RETRY, "batch": {"linger": "20ms"}, **output}]}}}


JSON = [{"type": "parse", "format": "json"}]
OLD = {"deduplicate": False}  # the server of Debian does not know the token


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_rows_of_all_types(weir, server, table, compression):
    server.query(f"CREATE TABLE {table} (message String, n Int64, f Float64, b UInt8, id String) ENGINE = MergeTree ORDER BY n")
    records = [{"message": f"m{n} \"q\" \\ é \U0001f600\n\t", "n": n - 1000, "f": n / 4, "b": n % 2, "unknown": {"a": [n]}}
               for n in range(20000)]
    write(weir, [json.dumps(record) for record in records])
    weir.once(config(server.url, f"default.{table}", JSON, compression=compression, batch={"max_bytes": "256KiB"},
                     codec={"type": "json", "time_key": "", "record_id_key": "id"}, **OLD))
    rows = server.query(f"SELECT * FROM {table} ORDER BY n FORMAT JSONEachRow")
    assert len({row.pop("id") for row in rows}) == 20000
    for row in rows:
        row["n"] = int(row["n"])
    assert rows == [{key: record[key] for key in ("message", "n", "f", "b")} for record in records]


def test_htp_03_a_table_that_is_missing(weir, server, table):
    lines = write(weir, lines_of(100))
    agent = weir(config(server.url, table, **OLD))
    agent.allow_errors("requests are refused")
    agent.wait_for(lambda status: is_paused(status) and "Code: 60" in str(status), what="the reason to be shown")
    server.query(f"CREATE TABLE {table} (message String) ENGINE = Log")
    agent.wait_records(100)
    assert [row["message"] for row in server.query(f"SELECT message FROM {table} FORMAT JSONEachRow")] == lines


def test_htp_08_a_row_that_the_server_cannot_read(weir, server, table):
    server.query(f"CREATE TABLE {table} (message String, n Int64) ENGINE = MergeTree ORDER BY n")
    rows = [{"message": "m", "n": n} for n in range(5000)]
    rows[1234]["n"] = "no number"
    write(weir, [json.dumps(row) for row in rows])
    agent = weir(config(server.url, table, JSON, **OLD))
    agent.wait_records(5000, limit=30)
    assert agent.ledger()["delivered"] == 4999
    found = server.query(f"SELECT n FROM {table} ORDER BY n FORMAT JSONEachRow")
    assert [int(row["n"]) for row in found] == [n for n in range(5000) if n != 1234]


def test_an_old_server_says_that_it_does_not_know_the_token(weir, server, table):
    server.query(f"CREATE TABLE {table} (message String) ENGINE = Log")
    write(weir, ["a"])
    agent = weir(config(server.url, table), service={"shutdown_timeout": "200ms"})
    agent.allow_errors("requests are refused")
    agent.wait_for(lambda status: is_paused(status) and "insert_deduplication_token" in str(status), what="the reason to be shown")


def test_the_query(weir, sinks):
    sink = sinks(script(Answer(500, body=b"Code: 252. DB::Exception: Too many parts"), 200))
    write(weir, ["a"])
    weir.once(config(sink.url.removesuffix("/in"), "my db.log-table", settings={"async_insert": 1, "wait_for_async_insert": 1}))
    first, second = sink.requests
    assert first.path == second.path and first.coded == second.coded
    asked = parse_qs(urlsplit(first.path).query)
    assert asked.pop("query") == ["INSERT INTO `my db`.`log-table` FORMAT JSONEachRow"]
    assert [f'"{asked.pop("insert_deduplication_token")[0]}"'] == [first.key]
    assert asked == {name: [value] for name, value in {
        "input_format_skip_unknown_fields": "1", "date_time_input_format": "best_effort", "wait_end_of_query": "1",
        "async_insert": "1", "wait_for_async_insert": "1"}.items()}


@pytest.mark.parametrize("status, code, verdict", [
    (500, 252, "retry"), (500, 241, "retry"), (500, 117, "poison"), (400, 27, "poison"), (404, 60, "pause"), (500, 16, "pause"),
    (200, 60, "pause"), (500, 1234, "retry"), (403, 516, "pause"), (400, 9999, "poison"), (500, 600, "retry"),
    (500, 691, "poison"), (500, 467, "poison"), (500, 407, "poison"), (500, 33, "retry"),
])
def test_codes(weir, sinks, status, code, verdict):
    sink = sinks(script(Answer(status, body=f"Code: {code}. DB::Exception: says: Code: 60. or so".encode()), 200))
    write(weir, ["a"])
    agent = weir(config(sink.url, "t"))
    agent.allow_errors("requests are refused")
    agent.wait_records(1)
    assert len(sink.requests) == (1 if verdict == "poison" else 2)
    assert ("requests are refused" in agent.stderr()) == (verdict == "pause")
    assert agent.ledger()["delivered"] == (verdict != "poison")


def test_a_code_of_later_and_a_row_at_fault(weir, sinks):
    sink = sinks(script(Answer(500, body=b"Code: 1234. DB::Exception: Is odd: (while reading the value of key c): (at row 1)"), 200))
    write(weir, ["a"])
    agent = weir(config(sink.url, "t"))
    agent.wait_records(1)
    assert agent.ledger()["delivered"] == 0


def test_more_partitions_than_an_insert_may_have(weir, sinks):
    def answer(request):
        many = len(request.lines()) > 100
        return Answer(500, body=b"Code: 252. DB::Exception: Too many partitions for single INSERT block (more than 100).") if many else 200
    sink = sinks(answer)
    lines = write(weir, lines_of(300))
    agent = weir.once(config(sink.url, "t"))
    assert sink.messages() == lines and "smaller bodies" not in agent.stderr()


@pytest.mark.parametrize("output, said", [
    ({"table": "a`b"}, "no name of a table"), ({"table": ".b"}, "no name of a table"), ({"codec": "text"}, "set it to json"),
    ({"settings": {"wait_for_async_insert": 0}}, "what it then loses is lost"), ({"settings": {"a b": 0}}, "no name of a setting"),
])
def test_wrong_configurations_are_told(weir, output, said):
    agent = weir.make(config(**{"url": "http://127.0.0.1:1", "table": "t", **output}))
    done = weir.cli("validate", "-c", agent.config_path, env=agent.env)
    assert done.returncode == 2 and said in done.stderr, done.stderr
