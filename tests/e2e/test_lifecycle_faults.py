# SPDX-License-Identifier: Apache-2.0
"""What goes wrong around an agent's life: a thread that hangs in the kernel, a manager that wants signs of life, a data directory
that a dead agent left locked, messages that nobody reads, descriptors and signals as they should not be."""
import fcntl
import os
import signal
import socket
import time

import pytest

from harness import generated, preload
from harness import numbered as feeding
from harness.agent import MIB
from harness.following import Following, config, metric, numbered, stored_positions, told
from harness.http_sink import HttpSink
from harness.wait import SLOWNESS, wait_until


class Manager:
    """The service manager's end of sd_notify: what was said, in order."""

    def __init__(self):
        self.name = f"@weir-test-{os.getpid()}-{time.monotonic_ns()}"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + self.name[1:])
        self.socket.setblocking(False)
        self.heard = []

    def env(self, watchdog_ms=0):
        return {"NOTIFY_SOCKET": self.name, **({"WATCHDOG_USEC": str(watchdog_ms * 1000)} if watchdog_ms else {})}

    def hear(self):
        """What has been said since the last call."""
        said = []
        try:
            while True:
                said.append(self.socket.recv(4096).decode())
        except BlockingIOError:
            pass
        self.heard += said
        return said

    def wait(self, word):
        wait_until(lambda: self.hear() and any(word in said for said in self.heard), what=word)


def test_lif_12_states_are_told_to_the_manager(weir):
    manager = Manager()
    agent = weir(config("in.log"), env=manager.env())
    manager.wait("READY=1")
    agent.stop()
    manager.hear()
    assert [said.split("\n")[0] for said in manager.heard] == ["READY=1", "STOPPING=1"]


def test_lif_12_an_idle_agent_gives_signs_of_life_in_time(weir):
    """Each within the time that the manager gives, the first one too."""
    manager = Manager()
    weir(config("in.log"), env=manager.env(watchdog_ms=1000 * SLOWNESS))
    manager.wait("READY=1")
    last = time.monotonic()
    for _ in range(3):
        wait_until(lambda: "WATCHDOG=1" in manager.hear(), what="a sign of life")
        assert time.monotonic() - last < 0.95 * SLOWNESS
        last = time.monotonic()


@pytest.fixture(scope="session")
def hanging_writes(tmp_path_factory):
    return preload.library("hanging_writes", tmp_path_factory)


@pytest.fixture
def hanging(weir, hanging_writes):
    """An agent whose output hangs in write() for as long as anybody waits, as on a file system that is gone."""
    following = Following(weir)

    def start(env=None, **service):
        agent = weir(config("in.log"), service=service,
                     env={"LD_PRELOAD": str(hanging_writes), "HANGING_PATH": str(following.out), **(env or {})})
        following.append("in.log", *numbered("line", 0, 10))
        agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["held"] == 10, what="the lines to be held")
        return agent
    return following, start


def end_beside_a_hanging_thread(agent, limit):
    """The process is gone within the limit, all of it."""
    began = time.monotonic()
    agent.allow_errors("a thread hangs and is left behind")
    assert agent.wait_exit(limit) == 1
    assert time.monotonic() - began < limit * SLOWNESS
    message = told(agent, "does not come round")[-1]
    assert message["thread"] == "out:file" and message["pipeline"] == "app"


@pytest.mark.unsanitized
def test_lif_09_a_hanging_thread_does_not_block_the_stop(hanging):
    following, start = hanging
    agent = start(shutdown_timeout="300ms")
    agent.signal(signal.SIGTERM)
    end_beside_a_hanging_thread(agent, 6)
    del agent.env["LD_PRELOAD"]
    agent.start()
    following.wait_in_order(numbered("line", 0, 10))


@pytest.mark.unsanitized
def test_lif_03_a_second_term_beside_a_hanging_thread(hanging):
    _, start = hanging
    agent = start(shutdown_timeout="60s")
    agent.signal(signal.SIGTERM)
    wait_until(lambda: agent.get("/readyz")[0] == 503, what="not ready any more")
    agent.signal(signal.SIGTERM)
    end_beside_a_hanging_thread(agent, 6)


