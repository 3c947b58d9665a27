# SPDX-License-Identifier: Apache-2.0
"""The output `http` against a server that answers as it is told: what is sent, and what follows from each answer. TLS and
proxies are in test_http_tls.py."""
import json
import math
import re
import threading
import time

import pytest

from harness import preload
from harness.http_sink import Answer, HttpSink, script
from harness.rejecting import letters
from harness.wait import SLOWNESS, wait_until

RETRY = {"first": "50ms", "max": "200ms", "pause": "300ms"}


@pytest.fixture
def sinks():
    """Makes servers, and ends them."""
    made = []

    def make(*args, **how):
        made.append(HttpSink(*args, **how))
        return made[-1]
    yield make
    for sink in made:
        sink.stop()


def config(url, inputs=None, **output):
    output = {"type": "http", "url": url, "retry": RETRY, "batch": {"linger": "20ms"}, **output}
    return {"pipelines": {"app": {"inputs": inputs or [{"type": "tail", "paths": ["${DIR}/in*.log"]}], "outputs": [output]}}}


def lines_of(n, stream=0):
    return [f"s={stream} n={i} {'x' * (i % 50)}" for i in range(n)]


def write(weir, lines, name="in.log"):
    (weir.dir / name).write_text("".join(line + "\n" for line in lines))
    return lines


def once(weir, sink, lines, limit=60, **output):
    """Sends the lines, in one go; returns the agent."""
    write(weir, lines)
    return weir.once(config(sink.url, **output), limit=limit)


def counter(agent, name):
    """A counter's value over all plugins."""
    return agent.metrics().value(name)


def is_paused(status):
    return [output["state"] for pipeline in status["pipelines"] for output in pipeline["outputs"]] == ["paused"]


# ---- what is sent --------------------------------------------------------------------------------------------------


def test_lines_arrive_as_ndjson(weir, sinks):
    sink = sinks()
    lines = ["plain", 'quotes " and \\ and é', "tab\there", "", "\x01"]
    once(weir, sink, lines, headers={"X-Team": "logs", "X-Empty": ""})
    assert sink.messages() == lines
    request = sink.requests[0]
    assert request.method == "POST" and request.path == "/in"
    assert request.headers["content-type"] == "application/x-ndjson"
    assert request.headers["x-team"] == "logs" and request.headers["x-empty"] == ""
    assert re.fullmatch('"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"', request.key)
    assert "expect" not in request.headers and "content-encoding" not in request.headers


@pytest.mark.parametrize("output, content_type, body", [
    ({"format": "array"}, "application/json", b'[{"message":"a"},{"message":"b,\\n"}]'),
    ({"codec": "text"}, "text/plain; charset=utf-8", b"a\nb,\\n\n"),
    ({"content_type": "application/jsonl"}, "application/jsonl", b'{"message":"a"}\n{"message":"b,\\\\n"}\n'),
])
def test_formats(weir, sinks, output, content_type, body):
    sink = sinks()
    once(weir, sink, ["a", "b,\\n"], **output)
    request = sink.requests[0]
    assert request.headers["content-type"] == content_type
    if content_type == "application/json":
        assert request.messages() == ["a", "b,\\n"] and request.body[:1] + request.body[-1:] == b"[]"
    else:
        assert request.body.count(b"\n") == 2


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_compressed_bodies(weir, sinks, compression):
    sink = sinks()
    lines = once_lines = lines_of(30000)
    once(weir, sink, once_lines, compression=compression)
    assert sink.messages() == lines
    assert all(r.headers["content-encoding"] == compression and len(r.coded) < len(r.body) / 3 for r in sink.requests)


def test_bodies_are_cut_by_bytes_and_records(weir, sinks):
    sink = sinks()
    lines = once_lines = lines_of(20000)
    once(weir, sink, once_lines, batch={"max_bytes": "64KiB", "max_records": 500})
    assert sink.messages() == lines
    assert all(len(r.body) <= 65536 and len(r.messages()) <= 500 for r in sink.requests)
    assert len(sink.requests) < 3 * len(lines) / 500  # nearly all are full; one that is not is due when nothing comes for a while
    small = sinks()
    (weir.dir / "data").rename(weir.dir / "data.old")
    once(weir, small, once_lines, batch={"max_bytes": "16KiB"})
    assert small.messages() == lines
    assert all(len(r.body) <= 16384 for r in small.requests)
    assert len(small.requests) < 3 * sum(len(r.body) for r in small.requests) / 16384


