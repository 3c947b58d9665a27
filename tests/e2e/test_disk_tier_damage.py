# SPDX-License-Identifier: Apache-2.0
"""A disk tier that was damaged while the agent was away: what is intact comes, once and in order; what is gone is counted to the
record as corrupt, and nothing is held for ever."""
import pytest

from harness import numbered
from harness.pipes import StalledPipe
from harness.wait import wait_until
from test_disk_tier import SERVICE, STDOUT, close_cut, config, feed_lines, restart_into, start_feed, stdin

LINES = 60000  # some 9 MB: several segments


def flip(path, offset):
    data = bytearray(path.read_bytes())
    data[offset] ^= 0x10
    path.write_bytes(data)


def crc32c(data):
    crc = 0xffffffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
    return crc ^ 0xffffffff


def second_frame(data):
    """Where it begins in a segment, and how long its head is."""
    first = int.from_bytes(data[12:16], "little")
    head_bytes, stored = (int.from_bytes(data[first + at:first + at + 4], "little") for at in (8, 12))
    at = first + (head_bytes + stored + 7) // 8 * 8
    return at, int.from_bytes(data[at + 8:at + 12], "little")


def put_frame_version(path, version):
    data = bytearray(path.read_bytes())
    at, head_bytes = second_frame(data)
    data[at + 28] = version
    data[at + 4:at + 8] = crc32c(data[at + 8:at + head_bytes]).to_bytes(4, "little")
    with open(path, "r+b") as file:
        file.seek(at)
        file.write(data[at:at + head_bytes])


def payload_of_one(files):
    """In the middle of a file: nearly always the payload of a frame."""
    flip(files[1], files[1].stat().st_size // 2)


def head_of_one(files):
    """The head of a frame that is not the first."""
    flip(files[1], second_frame(files[1].read_bytes())[0] + 20)


def segment_head(files):
    """The id of the store in it."""
    flip(files[1], 30)


def one_is_gone(files):
    files[1].unlink()


def the_first_is_gone(files):
    files[0].unlink()


def one_is_cut(files):
    files[1].write_bytes(files[1].read_bytes()[:files[1].stat().st_size // 2])


def fill(weir, killed):
    """An agent that has left some segments behind: with its feed, and how many lines its output had taken."""
    pipe = StalledPipe(weir.dir / "out.log")
    configuration = config(stdin(), [STDOUT], disk="16MiB", compression="none", durable=True, fsync="batch")
    feed, agent = start_feed(weir, configuration, pipe, acks=True)
    agent.allow_errors("damaged", "lost", "are lost")
    wait_until(agent.is_ready)
    feed_lines(feed, 0, LINES)
    feed.wait_acked(LINES)
    if killed:
        agent.kill9()
    else:
        agent.stop()
    return feed, agent, close_cut(pipe, weir.dir / "out.log")


def drain(weir, feed, agent):
    """Starts it again, until all is delivered: what came out in all, and the account."""
    pipe = restart_into(agent, weir.dir / "out.log", pass_fds=[feed.ack_fd])
    status = agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["held"] == 0, limit=30, what="everything to be delivered")
    agent.stop()
    pipe.close()
    report = numbered.check([weir.dir / "out.log"], 0, LINES)
    assert not report.altered
    return report, status["pipelines"][0]["ledger"]


@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
@pytest.mark.parametrize("damage", [payload_of_one, head_of_one, segment_head, one_is_gone, the_first_is_gone, one_is_cut])
def test_spl_04_spl_05_spl_06_spl_07_what_is_damaged_is_counted(weir, damage, killed):
    feed, agent, taken = fill(weir, killed)
    files = sorted(agent.data_dir.rglob("*.seg"))
    assert len(files) > 3
    damage(files)
    report, ledger = drain(weir, feed, agent)
    # What is gone may have been delivered before.
    assert 0 < ledger["dropped"]["corrupt"] and len(report.missing) <= ledger["dropped"]["corrupt"] <= len(report.missing) + taken
    assert ledger["recovered"] == ledger["delivered"] + ledger["dropped"]["corrupt"]


@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
@pytest.mark.parametrize("sides", ["one", "both", "gone"])
def test_spl_08_spl_09_the_state_is_damaged(weir, sides, killed):
    """Cursors are hints: without them everything that is there comes again."""
    feed, agent, taken = fill(weir, killed)
    path = next(agent.data_dir.rglob("buffer/*/state"))
    if sides == "gone":
        path.unlink()
    else:
        for offset in (20, 32768 + 20)[:1 if sides == "one" else 2]:
            flip(path, offset)
    report, ledger = drain(weir, feed, agent)
    report.assert_complete(taken)
    assert ledger["recovered"] == ledger["delivered"] >= LINES - taken


def test_spl_23_an_older_agent_loses_nothing_that_a_later_one_wrote(weir):
    """It delivers what stands before, says what it waits for, also over a restart; the later one goes on with the rest."""
    feed, agent, taken = fill(weir, True)
    path = sorted(agent.data_dir.rglob("buffer/*/*.seg"))[1]
    put_frame_version(path, 2)
    agent.allow_errors("was written by a later version: the output waits")
    for starts in (1, 2):
        pipe = restart_into(agent, weir.dir / "out.log")
        wait_until(lambda: agent.stderr().count("written by a later version") == starts, what="the frame to be met")
        ledger = agent.ledger()
        assert ledger["held"] > 0 and ledger["dropped"]["corrupt"] == 0
        agent.stop()
        pipe.close()
    put_frame_version(path, 1)
    report, ledger = drain(weir, feed, agent)
    report.assert_complete(taken)
    assert ledger["dropped"]["corrupt"] == 0
