# SPDX-License-Identifier: Apache-2.0
"""The verdicts, for every service alike: what each kind of answer leads to. A service is a row of SERVICES: how it is configured,
what its success looks like, and how its bodies are read."""
import json
import threading

import pytest

from harness import loki, otlp
from harness.http_sink import Answer
from test_http import RETRY, is_paused, lines_of, sinks, write  # noqa: F401 (sinks is a fixture)


def ndjson(request):
    return [json.loads(line)["message"] for line in request.body.decode().split("\n")[:-1]]


def documents(request):
    return [json.loads(line)["message"] for line in request.body.decode().split("\n")[1:-1:2]]


def points(request):
    return [line.split('message="')[1].rsplit('"', 1)[0] for line in request.body.decode().splitlines()]


MUST = {"clickhouse": {"table": "t"}, "influxdb": {"database": "d"}}  # what a service cannot do without
SERVICES = {
    "http": (200, ndjson),
    "clickhouse": (200, ndjson),
    "elasticsearch": (Answer(200, body=b'{"errors":false}'), documents),
    "influxdb": (204, points),
    "loki": (204, loki.lines),
    "otlp": (Answer(200), otlp.messages),
}

# A status, its verdict. Exceptions from the table of verdict.c stand with their service.
TABLE = [(200, "ack"), (202, "ack"), (400, "poison"), (401, "pause"), (403, "pause"), (404, "pause"), (408, "retry"), (409, "retry"),
         (413, "split"), (415, "poison"), (422, "poison"), (425, "retry"), (429, "retry"), (500, "retry"), (501, "pause"),
         (502, "retry"), (503, "retry"), (504, "retry"), (301, "pause"), (406, "poison")]
EXCEPTIONS = {("elasticsearch", 406): "pause", **{("otlp", status): "pause" for status in (408, 409, 425, 500)}}
ROWS = [(service, status, EXCEPTIONS.get((service, status), verdict)) for service in SERVICES for status, verdict in TABLE]


@pytest.mark.parametrize("service, status, verdict", ROWS, ids=lambda value: str(value))
def test_verdicts(weir, sinks, service, status, verdict):
    """20 records of which the tenth draws the status; until it is mended, all do, where a person must mend it."""
    success, read = SERVICES[service]
    lines = lines_of(20)
    mended = threading.Event()

    def answer(request):
        there = read(request)
        if verdict == "ack":
            return success if status == 200 or isinstance(success, Answer) else status
        refused = {"retry": request.index == 0, "pause": not mended.is_set(), "poison": lines[9] in there,
                   "split": len(there) > 6}[verdict]
        return Answer(status, body=b"the reason") if refused else success
    sink = sinks(answer)
    agent = weir({"pipelines": {"app": {
        "inputs": [{"type": "tail", "paths": ["${DIR}/in.log"]}],
        "outputs": [{"type": service, "url": sink.url, **MUST.get(service, {}), "retry": {**RETRY, "first": "10ms"}}]}}})
    write(weir, lines)
    if verdict == "pause":
        agent.allow_errors("requests are refused")
        agent.wait_for(lambda s: is_paused(s) and f"{status} the reason" in str(s), what="the reason to be shown")
        assert not sink.accepted() and agent.ledger()["held"] == 20
        mended.set()
    agent.wait_records(20)
    taken = [message for request in sink.accepted() for message in read(request)]
    assert taken == [line for line in lines if verdict != "poison" or line != lines[9]]
    assert agent.ledger()["delivered"] == len(taken)
    if verdict == "retry":
        assert len({(r.key, r.coded) for r in sink.requests}) == 1 and len(sink.requests) == 2
