# SPDX-License-Identifier: Apache-2.0
"""Anything that may happen to log files, in any order: appended to, begun lines, renamed, rotated, deleted, copied and truncated,
linked, with pauses and restarts in between. Every line comes out once, whatever the seed."""
import os
import random
import shutil
import signal
import time

import pytest

from harness.following import Following, config, told, wait_metric
from harness.wait import wait_until

OPERATIONS = int(os.environ.get("WEIR_TEST_OPERATIONS", "120"))


class World:
    """The log files, and what was written to them."""

    def __init__(self, weir, rng, pattern):
        self.logs, self.rng = Following(weir), rng
        self.agent = weir.make(config(pattern, rotate_wait="30s", poll_interval="5s", max_open=4),
                               service={"messages": {"level": "debug", "format": "json"}})
        self.lines, self.live, self.count, self.paused = [], [], 0, False
        self.begun = {}  # name: the begin of its last line

    def start(self):
        self.agent.start()
        wait_metric(self.agent, "weir_tail_scans_total", 1)
        if told(self.agent, "cannot watch for changes"):
            pytest.skip("no inotify instance is left, and what comes and goes between two looks is not all seen")

    def settle(self):
        """Until everything complete has come out."""
        if self.paused:
            self.agent.signal(signal.SIGCONT)
            self.paused = False
        try:
            self.logs.wait(self.lines, limit=15)
        except AssertionError:
            self.explain()
            raise

    def explain(self):
        """For the report: which lines are wrong, and where they stand."""
        found, files = self.logs.lines(), sorted(self.logs.dir.glob("*.log*"))
        wrong = {line: found.count(line) for line in self.lines + found if found.count(line) != self.lines.count(line)}
        for line, count in list(wrong.items())[:20]:
            print(f"{count} times: {line[:40]}", [path.name for path in files if line.encode() in path.read_bytes()])

    def line(self, name, text):
        self.count += 1
        self.logs.append(name, f"{self.count} {text}")
        self.lines.append(f"{self.count} {text}")

    def append(self):
        name = self.rng.choice(self.live) if self.live and self.rng.random() < 0.8 else self.create()
        for _ in range(self.rng.choice([1, 1, 2, 30])):
            self.count += 1
            text = f"{self.count} " + "x" * self.rng.choice([0, 5, 80, 3000])
            line = self.begun.pop(name, "") + text
            self.logs.write(name, (text + "\n").encode())
            self.lines.append(line)

    def begin(self):
        if self.live:
            name = self.rng.choice(self.live)
            self.count += 1
            text = f"begun {self.count} "
            self.logs.write(name, text.encode())
            self.begun[name] = self.begun.get(name, "") + text

    def create(self):
        name = f"{self.rng.randrange(4)}.log"
        if name not in self.live:
            self.live.append(name)
        return name

    def rotate(self):
        """Afterwards nobody writes to the old one, and the new one is there."""
        whole = [name for name in self.live if name not in self.begun]
        if not whole:
            return
        name = self.rng.choice(whole)
        time.sleep(0.012)  # births are told apart by a coarse clock
        self.logs.rotate(name, keep=40)
        self.line(name, "after a rotation")
        time.sleep(0.012)

    def rename(self):
        """To a name that matches too, and is free."""
        if self.live:
            old, new = self.rng.choice(self.live), f"{self.rng.randrange(100, 999)}.log"
            if not self.logs.path(new).exists():
                os.rename(self.logs.path(old), self.logs.path(new))
                self.live[self.live.index(old)] = new
                if old in self.begun:
                    self.begun[new] = self.begun.pop(old)

    def delete(self):
        """What was read may go."""
        whole = [name for name in self.live if name not in self.begun]
        if whole:
            self.settle()
            name = self.rng.choice(whole)
            os.unlink(self.logs.path(name))
            self.live.remove(name)

    def copytruncate(self):
        """The copy keeps what was not read; something must have been, for it to be known again."""
        whole = [name for name in self.live if name not in self.begun]
        if whole:
            name = self.rng.choice(whole)
            self.line(name, "of this generation")
            self.settle()
            if self.rng.random() < 0.7:
                self.pause()
            for _ in range(self.rng.randrange(3)):
                self.line(name, "before a truncation")
            shutil.copyfile(self.logs.path(name), self.logs.path(f"{name}.{self.count}"))
            os.truncate(self.logs.path(name), 0)
            self.settle()

    def pause(self):
        if not self.paused:
            self.agent.signal(signal.SIGSTOP)
            self.paused = True

    def go_on(self):
        if self.paused:
            self.agent.signal(signal.SIGCONT)
            self.paused = False

    def restart(self):
        self.settle()
        self.agent.stop()
        # Both, a rotation and the renaming of one of its files, would leave a generation of which nothing tells.
        if self.rng.random() < 0.3:
            self.rename()
        else:
            for _ in range(self.rng.randrange(4)):
                self.rng.choice([self.append, self.rotate, self.begin])()
        self.start()


@pytest.mark.parametrize("round", range(int(os.environ.get("WEIR_TEST_ROUNDS", "2"))))
def test_whatever_happens(weir, round):
    seed = int(os.environ.get("WEIR_TEST_SEED", time.time_ns() % 1000000)) + round
    print(f"seed {seed}")
    world = World(weir, random.Random(seed), "*.log")
    world.start()
    world.append()
    world.settle()  # so that the next start is not the first
    choices = ([world.append] * 8 + [world.begin] * 2 + [world.rotate] * 2 + [world.rename] * 2 + [world.pause, world.go_on] * 2
               + [world.delete, world.copytruncate, world.restart])
    for i in range(OPERATIONS):
        choice = world.rng.choice(choices)
        print(i, choice.__name__, sorted(path.name for path in weir.dir.glob("*.log*")), len(world.lines))
        choice()
    world.settle()
    world.agent.stop()
    world.start()
    world.settle()
    wait_until(lambda: sorted(world.logs.lines()) == sorted(world.lines))
