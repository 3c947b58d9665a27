# SPDX-License-Identifier: Apache-2.0
"""An OpenTelemetry Collector that takes logs over OTLP, by HTTP, and writes them to a file. It outlives its process: stop(), then
start() again."""
import base64
import json
import urllib.request

from .go_program import go_program
from .local_server import LocalServer
from .nginx import free_port

CONFIG = """
receivers: {{otlp: {{protocols: {{http: {{endpoint: "127.0.0.1:{port}", max_request_body_size: {body_max}}}}}}}}}
exporters: {{file: {{path: "{out}", append: true, flush_interval: 100ms}}}}
service:
  telemetry: {{metrics: {{level: none}}, logs: {{level: warn}}}}
  pipelines: {{logs: {{receivers: [otlp], exporters: [file]}}}}
"""


class Collector(LocalServer):
    def __init__(self, directory, body_max=20 << 20):
        self.program = go_program("collector")
        self.dir, self.out, self.port = directory, directory / "out.json", free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (directory / "config.yaml").write_text(CONFIG.format(port=self.port, out=self.out, body_max=body_max))

    def start(self):
        empty = urllib.request.Request(f"{self.url}/v1/logs", b"{}", {"Content-Type": "application/json"})
        super().start([self.program, "--config", f"file:{self.dir}/config.yaml"], self.dir, empty)

    def records(self):
        """Of all requests, after a stop, which is when it has written all: dicts as OTLP has them in JSON, each with the attributes of
        its resource as `resource` and plain values."""
        self.stop()
        found = []
        for line in self.out.read_text().split("\n")[:-1]:
            for logs in json.loads(line)["resourceLogs"]:
                resource = attributes_of(logs["resource"].get("attributes", []))
                for scope in logs["scopeLogs"]:
                    assert scope["scope"]["name"] == "weir" and scope["scope"]["version"]
                    found += [{**record, "resource": resource, "body": value_of(record.get("body", {})),
                               "attributes": attributes_of(record.get("attributes", []))} for record in scope["logRecords"]]
        return found


def value_of(value):
    if not value:
        return None
    ((kind, held),) = value.items()
    return {"stringValue": lambda: held, "boolValue": lambda: held, "intValue": lambda: int(held), "doubleValue": lambda: float(held),
            "arrayValue": lambda: [value_of(each) for each in held.get("values", [])], "bytesValue": lambda: base64.b64decode(held),
            "kvlistValue": lambda: attributes_of(held.get("values", []))}[kind]()


def attributes_of(pairs):
    found = {pair["key"]: value_of(pair["value"]) for pair in pairs}
    assert len(found) == len(pairs), "a name twice"
    return found
