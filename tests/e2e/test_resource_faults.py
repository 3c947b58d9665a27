# SPDX-License-Identifier: Apache-2.0
"""Too little of what a process needs, and clocks that step: allocations that fail, few descriptors, no threads, a host's time
that is set. No crash, nothing lost, and when it is too little to start, one line that says so."""
import json
import shutil
import signal
import time

import pytest

from harness import numbered, preload
from harness.preload import HOUR, Shared, clock_steps  # noqa: F401 (a fixture)
from harness.wait import SLOWNESS, wait_until

LINES = 4000
ALWAYS = 1 << 62
LARGE = 16384


def config(filters=({"type": "parse", "format": "json"}, {"type": "context", "fields": {"env": "test"}})):
    return {"pipelines": {"app": {
        "inputs": [{"type": "tail", "paths": ["${DIR}/in.log"]}],
        "filters": list(filters),
        "outputs": [{"type": "file", "path": "${DIR}/out.log", "codec": {"type": "json", "record_id_key": "record_id"}}],
    }}}


# ---- memory ------------------------------------------------------------------------------------------------------------


class Memory(Shared):
    SEEN, FAILED, FROM, UNTIL, BYTES_MIN = range(5)

    def __init__(self, path):
        super().__init__(path, 5)

    def fail(self, first=0, count=ALWAYS, bytes_min=0):
        self[self.FROM], self[self.UNTIL] = 0, 0
        self[self.SEEN], self[self.FAILED], self[self.BYTES_MIN] = 0, 0, bytes_min
        self[self.UNTIL] = min(first + count, ALWAYS)
        self[self.FROM] = first

    def suffice(self):
        self[self.UNTIL] = 0


@pytest.fixture(scope="session")
def failing_malloc(tmp_path_factory):
    return preload.library("failing_malloc", tmp_path_factory)


@pytest.fixture
def short_of_memory(weir, failing_malloc):
    memory = Memory(weir.dir / "memory")
    agents = []

    def make(name, **how):
        directory = weir.dir / name
        directory.mkdir()
        env = {"LD_PRELOAD": str(failing_malloc), "FAILING_MALLOC": str(weir.dir / "memory")}
        agent = weir.make(config(), directory=directory, env=env, **how)
        agent.allow_errors(".")  # a failure may be told as an error: what matters is that nothing is lost
        agents.append(agent)
        return agent, numbered.Writer(directory / "in.log", rate=0, count=LINES, form="json").wait()
    return memory, make


def read_any(line):
    """A record that was parsed, or passed as the line that it was."""
    n, record_id = numbered.read_parsed(line)
    if n is None:
        record = json.loads(line)
        n, record_id = numbered.read_parsed(record.get("message", ""))[0], record.get("record_id")
    return n, record_id


def finish(agent, writer):
    """Another run, with memory, to the end: nothing is missing."""
    agent.env.pop("LD_PRELOAD")
    agent.args = ["--once"]
    agent.start(ready=False)
    assert agent.wait_exit() == 0
    writer.check(agent.dir / "out.log", read=read_any).assert_complete(repeats_max=LINES)


def points(total, count):
    """Places spread over the run, the start more densely: there is most of what is different. Without a count, all."""
    if not count:
        return range(total)
    return sorted({int(total * (i / count) ** 2) for i in range(count)})


def count_allocations(memory, make, bytes_min=0):
    memory.fail(ALWAYS, bytes_min=bytes_min)
    agent, _ = make("count", args=["--once"])
    agent.start(ready=False)
    assert agent.wait_exit() == 0
    return memory[Memory.SEEN]


def few_or_all(count):
    return pytest.mark.parametrize("count", [count, pytest.param(0, marks=[pytest.mark.long, pytest.mark.limit(3600)])],
                                   ids=["few", "all"])


