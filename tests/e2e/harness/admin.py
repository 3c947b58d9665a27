# SPDX-License-Identifier: Apache-2.0
"""The admin endpoint, asked over its Unix socket or TCP, and its metrics as numbers."""
import http.client
import json
import re
import socket


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def connect(where, timeout=10.0):
    """A connection to "unix:PATH" or "HOST:PORT"."""
    if where.startswith("unix:"):
        return UnixConnection(where[len("unix:"):], timeout)
    host, _, port = where.rpartition(":")
    return http.client.HTTPConnection(host, int(port), timeout=timeout)


def get(where, path, headers=None, timeout=10.0):
    """(status, headers as a dict with lower-case names, body as text). OSError when nobody listens."""
    connection = connect(where, timeout)
    try:
        connection.request("GET", path, headers=headers or {})
        answer = connection.getresponse()
        body = answer.read().decode()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, body
    finally:
        connection.close()


def get_json(where, path):
    status, _, body = get(where, path)
    assert status == 200, f"GET {path}: {status}: {body}"
    return json.loads(body)


SAMPLE = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')


class Metrics:
    """One scrape. `metrics.value("weir_dropped_records_total", pipeline="app")` is the sum of the samples of that name
    that carry at least these labels; a sample that is not there is an error unless `default` is given."""

    def __init__(self, text):
        self.text = text
        self.samples = []  # (name, labels, value)
        for line in text.splitlines():
            if not line or line.startswith("#"):
                continue
            match = SAMPLE.match(line)
            assert match, f"not a Prometheus sample: {line!r}"
            labels = dict(LABEL.findall(match.group(2) or ""))
            self.samples.append((match.group(1), labels, float(match.group(3))))

    def find(self, name, **labels):
        return [(have, value) for n, have, value in self.samples
                if n == name and all(have.get(k) == v for k, v in labels.items())]

    def value(self, name, default=None, **labels):
        found = self.find(name, **labels)
        if not found:
            assert default is not None, f"no sample {name}{labels}"
            return default
        return sum(value for _, value in found)
