# SPDX-License-Identifier: Apache-2.0
"""A codec that does not take every record (picky.c): whatever the output, it alone goes to the dead letters, with the codec's reason."""
import pytest

from harness.http_sink import HttpSink
from harness.rejecting import config, letters, line, messages, plugins, write_lines  # noqa: F401

COUNT = 3000
GOOD = [line(n) for n in range(COUNT) if n % 7]


def run(weir, plugins, output):
    bad = write_lines(weir, 0, COUNT)
    with open(weir.dir / "stdout.log", "wb") as out:
        agent = weir.once(config(plugins, outputs=[{"codec": "picky", **output}]), stdout=out)
    found = letters(weir)
    assert sorted(messages(found)) == bad
    assert all(letter["answer"].startswith(f"refused: {letter['record']['message']}") for letter in found), found[0]
    return agent


def test_by_stdout(weir, plugins):
    run(weir, plugins, {"type": "stdout"})
    assert (weir.dir / "stdout.log").read_text().splitlines() == GOOD


@pytest.mark.parametrize("how", [{"path": "${DIR}/out.log"}, {"path": "${DIR}/${none:-out}.log"}, {"path": "${DIR}/out.log", "fsync": "50ms"}],
                         ids=["one", "many", "fsync"])
def test_by_file(weir, plugins, how):
    how = {**how, "path": how["path"].replace("${none", "$${none")}
    run(weir, plugins, {"type": "file", **how})
    assert (weir.dir / "out.log").read_text().splitlines() == GOOD


def test_by_http(weir, plugins):
    sink = HttpSink(lambda request: 200)
    try:
        run(weir, plugins, {"type": "http", "url": sink.url, "batch": {"max_records": 100, "linger": "0s"}})
        assert [text for request in sink.requests for text in request.body.decode().splitlines()] == GOOD
    finally:
        sink.stop()


def test_by_loki(weir, plugins):
    """Where the codec writes a part of a request's entry."""
    sink = HttpSink(lambda request: 204)
    try:
        run(weir, plugins, {"type": "loki", "url": sink.url})
    finally:
        sink.stop()


def test_by_kafka(weir, plugins, mock):
    run(weir, plugins, {"type": "kafka", "brokers": [mock.brokers], "topic": "logs", "key": "k"})
    assert [message.value.decode() for message in mock.read("logs")] == GOOD
