# SPDX-License-Identifier: Apache-2.0
"""Libraries that are loaded into the agent before the system's own, and make calls go wrong: NAME.c beside the tests says how."""
import mmap
import struct
import subprocess
from pathlib import Path

import pytest

HOUR = 3600 * 10 ** 9  # as wall clocks are set


def library(name, tmp_path_factory):
    """Builds it; for env={"LD_PRELOAD": ...}."""
    built = tmp_path_factory.mktemp("preload") / f"{name}.so"
    source = Path(__file__).resolve().parents[1] / f"{name}.c"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-D_GNU_SOURCE", "-o", built, source], check=True)
    return built


class Shared:
    """Numbers in a file that a preloaded library has mapped too."""

    def __init__(self, path, count):
        path.write_bytes(bytes(count * 8))
        self.file = open(path, "r+b")
        self.map = mmap.mmap(self.file.fileno(), count * 8)

    def __setitem__(self, index, value):
        struct.pack_into("q", self.map, index * 8, value)

    def __getitem__(self, index):
        return struct.unpack_from("q", self.map, index * 8)[0]


@pytest.fixture(scope="session")
def clock_steps(tmp_path_factory):
    """With CLOCK_STEPS, the path of a Shared number, the agent's wall clock is off by that many nanoseconds."""
    return library("clock_steps", tmp_path_factory)
