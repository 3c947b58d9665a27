# SPDX-License-Identifier: Apache-2.0
"""Filters in the agent: what goes into a file, and what comes out as JSON lines."""
import json
import platform
import subprocess

import pytest

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
BARE = {"type": "json", "time_key": ""}
ACCESS = ('203.0.113.9 - frank [10/Oct/2000:13:55:36 -0700] "GET /a?x=1 HTTP/1.1" 200 2326 "https://a.example/" '
          '"curl/8.5.0"')


def config(filters, codec=BARE):
    return {"pipelines": {"app": {
        "inputs": [{"type": "tail", "paths": ["${DIR}/in.log"]}],
        "filters": filters,
        "outputs": [{"type": "file", "path": "${DIR}/out.log", "codec": codec}]}}}


def run(weir, filters, lines, **how):
    """The text that comes out when these lines, texts or bytes, go in."""
    (weir.dir / "in.log").write_bytes(b"".join(
        (line if isinstance(line, bytes) else line.encode()) + b"\n" for line in lines))
    weir.once(config(filters, **how))
    return (weir.dir / "out.log").read_text()


def records(weir, filters, lines, **how):
    return [json.loads(line) for line in run(weir, filters, lines, **how).splitlines()]


def test_json_passes_through_as_it_was(weir):
    lines = ['{"a":1, "b":{"c":[1,2]},"d":"\\u00e9"}', '{"z":null}', '{}']
    assert run(weir, [{"type": "parse", "format": "json"}], lines) == "\n".join(lines) + "\n"


def test_what_is_no_json_is_kept_as_it_was(weir):
    bad = [b"plain", b'{"a":1', b"[1]", b"", b'{"a":"\xff"}', b"\x00\x01", b'{"a":1}x']
    parse = {"type": "parse", "format": "json"}
    got = records(weir, [parse], bad + [b'{"a":1}'])
    assert got == [{"message": text} for text in
                   ["plain", '{"a":1', "[1]", "", '{"a":"\ufffd"}', "\x00\x01", '{"a":1}x']] + [{"a": 1}]


def test_bad_lines_are_counted_and_told(weir):
    agent = weir.make(config([{"type": "parse", "format": "json", "on_error": "drop"}]))
    (weir.dir / "in.log").write_text('{"a":1}\nx\ny\n{"a":2}\n')
    agent.start()
    agent.wait_records(4)
    assert (weir.dir / "out.log").read_text() == '{"a":1}\n{"a":2}\n'
    assert agent.ledger()["filtered"]["parse"] == 2
    metrics = agent.metrics()
    assert metrics.value("weir_parse_errors_total", plugin="parse") == 2
    assert metrics.value("weir_filtered_records_total", plugin="parse") == 2
    told = [message for message in agent.messages() if "not of the format" in json.dumps(message)]
    assert len(told) == 1 and "in.log" in json.dumps(told)


def test_a_later_name_counts_and_none_comes_twice(weir):
    parse = {"type": "parse", "format": "json"}
    assert run(weir, [parse], ['{"a":1,"b":2,"\\u0061":3}']) == '{"a":3,"b":2}\n'


def test_time_and_severity(weir):
    parse = {"type": "parse", "format": "json", "severity": "level", "time": {"field": "ts", "keep": False}}
    got = records(weir, [parse], ['{"ts":"2026-03-01T01:00:00.25+01:00","level":"warning"}', '{"ts":"?","level":"?"}'],
                  codec="json")
    assert got[0]["time"] == "2026-03-01T00:00:00.250Z"
    assert got[0]["level"] == "warning" and got[0]["severity"] == "WARN" and "ts" not in got[0]
    assert got[1]["ts"] == "?" and "severity" not in got[1]


def test_a_pattern_makes_fields_with_types(weir):
    parse = {"type": "parse", "format": "regex", "types": {"code": "int"},
             "pattern": r'^(?<host>\S+) (?<code>\S+)(?: "(?<text>[^"]*)")?'}
    assert records(weir, [parse], ['a 200 "x\\y"', "b 007", "c", b"\xff 1"]) == [
        {"host": "a", "code": 200, "text": "x\\y"}, {"host": "b", "code": "007"}, {"message": "c"},
        {"host": "\ufffd", "code": 1}]


def test_an_access_log(weir):
    got = records(weir, [{"type": "parse", "format": "apache_combined"}], [ACCESS], codec="json")
    assert got == [{
        "client.address": "203.0.113.9", "user.name": "frank", "http.request.method": "GET", "url.path": "/a",
        "url.query": "x=1", "network.protocol.version": "1.1", "http.response.status_code": 200,
        "http.response.body.size": 2326, "http.request.header.referer": "https://a.example/",
        "user_agent.original": "curl/8.5.0", "time": "2000-10-10T20:55:36Z"}]


def test_json_within_json(weir):
    filters = [{"type": "parse", "format": "json"}, {"type": "parse", "format": "json", "field": "log"}]
    assert records(weir, filters, ['{"log":"{\\"a\\":\\"\\\\u00e9\\"}","stream":"stdout"}', '{"log":"x"}']) == [
        {"a": "é", "stream": "stdout"}, {"log": "x"}]


