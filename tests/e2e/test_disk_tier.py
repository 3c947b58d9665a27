# SPDX-License-Identifier: Apache-2.0
"""The disk tier: what does not fit into memory waits on disk, survives the process, and comes in order; an output that is dead
slows nobody. A dead output is `stdout` with a pipe that nobody reads."""
import os
import shutil
import subprocess
import tempfile
import time

import pytest

from harness import numbered
from harness.agent import MIB, SANITIZED
from harness.feed import Feed
from harness.ledger import plugin_of
from harness.numbered import text_line
from harness.pipes import StalledPipe
from harness.wait import wait_until

LINES = 200000  # some 27 MB
FILE = {"type": "file", "path": "${DIR}/live.log", "codec": "text"}
STDOUT = {"type": "stdout", "codec": "text"}
SERVICE = {"memory_limit": "32MiB", "shutdown_timeout": "1s"}


def config(inputs, outputs, **buffer):
    return {"pipelines": {"app": {"inputs": inputs, "outputs": outputs,
                                  "buffer": {"memory": "4MiB", "disk": "256MiB", **buffer}}}}


def tail(**options):
    return [{"type": "tail", "paths": ["${DIR}/in.log"], **options}]


def stdin(**options):
    return [{"type": "stdin", **options}]


def line_count(path):
    return path.read_bytes().count(b"\n") if path.exists() else 0


def disk_bytes(agent):
    return agent.pipeline()["buffer"]["disk_used_bytes"]


def on_tmpfs():
    return "tmpfs" in subprocess.run(["stat", "-f", "-c", "%T", "/dev/shm"], capture_output=True, text=True).stdout


def feed_lines(feed, first, count):
    """Whole lines into the agent's stdin, from a thread of nobody: the pipe takes them as the agent does."""
    data = "".join(text_line(n) + "\n" for n in range(first, first + count)).encode()
    view = memoryview(data)
    while view:
        view = view[os.write(feed.writer, view):]


def start_feed(weir, configuration, stdout, acks=False, **service):
    feed = Feed()
    if acks:
        configuration["pipelines"]["app"]["inputs"][0]["ack_fd"] = feed.ack_fd
    agent = weir.make(configuration, service={**SERVICE, **service})
    feed.start(agent, stdout=stdout.writer)
    return feed, agent


def restart_into(agent, path, **how):
    """Starts the agent again with its stdout drained into `path`; returns the pipe."""
    pipe = StalledPipe(path)
    agent.start(stdout=pipe.writer, **how)
    pipe.drain()
    return pipe


def close_cut(pipe, path):
    """Drains what a dead agent left in the pipe; a line that it did not finish is taken off. The number of lines."""
    pipe.drain()
    pipe.close()
    text = path.read_bytes()
    path.write_bytes(text[:text.rfind(b"\n") + 1])
    return text.count(b"\n")


def assert_exact(path, lines, repeats_max=0):
    numbered.check([path], 0, lines).assert_complete(repeats_max)


# ---- isolation ---------------------------------------------------------------------------------------------------------------


@pytest.mark.threads
@pytest.mark.parametrize("killed", [False, True], ids=["running", "killed"])
def test_rng_02_one_output_dead_and_one_alive(weir, killed):
    """The live one gets everything while the dead one takes nothing; then the dead one gets everything too, in order."""
    pipe = StalledPipe(weir.dir / "dead.log")
    writer = numbered.Writer(weir.dir / "in.log", rate=0, count=LINES).wait()
    agent = weir(config(tail(), [FILE, STDOUT]), service=SERVICE, stdout=pipe.writer)
    wait_until(lambda: line_count(weir.dir / "live.log") == LINES, limit=30, what="the live output to have everything")
    assert_exact(weir.dir / "live.log", LINES)
    assert plugin_of(agent.pipeline(), "stdout")["pending_records"] > LINES * 0.9
    agent.check_memory()
    if killed:
        agent.kill9()
        before = close_cut(pipe, weir.dir / "dead.log")
        pipe = restart_into(agent, weir.dir / "dead.log")
    else:
        before = 0
        pipe.drain()
    agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["held"] == 0, limit=60, what="everything to be delivered")
    agent.stop()
    pipe.close()
    # What the pipe had taken when the agent was killed is told again.
    assert_exact(weir.dir / "dead.log", LINES, repeats_max=before + 1 if killed else 0)
    numbered.check([weir.dir / "live.log"], 0, LINES).assert_complete(LINES if killed else 0)
    writer.check(weir.dir / "dead.log")


