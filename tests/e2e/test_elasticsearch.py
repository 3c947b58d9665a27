# SPDX-License-Identifier: Apache-2.0
"""The output `elasticsearch` against a server that keeps documents as the bulk API has it: by index and id."""
import functools
import json
import threading

import pytest

from harness.http_sink import Answer
from test_http import RETRY, is_paused, lines_of, sinks, write  # noqa: F401 (sinks is a fixture)


class Store:
    """Keeps what bulk requests create. `status(id, document, tries)` may refuse a document."""

    def __init__(self, sinks, status=lambda document, tries: 201, before=lambda request: None):
        self.status, self.before = status, before
        self.documents, self.order, self.tries, self.sent = {}, [], {}, []
        self.lock = threading.Lock()
        self.sink = sinks(self.answer)
        self.url = f"http://127.0.0.1:{self.sink.port}"

    def answer(self, request):
        assert request.path.startswith("/_bulk?filter_path=errors,")
        assert request.headers["content-type"] == "application/x-ndjson" and "content-length" in request.headers
        lines = request.body.decode().split("\n")
        assert lines.pop() == "" and len(lines) % 2 == 0
        with self.lock:
            items = [self.one(json.loads(action), json.loads(document)) for action, document in zip(lines[::2], lines[1::2])]
        said = self.before(request)
        body = {"took": 1, "errors": any(item[next(iter(item))]["status"] > 201 for item in items), "items": items}
        return said or Answer(200, {"Content-Type": "application/json"}, json.dumps(body).encode())

    def one(self, action, document):
        (verb, target), = action.items()
        place = target["_index"], target.get("_id", f"made-{len(self.order)}")
        self.sent.append((place, document))
        self.tries[place] = self.tries.get(place, 0) + 1
        status = self.status(document, self.tries[place])
        if status == 201 and verb == "create" and place in self.documents:
            status = 409
        if status == 201:
            self.documents[place] = document
            self.order.append(document)
        item = {"status": status}
        if status > 201:
            item["error"] = {"type": f"exception_{status}", "reason": f"because of \"{status}\""}
        return {verb: item}

    def messages(self):
        return [document["message"] for document in self.order]


@pytest.fixture
def stores(sinks):  # noqa: F811
    return functools.partial(Store, sinks)


def config(store, filters=(), **output):
    return {"pipelines": {"app": {
        "inputs": [{"type": "tail", "paths": ["${DIR}/in*.log"]}], "filters": list(filters),
        "outputs": [{"type": "elasticsearch", "url": store.url, "retry": RETRY, "batch": {"linger": "20ms"}, **output}]}}}


def test_documents_with_ids_and_times(weir, stores):
    store = stores()
    lines = write(weir, ["plain", 'quotes " \\ é', '{"create":{"_index":"x"}}', ""])
    weir.once(config(store))
    assert store.messages() == lines
    assert {index for index, _ in store.documents} == {"logs-weir-default"}
    assert all(len(id) == 22 for _, id in store.documents) and len(store.documents) == 4
    for document in store.order:
        assert document["@timestamp"].startswith("20") and document["log.file.path"].endswith("/in.log")


