# SPDX-License-Identifier: Apache-2.0
"""kill -9 at any moment: nothing that was readable from a file is lost, and repeats are what was in flight, each under the
record id that it had before.

At random moments while a numbered corpus is written at 20,000 lines a second and rotated, and at chosen system calls: strace
kills the agent as it enters the Nth call of a kind."""
import os
import random
import shutil
import signal
import time

import pytest

from harness import numbered
from harness.agent import SANITIZED
from harness.wait import SLOWNESS

LONG = bool(os.environ.get("WEIR_TEST_LONG"))
RATE = 20000
CODEC = {"type": "json", "record_id_key": "record_id"}


def config(form, **output):
    filters = [{"type": "parse", "format": "json"}] if form == "json" else []
    return {"pipelines": {"app": {
        "inputs": [{"type": "tail", "paths": ["${DIR}/in.log", "${DIR}/in.log.*"]}],
        "filters": filters,
        "outputs": [{"type": "file", "path": "${DIR}/out.log", "codec": CODEC, **output}],
    }}}


READ = {"text": numbered.read_message, "json": numbered.read_parsed}


def kill_at_random_moments(weir, kills, form, rotate, record, **output):
    seed = int(os.environ.get("WEIR_TEST_SEED", time.time_ns() % 1000000))
    print(f"seed {seed}")
    rng = random.Random(seed)
    agent = weir.make(config(form, **output))
    source, out = weir.dir / "in.log", weir.dir / "out.log"
    writer = numbered.Writer(source, rate=RATE, rotate=rotate, form=form, seed=seed)
    marks = []
    for _ in range(kills):
        agent.start(ready=False)
        # Often within the first moments: starting and catching up are where the most can go wrong.
        time.sleep(SLOWNESS * (rng.uniform(0, 0.2) if rng.random() < 0.3 else rng.uniform(0.2, 2.5)))
        agent.kill9()
        marks.append(out.stat().st_size if out.exists() else 0)
    writer.stop()
    agent.args = ["--once"]
    agent.start(ready=False)
    assert agent.wait_exit(120) == 0
    report = writer.check(out, read=READ[form])
    repeats = report.repeats_between(marks)
    most, mean = max(repeats), sum(repeats) / kills
    print(f"{kills} kills, {writer.written} lines in {len(writer.starts)} files: repeats {mean:.0f} a kill, {most} at most")
    record("kills", kills)
    record("repeats_mean", mean)
    record("repeats_most", most)
    report.assert_complete(repeats_max=len(report.repeats))
    # What was acked within the last 10 ms, and what was in flight: of an agent that catches up, on a machine where the thread that
    # writes positions waits for its turn, now and then more than a second's worth of what the writer makes.
    over = [count for count in repeats if count >= RATE]
    assert len(over) <= max(1, kills // 50) and most < 5 * RATE, f"more than a second's worth repeated after a kill: {repeats}"
    # A long run leaves gigabytes.
    shutil.rmtree(weir.dir)
    weir.dir.mkdir()


@pytest.mark.threads
@pytest.mark.parametrize("form", ["text", "json"])
def test_lif_04_ckp_05_kills_at_random_moments(weir, form, record_property):
    kill_at_random_moments(weir, 5 if SANITIZED else 15, form, RATE * 3 // 2, record_property)


@pytest.mark.long
@pytest.mark.limit(1800)
@pytest.mark.parametrize("form, output", [("text", {}), ("json", {}), ("text", {"fsync": "batch"})])
def test_two_hundred_kills(weir, form, output, record_property):
    kill_at_random_moments(weir, 200, form, RATE * 3 // 2, record_property, **output)


# ---- at chosen system calls ------------------------------------------------------------------------------------------------

CALLS = ["write", "writev", "pwrite64", "fdatasync", "fsync", "ftruncate", "rename,renameat,renameat2", "unlink,unlinkat",
         "openat", "mkdir,mkdirat", "close"]
LINES_IN_SWEEP = 12000  # some batches


def points(call):
    """Which calls of a kind to die at: all of them, but of the two that loading the program makes most of, ever fewer."""
    if LONG or call not in ("openat", "close"):
        return range(1, 10000)
    return [n * n * 3 // 4 + 1 for n in range(1, 1000)]


def die_at(weir, call, n):
    """Runs an agent over a small rotated corpus that dies at the nth such call; then another one to the end. Returns false
    when there is no nth call."""
    directory = weir.dir / "run"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    trace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={n}"]
    agent = weir.make(config("text", fsync="batch"), directory=directory, args=["--once"], wrapper=trace)
    writer = numbered.Writer(directory / "in.log", rate=0, count=LINES_IN_SWEEP, rotate=LINES_IN_SWEEP // 2 + 1).wait()
    agent.start(ready=False)
    code = agent.wait_exit()
    assert code in (0, -signal.SIGKILL, 128 + signal.SIGKILL), (call, n, code, agent.stderr()[-2000:])
    if code != 0:
        agent.wrapper = []
        agent.start(ready=False)
        assert agent.wait_exit() == 0, (call, n, agent.stderr()[-2000:])
    report = writer.check(directory / "out.log", read=numbered.read_message)
    problems = report.problems()
    assert not problems, f"killed at {call} number {n}: {problems}"
    assert len(report.repeats) <= LINES_IN_SWEEP
    return code != 0


def die_at_each(weir, call, record):
    if not shutil.which("strace"):
        pytest.skip("no strace here")
    died = 0
    for n in points(call):
        if not die_at(weir, call, n):
            break
        died += 1
    print(f"{call}: died {died} times")
    record("died", died)


@pytest.mark.unsanitized
@pytest.mark.parametrize("call", CALLS)
def test_lif_04_ckp_01_kills_at_system_calls(weir, call, record_property):
    die_at_each(weir, call, record_property)


@pytest.mark.long
@pytest.mark.unsanitized
@pytest.mark.limit(1800)
@pytest.mark.parametrize("call", CALLS)
def test_kills_at_every_system_call(weir, call, record_property):
    die_at_each(weir, call, record_property)
