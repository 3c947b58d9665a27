# SPDX-License-Identifier: Apache-2.0
"""Files that are renamed or deleted while they are followed, while nobody looks, and while the agent is stopped."""
import os
import random
import signal
import statistics
import time

import pytest

from harness import numbered as numbered_corpus
from harness.following import Following, config, metric, numbered, told, wait_metric
from harness.wait import SLOWNESS, wait_until

FAST = {"rotate_wait": "300ms", "poll_interval": "10s"}


def open_logs(agent):
    return [path for path in agent.fds().values() if ".log" in path]


def test_tail_01_a_rename_with_a_writer_that_keeps_its_descriptor(weir):
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    with open(logs.path("a.log"), "ab", buffering=0) as old:
        old.write(b"old 1\n")
        logs.wait(["old 1"])
        logs.rotate("a.log")
        old.write(b"old 2\n")
        logs.append("a.log", "new 1")
        logs.wait(["old 1", "old 2", "new 1"])
        old.write(b"old 3\n")
        logs.append("a.log", "new 2")
        logs.wait(["old 1", "old 2", "old 3", "new 1", "new 2"])
    wait_until(lambda: open_logs(agent) == [str(logs.path("a.log"))], what="the old file to be closed")
    assert logs.lines() == ["old 1", "old 2", "new 1", "old 3", "new 2"] or len(logs.lines()) == 5


def test_tail_01_a_rename_to_a_name_that_matches_too(weir):
    logs = Following(weir)
    agent = weir(config("a.log*", **FAST))
    logs.append("a.log", "1")
    logs.wait(["1"])
    logs.rotate("a.log")
    logs.append("a.log.1", "2")
    logs.append("a.log", "3")
    logs.wait(["1", "2", "3"])
    agent.restart()
    logs.append("a.log.1", "4")
    logs.wait(["1", "2", "3", "4"])


def test_tail_02_rotations_between_two_looks(weir):
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    logs.append("a.log", "0")
    logs.wait(["0"])
    agent.signal(signal.SIGSTOP)
    logs.append("a.log", "0 end")
    for i in range(1, 6):
        logs.rotate("a.log")
        logs.append("a.log", f"{i} begin", f"{i} end")
        time.sleep(0.02)  # the kernel's clock for times of birth is that coarse
    agent.signal(signal.SIGCONT)
    expected = ["0", "0 end"] + [f"{i} {what}" for i in range(1, 6) for what in ("begin", "end")]
    logs.wait_in_order(expected)


@pytest.mark.unsanitized
def test_tail_02_rotations_between_two_looks_without_inotify(weir):
    """The same with polling alone: the state of the directory says it all."""
    logs = Following(weir)
    agent = weir(config("a.log", rotate_wait="300ms", poll_interval="150ms"),
                 wrapper=["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=inotify_init1",
                          "-e", "inject=inotify_init1:error=EMFILE"])
    logs.append("a.log", "0")
    logs.wait(["0"])
    for i in range(1, 6):
        logs.rotate("a.log")
        logs.append("a.log", str(i))
        time.sleep(0.02)
    logs.wait_in_order([str(i) for i in range(6)])
    assert told(agent, "fs.inotify.max_user_instances")


@pytest.mark.unsanitized
def test_tail_02_rotations_after_a_directory_was_listed(weir):
    """What was listed for one new file says nothing about those that came and went before the next was seen."""
    logs = Following(weir)
    logs.append("a.log", "0")
    agent = weir(config("a.log", rotate_wait="10s", poll_interval="10s"),
                 service={"messages": {"level": "debug", "format": "json"}},
                 wrapper=["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P", str(weir.dir), "-e", "trace=getdents64",
                          "-e", "inject=getdents64:delay_exit=100000"])
    logs.wait(["0"])
    time.sleep(0.02)
    logs.rotate("a.log")
    logs.append("a.log", "1")
    met = os.stat(logs.path("a.log")).st_ino
    wait_until(lambda: any(message.get("inode") == met for message in agent.messages()), step=0.005,
               what="the second file to be met")
    for i in range(2, 5):  # while the directory is listed, which takes long here
        time.sleep(0.012)
        logs.rotate("a.log")
        logs.append("a.log", str(i))
    logs.wait_in_order([str(i) for i in range(5)])


