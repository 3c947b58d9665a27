# SPDX-License-Identifier: Apache-2.0
"""Splitting any input at any byte gives the same records as reading it whole: files read a few bytes at a time, files that
grow byte by byte, and standard input in pieces."""
import json
import os
import subprocess
import time

import pytest

from harness import numbered

# Lines that are easy to cut wrongly: empty, CR LF, UTF-8 of every length, no UTF-8 at all, NUL, a long one, no last newline.
SAMPLE = ("one\n\n\ntwo\r\n\r\n\u00e9\u20ac\U0001f600 three\n".encode() + b"\xff\xfe\x80\n\x00\x00\n" + b"x" * 5000 + b"\n"
          + b'{"a":"\\u00e9\\n","b":[1,{"c":null}]}\n' + b"the last one")


def tail_config(paths="${DIR}/in.log"):
    return {"pipelines": {"app": {
        "inputs": [{"type": "tail", "paths": [paths]}],
        "outputs": [{"type": "file", "path": "${DIR}/out.log", "codec": {"type": "json", "record_id_key": "id"}}]}}}


STDIN = """
pipelines:
  app:
    inputs: [{type: stdin}]
    outputs: [{type: file, path: "${DIR}/out.log", codec: json}]
"""


def records(path, keys=("message", "id")):
    """What came out, without what differs from run to run."""
    found = [json.loads(line) for line in path.read_text().splitlines()]
    return [[record.get(key) for key in keys] for record in found]


@pytest.fixture(scope="session")
def short_reads(tmp_path_factory):
    """The library that makes reads short."""
    library = tmp_path_factory.mktemp("preload") / "short_reads.so"
    source = os.path.join(os.path.dirname(__file__), "short_reads.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-D_GNU_SOURCE", "-o", library, source], check=True)
    return library


@pytest.fixture
def whole(weir):
    """The sample read in one go."""
    directory = weir.dir / "whole"
    directory.mkdir()
    (directory / "in.log").write_bytes(SAMPLE)
    weir.once(tail_config(), directory=directory)
    found = records(directory / "out.log")
    assert len(found) == SAMPLE.count(b"\n") + 1
    return found


@pytest.mark.unsanitized
@pytest.mark.parametrize("most", [1, 2, 3, 7, 4095])
def test_short_reads_of_a_file(weir, whole, short_reads, most):
    (weir.dir / "in.log").write_bytes(SAMPLE)
    source = str(weir.dir / "in.log")
    env = {"LD_PRELOAD": str(short_reads), "SHORT_READS_DIR": source, "SHORT_READS_MAX": str(most)}
    weir.once(tail_config(), env=env)
    found = records(weir.dir / "out.log")
    assert [message for message, _ in found] == [message for message, _ in whole]
    assert len({record_id for _, record_id in found}) == len(found)


@pytest.mark.unsanitized
def test_short_reads_of_rotated_files(weir, short_reads):
    writer = numbered.Writer(weir.dir / "in.log", rate=0, count=3000, rotate=1000).wait()
    env = {"LD_PRELOAD": str(short_reads), "SHORT_READS_DIR": str(weir.dir / "in.log"), "SHORT_READS_MAX": "13"}
    weir.once(tail_config("${DIR}/in.log*"), env=env)
    writer.check(weir.dir / "out.log", read=numbered.read_message).assert_complete()


def test_a_file_that_grows_byte_by_byte(weir, whole):
    source, out = weir.dir / "in.log", weir.dir / "out.log"
    source.touch()
    agent = weir(tail_config())
    with open(source, "ab", buffering=0) as file:
        for i in range(len(SAMPLE)):
            file.write(SAMPLE[i:i + 1])
            if i % 20 == 0 and i < 400:
                time.sleep(0.002)
    agent.wait_records(SAMPLE.count(b"\n"))
    agent.stop()
    # The last line has no newline yet: it is a line only once nobody can add to it.
    assert [message for message, _ in records(out)] == [message for message, _ in whole[:-1]]
    with open(source, "ab") as file:
        file.write(b"\n")
    agent.start()
    agent.wait_records(1)
    assert [message for message, _ in records(out)] == [message for message, _ in whole]


@pytest.mark.parametrize("size", [1, 3, 4096])
def test_standard_input_in_pieces(weir, whole, size):
    reader, writer = os.pipe2(os.O_CLOEXEC)
    agent = weir.make(STDIN, args=["--once"])
    agent.start(ready=False, stdin=reader)
    os.close(reader)
    for at in range(0, len(SAMPLE), size):
        os.write(writer, SAMPLE[at:at + size])
        if at % 50 == 0:
            time.sleep(0.001)
    os.close(writer)
    assert agent.wait_exit() == 0
    assert records(weir.dir / "out.log", ["message"]) == [[message] for message, _ in whole]