@pytest.mark.unsanitized
@few_or_all(40)
def test_res_01_one_allocation_fails(short_of_memory, count):
    """Each in turn: the agent starts and ships everything, or says why not, and then its successor does."""
    memory, make = short_of_memory
    for n in points(count_allocations(memory, make), count):
        agent, writer = make(f"fail-{n}", args=["--once"])
        memory.fail(n, 1)
        agent.start(ready=False)
        code = agent.wait_exit(20)
        assert code in (0, 1, 2), (n, code, agent.stderr()[-2000:])
        assert code == 0 or agent.stderr(), f"failing allocation {n}: exit status {code} and not a word"
        if code != 0 or "will try again" in agent.stderr():
            finish(agent, writer)
        writer.check(agent.dir / "out.log", read=read_any).assert_complete(repeats_max=0)


def fail_from(memory, make, n, bytes_min=0):
    agent, writer = make(f"fail-{n}", service={"shutdown_timeout": "100ms"})
    memory.fail(n, bytes_min=bytes_min)
    agent.start(ready=False)
    end = time.monotonic() + 2 * SLOWNESS  # the last ones may come when it is told to stop
    while not memory[Memory.FAILED] and agent.is_running() and time.monotonic() < end:
        time.sleep(0.005)
    time.sleep(0.05)
    if agent.is_running():
        agent.signal(signal.SIGTERM)
    assert agent.wait_exit(10) in (0, 1, 2, -signal.SIGTERM), (n, agent.code, agent.stderr()[-2000:])
    finish(agent, writer)


@pytest.mark.unsanitized
@few_or_all(12)
def test_res_01_all_allocations_fail_from_some_moment_on(short_of_memory, count):
    """It may wait or give up, but it can be stopped, and its successor has it all."""
    memory, make = short_of_memory
    for n in points(count_allocations(memory, make), count):
        fail_from(memory, make, n)


@pytest.mark.unsanitized
def test_res_01_large_allocations_fail_from_some_moment_on(short_of_memory):
    """Those that batches are made of, so also in the middle of one: a record that has no room for its fields keeps its text."""
    memory, make = short_of_memory
    for n in range(count_allocations(memory, make, LARGE)):
        fail_from(memory, make, n, LARGE)


@pytest.mark.unsanitized
def test_res_01_large_allocations_fail_for_a_while(short_of_memory):
    """Blocks and arenas cannot be had: the agent waits, says why, and goes on when they can."""
    memory, make = short_of_memory
    memory.suffice()
    agent, writer = make("while")
    agent.start()
    agent.wait_records(LINES)
    memory.fail(0, bytes_min=LARGE)
    more = numbered.Writer(agent.dir / "in.log", rate=0, count=20000, first=LINES, form="json").wait()
    wait_until(lambda: memory[Memory.FAILED] > 0, what="an allocation to fail")
    memory.suffice()
    agent.wait_records(LINES + 20000)
    numbered.check([agent.dir / "out.log"], 0, LINES + more.written, read=read_any).assert_complete()


# ---- descriptors and threads -------------------------------------------------------------------------------------------


PLAIN = {"pipelines": {"app": {"inputs": [{"type": "tail", "paths": ["${DIR}/in.log"]}],
                               "outputs": [{"type": "file", "path": "${DIR}/out.log", "codec": "text"}]}}}


def test_res_02_as_few_descriptors_as_there_may_be(weir):
    """With so few it says what it could not open and ends; with one more, and one more, it works."""
    writer = numbered.Writer(weir.dir / "in.log", rate=0, count=LINES).wait()
    worked = False
    for limit in range(4, 40):
        agent = weir.make(PLAIN, args=["--once"], wrapper=["prlimit", f"--nofile={limit}:{limit}"])
        agent.allow_errors("Too many open files", "cannot start")
        agent.start(ready=False)
        code = agent.wait_exit(20)
        if code == 0 and (weir.dir / "out.log").stat().st_size:
            worked = True
            break
        assert code in (0, 1), (limit, code, agent.stderr()[-1000:])
        # Below 5 the loader itself has no descriptor for the libraries.
        assert "Too many open files" in agent.stderr() or limit < 5, (limit, agent.stderr())
        agent.stderr_path.unlink()
    assert worked
    writer.check(weir.dir / "out.log").assert_complete(repeats_max=LINES)


