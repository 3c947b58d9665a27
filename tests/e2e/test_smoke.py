# SPDX-License-Identifier: Apache-2.0
"""The main job in one breath: a file's lines become records and lines again, now and after a restart."""
import pytest

pytestmark = pytest.mark.threads

CONFIG = """
pipelines:
  app:
    inputs:
      - {type: tail, paths: ["${DIR}/in.log"]}
    outputs:
      - {type: file, path: "${DIR}/out.log", codec: text}
"""


def test_lines_arrive(weir):
    source, out = weir.dir / "in.log", weir.dir / "out.log"
    source.write_text("one\ntwo\n")
    agent = weir(CONFIG)
    agent.wait_records(2)
    with source.open("a") as file:
        file.write("three\n")
    agent.wait_records(3)
    assert out.read_text() == "one\ntwo\nthree\n"
    agent.check_memory()


def test_a_restart_goes_on_where_the_last_run_ended(weir):
    source, out = weir.dir / "in.log", weir.dir / "out.log"
    source.write_text("one\n")
    agent = weir(CONFIG)
    agent.wait_records(1)
    agent.stop()
    with source.open("a") as file:
        file.write("two\n")
    agent.start()
    agent.wait_records(1)
    assert out.read_text() == "one\ntwo\n"


def test_once_ends_at_the_end_of_input(weir):
    (weir.dir / "in.log").write_text("one\ntwo")
    weir.once(CONFIG)
    assert (weir.dir / "out.log").read_text() == "one\ntwo\n"
