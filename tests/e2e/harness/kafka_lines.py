# SPDX-License-Identifier: Apache-2.0
"""Numbered lines to Kafka, and what has to have come out: exact sets, repeats under one id, order."""
import collections
import re
import struct

NUMBER = re.compile(rb"line (\d+) ")
# What a test waits for comes sooner: librdkafka looks again at what was missing every so often.
SOON = {"reconnect.backoff.ms": 50, "reconnect.backoff.max.ms": 250, "topic.metadata.refresh.interval.ms": 300,
        "topic.metadata.propagation.max.ms": 300}


def pipeline(brokers, topic, inputs=None, filters=(), **options):
    """A configuration: in.log to a topic."""
    output = {"type": "kafka", "brokers": [brokers], "topic": topic, "codec": "text", "librdkafka": SOON, **options}
    return {"pipelines": {"app": {"inputs": inputs or [{"type": "tail", "paths": ["${DIR}/in.log"]}], "filters": list(filters),
                                  "outputs": [output]}}}


def line(number, size=200):
    return f"line {number:08d} ".ljust(size - 1, "x") + "\n"


def write(path, first, count, size=200, mode="a"):
    with open(path, mode) as out:
        out.writelines(line(n, size) for n in range(first, first + count))


def keyed(n, keys=8, size=200):
    """The same as JSON, with one of some keys."""
    return ('{"k":"key-%d","m":"line %08d ' % (n % keys, n)).ljust(size - 3, "x") + '"}\n'


def number(message):
    return int(NUMBER.search(message.value).group(1))


def murmur2(key):
    """The hash of Kafka's Java client (org.apache.kafka.common.utils.Utils), by its definition."""
    m, h = 0x5bd1e995, 0x9747b28c ^ len(key)
    whole = len(key) // 4 * 4
    for (k,) in struct.iter_unpack("<I", key[:whole]):
        k = k * m & 0xffffffff
        k = (k ^ k >> 24) * m & 0xffffffff
        h = (h * m & 0xffffffff) ^ k
    rest = key[whole:]
    if rest:
        h = (h ^ int.from_bytes(rest, "little")) * m & 0xffffffff
    h = (h ^ h >> 13) * m & 0xffffffff
    return h ^ h >> 15


class Report:
    """What a topic holds of the lines `first` to count - 1."""

    def __init__(self, messages, count, first=0):
        self.messages, self.first, self.count = messages, first, count
        self.found = collections.Counter(map(number, messages))
        self.repeats = len(messages) - len(self.found)

    def check(self, repeats=0, order=True, id_header="weir-id"):
        missing = [n for n in range(self.first, self.count) if n not in self.found]
        strange = [n for n in self.found if not self.first <= n < self.count]
        assert not missing, f"{len(missing)} lines are missing, of {self.count}: {missing[:5]} ..."
        assert not strange, f"lines that were not written: {strange[:5]}"
        assert self.repeats <= repeats, f"{self.repeats} repeats, at most {repeats} expected"
        self.check_ids(id_header)
        if order:
            self.check_order()

    def check_ids(self, header):
        """A repeat has the id of what it repeats; others have their own."""
        ids = {}
        for message in self.messages:
            assert ids.setdefault(message.headers[header], number(message)) == number(message), "an id is used twice"
        assert len(ids) == len(self.found), "a line came under two ids"

    def check_order(self):
        """In each partition the lines are in their order, once repeats are left out."""
        seen = set()
        newest = collections.defaultdict(lambda: -1)
        for message in sorted(self.messages, key=lambda m: (m.partition, m.offset)):
            n = number(message)
            if n in seen:
                continue
            seen.add(n)
            assert n > newest[message.partition], f"line {n} after line {newest[message.partition]}"
            newest[message.partition] = n