def test_fields_of_all_types_and_their_time(weir, stores):
    store = stores()
    record = {"i": -7, "f": 1.5, "big": 12345678901234567890, "b": True, "n": None, "s": "a\nb\u00e9\U0001f600", "o": {"a": [1, {"b": 2}]},
              "message": "m", "time": "2026-03-01T10:00:00.123456789Z", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736"}
    write(weir, [json.dumps(record), '{"@timestamp":"2020-01-01T00:00:00Z","message":"own"}', "{}"])
    weir.once(config(store, [{"type": "parse", "format": "json", "time": {"field": "time", "format": "rfc3339"}}, {"type": "trace"}],
                     codec={"type": "json", "time_key": ""}))
    first, own, empty = store.order
    assert first.pop("@timestamp") == "2026-03-01T10:00:00.123456789Z"
    assert {**first, "time": record["time"]} == record
    assert own == {"@timestamp": "2020-01-01T00:00:00Z", "message": "own"}
    assert list(empty) == ["@timestamp"]


def test_an_index_from_the_record(weir, stores):
    store = stores()
    write(weir, [json.dumps({"message": m, "app": a}) for m, a in (("1", "Web"), ("2", 'a"b/c\n'), ("3", "web"))])
    weir.once(config(store, [{"type": "parse", "format": "json"}], index="logs-$${app:-none}-%Y", document_id="none"))
    assert [index.rsplit("-", 1)[0] for (index, _), _ in store.sent] == ["logs-web", "logs-a_b_c_", "logs-web"]
    assert all(id.startswith("made-") for _, id in store.documents)


def test_htp_05_each_document_has_its_own_verdict(weir, stores):
    """3 and 7 are busy, 9 is wrong: 3 and 7 are sent again alone, 9 is rejected with the reason, nothing else comes twice."""
    def status(document, tries):
        n = int(document["message"].split("n=")[1].split()[0])
        return 429 if n in (3, 7) and tries == 1 else 400 if n == 9 else 201
    store = stores(status)
    lines = write(weir, lines_of(20))
    agent = weir(config(store))
    agent.wait_records(20)
    assert agent.ledger()["delivered"] == 19
    assert sorted(store.messages()) == sorted(lines[:9] + lines[10:])
    again = [document["message"] for _, document in store.sent[20:]]
    assert again == [lines[3], lines[7]]


@pytest.mark.parametrize("on_reject", ["drop", "hold"])
def test_on_reject_of_one_document(weir, stores, on_reject):
    """The others are taken once; the one is dropped, or held alone until the server takes it."""
    mended = threading.Event()
    lines = lines_of(20)
    store = stores(lambda document, tries: 400 if document["message"] == lines[9] and not mended.is_set() else 201)
    write(weir, lines)
    agent = weir(config(store, on_reject=on_reject))
    if on_reject == "hold":
        agent.allow_errors("requests are refused")
        agent.wait_for(is_paused)
        assert agent.ledger()["delivered"] == 0 and sorted(store.messages()) == sorted(lines[:9] + lines[10:])
        mended.set()
    agent.wait_records(20)
    assert {document["message"] for _, document in store.sent[20:]} == ({lines[9]} if on_reject == "hold" else set())
    assert agent.ledger()["dropped"]["rejected"] == (on_reject == "drop") and agent.ledger()["dead_lettered"] == 0


def test_htp_22_what_was_stored_without_an_answer_is_stored_once(weir, stores):
    """The server stores, and breaks the connection: the retry finds each document there already, which is a success."""
    store = stores(before=lambda request: Answer(cut="before") if request.index % 3 == 0 else None)
    lines = write(weir, lines_of(5000))
    agent = weir(config(store, batch={"max_bytes": "64KiB"}))
    agent.wait_records(5000, limit=30)
    assert store.messages() == lines
    assert agent.metrics().value("weir_elasticsearch_duplicates_total") == len(store.sent) - 5000 > 0
    assert agent.ledger()["delivered"] == 5000


def test_kill_and_start_again_stores_each_once(weir, stores):
    store = stores(before=lambda request: Answer(200, {}, b'{"errors":false}', delay=0.05))
    lines = write(weir, lines_of(20000))
    agent = weir(config(store, batch={"max_bytes": "64KiB"}))
    agent.wait_for(lambda status: len(store.order) > 3000)
    agent.kill9()
    agent.start()
    agent.wait_for(lambda status: len(store.order) >= len(lines) and agent.ledger()["held"] == 0, limit=30)
    assert store.messages() == lines


@pytest.mark.parametrize("answer", [
    Answer(200), Answer(200, body=b"<html>welcome</html>"), Answer(200, body=b'{"errors":true,"items":[]}'),
    Answer(200, body=b'{"errors":fal', cut="body"),
], ids=["empty", "html", "count", "cut"])
def test_htp_06_an_answer_that_cannot_be_understood(weir, stores, answer):
    store = stores(before=lambda request: answer if request.index == 0 else None)
    lines = write(weir, lines_of(100))
    weir.once(config(store))
    assert store.messages() == lines and len(store.sent) == 200


def test_htp_03_an_index_that_is_missing_holds_its_documents(weir, stores):
    made = threading.Event()
    store = stores(lambda document, tries: 201 if made.is_set() else 404)
    lines = write(weir, lines_of(100))
    agent = weir(config(store))
    agent.allow_errors("requests are refused")
    agent.wait_for(lambda status: is_paused(status) and "exception_404" in str(status), what="the reason to be shown")
    made.set()
    agent.wait_records(100)
    assert sorted(store.messages()) == sorted(lines)


@pytest.mark.parametrize("output, said", [
    ({"index": "Logs"}, "lower-case"), ({"index": "a b"}, "lower-case"), ({"index": ""}, "1 to 255"),
    ({"codec": "text"}, "set it to json"),
])
def test_wrong_configurations_are_told(weir, stores, output, said):
    agent = weir.make(config(stores(), **output))
    done = weir.cli("validate", "-c", agent.config_path, env=agent.env)
    assert done.returncode == 2 and said in done.stderr, done.stderr
