# SPDX-License-Identifier: Apache-2.0
"""Memory stays within its limit where records grow most: the shortest JSON lines, parsed, with many fields added, in front of
a sink that stalls or is slow; and inputs that share a small buffer all get their part of it."""
import time

import pytest

from harness.agent import MIB
from harness.ledger import plugin_of
from harness.pipes import StalledPipe
from harness.wait import wait_until

pytestmark = pytest.mark.unsanitized  # their memory is not ours

FILTERS = [{"type": "parse", "format": "json"}, {"type": "context", "fields": {f"field{i}": f"value {i}" for i in range(20)}}]
MANY_MEMBERS = "{" + ",".join(f'"{chr(65 + i // 26)}{chr(97 + i % 26)}":0' for i in range(120)) + "}"


def pipeline(line, memory, delay):
    return {"inputs": [{"type": "generate", "rate": 0, "size": f"{len(line)}B", "template": line}],
            "buffer": {"memory": memory}, "filters": FILTERS, "outputs": [{"type": "null", "delay": delay}]}


@pytest.mark.parametrize("line", ['{"a":1}', "{}", MANY_MEMBERS], ids=["one member", "no member", "many members"])
@pytest.mark.parametrize("delay", ["1h", "2ms"], ids=["stalled", "slow"])
def test_records_that_grow(weir, line, delay):
    agent = weir({"pipelines": {"p": pipeline(line, "16MiB", delay)}},
                 service={"memory_limit": "24MiB", "shutdown_timeout": "100ms"})
    agent.wait_for(lambda status: plugin_of(status["pipelines"][0], "generate")["state"] == "blocked", what="the input to wait")
    end = time.monotonic() + 1
    while time.monotonic() < end:
        used = agent.pipeline()["buffer"]["memory_used_bytes"]
        assert used <= (16 + 4) * MIB, f"{used / MIB:.1f} MiB of 16"
        time.sleep(0.02)
    agent.check_memory()


def test_several_pipelines_with_small_buffers(weir):
    agent = weir({"pipelines": {f"p{i}": pipeline('{"a":1}', "2MiB", "2ms") for i in range(6)}},
                 service={"memory_limit": "20MiB", "shutdown_timeout": "100ms"})
    time.sleep(2)
    status = agent.status()
    assert all(one["ledger"]["delivered"] > 0 for one in status["pipelines"])
    agent.check_memory()


def test_inputs_that_share_a_buffer(weir):
    """Lines of a file arrive although another input takes all the memory that there is, as fast as it can."""
    flood = {"type": "generate", "rate": 0, "size": "100B"}
    lines = {"type": "tail", "paths": ["${DIR}/in.log"]}
    for name in "in.log", "out.log":
        (weir.dir / name).touch()
    agent = weir({"pipelines": {"p": {
        "inputs": [flood, lines], "buffer": {"memory": "1MiB"},
        "outputs": [{"type": "null", "delay": "5ms"}, {"type": "file", "path": "${DIR}/out.log", "codec": "text", "when": 'message =~ "^line"'}]}}},
        service={"shutdown_timeout": "100ms"})
    for count in range(1, 21):
        with (weir.dir / "in.log").open("a") as file:
            file.write(f"line {count}\n")
        agent.wait_for(lambda status: (weir.dir / "out.log").read_text().count("\n") == count, limit=2, what=f"line {count}")


def test_a_buffer_that_drains(weir):
    """What waits for a stalled sink fills the buffer with data, whatever the size of the pieces it came in; when the sink goes
    on, the memory goes back, also while new lines keep coming."""
    pipe = StalledPipe(weir.dir / "out.log")
    agent = weir({"pipelines": {"p": {
        "inputs": [{"type": "generate", "rate": 20000, "size": "1000B"}], "buffer": {"memory": "40MiB"},
        "outputs": [{"type": "stdout", "codec": "text"}, {"type": "null"}]}}},
        service={"memory_limit": "64MiB", "shutdown_timeout": "100ms"}, stdout=pipe.writer)
    status = agent.wait_for(lambda status: plugin_of(status["pipelines"][0], "generate")["state"] == "blocked", what="the input to wait")
    assert status["pipelines"][0]["ledger"]["held"] * 1001 > 24 * MIB
    assert agent.memory()[0] > 24 * MIB
    pipe.drain()
    wait_until(lambda: agent.memory()[0] < 16 * MIB, limit=10, what="the memory to go back")
    assert plugin_of(agent.pipeline(), "generate")["state"] == "reading"
    agent.check_memory()
    agent.stop()
    pipe.close()
