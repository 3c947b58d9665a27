#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""weir beside librdkafka's own produce loop: the same lines to a real Kafka on this machine, in turns.

    /usr/bin/python3 tests/bench/kafka_bench.py [--count 2000000] [--repeats 3] [--weir build/src/cli/weir]

An agent's time runs from its start to its end (`run --once`), the floor's from its first message to its last report."""
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--weir", default=ROOT / "build/src/cli/weir")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="weir-kafka-bench-") as directory:
        work = Path(directory)
        floor = work / "kafka_floor"
        subprocess.run(["gcc", "-O2", "-o", floor, ROOT / "tests/bench/kafka_floor.c", "-lrdkafka"], check=True)
        write_lines(work / "in.log", options.count)
        (work / "broker").mkdir()
        broker = Kafka(work / "broker").start()
        ratios = []
        try:
            for n in range(options.repeats):
                least = run_floor(floor, broker, broker.create(f"floor-{n}", 4), work / "in.log")
                own = run_weir(options.weir, broker, broker.create(f"weir-{n}", 4), work, options.count)
                messages = sum(broker.ends(f"weir-{n}").values())
                assert messages == options.count, f"{messages} messages of {options.count}"
                ratios.append(own / least)
                print(f"floor {least:9.0f} a second   weir {own:9.0f}   ratio {own / least:.2f}", flush=True)
                for name in ("floor", "weir"):
                    broker.delete(f"{name}-{n}")
        finally:
            broker.kill()
        print(f"median ratio {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
