# SPDX-License-Identifier: Apache-2.0
"""Which file is which: inode numbers that are used again, files that look alike, other devices, first looks."""
import os
import shutil
import subprocess
import time

import pytest

from harness.following import Following, config, metric, numbered
from harness.wait import wait_until

FAST = {"rotate_wait": "300ms", "poll_interval": "10s"}


@pytest.fixture
def mount():
    """mount(directory, *how) mounts a filesystem there, for the test."""
    mounted = []
    def do(directory, *how):
        done = subprocess.run(["mount", *how, str(directory)], capture_output=True, text=True)
        if done.returncode != 0:
            pytest.skip(f"cannot mount here: {done.stderr.strip()}")
        mounted.append(directory)
    yield do
    for directory in mounted:
        subprocess.run(["umount", "-l", str(directory)], check=False)


@pytest.mark.parametrize("stopped", [False, True])
def test_tail_11_an_inode_number_used_again(weir, stopped):
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    expected = []
    for i in range(5):
        logs.append("a.log", "the same first line", f"file {i}")
        expected += ["the same first line", f"file {i}"]
        if stopped and i:
            agent.start()
        logs.wait_in_order(expected)
        if stopped:
            agent.stop()
        os.unlink(logs.path("a.log"))
        time.sleep(0.01)
    if stopped:
        agent.start()


def test_tail_11_the_same_content_again(weir):
    """A file that was made again with the very same lines is a new file."""
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    lines = numbered("line", 0, 200)
    logs.append("a.log", *lines)
    logs.wait(lines)
    agent.stop()
    os.unlink(logs.path("a.log"))
    time.sleep(0.02)
    logs.append("a.log", *lines)
    agent.start()
    logs.wait_in_order(lines + lines)


def test_tail_13_files_with_the_same_begin(weir):
    logs = Following(weir)
    header = numbered("header", 0, 200)
    expected = []
    for i in range(20):
        logs.append(f"{i}.log", *header, f"file {i}")
        expected += header + [f"file {i}"]
    agent = weir(config("*.log", **FAST))
    logs.wait(expected)
    for i in range(20):
        logs.append(f"{i}.log", f"more {i}")
        expected.append(f"more {i}")
    logs.wait(expected)
    agent.stop()
    for i in range(20):
        os.rename(logs.path(f"{i}.log"), logs.path(f"new-{19 - i}.log"))
        logs.append(f"new-{19 - i}.log", f"renamed {i}")
        expected.append(f"renamed {i}")
    agent.start()
    logs.wait(expected)


def test_tail_14_a_short_file_that_grows(weir):
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    expected = []
    for i in range(12):
        lines = numbered(f"part {i}", 0, 2 ** i)
        logs.append("a.log", *lines)
        expected += lines
        logs.wait_in_order(expected)
        if i % 2:
            agent.restart()
    agent.stop()
    os.rename(logs.path("a.log"), logs.path("a.log.1"))
    logs.append("a.log.1", "end")
    agent.start()
    logs.wait_in_order(expected + ["end"])


def test_tail_39_another_device_number(weir, mount):
    """The same filesystem on another device: the content says that the file is the same."""
    logs = Following(weir)
    (logs.dir / "mnt").mkdir()
    image = logs.path("image")
    with open(image, "wb") as file:
        file.truncate(8 << 20)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    mount(logs.dir / "mnt", "-o", "loop", str(image))
    agent = weir(config("mnt/*.log", **FAST))
    lines = numbered("line", 0, 100)
    logs.append("mnt/a.log", *lines)
    logs.wait(lines)
    agent.stop()
    device = os.stat(logs.path("mnt/a.log")).st_dev
    subprocess.run(["umount", str(logs.dir / "mnt")], check=True)
    # A second loop device takes the first one's place.
    (logs.dir / "other").mkdir()
    other = logs.path("other-image")
    shutil.copyfile(image, other)
    mount(logs.dir / "other", "-o", "loop", str(other))
    mount(logs.dir / "mnt", "-o", "loop", str(image))
    if os.stat(logs.path("mnt/a.log")).st_dev == device:
        pytest.skip("the device number stayed the same")
    logs.append("mnt/a.log", "end")
    agent.start()
    logs.wait_in_order(lines + ["end"])
    assert metric(agent, "weir_tail_truncated_files_total") == 0


def test_read_from_end_is_for_the_first_start(weir):
    logs = Following(weir)
    logs.append("old.log", "old 1", "old 2")
    logs.write("partial.log", b"old 3\nbegun")
    logs.path("empty.log").touch()
    agent = weir(config("*.log", read_from="end", **FAST))
    logs.append("new.log", "new 1")
    logs.append("empty.log", "new 2")
    logs.append("old.log", "new 3")
    logs.write("partial.log", b" and ended\n")
    logs.wait(["new 1", "new 2", "new 3", "begun and ended"])
    agent.stop()
    logs.append("late.log", "new 4")
    logs.append("old.log", "new 5")
    agent.start()
    logs.wait(["new 1", "new 2", "new 3", "begun and ended", "new 4", "new 5"])


def test_read_from_end_with_nothing_there(weir):
    """The first start is over even if it found no file."""
    logs = Following(weir)
    agent = weir(config("*.log", read_from="end", **FAST))
    agent.stop()
    logs.append("a.log", "1")
    agent.start()
    logs.wait(["1"])


def test_ignore_older(weir):
    logs = Following(weir)
    logs.append("old.log", "1")
    logs.append("new.log", "2")
    past = time.time() - 7200
    os.utime(logs.path("old.log"), (past, past))
    agent = weir(config("*.log", ignore_older="1h", **FAST))
    logs.wait(["2"])
    logs.append("old.log", "3")
    logs.wait(["1", "2", "3"])
    agent.stop()
    os.utime(logs.path("old.log"), (past, past))
    logs.append("new.log", "4")
    agent.start()
    logs.wait(["1", "2", "3", "4"])


def test_exclude(weir):
    logs = Following(weir)
    (logs.dir / "sub").mkdir()
    logs.append("a.log", "1")
    logs.append("b.log", "2")
    logs.append("sub/a.log", "3")
    logs.append("sub/c.log", "4")
    weir(config("**/*.log", exclude=["b.log", "${DIR}/sub/c*"], **FAST))
    logs.wait(["1", "3"])
    logs.append("sub/c1.log", "5")
    logs.append("sub/d.log", "6")
    logs.wait(["1", "3", "6"])


def test_a_file_is_the_same_by_another_pattern(weir):
    """Positions belong to files, not to the patterns that found them."""
    logs = Following(weir)
    agent = weir(config("a.log", **FAST))
    logs.append("a.log", "1")
    logs.wait(["1"])
    agent.stop()
    agent.write_config(config("*.log", **FAST))
    logs.append("a.log", "2")
    agent.start()
    logs.wait_in_order(["1", "2"])
    wait_until(lambda: metric(agent, "weir_tail_files") == 1)


def test_a_file_that_patterns_leave_out_now(weir):
    """It is where it was, and nothing more is read of it."""
    logs = Following(weir)
    logs.append("a.log", "1")
    logs.append("b.log", "2")
    agent = weir(config("*.log", **FAST))
    logs.wait(["1", "2"])
    agent.stop()
    agent.write_config(config("*.log", exclude=["b.log"], **FAST))
    logs.append("a.log", "3")
    logs.append("b.log", "4")
    agent.start()
    logs.wait(["1", "2", "3"])
    agent.stop()
    agent.write_config(config("*.log", **FAST))
    agent.start()
    logs.wait(["1", "2", "3", "4"])
