# SPDX-License-Identifier: Apache-2.0
"""The output `file` when the disk is full, when it fails, when the agent is killed, and when the host's word is to be
believed: no line is glued, torn, lost, or there twice."""
import os
import re
import resource
import shutil
import subprocess

import pytest

from harness import disks, generated
from harness.feed import Feed
from harness.wait import wait_until

SIZE = 100
LINE = SIZE + 1


def config(count, path="${DIR}/out.log", rate=0, **output):
    return {"pipelines": {"app": {
        "inputs": [generated.input_of(count, SIZE, rate)],
        "outputs": [{"type": "file", "path": path, "codec": "text", **output}]}}}


def is_retrying(status):
    return "retrying" in str(status) or "failed" in str(status)


def wait_until_full(agent, out, size):
    agent.wait_for(lambda status: out.stat().st_size > size - LINE and is_retrying(status), limit=20,
                   what="the disk to be full")


@pytest.fixture
def small_disk(weir):
    """A file system of 1 MiB."""
    with disks.small_disk(weir.dir / "disk", "size=1m") as directory:
        yield directory


def test_fil_01_the_disk_is_full_then_not(weir, small_disk):
    out = small_disk / "out.log"
    agent = weir(config(30000, str(out)))
    wait_until_full(agent, out, 1 << 20)
    before = generated.numbers(out, SIZE)  # whole lines only, also now
    assert before == list(range(len(before)))
    assert agent.status() and "No space left" in agent.stderr()
    subprocess.run(["mount", "-o", "remount,size=8m", str(small_disk)], check=True)
    agent.wait_records(30000, limit=40)
    generated.assert_each_once(out, 30000, SIZE)


def test_fil_01_several_files_on_a_full_disk(weir, small_disk):
    feed = Feed()
    agent = feed.start(weir.make({"pipelines": {"app": {
        "inputs": [{"type": "stdin"}],
        "outputs": [{"type": "file", "path": f"{small_disk}/logs/$${{message}}.log", "codec": "text"}]}}}))
    (small_disk / "ballast").write_bytes(bytes((1 << 20) - 8 * 4096))
    names = ["a", "b", "c"] * 10000
    for at in range(0, len(names), 1000):
        feed.lines(*names[at:at + 1000])
    agent.wait_for(is_retrying, limit=20, what="the disk to be full")
    (small_disk / "ballast").unlink()
    agent.wait_records(len(names), limit=40)
    for name in "abc":
        assert (small_disk / f"logs/{name}.log").read_text() == f"{name}\n" * 10000


