# SPDX-License-Identifier: Apache-2.0
"""The admin endpoint, over TCP and a Unix socket: the same answers, and numbers that agree with each other."""
import contextlib
import http.client
import json
import signal
import socket
import stat

import pytest

from harness import admin
from harness.ledger import plugin_of
from harness.wait import wait_until

CONFIG = """
pipelines:
  app:
    inputs: [{type: tail, paths: ["${DIR}/in.log"]}]
    filters: [{type: grep, exclude: [secret]}]
    outputs: [{type: file, path: "${DIR}/out.log", codec: text}]
"""

# By design.md, every pipeline has these from its first moment.
METRICS = {
    "weir_input_records_total": 3, "weir_input_bytes_total": 22, "weir_output_records_total": 2, "weir_output_bytes_total": 8,
    "weir_filtered_records_total": 1, "weir_held_records": 0, "weir_ledger_residue_records": 0,
    "weir_backpressure_seconds_total": None, "weir_buffer_memory_bytes": None, "weir_retries_total": 0,
    "weir_input_lag_bytes": 0,
}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(params=["unix", "tcp"])
def agent(weir, request):
    (weir.dir / "in.log").write_text("one\na secret line\ntwo\n")
    service = {}
    if request.param == "tcp":
        service["admin"] = {"listen": f"127.0.0.1:{free_port()}"}
    agent = weir.make(CONFIG, service=service)
    if request.param == "tcp":
        agent.admin = service["admin"]["listen"]
    agent.start()
    agent.wait_records(3)
    return agent


def test_endpoints_answer(agent):
    for path, content in (("/", "text/plain"), ("/metrics", "text/plain"), ("/livez", "text/plain"), ("/healthz", "text/plain"),
                          ("/readyz", "text/plain"), ("/readyz?verbose", "text/plain"), ("/api/v1/status", "application/json")):
        status, headers, body = agent.get(path)
        assert status == 200, path
        assert headers["content-type"].startswith(content), path
        assert body, path
    assert agent.get("/nothing")[0] == 404


def test_it_only_reads(agent):
    for method in ("POST", "PUT", "DELETE"):
        connection = admin.connect(agent.admin)
        connection.request(method, "/api/v1/status", body="{}")
        assert connection.getresponse().status == 405, method
        connection.close()
    connection = admin.connect(agent.admin)
    connection.request("HEAD", "/healthz")
    answer = connection.getresponse()
    assert answer.status == 200 and answer.read() == b""
    connection.close()


def test_metrics_and_status_agree(agent):
    metrics = agent.metrics()
    for name, value in METRICS.items():
        found = metrics.value(name, pipeline="app")
        assert value is None or found == value, (name, found)
    assert metrics.find("weir_delivery_latency_seconds_count", pipeline="app")
    pipeline = agent.pipeline("app")
    assert pipeline["ledger"]["read"] == 3 and pipeline["ledger"]["delivered"] == 2
    assert pipeline["ledger"]["filtered"]["grep"] == 1
    assert plugin_of(pipeline, "tail")["bytes"] == 22
    assert plugin_of(pipeline, "file")["records"] == 2


def test_every_family_of_metrics_has_its_help_and_type(agent):
    known, families = {}, set()
    for line in agent.metrics().text.splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in known, f"{name} comes twice"
            known[name] = kind
        elif not line.startswith("#") and line:
            families.add(line.split("{")[0].split(" ")[0])
    for name in families:
        base = next((name[:-len(end)] for end in ("_bucket", "_sum", "_count") if name.endswith(end)), name)
        assert name in known or known.get(base) == "histogram", name
        if known.get(name) == "counter":
            assert name.endswith("_total"), name


def test_weir_status_asks_it(weir, agent):
    text = weir.cli("status", "--admin", agent.admin, check=True).stdout
    assert "pipeline app: read 3, delivered 2, filtered 1" in text
    status = json.loads(weir.cli("status", "--json", "--admin", agent.admin, check=True).stdout)
    assert status["pipelines"][0]["ledger"]["read"] == 3


def test_a_foreign_host_name_is_refused_over_tcp(weir):
    """A page in a browser whose name was rebound to the loopback address must not read it."""
    where = f"127.0.0.1:{free_port()}"
    agent = weir.make(CONFIG, service={"admin": {"listen": where}})
    agent.admin = where
    agent.start()
    assert admin.get(where, "/metrics", {"Host": "evil.example"})[0] in (403, 421)
    assert admin.get(where, "/metrics", {"Host": "localhost"})[0] == 200


def test_the_socket_is_its_owners_and_goes_with_the_agent(weir):
    agent = weir(CONFIG)
    mode = agent.socket.stat().st_mode
    assert stat.S_ISSOCK(mode) and mode & 0o007 == 0
    agent.stop()
    assert not agent.socket.exists()
    agent.start()
    agent.kill9()
    assert agent.socket.exists()
    agent.start()  # a socket that a killed agent left is no obstacle


def test_clients_that_misbehave_do_not_stop_it(weir):
    agent = weir(CONFIG)
    idle = [admin.connect(agent.admin) for _ in range(50)]
    for connection in idle:
        connection.connect()
    for connection in idle[:25]:
        with contextlib.suppress(BrokenPipeError):  # the oldest make room for the youngest
            connection.sock.send(b"GET /met")
    with socket.socket(socket.AF_UNIX) as s:
        s.connect(str(agent.socket))
        s.send(b"\x16\x03\x01 what is this\r\n\r\n")
        assert s.recv(100)[:8] in (b"", b"HTTP/1.1")
    assert agent.get("/healthz")[0] == 200
    for connection in idle:
        connection.close()


def test_off_means_off(weir):
    agent = weir(CONFIG, service={"admin": {"listen": "off"}}, ready=False)
    with pytest.raises((OSError, http.client.HTTPException)):
        agent.get("/healthz")
    wait_until(lambda: len(agent.threads()) > 3, what="its threads")
    agent.signal(signal.SIGTERM)
    assert agent.wait_exit() == 0
