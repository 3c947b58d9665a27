# SPDX-License-Identifier: Apache-2.0
"""A current ClickHouse engine behind the part of its HTTP interface that inserts go through. chdb is the engine as a library for
Python, without its web server; this program takes the server's place: the query and the settings from the URL, the rows from the
body, the error's code as a status and a header.

    python3 chdb_server.py PACKAGES PORT DIRECTORY

Compressed bodies are given to the engine as files, so that it is the engine that decompresses them. A query that is a body itself,
without an URL's, is a reader's, and is answered with its rows."""
import http.server
import re
import sys
import threading
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

# src/Server/HTTP/exceptionCodeToHTTPStatus.cpp; what is not there is 500
STATUSES = {401: (194,), 403: (192, 193, 497, 512, 516), 404: (46, 47, 50, 60, 73, 81, 115), 413: (229,), 408: (159,), 501: (48,),
            503: (76, 209, 439), 400: (6, 26, 27, 36, 38, 41, 53, 62, 72, 117, 321, 376)}
OF_THE_SERVER = ("wait_end_of_query", "query_id", "database", "user", "password")  # arguments that are no settings


def status_of(code):
    return next((status for status, codes in STATUSES.items() if code in codes), 500)


def quoted(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.answer(200, b"Ok.\n")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        arguments = dict(parse_qsl(urlsplit(self.path).query, strict_parsing=bool(urlsplit(self.path).query)))
        insert = arguments.pop("query", None)
        settings = ", ".join(f"{name} = {quoted(value)}" for name, value in arguments.items() if name not in OF_THE_SERVER)
        with self.server.one_at_a_time:
            try:
                self.answer(200, self.run(insert, settings, body))
            except self.server.error as error:
                text = str(error)
                code = int(re.match(r"Code: (\d+)\. DB::Exception: ", text)[1])
                self.answer(status_of(code), text.encode() + b"\n", code)

    def run(self, insert, settings, body):
        if insert is None:
            return self.server.query(body.decode())
        into, form = re.fullmatch(r"(INSERT INTO .*) FORMAT (\w+)", insert).groups()
        coding = self.headers.get("Content-Encoding")
        if coding:
            at = self.server.directory / "body"
            at.write_bytes(body)
            return self.server.query(f"{into} FROM INFILE {quoted(str(at))} COMPRESSION {quoted(coding)} SETTINGS {settings} FORMAT {form}")
        return self.server.query(f"{into} SETTINGS {settings} FORMAT {form}\n{body.decode()}")

    def answer(self, status, body, code=None):
        self.send_response(status)
        if code is not None:
            self.send_header("X-ClickHouse-Exception-Code", str(code))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def main(packages, port, directory):
    sys.path.insert(0, packages)
    for name in ("numpy", "pandas", "pyarrow"):  # which it would load, where they are, and which take a second
        sys.modules[name] = None
    from chdb.session import Session
    session = Session(f"{directory}/data")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(port)), Handler)
    server.daemon_threads = True
    server.directory, server.error, server.one_at_a_time = Path(directory), RuntimeError, threading.Lock()
    server.query = lambda text: session.query(text, "JSONEachRow").bytes()
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
