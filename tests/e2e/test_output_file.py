# SPDX-License-Identifier: Apache-2.0
"""The output `file`: where it writes, with which permissions, and what happens when its files are moved. What happens when
the disk fails is in test_output_file_faults.py."""
import os
import shutil
import signal
import stat
import threading
import time

import pytest

from harness.feed import Feed
from harness.wait import wait_until


def config(path, **output):
    return {"pipelines": {"app": {
        "inputs": [{"type": "stdin"}],
        "outputs": [{"type": "file", "path": path, "codec": "text", **output}]}}}


@pytest.fixture
def fed(weir):
    """Makes an agent that writes what it is fed; returns both."""
    def make(path, **output):
        settings = {name: output.pop(name) for name in ("wrapper", "env") if name in output}
        feed = Feed()
        return feed, feed.start(weir.make(config(path, **output), **settings))
    return make


def wait_text(path, text):
    wait_until(lambda: path.exists() and path.read_text() == text, what=f"{text!r} in {path}")


def test_fil_12_modes_are_exact(weir, fed):
    feed, agent = fed("${DIR}/a/b/out.log", mode="0644", wrapper=["sh", "-c", 'umask 0077; exec "$0" "$@"'])
    feed.lines("x")
    agent.wait_records(1)
    assert stat.S_IMODE((weir.dir / "a/b/out.log").stat().st_mode) == 0o644
    assert stat.S_IMODE((weir.dir / "a/b").stat().st_mode) == 0o755
    assert stat.S_IMODE((weir.dir / "a").stat().st_mode) == 0o755


def test_fil_03_usr1_reopens(weir, fed):
    out = weir.dir / "out.log"
    feed, agent = fed("${DIR}/out.log")
    feed.lines("one")
    wait_text(out, "one\n")
    out.rename(weir.dir / "out.log.1")
    agent.signal(signal.SIGUSR1)
    time.sleep(0.05)  # a signal has no answer
    feed.lines("two")
    wait_text(out, "two\n")
    assert (weir.dir / "out.log.1").read_text() == "one\n"


def test_fil_03_moved_without_a_signal(weir, fed):
    out = weir.dir / "out.log"
    feed, agent = fed("${DIR}/out.log")
    feed.lines("one")
    wait_text(out, "one\n")
    out.rename(weir.dir / "out.log.1")
    time.sleep(1.1)  # it looks once a second
    feed.lines("two")
    wait_text(out, "two\n")
    out.unlink()
    time.sleep(1.1)
    feed.lines("three")
    wait_text(out, "three\n")
    assert (weir.dir / "out.log.1").read_text() == "one\n"


def test_fil_03_copytruncate(weir, fed):
    out = weir.dir / "out.log"
    feed, agent = fed("${DIR}/out.log")
    feed.lines("one", "two")
    wait_text(out, "one\ntwo\n")
    os.truncate(out, 0)
    feed.lines("three")
    wait_text(out, "three\n")  # no hole: O_APPEND
    time.sleep(1.1)
    feed.lines("four")
    wait_text(out, "three\nfour\n")


def test_fil_07_the_directory_vanishes_and_a_file_is_in_the_way(weir, fed):
    directory = weir.dir / "logs"
    feed, agent = fed("${DIR}/logs/out.log")
    feed.lines("one")
    wait_text(directory / "out.log", "one\n")
    directory.rename(weir.dir / "old")
    directory.write_text("in the way")
    time.sleep(1.1)
    feed.lines("two")
    agent.wait_for(lambda status: "Not a directory" in str(status), what="the reason to be shown")
    directory.unlink()
    agent.wait_records(2)
    assert (directory / "out.log").read_text() == "two\n"
    assert (weir.dir / "old/out.log").read_text() == "one\n"


def test_fil_09_a_fifo_in_its_place_never_blocks(weir, fed):
    out = weir.dir / "out.log"
    os.mkfifo(out)
    feed, agent = fed("${DIR}/out.log")
    feed.lines("one")
    agent.wait_for(lambda status: "no regular file" in str(status), what="the reason to be shown")
    out.unlink()
    agent.wait_records(1)
    assert out.read_text() == "one\n"


# ---- paths with variable parts ---------------------------------------------------------------------------------------

# What a record may say in a field that a path is made of, and where it then goes.
HOSTILE = [
    ("web", "web.log"),
    ("../../../../../../tmp/weir-escaped", ".._.._.._.._.._.._tmp_weir-escaped.log"),
    ("/etc/cron.d/weir", "_etc_cron.d_weir.log"),
    ("", ".log"),
    ("..", "...log"),
    ("a\x00b\x1b[2J", "a_b_[2J.log"),
    ("x" * 300, "x" * 255),
    ("\u20ac" * 100, "\u20ac" * 85),
]