def test_res_02_descriptors_run_out_while_it_runs(weir):
    """More files than may be open are read in turn; the output and the positions have theirs already."""
    (weir.dir / "in").mkdir()
    config = {"pipelines": {"app": {
        "inputs": [{"type": "tail", "paths": ["${DIR}/in/*.log"]}],
        "outputs": [{"type": "file", "path": "${DIR}/out.log", "codec": "text"}]}}}
    agent = weir(config, wrapper=["prlimit", "--nofile=64:64"])
    agent.allow_errors("Too many open files")
    for i in range(100):
        lines = [numbered.text_line(n) + "\n" for n in range(i * 50, i * 50 + 50)]
        (weir.dir / f"in/{i}.log").write_text("".join(lines))
    agent.wait_records(5000, limit=30)
    assert sorted(numbered.number_of_text(line) for line in (weir.dir / "out.log").read_text().splitlines()) \
        == list(range(5000))


@pytest.mark.unsanitized
@pytest.mark.parametrize("nth", [1, 2, 3])
def test_res_03_a_thread_that_cannot_be_started(weir, nth):
    """It says so, starts nothing by halves, and ends with status 1."""
    if not shutil.which("strace"):
        pytest.skip("no strace here")
    trace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=clone3,clone",
             "-e", f"inject=clone3,clone:error=EAGAIN:when={nth}"]
    writer = numbered.Writer(weir.dir / "in.log", rate=0, count=100).wait()
    agent = weir.make(PLAIN, wrapper=trace)
    agent.allow_errors("cannot start")
    agent.start(ready=False)
    assert agent.wait_exit(10) == 1
    assert "thread: Resource temporarily unavailable" in agent.stderr()
    agent.wrapper, agent.args = [], ["--once"]
    agent.start(ready=False)
    assert agent.wait_exit() == 0
    writer.check(weir.dir / "out.log").assert_complete(repeats_max=100)


# ---- clocks --------------------------------------------------------------------------------------------------------------

@pytest.mark.unsanitized
def test_res_04_res_05_the_wall_clock_steps(weir, clock_steps):
    """To and fro by hours and decades, as after a suspended host goes on, also over a restart: the logical clock never goes back, observed times are the
    host's, a line is there at once, and nothing stops or is sent again."""
    offset = Shared(weir.dir / "offset", 1)
    codec = {"type": "json", "observed_time_key": "observed", "clock_key": "clock"}
    agent = weir({"pipelines": {"app": {
        "inputs": [{"type": "tail", "paths": ["${DIR}/in.log"]}],
        "outputs": [{"type": "file", "path": "${DIR}/out.log", "codec": codec, "fsync": "50ms"}]}}},
        env={"LD_PRELOAD": str(clock_steps), "CLOCK_STEPS": str(weir.dir / "offset")})
    steps = [0, HOUR, -HOUR, 0, -int(time.time() - 10) * 10 ** 9, 13 * 365 * 24 * HOUR, 0]
    years = []
    for number, step in enumerate(steps):
        offset[0] = step
        years.append(time.gmtime(time.time() + step / 1e9).tm_year)
        with open(weir.dir / "in.log", "a") as source:
            source.write(f"line {number}\n")
        agent.wait_records(number + 1 if number < 4 else number - 3, limit=5)
        if number == 3:
            offset[0] = -2 * HOUR
            agent.restart()
    records = [json.loads(line) for line in (weir.dir / "out.log").read_text().splitlines()]
    assert [record["message"] for record in records] == [f"line {number}" for number in range(len(steps))]
    clocks = [record["clock"] for record in records]
    assert clocks == sorted(set(clocks))
    assert [int(record["observed"][:4]) for record in records] == years
    assert agent.get("/readyz")[0] == 200
