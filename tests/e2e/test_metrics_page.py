# SPDX-License-Identifier: Apache-2.0
"""docs/reference/metrics.md is what an agent with every plugin exports. After a change, WEIR_WRITE_DOCS=1 writes it anew."""
import os
import re

CONFIG = """
pipelines:
  app:
    inputs:
      - {type: tail, paths: ["${DIR}/*.log"]}
      - {type: stdin}
      - {type: generate, count: 10, rate: 0}
    filters:
      - {type: parse, format: json}
      - {type: grep, include: "."}
      - {type: trace}
      - {type: context}
    outputs:
      - {type: file, path: "${DIR}/out", codec: json}
      - {type: stdout, codec: json}
      - {type: "null"}
      - {type: http, url: "http://127.0.0.1:1/", when: exists(nobody)}
      - {type: elasticsearch, url: "http://127.0.0.1:1/", when: exists(nobody)}
      - {type: loki, url: "http://127.0.0.1:1/", when: exists(nobody)}
      - {type: otlp, url: "http://127.0.0.1:1/", when: exists(nobody)}
      - {type: kafka, brokers: "127.0.0.1:1", topic: t, when: exists(nobody), codec: avro,
         schema: {registry: "http://127.0.0.1:1", subject: t-value, version: 1}}
"""

# Those that show when there is something to count.
SOMETIMES = {
    "weir_input_lost_records_total": ("counter", "pipeline, plugin, reason"),
    "weir_input_lost_bytes_total": ("counter", "pipeline, plugin, reason"),
}

HEAD = """<!-- Made from what an agent exports: see tests/e2e/test_metrics_page.py. -->
# Metrics

What `/metrics` shows, in Prometheus' text format or OpenMetrics. `pipeline` and `plugin` are names of the configuration; the `plugin` of
`weir_filtered_records_total` is also `route`, for records that no output takes. A plugin has its own metrics where it is used; those that count a
`reason` may appear with the first of its kind.

| metric | type | labels | meaning |
| --- | --- | --- | --- |
"""


def families(text):
    """name -> [type, labels, help] of an exposition."""
    found = {}
    for line in text.splitlines():
        if line.startswith("# HELP "):
            _, _, name, meaning = line.split(" ", 3)
            found[name] = ["", "", meaning]
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            found[name][0] = kind
        else:
            name, labels = re.match(r"(\w+)(?:\{(.*)\})? ", line).groups()
            name = name if name in found else re.sub(r"_(bucket|sum|count)$", "", name)
            found[name][1] = ", ".join(label for label in re.findall(r'(\w+)="', labels or "") if label != "le")
    return found


def help_in_source(root, name):
    """The text behind the name, in the call that makes the metric."""
    for path in root.glob("src/**/*.c"):
        match = re.search(rf'"{name}",\s*((?:"[^"]*"\s*)+)', path.read_text())
        if match:
            return "".join(re.findall(r'"([^"]*)"', match.group(1)))
    raise AssertionError(f"{name} is nowhere")


def test_the_page_of_metrics_is_what_an_agent_exports(weir):
    agent = weir(CONFIG, service={"memory_limit": "256MiB"})
    agent.wait_records(10)
    found = families(agent.get("/metrics")[2])
    for name, (kind, labels) in SOMETIMES.items():
        found[name] = [kind, labels, help_in_source(weir.root, name)]
    page = HEAD + "".join(f"| `{name}` | {kind} | {labels} | {meaning} |\n" for name, (kind, labels, meaning) in sorted(found.items()))
    kept = weir.root / "docs/reference/metrics.md"
    if os.environ.get("WEIR_WRITE_DOCS"):
        kept.write_text(page)
    assert kept.read_text() == page, "run this test with WEIR_WRITE_DOCS=1"
