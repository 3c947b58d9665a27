# SPDX-License-Identifier: Apache-2.0
"""Fixtures of the tests that need Kafka: a real broker for all of them, a topic and a mock cluster for each."""
import re

import pytest

from . import kafka_mock
from .fetched import or_skip
from .kafka import Kafka, provide_client


@pytest.fixture(scope="session")
def broker(tmp_path_factory):
    """A real Kafka. What cannot be fetched skips the test; one that does not start fails it."""
    with or_skip("Kafka"):
        made = Kafka(tmp_path_factory.mktemp("kafka"))
    made.start()
    yield made
    made.end()


@pytest.fixture
def topic(broker, request):
    """A topic of the test's own, of 4 partitions."""
    return broker.create(re.sub(r"[^a-zA-Z0-9_.-]", "_", request.node.name)[-200:], 4)


@pytest.fixture(scope="session")
def mock_program(tmp_path_factory):
    with or_skip("the mock cluster"):
        provide_client()
        return kafka_mock.build(tmp_path_factory.mktemp("mock"))


@pytest.fixture
def mock(mock_program):
    """A mock cluster with the topic "logs", of 4 partitions."""
    made = kafka_mock.Mock(mock_program)
    made.tell("topic logs 4")
    yield made
    made.end()
