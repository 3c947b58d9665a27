# SPDX-License-Identifier: Apache-2.0
"""End-to-end tests: the real binary, real files, no mocks. Plain pytest and Python's standard library.

    /usr/bin/python3 -m pytest tests/e2e                      against build/src/cli/weir
    WEIR_BINARY=/usr/sbin/weir ... -k kill                    against another one

The fixture `weir` makes agents; each has the test's directory as its own:

    def test_a_line_arrives(weir):
        agent = weir('''
            pipelines:
              app:
                inputs: [{type: tail, paths: ["${DIR}/in.log"]}]
                outputs: [{type: file, path: "${DIR}/out.log", codec: text}]
        ''')                                       # started, and ready
        (weir.dir / "in.log").write_text("hello\\n")
        agent.wait_records(1)
        assert (weir.dir / "out.log").read_text() == "hello\\n"

    weir(config, ...)        starts an agent and waits until it is ready. `config`: YAML text without a `service` part, or a
                             dict. `service={...}` adds to the service part (data_dir, admin and messages are there);
                             `env={...}`, `args=[...]` (of `weir run`), `wrapper=["strace", ...]`, and what
                             Agent.start() takes: `ready=False`, `stdin=`, `stdout=`, `pass_fds=`.
    weir.make(config, ...)   the same without starting it
    weir.once(config, ...)   `weir run --once` to its end; returns the agent, whose `code` is the exit status. expect=CODE
    weir.cli("status", ...)  any other command, as subprocess.run() returns it, with text. check=True wants status 0
    weir.dir                 the test's directory; in a configuration ${DIR}

    agent.status() pipeline() ledger() metrics() get(path)       what it says; each status has its ledgers checked
    agent.wait_records(n) wait_for(condition)                    until n records are in and settled; until condition(status)
    agent.stop() kill9() wait_exit() start() restart() signal()  a stop wants exit status 0, see `expect`
    agent.messages() stderr() allow_errors(regex)                its own messages, over all starts
    agent.memory() check_memory() fds() threads()                what it costs

At the end of a test every agent that still runs is asked for its status (the accounting identity must hold exactly),
stopped (exit status 0), and its messages searched: a message of level error that the test did not allow fails it, as does a
sanitizer's report. A test has WEIR_TEST_LIMIT seconds (120), or what @pytest.mark.limit(seconds) says.

harness/numbered.py has the numbered corpus and its checker; harness/wait.py waits. The fixtures `broker` and `topic` are a real
Kafka (harness/kafka.py), `mock` is one that fails as it is told to (harness/kafka_mock.py)."""
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import pytest

from harness.agent import Agent
from harness.kafka_fixtures import broker, mock, mock_program, topic  # noqa: F401 (fixtures)
from harness.shares import run_share
from harness.wait import SLOWNESS

ROOT = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("WEIR_BINARY", ROOT / "build/src/cli/weir")).resolve()
LIMIT = float(os.environ.get("WEIR_TEST_LIMIT", "120"))


class Weir:
    """Makes the agents of one test, and ends them."""

    def __init__(self, directory):
        self.binary, self.root, self.dir = BINARY, ROOT, directory
        self.agents = []
        self.socket_directories = []

    def make(self, config, directory=None, **settings):
        directory = Path(directory or self.dir)
        directory.mkdir(exist_ok=True)
        # The path of a Unix socket has some 100 bytes, less than pytest's directories may take.
        self.socket_directories.append(tempfile.mkdtemp(prefix="weir-"))
        agent = Agent(self.binary, directory, self.socket_directories[-1], config, **settings)
        self.agents.append(agent)
        return agent

    def __call__(self, config, **settings):
        start = {name: settings.pop(name) for name in ("ready", "stdin", "stdout", "pass_fds") if name in settings}
        return self.make(config, **settings).start(**start)

    def once(self, config, limit=60.0, expect=0, **settings):
        start = {name: settings.pop(name) for name in ("stdin", "stdout", "pass_fds") if name in settings}
        agent = self.make(config, args=["--once", *settings.pop("args", [])], **settings)
        agent.start(ready=False, **start)
        code = agent.wait_exit(limit)
        assert code == expect, f"exit status {code}, expected {expect}: {agent.stderr()[-2000:]}"
        return agent

    def cli(self, *args, check=False, limit=30.0, **how):
        done = subprocess.run([str(self.binary), *map(str, args)], capture_output=True, text=True,
                              timeout=limit * SLOWNESS, cwd=self.dir, **how)
        assert not check or done.returncode == 0, f"weir {args}: {done.returncode}: {done.stderr}"
        return done

    def end(self):
        for agent in self.agents:
            agent.end()
        for directory in self.socket_directories:
            shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def weir(tmp_path, request):
    world = Weir(tmp_path)
    request.node.weir = world
    try:
        yield world
        for agent in world.agents:
            agent.finish()
    finally:
        world.end()


def on_alarm(number, frame):
    raise AssertionError("the test took too long")


@pytest.fixture(autouse=True)
def limit(request):
    """A test that hangs fails instead."""
    mark = request.node.get_closest_marker("limit")
    seconds = (mark.args[0] if mark else LIMIT) * SLOWNESS
    previous = signal.signal(signal.SIGALRM, on_alarm)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, previous)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    """What the agents said stands in the report of a test that failed."""
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for agent in getattr(item, "weir", Weir(None)).agents:
            report.sections.append((f"weir's messages ({agent.dir})", agent.stderr()[-8000:]))


def pytest_configure(config):
    config.addinivalue_line("markers", "limit(seconds): how long the test may take, instead of WEIR_TEST_LIMIT")
    config.addinivalue_line("markers", "long: runs in tests/long.sh only")
    config.addinivalue_line("markers", "unsanitized: says nothing about a sanitized binary, or cannot run one")
    config.addinivalue_line("markers", "threads: runs under the thread sanitizer too")


def pytest_runtestloop(session):
    """With WEIR_TEST_QUEUE, runs of pytest share the tests: see harness/shares.py."""
    if os.environ.get("WEIR_TEST_QUEUE") and not session.config.option.collectonly and not session.testsfailed:
        run_share(session, Path(os.environ["WEIR_TEST_QUEUE"]))
        return True
    return None


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    assert BINARY.exists(), f"no binary at {BINARY}: build it, or set WEIR_BINARY"
    if os.environ.get("WEIR_TEST_LONG"):
        return
    for item in items:
        if item.get_closest_marker("long"):
            item.add_marker(pytest.mark.skip(reason="runs in tests/long.sh"))
