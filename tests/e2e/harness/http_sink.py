# SPDX-License-Identifier: Apache-2.0
"""A web server that answers as it is told, and remembers what it was asked.

    sink = HttpSink(lambda request: 200)              a status, or an Answer(...), for each request
    sink = HttpSink(script(503, Answer(429, {"Retry-After": "1"}), 200))    one after the other, the last one from then on
    sink.url; sink.requests                           in the order in which they came
    sink.accepted()                                   those that were answered with 2xx

A request has `method`, `path`, `headers` (lower-case names), `body` (decompressed), `coded` (as it came), `index` (0, 1, ...),
`at` (monotonic), and, once answered, `status`. An Answer may wait, break off before or in the middle, trickle, or do what it
likes with the socket (`raw`)."""
import gzip
import json
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import zstandard


@dataclass
class Answer:
    status: int = 200
    headers: dict = field(default_factory=dict)
    body: bytes = b""
    delay: float = 0.0
    cut: str = ""        # "before": closed without an answer; "reset": the same with RST; "body": in the middle of the body
    raw: object = None   # called with the socket, in place of an answer
    close: bool = False  # the connection, after the answer, without having said so


@dataclass
class Request:
    method: str
    path: str
    headers: dict
    coded: bytes
    index: int
    at: float
    client: tuple
    status: int = 0

    @property
    def body(self):
        coding = self.headers.get("content-encoding", "")
        if coding == "gzip":
            return gzip.decompress(self.coded)
        if coding == "zstd":
            return zstandard.ZstdDecompressor().decompressobj().decompress(self.coded)
        assert coding == "", coding
        return self.coded

    @property
    def key(self):
        return self.headers["idempotency-key"]

    def lines(self):
        """The bodies' lines, as text."""
        body = self.body.decode()
        assert body.endswith("\n")
        return body[:-1].split("\n")

    def messages(self):
        """What stands in `message` of each record, of lines of JSON or of an array."""
        text = self.body.decode()
        records = json.loads(text) if text.startswith("[") else [json.loads(line) for line in text[:-1].split("\n")]
        return [record["message"] for record in records]


def script(*answers):
    left = list(answers)

    def answer(request):
        return left.pop(0) if len(left) > 1 else left[0]
    return answer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = 65536

    def do_POST(self):
        sink = self.server.sink
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = sink.take(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body,
                            self.client_address)
        answer = sink.answer(request)
        self.give(request, answer if isinstance(answer, Answer) else Answer(answer))

    do_GET = do_PUT = do_CONNECT = do_POST

    def give(self, request, answer):
        if answer.delay:
            self.server.sink.ended.wait(answer.delay)
        request.status = answer.status
        self.close_connection |= answer.close or bool(answer.cut) or answer.raw is not None
        if answer.raw:
            answer.raw(self.connection)
        elif answer.cut == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        elif answer.cut != "before":
            self.write(answer)

    def write(self, answer):
        length = len(answer.body) + (1000 if answer.cut == "body" else 0)
        head = [f"HTTP/1.1 {answer.status} Said"]
        head += [f"{name}: {value}" for name, value in answer.headers.items()]
        if answer.status != 204:
            head.append(f"Content-Length: {length}")
        try:
            self.wfile.write("\r\n".join(head).encode() + b"\r\n\r\n" + answer.body)
            self.wfile.flush()
        except OSError:
            self.close_connection = True

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # the agent went away: that is its right

    def shutdown_request(self, request):
        """Closes without the shutdown() that would make a FIN of what is meant to be an RST."""
        self.close_request(request)


class HttpSink:
    def __init__(self, answer=lambda request: 200, port=0, host="127.0.0.1", wrap=None):
        self.answer = answer if callable(answer) else lambda request: answer
        self.requests = []
        self.ended = threading.Event()
        self.lock = threading.Lock()
        self.most, self.now = 0, 0
        self.server = Server((host, port), Handler)
        self.server.sink = self
        if wrap:
            self.server.socket = wrap(self.server.socket)
        self.port = self.server.server_address[1]
        self.url = f"{'https' if wrap else 'http'}://{host}:{self.port}/in"
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True)
        self.thread.start()

    def take(self, method, path, headers, body, client):
        with self.lock:
            request = Request(method, path, headers, body, len(self.requests), time.monotonic(), client)
            self.requests.append(request)
            return request

    def accepted(self):
        with self.lock:
            return [request for request in self.requests if 200 <= request.status < 300]

    def messages(self):
        """Of all requests that were answered with success, in the order in which they came."""
        return [message for request in self.accepted() for message in request.messages()]

    def stop(self):
        self.ended.set()
        self.server.shutdown()
        self.server.server_close()