@pytest.mark.unsanitized
def test_lif_09_the_watchdog_is_not_fed_while_a_thread_hangs(hanging):
    _, start = hanging
    manager = Manager()
    agent = start(env=manager.env(watchdog_ms=200), shutdown_timeout="0s")
    manager.wait("READY=1")
    wait_until(lambda: told(agent, "does not come round"), what="the thread to be named")
    manager.hear()
    time.sleep(0.6)
    assert "WATCHDOG=1" not in manager.hear()
    agent.signal(signal.SIGTERM)
    end_beside_a_hanging_thread(agent, 6)


def test_lif_13_a_lock_ends_with_its_holder(weir):
    """No file says who runs: what a killed agent leaves does not keep the next one out."""
    following = Following(weir)
    agent = weir(config("in.log"))
    following.append("in.log", "one")
    following.wait(["one"])
    agent.kill9()
    assert agent.socket.exists()
    agent.start()
    following.append("in.log", "two")
    wait_until(lambda: following.lines()[-1] == "two", what="the second line")


def test_lif_15_a_full_pipe_for_messages_does_not_hold_the_agent(weir):
    """There is something to tell all the time, and nobody reads it."""
    following = Following(weir)
    reader, writer = os.pipe2(os.O_CLOEXEC)
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x")
    except BlockingIOError:
        pass
    os.set_blocking(writer, True)
    agent = weir.make(config("in.log*"), wrapper=["bash", "-c", f'exec "$0" "$@" 2>&{writer}'])
    agent.start(pass_fds=[writer])
    assert os.readlink(agent.proc("fd/2")).startswith("pipe:")
    expected = []
    for i in range(50):
        lines = numbered(f"file {i}", 0, 20)
        following.append("in.log", *lines)
        if i % 10 == 9:
            following.rotate("in.log")
        expected += lines
        agent.signal(signal.SIGUSR1)
        agent.signal(signal.SIGHUP)  # is answered with a warning
    following.wait(expected)
    assert agent.stop(limit=10) < 5 * SLOWNESS
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize("closed", ["0<&-", "2>&-", "0<&- 1>&- 2>&-"])
def test_res_13_started_without_standard_descriptors(weir, closed):
    """None of the agent's own files gets a number that somebody writes messages to."""
    following = Following(weir)
    agent = weir(config("in.log"), wrapper=["sh", "-c", f'exec "$0" "$@" {closed}'])
    following.append("in.log", "one")
    following.wait(["one"])
    targets = agent.fds()
    for number in (0, 1, 2):
        assert targets[number] == "/dev/null" or targets[number].endswith("weir.stderr"), targets
    agent.signal(signal.SIGHUP)  # says something
    agent.stop()
    assert following.lines() == ["one"]


INHERITED = """
import os, signal, sys
for number in (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGCHLD, signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
    signal.signal(number, getattr(signal, sys.argv[1]))
if sys.argv[2] == "blocked":
    signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
os.execv(sys.argv[3], sys.argv[3:])
"""


@pytest.mark.parametrize("action, mask", [("SIG_IGN", "open"), ("SIG_DFL", "open"), ("SIG_DFL", "blocked")])
def test_res_13_signals_as_they_were_inherited(weir, action, mask):
    """Ignored or blocked by whoever started it, TERM still stops it, and a reader that is gone is no death."""
    reader, writer = os.pipe2(os.O_CLOEXEC)
    agent = weir.make({"pipelines": {"app": {"inputs": [generated.input_of(100000, rate=1000)],
                                             "outputs": [{"type": "stdout", "codec": "text"}]}}},
                      wrapper=["/usr/bin/python3", "-c", INHERITED, action, mask], service={"shutdown_timeout": "100ms"})
    agent.start(stdout=writer)
    os.close(writer)
    os.read(reader, 10)
    os.close(reader)
    wait_until(lambda: told(agent, "Broken pipe"), what="the reader's end to be told")
    assert agent.stop(limit=5) < 3 * SLOWNESS


