# SPDX-License-Identifier: Apache-2.0
"""ClickHouse, on a free port of loopback, in a directory of its own: Debian's server (18.16), and the engine of today."""
import json
import shutil
import sys
import urllib.error
import urllib.request
from pathlib import Path

from .fetched import python_packages
from .local_server import LocalServer
from .nginx import free_port

CONFIG = """<yandex>
  <logger><level>warning</level><console>1</console></logger>
  <http_port>{port}</http_port><tcp_port>{tcp}</tcp_port><listen_host>127.0.0.1</listen_host>
  <path>{dir}/data/</path><tmp_path>{dir}/tmp/</tmp_path><format_schema_path>{dir}/schema/</format_schema_path>
  <users_config>users.xml</users_config><default_profile>default</default_profile><default_database>default</default_database>
  <mark_cache_size>5368709</mark_cache_size><uncompressed_cache_size>1048576</uncompressed_cache_size>
  <max_concurrent_queries>20</max_concurrent_queries>
</yandex>"""
USERS = """<yandex>
  <profiles><default/></profiles>
  <users><default><password></password><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users>
  <quotas><default><interval><duration>3600</duration><queries>0</queries><errors>0</errors><result_rows>0</result_rows>
    <read_rows>0</read_rows><execution_time>0</execution_time></interval></default></quotas>
</yandex>"""


class ClickHouse(LocalServer):
    def __init__(self, directory):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        (directory / "config.xml").write_text(CONFIG.format(port=self.port, tcp=free_port(), dir=directory))
        (directory / "users.xml").write_text(USERS)
        self.start([self.program(), f"--config-file={directory}/config.xml"], directory, f"{self.url}/ping")

    @staticmethod
    def program():
        """The server's path, or None where it is not installed."""
        return shutil.which("clickhouse-server")

    def query(self, text):
        """The answer's rows, of FORMAT JSONEachRow; text otherwise."""
        try:
            answer = urllib.request.urlopen(self.url, data=text.encode(), timeout=20).read().decode()
        except urllib.error.HTTPError as error:
            raise AssertionError(error.read().decode()) from None
        return [json.loads(line) for line in answer.splitlines()] if "JSONEachRow" in text else answer


class CurrentClickHouse(ClickHouse):
    """chdb, behind chdb_server.py; Unavailable where it cannot be fetched."""

    def __init__(self, directory):
        packages = python_packages("chdb-26.9", "chdb==4.4.0", "chdb-core==26.9.0", options=["--no-deps"])
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        program = Path(__file__).with_name("chdb_server.py")
        self.start([sys.executable, str(program), str(packages), str(self.port), str(directory)], directory, f"{self.url}/ping")
