# SPDX-License-Identifier: Apache-2.0
"""A numbered corpus: lines that carry their number, written at a rate into a file that is rotated, and a checker that says
which of them are missing, repeated, reordered or altered in what came out.

Line n is a function of n alone, so that the checker knows every byte of it:

    text   n=000000012345 the quick brown ...              a length between 40 and 240 bytes that n decides
    json   {"n":12345,"text":"the quick brown ..."}

A writer is a process of its own (this file is its program), so that neither the test nor the agent slows it down. It writes
in pieces that end anywhere in a line, and rotates by renaming PATH to PATH.1, PATH.2, ...: the oldest has number 1 and all
stay, since what is deleted while nobody reads is gone for everyone."""
import argparse
import bisect
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

WORDS = " ".join(["the quick brown fox jumps over the lazy dog and says {[\"why\"]}: 50% of é is 1\t2"] * 4)
TEXT_BYTES_MIN, TEXT_BYTES_MAX = 20, 220


def text_of(n):
    return WORDS[:TEXT_BYTES_MIN + n * 2654435761 % (1 << 32) % (TEXT_BYTES_MAX - TEXT_BYTES_MIN)]


def text_line(n):
    return f"n={n:012d} {text_of(n)}"


def json_line(n):
    return json.dumps({"n": n, "text": text_of(n)}, ensure_ascii=False, separators=(",", ":"))


LINES = {"text": text_line, "json": json_line}


def number_of_text(line):
    """The number in a text line, or None when the line is not one, to the byte."""
    try:
        n = int(line[2:14])
    except ValueError:
        return None
    return n if line == text_line(n) else None


def read_text(line):
    """(number, id) of an output line of codec text."""
    return number_of_text(line), None


def read_message(line):
    """The same of codec json with record_id_key, for lines that were not parsed: {"message":"n=...","record_id":"..."}"""
    try:
        record = json.loads(line)
        return number_of_text(record["message"]), record.get("record_id")
    except (ValueError, KeyError, TypeError):
        return None, None


def read_parsed(line):
    """The same for JSON lines that were parsed: the fields n and text."""
    try:
        record = json.loads(line)
        n = record["n"]
        return (n if record["text"] == text_of(n) else None), record.get("record_id")
    except (ValueError, KeyError, TypeError):
        return None, None


class Writer:
    """A process that writes lines first, first+1, ... into `path`: `rate` a second (0: as fast as it can), `count` of them (0:
    until stop()), a rotation after each `rotate` lines (0: never). After stop() or wait(): `written` lines are complete,
    and file i began with line starts[i]."""

    def __init__(self, path, rate=20000, count=0, rotate=0, form="text", first=0, seed=1):
        argv = [sys.executable, __file__, str(path), "--rate", str(rate), "--count", str(count), "--rotate", str(rotate),
                "--form", form, "--first", str(first), "--seed", str(seed)]
        self.process = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
        self.first, self.written, self.starts = first, None, None

    def wait(self):
        result = json.loads(self.process.communicate()[0])
        self.written, self.starts = result["written"], result["starts"]
        return self

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.wait()

    def check(self, *outputs, read=read_text):
        return check(outputs, self.first, self.written, self.starts, read)


class Report:
    """What a check found. Numbers are lists, short ones in messages."""

    def __init__(self, expected):
        self.expected = expected
        self.lines = 0
        self.missing, self.altered = [], []
        self.repeats = []    # (number, offset of the repeated line in its output)
        self.reordered = []  # numbers that came, for the first time, after a later one of their file
        self.other_ids = []  # numbers that came twice under two ids
        self.shared_ids = []  # numbers under whose id another number came

    def problems(self):
        return {name: (len(found), found[:5]) for name, found in vars(self).items()
                if isinstance(found, list) and found and name != "repeats"}

    def assert_complete(self, repeats_max=0):
        """Everything came, unaltered, in order, and each repeat under its first id; at most so many repeats."""
        problems = self.problems()
        assert not problems, f"of {self.expected} lines, {self.lines} came out, and {problems}"
        assert len(self.repeats) <= repeats_max, \
            f"{len(self.repeats)} repeats, expected {repeats_max} at most; the first: {self.repeats[:5]}"

    def repeats_between(self, marks):
        """The repeats by the piece of the output they stand in; `marks` are the offsets that divide it."""
        counts = [0] * (len(marks) + 1)
        for _, offset in self.repeats:
            counts[bisect.bisect_right(marks, offset)] += 1
        return counts


