# SPDX-License-Identifier: Apache-2.0
"""The output `http` behind TLS, gateways, proxies and broken paths; with nginx."""
import os
import shutil
import subprocess
import sys
import time

import pytest

from harness.certificates import Authority
from harness.http_sink import Answer, HttpSink, script
from harness.nginx import Nginx
from harness.wait import SLOWNESS, wait_until
from test_http import config, is_paused, lines_of, sinks, write  # noqa: F401 (sinks is a fixture)


@pytest.fixture
def front(weir, sinks):
    """Makes nginx in front of a sink; returns both, and the authority."""
    made = []

    def make(server=None, answer=lambda request: 200, **how):
        sink, authority = sinks(answer), Authority(weir.dir)
        authority.sign("server")
        made.append(Nginx(weir.dir, sink.port, server or tls("server"), **how))
        return made[-1], sink, authority
    yield make
    for nginx in made:
        nginx.stop()


def tls(name, more=""):
    return f"ssl_certificate {name}.crt; ssl_certificate_key {name}.key; {more}"


def test_http_2_by_tls(weir, front):
    nginx, sink, authority = front()
    lines = write(weir, lines_of(20000))
    agent = weir(config(nginx.url, tls={"ca": str(authority.path)}, concurrency="4", batch={"max_bytes": "64KiB"}))
    agent.wait_records(20000, limit=30)
    assert sink.messages() == lines
    wait_until(lambda: len(nginx.protocols()) == len(sink.requests))
    assert set(nginx.protocols()) == {"HTTP/2.0 200"}


def test_htp_21_connections_that_the_server_ends(weir, front):
    """HTTP/2's GOAWAY after every third request of a connection, with several under way: each arrives, once."""
    nginx, sink, authority = front(tls("server", "keepalive_requests 3;"))
    for stream in range(8):
        write(weir, lines_of(1000, stream), f"in{stream}.log")
    agent = weir(config(nginx.url, tls={"ca": str(authority.path)}, concurrency="4", batch={"max_bytes": "8KiB"}))
    agent.wait_records(8000, limit=30)
    assert sorted(sink.messages()) == sorted(line for stream in range(8) for line in lines_of(1000, stream))
    wait_until(lambda: len(nginx.protocols()) >= len(sink.requests))
    assert len(sink.requests) > 20 and set(nginx.protocols()) == {"HTTP/2.0 200"}


def test_http_1_where_there_is_no_2(weir, front):
    nginx, sink, authority = front(listen="ssl")
    lines = write(weir, lines_of(1000))
    agent = weir(config(nginx.url, tls={"ca": str(authority.path)}))
    agent.wait_records(1000)
    assert sink.messages() == lines and set(nginx.protocols()) == {"HTTP/1.1 200"}


@pytest.mark.parametrize("what", ["expired", "wrong host", "unknown authority", "old protocol"])
def test_htp_15_a_server_that_does_not_prove_who_it_is(weir, front, what):
    """Nothing is sent; when it is mended it goes on, without a restart."""
    nginx, sink, authority = front()
    more = ""
    signer = authority
    if what == "unknown authority":
        signer = Authority(weir.dir, "other")
    if what == "old protocol":
        more = "ssl_protocols TLSv1.1; ssl_ciphers ALL:@SECLEVEL=0;"
    signer.sign("bad", host="DNS:elsewhere.example" if what == "wrong host" else "IP:127.0.0.1", days=0 if what == "expired" else 2)
    if what == "expired":
        time.sleep(1.1)
    nginx.reload(tls("bad", more))
    time.sleep(0.5)  # a reload has no answer
    agent = weir(config(nginx.url, tls={"ca": str(authority.path)}))
    agent.allow_errors("requests are refused")
    lines = write(weir, lines_of(100))
    words = "certificate" if what in ("expired", "unknown authority") else "name" if what == "wrong host" else ""
    agent.wait_for(lambda s: s["pipelines"][0]["outputs"][0]["state"] != "ok" and words in str(s), what="the reason")
    assert not sink.requests
    nginx.reload(tls("server"))
    agent.wait_records(100, limit=30)
    assert sink.messages() == lines