def test_one_record_alone_may_be_larger(weir, sinks):
    sink = sinks()
    lines = ["a", "y" * 100000, "b"]
    once(weir, sink, lines, batch={"max_bytes": "4KiB"})
    assert sink.messages() == lines
    assert max(len(r.messages()) for r in sink.requests if len(r.body) > 4096) == 1


def test_a_small_buffer_does_not_wait_for_full_bodies(weir, sinks):
    """All that fits into the buffer is less than a body, and more is read when that has gone."""
    sink = sinks()
    made = config(sink.url, batch={"linger": "5s"})
    made["pipelines"]["app"]["buffer"] = {"memory": "1MiB"}
    made["pipelines"]["app"]["filters"] = [{"type": "parse", "format": "json"}]
    write(weir, [json.dumps({"n": n, "message": "y" * 120}) for n in range(20000)])
    agent = weir(made)
    wait_until(lambda: len(sink.messages()) > 18000, what="nearly all of them")
    agent.stop()
    assert len(sink.messages()) == 20000


def test_many_small_batches_become_one_request(weir, sinks):
    sink = sinks()
    agent = weir(config(sink.url, batch={"linger": "300ms"}))
    with open(weir.dir / "in.log", "w") as log:
        for i in range(100):
            log.write(f"n={i}\n")
            log.flush()
            time.sleep(0.005)
    agent.wait_records(100)
    assert sink.messages() == [f"n={i}" for i in range(100)]
    assert len(sink.requests) < 10 * SLOWNESS + 5


def test_a_record_of_a_quiet_source_goes_at_once(weir, sinks):
    sink = sinks()
    agent = weir(config(sink.url, batch={"linger": "60s"}))
    write(weir, ["alone"])
    agent.wait_records(1, limit=20)
    assert sink.messages() == ["alone"]


def test_the_service_of_the_plugin_guide(weir, sinks):
    plugins = weir.binary.parents[2] / "tests/example-service"
    if not (plugins / "example.so").exists():
        pytest.skip("the binary under test has no build directory with the example")
    sink = sinks(script(Answer(403, body=b"over quota"), 200))
    write(weir, ["a"])
    weir.once(config(f"http://127.0.0.1:{sink.port}", type="example"), service={"plugin_path": str(plugins)})
    assert sink.messages() == ["a"] and [r.path for r in sink.requests] == ["/v1/ingest"] * 2


def test_an_outage_is_told_and_so_is_its_end(weir, sinks):
    sink = sinks()
    sink.stop()
    agent = weir(config(sink.url))
    write(weir, ["a"])
    failed = "a request failed and will be tried again"
    agent.wait_for(lambda status: failed in agent.stderr(), what="the outage to be told")
    told = [message for message in agent.messages() if message.get("message") == failed]
    assert told[0]["level"] == "warn" and "Couldn't connect" in told[0]["why"]
    time.sleep(1)  # what is over sooner is not told
    back = sinks(port=sink.port)
    agent.wait_records(1)
    assert back.messages() == ["a"]
    agent.wait_for(lambda status: "delivers again" in agent.stderr(), what="the end of it to be told")


# ---- order -----------------------------------------------------------------------------------------------------------


def by_stream(messages):
    streams = {}
    for message in messages:
        stream, n = message.split()[:2]
        streams.setdefault(stream, []).append(int(n[2:]))
    return streams


def first_seen(numbers):
    """Each number where it came first: a record may come twice when an answer was lost."""
    return list(dict.fromkeys(numbers))


