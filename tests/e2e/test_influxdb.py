# SPDX-License-Identifier: Apache-2.0
"""The output `influxdb`, against a real server of version 1 where that can be, and one that looks at what version 2 is sent."""
import json
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from harness.influxdb import InfluxDB
from test_http import RETRY, is_paused, lines_of, sinks, write  # noqa: F401 (sinks is a fixture)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    if not InfluxDB.program():
        pytest.skip("influxd is not installed")
    made = InfluxDB(tmp_path_factory.mktemp("influxdb"))
    yield made
    made.stop()


@pytest.fixture
def database(server, request):
    """A database of the test's own, which is not there yet."""
    return re.sub(r"\W", "_", request.node.name)


def config(url, filters=(), **output):
    return {"pipelines": {"app": {
        "inputs": [{"type": "tail", "paths": ["${DIR}/in*.log"]}], "filters": list(filters),
        "outputs": [{"type": "influxdb", "url": url, "retry": RETRY, "batch": {"linger": "20ms"}, **output}]}}}


JSON = [{"type": "parse", "format": "json", "time": {"field": "time", "format": "rfc3339"}}]


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_points_of_all_types_and_lines_of_one_time(weir, server, database, compression):
    """All lines have the same millisecond; bodies of more than 100,000 bytes are refused by this server (413)."""
    server.query(f"CREATE DATABASE {database}")
    records = [{"message": f"m{n} \"q\" \\ é \U0001f600", "n": n - 1000, "f": n / 4 + 0.1, "b": n % 2 == 0, "app": ["web", "d b,=x"][n % 2],
                "o": {"a": [n]}, "time": "2026-03-01T10:00:00.123Z"} for n in range(5000)]
    write(weir, [json.dumps(record, ensure_ascii=False) for record in records])
    agent = weir(config(server.url, JSON, database=database, compression=compression, measurement="app log", tags={"app": "$${app}"}))
    agent.wait_records(5000, limit=40)
    assert agent.ledger()["delivered"] == 5000
    rows = server.query('SELECT message, n, f, b, o, "app" FROM "app log" ORDER BY time', database)
    assert len(rows) == 5000 and len({(row["time"], row["app"]) for row in rows}) == 5000
    assert all(row.pop("time") // 1000000 == 1772359200123 for row in rows)
    for row in rows:
        row["o"] = json.loads(row["o"])
    wanted = [{name: value for name, value in record.items() if name != "time"} for record in records]
    assert sorted(rows, key=lambda row: row["n"]) == wanted


def test_lines_without_a_time(weir, server, database):
    server.query(f"CREATE DATABASE {database}")
    lines = write(weir, ["same"] * 100 + ["", 'a "b" \\', *lines_of(1000)])
    weir.once(config(server.url, database=database))
    rows = server.query("SELECT message FROM log ORDER BY time", database)
    assert [row["message"] for row in rows] == lines


def test_htp_03_a_database_that_is_missing(weir, server, database):
    write(weir, lines_of(10))
    agent = weir(config(server.url, database=database))
    agent.allow_errors("requests are refused")
    agent.wait_for(lambda status: is_paused(status) and "database not found" in str(status), what="the reason to be shown")
    server.query(f"CREATE DATABASE {database}")
    agent.wait_records(10)
    assert len(server.query("SELECT message FROM log", database)) == 10


def test_htp_08_a_field_of_another_type(weir, server, database):
    """The server stores the others and answers 400; the point at fault is found and rejected."""
    server.query(f"CREATE DATABASE {database}")
    rows = [{"message": f"m{n}", "n": n} for n in range(1000)]
    rows[500]["n"] = "no number"
    write(weir, [json.dumps(row) for row in rows])
    agent = weir(config(server.url, [{"type": "parse", "format": "json"}], database=database))
    agent.wait_records(1000, limit=30)
    assert agent.ledger()["delivered"] == 999
    found = server.query("SELECT n FROM log ORDER BY time", database)
    assert [row["n"] for row in found] == [n for n in range(1000) if n != 500]


def test_numbers_as_floats(weir, server, database):
    server.query(f"CREATE DATABASE {database}")
    write(weir, ['{"n":1}', '{"n":1.5}', '{"n":-2}'])
    weir.once(config(server.url, [{"type": "parse", "format": "json"}], database=database, numbers="float"))
    assert [row["n"] for row in server.query("SELECT n FROM log ORDER BY time", database)] == [1, 1.5, -2]


def test_version_2_and_what_is_known_beside(weir, sinks):
    sink = sinks(204)
    record = {"level": "error", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "span_id": "00f067aa0ba902b7", "a b": None}
    write(weir, [json.dumps(record), "{}"])
    weir.once(config(sink.url.removesuffix("/in"), [{"type": "parse", "format": "json", "severity": "level"}, {"type": "trace"}],
                     org="my org", bucket="logs/1", auth={"token": "t", "scheme": "Token"}, tags={"z": "1", "b c": "$${none}", "a": "2"}))
    (request,) = sink.requests
    parts = urlsplit(request.path)
    assert parts.path == "/api/v2/write"
    assert parse_qs(parts.query) == {"precision": ["ns"], "org": ["my org"], "bucket": ["logs/1"]}
    assert request.headers["authorization"] == "Token t"
    one, empty = request.lines()
    assert one.startswith("log,a=2,z=1 ") and 'level="' in one and 'trace_id="4bf92f3577b34da6a3ce929d0e0e4736"' in one
    assert re.fullmatch(r'log,a=2,z=1 message="" \d{19}', empty)


@pytest.mark.parametrize("output, said", [
    ({}, "say where points go"), ({"database": "a", "org": "b", "bucket": "c"}, "say where points go"), ({"org": "b"}, "say where points go"),
    ({"database": "a", "tags": {"time": "x"}}, "for itself"), ({"database": "a", "tags": {"a": "$${x"}}, "a:"),
])
def test_wrong_configurations_are_told(weir, output, said):
    agent = weir.make(config("http://127.0.0.1:1", **output))
    done = weir.cli("validate", "-c", agent.config_path, env=agent.env)
    assert done.returncode == 2 and said in done.stderr, done.stderr
