# SPDX-License-Identifier: Apache-2.0
"""weir, for the benchmark that runs log agents side by side: one pipeline, defaults everywhere, positions on."""
import json

from adaptors.base import Agent

ACCESS = (r'^(?<host>[^ ]*) [^ ]* (?<user>[^ ]*) \[(?<time>[^\]]*)\] "(?<method>\S+) (?<path>[^ "]*) [^"]*" '
          r'(?<code>[^ ]*) (?<size>[^ ]*) "(?<referer>[^"]*)" "(?<agent>[^"]*)"$')


class Weir(Agent):
    name = "weir"
    program = "weir"
    version_args = ["version"]

    def command(self, job):
        kind, where = job.source
        if kind not in ("file", "files"):
            return "no input for that yet"
        if job.sink[0] not in ("file", "http", "kafka", "null"):
            return "no output for that yet"
        filters = {
            "raw": [],
            "json": [{"type": "parse", "format": "json"}],
            "access": [{"type": "parse", "format": "regex", "pattern": ACCESS}],
        }[job.parse]
        if job.add:
            filters.append({"type": "context", "host": False, "fields": job.add})
        output = {"type": "null"}
        if job.sink[0] == "kafka":  # ("kafka", "HOST:PORT,...", topic)
            output = {"type": "kafka", "brokers": job.sink[1].split(","), "topic": job.sink[2],
                      "codec": "text" if job.parse == "raw" else "json"}
        if job.sink[0] == "file":
            output = {"type": "file", "path": str(job.sink[1]), "codec": "text" if job.parse == "raw" else "json"}
        elif job.sink[0] == "http":
            output = {"type": "http", "url": f"http://127.0.0.1:{job.sink[1]}/", "codec": "json"}
        config = {
            "service": {"data_dir": str(job.work / "data"), "admin": {"listen": "off"}, "messages": {"level": "warn"}},
            "pipelines": {"bench": {"inputs": [{"type": "tail", "paths": [where]}], "filters": filters, "outputs": [output]}},
        }
        return [self.binary(), "run", "-c", self.write(job, "weir.yaml", json.dumps(config, indent=2))]


AGENTS = [Weir()]
