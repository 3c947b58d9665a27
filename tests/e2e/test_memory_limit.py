# SPDX-License-Identifier: Apache-2.0
"""The limit of the process as a whole: what the control group leaves, and what is known of files."""
import json
import os
from pathlib import Path

import pytest

from harness import preload
from harness.agent import MIB
from harness.following import Following, config, metric, told, wait_metric
from harness.ledger import plugin_of
from harness.pipes import StalledPipe
from harness.wait import wait_until

FAST = {"rotate_wait": "300ms"}


# ---- control groups ----------------------------------------------------------------------------------------------------


class Group:
    """A memory control group below the test's own."""

    def __init__(self, name):
        self.path, self.limit = self.find() / name, None
        try:
            self.path.mkdir()
        except OSError as error:
            pytest.skip(f"no control group can be made: {error}")
        for limit in ("memory.max", "memory.limit_in_bytes"):
            if (self.path / limit).exists():
                self.limit = self.path / limit
        if not self.limit:
            self.path.rmdir()
            pytest.skip("control groups here have no memory controller")

    @staticmethod
    def find():
        lines = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
        for mount in Path("/proc/self/mountinfo").read_text().splitlines():
            fields, _, rest = mount.partition(" - ")
            kind, _, options = rest.split(" ", 2)
            root, point = fields.split()[3:5]
            for _, controllers, path in lines:
                mine = "memory" in controllers.split(",") if kind == "cgroup" else not controllers
                if kind in ("cgroup", "cgroup2") and mine and (kind == "cgroup2" or "memory" in options.split(",")):
                    here = Path(point + path.removeprefix(root.rstrip("/")))
                    if (here / "memory.limit_in_bytes").exists() or "memory" in (here / "cgroup.subtree_control").read_text():
                        return here
        pytest.skip("no memory controller is mounted")

    def set(self, size):
        try:
            self.limit.write_text(str(size))
        except OSError as error:
            pytest.skip(f"the control group takes no limit: {error}")

    def wrapper(self):
        """Runs what follows in the group."""
        return ["sh", "-c", f'echo $$ > {self.path}/cgroup.procs && exec "$@"', "sh"]

    def killed(self):
        for name, key in (("memory.events", "oom_kill"), ("memory.oom_control", "oom_kill")):
            if (self.path / name).exists():
                rows = dict(line.split() for line in (self.path / name).read_text().splitlines())
                return int(rows.get(key, 0))
        return 0


@pytest.fixture
def group(request):
    if os.geteuid() != 0:
        pytest.skip("needs root, to make a control group")
    group = Group(f"weir-test-{os.getpid()}")
    yield group
    def remove():
        try:
            group.path.rmdir()
            return True
        except OSError:
            return False
    request.getfixturevalue("weir").end()
    wait_until(remove, what="the control group to be empty")


@pytest.mark.unsanitized
def test_k8s_10_a_control_group_of_48_mib(weir, group):
    """A sink that is blocked, and a line of 20 MiB on top: the agent knows what it may use, and is not killed."""
    group.set(48 * MIB)
    pipe = StalledPipe(weir.dir / "out.log")
    with (weir.dir / "in.log").open("wb") as file:
        file.write(b"first\n" + b"x" * (20 * MIB) + b"\n")
        for i in range(200000):
            file.write(b"%08d %s\n" % (i, b"y" * 200))
    agent = weir({"pipelines": {"p": {
        "inputs": [{"type": "tail", "paths": ["${DIR}/in.log"], "max_line": "32MiB"}],
        "outputs": [{"type": "stdout", "codec": "text"}, {"type": "null"}]}}}, service={"shutdown_timeout": "100ms"},
        stdout=pipe.writer, wrapper=group.wrapper())
    assert agent.memory_limit() == 36 * MIB
    limited = told(agent, "memory is limited by the control group")
    assert limited and limited[0]["group_bytes"] == 48 * MIB and limited[0]["file"] == str(group.limit)
    assert metric(agent, "weir_memory_limit_bytes") == 36 * MIB
    agent.wait_for(lambda status: plugin_of(status["pipelines"][0], "tail")["state"] == "blocked", what="the input to wait")
    pipe.drain()
    agent.wait_records(200002, limit=60)
    agent.stop()
    pipe.close()
    assert group.killed() == 0
    assert (weir.dir / "out.log").stat().st_size == (weir.dir / "in.log").stat().st_size