def test_order_under_failures_with_many_requests_under_way(weir, sinks):
    """30 % of requests fail, of 50 streams, 8 requests at a time: each stream is in order, and nothing is missing."""
    lock, under_way, most = threading.Lock(), [0], [0]

    def answer(request):
        with lock:
            under_way[0] += 1
            most[0] = max(most[0], under_way[0])
        time.sleep(0.01)
        with lock:
            under_way[0] -= 1
        return [500, 503, Answer(cut="before", status=599)][request.index % 3] if (request.index * 7919) % 10 < 3 else 200
    sink = sinks(answer)
    for stream in range(50):
        write(weir, lines_of(400, stream), f"in{stream}.log")
    agent = weir(config(sink.url, concurrency="8", batch={"max_bytes": "16KiB", "linger": "20ms"}))
    agent.wait_records(50 * 400, limit=60)
    streams = by_stream(sink.messages())
    assert len(streams) == 50 and all(numbers == list(range(400)) for numbers in streams.values())
    assert most[0] == 8
    assert counter(agent, "weir_retries_total") > 10


def test_without_order_one_stream_has_many_requests_under_way(weir, sinks):
    most = []
    sink = sinks(lambda request: Answer(delay=0.05))
    lines = write(weir, lines_of(5000))
    agent = weir(config(sink.url, concurrency="8", order="none", batch={"max_bytes": "8KiB"}))
    agent.wait_for(lambda status: most.append(counter(agent, "weir_http_under_way_requests")) or max(most) > 4,
                   what="several requests under way")
    agent.wait_records(5000, limit=30)
    assert sorted(sink.messages()) == sorted(lines)


def test_htp_19_concurrency_grows_from_one_and_is_cut_by_refusals(weir, sinks):
    refusing = threading.Event()
    sink = sinks(lambda request: Answer(429 if refusing.is_set() else 200, delay=0.02))
    for stream in range(40):
        write(weir, lines_of(500, stream), f"in{stream}.log")
    agent = weir(config(sink.url, batch={"max_bytes": "4KiB"}))
    limit = lambda: counter(agent, "weir_http_concurrency_limit_requests")
    wait_until(lambda: limit() >= 4, what="the limit to grow")
    refusing.set()
    wait_until(lambda: limit() == 1, what="the limit to be cut")
    before = len(sink.requests)
    time.sleep(1)
    assert len(sink.requests) - before < 30  # some 10 a second at the shortest waits of this test, not hundreds
    refusing.clear()
    agent.wait_records(40 * 500, limit=60)
    assert counter(agent, "weir_http_round_trip_milliseconds") >= 15
    streams = by_stream(sink.messages())
    assert all(streams[f"s={s}"] == list(range(500)) for s in range(40))


# ---- what follows from an answer ------------------------------------------------------------------------------------


def test_htp_02_a_retry_is_the_same_bytes_under_the_same_key(weir, sinks):
    for status in (408, 409, 425, 429, 500, 502, 503, 504, 507, 520):
        (weir.dir / str(status)).mkdir()
    sink = sinks(script(408, 409, 425, 429, 500, 502, 503, 504, 507, 520, 200))
    lines = lines_of(100)
    agent = once(weir, sink, lines, retry={"first": "10ms", "max": "20ms"})
    assert sink.messages() == lines
    assert len(sink.requests) == 11 and len({(r.key, r.coded) for r in sink.requests}) == 1
    assert not [m for m in agent.messages() if m["level"] == "error"]


@pytest.mark.parametrize("value, least, most", [
    ("1", 1.0, 1.5), ("garbage", 0, 0.5), ("date", 0.5, 3.5),
])
def test_htp_01_retry_after(weir, sinks, value, least, most):
    if value == "date":
        value = time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + 2))
    sink = sinks(script(Answer(429, {"Retry-After": value}), 200))
    once(weir, sink, ["a"])
    waited = sink.requests[1].at - sink.requests[0].at
    assert sink.messages() == ["a"] and least <= waited and waited <= most * SLOWNESS


def test_htp_01_retry_after_is_capped(weir, sinks):
    """A thousand million seconds are ten minutes; and a stop is not held up by them."""
    sink = sinks(script(Answer(503, {"Retry-After": "1000000000"}), 200))
    write(weir, ["a"])
    agent = weir(config(sink.url), service={"shutdown_timeout": "1s"})
    wait_until(lambda: sink.requests)
    agent.wait_for(lambda status: "503" in str(status), what="the reason to be shown")
    agent.stop()
    agent.start()
    agent.wait_records(1)
    assert sink.messages() == ["a"]


