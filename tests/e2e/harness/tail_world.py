# SPDX-License-Identifier: Apache-2.0
"""What the model of tail_model.py is about: names that programs write to, what they held, and a sink that stalls."""
import os
import re
import threading
from pathlib import Path

LINE = re.compile(r"epoch=(\d{4}) line=(\d{6}) (x*)end")


def line_of(epoch, n, filler):
    return f"epoch={epoch:04d} line={n:06d} {'x' * filler}end"


class Epoch:
    """What one file held between two truncations, whatever its name."""

    def __init__(self, number, path):
        self.number = number
        self.lines = []      # complete ones
        self.came = {}       # line number -> (record id, when it was seen first)
        self.first_seen = None
        self.newest = -1
        self.careless = self.copied = False
        self.story = [str(path)]  # what happened to it

    def missing(self):
        return [n for n in range(len(self.lines)) if n not in self.came]

    def missing_bytes(self):
        return sum(len(self.lines[n]) + 1 for n in self.missing())


class Log:
    """A name that a program writes to."""

    def __init__(self, path, hidden=False):
        self.path = Path(path)
        self.hidden = hidden  # its rotated names are not matched, whatever the patterns are
        self.epoch = None    # None: there is no file
        self.rest = b""      # what the unfinished last line still needs
        self.unfinished = ""
        self.followed = False  # the agent has known a file by this name, and since then it was only renamed
        self.late = None     # (descriptor, epoch, until): a writer that has not noticed the rotation


class Sink:
    """Reads what the agent prints, into a file, unless it stalls. Each process of the agent has its own pipe; what one that
    was killed printed last may end within a line, and that is left out."""

    def __init__(self, path):
        self.path = path
        self.open = threading.Event()
        self.open.set()
        self.thread = None

    def new_pipe(self):
        """For the next process; the end to write to."""
        reader, writer = os.pipe2(os.O_CLOEXEC)
        self.thread = threading.Thread(target=self.copy, args=(reader,), daemon=True)
        self.thread.start()
        return writer

    def copy(self, reader):
        rest = b""
        with open(self.path, "ab", buffering=0) as out:
            while data := os.read(reader, 1 << 16):
                self.open.wait()
                whole, newline, rest = (rest + data).rpartition(b"\n")
                out.write(whole + newline)
        os.close(reader)

    def ended(self):
        """The process has ended: waits for the last that it printed."""
        self.open.set()
        if self.thread:
            self.thread.join()
