# SPDX-License-Identifier: Apache-2.0
"""A model of programs that write logs, rotate, truncate, delete and move them while an agent follows: it does one random
thing after another, knows what every file held, and says what has to come out.

Each content that a name has had is an Epoch: lines with its number and theirs, so that no two lines of a run are alike, and
one that is not as it was written is found out. An epoch ends with a truncation; renames and copies do not end it.

What is legitimate is part of the model. Nobody can read what was deleted or truncated before it was looked at, so the model
waits for the reader before it deletes, except for truncations that it calls careless: their epochs may lose lines, and the
agent must not claim to have lost more bytes than that. Files renamed to names that no pattern matches are found by where they
came from: the agent must have known the name before. After a kill, lines may come twice, under one id, if they came lately."""
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from .tail_world import LINE, Epoch, Log, Sink, line_of
from .wait import SLOWNESS, wait_until

# A writer that has not noticed a rotation goes on for so long at most.
LATE_SECONDS = 0.3
# The kernel's clock for times of birth is that coarse, with some to spare.
BIRTH_SECONDS = 0.02
# Positions are stored some 10 ms after they move; on a loaded machine that may take longer.
STORED_SECONDS = 0.5 * SLOWNESS
# What came so long before a kill may not come again.
IN_FLIGHT_SECONDS = 3 * SLOWNESS


class Wrong(AssertionError):
    """The agent did not do what it has to."""


