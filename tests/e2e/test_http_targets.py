# SPDX-License-Identifier: Apache-2.0
"""Urls and headers that depend on the record: what goes where, in which order, and what a record cannot do."""
import json
import random
import threading

import pytest

from harness.http_sink import Answer
from test_http import RETRY, is_paused, sinks, write  # noqa: F401 (sinks is a fixture)


def config(url, **output):
    return {"pipelines": {"app": {
        "inputs": [{"type": "tail", "paths": ["${DIR}/in*.log"]}], "filters": [{"type": "parse", "format": "json"}],
        "outputs": [{"type": "http", "url": url, "retry": RETRY, "batch": {"linger": "20ms"}, **output}]}}}


def base(sink):
    return sink.url.removesuffix("/in")


def records_of(request):
    return [json.loads(line) for line in request.body.decode().split("\n")[:-1]]


def test_each_record_goes_where_its_fields_say(weir, sinks):
    """Seven tenants in turn, in one file: in order for each, in full bodies, and each request holds one tenant's."""
    sink = sinks(lambda request: Answer(delay=0.002))
    records = [{"n": n, "tenant": f"t{n % 7}", "app": ["shop", "a/b c?"][n % 2]} for n in range(28000)]
    write(weir, [json.dumps(record) for record in records])
    agent = weir(config(base(sink) + "/v1/$${app}/x%2Fy?app=$${app}", headers={"X-Scope-OrgID": "$${tenant}", "X-Plain": "100%%"}))
    agent.wait_records(28000, limit=30)
    ways = {"shop": "/v1/shop/x%2Fy?app=shop", "a/b c?": "/v1/a%2Fb%20c%3F/x%2Fy?app=a%2Fb%20c%3F"}
    found = {}
    for request in sink.requests:
        there = records_of(request)
        assert {(record["tenant"], ways[record["app"]]) for record in there} == {(request.headers["x-scope-orgid"], request.path)}
        assert request.headers["x-plain"] == "100%"
        found.setdefault((there[0]["tenant"], there[0]["app"]), []).extend(record["n"] for record in there)
    assert len(found) == 14 and all(numbers == sorted(numbers) for numbers in found.values())
    assert sorted(n for numbers in found.values() for n in numbers) == list(range(28000))
    assert len(sink.requests) < 300  # and not one for each record
    agent.check_memory()


def test_more_targets_than_are_kept_at_a_time_under_failures(weir, sinks):
    """200 targets over 5 streams, shuffled, a third of the requests fail: order for each stream and target, nothing missing or twice."""
    chance = random.Random(7)
    sink = sinks(lambda request: 503 if chance.random() < 0.3 else 200)
    for stream in range(5):
        lines = [json.dumps({"s": stream, "n": n, "to": f"x{chance.randrange(200)}"}) for n in range(1000)]
        write(weir, lines, f"in{stream}.log")
    agent = weir(config(base(sink) + "/$${to}", concurrency="8", retry={**RETRY, "first": "10ms"}))
    agent.wait_records(5000, limit=60)
    found = {}
    for request in sink.accepted():
        for record in records_of(request):
            assert request.path == f"/{record['to']}"
            found.setdefault((record["s"], record["to"]), []).append(record["n"])
    assert all(numbers == sorted(numbers) for numbers in found.values())
    assert sorted((s, n) for (s, _), numbers in found.items() for n in numbers) == [(s, n) for s in range(5) for n in range(1000)]


def test_one_target_that_is_away_holds_up_no_other(weir, sinks):
    back = threading.Event()
    sink = sinks(lambda request: 503 if request.headers["x-to"] == "away" and not back.is_set() else 200)
    write(weir, [json.dumps({"n": n, "to": ["here", "away"][n % 2]}) for n in range(1000)])
    agent = weir(config(sink.url, headers={"X-To": "$${to}"}, concurrency="4", retry={**RETRY, "first": "10ms"}))
    agent.wait_for(lambda status: agent.ledger()["delivered"] == 0 and agent.pipeline()["outputs"][0]["state"] == "retrying")
    agent.wait_for(lambda status: sum(len(records_of(r)) for r in sink.accepted()) == 500, what="the other target's records")
    back.set()
    agent.wait_records(1000)
    assert [record["n"] for r in sink.accepted() for record in records_of(r) if r.headers["x-to"] == "away"] == list(range(1, 1000, 2))


def test_htp_20_values_cannot_leave_their_place(weir, sinks):
    """No line of a header begins in a record, no url leads elsewhere; what cannot be sent is rejected alone."""
    sink = sinks()
    values = ["a\r\nX-Evil: 1", "b\n\nPOST / HTTP/1.1", "c\u0000d", "../../admin", "..", ".", "//evil.example/", "?x=1#y", "%2e%2e", "e\u00e9",
              " spaced ", "", "x" * 9000, "$${to}", "@evil.example"]
    write(weir, [json.dumps({"n": n, "v": value}) for n, value in enumerate(values)] + ['{"n":99}'])
    agent = weir(config(base(sink) + "/in/$${v}/z?q=$${v}", headers={"X-V": "$${v}", "X-Or": "$${v:-none}"}))
    agent.wait_records(len(values) + 1)
    ledger = agent.ledger()
    assert ledger["dead_lettered"] == 3 and ledger["delivered"] == len(values) - 2  # "..", "." and the long one
    seen = {}
    for request in sink.requests:
        assert "x-evil" not in request.headers and request.path.startswith("/in/")
        assert request.headers["host"] == base(sink).removeprefix("http://")
        for record in records_of(request):
            seen[record["n"]] = request
    assert set(seen) == (set(range(len(values))) | {99}) - {4, 5, 12}
    assert seen[0].headers["x-v"] == "a  X-Evil: 1" and seen[0].path == "/in/a%0D%0AX-Evil%3A%201/z?q=a%0D%0AX-Evil%3A%201"
    assert seen[2].headers["x-v"] == "c d" and seen[3].path.startswith("/in/..%2F..%2Fadmin/z")
    assert seen[10].headers["x-v"] == "spaced" and seen[11].headers["x-v"] == "" and seen[11].path == "/in//z?q="
    assert seen[13].path.startswith("/in/%24%24%7Bto%7D/") and seen[99].headers["x-or"] == "none"