@pytest.mark.threads
def test_rng_06_order_when_the_spill_begins_and_ends(weir):
    """A sink that comes and goes: memory, disk, memory, disk, and one order."""
    pipe = StalledPipe(weir.dir / "dead.log")
    total = 0
    agent = weir(config(tail(), [FILE, STDOUT]), service=SERVICE, stdout=pipe.writer)
    reader = pipe.reader
    os.set_blocking(reader, False)
    got = b""
    for turn in range(6):
        numbered.Writer(weir.dir / "in.log", rate=0, count=20000, first=total).wait()
        total += 20000
        wait_until(lambda: line_count(weir.dir / "live.log") == total, limit=30, what="the live output to go on")
        end = time.monotonic() + 0.3 * (turn % 3)
        while time.monotonic() < end:  # now and then the sink takes something
            try:
                got += os.read(reader, 1 << 20)
            except BlockingIOError:
                time.sleep(0.005)
    (weir.dir / "dead.log").write_bytes(got)
    os.set_blocking(reader, True)
    pipe.drain()
    agent.wait_records(total, limit=60)
    agent.stop()
    pipe.close()
    assert_exact(weir.dir / "dead.log", total)


def test_no_write_while_outputs_keep_up(weir):
    """A replayable input: the source is the buffer. Nothing of the disk tier is written, whatever comes in all; at a time it is
    less than memory has room for, so that outputs keep up on a busy machine too."""
    if SANITIZED:
        pytest.skip("a sanitized binary under strace says nothing more")
    trace = weir.dir / "trace"
    agent = weir(config(tail(), [FILE, {"type": "null"}]), service=SERVICE,
                 wrapper=["strace", "-D", "-f", "-y", "-qq", "-e", "trace=pwrite64,write,fallocate,openat", "-o", str(trace)])
    for first in range(0, 50000, 5000):
        numbered.Writer(weir.dir / "in.log", rate=0, count=5000, first=first).wait()
        agent.wait_records(first + 5000)
    agent.stop()
    assert line_count(weir.dir / "live.log") == 50000
    traced = trace.read_text().splitlines()
    assert any("live.log" in line for line in traced)
    written = [line for line in traced
               if ".seg" in line and ("pwrite64(" in line or "write(" in line or "fallocate(" in line)]
    assert not written, written[:5]


# ---- push inputs -------------------------------------------------------------------------------------------------------------


@pytest.mark.threads
def test_a_push_input_spills_when_memory_is_full(weir):
    pipe = StalledPipe(weir.dir / "out.log")
    feed, agent = start_feed(weir, config(stdin(), [STDOUT]), pipe)
    wait_until(agent.is_ready)
    feed_lines(feed, 0, LINES)
    agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["read"] == LINES, limit=30, what="everything to be read")
    assert disk_bytes(agent) > 0
    agent.check_memory()
    pipe.drain()
    agent.wait_records(LINES, limit=60)
    agent.stop()
    pipe.close()
    assert_exact(weir.dir / "out.log", LINES)


@pytest.mark.threads
def test_lif_02_stopped_with_a_dead_sink(weir):
    """TERM while the sink is dead: the agent ends at its deadline, and what only memory had is on disk; the next start
    delivers it."""
    pipe = StalledPipe(weir.dir / "out.log")
    feed, agent = start_feed(weir, config(stdin(), [STDOUT]), pipe)
    wait_until(agent.is_ready)
    feed_lines(feed, 0, 30000)
    agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["read"] == 30000, what="everything to be read")
    took = agent.stop()
    assert took < 4
    taken = close_cut(pipe, weir.dir / "out.log")
    assert taken < 30000
    pipe = restart_into(agent, weir.dir / "out.log")
    recovered = agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["held"] == 0, limit=30)["pipelines"][0]["ledger"]
    assert recovered["recovered"] == recovered["delivered"] >= 30000 - taken
    agent.stop()
    pipe.close()
    assert_exact(weir.dir / "out.log", 30000, repeats_max=taken + 1)


