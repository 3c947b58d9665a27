# SPDX-License-Identifier: Apache-2.0
"""Files that go away and come back, or lead elsewhere while nobody looks, and files that only look like rotated ones."""
import os
import random
import shutil
import signal
import time

import pytest

from harness.following import Following, config, metric, numbered, wait_metric
from harness.wait import wait_until

FAST = {"rotate_wait": "300ms", "poll_interval": "10s"}


def test_a_log_of_its_own_is_not_taken_for_a_rotated_one(weir):
    """Born between two generations of app.log, and not asked for."""
    logs = Following(weir)
    weir(config("app.log", **FAST))
    logs.append("app.log", "1")
    logs.wait(["1"])
    time.sleep(0.02)
    logs.append("app-audit.log", "secret")
    logs.append("app.log.json", "secret")
    time.sleep(0.02)
    logs.rotate("app.log")
    logs.append("app.log", "2")
    logs.wait(["1", "2"])
    logs.append("app-audit.log", "secret")
    logs.append("app.log", "3")
    logs.wait_in_order(["1", "2", "3"])


@pytest.mark.parametrize("started_again", [False, True], ids=["open", "closed"])
def test_tail_32_a_directory_that_is_moved_and_comes_back(weir, started_again):
    """Longer away than rotated files are held, with something written to it meanwhile."""
    logs = Following(weir)
    logs.path("tree").mkdir()
    agent = weir(config("tree/*.log", **FAST))
    first, second = numbered("first", 0, 100), numbered("second", 0, 100)
    logs.append("tree/a.log", *first)
    logs.wait(first)
    if started_again:
        agent.restart()
    scans = metric(agent, "weir_tail_scans_total")
    os.rename(logs.path("tree"), logs.path("away"))
    wait_metric(agent, "weir_tail_scans_total", scans + 1)
    wait_until(lambda: not any("a.log" in path for path in agent.fds().values()), what="the file to be closed")
    logs.append("away/a.log", *second)
    os.rename(logs.path("away"), logs.path("tree"))
    logs.append("tree/a.log", "end")
    logs.wait_in_order(first + second + ["end"])
    agent.restart()
    logs.append("tree/a.log", "more")
    logs.wait_in_order(first + second + ["end", "more"])
    assert metric(agent, "weir_input_lost_bytes_total") == 0


def test_tail_32_an_unfinished_line_in_a_directory_that_came_back(weir):
    """Its file was not rotated."""
    logs = Following(weir)
    logs.path("tree").mkdir()
    agent = weir(config("tree/*.log", **FAST))
    logs.append("tree/a.log", "1")
    logs.wait(["1"])
    scans = metric(agent, "weir_tail_scans_total")
    os.rename(logs.path("tree"), logs.path("away"))
    wait_metric(agent, "weir_tail_scans_total", scans + 1)
    os.rename(logs.path("away"), logs.path("tree"))
    logs.write("tree/a.log", b"half")
    time.sleep(1)
    logs.write("tree/a.log", b" and half\n")
    logs.wait_in_order(["1", "half and half"])


@pytest.mark.parametrize("max_open", [2, 512])
def test_tail_32_a_directory_that_goes_and_comes_all_the_time(weir, max_open):
    """Searched and looked at while it is away, while it is there, and while it moves."""
    logs, rng = Following(weir), random.Random(1)
    logs.path("trees/tree").mkdir(parents=True)
    agent = weir(config("trees/*/*.log", **FAST, max_open=max_open))
    expected = [f"begin {i}" for i in range(5)]
    for i in range(5):
        logs.append(f"trees/tree/{i}.log", expected[i])
    logs.wait(expected)
    for i in range(60):
        if i % 10 == 0:
            agent.restart()
        os.rename(logs.path("trees/tree"), logs.path("away"))
        back = time.monotonic() + rng.choice([0, 0.0001, 0.0002, 0.0005, 0.001, 0.003, 0.006])
        while time.monotonic() < back:
            pass
        os.rename(logs.path("away"), logs.path("trees/tree"))
        expected.append(f"line {i}")
        logs.append("trees/tree/0.log", expected[-1])
        if rng.random() < 0.5:
            logs.wait(expected)
    logs.wait(expected)
    agent.restart()
    logs.append("trees/tree/0.log", "end")
    logs.wait(expected + ["end"])


