# SPDX-License-Identifier: Apache-2.0
"""Conditions: which records a filter touches, which outputs get which records, and that each is counted once."""
import json

LEVELS = ["debug", "info", "warn", "error"]


def corpus(path, count):
    """`count` JSON lines that go round the levels; every tenth is not JSON."""
    lines = []
    for i in range(count):
        level = LEVELS[i % 4]
        lines.append(f"plain line {i}" if i % 10 == 9 else json.dumps({"n": i, "level": level, "size": i % 7}))
    path.write_text("".join(line + "\n" for line in lines))
    return lines


def numbers(path):
    """The `n` of each line, in order; of a line that is not JSON, the text."""
    found = []
    for line in path.read_text().splitlines():
        record = json.loads(line)
        found.append(record["n"] if "n" in record else int(record["message"].split()[-1]))
    return found


def test_rng_10_each_output_gets_what_its_condition_says(weir):
    corpus(weir.dir / "in.log", 4000)
    agent = weir('''
        pipelines:
          app:
            inputs: [{type: tail, paths: ["${DIR}/in.log"]}]
            filters: [{type: parse, format: json}]
            outputs:
              - {type: file, id: errors, path: "${DIR}/errors", codec: json, when: 'level == "error" or level == "warn"'}
              - {type: file, id: large, path: "${DIR}/large", codec: json, when: 'size > 3'}
    ''')
    agent.wait_records(4000)
    is_json = [i for i in range(4000) if i % 10 != 9]
    errors = [i for i in is_json if i % 4 >= 2]
    large = [i for i in is_json if i % 7 > 3]
    assert numbers(weir.dir / "errors") == errors
    assert numbers(weir.dir / "large") == large
    ledger = agent.ledger()
    taken = len(set(errors) | set(large))
    assert ledger["delivered"] == taken
    assert ledger["filtered"]["route"] == 4000 - taken
    outputs = {output["id"]: output["records"] for output in agent.pipeline()["outputs"]}
    assert outputs == {"errors": len(errors), "large": len(large)}


def test_one_output_without_a_condition_takes_all(weir):
    lines = corpus(weir.dir / "in.log", 1000)
    agent = weir('''
        pipelines:
          app:
            inputs: [{type: tail, paths: ["${DIR}/in.log"]}]
            outputs:
              - {type: file, id: all, path: "${DIR}/all", codec: text}
              - {type: file, id: plain, path: "${DIR}/plain", codec: text, when: 'message =~ "^plain"'}
    ''')
    agent.wait_records(1000)
    assert (weir.dir / "all").read_text().splitlines() == lines
    assert (weir.dir / "plain").read_text().splitlines() == [line for line in lines if line.startswith("plain")]
    assert agent.ledger()["filtered"]["route"] == 0


def test_a_filters_condition_leaves_the_others_alone(weir):
    corpus(weir.dir / "in.log", 2000)
    agent = weir('''
        pipelines:
          app:
            inputs: [{type: tail, paths: ["${DIR}/in.log"]}]
            filters:
              - {type: parse, format: json}
              - {type: context, host: false, fields: {bad: true}, when: 'level == "error"'}
              - {type: grep, field: level, exclude: "debug", when: 'size < 3'}
            outputs: [{type: file, path: "${DIR}/out", codec: json}]
    ''')
    agent.wait_records(2000)
    kept = [i for i in range(2000) if i % 10 == 9 or not (i % 4 == 0 and i % 7 < 3)]
    assert numbers(weir.dir / "out") == kept
    for line in (weir.dir / "out").read_text().splitlines():
        record = json.loads(line)
        assert record.get("bad", False) is (record.get("level") == "error"), line
    assert agent.ledger()["filtered"]["grep"] == 2000 - len(kept)


def test_rng_09_a_position_moves_though_everything_is_dropped(weir):
    corpus(weir.dir / "in.log", 3000)
    agent = weir('''
        pipelines:
          app:
            inputs: [{type: tail, paths: ["${DIR}/in.log"]}]
            filters: [{type: grep, include: "no line has this"}]
            outputs: [{type: file, path: "${DIR}/out", codec: text}]
    ''')
    agent.wait_records(3000)
    assert agent.ledger()["filtered"]["grep"] == 3000
    agent.restart()
    with open(weir.dir / "in.log", "a") as log:
        log.write("this one: no line has this\n")
    agent.wait_records(1)
    assert (weir.dir / "out").read_text() == "this one: no line has this\n"
    assert agent.ledger()["read"] == 1