@pytest.mark.parametrize("fsync", ["batch", "50ms"])
def test_durable_records_survive_a_kill(weir, fsync):
    """With durable, stdin says that a record is taken when its frame is synced, though no output has it."""
    pipe = StalledPipe(weir.dir / "out.log")
    feed, agent = start_feed(weir, config(stdin(), [STDOUT], durable=True, fsync=fsync), pipe, acks=True)
    wait_until(agent.is_ready)
    feed_lines(feed, 0, 20000)
    feed.wait_acked(20000)
    agent.kill9()
    taken = close_cut(pipe, weir.dir / "out.log")
    assert taken < 20000
    pipe = restart_into(agent, weir.dir / "out.log", pass_fds=[feed.ack_fd])
    agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["held"] == 0, limit=30, what="everything to be delivered")
    agent.stop()
    pipe.close()
    assert_exact(weir.dir / "out.log", 20000, repeats_max=taken)


# ---- full --------------------------------------------------------------------------------------------------------------------


def test_spl_16_full_and_block_stops_the_input(weir):
    pipe = StalledPipe(weir.dir / "out.log")
    writer = numbered.Writer(weir.dir / "in.log", rate=0, count=LINES).wait()
    agent = weir(config(tail(), [FILE, STDOUT], disk="4MiB", compression="none"), service=SERVICE, stdout=pipe.writer)
    status = agent.wait_for(lambda status: status["pipelines"][0]["buffer"]["disk_state"] == "full"
                            and plugin_of(status["pipelines"][0], "tail")["state"] == "blocked", limit=30, what="full")
    assert "block" in status["pipelines"][0]["buffer"]["disk_reason"]
    assert disk_bytes(agent) <= 4 * MIB + MIB
    assert line_count(weir.dir / "live.log") < LINES
    pipe.drain()
    agent.wait_records(LINES, limit=60)
    agent.stop()
    pipe.close()
    for name in ("live.log", "out.log"):
        writer.check(weir.dir / name).assert_complete()


def test_a_tier_that_was_full_sleeps_when_it_is_not_any_more(weir):
    """What was due while it was full is not due for ever."""
    pipe = StalledPipe(weir.dir / "out.log")
    feed, agent = start_feed(weir, config(stdin(), [STDOUT], disk="2MiB", compression="none", durable=True), pipe)
    wait_until(agent.is_ready)
    writer = subprocess.Popen(["seq", "100000000", "100600000"], stdout=feed.writer)
    agent.wait_for(lambda status: status["pipelines"][0]["buffer"]["disk_state"] == "full", limit=30, what="full")
    pipe.drain()
    assert writer.wait(60) == 0
    agent.wait_records(600001, limit=60)
    agent.wait_for(lambda status: status["pipelines"][0]["buffer"]["disk_state"] == "ok", what="room again")
    time.sleep(1.5)  # the last sync and the last cursors
    began = cpu_ticks(agent)
    time.sleep(1)
    assert cpu_ticks(agent) - began < 30, "it does not sleep"
    agent.stop()
    pipe.close()


def cpu_ticks(agent):
    """Hundredths of a second of processor time."""
    return sum(map(int, agent.proc("stat").read_text().rsplit(")", 1)[1].split()[11:13]))


@pytest.mark.parametrize("policy", ["drop_oldest", "drop_newest"])
def test_rng_07_full_and_something_goes(weir, policy):
    """What is dropped is counted to the record, what is not comes whole and in order, and the input never stops."""
    pipe = StalledPipe(weir.dir / "out.log")
    feed, agent = start_feed(weir, config(stdin(), [STDOUT], disk="2MiB", compression="none", when_full=policy), pipe)
    wait_until(agent.is_ready)
    feed_lines(feed, 0, LINES)
    agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["read"] == LINES, limit=60, what="everything to be read")
    assert disk_bytes(agent) <= 2 * MIB + MIB
    pipe.drain()
    agent.wait_records(LINES, limit=60)
    ledger = agent.ledger()
    agent.stop()
    pipe.close()
    report = numbered.check([weir.dir / "out.log"], 0, LINES)
    assert not report.altered and not report.reordered and not report.repeats
    assert ledger["dropped"][policy] == len(report.missing) > LINES // 4
    assert ledger["delivered"] == LINES - len(report.missing)
    if policy == "drop_oldest":
        assert LINES - 1 not in report.missing, "the newest is kept"
    else:
        assert 0 not in report.missing, "the oldest is kept"