@pytest.mark.parametrize("status", [401, 403, 404, 405, 407, 410, 501])
def test_htp_03_what_a_person_must_mend_is_held(weir, sinks, status):
    mended = threading.Event()
    sink = sinks(lambda request: 200 if mended.is_set() else Answer(status, body=b"no such thing"))
    lines = write(weir, lines_of(20000))
    agent = weir(config(sink.url, batch={"max_bytes": "64KiB"}))
    agent.allow_errors("requests are refused")
    agent.wait_for(lambda s: f"{status} no such thing" in str(s) and is_paused(s), what="the reason to be shown")
    assert len(sink.requests) < 10
    mended.set()
    agent.wait_records(20000, limit=30)
    assert sink.messages() == lines


def test_htp_10_redirects_are_not_followed(weir, sinks):
    other = sinks()
    sink = sinks(lambda request: Answer(307, {"Location": other.url}) if request.index < 2 else 200)
    agent = weir(config(sink.url, auth={"token": "hush"}))
    agent.allow_errors("requests are refused")
    write(weir, ["a"])
    agent.wait_records(1)
    assert not other.requests and sink.messages() == ["a"]


def test_htp_04_bodies_that_are_too_large_are_halved_and_the_limit_is_learned(weir, sinks):
    sink = sinks(lambda request: 413 if len(request.body) > 65536 else 200)
    lines = lines_of(20000)
    agent = once(weir, sink, lines)
    assert sink.messages() == lines
    refused = [r for r in sink.requests if r.status == 413]
    assert len(refused) < 8  # it does not ask again each time
    assert any("smaller bodies" in m.get("message", "") for m in agent.messages())


def test_htp_04_one_record_that_is_too_large_alone(weir, sinks):
    sink = sinks(lambda request: Answer(413, body=b"too much of it") if len(request.body) > 65536 else 200)
    lines = lines_of(100)
    agent = once(weir, sink, lines[:50] + ["z" * 70000] + lines[50:])
    assert sink.messages() == lines
    assert "413 too much of it" in agent.stderr()


def test_htp_08_one_bad_record_among_many_is_found(weir, sinks):
    sink = sinks(lambda request: Answer(400, body=b"bad record") if "poison" in request.body.decode() else 200)
    lines = lines_of(20000)
    agent = once(weir, sink, lines[:12345] + ["poison"] + lines[12345:])
    assert sink.messages() == lines
    assert "400 bad record" in agent.stderr()
    of_the_body = [r for r in sink.requests if r.status == 400]
    assert len(of_the_body) <= 2 * math.log2(10000)


def test_htp_08_when_all_are_bad_it_is_not_the_records(weir, sinks):
    """A service that refuses everything as wrong is asked about a hundred records, and the rest is held."""
    mended = threading.Event()
    sink = sinks(lambda request: 200 if mended.is_set() else 400)
    write(weir, lines_of(1000))
    agent = weir(config(sink.url))
    agent.allow_errors("requests are refused")
    agent.wait_for(is_paused, limit=30, what="an alarm")
    mended.set()
    agent.wait_for(lambda status: agent.ledger()["held"] == 0, limit=30)
    assert sink.messages() == lines_of(1000)[100:]


def test_on_reject_drop(weir, sinks):
    sink = sinks(lambda request: Answer(400, body=b"bad record") if b"poison" in request.body else 200)
    lines = lines_of(100)
    write(weir, [*lines[:50], "poison", *lines[50:]])
    agent = weir(config(sink.url, on_reject="drop"))
    agent.wait_records(101)
    assert sink.messages() == lines
    ledger = agent.ledger()
    assert (ledger["delivered"], ledger["dropped"]["rejected"], ledger["dead_lettered"]) == (100, 1, 0)
    assert "400 bad record" in agent.stderr() and not (agent.data_dir / "dead_letters").exists()