def check(outputs, first, count, starts=(0,), read=read_text):
    """Compares output files with lines first .. first+count-1, which were written into files that began with the lines
    `starts`. `read` makes (number, id) of an output line. A last line without its newline counts as altered."""
    report = Report(count)
    ids, numbers = {}, {}
    seen = bytearray(count)
    newest = {}  # by input file
    for output in outputs:
        offset = 0
        with open(output, "rb") as file:
            for raw in file:
                report.lines += 1
                line = raw.decode(errors="replace")
                n, record_id = read(line[:-1]) if line.endswith("\n") else (None, None)
                if n is None or not first <= n < first + count:
                    report.altered.append(line[:200])
                elif seen[n - first]:
                    report.repeats.append((n, offset))
                    if ids.get(n) != record_id:
                        report.other_ids.append(n)
                else:
                    seen[n - first] = 1
                    source = bisect.bisect_right(starts, n)
                    if newest.get(source, -1) > n:
                        report.reordered.append(n)
                    newest[source] = n
                    if record_id is not None:
                        ids[n] = record_id
                        if numbers.setdefault(record_id, n) != n:
                            report.shared_ids.append(n)
                offset += len(raw)
    report.missing = [first + i for i in range(count) if not seen[i]]
    return report


# ---- the writer's program ------------------------------------------------------------------------------------------------


class Rotated:
    """The file written to; rotating gives the old one the next free number."""

    def __init__(self, path):
        self.path, self.rotations = path, 0
        self.fd = None
        self.open()

    def open(self):
        self.fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)

    def rotate(self):
        self.rotations += 1
        os.rename(self.path, f"{self.path}.{self.rotations}")
        os.close(self.fd)
        self.open()

    def write(self, data, rng):
        """All of it, in pieces that end anywhere."""
        cut = rng.randrange(len(data) + 1)
        for piece in (data[:cut], data[cut:]):
            view = memoryview(piece)
            while view:
                view = view[os.write(self.fd, view):]


def run_writer(args):
    stopping = []
    signal.signal(signal.SIGTERM, lambda *_: stopping.append(True))
    line_of, rng = LINES[args.form], random.Random(args.seed)
    file, starts = Rotated(args.path), [args.first]
    n, end, began = args.first, args.first + args.count if args.count else None, time.monotonic()
    while not stopping and n != end:
        if args.rate:
            due = args.first + int((time.monotonic() - began) * args.rate)
            batch = min(due - n, 2000)
        else:
            batch = 2000
        if end is not None:
            batch = min(batch, end - n)
        if args.rotate:
            batch = min(batch, starts[-1] + args.rotate - n)
        if batch <= 0:
            time.sleep(0.005)
            continue
        file.write(("\n".join(map(line_of, range(n, n + batch))) + "\n").encode(), rng)
        n += batch
        if args.rotate and n - starts[-1] >= args.rotate and n != end:
            file.rotate()
            starts.append(n)
    print(json.dumps({"written": n - args.first, "starts": starts}))


def main():
    parser = argparse.ArgumentParser(description="Writes numbered lines into a file.")
    parser.add_argument("path", type=Path)
    for name, default in (("rate", 20000), ("count", 0), ("rotate", 0), ("first", 0), ("seed", 1)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--form", choices=LINES, default="text")
    run_writer(parser.parse_args())


if __name__ == "__main__":
    main()