def test_the_fuller_the_disk_tier_the_fewer_severities(weir):
    """shed: debug goes first, errors stay."""
    pipe = StalledPipe(weir.dir / "out.log")
    configuration = config(stdin(), [{"type": "stdout", "codec": "json"}], disk="16MiB", compression="none",
                           shed={"debug": 10, "info": 30})
    configuration["pipelines"]["app"]["filters"] = [{"type": "parse", "format": "json", "severity": "level"}]
    feed, agent = start_feed(weir, configuration, pipe)
    wait_until(agent.is_ready)
    levels = ["debug", "info", "error"]
    data = "".join(f'{{"n":{n},"level":"{levels[n % 3]}","fill":"{"x" * 200}"}}\n' for n in range(30000)).encode()
    view = memoryview(data)
    while view:
        view = view[os.write(feed.writer, view):]
    agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["read"] == 30000, limit=60, what="everything to be read")
    pipe.drain()
    agent.wait_records(30000, limit=60)
    ledger = agent.ledger()
    agent.stop()
    pipe.close()
    text = (weir.dir / "out.log").read_text()
    counts = {level: text.count(f'"level":"{level}"') for level in levels}
    assert counts["error"] == 10000
    assert counts["debug"] < counts["info"] <= 10000
    assert ledger["dropped"]["shed"] == 30000 - sum(counts.values()) > 0


# ---- disks that fail -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 3 MiB for the agent's data."""
    path = tmp_path / "data"
    path.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(path)]).returncode != 0:
        pytest.skip("needs root, to mount a small file system")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", str(path)], check=True)


def test_spl_10_no_space_and_then_space_again(weir, small_disk):
    """The file system is full before the tier is: memory and backpressure; when there is room again it goes on by itself."""
    pipe = StalledPipe(weir.dir / "out.log")
    filler = small_disk / "filler"
    filler.write_bytes(bytes(5 << 18))
    feed, agent = start_feed(weir, config(stdin(), [STDOUT], compression="none"), pipe)
    agent.allow_errors("cannot be written", "cannot be stored")
    wait_until(agent.is_ready)
    process = subprocess.Popen(["seq", "-f", "n=%012.0f " + "x" * 100, "0", str(LINES - 1)], stdout=feed.writer)
    agent.wait_for(lambda status: status["pipelines"][0]["buffer"]["disk_state"] == "failing", limit=30, what="no space")
    assert agent.get("/readyz")[0] == 503
    pipe.drain()
    assert process.wait(60) == 0
    agent.wait_records(LINES, limit=60)
    filler.unlink()
    agent.wait_for(lambda status: status["ready"], limit=20, what="it to recover")
    agent.stop()
    pipe.close()
    text = (weir.dir / "out.log").read_text().splitlines()
    assert [line[:14] for line in text] == [f"n={n:012d}" for n in range(LINES)]


@pytest.mark.unsanitized
@pytest.mark.parametrize("call,error", [("fdatasync", "EIO"), ("pwrite64", "EIO"), ("pwrite64", "ENOSPC"), ("fallocate", "ENOSPC"),
                                        ("fallocate", "EDQUOT"), ("pwrite64", "EROFS")])
