# SPDX-License-Identifier: Apache-2.0
"""Files that lose their content and keep their name: copytruncate, refilled files, holes, positions beyond the end."""
import os
import shutil
import signal
import time

import pytest

from harness.following import Following, config, metric, numbered, told, wait_metric
from harness.wait import wait_until

FAST = {"rotate_wait": "300ms", "poll_interval": "10s"}


def copytruncate(logs, name, copy):
    shutil.copyfile(logs.path(name), logs.path(copy))
    os.truncate(logs.path(name), 0)


def test_tail_07_copytruncate_with_the_reader_at_the_end(weir):
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    expected = []
    for cycle in range(3):
        lines = numbered(f"cycle {cycle}", 0, 100)
        logs.append("a.log", *lines)
        expected += lines
        logs.wait_in_order(expected)
        copytruncate(logs, "a.log", f"a.log.{cycle}")
    logs.append("a.log", "end")
    logs.wait_in_order(expected + ["end"])
    assert metric(agent, "weir_tail_truncated_files_total") == 3
    assert metric(agent, "weir_input_lost_bytes_total") == 0
    agent.restart()
    logs.append("a.log", "more")
    logs.wait_in_order(expected + ["end", "more"])


def test_tail_07_copytruncate_while_stopped(weir):
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    logs.append("a.log", "1", "2")
    logs.wait(["1", "2"])
    agent.stop()
    copytruncate(logs, "a.log", "a.log.1")
    logs.append("a.log", "3")
    agent.start()
    logs.wait_in_order(["1", "2", "3"])


def test_tail_08_refilled_truncation(weir):
    """The size was never seen to shrink: what stands before the position tells."""
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    first, second = numbered("first", 0, 100), numbered("other", 0, 250)
    logs.append("a.log", *first)
    logs.wait(first)
    agent.signal(signal.SIGSTOP)
    os.truncate(logs.path("a.log"), 0)
    logs.append("a.log", *second)
    agent.signal(signal.SIGCONT)
    logs.wait_in_order(first + second)


@pytest.mark.parametrize("lines", [100, 50], ids=["longer", "as long"])
def test_tail_08_refilled_while_stopped(weir, lines):
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    first, second = numbered("first", 0, 50), numbered("other", 0, lines)
    logs.append("a.log", *first)
    logs.wait(first)
    agent.stop()
    os.truncate(logs.path("a.log"), 0)
    logs.append("a.log", *second)
    agent.start()
    logs.wait_in_order(first + second)


def test_tail_08_refilled_within_a_long_line(weir):
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    logs.write("a.log", b"1\n" + b"x" * 20000)
    logs.wait(["1"])
    agent.signal(signal.SIGSTOP)
    os.truncate(logs.path("a.log"), 0)
    logs.write("a.log", b"2 " + b"y" * 30000 + b"\n3\n")
    agent.signal(signal.SIGCONT)
    logs.wait_in_order(["1", "2 " + "y" * 30000, "3"])


@pytest.mark.parametrize("pattern", ["a.log", "a.log*"], ids=["the copy does not match", "the copy matches"])
@pytest.mark.parametrize("stopped", [False, True], ids=["paused", "stopped"])
def test_tail_09_copytruncate_with_unread_lines(weir, pattern, stopped):
    """What was not read before the truncation is read from the copy."""
    logs = Following(weir)
    agent = weir(config(pattern, **FAST))
    first, unread, second = numbered("first", 0, 100), numbered("unread", 0, 300), numbered("second", 0, 100)
    logs.append("a.log", *first)
    logs.wait(first)
    agent.stop() if stopped else agent.signal(signal.SIGSTOP)
    logs.append("a.log", *unread)
    copytruncate(logs, "a.log", "a.log.1")
    logs.append("a.log", *second)
    agent.start() if stopped else agent.signal(signal.SIGCONT)
    logs.wait(first + unread + second)
    assert metric(agent, "weir_tail_copies_total") == 1
    agent.restart()
    logs.append("a.log", "end")
    logs.wait(first + unread + second + ["end"])


def test_tail_09_the_copy_is_seen_before_the_truncation(weir):
    logs = Following(weir)
    agent = weir(config("a.log*", **FAST))
    first = numbered("first", 0, 100)
    logs.append("a.log", *first)
    logs.wait(first)
    for cycle in range(2):
        shutil.copyfile(logs.path("a.log"), logs.path(f"a.log.{cycle}"))
        wait_metric(agent, "weir_tail_files", cycle + 2)
        os.truncate(logs.path("a.log"), 0)
        more = numbered(f"more {cycle}", 0, 100)
        logs.append("a.log", *more)
        first += more
        logs.wait_in_order(first)
    assert metric(agent, "weir_tail_copies_total") == 2


