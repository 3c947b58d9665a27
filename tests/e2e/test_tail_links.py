# SPDX-License-Identifier: Apache-2.0
"""Symbolic links that are there before what they lead to, as container runtimes and kubelets may make them."""
import os

import pytest

from harness.following import Following, config, metric, wait_metric
from harness.wait import wait_until

# No scan comes to help.
SLOW = {"rotate_wait": "300ms", "poll_interval": "1h"}
AWAITED_MAX = 256


class Tree:
    """Links in containers/, and what is on the way from them to a file."""

    def __init__(self, logs):
        self.logs = logs
        logs.path("containers").mkdir()

    def link(self, name, target):
        os.symlink(target, self.logs.path(name))

    def dir(self, name):
        self.logs.path(name).mkdir()


STEPS = {
    "a file": [("dir", "pods"), ("link", "containers/x.log", "../pods/0.log"), ("file", "pods/0.log")],
    "an absolute path": [("dir", "pods"), ("link", "containers/x.log", "{}/pods//0.log"), ("file", "pods/0.log")],
    "beside the link": [("link", "containers/x.log", "0.txt"), ("file", "containers/0.txt")],
    "directories": [("link", "containers/x.log", "../pods/a/../b/0.log"), ("dir", "pods"), ("dir", "pods/a"),
                    ("dir", "pods/b"), ("file", "pods/b/0.log")],
    "a chain, from its begin": [
        ("link", "containers/x.log", "../pods/a/0.log"), ("dir", "pods"), ("dir", "pods/a"),
        ("link", "pods/a/0.log", "../../store/1/json.log"), ("dir", "store"), ("dir", "store/1"), ("file", "store/1/json.log")],
    "a chain, from its end": [
        ("link", "containers/x.log", "../pods/a/0.log"), ("dir", "store"), ("dir", "store/1"), ("dir", "pods"), ("dir", "pods/a"),
        ("file", "store/1/json.log"), ("link", "pods/a/0.log", "../../store/1/json.log")],
    "a chain, its middle last": [
        ("dir", "store"), ("link", "containers/x.log", "../pods/0.log"), ("link", "pods", "store/pods"),
        ("file", "store/0.log"), ("dir", "store/pods"), ("link", "store/pods/0.log", "../0.log")],
    "a file where a directory is to be": [
        ("dir", "pods"), ("file", "pods/a"), ("link", "containers/x.log", "../pods/a/0.log"), ("gone", "pods/a"),
        ("dir", "pods/a"), ("file", "pods/a/0.log")],
}


@pytest.mark.parametrize("steps", STEPS.values(), ids=STEPS.keys())
@pytest.mark.parametrize("started", ["before", "after"])
def test_a_link_before_its_target(weir, steps, started):
    """Made while it runs, and found at the start; each further step is waited for until the agent has seen it."""
    logs = Following(weir)
    tree, agent, awaited = Tree(logs), None, False
    if started == "before":
        agent = weir(config("containers/*.log", "seen.log", **SLOW))
    expected = []
    for what, name, *target in steps:
        if what == "link":
            tree.link(name, target[0].format(logs.dir))
            awaited |= name == "containers/x.log"
        elif what == "dir":
            tree.dir(name)
        elif what == "gone":
            logs.path(name).unlink()
        else:
            logs.append(name, "line")
        if awaited:
            agent = agent or weir(config("containers/*.log", "seen.log", **SLOW))
            wait_metric(agent, "weir_tail_dangling_links", 0 if (what, name, *target) == steps[-1] else 1)
            expected.append(f"after {name}")
            logs.append("seen.log", expected[-1])
            if (what, name, *target) != steps[-1]:
                logs.wait(expected)
    expected.append("line")
    logs.wait(expected)
    assert metric(agent, "weir_tail_dangling_links") == 0
    logs.append("containers/x.log", "more")
    logs.wait(expected + ["more"])
    logs.rotate(os.path.relpath(os.path.realpath(logs.path("containers/x.log")), logs.dir))
    logs.append(steps[-1][1] if steps[-1][0] == "file" else "store/" + steps[-1][2].split("store/")[-1].lstrip("./"), "new")
    logs.wait(expected + ["more", "new"])


def test_targets_that_come_while_their_links_are_looked_at(weir):
    """Nothing is missed between a look at what is there and the watch for what is not."""
    logs = Following(weir)
    tree = Tree(logs)
    tree.dir("pods")
    weir(config("containers/*.log", **SLOW))
    for i in range(300):
        tree.link(f"containers/{i}.log", f"../pods/{i}/0.log")
        tree.dir(f"pods/{i}")
        logs.append(f"pods/{i}/0.log", f"{i}")
    logs.wait([str(i) for i in range(300)])


def test_a_target_that_goes_and_comes_back(weir):
    logs = Following(weir)
    tree = Tree(logs)
    tree.dir("pods")
    agent = weir(config("containers/*.log", **SLOW))
    tree.link("containers/x.log", "../pods/0.log")
    for i in range(3):
        wait_metric(agent, "weir_tail_dangling_links", 1)
        logs.append("pods/0.log", str(i))
        logs.wait([str(n) for n in range(i + 1)])
        assert metric(agent, "weir_tail_dangling_links") == 0
        logs.path("pods/0.log").unlink()


def test_thousands_of_links_to_nothing(weir):
    """Left by containers that are gone. They cost a bounded number of watches, and no time at each event."""
    logs, count = Following(weir), 3000
    tree = Tree(logs)
    for name in ("pods", "dead"):
        tree.dir(name)
    for i in range(count):
        tree.link(f"containers/{i}.log", f"../pods/{i}/0.log")
        tree.dir(f"dead/{i}")
        tree.link(f"containers/dead-{i}.log", f"../dead/{i}/0.log")
    agent = weir(config("containers/*.log", "pods/*.txt", **SLOW))
    wait_metric(agent, "weir_tail_dangling_links", 2 * count)
    others = 4  # containers, pods, dead; one for good measure
    assert AWAITED_MAX <= metric(agent, "weir_tail_watched_directories") <= AWAITED_MAX + others
    for i in range(count):
        os.close(os.open(logs.path(f"pods/{i}.tmp"), os.O_WRONLY | os.O_CREAT))
    for i in range(2 * AWAITED_MAX):  # each takes the place of an older one
        tree.dir(f"dead/new-{i}")
        tree.link(f"containers/new-{i}.log", f"../dead/new-{i}/0.log")
    wait_metric(agent, "weir_tail_dangling_links", 2 * count + 2 * AWAITED_MAX)
    assert metric(agent, "weir_tail_watched_directories") <= AWAITED_MAX + others
    logs.append(f"dead/new-{2 * AWAITED_MAX - 1}/0.log", "1")
    logs.wait(["1"])
    agent.check_memory()
    for directory in (logs.path("dead"), logs.path("containers")):
        for i in range(count):
            path = directory / (str(i) if directory.name == "dead" else f"dead-{i}.log")
            path.rmdir() if path.is_dir() else path.unlink()
    wait_until(lambda: metric(agent, "weir_tail_dangling_links") == count + 2 * AWAITED_MAX - 1, what="links to be gone")
    assert metric(agent, "weir_tail_watched_directories") <= AWAITED_MAX + others
