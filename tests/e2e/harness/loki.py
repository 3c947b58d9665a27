# SPDX-License-Identifier: Apache-2.0
"""Push requests, read by Google's protobuf and a Snappy of others: [(labels, [(ns, line, {name: value})])]."""
import json
import re

import snappy

from .messages import INT32, INT64, REPEATED, TEXT, message_class

PushRequest = message_class({
    "Time": [("seconds", 1, INT64), ("nanos", 2, INT32)],
    "Pair": [("name", 1, TEXT), ("value", 2, TEXT)],
    "Entry": [("timestamp", 1, "Time"), ("line", 2, TEXT), ("metadata", 3, "Pair", REPEATED)],
    "Stream": [("labels", 1, TEXT), ("entries", 2, "Entry", REPEATED)],
    "PushRequest": [("streams", 1, "Stream", REPEATED)],
}, "PushRequest")
LABEL = re.compile(r'([a-zA-Z_]\w*)=("(?:[^"\\]|\\.)*")')


def labels_of(text):
    found = LABEL.findall(text)
    assert "{" + ",".join(f"{name}={value}" for name, value in found) + "}" == text, text
    assert [name for name, _ in found] == sorted(name for name, _ in found), "sorted by name"
    return {name: json.loads(value) for name, value in found}


def read(request):
    """The streams of a request."""
    if request.headers["content-type"] == "application/json":
        return [(stream["stream"], [(int(value[0]), value[1], value[2] if len(value) > 2 else {}) for value in stream["values"]])
                for stream in json.loads(request.body)["streams"]]
    assert request.headers["content-type"] == "application/x-protobuf" and "content-encoding" not in request.headers
    pushed = PushRequest.FromString(snappy.decompress(request.coded))
    return [(labels_of(stream.labels),
             [(entry.timestamp.seconds * 10**9 + entry.timestamp.nanos, entry.line, {pair.name: pair.value for pair in entry.metadata})
              for entry in stream.entries]) for stream in pushed.streams]


def lines(request):
    return [line for _, entries in read(request) for _, line, _ in entries]
