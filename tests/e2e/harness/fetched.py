# SPDX-License-Identifier: Apache-2.0
"""What tests need and Debian does not have: fetched from a registry once, into ~/.cache/weir-tests (WEIR_TEST_CACHE).

What cannot be had here is Unavailable: the tests that need it skip and say why. What is there and does not work is an error."""
import contextlib
import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("WEIR_TEST_CACHE", Path.home() / ".cache/weir-tests"))


class Unavailable(Exception):
    """What is needed cannot be had here; its text says what."""


def run(*command, **how):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, stdin=subprocess.DEVNULL, **how)
    if done.returncode:
        raise Unavailable(f"{' '.join(map(str, command[:4]))} ...: {(done.stdout + done.stderr)[-600:]}")
    return done.stdout


@contextlib.contextmanager
def or_skip(what):
    """What is fetched inside may be out of reach."""
    try:
        yield
    except (Unavailable, subprocess.TimeoutExpired) as why:
        pytest.skip(f"{what} cannot be had here: {why}")


def fetch(target, *command, cwd=None):
    """Runs the command, which fills `target`.new, unless `target` is there."""
    if target.exists():
        return
    new = target.with_name(target.name + ".new")
    shutil.rmtree(new, ignore_errors=True)
    run(*command, cwd=cwd, timeout=300)
    new.rename(target)


@contextlib.contextmanager
def cache(name=""):
    """The tests may run several at a time, and fetch each thing once."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"{name}lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield CACHE


def python_packages(name, *packages, options=()):
    """The directory of Python packages, for this Python's version."""
    with cache() as directory:
        target = directory / f"{name}-{sys.version_info[0]}.{sys.version_info[1]}"
        fetch(target, sys.executable, "-m", "pip", "install", "-q", "--target", f"{target}.new", *options, *packages)
    return target
