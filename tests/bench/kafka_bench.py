#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""weir beside librdkafka's own produce loop and other agents (kafka_peers.py): the same lines to a real Kafka on this machine, in
turns.

    /usr/bin/python3 tests/bench/kafka_bench.py [--count 2000000] [--repeats 3] [--weir build/src/cli/weir] [--no-peers]

weir's time runs from its start to its end (`run --once`), a peer's until the topic holds all lines, the floor's from its first
message to its last report."""
import argparse
import json
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))

from harness import kafka_lines  # noqa: E402
from harness.kafka import Kafka  # noqa: E402
from kafka_peers import peers  # noqa: E402


def write_lines(path, count):
    rng = random.Random(1)
    with open(path, "w") as out:
        for n in range(count):
            head = f"{n} host app[{n % 977}]: request id={rng.getrandbits(128):032x} path=/api/v1/items/{rng.randrange(100000)} "
            out.write(head.ljust(199, "abcdefghij"[n % 10]) + "\n")


def run_floor(program, broker, topic, lines):
    said = subprocess.run([program, broker.plain, topic, lines], capture_output=True, text=True, check=True).stdout
    return float(re.search(r"(\d+) a second", said).group(1))


def run_weir(program, broker, topic, work, count):
    shutil.rmtree(work / "data", ignore_errors=True)
    config = kafka_lines.pipeline(broker.plain, topic, inputs=[{"type": "tail", "paths": [str(work / "in.log")]}])
    config["service"] = {"data_dir": str(work / "data"), "admin": {"listen": "off"}, "messages": {"level": "error"}}
    (work / "weir.yaml").write_text(json.dumps(config))
    began = time.monotonic()
    subprocess.run([program, "run", "--once", "-c", work / "weir.yaml"], check=True)
    return count / (time.monotonic() - began)


def measure(options, work, broker):
    """Prints each turn, and medians of lines a second and their ratios to the floor at the end."""
    floor = work / "kafka_floor"
    subprocess.run(["gcc", "-O2", "-o", floor, ROOT / "tests/bench/kafka_floor.c", "-lrdkafka"], check=True)
    lines = work / "in.log"
    write_lines(lines, options.count)
    runs = {"floor": lambda topic: run_floor(floor, broker, topic, lines),
            "weir": lambda topic: run_weir(options.weir, broker, topic, work, options.count)}
    for peer in [] if options.no_peers else peers():
        runs[peer.name] = lambda topic, peer=peer: peer.run(broker, topic, lines, work / peer.name, options.count)
    figures = {name: [] for name in runs}
    for n in range(options.repeats):
        for name, run in runs.items():
            topic = broker.create(f"{name}-{n}", 4)
            figures[name].append(run(topic))
            messages = sum(broker.ends(topic).values())
            assert messages == options.count, f"{name}: {messages} messages of {options.count}"
            broker.delete(topic)
        print("   ".join(f"{name} {row[-1]:9.0f}" for name, row in figures.items()) + " a second", flush=True)
    for name, row in figures.items():
        ratio = statistics.median(own / least for own, least in zip(row, figures["floor"]))
        print(f"{name:10} median {statistics.median(row):9.0f} a second, {ratio:.2f} of the floor in the same turn")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--weir", default=ROOT / "build/src/cli/weir")
    parser.add_argument("--no-peers", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="weir-kafka-bench-") as directory:
        work = Path(directory)
        (work / "broker").mkdir()
        broker = Kafka(work / "broker").start()
        try:
            measure(options, work, broker)
        finally:
            broker.kill()


if __name__ == "__main__":
    main()
