# SPDX-License-Identifier: Apache-2.0
"""What the tests of the tail input share: a configuration that copies lines from files to a file, and looks at both."""
import json
import os
import subprocess

from .wait import wait_until


def config(*paths, **options):
    """Reads `paths`, below the test's directory, and writes each line as it was to out/lines."""
    return {"pipelines": {"app": {
        "inputs": [{"type": "tail", "paths": [f"${{DIR}}/{path}" for path in paths], **options}],
        "outputs": [{"type": "file", "path": "${DIR}/out/lines", "codec": "text"}]}}}


def told(agent, text):
    """The agent's own messages with that text."""
    return [message for message in agent.messages() if text in json.dumps(message)]


class Following:
    """The directory of a test: log files in it, and the lines that came out."""

    def __init__(self, weir):
        self.weir, self.dir = weir, weir.dir
        (self.dir / "out").mkdir(exist_ok=True)
        self.out = self.dir / "out" / "lines"

    def path(self, name):
        return self.dir / name

    def append(self, name, *lines):
        """Adds lines, each with its newline, in one write."""
        data = b"".join(line.encode() + b"\n" for line in lines)
        with open(self.dir / name, "ab", buffering=0) as file:
            file.write(data)

    def write(self, name, data):
        """Adds bytes as they are."""
        with open(self.dir / name, "ab", buffering=0) as file:
            file.write(data)

    def rotate(self, name, keep=9):
        """name -> name.1 -> name.2 ... as logrotate does."""
        for i in range(keep, 0, -1):
            older = self.dir / f"{name}.{i}"
            if older.exists():
                os.rename(older, self.dir / f"{name}.{i + 1}")
        os.rename(self.dir / name, self.dir / f"{name}.1")

    def lines(self):
        """The lines that came out, in order."""
        data = self.out.read_bytes() if self.out.exists() else b""
        return [line.decode(errors="surrogateescape") for line in data.split(b"\n")[:-1]]

    def wait(self, expected, limit=10.0):
        """Waits until exactly these lines, in any order, have come out."""
        wanted = sorted(expected)
        def arrived():
            found = self.lines()
            assert len(found) <= len(wanted), f"more than expected: {sorted(found)[:20]}, expected {wanted[:20]}"
            return sorted(found) == wanted
        wait_until(arrived, limit, what=f"{len(wanted)} lines; there are {len(self.lines())}")

    def wait_in_order(self, expected, limit=10.0):
        self.wait(expected, limit)
        assert self.lines() == list(expected), f"{self.lines()} {expected}"


def numbered(prefix, first, count):
    return [f"{prefix} {i:06d}" for i in range(first, first + count)]


def metric(agent, name, **labels):
    return agent.metrics().value(name, 0, **labels)


def stored_positions(agent):
    """The positions of files in the agent's store, sorted."""
    listed = subprocess.run([agent.binary, "positions", "ls", "--json", "--data-dir", str(agent.data_dir)], check=True,
                            capture_output=True)
    return sorted(row["position"] for row in json.loads(listed.stdout)["positions"] if row["text"])


def wait_metric(agent, name, at_least, **labels):
    wait_until(lambda: metric(agent, name, **labels) >= at_least, what=f"{name} to reach {at_least}")