def test_tail_15_a_link_that_leads_elsewhere_after_the_start(weir):
    """What was not read of the old target is read from it, wherever its name is by then."""
    logs = Following(weir)
    for name in ("links", "targets"):
        logs.path(name).mkdir()
    agent = weir(config("links/*.log", **FAST))
    os.symlink("../targets/one", logs.path("links/a.log"))
    logs.append("targets/one", "1")
    logs.wait(["1"])
    agent.stop()
    logs.append("targets/one", "2")
    os.rename(logs.path("targets/one"), logs.path("targets/one.1"))
    logs.append("targets/two", "3")
    logs.path("links/a.log").unlink()
    os.symlink("../targets/two", logs.path("links/a.log"))
    agent.start()
    logs.wait(["1", "2", "3"])


def test_a_stop_before_a_truncated_file_has_a_new_line(weir):
    """Two generations of it are there then."""
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    logs.append("a.log", "1", "2")
    logs.wait(["1", "2"])
    os.truncate(logs.path("a.log"), 0)
    wait_metric(agent, "weir_tail_truncated_files_total", 1)
    agent.restart()
    logs.append("a.log", "3")
    logs.wait_in_order(["1", "2", "3"])


@pytest.mark.unsanitized
def test_tail_34_no_descriptor_for_a_while(weir):
    """Nothing can be opened: the file is tried again soon, without an event."""
    logs = Following(weir)
    logs.append("a.log", "1")
    weir(config("*.log", rotate_wait="300ms"), wrapper=["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P",
                                                        str(logs.path("a.log")), "-e", "trace=openat", "-e",
                                                        "inject=openat:error=EMFILE:when=1..2"])
    logs.wait(["1"], limit=8)


@pytest.mark.unsanitized
def test_tail_02_a_file_renamed_again_while_it_is_looked_for(weir):
    """A directory that takes several calls to be listed: its new name is where the listing has been. It is not gone."""
    logs = Following(weir)
    tree = logs.path("tree")
    tree.mkdir()
    for i in range(500):
        (tree / f"{i:0200d}").touch()
    names = [f"a.log.{i}" for i in range(1, 60)]
    for name in names:
        (tree / name).touch()
    found = [name for name in os.listdir(tree) if name in names]
    early, late = found[0], found[-1]
    for name in names:
        (tree / name).unlink()
    agent = weir(config("tree/*.log", **{**FAST, "rotate_wait": "10s"}, max_open=1),
                 wrapper=["strace", "-D", "-f", "-qq", "-o", "/dev/null", "-P", str(tree), "-e", "trace=getdents64",
                          "-e", "inject=getdents64:delay_exit=60000"])
    logs.append("tree/a.log", "1")
    logs.wait(["1"])
    logs.append("tree/b.log", "2")
    logs.wait(["1", "2"])
    wait_until(lambda: not any("a.log" in path for path in agent.fds().values()), what="the file to be closed")
    os.rename(tree / "a.log", tree / late)
    time.sleep(0.03)
    os.rename(tree / late, tree / early)
    logs.append(f"tree/{early}", "3")
    logs.wait(["1", "2", "3"])
    assert metric(agent, "weir_input_lost_bytes_total") == 0


def test_tail_11_an_inode_number_used_again_and_rotated_while_stopped(weir):
    """Two positions are stored for one inode number: that of the file that is gone, and that of the one to be found."""
    logs = Following(weir)
    agent = weir(config("*.log", **FAST))
    inodes = set()
    for i in range(20):
        logs.append(f"{i}.log", f"first {i}")
        inodes.add(os.stat(logs.path(f"{i}.log")).st_ino)
    logs.wait([f"first {i}" for i in range(20)])
    agent.stop()
    for i in range(20):
        logs.path(f"{i}.log").unlink()
    for i in range(20):
        logs.append(f"new-{i}.log", f"second {i}")
    agent.start()
    logs.wait([f"{n} {i}" for n in ("first", "second") for i in range(20)])
    if not any(os.stat(logs.path(f"new-{i}.log")).st_ino in inodes for i in range(20)):
        pytest.skip("this filesystem does not use inode numbers again at once")
    agent.stop()
    for i in range(20):
        logs.append(f"new-{i}.log", f"third {i}")
        logs.rotate(f"new-{i}.log")
    agent.start()
    logs.wait([f"{n} {i}" for n in ("first", "second", "third") for i in range(20)])