def test_on_reject_hold(weir, sinks):
    """Nothing gets past the record until the service takes it, and nothing is lost."""
    mended = threading.Event()
    sink = sinks(lambda request: Answer(400, body=b"bad record") if b"poison" in request.body and not mended.is_set() else 200)
    lines = [*lines_of(50), "poison", *lines_of(50, stream=1)]
    write(weir, lines)
    agent = weir(config(sink.url, on_reject="hold"))
    agent.allow_errors("requests are refused")
    agent.wait_for(lambda status: is_paused(status) and "400 bad record" in str(status), what="the reason to be shown")
    assert sink.messages() == lines[:len(sink.messages())] and "poison" not in sink.messages()
    mended.set()
    agent.wait_records(101)
    assert sink.messages() == lines and agent.ledger()["delivered"] == 101


def test_the_three_that_cost_others_their_logs(weir, sinks):
    """A token that is refused for a while, bodies refused above 64 KiB, one record of 20,000 that draws a 400."""
    def answer(request):
        if request.index < 3:
            return 401
        if len(request.body) > 65536:
            return 413
        return 400 if b"poison" in request.body else 200
    sink = sinks(answer)
    lines = lines_of(20000)
    agent = weir(config(sink.url))
    agent.allow_errors("requests are refused")
    write(weir, lines[:777] + ["poison"] + lines[777:])
    agent.wait_for(lambda status: agent.ledger()["read"] == 20001 and agent.ledger()["held"] == 0, limit=40)
    assert sink.messages() == lines
    assert agent.ledger()["delivered"] == 20000 and agent.ledger()["dead_lettered"] == 1
    (letter,) = letters(weir)
    assert letter["record"]["message"] == "poison" and letter["answer"].startswith("400")


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_htp_18_a_service_that_takes_no_compressed_bodies(weir, sinks, compression):
    sink = sinks(lambda request: 415 if "content-encoding" in request.headers else 200)
    lines = lines_of(20000)
    agent = once(weir, sink, lines, compression=compression, batch={"max_bytes": "64KiB"})
    assert sink.messages() == lines
    assert [r.headers["content-encoding"] for r in sink.requests if r.status == 415] == [compression]
    assert [m["compression"] for m in agent.messages() if "no compressed bodies" in m["message"]] == [compression]


# ---- connections ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", ["before", "reset", "body"])
def test_htp_22_what_was_stored_without_an_answer_comes_again_as_the_same(weir, sinks, cut):
    sink = sinks(lambda request: Answer(200, cut=cut) if request.index in (0, 2, 3) else 200)
    lines = lines_of(3000)
    once(weir, sink, lines, batch={"max_bytes": "32KiB"})
    stored = {}
    for request in sink.requests:
        assert stored.setdefault(request.key, request.coded) == request.coded
    assert len(sink.requests) == len(stored) + 3
    assert [m for body in stored.values() for m in map(json.loads, body.decode().splitlines())] == \
        [{"message": line} for line in lines]


def test_htp_11_no_answer(weir, sinks):
    sink = sinks(lambda request: Answer(200, delay=30) if request.index == 0 else 200)
    once(weir, sink, ["a"], timeout="500ms")
    assert [r.key for r in sink.requests] == [sink.requests[0].key] * 2


