# SPDX-License-Identifier: Apache-2.0
"""nginx in front of a sink: TLS, HTTP/2, and a gateway that can be bad."""
import shutil
import signal
import socket
import subprocess

from .wait import wait_until


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


class Nginx:
    """`server` is what stands in the server block besides `listen`."""

    def __init__(self, directory, upstream, server="", listen="ssl http2"):
        self.dir, self.upstream, self.port = directory, upstream, free_port()
        self.config = directory / "nginx.conf"
        self.process = None
        self.write(server, listen)
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        self.process = subprocess.Popen([binary, "-p", str(directory), "-c", str(self.config), "-e", str(directory / "nginx.error")],
                                        stderr=subprocess.DEVNULL)
        wait_until(self.is_listening, what="nginx to listen")
        self.url = f"https://127.0.0.1:{self.port}/in"

    def write(self, server, listen="ssl http2"):
        self.config.write_text(f"""
            daemon off; pid {self.dir}/nginx.pid; user root; worker_processes 1; error_log {self.dir}/nginx.error;
            events {{ worker_connections 64; }}
            http {{
              log_format protocol "$server_protocol $status";
              access_log {self.dir}/access.log protocol;
              client_max_body_size 64m; client_body_temp_path {self.dir}/body; proxy_temp_path {self.dir}/proxy;
              fastcgi_temp_path {self.dir}/f; uwsgi_temp_path {self.dir}/u; scgi_temp_path {self.dir}/s;
              server {{
                listen 127.0.0.1:{self.port} {listen};
                {server}
                location / {{ proxy_pass http://127.0.0.1:{self.upstream}; proxy_http_version 1.1; }}
              }}
            }}""")

    def is_listening(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def reload(self, server):
        self.write(server)
        self.process.send_signal(signal.SIGHUP)

    def protocols(self):
        """What the requests spoke: "HTTP/2.0 200", one for each."""
        path = self.dir / "access.log"
        return [line for line in path.read_text().splitlines() if not line.endswith("000")] if path.exists() else []

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
