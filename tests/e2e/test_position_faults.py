# SPDX-License-Identifier: Apache-2.0
"""Positions: two who read one file, an input or a pipeline under another name, a disk that cannot keep them, a data directory
that came from somewhere else."""
import json
import os
import shutil

import pytest

from harness import disks
from harness.following import Following, config, metric, numbered, stored_positions, told, wait_metric
from harness.preload import HOUR, Shared, clock_steps  # noqa: F401 (a fixture)
from harness.wait import wait_until


def copies(*inputs, name="app"):
    return {"pipelines": {name: {
        "inputs": [{"type": "tail", "paths": ["${DIR}/in.log"], **options} for options in inputs],
        "outputs": [{"type": "file", "path": "${DIR}/out/lines", "codec": {"type": "json", "record_id_key": "id"}}]}}}


def records(following):
    return [json.loads(line) for line in following.lines()]


def test_ckp_11_two_inputs_on_one_file(weir):
    """Each has its own position and its own record ids."""
    following = Following(weir)
    agent = weir(copies({"id": "first"}, {"id": "second"}))
    following.append("in.log", "one", "two")
    agent.wait_records(4)
    agent.write_config(copies({"id": "second"}))
    agent.restart()
    following.append("in.log", "three")
    agent.wait_records(1)
    agent.write_config(copies({"id": "first"}, {"id": "second"}))
    agent.restart()
    agent.wait_records(1)
    found = [record["message"] for record in records(following)]
    assert sorted(found) == sorted(["one", "two"] * 2 + ["three"] * 2)
    assert len({record["id"] for record in records(following)}) == len(found)


def test_ckp_09_a_position_belongs_to_pipeline_and_input(weir):
    """Under another name the file is new, and is read from its beginning; under the old one it goes on."""
    following = Following(weir)
    agent = weir(copies({}))
    following.append("in.log", "one")
    agent.wait_records(1)
    agent.write_config(copies({}, name="other"))
    agent.restart()
    agent.wait_records(1)
    agent.write_config(copies({}))
    agent.restart()
    following.append("in.log", "two")
    agent.wait_records(1)
    assert [record["message"] for record in records(following)] == ["one", "one", "two"]


def test_ckp_09_a_file_under_another_name_keeps_its_position(weir):
    """The position is the file's, whatever pattern it is found by."""
    following = Following(weir)
    agent = weir(config("in.log"))
    following.append("in.log", "one")
    following.wait(["one"])
    agent.stop()
    os.rename(weir.dir / "in.log", weir.dir / "moved.log")
    agent.write_config(config("moved.*"))
    agent.start()
    following.append("moved.log", "two")
    following.wait_in_order(["one", "two"])


def test_ckp_07_positions_of_files_that_are_gone_go_too(weir):
    """Once all of a deleted file is delivered; a file that gets its name, or its number, is new."""
    following = Following(weir)
    agent = weir(config("*.log", rotate_wait="100ms"))
    expected = []
    for turn in range(5):
        lines = numbered(f"turn {turn}", 0, 3)
        expected += lines
        following.append("a.log", *lines)
        following.wait(expected)
        os.unlink(weir.dir / "a.log")
    following.append("kept.log", "kept")
    wait_until(lambda: stored_positions(agent) == [5], what="the other positions to be forgotten")
    agent.restart()
    following.append("kept.log", "more")
    following.wait(expected + ["kept", "more"])


@pytest.mark.unsanitized
def test_ckp_07_positions_of_a_directory_that_stays_away_go_after_a_day(weir, clock_steps):
    """It might have come back."""
    following = Following(weir)
    offset = Shared(weir.dir / "offset", 1)
    (weir.dir / "tree").mkdir()
    agent = weir(config("tree/*.log", poll_interval="200ms", rotate_wait="100ms"),
                 env={"LD_PRELOAD": str(clock_steps), "CLOCK_STEPS": str(weir.dir / "offset")})
    following.append("tree/a.log", "one")
    following.wait(["one"])
    agent.stop()
    os.rename(weir.dir / "tree", weir.dir / "away")
    agent.start()
    scans = metric(agent, "weir_tail_scans_total")
    offset[0] = 23 * HOUR
    wait_metric(agent, "weir_tail_scans_total", scans + 2)
    assert stored_positions(agent) == [4]
    offset[0] = 25 * HOUR
    wait_until(lambda: stored_positions(agent) == [], what="the position to be forgotten")


