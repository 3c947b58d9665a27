# SPDX-License-Identifier: Apache-2.0
"""Layers: a file includes only from its own layer and from those to its left. Plugins see the public headers and their own
folder; the public headers see each other."""
import re

import pytest
from sources import ROOT, text, tracked

LAYERS = ["base", "config", "record", "net", "buffer", "pipeline", "agent", "admin", "cli"]
INCLUDE = re.compile(r'^\s*#\s*include\s+(?:"([^"]+)"|<(weir/[^>]+)>)', re.M)


def includes(path):
    return [(quoted, public) for quoted, public in INCLUDE.findall(text(path))]


def wrong_in_src(path):
    layer = path.parts[1]
    for quoted, _ in includes(path):
        target = quoted.split("/")[0] if "/" in quoted else layer
        if quoted and (target not in LAYERS or LAYERS.index(target) > LAYERS.index(layer)):
            yield quoted


def wrong_in_plugin(path):
    own = ROOT.joinpath(*path.parts[:3])
    for quoted, _ in includes(path):
        if quoted and not any((base / quoted).is_file() for base in (own, (ROOT / path).parent)):
            yield quoted


def wrong_in_public(path):
    for quoted, public in includes(path):
        if quoted or not (ROOT / "include" / public).is_file():
            yield quoted or public


@pytest.mark.parametrize("folder, wrong", [
    ("src", wrong_in_src), ("plugins", wrong_in_plugin), ("include", wrong_in_public),
])
def test_no_include_points_upwards(folder, wrong):
    found = [f"{path} includes {target}" for path in tracked(".c", ".h") if path.parts[0] == folder
             for target in wrong(path)]
    assert not found, "\n".join(found)


def test_every_folder_of_src_is_a_layer():
    folders = {path.parts[1] for path in tracked(".c", ".h") if path.parts[0] == "src"}
    assert folders <= set(LAYERS)
