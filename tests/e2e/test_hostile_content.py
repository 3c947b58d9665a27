# SPDX-License-Identifier: Apache-2.0
"""Content that somebody else chose: it stays one record, costs what its bytes cost, names no metric, and gives no orders to a
terminal."""
import json
import os
import time

import pytest

from harness.agent import MIB, SANITIZED
from harness.following import Following, config, told
from harness.wait import SLOWNESS, wait_until

FORGED = 'first\n{"level":"error","message":"forged"}\r\n2025-01-01T00:00:00Z error forged\u2028\x85\x0b\x0c\0 \x1b[2J'


def pipeline(*outputs, filters=({"type": "parse", "format": "json"},), **options):
    return {"pipelines": {"app": {
        "inputs": [{"type": "tail", "paths": ["${DIR}/in*.log"], **options}],
        "filters": list(filters), "outputs": list(outputs)}}}


CODECS = {
    "json": "json",
    "json-source": {"type": "json", "source": True},
    "text": "text",
    "text-template": {"type": "text", "template": "$${message} $${user} $${nested}"},
    "logfmt": "logfmt",
}


def test_sec_02_one_record_stays_one_line_in_every_codec(weir):
    """Newlines in values and in names, decoded from JSON, and in the path of the source."""
    outputs = [{"type": "file", "path": "${DIR}/" + f"out-{name}", "codec": codec, "id": name}
               for name, codec in CODECS.items()]
    records = [{"message": FORGED, "user": FORGED}, {FORGED: 1, "message": "x"}, {"nested": {"a": [FORGED, {FORGED: FORGED}]}},
               {"message": "\n"}, {"user": "\n\n\n"}, {"message": "\r", "\n": "\n"}]
    # Once as short escapes and once as \u00XX, which are the same to a reader of JSON.
    lines = [json.dumps(record) for record in records]
    lines += [line.replace("\\n", "\\u000a").replace("\\r", "\\u000D") for line in lines]
    (weir.dir / "in\n{\"message\":\"forged\"}\n.log").write_text("".join(line + "\n" for line in lines))
    agent = weir(pipeline(*outputs))
    agent.wait_records(len(lines))
    for name in CODECS:
        out = (weir.dir / f"out-{name}").read_bytes()
        assert out.count(b"\n") == len(lines), (name, out)
        if name.startswith("json"):
            back = [json.loads(line) for line in out.splitlines()]
            for got, sent in zip(back, records + records):
                assert {key: got[key] for key in sent} == sent