@pytest.mark.limit(60)
def test_flt_01_a_hostile_text_costs_little(weir):
    parse = {"type": "parse", "format": "regex", "pattern": r"^(?<all>(\w+\s?)+)$"}
    hostile = ["w" * 40 + "!"] * 200 + ["w" * 100000 + "!"] * 3
    agent = weir.make(config([parse]))
    (weir.dir / "in.log").write_text("\n".join(["fine", *hostile]) + "\n")
    agent.start()
    agent.wait_records(len(hostile) + 1)
    got = [json.loads(line) for line in (weir.dir / "out.log").read_text().splitlines()]
    assert got == [{"all": "fine"}, *({"message": text} for text in hostile)]
    assert agent.metrics().value("weir_parse_gave_up_total", plugin="parse") == len(hostile)


def test_context_is_added_where_it_is_missing(weir):
    context = {"type": "context", "fields": {"env": "prod", "n": 7, "q": "7"}, "os": True, "agent": True}
    bare, own = records(weir, [{"type": "parse", "format": "json"}, context], ['{"a":1}', '{"env":"dev"}'])
    assert bare["env"] == "prod" and bare["n"] == 7 and bare["q"] == "7"
    assert bare["host.name"] == platform.node() and bare["os.type"] == "linux"
    assert bare["agent.type"] == "weir" and len(bare["agent.id"]) == 36
    assert own["env"] == "dev" and own["n"] == 7
    assert list(own)[0] == "env"


def test_trace_context_is_found(weir):
    filters = [{"type": "parse", "format": "json"}, {"type": "trace", "text": True}]
    got = records(weir, filters, [
        json.dumps({"traceparent": f"00-{TRACE}-{SPAN}-01"}),
        json.dumps({"traceId": TRACE}),
        json.dumps({"traceparent": f"00-{TRACE.upper()}-{SPAN}-01"}),
        f"GET / trace_id={TRACE} span_id={SPAN}",
    ])
    assert [(record.get("trace_id"), record.get("span_id")) for record in got] == [
        (TRACE, SPAN), (TRACE, None), (None, None), (TRACE, SPAN)]


def test_minted_ids_are_the_same_when_read_again(weir):
    filters = [{"type": "trace", "mint": True}]
    first = records(weir, filters, ["a", "b"])
    (weir.dir / "out.log").unlink()
    (weir.dir / "data" / "positions").unlink()
    again = records(weir, filters, ["a", "b"])
    assert again == first and len({record["trace_id"] for record in first}) == 2


def test_grep_drops_and_is_accounted(weir):
    agent = weir.make(config([{"type": "grep", "include": ["a", "b"], "exclude": "ab"}]))
    (weir.dir / "in.log").write_text("a\nb\nc\nab\n\n")
    agent.start()
    agent.wait_records(5)
    assert (weir.dir / "out.log").read_text() == '{"message":"a"}\n{"message":"b"}\n'
    assert agent.ledger()["filtered"]["grep"] == 3
    # What was dropped is done: its position is committed like any other.
    agent.stop()
    agent.start()
    with (weir.dir / "in.log").open("a") as file:
        file.write("a2\n")
    agent.wait_records(1)
    assert (weir.dir / "out.log").read_text().splitlines()[2:] == ['{"message":"a2"}']


def test_grep_leaves_lines_as_they_are(weir):
    lines = [b"keep \xff", b"drop", b"keep\x00"]
    (weir.dir / "in.log").write_bytes(b"\n".join(lines) + b"\n")
    weir.once(config([{"type": "grep", "exclude": "^drop"}], codec="text"))
    assert (weir.dir / "out.log").read_bytes() == b"keep \xff\nkeep\x00\n"


def test_when_chooses_the_records_of_a_filter(weir):
    filters = [
        {"type": "parse", "format": "json", "when": 'message =~ "^{"'},
        {"type": "context", "host": False, "fields": {"alert": True}, "when": "status >= 500"},
        {"type": "grep", "exclude": ".", "when": 'message =~ "^#"'},
    ]
    assert run(weir, filters, ['{"status":503}', '{"status":200}', "x", "# comment"]) == (
        '{"status":503,"alert":true}\n{"status":200}\n{"message":"x"}\n')


def test_a_line_that_was_cut_says_so(weir):
    made = config([{"type": "parse", "format": "logfmt"}])
    made["pipelines"]["app"]["inputs"][0]["max_line"] = "1KiB"
    (weir.dir / "in.log").write_text("a=1\nb=" + "x" * 5000 + "\n" + "c=3\n")
    weir.once(made)
    got = [json.loads(line) for line in (weir.dir / "out.log").read_text().splitlines()]
    assert got[0] == {"a": "1"} and got[2] == {"c": "3"}
    assert set(got[1]) == {"b", "weir.truncated"} and got[1]["weir.truncated"] is True


def test_without_machine_code_patterns_still_match(weir):
    """As under systemd's MemoryDenyWriteExecute=: said once, and slower, but the same."""
    wrapper = ["/usr/bin/python3", "-c", "import ctypes, os, sys; "
               "sys.exit(77) if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0) else os.execv(sys.argv[1], sys.argv[1:])"]
    if subprocess.run([*wrapper, "/bin/true"], check=False).returncode == 77:
        pytest.skip("the kernel has no PR_SET_MDWE")
    (weir.dir / "in.log").write_text(ACCESS + "\n")
    agent = weir.once(config([{"type": "parse", "format": "nginx"}]), wrapper=wrapper)
    assert json.loads((weir.dir / "out.log").read_text())["url.path"] == "/a"
    assert "the pattern is interpreted" in agent.stderr()
