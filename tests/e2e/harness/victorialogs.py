# SPDX-License-Identifier: Apache-2.0
"""VictoriaLogs, a store of logs that takes them by Loki's, Elasticsearch's and OpenTelemetry's interfaces and as lines of JSON. It
outlives its process: stop(), then start() again."""
import json
import urllib.parse
import urllib.request

from .go_program import go_program
from .local_server import LocalServer
from .nginx import free_port


class VictoriaLogs(LocalServer):
    def __init__(self, directory):
        self.program = go_program("victorialogs", "github.com/VictoriaMetrics/VictoriaLogs/app/victoria-logs")
        self.dir, self.port = directory, free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self):
        super().start([self.program, f"-storageDataPath={self.dir}/data", f"-httpListenAddr=127.0.0.1:{self.port}", "-retentionPeriod=100y",
                       "-inmemoryDataFlushInterval=1s", "-loki.disableMessageParsing", "-loggerLevel=ERROR", "-memory.allowedBytes=200MB"],
                      self.dir, f"{self.url}/health")

    def query(self, text="*"):
        """What has been stored, as dicts of texts; `_time` is text in RFC 3339, `_msg` the message, `_stream` the labels."""
        urllib.request.urlopen(f"{self.url}/internal/force_flush", timeout=20).read()
        asked = urllib.parse.urlencode({"query": text, "start": "1677-09-22T00:00:00Z", "end": "2262-04-10T00:00:00Z"}).encode()
        answer = urllib.request.urlopen(f"{self.url}/select/logsql/query", asked, timeout=60).read().decode()
        return [json.loads(line) for line in answer.split("\n")[:-1]]