class Model:
    def __init__(self, make_agent, directory, rng, note=lambda text: None):
        """`make_agent(config)` makes the agent, with `directory` as its own."""
        self.dir, self.rng, self.note = Path(directory), rng, note
        self.matching = rng.random() < 0.5  # whether patterns match the names of rotated files
        self.stalling = rng.random() < 0.3  # the sink stalls now and then
        self.rotate_wait = rng.choice([1.5, 4]) * SLOWNESS
        self.agent = make_agent(self.config())
        self.out = self.dir / "out" / "lines"
        for name in ("out", "logs", "links", "targets", "containers", "pods", "trees/a", "trees/b"):
            (self.dir / name).mkdir(parents=True)
        self.sink = Sink(self.out)
        self.epochs = []
        self.logs = [Log(self.dir / "logs" / name) for name in ("app.log", "b-1.log")]
        self.copied = [Log(self.dir / "logs" / name) for name in ("c.log", "d-20.log")]  # rotated by copying
        self.links = [Log(self.dir / "links" / "current.log")]
        # As the kubelet does it: what a link leads to is rotated, under names that no pattern matches.
        self.pods = [Log(self.dir / "pods" / "0.log", hidden=True)]
        os.symlink("../pods/0.log", self.dir / "containers" / "x.log")
        self.trees = [Log(self.dir / "trees" / tree / "t.log") for tree in ("a", "b")]
        self.paused = False  # nobody reads
        self.offset = 0      # how much of the output was looked at
        self.kills = []      # when
        self.began = time.monotonic()
        self.truncated = set()  # inode numbers: until something new was read, the position is the old one
        self.lost_claimed = 0
        self.records = 0

    def config(self):
        paths = ["logs/*.log", "links/*.log", "containers/*.log", "trees/*/*.log"]
        if self.matching:
            paths += ["logs/*.log.*", "trees/*/*.log.*"]
        tail = {"type": "tail", "paths": [f"${{DIR}}/{path}" for path in paths],
                "rotate_wait": f"{int(self.rotate_wait * 1000)}ms", "max_open": self.rng.choice([1, 3, 512, 512]),
                "poll_interval": self.rng.choice(["300ms", "1m", "1m"])}
        where = {"type": "stdout"} if self.stalling else {"type": "file", "path": "${DIR}/out/lines"}
        pipeline = {"inputs": [tail], "outputs": [{**where, "codec": {"type": "json", "record_id_key": "record_id"}}]}
        if self.stalling:
            pipeline["buffer"] = {"memory": "1MiB"}
        return {"pipelines": {"app": pipeline}}

    def describe(self):
        return (f"rotated names {'are' if self.matching else 'are not'} matched, the sink "
                f"{'stalls' if self.stalling else 'is a file'}, rotate_wait {self.rotate_wait:g} s")

    def tell(self, text, *logs):
        """Something happens: to the epochs of these logs, or, without any, to all."""
        self.note(text)
        for epoch in [log.epoch for log in logs if log.epoch] if logs else self.epochs:
            epoch.story = epoch.story[:1] + epoch.story[1:][-20:] + [f"{time.monotonic() - self.began:.2f} {text}"]

    # ---- what came out -----------------------------------------------------------------------------------------------

    def look(self):
        """Reads what has come since the last look."""
        if not self.out.exists():
            return
        with open(self.out, "rb") as file:
            file.seek(self.offset)
            data = file.read()
        end = data.rfind(b"\n") + 1
        self.offset += end
        now = time.monotonic()
        for line in data[:end].split(b"\n")[:-1]:
            self.take(line, now)

    def take(self, line, now):
        try:
            record = json.loads(line)
            match = LINE.fullmatch(record["message"])
            epoch, n = self.epochs[int(match[1])], int(match[2])
        except (ValueError, KeyError, TypeError, IndexError):
            raise Wrong(f"a line that nobody wrote: {line[:300]}") from None
        self.records += 1
        # The model may just be writing it: a line is known before its newline is written.
        if n >= len(epoch.lines) or record["message"] != epoch.lines[n]:
            raise Wrong(f"a line that is not as it was written: {line[:300]}")
        if n in epoch.came:
            record_id, seen = epoch.came[n]
            if not any(seen > kill - IN_FLIGHT_SECONDS and kill <= now for kill in self.kills):
                raise Wrong(f"twice: {line[:120]}, first {now - seen:.2f} s before; kills "
                            f"{[round(now - kill, 2) for kill in self.kills]} s before; {epoch.story}")
            # A copy that was found before the position in the original was stored is a file of its own.
            if record_id != record["record_id"] and not epoch.copied:
                raise Wrong(f"twice, under {record_id} and {record['record_id']}: {line[:120]}; {epoch.story}")
            return
        if n < epoch.newest:
            raise Wrong(f"out of order, after {epoch.newest}: {line[:120]}; {epoch.story}")
        epoch.newest = n
        epoch.came[n] = (record["record_id"], now)
        epoch.first_seen = epoch.first_seen or now

    def wait_read(self, epochs, limit=20.0):
        def all_there():
            self.look()
            return not any(epoch.missing() for epoch in epochs if not epoch.careless)
        try:
            wait_until(all_there, limit, step=0.01)
        except Wrong:
            raise
        except AssertionError:
            missing = "; ".join(f"{len(epoch.missing())} of {len(epoch.lines)} from {epoch.missing()[0]} on of epoch "
                                f"{epoch.number}: {', '.join(epoch.story)}"
                                for epoch in epochs if epoch.missing() and not epoch.careless)
            raise Wrong(f"missing after {limit * SLOWNESS:g} s: {missing}") from None

    # ---- writing -----------------------------------------------------------------------------------------------------

    def all_logs(self):
        return self.logs + self.copied + self.links + self.pods + self.trees

    def begin(self, log):
        """A new content of that name."""
        log.epoch = Epoch(len(self.epochs), log.path)
        self.epochs.append(log.epoch)

    def make(self, log):
        """Makes the file, if it is not there."""
        if log.epoch is None:
            self.begin(log)
            log.path.touch()

    def write(self, log, data):
        with open(log.path, "ab", buffering=0) as file:
            file.write(data)

    def new_lines(self, epoch, count):
        new = []
        for _ in range(count):
            filler = self.rng.choice([40, 40, self.rng.randrange(40, 200), self.rng.randrange(40, 12000)])
            new.append(line_of(epoch.number, len(epoch.lines) + len(new), filler))
        return new

    def append(self, log, count=None):
        self.make(log)
        self.tell("append", log)
        self.complete(log)
        new = self.new_lines(log.epoch, count or self.rng.choice([1, 1, 3, 30, 300]))
        log.epoch.lines += new
        pieces = [line + "\n" for line in new] if len(new) < 5 else ["".join(line + "\n" for line in new)]
        for piece in pieces:
            self.write(log, piece.encode())

    def append_half(self, log):
        self.make(log)
        self.tell("half", log)
        self.complete(log)
        line = self.new_lines(log.epoch, 1)[0]
        data = (line + "\n").encode()
        cut = self.rng.randrange(1, len(data))
        log.unfinished, log.rest = line, data[cut:]
        self.write(log, data[:cut])

    def complete(self, log):
        if log.rest:
            self.tell("complete", log)
            log.epoch.lines.append(log.unfinished)
            self.write(log, log.rest)
            log.rest = b""

    def late_lines(self, log):
        """The writer of the rotated file writes a few lines more, and then closes it."""
        fd, epoch, until = log.late
        log.late = None
        if time.monotonic() < until:
            epoch.story.append("late lines")
            new = self.new_lines(epoch, 2)
            epoch.lines += new
            os.write(fd, "".join(line + "\n" for line in new).encode())
        os.close(fd)

    # ---- what happens to files ---------------------------------------------------------------------------------------

    def learn(self, log):
        """Whether the agent knows that name by now."""
        self.look()
        if log.epoch and log.epoch.first_seen and time.monotonic() > log.epoch.first_seen + STORED_SECONDS:
            log.followed = True
        return log.followed

    def rename(self, log):
        if log.epoch is None or log.late or not (self.learn(log) or (self.matching and not log.hidden)):
            return False
        self.tell("rename", log)
        keep_writer = not log.rest and self.rng.random() < 0.4
        if not keep_writer:
            self.complete(log)
        if keep_writer:
            log.late = (os.open(log.path, os.O_WRONLY | os.O_APPEND), log.epoch, time.monotonic() + LATE_SECONDS)
        style = self.rng.random()
        if style < 0.7:
            for i in range(30, 0, -1):
                older = Path(f"{log.path}.{i}")
                if older.exists():
                    os.rename(older, f"{log.path}.{i + 1}")
            os.rename(log.path, f"{log.path}.1")
        else:
            os.rename(log.path, f"{log.path}.{time.time_ns()}")
        log.epoch = None
        time.sleep(BIRTH_SECONDS)
        if self.rng.random() < 0.9:
            self.append(log)
        return True

    def copytruncate(self, log, careless=False):
        if log.epoch is None or (self.paused and not careless):
            return False
        self.complete(log)
        self.tell("careless copytruncate" if careless else "copytruncate", log)
        if careless:
            log.epoch.careless = True
        else:
            self.wait_read([log.epoch])
        if not careless or self.rng.random() < 0.5:
            shutil.copyfile(log.path, f"{log.path}.{time.time_ns()}")
            log.epoch.copied = True
        os.truncate(log.path, 0)
        self.truncated.add(log.path.stat().st_ino)
        self.begin(log)
        if self.rng.random() < 0.8:
            self.append(log)
        return True

    def delete(self, log, again=False):
        if log.epoch is None or self.paused:
            return False
        self.complete(log)
        self.wait_read([log.epoch])
        self.tell("delete", log)
        os.unlink(log.path)
        log.epoch, log.followed = None, False
        if again:
            self.append(log)
        return True

    def switch(self, log):
        """The symbolic link leads to another file."""
        # What was written to a target that nobody saw is nowhere when the link has moved on.
        if log.epoch and not self.learn(log):
            return False
        self.complete(log)
        self.tell("switch", log)
        target = self.dir / "targets" / f"{time.time_ns()}.log"
        self.begin(log)
        target.touch()
        fresh = log.path.with_name("fresh")
        os.symlink(os.path.relpath(target, log.path.parent), fresh)
        os.rename(fresh, log.path)
        log.followed = False
        self.append(log)
        return True

    def move_tree(self, log, back):
        if log.epoch is None or self.paused or log.late:
            return False
        self.complete(log)
        others = [epoch for epoch in self.epochs if epoch.missing()]
        self.wait_read(others)
        self.tell(f"move {log.path.parent.name} {'and back' if back else 'away'}", log)
        tree = log.path.parent
        away = self.dir / f"moved-{time.time_ns()}"
        os.rename(tree, away)
        if back:
            time.sleep(self.rng.choice([0, 0.1, 0.3]))
            os.rename(away, tree)
        else:
            tree.mkdir()
            log.epoch, log.followed = None, False
        self.append(log)
        return True

    # ---- what happens to the agent -----------------------------------------------------------------------------------

    def collect(self):
        """Before a process ends: what it says that was lost."""
        self.lost_claimed += self.agent.metrics().value("weir_input_lost_bytes_total", 0)

    def learn_all(self):
        for log in self.all_logs():
            self.learn(log)

    def start(self, ready=True):
        if not self.stalling:
            self.agent.start(ready)
            return
        writer = self.sink.new_pipe()
        try:
            self.agent.start(ready, stdout=writer)
        finally:
            os.close(writer)

    def while_paused(self, most):
        self.paused = True
        for _ in range(self.rng.randrange(most)):
            self.one()
        self.paused = False

    def pause(self):
        self.tell("pause")
        self.agent.signal(signal.SIGSTOP)
        self.while_paused(6)
        if self.rng.random() < 0.2:
            self.kill(paused=True)
        else:
            self.tell("go on")
            self.agent.signal(signal.SIGCONT)

    def stall(self):
        if not self.stalling:
            return
        self.tell("stall")
        self.sink.open.clear()
        self.while_paused(6)
        if self.rng.random() < 0.2:
            self.kill(paused=True)
        else:
            self.tell("flow")
            self.sink.open.set()

    def restart(self):
        self.learn_all()
        self.collect()
        self.agent.stop()
        self.tell("stopped")
        self.come_back()

    def kill(self, paused=False):
        if not paused:
            self.learn_all()
        self.agent.kill9()
        self.kills.append(time.monotonic())
        self.tell("killed")
        self.come_back()

    def come_back(self):
        self.sink.ended()
        self.while_paused(self.rng.choice([1, 1, 2, 4, 7]))
        self.start(ready=self.rng.random() < 0.5)
        self.tell("started")
        wait_until(self.agent.is_ready, 20)

    def rest(self):
        """Until files that were rotated or deleted are let go of."""
        if self.rotate_wait < 2:
            time.sleep(self.rotate_wait + 0.2)

    # ---- the run -----------------------------------------------------------------------------------------------------

    def one(self):
        """One random operation."""
        rng = self.rng
        log = rng.choice(self.all_logs())
        operations = [
            (30, lambda: self.append(log)),
            (10, lambda: self.append_half(log)),
            (10, lambda: self.complete(log)),
            (12, lambda: self.rename(rng.choice(self.logs + self.pods + self.trees))),
            (4, lambda: self.copytruncate(rng.choice(self.copied))),
            (2, lambda: self.copytruncate(rng.choice(self.copied), careless=True)),
            (3, lambda: self.delete(rng.choice(self.logs))),
            (4, lambda: self.delete(rng.choice(self.logs), again=True)),
            (4, lambda: self.switch(rng.choice(self.links))),
            (2, lambda: self.move_tree(rng.choice(self.trees), back=False)),
            (2, lambda: self.move_tree(rng.choice(self.trees), back=True)),
        ]
        if not self.paused:
            operations += [(6, self.pause), (6, self.stall), (4, self.restart), (4, self.kill), (1, self.rest)]
        if log in self.links and log.epoch is None:
            operations = [(1, lambda: self.switch(log))]
        _, operation = rng.choices(operations, [weight for weight, _ in operations])[0]
        operation()
        for log in self.all_logs():
            if log.late and (rng.random() < 0.5 or time.monotonic() > log.late[2]):
                self.late_lines(log)
        self.look()
        if not self.paused:
            self.learn_all()

    def run(self, seconds):
        self.start()
        for log in self.logs + self.copied + self.pods + self.trees:
            self.append(log)
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.one()
            if self.rng.random() < 0.5:
                time.sleep(self.rng.choice([0.001, 0.01, 0.05]))
        self.finish()

    def finish(self):
        for log in self.all_logs():
            self.complete(log)
            if log.late:
                self.late_lines(log)
        self.wait_read(self.epochs, limit=30)
        self.collect()
        missing = sum(epoch.missing_bytes() for epoch in self.epochs)
        if self.lost_claimed > missing:
            raise Wrong(f"{self.lost_claimed} bytes are said to be lost, {missing} are missing")
        # Nothing comes again after a start, and what is new does come.
        self.agent.stop()
        self.sink.ended()
        self.check_positions()
        self.start()
        for log in self.all_logs():
            if log.epoch:
                self.append(log, 1)
        self.wait_read(self.epochs)
        self.agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["held"] == 0)
        self.look()
        self.agent.stop()
        self.sink.ended()
        self.look()
        self.check_positions()

    def check_positions(self):
        """None stands beyond the end of its file. Two positions of one inode number: one is that of a file that is gone."""
        done = subprocess.run([self.agent.binary, "positions", "--data-dir", str(self.agent.data_dir), "--json", "ls"],
                              capture_output=True, text=True, check=True, timeout=30 * SLOWNESS)
        positions = {}
        for entry in json.loads(done.stdout)["positions"]:
            note = bytes.fromhex(entry["note"])
            if len(note) >= 40:
                positions.setdefault(int.from_bytes(note[16:24], "little"), []).append(int(entry["position"]))
        for log in self.all_logs():
            if log.epoch is None:
                continue
            status = log.path.stat()
            stored = positions.get(status.st_ino, [])
            if len(stored) == 1 and status.st_ino not in self.truncated and stored[0] > status.st_size:
                raise Wrong(f"{log.path} has {status.st_size} bytes, and a position at {stored[0]}")
