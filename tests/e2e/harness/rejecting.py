# SPDX-License-Identifier: Apache-2.0
"""A sink that rejects lines by their content (tests/e2e/rejecting.c, a plugin), or a codec that refuses them (picky.c), and what
becomes of them."""
import json
import os
import subprocess

import pytest

BAD = "bad"


@pytest.fixture(scope="session")
def plugins(tmp_path_factory):
    """A directory with the plugins."""
    from conftest import ROOT
    folder = tmp_path_factory.mktemp("plugins")
    for name in ("rejecting", "picky", "framed"):
        subprocess.run(["gcc", "-std=gnu17", "-D_GNU_SOURCE", "-O1", "-Wall", "-Werror", "-shared", "-fPIC", "-DWEIR_PLUGIN_SHARED",
                        f"-I{ROOT}/include", "-o", folder / f"{name}.so", ROOT / f"tests/e2e/{name}.c"], check=True)
    return folder


def config(plugins, max_size="100MiB", source=None, outputs=None, **output):
    return {"service": {"plugin_path": str(plugins)}, "pipelines": {"app": {
        "inputs": [source or {"type": "tail", "paths": ["${DIR}/in.log"]}],
        "outputs": outputs or [{"type": "rejecting", "path": "${DIR}/out.log", "reject": BAD, "mercy": "${DIR}/mercy", **output}],
        "dead_letter": {"max_size": max_size}}}}


def line(n):
    return f"{BAD if n % 7 == 0 else 'good'} {n:06d}"


def write_lines(weir, first, count, name="in.log"):
    with open(weir.dir / name, "a") as out:
        out.writelines(line(n) + "\n" for n in range(first, first + count))
    return [line(n) for n in range(first, first + count) if n % 7 == 0]


def letters(weir, *args, directory=None):
    """The dead letters as `weir deadletter cat` has them: note and record in one."""
    directory = directory or weir.dir
    done = weir.cli("deadletter", "cat", "-c", directory / "weir.yaml", "--json", *args, check=True,
                    env={**os.environ, "DIR": str(directory)})
    return [json.loads(text) for text in done.stdout.splitlines()]


def messages(found):
    return [letter["record"]["message"] for letter in found]


def delivered(weir):
    path = weir.dir / "out.log"
    return path.read_text().splitlines() if path.exists() else []
