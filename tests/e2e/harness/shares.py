# SPDX-License-Identifier: Apache-2.0
"""Several runs of pytest at a time that share their tests: each takes the next one that nobody has begun. Halves by number
would not take as long as each other, and the time is that of the longer one."""


def claims(items, queue):
    """Those of `items`, the same in each run, that this one is the first to ask for: a file in the directory `queue` is a claim."""
    for number, item in enumerate(items):
        try:
            (queue / str(number)).touch(exist_ok=False)
        except FileExistsError:
            continue
        yield item


def run_share(session, queue):
    """As pytest's own loop. It must be told which test follows, since what that one needs too is kept: so a run is always one
    claim ahead."""
    mine = claims(session.items, queue)
    item = next(mine, None)
    while item:
        following = next(mine, None)
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        item = following