def test_res_07_res_14_stopped_continued_and_signalled_all_the_time(weir):
    """Every call that blocks is interrupted, in each thread by the stops and in the main one by signals too."""
    following = Following(weir)
    agent = weir(config("in.log*"))
    writer = feeding.Writer(weir.dir / "in.log", rate=40000, rotate=30000)
    for _ in range(60):
        agent.signal(signal.SIGSTOP)
        agent.signal(signal.SIGUSR1)
        time.sleep(0.003)
        agent.signal(signal.SIGCONT)
        agent.status()
        for _ in range(20):
            agent.signal(signal.SIGUSR1)
        time.sleep(0.003)
    writer.stop()
    agent.wait_records(writer.written)
    writer.check(following.out).assert_complete()


@pytest.mark.unsanitized
def test_res_06_a_twentieth_of_a_processor(weir):
    """As a quota of 5 % gives it: slow, and nothing more. No request is taken for lost that had no time to be sent."""
    sink = HttpSink(lambda request: 200)
    agent = weir({"pipelines": {"app": {
        "inputs": [{"type": "tail", "paths": ["${DIR}/in.log"]}],
        "outputs": [{"type": "http", "url": sink.url, "timeout": "2s", "batch": {"max_records": 200}},
                    {"type": "file", "path": "${DIR}/out.log", "codec": "text"}]}}})
    lines = numbered("line", 0, 20000)
    with open(weir.dir / "in.log", "w") as source:
        source.writelines(line + "\n" for line in lines)
    for _ in range(20):
        agent.signal(signal.SIGSTOP)
        time.sleep(0.095)
        agent.signal(signal.SIGCONT)
        time.sleep(0.005)
    agent.wait_records(len(lines))
    assert (weir.dir / "out.log").read_text().splitlines() == lines
    assert sink.messages() == lines and len(sink.requests) == len(sink.accepted())
    assert agent.metrics().value("weir_retries_total", 0) == 0
    agent.stop()
    sink.stop()


@pytest.mark.unsanitized
def test_res_12_a_long_life_leaves_nothing_behind(weir):
    """Rotations, deletions and new files, a few hundred: memory, descriptors, known files and positions are what they were."""
    following = Following(weir)
    agent = weir(config("*.log", rotate_wait="10ms"))
    count, resident, files = 0, [], []

    def turn(number):
        name = f"{number % 7}.log"
        following.append(name, *(f"{number} {i} {'x' * 200}" for i in range(50)))
        agent.wait_records(50 * (number + 1))
        if number % 3:
            following.rotate(name, keep=0)
        else:
            following.path(name).unlink()
    for _ in range(3):
        for _ in range(100):
            turn(count)
            count += 1
        wait_until(lambda: metric(agent, "weir_tail_open_files") == 0 and metric(agent, "weir_tail_files") == 0,
                   what="rotated files to be let go")
        resident.append(agent.memory()[0])
        files.append(sorted(path for path in agent.fds().values() if not path.startswith("socket:")))  # of who asks
    assert len(set(following.lines())) == len(following.lines()) == 50 * count
    assert resident[-1] - resident[0] < MIB and files[-1] == files[0]
    wait_until(lambda: stored_positions(agent) == [], what="positions to be forgotten")


def test_res_07_a_long_sleep_under_load(weir):
    """What happened meanwhile, rotations too, is found when it wakes up."""
    following = Following(weir)
    agent = weir(config("in.log*"))
    following.append("in.log", "first")
    following.wait(["first"])
    agent.signal(signal.SIGSTOP)
    (weir.dir / "in.log").unlink()
    writer = feeding.Writer(weir.dir / "in.log", rate=0, count=60000, rotate=20000).wait()
    agent.signal(signal.SIGCONT)
    agent.wait_records(60001)
    lines = following.lines()
    assert lines[0] == "first"
    following.out.write_text("".join(line + "\n" for line in lines[1:]))
    writer.check(following.out).assert_complete()
