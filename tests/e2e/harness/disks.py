# SPDX-License-Identifier: Apache-2.0
"""File systems of a few bytes, to be filled."""
import contextlib
import os
import subprocess

import pytest


@contextlib.contextmanager
def small_disk(directory, options):
    """Mounts one at `directory`, which is made; `options`: "size=1m". Skips the test where it may not."""
    directory.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", options, "weir-test", str(directory)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True).returncode != 0:
        pytest.skip("may not mount")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "-l", str(directory)], check=True)


def fill(path):
    """Makes a file of all that is left."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT)
    try:
        while True:
            os.write(file, bytes(4096))
    except OSError:
        os.close(file)
