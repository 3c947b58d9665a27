# SPDX-License-Identifier: Apache-2.0
"""One agent under test: the real binary, its configuration, its data directory.

An Agent outlives its process: stop() or kill9(), then start() again, and it goes on from its own data directory as a
restarted service does. What it says on stderr is kept over all starts."""
import json
import os
import re
import signal
import subprocess
import textwrap
import time
from pathlib import Path

from . import admin
from .ledger import check_ledgers, pipeline_of
from .wait import SLOWNESS, wait_until

MIB = 1 << 20
SANITIZED = bool(os.environ.get("WEIR_TEST_SANITIZER"))  # the memory that it takes then says nothing
SANITIZER_REPORT = re.compile(r"(ERROR|WARNING): \w+Sanitizer|runtime error:|Assertion .* failed")
SANITIZER_OPTIONS = {
    "ASAN_OPTIONS": "exitcode=99:detect_stack_use_after_return=1:check_initialization_order=1",
    "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
    "TSAN_OPTIONS": "exitcode=99:second_deadlock_stack=1",
}


def sanitizer_options(traced):
    """The environment for a sanitized binary. Leaks cannot be looked for while strace looks on."""
    options = {name: f"{os.environ.get(name, '')}:{more}" for name, more in SANITIZER_OPTIONS.items()}
    if traced:
        options["ASAN_OPTIONS"] += ":detect_leaks=0"
    return options


def config_text(config, service):
    """A configuration as the text of a file. `config` is a dict, or YAML text: one without a `service` part is given one.
    JSON is YAML, so what tests give as dicts needs no YAML library."""
    if isinstance(config, dict):
        merged = {**service, **config.get("service", {})}
        return json.dumps({**config, "service": merged}, indent=2) + "\n"
    config = textwrap.dedent(config)
    if re.search(r"^service:", config, re.M):
        return config
    return config.rstrip() + "\n\nservice: " + json.dumps(service) + "\n"


