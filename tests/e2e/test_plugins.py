# SPDX-License-Identifier: Apache-2.0
"""Plugins out of tree: the example of docs/plugin-guide.md, built against an installed weir and nothing else."""
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

EXAMPLE = "docs/example-plugin"


def run(*command, **how):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, **how)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """The environment in which pkg-config finds a weir that is installed below a directory."""
    from conftest import BINARY  # its build directory is what gets installed
    build = BINARY.parents[2]
    if not (build / "build.ninja").exists():
        pytest.skip("the binary under test has no build directory to install from")
    root = tmp_path_factory.mktemp("installed")
    run("meson", "install", "-C", build, "--no-rebuild", "--destdir", root)
    (pc,) = root.glob("**/weir.pc")
    return {**os.environ, "PKG_CONFIG_SYSROOT_DIR": str(root), "PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_LIBDIR": ""}


@pytest.fixture
def example(weir, installed):
    """A directory in which the example is built."""
    folder = weir.dir / "example"
    shutil.copytree(weir.root / EXAMPLE, folder)
    run("make", "-C", folder, "clean", env=installed)
    run("make", "-C", folder, "CFLAGS=-O2 -Wall -Wextra -Werror", env=installed)
    return folder


def test_the_example_is_built_loaded_and_run(weir, example):
    listed = weir.cli("plugins", "--plugin-path", example, check=True).stdout
    assert re.search(r"^filter/shorten +Cuts .*shorten\.so *$", listed, re.M)
    assert "\n  max: whole number" in weir.cli("plugins", "--plugin-path", example, "filter/shorten", check=True).stdout
    env = {**os.environ, "PLUGIN_DIR": str(example), "STATE_DIR": str(weir.dir / "data")}
    given = "short\na line that is much too long\nfünfzehn Zeichen äöü und mehr\n"
    done = weir.cli("run", "--once", "-c", example / "weir.yaml", input=given, env=env, check=True)
    assert [json.loads(line)["message"] for line in done.stdout.splitlines()] == [
        "short", "a line that is mu...", "fünfzehn Zeichen..."]
    assert 'error' not in done.stderr


def test_pkg_config_knows_the_abi(weir, installed):
    version = json.loads(weir.cli("version", "--json", check=True).stdout)
    assert run("pkg-config", "--variable=abi", "weir", env=installed).strip() == str(version["plugin_abi"])
    assert run("pkg-config", "--modversion", "weir", env=installed).strip() == version["version"]


def test_the_guide_shows_what_the_example_prints(weir, example):
    env = {**os.environ, "PLUGIN_DIR": str(example), "STATE_DIR": str(weir.dir / "data")}
    done = weir.cli("run", "--once", "-c", example / "weir.yaml", input="a line that is much too long\n", env=env, check=True)
    guide = (weir.root / "docs/plugin-guide.md").read_text()
    assert f"```text\n{done.stdout}```" in guide
    source = "".join((weir.root / path).read_text() for path in (f"{EXAMPLE}/shorten.c", "docs/example-service/example.c"))
    for block in re.findall(r"```c\n(.*?)```", guide, re.S):
        assert block in source, block


def test_its_mistakes_have_places(weir, example):
    config = weir.dir / "weir.yaml"
    config.write_text((example / "weir.yaml").read_text().replace("max: 20", "max: 2"))
    done = weir.cli("validate", "-c", config, env={**os.environ, "PLUGIN_DIR": str(example)})
    assert done.returncode == 2
    assert re.search(rf'^{config}:\d+:\d+: error: .*"mark".*the mark is longer', done.stderr, re.M)


def test_cfg_14_what_cannot_be_loaded_is_named_and_placed(weir, example):
    config = weir.dir / "weir.yaml"
    shutil.copy(example / "weir.yaml", config)
    (example / "other.so").write_bytes((example / "shorten.so").read_bytes())
    env = {**os.environ, "PLUGIN_DIR": str(example)}
    for command in ("validate", "explain", "run"):
        done = weir.cli(command, "-c", config, env=env)
        assert done.returncode == 2
        assert re.search(rf'^{config}:5:\d+: error: .*shorten\.so: .*"shorten".*other\.so', done.stderr, re.M), done.stderr
    (example / "other.so").write_bytes(b"not a plugin")
    done = weir.cli("validate", "-c", config, env=env)
    assert done.returncode == 2
    assert "other.so" in done.stderr and "unknown filter" not in done.stderr
    done = weir.cli("validate", "-c", config, env={**os.environ, "PLUGIN_DIR": str(Path("/nonexistent"))})
    assert done.returncode == 2
    assert "cannot read the directory /nonexistent" in done.stderr