@pytest.fixture(scope="session")
def other_files(tmp_path_factory):
    return preload.library("other_files", tmp_path_factory)


@pytest.fixture
def host(weir, other_files):
    """A host as a directory has it: /proc/self/cgroup, /proc/self/mountinfo and below /sys/fs/cgroup."""
    root = weir.dir / "root"

    def put(limits, group="0::/kubepods/pod1/c1\n", mount="30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"):
        (root / "proc/self").mkdir(parents=True)
        (root / "proc/self/cgroup").write_text(group)
        (root / "proc/self/mountinfo").write_text(mount)
        for name, limit in limits.items():
            path = root / "sys/fs/cgroup" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{limit}\n")
        return {"LD_PRELOAD": str(other_files), "OTHER_FILES": str(root)}
    return put


def say(weir, command, text, env):
    path = weir.dir / "weir.yaml"
    path.write_text(text)
    return weir.cli(command, "-c", path, env={**os.environ, **env})


PLAIN = "pipelines: {p: {inputs: [{type: stdin}], outputs: [{type: null}]}}\n"


@pytest.mark.unsanitized
def test_k8s_10_the_limit_of_a_pod(weir, host):
    """v2, nested, the lowest limit above: what the commands say of it."""
    env = host({"kubepods/pod1/c1/memory.max": "max", "kubepods/pod1/memory.max": 64 * MIB})
    done = say(weir, "explain", PLAIN, env)
    assert done.returncode == 0 and "of 48MiB; 24MiB are free" in done.stdout, done.stdout
    assert "of 64MiB asked for: the control group has 64MiB (/sys/fs/cgroup/kubepods/pod1/memory.max), less 16MiB" in done.stdout
    done = say(weir, "validate", PLAIN, env)
    assert done.returncode == 0 and "memory: 48MiB, since the control group has 64MiB" in done.stdout, done.stdout
    done = say(weir, "validate", PLAIN + "service: {memory_limit: 60MiB}\n", env)
    assert done.returncode == 0 and "warning: service.memory_limit is 60MiB, but the control group has only 64MiB" in done.stderr
    done = say(weir, "run", PLAIN.replace("}}\n", ", buffer: {memory: 41MiB}}}\n"), env)
    assert done.returncode == 2, done.stderr
    assert "need 41MiB for p + 8MiB in reserve = 49MiB, but the control group leaves 48MiB (64MiB in " in done.stderr


@pytest.mark.unsanitized
def test_k8s_10_the_limit_of_a_container_of_v1(weir, host):
    """Without a namespace of its own: the path is the host's, and its group is what is mounted."""
    env = host({"memory/memory.limit_in_bytes": 32 * MIB}, group="4:memory:/docker/c1\n0::/docker/c1\n",
               mount="35 31 0:32 /docker/c1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n")
    agent = weir(PLAIN, env=env, stdin=None)
    assert agent.memory_limit() == 24 * MIB
    agent.stop()
    document = json.loads(weir.cli("explain", "--json", "-c", agent.config_path, env={**os.environ, **env}).stdout)
    assert document["memory"]["group_bytes"] == 32 * MIB


# ---- what is known of files --------------------------------------------------------------------------------------------


SMALL = {"memory_limit": "10MiB"}  # of which 4 MiB are for what is known, and 1 MiB that the buffer leaves


def small(**options):
    cfg = config("in/*.log", **{**FAST, **options})
    cfg["pipelines"]["app"]["buffer"] = {"memory": "1MiB"}
    return cfg


