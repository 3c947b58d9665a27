#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What is left of a compressor's own rate when lines are read from a file, made JSON, compressed and posted.

    tests/bench/http_compression.py [--build build] [--mib 512] [--repeats 3]

Bytes are those of the bodies before compression. The compressor's own rate is measured over the same bodies, in memory, by
the same code (compress_floor.c). In turns; medians, and the ratio. The machine should be quiet."""
import argparse
import json
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MIB = 1 << 20
BEFORE, AFTER = '{"message":"', '"}\n'


def make_lines(path, mib):
    """Some 200 bytes each; numbers and words vary, so that they compress about as logs do."""
    words = "GET POST user session timeout connection refused upstream request completed cache lock shard".split()
    seed, size = 1, 0
    with open(path, "w") as out:
        while size < mib * MIB:
            block = []
            for _ in range(5000):
                seed = seed * 6364136223846793005 + 1442695040888963407 & (1 << 64) - 1
                text = " ".join(words[seed >> i & 15] if seed >> i & 15 < len(words) else str(seed >> i & 0xffff)
                                for i in range(0, 60, 3))
                block.append(f"2026-01-01T00:{seed >> 40 & 31:02d}:{seed >> 50 & 31:02d} host app[{seed >> 20 & 0xffff}]: {text}\n")
            size += out.write("".join(block))


class Sink:
    """Takes requests on one or several connections, and answers each with 200."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            threading.Thread(target=self.serve, args=(self.listener.accept()[0],), daemon=True).start()

    def serve(self, peer):
        data = b""
        while True:
            while b"\r\n\r\n" not in data:
                more = peer.recv(1 << 16)
                if not more:
                    return
                data += more
            head, rest = data.split(b"\r\n\r\n", 1)
            left = int(re.search(rb"(?i)content-length: (\d+)", head).group(1)) - len(rest)
            while left > 0:
                left -= len(peer.recv(min(left, MIB)))
            data = b""
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")


def run_weir(build, work, sink, compression, size):
    shutil.rmtree(work / "data", ignore_errors=True)
    config = {"service": {"data_dir": str(work / "data"), "admin": {"listen": "off"}, "messages": {"level": "error"}},
              "pipelines": {"app": {"inputs": [{"type": "tail", "paths": [str(work / "in.log")]}],
                                    "outputs": [{"type": "http", "url": f"http://127.0.0.1:{sink.port}/", "codec": "json",
                                                 "compression": compression}]}}}
    (work / "weir.yaml").write_text(json.dumps(config))
    began = time.monotonic()
    subprocess.run([build / "src/cli/weir", "run", "--once", "-c", work / "weir.yaml"], check=True)
    return size / (time.monotonic() - began) / 1e6


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=Path, default=ROOT / "build")
    parser.add_argument("--mib", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="weir-compression-") as directory:
        work = Path(directory)
        floor = work / "floor"
        found = subprocess.run(["pkg-config", "--libs", "libzstd", "libcurl", "libisal"], capture_output=True, text=True)
        libraries = found.stdout.split() if found.returncode == 0 else ["-lzstd", "-lcurl", "-ldeflate"]
        subprocess.run(["gcc", "-O2", "-D_GNU_SOURCE", f"-I{ROOT}", f"-I{ROOT}/include", "-o", floor, ROOT / "tests/bench/compress_floor.c",
                        options.build / "plugins/libhttp-parts.a", options.build / "plugins/libweir.a", "-lxxhash", *libraries], check=True)
        make_lines(work / "in.log", options.mib)
        size = lines = 0
        with open(work / "in.log") as source, open(work / "bodies", "w") as bodies:
            for line in source:
                size += len(line) - 1 + len(BEFORE) + len(AFTER)
                if lines < 64 * MIB // len(line):
                    bodies.write(BEFORE + line[:-1] + AFTER)
                lines += 1
        sink = Sink()
        rates = {}
        for _ in range(options.repeats):
            for compression in ("gzip", "zstd"):
                own = subprocess.run([floor, compression, work / "bodies"], capture_output=True, text=True, check=True)
                rates.setdefault((compression, "own"), []).append(float(own.stdout))
                rates.setdefault((compression, "weir"), []).append(run_weir(options.build, work, sink, compression, size))
        for compression in ("gzip", "zstd"):
            own, weir = (statistics.median(rates[compression, who]) for who in ("own", "weir"))
            print(f"{compression}: weir {weir:.0f} MB/s, the compressor alone {own:.0f}: {weir / own:.2f}")


if __name__ == "__main__":
    main()