def test_without_verification_it_is_said(weir, front):
    nginx, sink, _ = front()
    agent = weir(config(nginx.url, tls={"verify": False}))
    write(weir, ["a"])
    agent.wait_records(1)
    assert sink.messages() == ["a"] and "is not verified" in agent.stderr()


def test_htp_15_a_client_certificate_that_is_rotated(weir, front):
    nginx, sink, authority = front(tls("server", "ssl_client_certificate ca.crt; ssl_verify_client on;"))
    other = Authority(weir.dir, "other")
    for signer in (other, authority):
        signer.sign("client" if signer is other else "good")
    agent = weir(config(nginx.url, tls={"ca": str(authority.path), "cert": "${DIR}/client.crt", "key": "${DIR}/client.key"}))
    agent.allow_errors("requests are refused")
    lines = write(weir, lines_of(100))
    agent.wait_for(lambda s: s["pipelines"][0]["outputs"][0]["state"] != "ok", what="the refusal")
    assert not sink.requests
    for end in ("key", "crt"):
        os.replace(weir.dir / f"good.{end}", weir.dir / f"client.{end}")
    agent.wait_records(100, limit=30)
    assert sink.messages() == lines


def test_htp_15_the_password_of_a_key_from_a_file_that_is_rotated(weir, front):
    nginx, sink, authority = front(tls("server", "ssl_client_certificate ca.crt; ssl_verify_client on;"))
    authority.sign("client")
    shutil.move(weir.dir / "client.key", weir.dir / "plain.key")

    def put(password):
        """The key under another password, and then the password."""
        subprocess.run(["openssl", "pkey", "-in", weir.dir / "plain.key", "-aes128", "-passout", f"pass:{password}", "-out", weir.dir / "new.key"],
                       check=True)
        (weir.dir / "new.password").write_text(password + "\n")
        for name in ("key", "password"):
            os.replace(weir.dir / f"new.{name}", weir.dir / f"client.{name}")
    put("first")
    (weir.dir / "client.password").unlink()
    agent = weir(config(nginx.url, tls={"ca": str(authority.path), "cert": "${DIR}/client.crt", "key": "${DIR}/client.key",
                                        "key_password_file": "${DIR}/client.password"}))
    agent.allow_errors("requests are refused")
    lines = write(weir, lines_of(100))
    agent.wait_for(is_paused, what="the missing password to be told")
    assert not sink.requests and "cannot read the password" in agent.stderr()
    put("first")
    agent.wait_records(100, limit=30)
    put("second")
    lines += write(weir, lines_of(100, stream=1), "in1.log")
    agent.wait_records(200, limit=30)
    assert sink.messages() == lines


def test_a_bad_gateway_and_one_that_gives_up(weir, front, sinks):
    nginx, sink, authority = front(tls("server", "proxy_read_timeout 1s;"),
                                   answer=lambda request: Answer(delay=3) if request.index == 0 else 200)
    lines = write(weir, lines_of(100))
    agent = weir(config(nginx.url, tls={"ca": str(authority.path)}))
    agent.wait_records(100, limit=30)  # 504, and again
    assert sink.requests[0].key == sink.requests[1].key
    sink.stop()
    more = write(weir, lines_of(50, 1), "in1.log")
    agent.wait_for(lambda status: "502" in str(status), what="the reason to be shown")
    back = sinks(port=sink.port)
    agent.wait_records(150, limit=30)
    assert back.messages() == more and sink.requests[1].messages() == lines


def test_htp_17_a_proxy(weir, sinks):
    proxy = sinks(script(407, 200))
    agent = weir(config("http://service.example/in", proxy=f"http://127.0.0.1:{proxy.port}"))
    agent.allow_errors("requests are refused")
    write(weir, ["a"])
    agent.wait_records(1)
    assert proxy.messages() == ["a"]
    assert [r.path for r in proxy.requests] == ["http://service.example/in"] * 2
    assert '"why":"407"' in agent.stderr()


