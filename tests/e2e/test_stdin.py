# SPDX-License-Identifier: Apache-2.0
"""The input `stdin`: every line once, whatever is on the other side of the pipe, and an exact count of what is safe."""
import json
import os
import signal
import subprocess
import time

import pytest

from harness.feed import Feed
from harness.pipes import StalledPipe
from harness.wait import wait_until

OUT = {"type": "file", "path": "${DIR}/out.log", "codec": "text"}


def config(*outputs, **options):
    return {"pipelines": {"app": {"inputs": [{"type": "stdin", **options}], "outputs": list(outputs) or [OUT]}}}


def test_the_count_of_taken_records_grows_with_them(weir):
    feed = Feed()
    agent = feed.start(weir.make(config(ack_fd=feed.ack_fd)))
    total = 0
    for size in (1, 10, 1000, 30000):
        feed.lines(*("x" * (i % 90) for i in range(size)))
        total += size
        feed.wait_acked(total)
        assert (weir.dir / "out.log").read_text().count("\n") == total == feed.acked()
    feed.end()
    time.sleep(0.1)
    assert agent.is_running()  # the end of one input is not the end of the agent


def test_nothing_is_acked_before_its_output_has_it(weir):
    feed = Feed()
    stalled = StalledPipe(weir.dir / "stdout.log")
    agent = feed.start(weir.make(config({"type": "stdout", "codec": "text"}, ack_fd=feed.ack_fd)),
                       stdout=stalled.writer)
    line = "y" * 999
    feed.lines(*[line] * 30)
    feed.wait_acked(30)
    feed.lines(*[line] * 60)  # more than the pipe takes
    time.sleep(0.3)
    assert 30 <= feed.acked() < 90
    stalled.drain()
    feed.wait_acked(90)
    agent.stop()
    stalled.close()
    assert (weir.dir / "stdout.log").read_text() == (line + "\n") * 90


def test_a_slow_reader_of_the_count_holds_nothing_up(weir):
    feed = Feed()
    os.set_blocking(feed.ack_fd, False)
    filled = 0
    try:
        while True:
            filled += os.write(feed.ack_fd, b"0" * 4096)
    except BlockingIOError:
        pass
    os.set_blocking(feed.ack_fd, True)
    agent = feed.start(weir.make(config(ack_fd=feed.ack_fd)))
    for i in range(100):
        feed.lines("x")
        agent.wait_records(i + 1)
    while filled:
        filled -= len(os.read(feed.ack_reader, filled))
    feed.wait_acked(100)
    assert feed.seen == b"100\n"  # what nobody could read is left out


def test_the_reader_of_the_count_goes(weir):
    feed = Feed()
    agent = feed.start(weir.make(config(ack_fd=feed.ack_fd)))
    os.close(feed.ack_reader)
    os.close(feed.ack_fd)
    feed.lines("one", "two")
    agent.wait_records(2)
    assert "cannot print the number of taken records" in agent.stderr()


@pytest.mark.parametrize("number", [3, 4, 5, 6, 8, 10, 777])
def test_ack_fd_must_have_been_given(weir, number):
    """The agent's own files have numbers too, and are not written to."""
    agent = weir.make(config(ack_fd=number))
    agent.start(ready=False)
    assert agent.wait_exit() in (1, 2)
    assert f"{number} is not open" in agent.stderr()


@pytest.mark.parametrize("data, messages", [
    (b"", []),
    (b"\n", [""]),
    (b"no newline", ["no newline"]),
    (b"one\n\ntwo\r\nthree", ["one", "", "two", "three"]),
    (b"a" * 300000 + b"\n" + b"b" * 600000, ["a" * 300000, "b" * 600000]),
], ids=["nothing", "empty-line", "no-newline", "carriage-return", "long-lines"])
@pytest.mark.parametrize("kind", ["pipe", "file"])
def test_once_reads_to_the_end(weir, data, messages, kind):
    (weir.dir / "in").write_bytes(data)
    command = config({"type": "file", "path": "${DIR}/out.log", "codec": "json"})
    if kind == "file":
        with open(weir.dir / "in", "rb") as source:
            weir.once(command, stdin=source)
    else:
        with subprocess.Popen(["cat", weir.dir / "in"], stdout=subprocess.PIPE) as cat:
            weir.once(command, stdin=cat.stdout)
    out = weir.dir / "out.log"
    found = [json.loads(line)["message"] for line in out.read_text().split("\n")[:-1]] if out.exists() else []
    assert found == messages


def test_tail_24_lines_longer_than_max_line_are_cut(weir):
    lines = ["short", "x" * 1024, "y" * 1025, "z" * 500000, "\u20ac" * 400, "last"]
    (weir.dir / "in").write_text("\n".join(lines) + "\n")
    with open(weir.dir / "in", "rb") as source:
        agent = weir.once(config({"type": "file", "path": "${DIR}/out.log", "codec": "json"}, max_line="1KiB"),
                          stdin=source)
    records = [json.loads(line) for line in (weir.dir / "out.log").read_text().splitlines()]
    assert [record["message"] for record in records] == [
        "short", "x" * 1024, "y" * 1024, "z" * 1024, "\u20ac" * 341, "last"]
    assert [bool(record.get("weir.truncated")) for record in records] == [False, False, True, True, True, False]


@pytest.mark.unsanitized
def test_tail_24_a_line_without_an_end_costs_no_memory(weir):
    feed = Feed()
    agent = feed.start(weir.make(config()))
    chunk = b"x" * (1 << 20)
    for _ in range(200):
        feed.write(chunk)
    feed.write(b"\nnext\n")
    agent.wait_records(2)
    agent.check_memory()
    assert (weir.dir / "out.log").read_bytes() == b"x" * (1 << 20) + b"\nnext\n"


def test_rng_01_a_stalled_output_stops_the_reading(weir):
    feed = Feed()
    stalled = StalledPipe(weir.dir / "stdout.log")
    agent = feed.start(weir.make(config({"type": "stdout", "codec": "text"})), stdout=stalled.writer)
    os.set_blocking(feed.writer, False)
    line = b"z" * 127 + b"\n"
    sent, quiet_since = 0, time.monotonic()
    while time.monotonic() < quiet_since + 1:
        try:
            sent += os.write(feed.writer, line * 32)
            quiet_since = time.monotonic()
        except BlockingIOError:
            time.sleep(0.01)
    agent.check_memory()
    assert agent.metrics()
    stalled.drain()
    os.set_blocking(feed.writer, True)
    feed.write(line[sent % len(line):])  # the line that a full pipe had cut
    feed.end()
    agent.wait_records(sent // len(line) + 1)
    agent.stop()
    stalled.close()
    out = (weir.dir / "stdout.log").read_bytes()
    assert out == line * (sent // len(line) + 1)


def test_what_was_read_before_a_stop_is_kept(weir):
    feed = Feed()
    agent = feed.start(weir.make(config()))
    feed.write("whole\nhalf a li")
    agent.wait_records(1)
    time.sleep(0.1)
    agent.stop()
    assert (weir.dir / "out.log").read_text() == "whole\nhalf a li\n"


def test_idle_standard_input_costs_nothing(weir):
    feed = Feed()
    agent = feed.start(weir.make(config()))
    feed.lines("x")
    agent.wait_records(1)
    time.sleep(3)
    before = agent.proc("stat").read_text().split()[13:15]
    time.sleep(1)
    assert agent.proc("stat").read_text().split()[13:15] == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stops_while_waiting_for_input(weir, number):
    feed = Feed()
    agent = feed.start(weir.make(config()))
    agent.signal(number)
    assert agent.wait_exit(5) == 0
