# SPDX-License-Identifier: Apache-2.0
"""The harness is measured by what it must notice: a checker that finds nothing proves nothing."""
import json

import pytest

from harness import numbered
from harness.admin import Metrics
from harness.ledger import check_ledgers
from harness.shares import claims


def write(path, lines):
    path.write_text("".join(f"{line}\n" for line in lines))
    return path


def test_the_writer_rotates_and_the_checker_agrees(tmp_path):
    writer = numbered.Writer(tmp_path / "log", rate=0, count=5000, rotate=2000).wait()
    assert writer.written == 5000 and writer.starts == [0, 2000, 4000]
    writer.check(tmp_path / "log.1", tmp_path / "log.2", tmp_path / "log").assert_complete()
    writer.check(tmp_path / "log", tmp_path / "log.1", tmp_path / "log.2").assert_complete()


def test_the_writer_keeps_its_rate(tmp_path):
    writer = numbered.Writer(tmp_path / "log", rate=20000, count=10000).wait()
    assert writer.check(tmp_path / "log").lines == 10000


@pytest.mark.parametrize("name, order, expect", [
    ("missing", [0, 1, 3, 4], {"missing"}),
    ("reordered", [0, 2, 1, 3, 4], {"reordered"}),
    ("repeated", [0, 1, 2, 1, 2, 3, 4], {"repeats"}),
    ("other file first", [3, 4, 0, 1, 2], set()),
])
def test_the_checker_notices(tmp_path, name, order, expect):
    out = write(tmp_path / "out", map(numbered.text_line, order))
    report = numbered.check([out], 0, 5, [0, 3])
    found = set(report.problems()) | ({"repeats"} if report.repeats else set())
    assert found == expect


@pytest.mark.parametrize("damage", [
    lambda line: line[:-1],
    lambda line: line + "x",
    lambda line: line.replace("quick", "quack"),
    lambda line: "",
    lambda line: line + line,
])
def test_the_checker_notices_one_altered_byte(tmp_path, damage):
    out = write(tmp_path / "out", [numbered.text_line(0), damage(numbered.text_line(1)), numbered.text_line(2)])
    problems = numbered.check([out], 0, 3).problems()
    assert set(problems) == {"altered", "missing"}


def test_the_checker_notices_a_torn_last_line(tmp_path):
    out = tmp_path / "out"
    out.write_text(numbered.text_line(0) + "\n" + numbered.text_line(1))
    assert set(numbered.check([out], 0, 2).problems()) == {"altered", "missing"}


def test_the_checker_compares_ids(tmp_path):
    def record(n, record_id):
        return json.dumps({"message": numbered.text_line(n), "record_id": record_id})
    out = write(tmp_path / "out", [record(0, "a"), record(1, "b"), record(0, "c"), record(2, "b"), record(1, "b")])
    report = numbered.check([out], 0, 3, read=numbered.read_message)
    assert report.other_ids == [0] and report.shared_ids == [2]
    assert [n for n, _ in report.repeats] == [0, 1]
    first, second = (offset for _, offset in report.repeats)
    assert report.repeats_between([first]) == [0, 2]
    assert report.repeats_between([first + 1, second + 1]) == [1, 1, 0]


def test_the_ledger_is_recomputed():
    ledger = {"read": 10, "recovered": 0, "replayed": 0, "added": 1, "delivered": 6, "filtered": {"grep": 2, "route": 1},
              "dropped": {"rejected": 1}, "dead_lettered": 0, "held": 1, "residue": 0}
    account = {"routed": 8, "delivered": 6, "dropped": {"rejected": 1}, "dead_lettered": 0, "held": 1, "residue": 0}

    def check(ledger, account):
        check_ledgers({"pipelines": [{"name": "app", "ledger": ledger, "outputs": [{"id": "file", "ledger": account}]}]})
    check(ledger, account)
    for wrong in ({"held": 2}, {"residue": 1}, {"dropped": {}}):
        with pytest.raises(AssertionError):
            check({**ledger, **wrong}, account)
        with pytest.raises(AssertionError):
            check(ledger, {**account, **wrong})


def test_runs_that_share_tests_do_each_once(tmp_path):
    one, other = (claims("abcdef", tmp_path) for _ in range(2))
    assert [next(one), next(other), next(other), next(one), next(one)] == list("abcde")
    assert list(other) == ["f"] and list(one) == []


def test_metrics_are_numbers():
    metrics = Metrics('# HELP x y\nweir_a_total{pipeline="p",reason="a\\"b"} 3\nweir_a_total{pipeline="q"} 4\nweir_b 1.5\n')
    assert metrics.value("weir_a_total") == 7
    assert metrics.value("weir_a_total", pipeline="p") == 3
    assert metrics.value("weir_b") == 1.5
    assert metrics.value("weir_c", default=0) == 0
    with pytest.raises(AssertionError):
        metrics.value("weir_c")