def test_htp_17_a_proxy_from_the_environment_that_refuses_a_tunnel(weir, sinks):
    proxy = sinks(lambda request: 403)
    agent = weir(config("https://service.example/in"), env={"https_proxy": f"http://127.0.0.1:{proxy.port}"},
                 service={"shutdown_timeout": "1s"})
    write(weir, ["a"])
    agent.wait_for(lambda status: "CONNECT" in str(status), what="the reason to be shown")
    assert proxy.requests[0].method == "CONNECT" and proxy.requests[0].path == "service.example:443"


# ---- a path that swallows packets -----------------------------------------------------------------------------------

NAMESPACES = os.geteuid() == 0 and shutil.which("ip") and shutil.which("unshare")

# The other end of a wire: takes what is posted, and answers.
FAR_SIDE = """
import sys, time
sys.path.insert(0, sys.argv[1])
from harness.http_sink import HttpSink
sink = HttpSink(host="10.99.0.2", port=8080)
while True:
    time.sleep(0.1)
    with open(sys.argv[2] + ".new", "w") as out:
        out.writelines(m + "\\n" for m in sink.messages())
    import os
    os.replace(sys.argv[2] + ".new", sys.argv[2])
"""


def ip(*args, check=True):
    return subprocess.run(["ip", *args], check=check, capture_output=True)


@pytest.mark.skipif(not NAMESPACES, reason="needs root, ip and unshare")
@pytest.mark.limit(90)
def test_htp_14_a_path_that_swallows_packets(weir, sinks):
    """Two network namespaces and a wire that is cut at the far end: an established connection and new ones vanish. The other
    output goes on; delivery resumes soon after the path is back."""
    near, far = f"wn{os.getpid()}", f"wf{os.getpid()}"
    for name in (near, far):
        if ip("netns", "add", name, check=False).returncode or ip("netns", "exec", name, "true", check=False).returncode:
            ip("netns", "del", name, check=False)
            pytest.skip("network namespaces cannot be made, or not entered, here")
    out = weir.dir / "far.log"
    program = weir.dir / "far.py"
    program.write_text(FAR_SIDE)
    server = None
    try:
        ip("link", "add", "name", "wire0", "netns", near, "type", "veth", "peer", "name", "wire1", "netns", far)
        for name, device, address in ((near, "wire0", "10.99.0.1"), (far, "wire1", "10.99.0.2")):
            ip("-n", name, "addr", "add", f"{address}/24", "dev", device)
            ip("-n", name, "link", "set", device, "up")
            ip("-n", name, "link", "set", "lo", "up")
        server = subprocess.Popen(["ip", "netns", "exec", far, sys.executable, str(program), os.path.dirname(__file__), str(out)])
        both = config("http://10.99.0.2:8080/in", connect_timeout="1s", timeout="3s")
        both["pipelines"]["app"]["outputs"].append({"type": "file", "path": "${DIR}/out.log", "codec": "text"})
        agent = weir(both, wrapper=["ip", "netns", "exec", near])
        text = lambda path: path.read_text().splitlines() if path.exists() else []
        write(weir, lines_of(100))
        wait_until(lambda: text(out) == lines_of(100), limit=20)
        ip("-n", far, "link", "set", "wire1", "down")
        write(weir, lines_of(100, 1), "in1.log")
        wait_until(lambda: len(text(weir.dir / "out.log")) == 200, limit=20)
        agent.wait_for(lambda status: agent.metrics().value("weir_retries_total") >= 2, limit=30, what="tries in vain")
        ip("-n", far, "link", "set", "wire1", "up")
        wait_until(lambda: set(text(out)) == set(lines_of(100) + lines_of(100, 1)), limit=30)
        agent.wait_records(200)
    finally:
        if server:
            server.kill()
            server.wait()
        for name in (near, far):
            ip("netns", "del", name, check=False)