@pytest.mark.parametrize("keys", [5000, 60000])
def test_sec_08_an_object_of_very_many_keys(weir, keys):
    """It costs what its bytes cost, and is there, whole, behind its neighbours."""
    line = json.dumps({f"key{i * 7919 % keys}": i for i in range(keys)}, separators=(",", ":"))
    assert len(line) < MIB
    with open(weir.dir / "in.log", "w") as source:
        for i in range(5):
            source.write(f'{{"n":{i}}}\n{line}\n')
    agent = weir(pipeline({"type": "file", "path": "${DIR}/out.log", "codec": "json"},
                          filters=[{"type": "parse", "format": "json"}, {"type": "context", "fields": {"env": "x"}}]))
    began = time.monotonic()
    agent.wait_records(10)
    assert time.monotonic() - began < 4 * SLOWNESS
    for i, got in enumerate((weir.dir / "out.log").read_text().splitlines()):
        record = json.loads(got)
        assert record.get("message") == line or (record["n"] == i // 2 if i % 2 == 0 else record["key0"] == 0)
    agent.check_memory()


def test_sec_13_no_metric_is_named_by_content(weir):
    agent = weir(pipeline({"type": "file", "path": "${DIR}/out/$${user}.log", "codec": "json"}))
    with open(weir.dir / "in.log", "w") as source:
        source.write('{"user":"first","level":"info"}\n')
    agent.wait_records(1)
    before = sorted((name, sorted(labels.items())) for name, labels, _ in agent.metrics().samples)
    with open(weir.dir / "in.log", "a") as source:
        for i in range(300):
            source.write(json.dumps({"user": f"user{i}", "level": f"level{i}", f"field{i}": i}) + "\nno json {i}\n")
    agent.wait_records(601)
    after = sorted((name, sorted(labels.items())) for name, labels, _ in agent.metrics().samples)
    assert after == before


def test_sec_14_names_and_values_give_no_orders_to_a_terminal(weir):
    """Files whose names hold escape sequences, shown by every command and in the agent's own words."""
    name = "in-\x1b]0;owned\x07\x1b[2J\r\n.log"
    agent = weir(pipeline({"type": "file", "path": "${DIR}/out.log", "codec": "text"}),
                 service={"messages": {"level": "debug", "format": "text"}})
    (weir.dir / name).write_text("no json \x1b[31m\n")
    os.mkfifo(weir.dir / name.replace("in-", "in-fifo"))
    agent.wait_records(1)
    (weir.dir / name).rename(weir.dir / ("gone" + name))
    (weir.dir / ("gone" + name)).unlink()
    shown = weir.cli("status", "--admin", agent.admin, check=True).stdout
    shown += weir.cli("explain", "-c", agent.config_path, check=True, env=agent.env).stdout
    agent.stop()
    shown += weir.cli("positions", "ls", "--data-dir", agent.data_dir, check=True).stdout
    for text in (shown, agent.stderr()):
        assert "\x1b" not in text and "\x07" not in text and "\r" not in text


def test_sec_05_nobody_else_can_read_what_is_kept(weir):
    """Whatever the umask of who starts it."""
    following = Following(weir)
    agent = weir(config("in.log"), wrapper=["sh", "-c", 'umask 0; exec "$0" "$@"'])
    following.append("in.log", "one")
    following.wait(["one"])
    for path in [agent.data_dir, *agent.data_dir.rglob("*")]:
        assert path.lstat().st_mode & 0o077 == 0, (path, oct(path.lstat().st_mode))
    assert agent.socket.lstat().st_mode & 0o007 == 0


# ---- sizes ---------------------------------------------------------------------------------------------------------------


def test_rng_03_a_line_of_twenty_mebibytes(weir):
    """It is cut at max_line, and what follows is intact."""
    following = Following(weir)
    agent = weir(config("in.log"), service={"memory_limit": "24MiB"})
    with open(weir.dir / "in.log", "wb") as source:
        source.write(b"before\n" + b"x" * (20 * MIB) + b"\nafter\n")
    wait_until(lambda: following.lines()[-1:] == ["after"], what="the line after it")
    lines = following.lines()
    assert len(lines) == 3 and lines[0] == "before"
    assert MIB - 64 <= len(lines[1]) <= MIB and set(lines[1]) == {"x"}
    agent.check_memory()


def test_rng_03_a_record_larger_than_an_output_takes(weir):
    """It grows beyond the limit when it is escaped: given up, counted and told, alone."""
    agent = weir({"pipelines": {"app": {
        "inputs": [{"type": "tail", "paths": ["${DIR}/in.log"], "max_line": "4MiB"}],
        "buffer": {"memory": "24MiB"},
        "outputs": [{"type": "file", "path": "${DIR}/out.log", "codec": "json"}]}}}, service={"memory_limit": "64MiB"})
    with open(weir.dir / "in.log", "wb") as source:
        source.write(b"one\ntwo\n" + b"\x01" * (3 * MIB) + b"\nthree\n" + b"\x02" * (2 * MIB) + b"\nfour\n")
    agent.wait_records(6)
    messages = [json.loads(line)["message"] for line in (weir.dir / "out.log").read_text().splitlines()]
    assert messages == ["one", "two", "three", "four"]
    assert agent.ledger()["dead_lettered"] == 2
    assert told(agent, "larger than 8 MiB")
    agent.check_memory()


@pytest.mark.parametrize("filters", [[], [{"type": "parse", "format": "json"}]])
def test_rng_12_lines_of_one_byte(weir, filters):
    """What a record costs beside its bytes is bounded too."""
    count = 1500000 if not filters else 300000
    (weir.dir / "in.log").write_bytes(b"1\n" * count)
    agent = weir(pipeline({"type": "file", "path": "${DIR}/out.log", "codec": "text"}, filters=filters),
                 service={"memory_limit": "24MiB"})
    agent.wait_records(count, limit=30)
    agent.check_memory()
    assert (weir.dir / "out.log").read_bytes() == b"1\n" * count


def test_rng_12_two_hundred_pipelines(weir):
    """Each costs its threads and little memory; all run within seconds."""
    pipelines = {f"p{i}": {"inputs": [{"type": "tail", "paths": ["${DIR}/" + f"in-{i}.log"]}],
                           "buffer": {"memory": "1MiB"},
                           "outputs": [{"type": "file", "path": "${DIR}/" + f"out-{i}.log", "codec": "text"}]}
                 for i in range(200)}
    began = time.monotonic()
    agent = weir({"pipelines": pipelines}, service={"memory_limit": "256MiB"})
    assert time.monotonic() - began < 4 * SLOWNESS
    idle = agent.memory()[0]
    for i in range(200):
        (weir.dir / f"in-{i}.log").write_text(f"hello {i}\n")
    agent.wait_for(lambda status: all(p["ledger"]["delivered"] == 1 for p in status["pipelines"]), what="200 lines")
    assert all((weir.dir / f"out-{i}.log").read_text() == f"hello {i}\n" for i in range(200))
    agent.check_memory()
    assert SANITIZED or idle < 64 * MIB
