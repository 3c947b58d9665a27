# SPDX-License-Identifier: Apache-2.0
"""A TCP proxy on 127.0.0.1 that can swallow what the server answers, and cut connections: the request arrived, and nobody says so."""
import contextlib
import socket
import threading


class Proxy:
    """Listens at `where`, connects to `server`; both "HOST:PORT"."""

    def __init__(self, where, server):
        host, port = where.rsplit(":", 1)
        self.server = tuple(server.rsplit(":", 1))
        self.swallow = False  # answers do not come through
        self.swallowed = 0    # bytes of them
        self.sockets = []
        self.listener = socket.create_server((host, int(port)))
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                server = socket.create_connection(self.server)
                self.sockets += [client, server]
                threading.Thread(target=self.copy, args=(client, server, False), daemon=True).start()
                threading.Thread(target=self.copy, args=(server, client, True), daemon=True).start()

    def copy(self, source, target, answers):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if answers and self.swallow:
                    self.swallowed += len(data)
                else:
                    target.sendall(data)
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def cut(self):
        """Ends all connections."""
        for each in self.sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        self.sockets = []

    def end(self):
        self.listener.close()
        self.cut()