def test_the_time_of_the_record_and_the_key_in_the_url(weir, sinks):
    """ClickHouse adds its query, and its token for each request."""
    sink = sinks()
    write(weir, [json.dumps({"time": f"2026-03-{day:02}T10:00:00Z"}) for day in (1, 2)])
    made = config(base(sink) + "/%Y/%m-%d", type="clickhouse", table="t")
    made["pipelines"]["app"]["filters"][0]["time"] = {"field": "time", "format": "rfc3339"}
    agent = weir(made)
    agent.wait_records(2)
    assert sorted(request.path.partition("?")[0] for request in sink.requests) == ["/2026/03-01", "/2026/03-02"]
    assert all("insert_deduplication_token=" in request.path and "query=INSERT" in request.path for request in sink.requests)


def test_what_the_service_refuses_of_one_target_is_found(weir, sinks):
    sink = sinks(lambda request: Answer(400, body=b"bad record") if b'"n": 33,' in request.body else 200)
    write(weir, [json.dumps({"n": n, "to": f"x{n % 3}"}) for n in range(300)])
    agent = weir(config(base(sink) + "/$${to}"))
    agent.wait_records(300)
    assert agent.ledger()["dead_lettered"] == 1
    assert sorted(record["n"] for r in sink.accepted() for record in records_of(r)) == [n for n in range(300) if n != 33]


@pytest.mark.parametrize("with_holes", [False, True])
def test_a_stop_with_more_targets_than_are_kept(weir, sinks, with_holes):
    """What is under way, in a lane or waits for one is given back, and read again."""
    back = threading.Event()
    sink = sinks(lambda request: 200 if back.is_set() else 503)
    write(weir, [json.dumps({"n": n, "to": f"x{n}"}) for n in range(300)])
    made = config(base(sink) + "/$${to}", concurrency="2", retry={**RETRY, "first": "10ms"})
    if with_holes:
        made["pipelines"]["app"]["outputs"][0]["when"] = "n != 7 and n != 299"
    agent = weir(made, service={"shutdown_timeout": "300ms"})
    agent.wait_for(lambda status: len(sink.requests) > 20)
    agent.stop()
    back.set()
    agent.start()
    agent.wait_records(300)
    assert sorted(record["n"] for r in sink.accepted() for record in records_of(r)) == [
        n for n in range(300) if not with_holes or n not in (7, 299)]


def test_a_record_that_nothing_can_be_made_of_is_held_as_the_rest(weir, sinks):
    """With on_reject: drop it is dropped."""
    sink = sinks()
    write(weir, ['{"n":1,"v":".."}', '{"n":2,"v":"ok"}', '{"n":3,"v":".."}'])
    agent = weir(config(base(sink) + "/$${v}", on_reject="drop"))
    agent.wait_records(3)
    assert agent.ledger()["dropped"]["rejected"] == 2 and [r.path for r in sink.requests] == ["/ok"]


def test_a_tenant_of_loki_and_a_pipeline_of_elasticsearch(weir, sinks):
    loki, elastic = sinks(204), sinks(Answer(200, body=b'{"errors":false}'))
    write(weir, ['{"message":"one","to":"a"}', '{"message":"two","to":"b"}'])
    made = config("x")
    made["pipelines"]["app"]["outputs"] = [
        {"type": "loki", "url": base(loki), "headers": {"X-Scope-OrgID": "$${to}"}},
        {"type": "elasticsearch", "url": base(elastic) + "/_bulk?pipeline=$${to}"}]
    agent = weir(made)
    agent.wait_records(2)
    assert sorted(r.headers["x-scope-orgid"] for r in loki.requests) == ["a", "b"]
    assert sorted(r.path for r in elastic.requests) == ["/_bulk?pipeline=a", "/_bulk?pipeline=b"]


@pytest.mark.parametrize("output, said", [
    ({"url": "https://$${host}/in"}, "the host cannot come from the records"),
    ({"url": "https://h%Y/in"}, "the host cannot come from the records"),
    ({"url": "https://h/$${a"}, "not closed"),
    ({"url": "https://h/100%"}, "expected one of %Y"),
    ({"url": "https://h/in", "headers": {"X-A": "$${}"}}, "expected a field's name"),
])
def test_wrong_templates_are_told(weir, output, said):
    made = config("x")
    made["pipelines"]["app"]["outputs"] = [{"type": "http", **output}]
    agent = weir.make(made)
    done = weir.cli("validate", "-c", agent.config_path)
    assert done.returncode == 2 and said in done.stderr