def test_tail_03_rotations_while_stopped(weir):
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    logs.append("a.log", "0 begin")
    logs.wait(["0 begin"])
    agent.stop()
    logs.append("a.log", "0 end")
    for i in range(1, 4):
        time.sleep(0.02)
        logs.rotate("a.log")
        logs.append("a.log", f"{i} begin", f"{i} end")
    agent.start()
    logs.wait_in_order(["0 begin", "0 end", "1 begin", "1 end", "2 begin", "2 end", "3 begin", "3 end"])
    agent.restart()
    logs.append("a.log", "4")
    logs.wait_in_order(["0 begin", "0 end", "1 begin", "1 end", "2 begin", "2 end", "3 begin", "3 end", "4"])


def test_tail_03_a_rotation_after_which_no_file_has_the_name(weir):
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    logs.append("a.log", "1")
    logs.wait(["1"])
    agent.restart()
    agent.kill9()
    logs.append("a.log", "2")
    logs.rotate("a.log")
    agent.start()
    logs.wait_in_order(["1", "2"])
    logs.append("a.log", "3")
    logs.wait_in_order(["1", "2", "3"])


def test_tail_03_all_files_match_and_are_renamed_while_stopped(weir):
    logs = Following(weir)
    agent = weir(config("a.log*", **FAST))
    for i in range(4):
        if i:
            logs.rotate("a.log")
        logs.append("a.log", f"{i} begin")
        logs.wait([f"{j} begin" for j in range(i + 1)])
    agent.stop()
    logs.append("a.log.3", "0 end")
    logs.append("a.log", "3 end")
    logs.rotate("a.log")
    logs.append("a.log", "4")
    agent.start()
    logs.wait([f"{j} begin" for j in range(4)] + ["0 end", "3 end", "4"])


@pytest.mark.threads
def test_tail_03_kills_while_files_are_rotated_out_of_sight(weir):
    """Only the newest file matches: the others are found by what they are, several of them between two starts."""
    kills = int(os.environ.get("WEIR_TEST_KILLS", "6"))
    rng = random.Random(7)
    settings = config("in.log", rotate_wait="60s")
    settings["pipelines"]["app"]["outputs"][0]["codec"] = {"type": "json", "record_id_key": "record_id"}
    agent = weir.make(settings)
    logs = Following(weir)
    agent.start()
    writer = numbered_corpus.Writer(weir.dir / "in.log", rate=20000, rotate=4000, seed=3)
    agent.wait_records(1)
    for _ in range(kills):
        time.sleep(SLOWNESS * rng.uniform(0.05, 0.4))
        agent.kill9()
        time.sleep(SLOWNESS * rng.uniform(0, 0.7))
        agent.start(ready=False)
    writer.stop()
    report = None
    def complete():
        nonlocal report
        report = writer.check(logs.out, read=numbered_corpus.read_message)
        return not report.missing
    wait_until(complete, limit=20, step=0.3, what=f"all lines: {report and report.problems()}")
    report.assert_complete(repeats_max=kills * 10000)


def test_tail_05_a_file_deleted_with_unread_data(weir):
    logs = Following(weir)
    logs.path("a.log").touch()
    slow = config("a.log", **FAST)
    slow["pipelines"]["app"]["outputs"].append({"type": "null", "delay": "300ms"})
    agent = weir(slow)
    lines = numbered("line", 0, 60000)
    logs.append("a.log", *lines)
    wait_until(lambda: open_logs(agent), what="the file to be opened")
    os.unlink(logs.path("a.log"))
    logs.wait(lines, limit=20)
    wait_until(lambda: not open_logs(agent), what="the deleted file to be closed")
    assert metric(agent, "weir_tail_deleted_files_total") == 1
    wait_until(lambda: metric(agent, "weir_tail_files") == 0, what="the file to be forgotten")


