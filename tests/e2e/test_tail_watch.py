# SPDX-License-Identifier: Apache-2.0
"""Finding out: lost events, no watches, no inotify at all; and what following costs when little happens."""
import os
import signal
import time

import pytest

from harness.following import Following, config, metric, numbered, told, wait_metric
from harness.wait import wait_until

FAST = {"rotate_wait": "300ms", "poll_interval": "10s"}


def strace(call, error):
    """A wrapper under which `call` fails. The agent is the process that was started, strace its child."""
    return ["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:error={error}"]


def test_tail_18_the_event_queue_overflows(weir):
    logs = Following(weir)
    with open("/proc/sys/fs/inotify/max_queued_events") as file:
        room = int(file.read())
    if room > 50000:
        pytest.skip("the event queue is too long for that")
    agent = weir(config("*.log", **FAST))
    logs.append("a.log", "1")
    logs.wait(["1"])
    agent.signal(signal.SIGSTOP)
    for i in range(room // 2 + 500):
        path = logs.path(f"x{i}.tmp")
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT))
        os.unlink(path)
    logs.append("a.log", "2")
    logs.append("b.log", "3")
    time.sleep(0.02)  # births are told apart by a coarse clock
    logs.rotate("b.log")
    logs.append("b.log", "4")
    agent.signal(signal.SIGCONT)
    logs.wait(["1", "2", "3", "4"])
    assert metric(agent, "weir_tail_event_overflows_total") >= 1
    logs.append("a.log", "5")
    logs.append("c.log", "6")
    logs.wait(["1", "2", "3", "4", "5", "6"])


@pytest.mark.unsanitized
@pytest.mark.parametrize("call, error, sysctl", [
    ("inotify_init1", "EMFILE", "fs.inotify.max_user_instances"),
    ("inotify_add_watch", "ENOSPC", "fs.inotify.max_user_watches"),
])
def test_tail_19_no_watches(weir, call, error, sysctl):
    logs = Following(weir)
    logs.append("a.log", "1")
    agent = weir(config("*.log", poll_interval="50ms", rotate_wait="100ms"), wrapper=strace(call, error))
    logs.wait(["1"])
    logs.append("a.log", "2")
    logs.append("b.log", "3")
    logs.wait(["1", "2", "3"])
    logs.rotate("a.log")
    logs.append("a.log.1", "4")
    logs.append("a.log", "5")
    logs.wait(["1", "2", "3", "4", "5"])
    assert len(told(agent, sysctl)) == 1


@pytest.mark.unsanitized
def test_tail_19_no_watches_are_made_up_for(weir):
    """Without them it looks once a second, whatever the interval."""
    logs = Following(weir)
    weir(config("*.log", poll_interval="1h"), wrapper=strace("inotify_add_watch", "ENOSPC"))
    logs.append("a.log", "1")
    logs.wait(["1"], limit=5)


def test_tail_20_the_poll_finds_what_no_event_tells(weir):
    """Writes through a mapping make no events."""
    import mmap
    logs = Following(weir)
    logs.append("a.log", "1")
    weir(config("a.log", poll_interval="100ms"))
    logs.wait(["1"])
    with open(logs.path("a.log"), "r+b") as file:
        file.truncate(4)
        with mmap.mmap(file.fileno(), 4) as mapped:
            mapped[2:4] = b"2\n"
    logs.wait(["1", "2"])


def test_tail_30_permission_lost_and_given_back(weir):
    if os.geteuid() != 0:
        pytest.skip("needs root, to become someone else")
    logs = Following(weir)
    for path in (logs.dir, logs.dir / "out"):
        os.chmod(path, 0o777)
    logs.append("open.log", "1")
    logs.append("closed.log", "2")
    os.chmod(logs.path("open.log"), 0o644)
    os.chmod(logs.path("closed.log"), 0)
    agent = weir.make(config("*.log", **FAST), wrapper=["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"])
    os.chmod(agent.socket.parent, 0o777)
    for parent in logs.dir.parents:
        if not os.stat(parent).st_mode & 0o001:
            os.chmod(parent, os.stat(parent).st_mode | 0o011)
    agent.start()
    logs.wait(["1"])
    wait_until(lambda: told(agent, "cannot open a file"), what="the message")
    os.chmod(logs.path("open.log"), 0)
    logs.append("open.log", "3")
    logs.wait(["1", "3"])
    os.chmod(logs.path("closed.log"), 0o644)
    logs.wait(["1", "2", "3"])
    assert len(told(agent, "cannot open a file")) == 1
    agent.allow_errors("operation not permitted", "Permission denied")


@pytest.mark.unsanitized
def test_tail_31_a_file_that_cannot_be_read(weir):
    """It is left alone for a while; the others go on."""
    logs = Following(weir)
    logs.append("bad.log", "1")
    logs.append("good.log", "2")
    agent = weir(config("*.log", **FAST),
                 wrapper=["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P", str(logs.path("bad.log")),
                          "-e", "trace=preadv", "-e", "inject=preadv:error=EIO:when=1..2"])
    logs.wait(["2"])
    logs.append("good.log", "3")
    logs.wait(["1", "2", "3"], limit=10)
    assert metric(agent, "weir_tail_read_errors_total") == 2
    assert told(agent, "cannot read a file")