def test_tail_02_rotations_between_two_looks_after_one_while_stopped(weir):
    """The name was free at the start; who had it last is still known."""
    logs = Following(weir)
    agent = weir(config("a.log", **{**FAST, "rotate_wait": "10s"}))
    logs.append("a.log", "1")
    logs.wait(["1"])
    agent.stop()
    logs.rotate("a.log")
    time.sleep(0.02)
    agent.start()
    agent.signal(signal.SIGSTOP)
    for line in ("2", "3", "4"):
        logs.append("a.log", line)
        time.sleep(0.02)
        logs.rotate("a.log")
    logs.append("a.log", "5")
    agent.signal(signal.SIGCONT)
    logs.wait_in_order(["1", "2", "3", "4", "5"])


@pytest.mark.parametrize("stopped", [False, True], ids=["paused", "stopped"])
@pytest.mark.parametrize("times", [1, 3])
def test_tail_02_rotations_behind_a_symbolic_link(weir, stopped, times):
    """As the kubelet does it: patterns match the link, and the files that it leads to get other names."""
    logs = Following(weir)
    for name in ("containers", "pods"):
        logs.path(name).mkdir()
    agent = weir(config("containers/*.log", **{**FAST, "rotate_wait": "10s"}))
    os.symlink("../pods/0.log", logs.path("containers/x.log"))
    logs.append("pods/0.log", "0")
    logs.wait(["0"])
    agent.stop() if stopped else agent.signal(signal.SIGSTOP)
    logs.append("pods/0.log", "0 end")
    expected = ["0", "0 end"]
    for i in range(times):
        time.sleep(0.02)
        os.rename(logs.path("pods/0.log"), logs.path(f"pods/0.log.20260101-00000{i}"))
        logs.append("pods/0.log", f"{i} new")
        expected.append(f"{i} new")
    agent.start() if stopped else agent.signal(signal.SIGCONT)
    logs.wait_in_order(expected)


def test_tail_02_a_file_that_came_and_went_and_left_the_name_free(weir):
    logs = Following(weir)
    agent = weir(config("a.log", **{**FAST, "rotate_wait": "10s"}))
    logs.append("a.log", "1")
    logs.wait(["1"])
    agent.signal(signal.SIGSTOP)
    for line in ("2", "3"):
        time.sleep(0.02)
        logs.rotate("a.log")
        logs.append("a.log", line)
    logs.rotate("a.log")
    agent.signal(signal.SIGCONT)
    logs.wait_in_order(["1", "2", "3"])


@pytest.mark.parametrize("started_again", [False, True], ids=["running", "started again"])
def test_old_copies_are_not_what_came_between(weir, started_again):
    """They are younger than the file that was copied; when another one takes its name they stay unread."""
    logs = Following(weir)
    logs.append("a.log", "0")
    time.sleep(0.02)
    logs.append("a.log.1", "a copy of before the first start")
    time.sleep(0.02)
    agent = weir(config("a.log", **{**FAST, "rotate_wait": "10s"}))
    logs.wait(["0"])
    for line in ("1", "2"):
        os.rename(logs.path("a.log.1"), logs.path(f"a.log.{line}1"))
        shutil.copyfile(logs.path("a.log"), logs.path("a.log.1"))
        os.truncate(logs.path("a.log"), 0)
        time.sleep(0.02)
        logs.append("a.log", line)
        logs.wait([str(i) for i in range(int(line) + 1)])
    if started_again:
        agent.restart()
    time.sleep(0.02)
    logs.path("a.log").unlink()
    logs.append("a.log", "3")
    logs.wait(["0", "1", "2", "3"])
    logs.append("a.log", "4")
    logs.wait_in_order(["0", "1", "2", "3", "4"])


def test_tail_33_thousands_of_files_rotated_at_a_time(weir):
    """In one directory, which is not read again for each of them."""
    logs, count = Following(weir), 3000
    for i in range(count):
        logs.append(f"{i}.log", f"old {i}")
    agent = weir(config("*.log", **{**FAST, "rotate_wait": "10s"}))
    agent.wait_records(count)
    for i in range(count):
        logs.rotate(f"{i}.log", keep=0)
        logs.append(f"{i}.log", f"new {i}")
    agent.wait_records(2 * count, limit=5)
    assert sorted(logs.lines()) == sorted(f"{age} {i}" for age in ("old", "new") for i in range(count))
