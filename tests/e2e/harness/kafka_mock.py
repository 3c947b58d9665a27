# SPDX-License-Identifier: Apache-2.0
"""Brokers that fail as they are told to: librdkafka's mock cluster, in a process of its own (kafka_mock.c beside the tests).

    mock = Mock(program)                    three brokers; mock.brokers says where
    mock.tell("topic logs 4")               and what else kafka_mock.c knows
    mock.read("logs", 4)                    all messages, as harness.kafka.Message

A partition keeps its last 5 MiB."""
import subprocess
from pathlib import Path

from .fetched import Unavailable
from .kafka import Reader

PRODUCE, METADATA, INIT_PRODUCER_ID = 0, 3, 22  # keys of requests


def build(directory):
    program = Path(directory) / "kafka_mock"
    source = Path(__file__).resolve().parents[1] / "kafka_mock.c"
    done = subprocess.run(["gcc", "-O1", "-Wall", "-Werror", "-o", program, source, "-lrdkafka"], capture_output=True, text=True)
    if done.returncode:
        raise Unavailable(f"kafka_mock.c cannot be built: {done.stderr[-300:]}")
    return program


class Mock(Reader):
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.brokers = self.plain = self.process.stdout.readline().strip()
        assert self.brokers

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "ok\n", line

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()