@pytest.mark.unsanitized
def test_tail_33_many_files_one_active(weir):
    logs = Following(weir)
    (logs.dir / "in").mkdir()
    for i in range(20000):
        with open(logs.dir / f"in/{i}.log", "wb") as file:
            file.write(b"old\n")
    agent = weir(config("in/*.log", read_from="end", max_open=64, **FAST))
    wait_metric(agent, "weir_tail_files", 20000)
    began = time.monotonic()
    agent.restart()
    logs.append("in/7.log", "1")
    logs.wait(["1"])
    assert time.monotonic() - began < 5
    assert len(agent.fds()) < 64 + 40
    logs.append("in/8.log", "2")
    logs.wait(["1", "2"])
    agent.check_memory()


def test_tail_34_more_files_than_descriptors(weir):
    """Each has its turn; none starves."""
    logs = Following(weir)
    expected = []
    for i in range(200):
        logs.append(f"{i}.log", *numbered(f"file {i}", 0, 50))
        expected += numbered(f"file {i}", 0, 50)
    agent = weir(config("*.log", **FAST), wrapper=["prlimit", "--nofile=64:64"])
    logs.wait(expected)
    for i in range(0, 200, 3):
        logs.append(f"{i}.log", f"more {i}")
        expected.append(f"more {i}")
    logs.wait(expected)
    for i in range(0, 200, 7):
        logs.rotate(f"{i}.log")
        logs.append(f"{i}.log.1", f"late {i}")
        logs.append(f"{i}.log", f"new {i}")
        expected += [f"late {i}", f"new {i}"]
    logs.wait(expected)
    assert metric(agent, "weir_tail_open_files") <= 32


def test_tail_35_a_busy_file_does_not_starve_the_others(weir):
    logs = Following(weir)
    with open(logs.path("busy.log"), "wb") as file:
        for _ in range(200):
            file.write(b"busy line of some length, again and again\n" * 24966)
    logs.append("quiet.log", "quiet 1")
    slow = config("*.log", **FAST)
    agent = weir(slow)
    def quiet():
        with open(logs.out, "rb") as file:
            return [line for line in file if line.startswith(b"quiet")]
    wait_until(lambda: logs.out.exists() and quiet(), what="the quiet line", step=0.05)
    # Less than the whole of the busy file came before it.
    with open(logs.out, "rb") as file:
        before = 0
        for line in file:
            if line.startswith(b"quiet"):
                break
            before += len(line)
    assert before <= 4 << 20
    agent.wait_records(200 * 24966 + 1, limit=60)


def test_tail_36_names_of_any_kind(weir):
    logs = Following(weir)
    names = [b"a\nb.log", b"\xff\xfe.log", b"x" * 251 + b".log", b"..log.log", b'"{}.log', b" .log", b"*?[.log", b"\\.log",
             "é€.log".encode()]
    directory = os.fsencode(logs.dir / "in")
    os.mkdir(directory)
    for i, name in enumerate(names):
        with open(os.path.join(directory, name), "wb") as file:
            file.write(b"%d\n" % i)
    os.mkdir(os.path.join(directory, b"sub"))
    with open(os.path.join(directory, b".hidden.log"), "wb") as file:
        file.write(b"hidden\n")
    settings = config("in/*.log", "in/.?log.log", **FAST)
    settings["pipelines"]["app"]["outputs"] = [{"type": "file", "path": "${DIR}/out/lines",
                                                "codec": {"type": "json", "source": True}}]
    agent = weir(settings)
    agent.wait_records(len(names))
    import json
    records = [json.loads(line) for line in logs.out.read_bytes().splitlines()]
    paths = {record["message"]: record["log.file.path"] for record in records}
    for i, name in enumerate(names):
        found = paths[str(i)].rsplit("/", 1)[1]
        assert found == name.decode(errors="replace").replace("\ufffd\ufffd", "\ufffd\ufffd")
    agent.metrics()
    agent.restart()
    with open(os.path.join(directory, names[0]), "ab") as file:
        file.write(b"more\n")
    agent.wait_records(1)


def test_wake_ups_follow_the_lines_until_there_are_many(weir):
    """Ten thousand lines a second cost a few hundred wake-ups."""
    logs = Following(weir)
    (logs.dir / "in").mkdir()
    agent = weir(config("in/*.log", **FAST))
    def switches():
        total = 0
        for task in agent.proc("task").iterdir():
            if (task / "comm").read_text().startswith("in:"):
                rows = dict(line.split(":", 1) for line in (task / "status").read_text().splitlines())
                total += int(rows["voluntary_ctxt_switches"])
        return total
    before, began, count = switches(), time.monotonic(), 0
    with open(logs.path("in/a.log"), "ab", buffering=0) as file:
        while time.monotonic() - began < 1:
            file.write(b"line %d\n" % count)
            count += 1
            while time.monotonic() - began < count / 10000:
                pass
    agent.wait_records(count)
    assert switches() - before < 1000
