# SPDX-License-Identifier: Apache-2.0
"""Libraries that are loaded into the agent before the system's own, and make calls go wrong: NAME.c beside the tests says how."""
import subprocess
from pathlib import Path


def library(name, tmp_path_factory):
    """Builds it; for env={"LD_PRELOAD": ...}."""
    built = tmp_path_factory.mktemp("preload") / f"{name}.so"
    source = Path(__file__).resolve().parents[1] / f"{name}.c"
    subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-D_GNU_SOURCE", "-o", built, source], check=True)
    return built