class Agent:
    def __init__(self, binary, directory, socket_directory, config, service=None, env=None, args=(), wrapper=()):
        self.binary = str(binary)
        self.dir = Path(directory)
        self.data_dir = self.dir / "data"
        self.socket = Path(socket_directory) / "admin.sock"
        self.admin = f"unix:{self.socket}"
        self.args, self.wrapper = list(args), list(wrapper)
        # The configuration may say ${DIR} for the test's own directory.
        self.env = {**os.environ, **sanitizer_options(traced=bool(wrapper)), "DIR": str(self.dir), **(env or {})}
        self.service = {"data_dir": str(self.data_dir), "admin": {"listen": self.admin},
                        "messages": {"level": "info", "format": "json"}, **(service or {})}
        self.config_path = self.dir / "weir.yaml"
        self.write_config(config)
        self.stderr_path = self.dir / "weir.stderr"
        self.allowed_errors = []
        self.process = None
        self.pass_fds = ()
        self.code = None  # of the last process that ended; negative: the signal that ended it

    # ---- life ----------------------------------------------------------------------------------------------------

    def write_config(self, config):
        self.config_path.write_text(config_text(config, self.service))

    def start(self, ready=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, pass_fds=None):
        """Starts the process; returns when /readyz says 200 (at once with ready=False). It is given the descriptors
        `pass_fds`, and again at each start that does not say otherwise."""
        assert not self.is_running(), "it runs already"
        self.pass_fds = self.pass_fds if pass_fds is None else pass_fds
        argv = [*self.wrapper, self.binary, "run", "-c", str(self.config_path), *self.args]
        self.code = None
        with open(self.stderr_path, "ab") as stderr:
            self.process = subprocess.Popen(argv, cwd=self.dir, env=self.env, stdin=stdin, stdout=stdout, stderr=stderr,
                                            pass_fds=self.pass_fds, start_new_session=True)
        if ready:
            wait_until(self.is_ready, limit=10, what="the agent to be ready")
        return self

    @property
    def pid(self):
        return self.process.pid

    def is_running(self):
        if self.process is None or self.code is not None:
            return False
        self.code = self.process.poll()
        return self.code is None

    def is_ready(self):
        assert self.is_running(), f"the agent ended with {self.code}: {self.stderr()[-2000:]}"
        try:
            return self.get("/readyz")[0] == 200
        except OSError:
            return False

    def signal(self, number):
        """Sends it. A stop has happened when this returns: until the thread that takes it runs, the others go on."""
        self.process.send_signal(number)
        if number == signal.SIGSTOP:
            wait_until(self.is_stopped, what="all threads to stop")

    def is_stopped(self):
        states = [task.joinpath("stat").read_text().rpartition(")")[2].split()[0] for task in self.proc("task").iterdir()]
        return all(state in "Tt" for state in states)

    def wait_exit(self, limit=30.0):
        """Waits for the process to end by itself; returns its exit status."""
        if self.code is None:
            try:
                self.code = self.process.wait(limit * SLOWNESS)
            except subprocess.TimeoutExpired:
                raise AssertionError(f"the agent still runs after {limit * SLOWNESS:g} s") from None
        return self.code

    def stop(self, limit=30.0, expect=0):
        """TERM, after a last look at the accounting; returns the seconds that stopping took."""
        self.status()
        began = time.monotonic()
        self.signal(signal.SIGTERM)
        code = self.wait_exit(limit)
        assert code == expect, f"exit status {code}, expected {expect}: {self.stderr()[-2000:]}"
        return time.monotonic() - began

    def kill9(self):
        self.signal(signal.SIGKILL)
        self.wait_exit()

    def restart(self, **how):
        self.stop()
        return self.start(**how)

    # ---- what it says ----------------------------------------------------------------------------------------------

    def get(self, path, headers=None):
        """(status, headers, body) of an admin path."""
        return admin.get(self.admin, path, headers)

    def status(self):
        """The document of /api/v1/status, with every ledger in it checked."""
        status = admin.get_json(self.admin, "/api/v1/status")
        check_ledgers(status)
        return status

    def pipeline(self, name=None):
        """One pipeline's part of the status; without a name, of the only one."""
        return pipeline_of(self.status(), name)

    def ledger(self, name=None):
        return self.pipeline(name)["ledger"]

    def metrics(self):
        status, _, body = self.get("/metrics")
        assert status == 200, body
        return admin.Metrics(body)

    def wait_for(self, condition, limit=10.0, what=""):
        """Waits until `condition(status)` is true; returns that status."""
        def check():
            status = self.status()
            return status if condition(status) else None
        return wait_until(check, limit, step=0.02, what=what)

    def wait_records(self, count, name=None, limit=20.0):
        """Waits until `count` records have come in and none of them is held any more."""
        def settled(status):
            ledger = pipeline_of(status, name)["ledger"]
            return ledger["read"] >= count and ledger["held"] == 0
        return self.wait_for(settled, limit, what=f"{count} records to be settled")

    def stderr(self):
        return self.stderr_path.read_text(errors="replace") if self.stderr_path.exists() else ""

    def messages(self):
        """What it said on stderr, over all starts: the JSON objects; a line that is none as {"text": line}."""
        found = []
        for line in self.stderr().splitlines():
            try:
                message = json.loads(line)
            except ValueError:
                message = None
            found.append(message if isinstance(message, dict) else {"text": line})
        return found

    def allow_errors(self, *patterns):
        """Messages of level error that match one of these regular expressions are part of the test."""
        self.allowed_errors += [re.compile(pattern) for pattern in patterns]

    # ---- what it costs -----------------------------------------------------------------------------------------------

    def proc(self, name):
        return Path(f"/proc/{self.pid}/{name}")

    def memory(self):
        """(resident bytes now, and at their highest)."""
        rows = dict(line.split(":", 1) for line in self.proc("status").read_text().splitlines())
        return tuple(int(rows[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))

    def memory_limit(self):
        return self.status()["agent"]["memory"]["limit_bytes"]

    def check_memory(self):
        """The bound of the design: the configured limit + 16 MiB."""
        highest = self.memory()[1]
        assert SANITIZED or highest <= self.memory_limit() + 16 * MIB, f"{highest / MIB:.1f} MiB resident"

    def fds(self):
        """Open descriptors: number to what it is."""
        found = {}
        for entry in self.proc("fd").iterdir():
            try:
                found[int(entry.name)] = os.readlink(entry)
            except FileNotFoundError:
                pass
        return found

    def threads(self):
        """The names of its threads, sorted."""
        return sorted(entry.joinpath("comm").read_text().strip() for entry in self.proc("task").iterdir())

    # ---- the end of a test ---------------------------------------------------------------------------------------------

    def finish(self):
        """What every test checks at its end: the accounting, a clean exit, no unexpected error."""
        if self.is_running():
            self.stop()
        self.check_messages()

    def check_messages(self):
        text = self.stderr()
        assert not SANITIZER_REPORT.search(text), text[-6000:]
        for message in self.messages():
            line = json.dumps(message)
            if message.get("level") == "error" and not any(p.search(line) for p in self.allowed_errors):
                raise AssertionError(f"an unexpected error: {line}")

    def end(self):
        """Leaves no process behind, whatever happened."""
        if self.is_running():
            os.killpg(self.pid, signal.SIGKILL)
            self.wait_exit()
