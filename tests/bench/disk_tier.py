#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the disk tier costs, beside the plainest programs that move the same bytes.

    tests/bench/disk_tier.py [--weir build/src/cli/weir] [--dir DIRECTORY] [--mib 1024] [--repeats 3]

spill      stdin is a file of lines, the only output answers nothing: everything goes to disk. Beside it dd, which writes the
           same bytes into a file with the same syncs: none (fsync: never), or one for every so many bytes (fsync: batch), as
           many as the agent makes, which it says.
drain      the agent starts on that backlog, with an output that takes everything. Beside it cat of the source file.
latency    a line every 5 ms to two outputs, of which one is dead, while lines are offered at half of what was measured above:
           the time until the live one has it, p50, p99 and the highest, beside the same with the live one alone.

Medians, and the ratio. The machine should be quiet."""
import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

MIB = 1 << 20


def make_lines(path, mib):
    """Lines of some 200 bytes that compress about as logs do."""
    words = "GET POST user session timeout connection refused established upstream request completed cache".split()
    block, n = [], 0
    while sum(map(len, block)) < MIB:
        text = " ".join(words[(n * 7 + i * i) % len(words)] for i in range(18))
        block.append(f"2026-01-01T00:00:{n % 60:02d}.{n % 1000:03d}Z host app[{n * 2654435761 % 100000}]: {text} id={n * 40503 % 1048576:x}\n")
        n += 1
    data = "".join(block).encode()
    with open(path, "wb") as out:
        for _ in range(mib):
            out.write(data)


def settle():
    os.sync()
    time.sleep(1)


class Agent:
    def __init__(self, options, work, buffer, inputs, outputs, stdin=None, stdout=None):
        self.work = work
        config = {"service": {"data_dir": str(work / "data"), "admin": {"listen": f"unix:{work}/admin"}, "memory_limit": "64MiB",
                              "shutdown_timeout": "1s", "messages": {"format": "json"}},
                  "pipelines": {"app": {"buffer": {"memory": "16MiB", "disk": "1TiB", **buffer}, "inputs": inputs,
                                        "outputs": outputs}}}
        (work / "weir.yaml").write_text(json.dumps(config))
        self.process = subprocess.Popen([options.weir, "run", "-c", str(work / "weir.yaml")], stdin=stdin or subprocess.DEVNULL,
                                        stdout=stdout or subprocess.DEVNULL, stderr=open(work / "stderr", "ab"))

    def get(self, path):
        while True:
            try:
                with socket.socket(socket.AF_UNIX) as sock:
                    sock.connect(str(self.work / "admin"))
                    sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
                    answer = b""
                    while data := sock.recv(1 << 16):
                        answer += data
                return answer.split(b"\r\n\r\n", 1)[1].decode()
            except OSError:
                time.sleep(0.002)

    def ledger(self):
        return json.loads(self.get("/api/v1/status"))["pipelines"][0]["ledger"]

    def metric(self, name):
        return sum(float(line.split()[-1]) for line in self.get("/metrics").splitlines() if line.startswith(name))

    def wait(self, condition):
        while not condition(self.ledger()):
            assert self.process.poll() is None, (self.work / "stderr").read_text()[-2000:]
            time.sleep(0.002)

    def stop(self):
        self.process.terminate()
        assert self.process.wait(60) == 0, (self.work / "stderr").read_text()[-2000:]


def spill_once(options, work, source, records, compression, fsync):
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    settle()
    began = time.monotonic()
    agent = Agent(options, work, {"compression": compression, "fsync": fsync}, [{"type": "stdin"}],
                  [{"type": "null", "delay": "1h"}], stdin=open(source, "rb"))
    agent.wait(lambda ledger: ledger["read"] == records)
    took = time.monotonic() - began
    syncs, stored = agent.metric("weir_buffer_syncs_total"), agent.metric("weir_buffer_spilled_bytes_total")
    agent.stop()
    return took, int(syncs), stored


def drain_once(options, work, buffer):
    settle()
    began = time.monotonic()
    agent = Agent(options, work, buffer, [{"type": "stdin"}], [{"type": "null"}])
    agent.wait(lambda ledger: ledger["held"] == 0 and ledger["recovered"] > 0)
    took = time.monotonic() - began
    agent.stop()
    return took


def dd(source, target, sync_bytes):
    """The same bytes, with a sync after each `sync_bytes` (0: none)."""
    settle()
    began = time.monotonic()
    out = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    with open(source, "rb", buffering=0) as file:
        since = 0
        while data := file.read(256 * 1024):
            os.write(out, data)
            since += len(data)
            if sync_bytes and since >= sync_bytes:
                os.fdatasync(out)
                since = 0
    took = time.monotonic() - began
    os.close(out)
    os.unlink(target)
    return took


def cat(source):
    began = time.monotonic()
    subprocess.run(["cat", source], stdout=subprocess.DEVNULL, check=True)
    return time.monotonic() - began


def row(name, mib, ours, floor, what):
    a, b = statistics.median(ours), statistics.median(floor)
    print(f"{name:34} weir {mib / a:7.0f} MiB/s   {what} {mib / b:7.0f} MiB/s   ratio {b / a:.2f}", flush=True)


def spill_and_drain(options, base, source, records):
    for compression, fsync in (("none", "never"), ("none", "batch"), ("lz4", "never"), ("lz4", "batch")):
        spills, drains, dds, cats = [], [], [], []
        for _ in range(options.repeats):
            took, syncs, _ = spill_once(options, base / "work", source, records, compression, fsync)
            spills.append(took)
            drains.append(drain_once(options, base / "work", {"compression": compression, "fsync": fsync}))
            dds.append(dd(source, base / "dd", options.mib * MIB // syncs if fsync == "batch" else 0))
            cats.append(cat(source))
        row(f"spill, {compression}, fsync {fsync}", options.mib, spills, dds, "dd")
        row(f"drain, {compression}", options.mib, drains, cats, "cat")


def latency_once(options, work, dead, rate):
    """Seconds from writing a line to its coming out, while `rate` MiB/s go the same way."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    log, live = work / "in.log", work / "live.log"
    log.touch()
    outputs = [{"type": "file", "path": str(live), "codec": "text", "when": 'message =~ "^mark"'}]
    outputs += [{"type": "null", "delay": "1h"}] if dead else []
    agent = Agent(options, work, {}, [{"type": "tail", "paths": [str(log)]}], outputs)
    agent.ledger()
    line = b"x" * 199 + b"\n"
    stop, marks = threading.Event(), {}

    def offer():
        with open(log, "ab", buffering=0) as out:
            began, written, number = time.monotonic(), 0, 0
            while not stop.is_set():
                due = int((time.monotonic() - began) * rate * MIB) - written
                out.write(line * (max(due, 0) // len(line)) + f"mark {number}\n".encode())
                marks[number] = time.monotonic()
                written += max(due, 0) // len(line) * len(line)
                number += 1
                time.sleep(0.005)
    thread = threading.Thread(target=offer)
    thread.start()
    seen, end, rest = [], time.monotonic() + options.seconds, b""
    while not live.exists():
        time.sleep(0.001)
    with open(live, "rb", buffering=0) as file:
        while time.monotonic() < end:
            data = rest + (file.read(1 << 20) or b"")
            now = time.monotonic()
            *lines, rest = data.split(b"\n")
            seen += [now - marks[int(text.split()[1])] for text in lines if int(text.split()[1]) in marks]
            time.sleep(0.0005)
    stop.set()
    thread.join()
    agent.process.kill()
    agent.process.wait()
    seen.sort()
    return seen


def latency(options, base):
    for rate in options.rate:
        for dead in (False, True):
            seen = latency_once(options, base / "work", dead, rate)
            at = [seen[int(part * (len(seen) - 1))] * 1000 for part in (0.5, 0.99, 1)]
            print(f"latency, {rate} MiB/s, {'beside a dead output' if dead else 'alone':21} "
                  f"p50 {at[0]:.2f} ms  p99 {at[1]:.2f} ms  highest {at[2]:.2f} ms  ({len(seen)} lines)", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    root = Path(__file__).resolve().parents[2]
    parser.add_argument("--weir", default=str(root / "build/src/cli/weir"))
    parser.add_argument("--dir", type=Path, default=root / "build/bench")
    parser.add_argument("--mib", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--rate", type=int, nargs="*", default=[10, 100])
    options = parser.parse_args()
    options.dir.mkdir(parents=True, exist_ok=True)
    source = options.dir / "lines"
    make_lines(source, options.mib)
    records = int(subprocess.run(["wc", "-l", source], capture_output=True, check=True).stdout.split()[0])
    cat(source)
    spill_and_drain(options, options.dir, source, records)
    latency(options, options.dir)
    shutil.rmtree(options.dir / "work")
    source.unlink()


if __name__ == "__main__":
    sys.exit(main())
