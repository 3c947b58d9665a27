# SPDX-License-Identifier: Apache-2.0
"""Documents: what they point to is there."""
import re

from sources import ROOT, text, tracked

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.M)


def anchors(path):
    """The names that headings go by in links, as the common forges make them."""
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in HEADING.findall(text(path))}


def test_links_between_documents_lead_somewhere():
    broken = []
    for path in tracked(".md"):
        for link in LINK.findall(text(path)):
            if re.match(r"[a-z]+:", link):
                continue
            target, _, anchor = link.partition("#")
            file = (ROOT / path).parent / target if target else ROOT / path
            if not file.exists():
                broken.append(f"{path}: {link}")
            elif anchor and anchor not in anchors(file.resolve().relative_to(ROOT)):
                broken.append(f"{path}: {link}: no such heading")
    assert not broken, "\n".join(broken)


def test_the_readme_names_the_two_commands():
    readme = text("README.md")
    first, second = readme.index("./packaging/quickstart.sh"), readme.index("./tests/run.sh")
    assert first < second
