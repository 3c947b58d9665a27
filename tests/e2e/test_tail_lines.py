# SPDX-License-Identifier: Apache-2.0
"""What a line is: long, unfinished, odd bytes, marks at a file's begin."""
import os
import time

import pytest

from harness.following import Following, config, metric, numbered, stored_positions, told
from harness.wait import wait_until

FAST = {"rotate_wait": "200ms", "poll_interval": "10s"}


@pytest.mark.parametrize("end", ["stop", "kill9"])
def test_tail_22_ckp_10_an_unfinished_line_over_a_restart(weir, end):
    """The position is its begin, however much of it was seen."""
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    logs.write("a.log", b"1\nbegun ")
    logs.wait(["1"])
    wait_until(lambda: stored_positions(agent) == [2], what="the position to be stored")
    getattr(agent, end)()
    logs.write("a.log", b"and ")
    agent.start()
    logs.write("a.log", b"ended\n")
    logs.wait_in_order(["1", "begun and ended"])


def test_tail_23_a_last_line_that_never_ends(weir):
    """With partial_timeout it is emitted, once; what comes after it is another line."""
    logs = Following(weir)
    agent = weir(config("a.log", partial_timeout="100ms", **FAST))
    logs.write("a.log", b"1\nbegun")
    logs.wait_in_order(["1", "begun"])
    agent.restart()
    logs.write("a.log", b" ended\n2\n")
    logs.wait_in_order(["1", "begun", " ended", "2"])


def test_tail_23_a_rotated_file_ends_within_a_line(weir):
    logs = Following(weir)
    weir(config("a.log*", **FAST))
    logs.write("a.log", b"1\nbegun")
    logs.wait(["1"])
    logs.rotate("a.log")
    logs.wait_in_order(["1", "begun"])
    logs.write("a.log.1", b" ended\n")
    logs.append("a.log", "2")
    logs.wait(["1", "begun", " ended", "2"])


def test_tail_23_a_line_is_only_unfinished_while_it_does_not_grow(weir):
    logs = Following(weir)
    weir(config("a.log", partial_timeout="400ms", **FAST))
    logs.path("a.log").touch()
    for i in range(8):
        logs.write("a.log", f"{i} ".encode())
        time.sleep(0.1)
    logs.write("a.log", b"end\n")
    logs.wait(["0 1 2 3 4 5 6 7 end"])


def test_tail_24_a_line_of_a_gigabyte(weir):
    """Most of it a hole, so that it costs no disk; the rest is there."""
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    logs.append("a.log", "1")
    logs.wait(["1"])
    real, whole = 48 << 20, 1 << 30
    with open(logs.path("a.log"), "ab", buffering=0) as file:
        for _ in range(real >> 20):
            file.write(b"x" * (1 << 20))
        file.truncate(whole)
        file.write(b"\n")
    logs.append("a.log", "2")
    logs.wait_in_order(["1", "x" * (1 << 20), "2"], limit=60)
    assert metric(agent, "weir_tail_truncated_lines_total") == 1
    assert metric(agent, "weir_input_lost_bytes_total", reason="max_line") == whole - 2 - (1 << 20)
    agent.check_memory()


@pytest.mark.parametrize("size", [255 * 1024, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 1000000, 1048576])
def test_tail_24_long_lines_within_the_limit(weir, size):
    logs = Following(weir)
    lines = ["before", "x" * size, "between", "y" * size, "after"]
    logs.append("a.log", *lines)
    weir(config("a.log", **FAST))
    logs.wait_in_order(lines)


@pytest.mark.parametrize("limit", [16, 100, 5000])
def test_tail_24_lines_around_the_limit(weir, limit):
    logs = Following(weir)
    lengths = [0, 1, limit - 1, limit, limit + 1, 2 * limit, 3, 10 * limit, limit, limit + 1]
    lines = [chr(ord("a") + i) * n for i, n in enumerate(lengths)]
    logs.append("a.log", *lines)
    logs.write("a.log", b"z" * (3 * limit))
    agent = weir(config("a.log", max_line=f"{limit}B", **FAST))
    logs.wait_in_order([line[:limit] for line in lines])
    cut = [len(line) - limit for line in lines if len(line) > limit]
    assert metric(agent, "weir_tail_truncated_lines_total") == len(cut)
    assert metric(agent, "weir_input_lost_bytes_total", reason="max_line") == sum(cut)
    logs.rotate("a.log")
    logs.wait_in_order([line[:limit] for line in lines] + ["z" * limit])
    agent.restart()
    logs.append("a.log", "end")
    logs.wait_in_order([line[:limit] for line in lines] + ["z" * limit, "end"])


def test_tail_25_a_cut_within_a_character(weir):
    logs = Following(weir)
    for i in range(4):
        logs.append("a.log", "x" * i + "é€\U0001f600" * 10)
    logs.write("a.log", b"\x80" * 40 + b"\n")
    weir(config("a.log", max_line="20B", **FAST))
    wait_until(lambda: len(logs.lines()) == 5, what="five lines")
    for i, line in enumerate(logs.lines()[:4]):
        whole = ("x" * i + "é€\U0001f600" * 10)
        assert whole.startswith(line) and 17 <= len(line.encode()) <= 20
    assert logs.out.read_bytes().endswith(b"\n" + b"\x80" * 20 + b"\n")


