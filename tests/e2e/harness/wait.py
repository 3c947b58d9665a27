# SPDX-License-Identifier: Apache-2.0
"""Waiting for something to become true. Tests never sleep for a fixed time and hope: they wait for what they need, and
fail with the last value seen when it does not come."""
import os
import time

# Sanitizers and loaded machines make everything slower: limits are multiplied by this.
SLOWNESS = float(os.environ.get("WEIR_TEST_SLOWNESS", "1"))


def wait_until(condition, limit=10.0, step=0.005, what=""):
    """Calls `condition` until it returns something true, and returns that. Fails after `limit` seconds."""
    end = time.monotonic() + limit * SLOWNESS
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {limit * SLOWNESS:g} s in vain for {what or condition}; last: {value!r}")
        time.sleep(step)
