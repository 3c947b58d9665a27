# SPDX-License-Identifier: Apache-2.0
"""Configurations that are wrong, or made to harm: each is refused in a moment, with its place, and nothing is started. What may be
written in odd ways means what it says."""
import os
import subprocess
import time

import pytest

from harness.wait import SLOWNESS

INPUTS = "inputs: [{type: stdin}]"
PLAIN = f"pipelines:\n  app:\n    {INPUTS}\n    outputs: [{{type: 'null'}}]\n"


def bomb():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    return "\n".join(lines + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]) + "\n"


def with_filter(option):
    return f"pipelines:\n  app:\n    {INPUTS}\n    filters:\n      - {{{option}}}\n    outputs: [{{type: 'null'}}]\n"


def with_memory(size):
    return f"service:\n  memory_limit: {size}\n" + PLAIN


def refused(weir, text, said):
    """`run` says what `validate` says: FILE:LINE:COL: error: ..., exit status 2."""
    path = weir.dir / "weir.yaml"
    path.write_text(text)
    began = time.monotonic()
    done = weir.cli("validate", "-c", "weir.yaml")
    assert done.returncode == 2, (done.stdout, done.stderr)
    assert time.monotonic() - began < 2 * SLOWNESS
    first = done.stderr.splitlines()[0]
    assert first.startswith(("weir.yaml:", 'error: "weir.yaml" ')) and "error: " in first, first
    assert said.lower() in done.stderr.lower(), done.stderr
    run = weir.cli("run", "-c", "weir.yaml", stdin=subprocess.DEVNULL)
    assert run.returncode == 2 and run.stderr.splitlines()[0] == first
    assert sorted(os.listdir(weir.dir)) == ["weir.yaml"]


def test_cfg_01_aliases_that_multiply(weir):
    for text, said in [
        (bomb(), "alias"),
    ]:
        refused(weir, text, said)


def test_cfg_02_too_deep_or_too_long(weir):
    for text, said in [
        ("{" * 100000, "key"),
        ("a: [" * 50000, "deep"),
        ("#" * (2 << 20), "longer than 1024 KiB"),
    ]:
        refused(weir, text, said)


def test_cfg_03_the_same_key_twice(weir):
    for text, said in [
        (PLAIN + "pipelines: {}\n", "pipelines"),
        (PLAIN.replace(INPUTS, INPUTS + f"\n    {INPUTS}"), "inputs"),
    ]:
        refused(weir, text, said)


def test_cfg_04_words_that_are_no_option(weir):
    for text, said in [
        (PLAIN.replace("outputs", "ouputs"), 'did you mean "outputs"'),
        (PLAIN.replace("stdin", "stdni"), 'did you mean "stdin"'),
    ]:
        refused(weir, text, said)


def test_cfg_05_odd_forms_of_yaml(weir):
    for text, said in [
        ("\ufeff" + PLAIN + "---\n" + PLAIN, "document"),
        (PLAIN.replace("    inputs", "\tinputs"), "tab"),
        (PLAIN.replace("type: stdin", "type: 0x1F"), "0x1F"),
    ]:
        refused(weir, text, said)


def test_cfg_06_includes_that_cannot_be(weir):
    for text, said in [
        ("include: weir.yaml\n" + PLAIN, "include"),
        ("include: nowhere/x.yaml\n" + PLAIN, "nowhere"),
    ]:
        refused(weir, text, said)


def test_cfg_07_a_variable_that_is_not_set(weir):
    for text, said in [
        (PLAIN.replace("stdin", "'${NOT_SET_ANYWHERE}'"), "NOT_SET_ANYWHERE"),
    ]:
        refused(weir, text, said)


def test_cfg_11_sizes_and_times_out_of_range(weir):
    for text, said in [
        (with_memory("99999999TiB"), "99999999TiB"),
        (with_memory("-1MiB"), "-1MiB"),
        ("service:\n  shutdown_timeout: -1s\n" + PLAIN, "-1s"),
    ]:
        refused(weir, text, said)


def test_cfg_16_patterns_that_cannot_be(weir):
    for text, said in [
        (with_filter("type: parse, format: regex, pattern: '(?<a>[z-a])'"), "pattern"),
        (with_filter("type: parse, format: regex, pattern: '((((a'"), "pattern"),
        (with_filter("type: parse, format: regex, pattern: '" + "(a|b){1,60000}" * 200 + "'"), "pattern"),
    ]:
        refused(weir, text, said)


def test_cfg_07_what_a_variable_holds_is_a_value_and_never_yaml(weir):
    """It may look like any of YAML's syntax: it is the text of one field."""
    hostile = "a: b\n- {c: [d, &e *f]} # g\t${NOT_SET} \"'"
    agent = weir.once({"pipelines": {"app": {
        "inputs": [{"type": "generate", "count": 1}],
        "filters": [{"type": "context", "fields": {"value": "${HOSTILE}"}, "host": False}],
        "outputs": [{"type": "file", "path": "${DIR}/out.log", "codec": {"type": "text", "template": "$${value}"}}]}}},
        env={"HOSTILE": hostile})
    assert (agent.dir / "out.log").read_text() == hostile.replace("\n", "\\n") + "\n"


def test_cfg_13_validate_needs_no_privileges(weir):
    """The same verdict for nobody, who may read the file and nothing else."""
    if os.geteuid() != 0:
        pytest.skip("is nobody already")
    good, bad = weir.dir / "good.yaml", weir.dir / "bad.yaml"
    good.write_text("service: {data_dir: /root/weir-data, admin: {listen: \"unix:/root/weir.sock\"}}\n" + PLAIN)
    bad.write_text(PLAIN.replace("stdin", "stdni"))
    for path in (good, bad):
        with open(path) as file:
            # The test's directory is closed to others: the text comes by standard input.
            nobody = subprocess.run([str(weir.binary), "validate", "-c", "/dev/stdin"], stdin=file, capture_output=True,
                                    text=True, user=65534, group=65534, extra_groups=[], cwd="/")
        own = weir.cli("validate", "-c", path)
        assert nobody.returncode == own.returncode == (0 if path == good else 2), nobody.stderr
        assert nobody.stderr.replace("/dev/stdin", str(path)) == own.stderr
