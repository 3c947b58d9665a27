# SPDX-License-Identifier: Apache-2.0
"""Servers that are Go modules, built from tests/e2e/servers into the cache (harness/fetched.py): minutes the first time.

There a directory holds a go.mod with what is needed itself; what that needs in turn follows from it. A Go that is not there or
too old, and modules that cannot be fetched, are Unavailable; what does not compile is an error."""
import hashlib
import shutil
import subprocess
from pathlib import Path

from .fetched import Unavailable, cache, run

SERVERS = Path(__file__).resolve().parents[1] / "servers"
FETCH_SECONDS, BUILD_SECONDS = 1200, 3600


def find_go():
    found = shutil.which("go") or shutil.which("/usr/local/go/bin/go")
    if not found:
        raise Unavailable("no go here")
    return found


def go_program(name, package="."):
    """The path of what servers/NAME makes of `package`."""
    source = SERVERS / name
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(source.iterdir()))).hexdigest()[:12]
    with cache(f"{name}-") as directory:
        program = directory / f"{name}-{digest}"
        if not program.exists():
            build(find_go(), source, directory / f"{name}-source", package, program)
    return program


def build(go, source, work, package, program):
    """Modules are fetched first, so that what fails then is the code."""
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(source, work)
    run(go, "list", "-mod=mod", "-deps", package, cwd=work, timeout=FETCH_SECONDS)
    new = program.with_name(program.name + ".new")
    built = subprocess.run(["nice", "-n", "19", go, "build", "-mod=mod", "-p", "1", "-trimpath", "-ldflags=-s -w", "-o", str(new), package],
                           cwd=work, capture_output=True, text=True, timeout=BUILD_SECONDS)
    assert built.returncode == 0, f"{source.name} does not compile: {built.stderr[-2000:]}"
    new.rename(program)
    shutil.rmtree(work)
