# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests are built of; tests/e2e/conftest.py says how a test uses it.

    agent.py       one running agent: start, ask, stop, kill; its memory, descriptors and threads
    admin.py       the admin endpoint's answers: HTTP over TCP or a Unix socket, metrics as numbers
    ledger.py      the accounting identity, recomputed from /api/v1/status
    numbered.py    a numbered corpus: a writer that keeps a rate and rotates, and a checker
    following.py   a tail's log files, and the lines that came out
    tail_model.py  programs that do random things to their logs, and what has to come out; tail_world.py has its parts
    kafka.py       a real Kafka and an independent client; kafka_mock.py: brokers that fail as told; kafka_lines.py: what goes
                   in and what must come out; kafka_fixtures.py
    wait.py        waiting for a condition, with a limit
"""