def test_fil_01_a_file_may_not_grow(weir):
    limit = 1234567
    out = weir.dir / "out.log"
    agent = weir(config(30000), wrapper=["prlimit", f"--fsize={limit}:unlimited"])
    wait_until_full(agent, out, limit)
    assert limit - LINE < out.stat().st_size <= limit
    generated.numbers(out, SIZE)
    resource.prlimit(agent.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    agent.wait_records(30000, limit=40)
    generated.assert_each_once(out, 30000, SIZE)


def strace(*what):
    if not shutil.which("strace"):
        pytest.skip("no strace here")
    return ["strace", "-f", "-qq", *what]


@pytest.mark.unsanitized
def test_fil_01_writes_fail_now_and_then(weir):
    agent = weir.once(config(30000), wrapper=strace("-o", "/dev/null", "-e", "trace=writev",
                                                    "-e", "inject=writev:error=EIO:when=2+3"))
    generated.assert_each_once(agent.dir / "out.log", 30000, SIZE)
    assert "Input/output error" in agent.stderr()


@pytest.mark.unsanitized
@pytest.mark.parametrize("fsync", ["batch", "50ms"])
def test_fil_10_a_sync_that_failed_is_not_believed(weir, fsync):
    out = weir.dir / "out.log"
    out.touch()
    agent = weir.make(config(30000, fsync=fsync), args=["--once"],
                      wrapper=strace("-o", "/dev/null", "-P", str(out), "-e", "trace=fdatasync",
                                     "-e", "inject=fdatasync:error=EIO:when=1..2"))
    agent.allow_errors("cannot bring the file to stable storage")
    agent.start(ready=False)
    assert agent.wait_exit(60) == 0
    assert "cannot bring the file to stable storage" in agent.stderr()
    generated.assert_each_once(out, 30000, SIZE)


# ---- the fsync policies ------------------------------------------------------------------------------------------------

def calls_on(trace, path):
    """The names of the calls on the descriptors of a file, in order."""
    found = []
    for line in trace.read_text().splitlines():
        match = re.search(r"(\w+)\(\d+<([^>]*)>", line)
        if match and match[2] == str(path):
            found.append(match[1])
    return found


@pytest.mark.unsanitized
@pytest.mark.parametrize("fsync", ["never", "batch", "200ms"])
def test_fil_10_an_ack_means_what_the_policy_says(weir, fsync):
    out, trace = weir.dir / "out.log", weir.dir / "trace"
    feed = Feed()
    agent = weir.make({"pipelines": {"app": {
        "inputs": [{"type": "stdin", "ack_fd": feed.ack_fd}],
        "outputs": [{"type": "file", "path": "${DIR}/out.log", "codec": "text", "fsync": fsync}]}}},
        args=["--once"], wrapper=strace("-y", "-o", str(trace), "-e", "trace=write,writev,fdatasync,fsync"))
    feed.start(agent)
    for i in range(20):
        feed.lines(f"line {i}")
        feed.wait_acked(i + 1)
    feed.end()
    assert agent.wait_exit() == 0
    assert out.read_text() == "".join(f"line {i}\n" for i in range(20))
    calls = calls_on(trace, out)
    assert calls.count("writev") == 20
    if fsync == "never":
        assert "fdatasync" not in calls
        return
    # An ack after each line, so there is a sync after each write, and each ack comes behind its sync.
    assert [call for call in calls if call != "fsync"] == ["writev", "fdatasync"] * 20
    order = [line for line in trace.read_text().splitlines()
             if "fdatasync" in line and str(out) in line or re.search(r'write\(\d+<pipe[^>]*>, "\d+\\n"', line)]
    kinds = ["sync" if "fdatasync" in line else "ack" for line in order]
    assert kinds == ["sync", "ack"] * 20


@pytest.mark.unsanitized
def test_fil_10_an_interval_syncs_many_at_once(weir):
    out, trace = weir.dir / "out.log", weir.dir / "trace"
    feed = Feed()
    agent = weir.make({"pipelines": {"app": {
        "inputs": [{"type": "stdin", "ack_fd": feed.ack_fd}],
        "outputs": [{"type": "file", "path": "${DIR}/out.log", "codec": "text", "fsync": "500ms"}]}}},
        args=["--once"], wrapper=strace("-y", "-o", str(trace), "-e", "trace=writev,fdatasync"))
    feed.start(agent)
    for i in range(10):
        feed.lines(f"line {i}")
        wait_until(lambda: out.exists() and out.read_text().count("\n") == i + 1, what="the line")
    feed.wait_acked(10)
    feed.end()
    assert agent.wait_exit() == 0
    assert calls_on(trace, out).count("fdatasync") <= 3


def test_fil_10_an_interval_does_not_stall_a_busy_pipeline(weir):
    """Far more than the buffer holds, in far less than an interval a batch."""
    agent = weir(config(500000, fsync="10s"))
    agent.wait_records(500000, limit=30)
    generated.assert_each_once(agent.dir / "out.log", 500000, SIZE)


# ---- crashes -----------------------------------------------------------------------------------------------------------

def test_fil_02_a_torn_last_line_is_cut(weir):
    out = weir.dir / "out.log"
    agent = weir(config(1000000, rate=5000))
    wait_until(lambda: out.exists() and out.stat().st_size > 50000, what="some lines")
    agent.kill9()
    with out.open("ab") as file:
        file.write(b"seq=000000000000 torn off in the mid")
    agent.start()
    wait_until(lambda: agent.ledger()["delivered"] > 500, what="more lines")
    agent.stop()
    found = generated.numbers(out, SIZE)  # which looks at every line
    generated.assert_none_missing(found, max(found) + 1)
    assert "cut the line that a crash had torn" in agent.stderr()


def test_fil_02_nothing_is_cut_off_a_file_that_is_not_known(weir):
    out = weir.dir / "out.log"
    out.write_text("somebody's\nlast words")
    agent = weir.once(config(3))
    lines = out.read_text().split("\n")
    assert lines[:2] == ["somebody's", "last words"] and len(lines) == 6
    assert "torn" not in agent.stderr()


def test_fil_02_two_agents_on_one_file(weir):
    out = weir.dir / "out.log"
    first = weir(config(2000, rate=2000))
    second_dir = weir.dir / "second"
    second = weir.make(config(2000, str(out), rate=2000), directory=second_dir).start()
    first.wait_records(2000)
    second.wait_records(2000)
    assert sorted(generated.numbers(out, SIZE)) == sorted(2 * list(range(2000)))
    assert "another process holds the file's lock" in second.stderr()