def test_htp_11_an_answer_that_trickles(weir, sinks):
    def trickle(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        try:
            for _ in range(100):
                connection.sendall(b".")
                time.sleep(0.1)
        except OSError:
            pass
    sink = sinks(lambda request: Answer(raw=trickle) if request.index == 0 else 200)
    once(weir, sink, ["a"], timeout="700ms")
    assert len(sink.requests) == 2


def test_htp_06_an_answer_without_end(weir, sinks):
    """What is read of an answer is bounded; a success is one after its first bytes."""
    def flood(connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n")
        try:
            for _ in range(1000):
                connection.sendall(b"x" * 100000)
        except OSError:
            pass
    sink = sinks(lambda request: Answer(raw=flood) if request.index == 0 else 200)
    once(weir, sink, ["a"])
    assert len(sink.requests) == 1


def test_htp_12_a_connection_that_was_closed_while_it_was_idle(weir, sinks):
    sink = sinks(lambda request: Answer(200, close=True))
    agent = weir(config(sink.url))
    for n in range(5):
        with open(weir.dir / "in.log", "a") as log:
            log.write(f"n={n}\n")
        agent.wait_records(n + 1)
    assert sink.messages() == [f"n={n}" for n in range(5)]


def test_connections_are_kept(weir, sinks):
    sink = sinks()
    once(weir, sink, lines_of(5000), batch={"max_bytes": "16KiB"})
    assert len(sink.requests) > 5 and len({r.client for r in sink.requests}) == 1


def test_htp_21_informational_answers(weir, sinks):
    def storm(connection):
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" * 50 +
                           b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
    sink = sinks(lambda request: Answer(raw=storm))
    once(weir, sink, ["a"])
    assert len(sink.requests) == 1


def test_nonsense_instead_of_an_answer(weir, sinks):
    sink = sinks(lambda request: Answer(raw=lambda c: c.sendall(b"SSH-2.0-OpenSSH_9.2\r\n"), status=1)
                 if request.index == 0 else 200)
    once(weir, sink, ["a"])
    assert sink.messages() == ["a"]


def test_htp_13_a_name_that_is_not_there_holds_up_no_other_output(weir, sinks):
    sink = sinks()
    lines = lines_of(1000)
    both = config(sink.url)
    both["pipelines"]["app"]["outputs"].append(
        {"type": "http", "url": "http://nowhere.invalid/", "retry": RETRY, "connect_timeout": "1s"})
    agent = weir(both, service={"shutdown_timeout": "1s"})
    write(weir, lines)
    wait_until(lambda: len(sink.messages()) == 1000, limit=20)
    assert sink.messages() == lines
    agent.wait_for(lambda status: "resolve" in str(status), limit=20, what="the reason to be shown")


@pytest.fixture(scope="session")
def names(tmp_path_factory):
    return preload.library("names", tmp_path_factory)


@pytest.mark.unsanitized
def test_htp_13_a_name_server_that_takes_its_time_holds_up_no_other_output(weir, sinks, names):
    sink, slow = sinks(), sinks()
    both = config(sink.url)
    both["pipelines"]["app"]["outputs"].append({"type": "http", "url": f"http://slow.example:{slow.port}/", "retry": RETRY})
    agent = weir(both, env={"LD_PRELOAD": names, "NAMES_SLOW_S": "2"})
    lines = write(weir, lines_of(1000))
    wait_until(lambda: len(sink.messages()) == 1000, limit=20)
    assert not slow.requests and agent.ledger()["held"] == 1000
    agent.wait_records(1000, limit=20)
    assert sink.messages() == slow.messages() == lines


@pytest.mark.unsanitized
def test_htp_13_an_address_that_is_a_black_hole_beside_one_that_is_not(weir, sinks, names):
    sink = sinks()
    lines = write(weir, lines_of(100))
    agent = weir(config(f"http://two.example:{sink.port}/in"), env={"LD_PRELOAD": names})
    agent.wait_records(100, limit=20)
    assert sink.messages() == lines


@pytest.mark.long
@pytest.mark.unsanitized
def test_htp_13_a_name_that_moves(weir, sinks, names):
    """The address is looked up again after half a minute, without a restart."""
    sink = sinks()
    (weir.dir / "address").write_text("127.0.0.2\n")
    lines = write(weir, lines_of(100))
    agent = weir(config(f"http://file.example:{sink.port}/in", connect_timeout="500ms"),
                 env={"LD_PRELOAD": names, "NAMES_FILE": weir.dir / "address"})
    agent.wait_for(lambda status: agent.metrics().value("weir_retries_total") > 0, what="a try in vain")
    (weir.dir / "address").write_text("127.0.0.1\n")
    agent.wait_records(100, limit=40)
    assert sink.messages() == lines


def test_a_service_that_is_away_and_comes_back(weir, sinks):
    sink = sinks()
    port = sink.port
    sink.stop()
    lines = write(weir, lines_of(1000))
    agent = weir(config(sink.url))
    agent.wait_for(lambda status: "connect" in str(status).lower(), what="the reason to be shown")
    back = sinks(port=port)
    agent.wait_records(1000, limit=30)
    assert back.messages() == lines


def test_several_urls_share_and_stand_in_for_each_other(weir, sinks):
    down = threading.Event()
    one, two = sinks(lambda r: 503 if down.is_set() else Answer(delay=0.01)), sinks(lambda r: Answer(delay=0.01))
    agent = weir(config([one.url, two.url, two.url], batch={"max_bytes": "4KiB"}))
    for stream in range(20):
        write(weir, lines_of(200, stream), f"in{stream}.log")
    agent.wait_records(4000, limit=30)
    at = {"one": f"127.0.0.1:{one.port}", "two": f"127.0.0.1:{two.port}", "again": f"127.0.0.1:{two.port}#2"}
    metrics = agent.metrics()
    begun = {name: metrics.value("weir_http_requests_total", endpoint=label) for name, label in at.items()}
    assert (begun["one"], begun["two"] + begun["again"]) == (len(one.requests), len(two.requests)) and begun["again"] > 0
    for label in at.values():
        assert metrics.value("weir_http_round_trip_milliseconds", endpoint=label) >= 10
        assert metrics.value("weir_http_concurrency_limit_requests", endpoint=label) >= 1
        assert metrics.value("weir_http_under_way_requests", endpoint=label) == 0
    assert len(one.accepted()) > 5 and len(two.accepted()) > 5
    down.set()
    taken = len(one.accepted())
    for stream in range(20, 40):
        write(weir, lines_of(200, stream), f"in{stream}.log")
    agent.wait_records(8000, limit=30)
    assert len(one.accepted()) == taken
    streams = by_stream(one.messages() + two.messages())
    assert sorted(n for numbers in streams.values() for n in numbers) == sorted(list(range(200)) * 40)


def test_kill_and_start_again_loses_nothing(weir, sinks):
    sink = sinks(lambda request: Answer(delay=0.02))
    lines = write(weir, lines_of(20000))
    agent = weir(config(sink.url, batch={"max_bytes": "32KiB"}))
    wait_until(lambda: len(sink.accepted()) > 5)
    agent.kill9()
    agent.start()
    agent.wait_for(lambda status: len(set(sink.messages())) == len(lines) and agent.ledger()["held"] == 0, limit=30)
    assert first_seen(sink.messages()) == lines


def test_a_stop_ends_in_time_while_nothing_answers(weir, sinks):
    sink = sinks(lambda request: Answer(delay=60))
    write(weir, lines_of(10))
    agent = weir(config(sink.url), service={"shutdown_timeout": "500ms"})
    wait_until(lambda: sink.requests)
    begun = time.monotonic()
    agent.stop()
    assert time.monotonic() - begun < 3 * SLOWNESS


# ---- credentials -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("auth, header, value", [
    ({"user": "me", "password": "p:w"}, "authorization", "Basic bWU6cDp3"),
    ({"token": "hush"}, "authorization", "Bearer hush"),
    ({"token": "hush", "scheme": "ApiKey"}, "authorization", "ApiKey hush"),
    ({"token": "hush", "scheme": "", "header": "X-Api-Key"}, "x-api-key", "hush"),
])
def test_credentials(weir, sinks, auth, header, value):
    sink = sinks()
    agent = once(weir, sink, ["a"], auth=auth)
    assert sink.requests[0].headers[header] == value
    assert "hush" not in agent.stderr() and "p:w" not in agent.stderr()


