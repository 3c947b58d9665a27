# SPDX-License-Identifier: Apache-2.0
"""The files that the style tests look at: everything in the tree but what builds and runs leave there."""
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LEFT_OUT = ("build", "bench-work", "__pycache__", ".git", ".pytest_cache")


def tracked(*suffixes):
    """Paths from the root, of files that end so."""
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if not name.startswith(LEFT_OUT))
        found += [Path(folder, name).relative_to(ROOT) for name in sorted(names) if name.endswith(suffixes)]
    return found


def text(path):
    return (ROOT / path).read_text()
