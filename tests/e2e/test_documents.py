# SPDX-License-Identifier: Apache-2.0
"""Every configuration in the documents and in conf/ is one: it is validated, and where the document shows what goes in and
what comes out, it is run.

In a document a configuration is a block ```yaml. Blocks ```log PATH show what is in a file before, blocks ```out PATH what is in
one afterwards; they belong to the nearest configuration: the `log` blocks before it, the `out` blocks that follow."""
import json
import re
from pathlib import Path

import pytest

from harness.http_sink import HttpSink

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(yaml|log|out)(?: (\S+))?\n(.*?)^```$", re.M | re.S)


class Example:
    def __init__(self, document):
        self.document = document
        self.config, self.inputs, self.outputs = None, [], []


def examples_of(document):
    """The configurations of a document with what belongs to them."""
    found, example = [], Example(document)
    for kind, path, text in BLOCK.findall((ROOT / document).read_text()):
        if kind == "out":
            example.outputs.append((path, text))
            continue
        if example.config:
            found.append(example)
            example = Example(document)
        if kind == "yaml":
            example.config = text
        else:
            example.inputs.append((path, text))
    return [example for example in [*found, example] if example.config]


DOCUMENTS = ["README.md", *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("**/*.md"))]
EXAMPLES = [example for document in DOCUMENTS for example in examples_of(document)]
# The one with Kafka is run by test_kafka.py.
CONFIGS = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "conf").glob("**/*.yaml") if path.name != "kafka.yaml")


def moved(text, directory):
    """The same with the system's directories below `directory`."""
    text = re.sub(r"(?<![\w/])/(var|run|etc|srv|tmp)/", rf"{directory}/\1/", text)
    return text.replace("${LOG_DIR}", f"{directory}/var/log/app").replace("${STATE_DIR}", f"{directory}/var/log/archive")


def place(directory, path, text=""):
    path = Path(moved(path, directory))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def prepare(directory):
    for path in ("/var/log/app", "/var/log/archive", "/var/log/nginx", "/var/log/weir", "/var/lib/weir", "/run/weir"):
        Path(moved(path + "/", directory)).mkdir(parents=True, exist_ok=True)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.document)
def test_examples_in_documents(weir, example):
    prepare(weir.dir)
    config = weir.dir / "example.yaml"
    config.write_text(moved(example.config, weir.dir))
    weir.cli("validate", "-c", config, check=True)
    if not example.outputs:
        return
    for path, text in example.inputs:
        place(weir.dir, path, text)
    weir.once(config.read_text())
    for path, text in example.outputs:
        assert Path(moved(path, weir.dir)).read_text() == text


@pytest.fixture
def services():
    """A server in the place of https://logs.example.net, and the requests that it gets."""
    sink = HttpSink()
    yield f"http://127.0.0.1:{sink.port}", sink.requests
    sink.stop()


@pytest.mark.parametrize("name", CONFIGS)
def test_configurations_in_conf(weir, name, services):
    """Runs it over the samples; what comes out is complete, whatever it is."""
    service, posted = services
    prepare(weir.dir)
    samples = ROOT / "conf/examples/sample"
    for sample, where in (("app.log", "/var/log/app/app.log"), ("access.log", "/var/log/nginx/access.log"),
                          ("access.log", "/var/log/app/access.log")):
        place(weir.dir, where, (samples / sample).read_text())
    config = weir.dir / "example.yaml"
    config.write_text(moved((ROOT / name).read_text(), weir.dir).replace("https://logs.example.net", service))
    weir.cli("validate", "-c", config, check=True)
    weir.cli("explain", "-c", config, check=True)
    with open(samples / "app.log", "rb") as stdin, open(weir.dir / "stdout", "wb") as stdout:
        weir.once(config.read_text(), stdin=stdin, stdout=stdout)
    archive = Path(moved("/var/log/archive/", weir.dir))
    written = [path for path in [*archive.glob("**/*"), weir.dir / "stdout"] if path.is_file() and path.stat().st_size]
    assert written or posted, "nothing came out"


def test_the_quickstart_says_what_it_does(weir):
    """The main job, exactly: what packaging/quickstart.sh shows."""
    prepare(weir.dir)
    samples = ROOT / "conf/examples/sample"
    for sample in ("app.log", "access.log"):
        place(weir.dir, f"/var/log/app/{sample}", (samples / sample).read_text())
    weir.once(moved((ROOT / "conf/examples/quickstart.yaml").read_text(), weir.dir))
    archive = Path(moved("/var/log/archive/", weir.dir))
    app = [json.loads(line) for line in (archive / "app.json").read_text().splitlines()]
    assert len(app) == 6
    assert app[1]["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"
    assert app[3]["msg"] == "payment refused" and app[3]["env"] == "demo" and app[3]["host.name"]
    assert app[4]["message"].startswith("Traceback")
    web = [json.loads(line) for line in (archive / "access.json").read_text().splitlines()]
    assert [record["url.path"] for record in web] == ["/cart", "/pay", "/nowhere"]
    assert web[0]["time"] == "2026-03-02T08:15:09Z"