def test_htp_16_a_token_file_is_read_again(weir, sinks):
    sink = sinks(lambda request: 200 if request.headers["authorization"] == "Bearer new" else 401)
    (weir.dir / "token").write_text("old\n")
    agent = weir(config(sink.url, auth={"token_file": "${DIR}/token"}))
    agent.allow_errors("requests are refused")
    write(weir, ["a"])
    agent.wait_for(lambda status: "401" in str(status))
    (weir.dir / "token.new").write_text("new\n")
    (weir.dir / "token.new").rename(weir.dir / "token")
    agent.wait_records(1, limit=20)
    assert sink.messages() == ["a"]


def test_htp_16_tokens_from_an_oauth2_server(weir, sinks):
    """A token is had when it is needed, had again when it is refused, and what the token server says is told."""
    tokens = sinks(script(Answer(503, body=b"later"), *[
        Answer(200, body=json.dumps({"access_token": f"t{n}", "expires_in": 3600}).encode()) for n in (1, 2)]))
    sink = sinks(lambda request: 200 if request.headers["authorization"] == "Bearer t2" else 401)
    (weir.dir / "secret").write_text("s&cret\n")
    agent = weir(config(sink.url, auth={"oauth2": {
        "url": tokens.url, "client_id": "me", "client_secret_file": "${DIR}/secret", "scope": "logs write"}}))
    agent.allow_errors("there are no credentials")
    write(weir, lines_of(100))
    agent.wait_records(100, limit=20)
    assert sink.messages() == lines_of(100)
    assert [r.status for r in sink.requests][:2] == [401, 200]
    assert tokens.requests[0].body == \
        b"grant_type=client_credentials&client_id=me&client_secret=s%26cret&scope=logs%20write"
    assert "s&cret" not in agent.stderr() and "503 later" in agent.stderr()