@pytest.mark.parametrize("when", ["2", "3+4"])
def test_spl_12_spl_13_calls_that_fail(weir, call, error, when):
    """Any write or sync of the tier fails, once or now and then: nothing is lost, and nothing is told to be safe that is not."""
    if SANITIZED:
        pytest.skip("a sanitized binary under strace says nothing more")
    pipe = StalledPipe(weir.dir / "out.log")
    feed = Feed()
    configuration = config(stdin(ack_fd=feed.ack_fd), [STDOUT], durable=True, fsync="batch", compression="none")
    agent = weir.make(configuration, service=SERVICE, wrapper=[
        "strace", "-D", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={when}"])
    agent.allow_errors("cannot be written", "cannot be stored", "could not be stored", "Input/output", "No space")
    feed.start(agent, stdout=pipe.writer)
    wait_until(agent.is_ready)
    for part in range(4):
        feed_lines(feed, part * 2000, 2000)
        feed.wait_acked((part + 1) * 2000, limit=20)
    pipe.drain()
    agent.wait_records(8000, limit=30)
    agent.stop()
    pipe.close()
    assert_exact(weir.dir / "out.log", 8000)


# ---- sources that vanish -----------------------------------------------------------------------------------------------------


def test_a_deleted_file_is_rescued(weir):
    """The only output is dead and the file is deleted: it goes to disk, and survives a kill."""
    pipe = StalledPipe(weir.dir / "out.log")
    numbered.Writer(weir.dir / "in.log", rate=0, count=100000).wait()
    agent = weir(config(tail(), [STDOUT]), service=SERVICE, stdout=pipe.writer)
    agent.wait_for(lambda status: plugin_of(status["pipelines"][0], "tail")["state"] == "blocked", what="the input to wait")
    assert disk_bytes(agent) == 0, "a file that stays is its own buffer"
    (weir.dir / "in.log").unlink()
    agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["read"] == 100000, limit=30, what="the file to be rescued")
    taken = plugin_of(agent.pipeline(), "stdout")["records"]  # in batches that were answered before they were written
    wait_until(lambda: agent.metrics().value("weir_buffer_spilled_records_total", pipeline="app") >= 100000 - taken, limit=10)
    agent.kill9()
    taken = close_cut(pipe, weir.dir / "out.log")
    (weir.dir / "out.log").rename(weir.dir / "first.log")
    pipe = restart_into(agent, weir.dir / "out.log")
    agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["held"] == 0, limit=30, what="everything to be delivered")
    recovered = agent.ledger()["recovered"]
    agent.stop()
    pipe.close()
    report = numbered.check([weir.dir / "first.log", weir.dir / "out.log"], 0, 100000)
    assert taken and recovered
    assert not report.missing and not report.reordered and not report.altered


# ---- bounds ------------------------------------------------------------------------------------------------------------------


@pytest.mark.unsanitized
@pytest.mark.parametrize("mib", [1024, pytest.param(10240, marks=[pytest.mark.long, pytest.mark.limit(900)])])
def test_spl_17_rss_and_start_do_not_depend_on_the_backlog(weir, mib):
    """One output takes all that is made, the other nothing: its backlog goes to disk. An agent that starts on it is as small and
    as quick as one that starts on nothing."""
    free = shutil.disk_usage(weir.dir).free
    if free < 2 * mib * MIB:
        pytest.skip(f"needs {2 * mib} MiB on the disk, and there are {free // MIB}")
    count = mib * 1024
    made = [{"type": "generate", "count": count, "rate": 0, "size": 1024}]
    agent = weir(config(made, [{"type": "null"}, {"type": "null", "delay": "1h"}], disk="20GiB", compression="none",
                        fsync="never"), service=SERVICE)
    agent.wait_for(lambda status: plugin_of(status["pipelines"][0], "null")["records"] == count, limit=mib / 10,
                   what="the live output to have everything")
    agent.check_memory()
    agent.stop()
    assert disk_bytes_of(agent.data_dir) > 0.95 * mib * MIB
    sizes = {}
    for held in (True, False):
        began = time.monotonic()
        agent.start()
        took = time.monotonic() - began
        agent.wait_for(lambda status: plugin_of(status["pipelines"][0], "generate")["state"] == "ended", what="nothing more to come")
        sizes[held] = agent.memory()[0]
        assert agent.ledger()["held"] > count * 0.99 if held else agent.ledger()["held"] < count * 0.01
        assert SANITIZED or took < 2
        agent.stop()
        shutil.rmtree(agent.data_dir / "buffer")
    assert SANITIZED or sizes[True] - sizes[False] < 4 * MIB, sizes


def disk_bytes_of(directory):
    return sum(path.stat().st_size for path in directory.rglob("*.seg"))


@pytest.mark.skipif(not on_tmpfs(), reason="/dev/shm is no tmpfs here")
def test_spl_27_a_file_system_that_a_restart_of_the_host_empties_is_told(weir):
    with tempfile.TemporaryDirectory(prefix="weir-", dir="/dev/shm") as data:
        agent = weir(config(stdin(), [STDOUT], durable=True), service={**SERVICE, "data_dir": data})
        assert any("does not survive a restart of the host" in message.get("message", "") for message in agent.messages())
        agent.stop()
    agent = weir(config(stdin(), [STDOUT], durable=True), service=SERVICE)
    assert not any("does not survive" in message.get("message", "") for message in agent.messages()[-5:])
