# SPDX-License-Identifier: Apache-2.0
"""Faults have numbers, and tests are named after them: test_lif_09_a_hanging_thread... The table in docs/internals/testing.md has
each number that has a test, once."""
import re
from pathlib import Path

from sources import text, tracked

DEFINITION = re.compile(r"(?:^def |START_TEST\()(?:test_)?((?:[a-z0-9]{3,4}_\d\d_)+)\w+", re.M)
NUMBER = re.compile(r"([a-z0-9]{3,4})_(\d\d)_")
ROW = re.compile(r"^\| ([A-Z0-9]+-\d\d) \| [^|]+ \|$", re.M)


def numbers_in_tests():
    found = set()
    for path in tracked(".py", ".c"):
        if Path("tests") in path.parents and path.name.startswith("test_"):
            for numbers in DEFINITION.findall(text(path)):
                found |= {f"{family.upper()}-{number}" for family, number in NUMBER.findall(numbers)}
    return found


def test_the_table_has_the_numbers_of_the_tests():
    rows = ROW.findall(text("docs/internals/testing.md"))
    assert rows == sorted(set(rows)), "in the order of their numbers, each once"
    tested = numbers_in_tests()
    assert tested - set(rows) == set(), "tests of faults that the table in docs/internals/testing.md lacks"
    assert set(rows) - tested == set(), "rows of that table without a test"
