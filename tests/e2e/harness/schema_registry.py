# SPDX-License-Identifier: Apache-2.0
"""A schema registry with Confluent's API, as much of it as is asked for, that fails as it is told to.

    registry = SchemaRegistry()                   not started yet: its address refuses connections
    registry.put("logs-value", SCHEMA, id=42)     its next version
    registry.start(); registry.stop()             at the same address
    registry.answer = (503, {...})                to everything, until it is None again
    registry.delay = 1.0                          before each answer
    registry.requests                             (method, path, headers, body) of each
    registry.admit(token="secret")                who may ask; or user and password
    registry.incompatible = "READER_..."          what the question for compatibility is answered with

`decode(SCHEMA, message.value)` is a message's record, by Apache's Avro library."""
import base64
import io
import json
import socket
import ssl
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

import avro.io
import avro.schema


def decode(schema, value, id=42):
    """The record of a message; every byte of it belongs to it."""
    assert value[:5] == struct.pack(">bI", 0, id), value[:5]
    found = io.BytesIO(value[5:])
    record = avro.io.DatumReader(avro.schema.parse(schema)).read(avro.io.BinaryDecoder(found))
    assert not found.read(), "bytes are left"
    return record


def error(code, message):
    return code // 100, {"error_code": code, "message": message}


class SchemaRegistry:
    def __init__(self):
        with socket.socket() as reserved:
            reserved.bind(("127.0.0.1", 0))
            self.address = reserved.getsockname()
        self.url = f"http://127.0.0.1:{self.address[1]}"
        self.versions, self.requests = {}, []  # by subject: {number: (id, text)}
        self.answer, self.delay, self.who, self.incompatible = None, 0, None, None
        self.server = None

    def put(self, subject, text, id=42, version=None, **more):
        versions = self.versions.setdefault(subject, {})
        versions[version or len(versions) + 1] = (id, text, more)

    def reply(self, method, path, headers, body):
        if self.answer:
            return self.answer
        if self.who and headers.get("Authorization") not in self.who:
            return 401, {"error_code": 401, "message": "who are you?"}
        parts = [unquote(part) for part in path.split("/")[1:]]
        if parts[0] == "compatibility" and method == "POST":
            return 200, {"is_compatible": not self.incompatible, "messages": [self.incompatible] if self.incompatible else []}
        versions = self.versions.get(parts[1])
        if versions is None:
            return error(40401, f"Subject '{parts[1]}' not found.")
        if method == "POST" and len(parts) == 2:
            for version, (id, text, more) in versions.items():
                if json.loads(text) == json.loads(json.loads(body)["schema"]):
                    return 200, {"subject": parts[1], "version": version, "id": id, "schema": text, **more}
            return error(40403, "Schema not found")
        assert method == "GET" and parts[2] == "versions", path
        if int(parts[3]) not in versions:
            return error(40402, f"Version {parts[3]} not found.")
        id, text, more = versions[int(parts[3])]
        return 200, {"subject": parts[1], "version": int(parts[3]), "id": id, "schema": text, **more}

    def start(self, certificate=None):
        """`certificate`: its file and its key's, for https."""
        registry = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                registry.requests.append((self.command, self.path, dict(self.headers), body))
                time.sleep(registry.delay)
                status, answer = registry.reply(self.command, self.path, self.headers, body)
                text = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/vnd.schemaregistry.v1+json")
                self.send_header("Content-Length", str(len(text)))
                try:
                    self.end_headers()
                    self.wfile.write(text)
                except BrokenPipeError:
                    pass  # given up

            do_GET = do_POST = handle_one

            def log_message(self, *args):
                pass

        self.server = ThreadingHTTPServer(self.address, Handler)
        self.server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
            self.url = self.url.replace("http:", "https:")
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.server.server_close()
        self.server = None

    def admit(self, user=None, password=None, token=None):
        """From now on only those may ask."""
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        self.who = {f"Bearer {token}"} if token else {f"Basic {basic}"}
