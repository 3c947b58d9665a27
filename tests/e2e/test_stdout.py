# SPDX-License-Identifier: Apache-2.0
"""The output `stdout`: a reader that is slow, one that goes, and none at all."""
import fcntl
import os
import pty
import socket
import subprocess
import threading

from harness import generated
from harness.pipes import StalledPipe


def config(count, rate=0, codec="text"):
    return {"pipelines": {"app": {
        "inputs": [generated.input_of(count, rate=rate)],
        "outputs": [{"type": "stdout", "codec": codec}]}}}


def test_to_a_file(weir):
    with open(weir.dir / "stdout.log", "wb") as out:
        weir.once(config(50000), stdout=out)
    generated.assert_each_once(weir.dir / "stdout.log", 50000)


def test_a_slow_reader_is_waited_for(weir):
    stalled = StalledPipe(weir.dir / "stdout.log")
    agent = weir(config(50000), stdout=stalled.writer)
    agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["held"] > 1000, what="records to be held")
    assert fcntl.fcntl(stalled.writer, fcntl.F_GETFL) & os.O_NONBLOCK == 0  # the flag is not ours to set
    agent.check_memory()
    stalled.drain()
    agent.wait_records(50000)
    agent.stop()
    stalled.close()
    generated.assert_each_once(weir.dir / "stdout.log", 50000)


def test_lif_02_stops_while_nobody_reads(weir):
    stalled = StalledPipe(weir.dir / "stdout.log")
    agent = weir(config(50000), stdout=stalled.writer, service={"shutdown_timeout": "500ms"})
    agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["held"] > 1000, what="records to be held")
    assert agent.stop(limit=5) < 3
    stalled.close()


def test_a_reader_that_goes_is_told(weir):
    reader, writer = os.pipe2(os.O_CLOEXEC)
    agent = weir(config(0, rate=100), stdout=writer, service={"shutdown_timeout": "500ms"})
    os.close(writer)
    os.read(reader, 10)
    os.close(reader)
    agent.wait_for(lambda status: "Broken pipe" in str(status), what="the reason to be shown")
    assert "Broken pipe" in agent.stderr()
    assert agent.stop() < 3


def test_res_13_standard_output_is_closed(weir):
    agent = weir.make(config(10), args=["--once"], wrapper=["sh", "-c", 'exec "$0" "$@" >&-'])
    agent.start(ready=False)
    assert agent.wait_exit() == 0
    assert "what is written there is gone" in agent.stderr()
    assert "seq=" not in agent.stderr()  # nor did descriptor 1 become another file of the agent's


def test_to_a_terminal(weir):
    master, slave = pty.openpty()
    seen = []

    def copy():
        try:
            while data := os.read(master, 65536):
                seen.append(data)
        except OSError:
            pass
    reader = threading.Thread(target=copy)
    reader.start()
    agent = weir.make(config(3000), args=["--once"])
    agent.start(ready=False, stdout=slave)
    os.close(slave)
    assert agent.wait_exit() == 0
    reader.join(10)
    (weir.dir / "seen.log").write_bytes(b"".join(seen).replace(b"\r\n", b"\n"))
    generated.assert_each_once(weir.dir / "seen.log", 3000)
    os.close(master)


def test_to_a_socket(weir):
    script = "import socket,sys; s=socket.socket(fileno=0)\nwhile (d := s.recv(65536)): sys.stdout.buffer.write(d)"
    ours, theirs = socket.socketpair()
    with open(weir.dir / "stdout.log", "wb") as out:
        reader = subprocess.Popen(["/usr/bin/python3", "-c", script], stdin=theirs, stdout=out)
    theirs.close()
    weir.once(config(50000), stdout=ours)
    ours.close()
    assert reader.wait(10) == 0
    generated.assert_each_once(weir.dir / "stdout.log", 50000)
