# SPDX-License-Identifier: Apache-2.0
"""Dead letters: what a sink rejects is on disk, with the reason, before anything is forgotten; and it has a bound."""
import os
import shutil
import time
from collections import Counter

import pytest

from harness import disks
from harness.feed import Feed
from harness.rejecting import BAD, config, delivered, letters, line, messages, plugins, write_lines  # noqa: F401
from harness.wait import SLOWNESS


def test_what_is_rejected_is_parked_with_the_reason(weir, plugins):
    bad = write_lines(weir, 0, 1000)
    agent = weir(config(plugins))
    agent.wait_records(1000)
    ledger = agent.ledger()
    assert ledger["dead_lettered"] == len(bad) and sum(ledger["dropped"].values()) == 0
    assert ledger["delivered"] == 1000 - len(bad)
    found = letters(weir)
    assert messages(found) == bad
    for letter in found:
        assert (letter["output"], letter["reason"], letter["answer"]) == ("rejecting", "rejected", f"400: {BAD}")
        assert letter["attempts"] == 1 and letter["first"] <= letter["last"]
    status = agent.pipeline()
    assert status["dead_letters"]["records"] == len(bad) and status["dead_letters"]["bytes"] > 0
    assert agent.metrics().value("weir_dead_lettered_records_total") == len(bad)
    agent.restart()
    assert agent.ledger()["dead_lettered"] == 0  # of this run; they are still there
    assert agent.pipeline()["dead_letters"]["records"] == len(bad)
    assert messages(letters(weir)) == bad


def test_each_record_has_the_words_that_were_said_of_it(weir, plugins):
    bad = write_lines(weir, 0, 3000)
    agent = weir(config(plugins, each=True))
    agent.wait_records(3000)
    found = letters(weir)
    assert sorted(messages(found)) == bad
    assert all(letter["answer"] == f"cannot parse \"{letter['record']['message']}\"" for letter in found)


def test_nothing_is_written_where_nothing_is_rejected(weir, plugins):
    write_lines(weir, 1, 6)
    agent = weir(config(plugins))
    agent.wait_records(6)
    assert not (agent.data_dir / "dead_letters").exists()


def test_without_dead_letters_they_are_dropped(weir, plugins):
    bad = write_lines(weir, 0, 100)
    agent = weir(config(plugins, max_size=0))
    agent.wait_records(100)
    assert agent.ledger()["dropped"]["rejected"] == len(bad)
    assert agent.pipeline()["outputs"][0]["ledger"]["dropped"]["rejected"] == len(bad)
    assert not (agent.data_dir / "dead_letters").exists()


def test_rng_11_a_poison_record_holds_nobody_up(weir, plugins):
    """One rejects, the other takes all; a record counts once, by its worst fate."""
    bad = write_lines(weir, 0, 700)
    agent = weir(config(plugins, outputs=[
        {"type": "rejecting", "id": "strict", "path": "${DIR}/out.log", "reject": BAD},
        {"type": "rejecting", "id": "stricter", "path": "${DIR}/out2.log", "reject": "0"},
        {"type": "file", "path": "${DIR}/all.log", "codec": "text"}]))
    agent.wait_records(700)
    assert (weir.dir / "all.log").read_text().splitlines() == [line(n) for n in range(700)]
    assert delivered(weir) == [line(n) for n in range(700) if n % 7]
    assert agent.ledger()["dead_lettered"] == 700 and agent.ledger()["delivered"] == 0
    accounts = {output["id"]: output["ledger"] for output in agent.pipeline()["outputs"]}
    assert accounts["strict"]["dead_lettered"] == len(bad) and accounts["stricter"]["dead_lettered"] == 700
    assert accounts["file"]["delivered"] == 700
    by_output = Counter(letter["output"] for letter in letters(weir))
    assert by_output == {"strict": len(bad), "stricter": 700}
    write_lines(weir, 701, 6)  # the stream goes on
    agent.wait_records(706)


def test_the_oldest_make_room(weir, plugins):
    """The bound: what is parked and gone is dropped, exactly; in a later run it is counted apart."""
    size, count = 2000, 3000
    feed = Feed()
    agent = feed.start(weir.make(config(plugins, max_size="1MiB", source={"type": "stdin"})))

    def push(first):
        for n in range(first, first + count, 50):
            feed.lines(*(f"{BAD} {k:06d} {os.urandom(size // 2).hex()}" for k in range(n, n + 50)))
    push(0)
    agent.wait_records(count)
    ledger = agent.ledger()
    there = agent.pipeline()["dead_letters"]
    assert there["bytes"] <= (1 << 20) + (256 << 10)
    gone = ledger["dropped"]["dead_letter_full"]
    assert ledger["dead_lettered"] + gone == count and gone > 0
    assert there["records"] == ledger["dead_lettered"]
    numbers = [int(message.split()[1]) for message in messages(letters(weir))]
    assert numbers == list(range(gone, count))
    assert agent.metrics().value("weir_dead_lettered_records_total") == count
    agent.stop()
    feed = Feed()
    feed.start(agent)
    before = agent.pipeline()["dead_letters"]["records"]
    push(count)
    agent.wait_records(count)
    ledger = agent.ledger()
    assert agent.metrics().value("weir_dead_letters_lost_records_total") == before
    assert ledger["dead_lettered"] + ledger["dropped"]["dead_letter_full"] == count
    assert agent.pipeline()["dead_letters"]["records"] == ledger["dead_lettered"]