@pytest.fixture
def full_disk(weir):
    """A data directory on a file system without room."""
    with disks.small_disk(weir.dir / "data", "size=64k,mode=700") as directory:
        disks.fill(directory / "ballast")
        yield directory / "ballast"


def test_ckp_04_no_room_for_positions(weir, full_disk):
    """Delivery goes on from memory; the age of what is kept is told; when there is room it is kept."""
    following = Following(weir)
    agent = weir(config("in.log"))
    agent.allow_errors("positions")
    following.append("in.log", *numbered("line", 0, 1000))
    following.wait(numbered("line", 0, 1000))
    wait_until(lambda: metric(agent, "weir_positions_errors_total") > 0, what="the failure to be counted")
    wait_until(lambda: metric(agent, "weir_positions_unsynced_seconds") > 0, what="the age of what is kept")
    assert [message for message in told(agent, "positions") if message["level"] in ("warn", "error")]
    full_disk.unlink()
    wait_until(lambda: metric(agent, "weir_positions_unsynced_seconds") == 0, what="positions to be kept")
    agent.kill9()
    agent.start()
    following.append("in.log", "more")
    wait_until(lambda: following.lines()[-1] == "more", what="the next line")
    assert following.lines() == [*numbered("line", 0, 1000), "more"]


def test_ckp_03_garbage_in_the_place_of_positions(weir):
    """It is kept aside, told, and everything is read from the beginning: never from the end."""
    following = Following(weir)
    agent = weir(config("in.log"))
    following.append("in.log", "one", "two")
    following.wait(["one", "two"])
    agent.stop()
    (agent.data_dir / "positions").write_bytes(b"garbage" * 3000)
    agent.allow_errors("positions")
    agent.start()
    following.wait(["one", "two"] * 2)
    assert (agent.data_dir / "quarantine" / "positions.1").read_bytes() == b"garbage" * 3000
    assert told(agent, "quarantine")


def test_ckp_12_an_older_copy_of_the_data_directory(weir):
    """A snapshot is put back: what was sent since is sent again, nothing is skipped."""
    following = Following(weir)
    agent = weir(config("in.log"))
    following.append("in.log", "one")
    following.wait(["one"])
    agent.stop()
    shutil.copytree(agent.data_dir, weir.dir / "snapshot")
    agent.start()
    following.append("in.log", "two")
    following.wait(["one", "two"])
    agent.stop()
    shutil.rmtree(agent.data_dir)
    shutil.copytree(weir.dir / "snapshot", agent.data_dir)
    agent.start()
    following.append("in.log", "three")
    following.wait_in_order(["one", "two", "two", "three"])


@pytest.mark.parametrize("fault", ["rm", "chmod", "replace"])
def test_ckp_04_the_data_directory_vanishes_while_it_runs(weir, fault):
    """Its descriptors are open already: delivery goes on, a stop is clean."""
    following = Following(weir)
    agent = weir(config("in.log"))
    agent.allow_errors("positions")
    following.append("in.log", "one")
    following.wait(["one"])
    if fault == "rm":
        shutil.rmtree(agent.data_dir)
    elif fault == "chmod":
        agent.data_dir.chmod(0)
    else:
        agent.data_dir.rename(weir.dir / "moved")
        agent.data_dir.write_text("not a directory")
    following.append("in.log", "two")
    following.wait(["one", "two"])
    agent.stop()
    if fault == "chmod":
        agent.data_dir.chmod(0o700)
