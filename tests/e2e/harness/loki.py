# SPDX-License-Identifier: Apache-2.0
"""Push requests, read by Google's protobuf and a Snappy of others: [(labels, [(ns, line, {name: value})])]."""
import json
import re

import snappy
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

TEXT, INT64, INT32, MESSAGE = 9, 3, 5, 11
# message -> [(field, number, type, message, repeated)]
MESSAGES = {
    "Time": [("seconds", 1, INT64, "", False), ("nanos", 2, INT32, "", False)],
    "Pair": [("name", 1, TEXT, "", False), ("value", 2, TEXT, "", False)],
    "Entry": [("timestamp", 1, MESSAGE, "Time", False), ("line", 2, TEXT, "", False), ("metadata", 3, MESSAGE, "Pair", True)],
    "Stream": [("labels", 1, TEXT, "", False), ("entries", 2, MESSAGE, "Entry", True)],
    "PushRequest": [("streams", 1, MESSAGE, "Stream", True)],
}
LABEL = re.compile(r'([a-zA-Z_]\w*)=("(?:[^"\\]|\\.)*")')


def push_request():
    """The class of PushRequest, of a description of its own."""
    file = descriptor_pb2.FileDescriptorProto(name="push.proto", package="logproto", syntax="proto3")
    for message, fields in MESSAGES.items():
        made = file.message_type.add(name=message)
        for name, number, kind, of, repeated in fields:
            field = made.field.add(name=name, number=number, type=kind, label=3 if repeated else 1)
            if of:
                field.type_name = f".logproto.{of}"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName("logproto.PushRequest"))


PushRequest = push_request()


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
