# SPDX-License-Identifier: Apache-2.0
"""What the input `generate` makes, told apart from anything else: numbered lines of one length."""
import re
from pathlib import Path

LINE = re.compile(rb"seq=(\d{12}) [A-Za-z0-9 ]*")


def input_of(count, size=100, rate=0, **more):
    return {"type": "generate", "count": count, "size": f"{size}B", "rate": rate, **more}


def numbers(path, size=100):
    """The numbers of the lines in a file, in their order. Each line must be whole."""
    found = []
    data = Path(path).read_bytes()
    assert data == b"" or data.endswith(b"\n"), f"{path} ends within a line: {data[-200:]}"
    for line in data.split(b"\n")[:-1]:
        match = LINE.fullmatch(line)
        assert match and len(line) == size, f"{path} has a line that nobody made: {line[:300]}"
        found.append(int(match[1]))
    return found


def assert_each_once(path, count, size=100):
    found = numbers(path, size)
    assert found == list(range(count)), f"{len(found)} lines, {len(set(found))} different, of {count}"


def assert_none_missing(found, count):
    missing = set(range(count)) - set(found)
    assert not missing, f"{len(missing)} of {count} are missing: {sorted(missing)[:10]} ..."
