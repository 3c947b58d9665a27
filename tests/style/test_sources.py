# SPDX-License-Identifier: Apache-2.0
"""What a machine can see of a source file's manners."""
import os
import re
import subprocess

import pytest
from sources import ROOT, text, tracked

CODE = (".c", ".h", ".py", ".sh")
# What is left out has no maximum, no error, no thread safety, or a global of its own.
BANNED = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|gets|strtok|atoi|atol|atoll|localtime|gmtime|asctime|ctime|"
                    r"rand|srand|tmpnam|mktemp|alloca|system)\s*\(")
COMMENT_OR_TEXT = re.compile(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', re.S)


def test_the_licence_is_named_first():
    missing = [str(path) for path in tracked(*CODE)
               if not any("SPDX-License-Identifier: Apache-2.0" in line for line in text(path).splitlines()[:2])]
    assert not missing, missing


def test_clang_format_changes_nothing():
    files = [path for path in tracked(".c", ".h")]
    done = subprocess.run(["clang-format-14", "--dry-run", "-Werror", *map(str, files)], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:4000]


def test_no_banned_call():
    found = []
    for path in tracked(".c", ".h"):
        if path.parts[0] == "tests":
            continue
        code = COMMENT_OR_TEXT.sub(lambda match: "\n" * match.group().count("\n"), text(path))
        for number, line in enumerate(code.splitlines(), 1):
            if BANNED.search(line):
                found.append(f"{path}:{number}: {line.strip()}")
    assert not found, "\n".join(found)


def test_no_trailing_space_and_one_newline_at_the_end():
    found = []
    for path in tracked(*CODE, "meson.build", ".md", ".yaml", ".service"):
        whole = text(path)
        if whole and (not whole.endswith("\n") or whole.endswith("\n\n")):
            found.append(f"{path}: end of file")
        found += [f"{path}:{number}: space at the end" for number, line in enumerate(whole.splitlines(), 1)
                  if line != line.rstrip()]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("script", ["packaging/quickstart.sh", "packaging/install-deps.sh", "tests/run.sh", "tests/long.sh", ".ci/run"])
def test_scripts_can_be_run(script):
    assert os.access(ROOT / script, os.X_OK)
    assert subprocess.run(["bash", "-n", script], cwd=ROOT).returncode == 0