def test_tail_09_no_copy(weir):
    """What is known to be lost is counted."""
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    logs.write("a.log", b"1\nunfinished")
    logs.wait(["1"])
    os.truncate(logs.path("a.log"), 0)
    logs.append("a.log", "2")
    logs.wait_in_order(["1", "2"])
    assert metric(agent, "weir_input_lost_bytes_total", reason="truncated") == len("unfinished")


def test_tail_10_a_writer_that_keeps_its_offset(weir):
    """After the truncation there is a hole as long as what was there."""
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    with open(logs.path("a.log"), "wb", buffering=0) as writer:
        lines = numbered("before", 0, 7000)
        writer.write("".join(line + "\n" for line in lines).encode())
        hole = writer.tell()
        logs.wait(lines)
        os.truncate(logs.path("a.log"), 0)
        writer.write(b"after 1\n")
        logs.wait_in_order(lines + ["after 1"])
        writer.write(b"after 2\n")
        logs.wait_in_order(lines + ["after 1", "after 2"])
    assert metric(agent, "weir_tail_skipped_nul_bytes_total") == hole


def test_tail_10_a_file_of_zeros_that_is_written_to_from_its_begin(weir):
    """Space that was reserved is no hole: nothing of what comes into it is missed."""
    logs = Following(weir)
    with open(logs.path("a.log"), "wb", buffering=0) as writer:
        os.posix_fallocate(writer.fileno(), 0, 1 << 20)
        weir(config("a.log", rotate_wait="50ms"))
        expected = []
        for i in range(5):
            writer.write(f"line {i}\n".encode())
            expected.append(f"line {i}")
            logs.wait_in_order(expected)
    logs.rotate("a.log")
    wait_until(lambda: not os.path.exists(logs.path("a.log")))
    logs.append("a.log", "end")
    logs.wait_in_order(expected + ["end"])


def test_tail_37_edits_before_the_position_are_not_read(weir):
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    lines = numbered("line", 0, 100)
    logs.append("a.log", *lines)
    logs.wait(lines)
    with open(logs.path("a.log"), "r+b", buffering=0) as file:
        file.write(b"LINE")
    logs.append("a.log", "end")
    logs.wait_in_order(lines + ["end"])
    assert metric(agent, "weir_tail_truncated_files_total") == 0


def test_tail_38_a_position_beyond_the_end(weir):
    """As after a backup was put back."""
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    lines = numbered("line", 0, 100)
    logs.append("a.log", *lines)
    logs.wait(lines)
    agent.stop()
    os.truncate(logs.path("a.log"), 12 * 50)
    agent.start()
    logs.wait_in_order(lines + lines[:50])
    assert told(agent, "was truncated")
    assert metric(agent, "weir_tail_truncated_files_total") == 1


def test_a_truncation_just_before_a_kill(weir):
    """The new generation is stored before its records leave, so they are not taken for the old ones."""
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    logs.append("a.log", "1", "2", "3")
    logs.wait(["1", "2", "3"])
    agent.restart()
    os.truncate(logs.path("a.log"), 0)
    logs.append("a.log", "4")
    logs.wait_in_order(["1", "2", "3", "4"])
    agent.kill9()
    logs.append("a.log", "5")
    agent.start()
    wait_until(lambda: logs.lines()[-1:] == ["5"], what="the last line")
    assert logs.lines() in (["1", "2", "3", "4", "5"], ["1", "2", "3", "4", "4", "5"])


def test_tail_08_refilled_within_a_long_first_line(weir):
    """Nothing was read of it, so that there is no marker; what was looked through in vain may have newlines now."""
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    logs.write("a.log", b"x" * 20000)
    wait_metric(agent, "weir_input_lag_bytes", 20000)
    agent.signal(signal.SIGSTOP)
    os.truncate(logs.path("a.log"), 0)
    lines = numbered("line", 0, 3000)
    logs.append("a.log", *lines)
    agent.signal(signal.SIGCONT)
    logs.wait_in_order(lines)


def test_tail_07_copytruncate_of_a_few_bytes_where_copies_match(weir):
    logs = Following(weir)
    weir(config("a.log*", **FAST))
    expected = []
    for i in range(5):
        expected.append(f"short {i}")
        logs.append("a.log", expected[-1])
        logs.wait(expected)
        copytruncate(logs, "a.log", f"a.log.{i}")
    time.sleep(2.5)  # what looks like a copy waits for 2 s
    logs.wait(expected)
