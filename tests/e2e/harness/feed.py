# SPDX-License-Identifier: Apache-2.0
"""Lines pushed into an agent's standard input, one moment at a time, and what it says it has taken."""
import os

from .wait import wait_until


class Feed:
    """Start an agent with `feed.start(agent)`: its stdin is a pipe that the test writes to. With `acks`, its `ack_fd` is
    feed.ack_fd."""

    def __init__(self):
        self.reader, self.writer = os.pipe2(os.O_CLOEXEC)
        self.ack_reader, self.ack_fd = os.pipe2(os.O_CLOEXEC)
        self.seen = b""

    def start(self, agent, **how):
        agent.start(stdin=self.reader, pass_fds=[self.ack_fd], **how)
        os.close(self.reader)
        return agent

    def write(self, data):
        os.write(self.writer, data.encode() if isinstance(data, str) else data)

    def lines(self, *lines):
        self.write("".join(line + "\n" for line in lines))

    def acked(self):
        """The last number that the agent printed; 0 before the first."""
        os.set_blocking(self.ack_reader, False)
        try:
            while data := os.read(self.ack_reader, 65536):
                self.seen += data
        except BlockingIOError:
            pass
        whole = self.seen[:self.seen.rfind(b"\n") + 1].split()
        numbers = [int(number) for number in whole]
        assert numbers == sorted(set(numbers)), f"the number of taken records must only grow: {numbers}"
        return numbers[-1] if numbers else 0

    def wait_acked(self, count, limit=10):
        wait_until(lambda: self.acked() >= count, limit, what=f"{count} records to be taken")

    def end(self):
        os.close(self.writer)