def test_tail_05_an_unfinished_line_of_a_deleted_file(weir):
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    logs.write("a.log", b"1\n2")
    logs.wait(["1"])
    os.unlink(logs.path("a.log"))
    logs.wait(["1", "2"])
    wait_until(lambda: not open_logs(agent), what="the deleted file to be closed")


def test_tail_05_deleted_files_beyond_what_may_be_held(weir):
    """The oldest are let go, and counted to the byte."""
    logs = Following(weir)
    slow = config("*.log", held_bytes="1MB", **FAST)
    slow["pipelines"]["app"]["outputs"] = [{"type": "null", "delay": "1h"}]
    slow["pipelines"]["app"]["buffer"] = {"memory": "1MiB"}
    agent = weir(slow, service={"shutdown_timeout": "100ms"})
    line = b"x" * 999 + b"\n"
    logs.write("first.log", line * 2000)
    wait_until(lambda: agent.ledger()["read"] > 0, what="the pipeline to be full")
    for name in ("second.log", "third.log"):
        logs.write(name, line * 700)
        wait_until(lambda: any(name in path for path in open_logs(agent)), what=f"{name} to be opened")
    for name in ("second.log", "third.log"):
        os.unlink(logs.path(name))
    wait_metric(agent, "weir_input_lost_bytes_total", 1, reason="held_bytes")
    assert metric(agent, "weir_input_lost_bytes_total", reason="held_bytes") == 700 * 1000
    assert any("third.log" in path for path in open_logs(agent))
    agent.stop()
    assert [m["lost_bytes"] for m in told(agent, "stops with a deleted file")] == [700 * 1000]


def test_tail_15_the_target_of_a_symbolic_link_is_switched(weir):
    logs = Following(weir)
    (logs.dir / "pods").mkdir()
    (logs.dir / "links").mkdir()
    link, target = logs.dir / "links" / "a.log", logs.dir / "pods" / "0.log"
    target.write_text("1\n")
    link.symlink_to(target)
    agent = weir(config("links/*.log", **FAST))
    logs.wait(["1"])
    logs.append("pods/0.log", "2")
    logs.wait(["1", "2"])
    # The target is rotated where it lies.
    with open(target, "ab", buffering=0) as old:
        os.rename(target, logs.dir / "pods" / "0.log.1")
        old.write(b"3\n")
        logs.append("pods/0.log", "4")
        logs.wait(["1", "2", "3", "4"])
    # The link is switched to another file.
    logs.append("pods/1.log", "5")
    os.symlink(logs.dir / "pods" / "1.log", logs.dir / "links" / "new")
    os.rename(logs.dir / "links" / "new", link)
    logs.wait(["1", "2", "3", "4", "5"])
    logs.append("pods/0.log", "6")
    logs.append("pods/1.log", "7")
    logs.wait(["1", "2", "3", "4", "5", "6", "7"])
    # Two links to one file, and a name of its own.
    os.symlink(logs.dir / "pods" / "1.log", logs.dir / "links" / "b.log")
    os.link(logs.dir / "pods" / "1.log", logs.dir / "links" / "c.log")
    logs.append("pods/1.log", "8")
    logs.wait(["1", "2", "3", "4", "5", "6", "7", "8"])
    agent.restart()
    logs.append("pods/1.log", "9")
    logs.wait(["1", "2", "3", "4", "5", "6", "7", "8", "9"])


def test_tail_16_what_is_no_file_is_skipped(weir):
    logs = Following(weir)
    os.mkfifo(logs.path("fifo.log"))
    os.symlink("loop.log", logs.path("loop.log"))
    os.symlink("nothing", logs.path("dangling.log"))
    (logs.dir / "dir.log").mkdir()
    os.symlink("dir.log", logs.path("link-to-dir.log"))
    os.symlink("/dev/zero", logs.path("zero.log"))
    logs.append("good.log", "1")
    agent = weir(config("*.log", **FAST))
    logs.wait(["1"])
    for name in ("fifo", "loop", "link-to-dir", "zero"):
        assert len([m for m in told(agent, "cannot read as a log") if f"{name}.log" in str(m)]) == 1, name
    logs.append("nothing", "2")
    logs.wait(["1", "2"])