def make_files(logs, first, count):
    logs.path("in").mkdir(exist_ok=True)
    for i in range(first, first + count):
        logs.append(f"in/{i:05d}.log", f"{i}")


def started(agent):
    """One that is not going to be ready."""
    def answers():
        try:
            return agent.metrics()
        except OSError:
            return None
    wait_until(answers, what="the admin endpoint")
    return agent


def memory_check(agent):
    return [check for check in agent.status()["checks"] if check["name"] == "memory"][0]


def test_res_01_more_files_than_there_is_memory_for(weir):
    """Those that are known are followed; the others wait, which is told everywhere, and cost nothing. When some are
    deleted others take their place."""
    logs, count = Following(weir), 12000
    make_files(logs, 0, count)
    agent = started(weir(small(), service=SMALL, ready=False))
    wait_metric(agent, "weir_input_waiting_sources", 1000)
    agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["delivered"] > 0, what="lines")
    wait_until(lambda: len(logs.lines()) == metric(agent, "weir_tail_files"), what="what is known to be read")
    known, used = len(logs.lines()), metric(agent, "weir_source_memory_bytes")
    limit = metric(agent, "weir_source_memory_limit_bytes")
    assert limit == 5 * MIB and 0.9 * limit < used <= 1.1 * limit, used
    assert metric(agent, "weir_input_waiting_sources") == count - known
    assert len(told(agent, "no memory for more sources")) == 1
    assert not memory_check(agent)["ok"] and f"{count - known} sources wait" in memory_check(agent)["reason"]
    assert plugin_of(agent.pipeline(), "tail")["reason"] == f"{count - known} sources wait for memory"
    assert agent.get("/readyz")[0] == 503
    status = weir.cli("status", "--admin", agent.admin, check=True).stdout
    assert f"{count - known} sources wait for memory" in status, status
    agent.check_memory()

    read = sorted(logs.lines())
    logs.append(f"in/{int(read[0]):05d}.log", "more")
    wait_until(lambda: "more" in logs.lines(), what="a known file to be followed")
    gone = read[:2000]
    for name in gone:
        logs.path(f"in/{int(name):05d}.log").unlink()
    wait_until(lambda: len(logs.lines()) > known + 1000, limit=20, what="others to take their place")
    assert not memory_check(agent)["ok"]

    # The rest has room after a restart with more of it; nothing is read twice.
    agent.stop()
    agent = weir(small(), service={"memory_limit": "64MiB"})
    expected = sorted([str(i) for i in range(count)] + ["more"])
    wait_until(lambda: sorted(logs.lines()) == expected, limit=20, what=f"all lines; there are {len(logs.lines())}")
    assert memory_check(agent)["ok"] and agent.get("/readyz")[0] == 200
    assert metric(agent, "weir_input_waiting_sources") == 0


def test_res_01_positions_that_need_more_than_the_limit(weir):
    """What an earlier run, with more memory, has left is kept whatever it takes: nothing is read twice."""
    logs, count = Following(weir), 8000
    make_files(logs, 0, count)
    agent = weir(small(), service={"memory_limit": "64MiB"})
    expected = [str(i) for i in range(count)]
    logs.wait(expected, limit=20)
    agent.stop()
    agent = weir(small(), service=SMALL)
    logs.append("in/00000.log", "more")
    wait_until(lambda: "more" in logs.lines(), what="a known file to be followed")
    make_files(logs, count, 1)
    wait_metric(agent, "weir_input_waiting_sources", 1)
    assert sorted(logs.lines()) == sorted(expected + ["more"])
    agent.check_memory()


def test_res_01_once_with_more_files_than_there_is_memory_for(weir):
    """It must not be taken for a success."""
    logs = Following(weir)
    make_files(logs, 0, 12000)
    agent = weir.once(small(), service=SMALL, expect=1)
    agent.allow_errors("not all files could be read")
    assert 1000 < len(logs.lines()) < 12000
    assert told(agent, "no memory for more sources")
