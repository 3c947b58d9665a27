# SPDX-License-Identifier: Apache-2.0
"""An InfluxDB of Debian's (1.6), on a free port of loopback, in a directory of its own."""
import json
import shutil
import urllib.parse
import urllib.request

from .local_server import LocalServer
from .nginx import free_port

CONFIG = """reporting-disabled = true
bind-address = "127.0.0.1:{rpc}"
[meta]
  dir = "{dir}/meta"
[data]
  dir = "{dir}/data"
  wal-dir = "{dir}/wal"
  index-version = "tsi1"
[http]
  bind-address = "127.0.0.1:{port}"
  log-enabled = false
  max-body-size = 100000
[monitor]
  store-enabled = false
"""


class InfluxDB(LocalServer):
    def __init__(self, directory):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (directory / "influxd.conf").write_text(CONFIG.format(port=self.port, rpc=free_port(), dir=directory))
        self.start([self.program(), "-config", str(directory / "influxd.conf")], directory, f"{self.url}/ping")

    @staticmethod
    def program():
        """The server's path, or None where it is not installed."""
        return shutil.which("influxd")

    def query(self, text, database=""):
        """The rows of the first result: dicts, times in ns."""
        asked = urllib.parse.urlencode({"q": text, "db": database, "epoch": "ns"}).encode()
        answer = json.load(urllib.request.urlopen(f"{self.url}/query", data=asked, timeout=20))
        (result,) = answer["results"]
        assert "error" not in result, result
        return [dict(zip(series["columns"], row), **series.get("tags", {}))
                for series in result.get("series", []) for row in series["values"]]