def test_tail_17_hard_links_are_read_once(weir):
    logs = Following(weir)
    (logs.dir / "a").mkdir()
    (logs.dir / "b").mkdir()
    logs.append("a/x.log", "1")
    os.link(logs.path("a/x.log"), logs.path("b/y.log"))
    weir(config("a/*.log", "b/*.log", **FAST))
    logs.wait(["1"])
    logs.append("b/y.log", "2")
    logs.append("a/x.log", "3")
    logs.wait(["1", "2", "3"])
    os.unlink(logs.path("a/x.log"))
    logs.append("b/y.log", "4")
    logs.wait(["1", "2", "3", "4"])


@pytest.mark.unsanitized
def test_tail_32_a_directory_that_is_replaced_before_it_is_watched(weir):
    """The one that is there now stays watched when the other is forgotten."""
    logs = Following(weir)
    os.makedirs(logs.dir / "apps")
    os.makedirs(logs.dir / "next")
    agent = weir(config("apps/*/x.log", rotate_wait="10s", poll_interval="1m"),
                 wrapper=["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", "trace=inotify_add_watch",
                          "-e", "inject=inotify_add_watch:delay_enter=150000"])
    scans = metric(agent, "weir_tail_scans_total")
    os.mkdir(logs.path("apps/one"))
    time.sleep(0.07)
    os.rmdir(logs.path("apps/one"))
    os.rename(logs.path("next"), logs.path("apps/one"))
    wait_metric(agent, "weir_tail_scans_total", scans + 1)
    time.sleep(0.2)  # to the end of the scan
    logs.append("apps/one/x.log", "1")
    logs.wait(["1"], limit=3)


def test_tail_32_directories_come_go_and_move(weir):
    logs = Following(weir)
    agent = weir(config("apps/*/x.log", "deep/**/y.log", **FAST))
    os.makedirs(logs.dir / "apps" / "one")
    logs.append("apps/one/x.log", "1")
    logs.wait(["1"])
    os.makedirs(logs.dir / "deep" / "a" / "b" / "c")
    logs.append("deep/a/b/c/y.log", "2")
    logs.append("deep/y.log", "3")
    logs.wait(["1", "2", "3"])
    # Removed and made again, under its old name.
    os.unlink(logs.path("apps/one/x.log"))
    os.rmdir(logs.dir / "apps" / "one")
    os.rmdir(logs.dir / "apps")
    os.makedirs(logs.dir / "apps" / "one")
    logs.append("apps/one/x.log", "4")
    logs.wait(["1", "2", "3", "4"])
    # Moved away with an open file in it, another one in its place.
    with open(logs.path("apps/one/x.log"), "ab", buffering=0) as old:
        os.rename(logs.dir / "apps", logs.dir / "gone")
        old.write(b"5\n")
        os.makedirs(logs.dir / "apps" / "one")
        logs.append("apps/one/x.log", "6")
        logs.wait(["1", "2", "3", "4", "5", "6"])
    # Renamed within what matches: the same file under a new name.
    os.rename(logs.dir / "apps" / "one", logs.dir / "apps" / "two")
    logs.append("apps/two/x.log", "7")
    logs.wait(["1", "2", "3", "4", "5", "6", "7"])
    agent.restart()
    logs.append("apps/two/x.log", "8")
    logs.append("deep/a/b/c/y.log", "9")
    logs.wait(["1", "2", "3", "4", "5", "6", "7", "8", "9"])


@pytest.mark.parametrize("name", ["", "sub/"])
def test_a_new_file_is_found_at_once(weir, name):
    logs = Following(weir)
    (logs.dir / "sub").mkdir()
    weir(config("**/*.log", poll_interval="1h"))
    expected, delays = [], []
    for i in range(20):
        began = time.monotonic()
        logs.append(f"{name}{i}.log", str(i))
        expected.append(str(i))
        wait_until(lambda: len(logs.lines()) == len(expected), step=0.001, what="the line")
        delays.append(time.monotonic() - began)
    assert logs.lines() == expected
    assert statistics.median(delays) < 0.1, delays  # each, on a machine with nothing else to do