def test_fil_05_sec_03_no_value_leaves_the_root(weir, fed):
    feed, agent = fed("${DIR}/root/logs/$${message}.log")
    for value, _ in HOSTILE:
        feed.lines(value)
    agent.wait_records(len(HOSTILE))
    found = sorted(str(path.relative_to(weir.dir)) for path in weir.dir.rglob("*")
                   if path.is_file() and path.parent.name not in ("data", weir.dir.name) and "data" not in path.parts)
    assert found == sorted("root/logs/" + name for _, name in HOSTILE)
    for value, name in HOSTILE:
        assert (weir.dir / "root/logs" / name).read_bytes() == value.encode() + b"\n"
    assert not os.path.exists("/tmp/weir-escaped.log")


def test_fil_05_a_component_of_dots(weir, fed):
    feed, agent = fed("${DIR}/root/$${message}/x.log")
    feed.lines("..", ".", "", "a")
    agent.wait_records(4)
    assert (weir.dir / "root/_/x.log").read_text() == "..\n.\n\n"
    assert (weir.dir / "root/a/x.log").read_text() == "a\n"


def test_sec_04_links_below_the_root_are_refused(weir, fed):
    root, secret = weir.dir / "root", weir.dir / "secret"
    root.mkdir()
    secret.write_text("secret\n")
    (root / "link.log").symlink_to(secret)
    (root / "fifo.log").mkdir()
    feed, agent = fed("${DIR}/root/$${message}.log")
    feed.lines("link", "good", "fifo", "good")
    agent.wait_records(4)
    assert secret.read_text() == "secret\n"
    assert (root / "good.log").read_text() == "good\ngood\n"
    assert agent.ledger()["dead_lettered"] == 2
    assert "symbolic link" in agent.stderr() or "Is a directory" in agent.stderr()


def test_sec_04_a_link_raced_in(weir, fed):
    """Someone swaps a directory below the root for a link to elsewhere, all the time."""
    root, outside, year = weir.dir / "root", weir.dir / "outside", time.strftime("%Y", time.gmtime())
    (root / year).mkdir(parents=True)
    outside.mkdir()
    feed, agent = fed("${DIR}/root/%Y/$${message}.log", open_files=1)
    done = threading.Event()

    def swap():
        while not done.is_set():
            try:
                (root / year).rename(root / "aside")
                (root / year).symlink_to(outside)
                (root / year).unlink()
                (root / "aside").rename(root / year)
            except OSError:  # the agent has made the directory meanwhile
                shutil.rmtree(root / "aside", ignore_errors=True)
    swapper = threading.Thread(target=swap)
    swapper.start()
    try:
        for i in range(500):
            feed.lines(f"name-{i}")
        agent.wait_records(500)
    finally:
        done.set()
        swapper.join()
    assert list(outside.iterdir()) == []
    ledger = agent.ledger()
    assert ledger["delivered"] + ledger["dead_lettered"] == 500 and ledger["delivered"] > 0


def test_fil_06_many_names_few_open_files(weir, fed):
    feed, agent = fed("${DIR}/root/$${message}", open_files=5)
    names = [f"n{i % 300}" for i in range(3000)]
    for at in range(0, len(names), 100):
        feed.lines(*names[at:at + 100])
    agent.wait_records(len(names))
    open_files = [path for path in agent.fds().values() if "/root/" in path]
    assert len(open_files) <= 5
    for i in range(300):
        assert (weir.dir / f"root/n{i}").read_text() == f"n{i}\n" * 10


def test_a_path_by_time(weir, fed):
    feed, agent = fed("${DIR}/root/%Y/%m/%d.log")
    feed.lines("x")
    agent.wait_records(1)
    (path,) = (weir.dir / "root").rglob("*.log")
    assert abs(time.time() - time.mktime(time.strptime(str(path.relative_to(weir.dir / "root")), "%Y/%m/%d.log"))) < 3e5


@pytest.mark.parametrize("path, word", [("relative.log", "absolute"), ("/var/log/", "absolute"),
                                        ("/$${message}/x.log", "constant directory")])
def test_bad_paths_are_mistakes_of_the_configuration(weir, path, word):
    agent = weir.make(config(path))
    done = weir.cli("validate", "-c", agent.config_path, env=agent.env)
    assert done.returncode == 2 and word in done.stderr + done.stdout


@pytest.mark.parametrize("option, value", [("fsync", "sometimes"), ("fsync", "0s"), ("mode", "9999"), ("open_files", 0)])
def test_bad_options_are_mistakes_of_the_configuration(weir, option, value):
    agent = weir.make(config("${DIR}/x", **{option: value}))
    done = weir.cli("validate", "-c", agent.config_path, env=agent.env)
    assert done.returncode == 2 and option in done.stderr + done.stdout