def test_tail_27_bytes_of_any_kind(weir):
    logs = Following(weir)
    lines = [b"a\0b", b"\0leading", b"\xff\xfe not at the begin", b"\xc3\x28", b"", b"\t \v\f", b"a\rb", b"\xed\xa0\x80"]
    logs.write("a.log", b"first\n" + b"".join(line + b"\n" for line in lines))
    weir(config("a.log", **FAST))
    wait_until(lambda: len(logs.lines()) == len(lines) + 1, what="all lines")
    assert logs.out.read_bytes() == logs.path("a.log").read_bytes()


@pytest.mark.parametrize("strip, expected", [(True, b"\xef\xbb\xbf"), (False, b"")])
def test_tail_28_carriage_returns(weir, strip, expected):
    logs = Following(weir)
    logs.write("a.log", b"1\r\n2\n\r\n3\r\r\n4\r5\r\n")
    weir(config("a.log", strip_cr=strip, **FAST))
    wait_until(lambda: len(logs.lines()) == 5, what="all lines")
    assert logs.out.read_bytes() == (b"1\n2\n\n3\r\n4\r5\n" if strip else b"1\r\n2\n\r\n3\r\r\n4\r5\r\n")


def test_tail_28_marks_at_the_begin(weir):
    logs = Following(weir)
    logs.write("bom.log", b"\xef\xbb\xbfwith a mark\n\xef\xbb\xbfnot a mark\n")
    logs.write("only.log", b"\xef\xbb\xbf")
    logs.write("utf16le.log", "no text\n".encode("utf-16"))
    logs.write("utf16be.log", b"\xfe\xff" + "no text\n".encode("utf-16-be"))
    logs.write("gz.log", b"\x1f\x8b\x08\x00 compressed\n")
    agent = weir(config("*.log", **FAST))
    logs.wait(["with a mark", "\ufeffnot a mark"])
    logs.write("only.log", b"later\n")
    logs.wait(["with a mark", "\ufeffnot a mark", "later"])
    for name in ("utf16le", "utf16be", "gz"):
        assert len([m for m in told(agent, "not text") if f"{name}.log" in str(m)]) == 1, name
    # Another content, another look.
    os.truncate(logs.path("utf16le.log"), 0)
    logs.append("utf16le.log", "now text")
    logs.wait(["with a mark", "\ufeffnot a mark", "later", "now text"])
    agent.restart()
    logs.append("bom.log", "more")
    logs.wait(["with a mark", "\ufeffnot a mark", "later", "now text", "more"])


def test_tail_29_files_cut_at_every_byte(weir):
    """The first part is read before the second is there."""
    logs = Following(weir)
    text = "one\n\ntwo é\r\n\u20ac three\n\U0001f600\n".encode()
    for at in range(len(text) + 1):
        logs.write(f"{at:03}.log", text[:at])
    agent = weir(config("*.log", **FAST))
    first = sum(text[:at].count(b"\n") for at in range(len(text) + 1))
    agent.wait_records(first)
    for at in range(len(text) + 1):
        logs.write(f"{at:03}.log", text[at:])
    agent.wait_records((len(text) + 1) * text.count(b"\n"))
    whole = text.replace(b"\r\n", b"\n").decode().split("\n")[:-1]
    assert sorted(logs.lines()) == sorted(whole * (len(text) + 1))


def test_empty_lines_and_many_short_ones(weir):
    """More lines than a block's index holds."""
    logs = Following(weir)
    data = b"\n" * 50000 + b"x\n" * 50000 + b"\n" * 50000
    logs.write("a.log", data)
    agent = weir(config("a.log", **FAST))
    agent.wait_records(150000)
    assert logs.out.read_bytes() == data


def test_many_small_files_share_blocks(weir):
    logs = Following(weir)
    expected = []
    for i in range(500):
        logs.append(f"{i}.log", f"file {i}", "second")
        expected += [f"file {i}", "second"]
    agent = weir(config("*.log", **FAST))
    logs.wait(expected)
    agent.restart()
    for i in range(0, 500, 50):
        logs.append(f"{i}.log", "third")
    logs.wait(expected + ["third"] * 10)


def test_once_reads_to_the_end_and_ends(weir):
    logs = Following(weir)
    logs.append("a.log", *numbered("a", 0, 1000))
    logs.write("b.log", b"1\nlast")
    logs.path("empty.log").touch()
    weir.once(config("*.log"))
    logs.wait(numbered("a", 0, 1000) + ["1", "last"])
    logs.write("b.log", b" word\n")
    logs.append("c.log", "new")
    weir.once(config("*.log"))
    logs.wait(numbered("a", 0, 1000) + ["1", "last", " word", "new"])


def test_once_with_nothing_to_read(weir):
    weir.once(config("nowhere/*.log"))


@pytest.mark.unsanitized
def test_tail_31_once_fails_when_a_file_could_not_be_read(weir):
    """What can be read is delivered; the exit status says that it was not all, and the next run reads the rest."""
    config = '''
        pipelines:
          app:
            inputs: [{type: tail, paths: ["${DIR}/*.log"]}]
            outputs: [{type: file, path: "${DIR}/out", codec: text}]
    '''
    (weir.dir / "open.log").write_text("one\n")
    (weir.dir / "closed.log").write_text("two\n")
    inject = ["strace", "-f", "-o", "/dev/null", "-P", str(weir.dir / "closed.log"), "-e", "inject=openat:error=EACCES"]
    agent = weir.once(config, wrapper=inject, expect=1)
    agent.allow_errors("the input has failed")
    assert (weir.dir / "out").read_text() == "one\n"
    agent.wrapper = []
    assert agent.start(ready=False).wait_exit() == 0
    assert (weir.dir / "out").read_text() == "one\ntwo\n"
