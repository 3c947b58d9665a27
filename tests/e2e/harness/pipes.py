# SPDX-License-Identifier: Apache-2.0
"""A sink that stalls: the agent's standard output is a pipe that nobody reads until the test says so."""
import os
import threading


class StalledPipe:
    """Give `writer` to the agent as stdout. The pipe takes some 64 KiB and then no more; drain() reads everything, into a
    file, until every writer has closed it."""

    def __init__(self, path):
        self.path = path
        self.reader, self.writer = os.pipe2(os.O_CLOEXEC)
        self.thread = None

    def drain(self):
        """Starts reading; the agent must have been started before."""
        os.close(self.writer)
        self.writer = None
        self.thread = threading.Thread(target=self.copy)
        self.thread.start()

    def copy(self):
        with open(self.path, "ab") as out:
            while data := os.read(self.reader, 1 << 16):
                out.write(data)

    def close(self):
        """Ends it; with drain() before, waits until everything has been read."""
        if self.writer is not None:
            os.close(self.writer)
        if self.thread:
            self.thread.join()
        os.close(self.reader)