@pytest.fixture
def small_disk(weir):
    """A file system of 2 MiB, for the data directory."""
    with disks.small_disk(weir.dir / "disk", "size=2m") as directory:
        yield directory


def test_spl_10_a_full_disk_holds_the_output(weir, plugins, small_disk):
    bad = write_lines(weir, 0, 700)
    agent = weir.make(config(plugins, max_size="1MiB"), service={"data_dir": str(small_disk / "data")})
    agent.data_dir = small_disk / "data"
    agent.allow_errors("cannot write the dead letters")
    agent.start()
    agent.wait_records(700)
    assert agent.ledger()["dead_lettered"] == len(bad)
    disks.fill(small_disk / "ballast")
    more, padded = [], []
    with open(weir.dir / "in.log", "a") as out:
        for n in range(700, 1400):
            text = line(n) + (" " + os.urandom(2000).hex() if n % 7 == 0 else "")
            out.write(text + "\n")
            (padded if n % 7 == 0 else more).append(text)
    status = agent.wait_for(lambda s: s["pipelines"][0]["outputs"][0]["state"] == "paused", limit=20, what="the output to hold")
    output = status["pipelines"][0]["outputs"][0]
    assert "dead letters" in output["reason"] and "No space left" in output["reason"]
    code, _, body = agent.get("/readyz")
    assert code == 503 and "dead letters" in body
    assert agent.ledger()["held"] > 0
    (small_disk / "ballast").unlink()
    agent.wait_records(1400)
    assert agent.get("/readyz")[0] == 200
    assert agent.ledger()["dead_lettered"] == len(bad) + len(padded)
    assert agent.pipeline()["outputs"][0]["state"] == "ok"
    assert messages(letters(weir)) == bad + padded  # each once


def die_at(weir, plugins, call, n):
    """Dies at the nth such call, then runs to the end. False when there is no nth call."""
    directory = weir.dir / "run"
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    trace = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=KILL:when={n}"]
    agent = weir.make(config(plugins, each=True), directory=directory, args=["--once"], wrapper=trace)
    with open(directory / "in.log", "w") as out:
        out.writelines(line(k) + "\n" for k in range(60))
    agent.start(ready=False)
    died = agent.wait_exit() != 0
    agent.wrapper = []
    if died:
        agent.start(ready=False)
        assert agent.wait_exit() == 0, agent.stderr()[-2000:]
    parked = letters(weir, directory=directory)
    have = set((directory / "out.log").read_text().splitlines()) | set(messages(parked))
    assert have == {line(k) for k in range(60)}, (call, n)
    assert set(messages(parked)) == {line(k) for k in range(0, 60, 7)}
    return died


@pytest.mark.parametrize("call", ["pwrite64", "fdatasync", "fsync", "mkdir,mkdirat", "fallocate", "openat"])
def test_kills_at_each_call(weir, plugins, call):
    if not shutil.which("strace"):
        pytest.skip("no strace here")
    if call == "openat":  # most are of loading the program
        for n in range(60, 130, 7):
            die_at(weir, plugins, call, n)
        return
    n = 1
    while die_at(weir, plugins, call, n):
        n += 1


@pytest.mark.limit(240)
def test_kills_while_parking(weir, plugins):
    """A record is with the sink or in the dead letters, whenever the agent dies; repeats have the same ids."""
    agent = weir.make(config(plugins, each=True))
    total = 0
    for kill in range(8):
        write_lines(weir, total, 2000)
        total += 2000
        agent.start(ready=False)
        time.sleep(SLOWNESS * (0.02 + 0.03 * kill))
        agent.kill9()
    agent.start()
    agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["held"] == 0 and
                   status["pipelines"][0]["inputs"][0]["lag_bytes"] == 0 and total - 1 in
                   {int(text.split()[1]) for text in delivered(weir)[-2000:]}, limit=60, what="all to be settled")
    parked = letters(weir)
    have = set(delivered(weir)) | set(messages(parked))
    assert have == {line(n) for n in range(total)}
    ids = {}
    for letter in parked:
        assert BAD in letter["record"]["message"]
        assert ids.setdefault(letter["record"]["message"], letter["record"]["record_id"]) == letter["record"]["record_id"]
