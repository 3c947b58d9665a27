# SPDX-License-Identifier: Apache-2.0
"""A server on loopback that is started for tests: a program, its directory, and an address that answers when it is ready."""
import subprocess
import urllib.request

from .wait import wait_until


class LocalServer:
    def start(self, argv, directory, ready):
        """Runs it until `ready`, an url or a request, answers with success."""
        self.log = open(directory / "server.log", "ab")
        self.process = subprocess.Popen(argv, cwd=directory, stdout=self.log, stderr=self.log)

        def answers():
            assert self.process.poll() is None, f"{argv[0]} ended: see {directory}/server.log"
            try:
                return urllib.request.urlopen(ready, timeout=2).status < 300
            except OSError:
                return False
        wait_until(answers, limit=30, what=f"{argv[0]} to answer")

    def stop(self):
        """Tells it to end, if it has not, and waits for that."""
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()