def test_htp_16_a_token_server_that_hangs_holds_up_no_other_output(weir, sinks):
    sink, tokens, held = sinks(), sinks(Answer(delay=60)), sinks()
    both = config(sink.url)
    both["pipelines"]["app"]["outputs"].append(
        {"type": "http", "url": held.url, "auth": {"oauth2": {"url": tokens.url, "client_id": "a", "client_secret": "b"}}})
    write(weir, lines_of(1000))
    agent = weir(both, service={"shutdown_timeout": "1s"})
    agent.allow_errors("there are no credentials")
    wait_until(lambda: len(sink.messages()) == 1000, limit=20)
    assert not held.requests


def test_htp_20_records_cannot_break_out_of_their_body(weir, sinks):
    sink = sinks()
    lines = ['{"create":{}}', '"}\r\n\r\nPOST / HTTP/1.1', 'a\\n{"index":{}}', "\u2028"]
    once(weir, sink, lines)
    assert [m.rstrip("\r") for m in sink.messages()] == [part.rstrip("\r") for part in "\n".join(lines).split("\n")]


def test_an_address_may_have_a_query(weir, sinks):
    sink = sinks()
    sink.url += "?time=@timestamp"
    once(weir, sink, ["a"])
    assert sink.requests[0].path == "/in?time=@timestamp"


@pytest.mark.parametrize("output, said", [
    ({"url": "ftp://x/"}, "no address of a service"),
    ({"url": "http://"}, "no address of a service"),
    ({"url": "http://me:secret@x/"}, 'use "auth"'),
    ({"url": "https://me:secret@x?a=b"}, 'use "auth"'),
    ({"headers": {"X-A": "a\r\nX-B: b"}}, "is no header"),
    ({"headers": {"X A": "a"}}, "is no header"),
    ({"headers": {"Content-Length": "1"}}, "set by the output itself"),
    ({"auth": {"token": "a", "user": "b"}}, "only one of"),
    ({"auth": {"password": "a"}}, "needs its user"),
    ({"auth": {"token": "a", "token_file": "/b"}}, "from one place"),
    ({"auth": {"oauth2": {"url": "http://x/", "client_id": "a"}}}, "client_secret"),
    ({"tls": {"cert": "/a"}}, "belong together"),
    ({"concurrency": "65"}, "neither auto nor"),
    ({"format": "array", "codec": "text"}, "set codec to json"),
    ({"batch": {"max_byte": "1MiB"}}, 'did you mean "max_bytes"'),
])
def test_htp_20_wrong_configurations_are_told(weir, output, said):
    agent = weir.make(config(**{"url": "http://127.0.0.1:1/", **output}))
    done = weir.cli("validate", "-c", agent.config_path)
    assert done.returncode == 2 and said in done.stderr, done.stderr
