# SPDX-License-Identifier: Apache-2.0
"""A server that is stopped and started while lines are written for it."""
import itertools
import threading


def stop_and_start(agent, log, server, rounds=5, delivered=2000, held=1000):
    """Writes lines into `log`, which the agent reads, and stops the server when so many have been delivered to it, and starts it when
    so many have come while it was away. Returns the lines, when all are delivered."""
    ended, written = threading.Event(), []

    def write():
        with open(log, "w", buffering=1) as out:
            for n in itertools.count():
                if ended.wait(0 if n % 200 else 0.01):
                    return
                out.write(f"line {n}\n")
                written.append(f"line {n}")
    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(rounds):
            before = agent.ledger()["delivered"]
            agent.wait_for(lambda status: status["pipelines"][0]["ledger"]["delivered"] > before + delivered, limit=30)
            server.stop()
            before = len(written)
            agent.wait_for(lambda status: len(written) > before + held)
            server.start()
    finally:
        ended.set()
        writer.join()
    agent.wait_records(len(written), limit=60)
    return written
