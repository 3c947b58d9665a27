# SPDX-License-Identifier: Apache-2.0
"""What an OTLP request holds, read by Google's protobuf: (resource, [record])."""
from .messages import (BOOL, BYTES, DOUBLE, FIXED32, FIXED64, INT32, INT64, ONEOF, REPEATED, TEXT, UINT32, message_class)

MESSAGES = {
    "AnyValue": [("string", 1, TEXT, ONEOF), ("bool", 2, BOOL, ONEOF), ("int", 3, INT64, ONEOF), ("double", 4, DOUBLE, ONEOF),
                 ("array", 5, "ArrayValue", ONEOF), ("list", 6, "KeyValueList", ONEOF), ("bytes", 7, BYTES, ONEOF)],
    "ArrayValue": [("values", 1, "AnyValue", REPEATED)],
    "KeyValueList": [("values", 1, "KeyValue", REPEATED)],
    "KeyValue": [("key", 1, TEXT), ("value", 2, "AnyValue")],
    "Resource": [("attributes", 1, "KeyValue", REPEATED)],
    "Scope": [("name", 1, TEXT), ("version", 2, TEXT)],
    "LogRecord": [("time", 1, FIXED64), ("severity", 2, INT32), ("severity_text", 3, TEXT), ("body", 5, "AnyValue"),
                  ("attributes", 6, "KeyValue", REPEATED), ("dropped", 7, UINT32), ("flags", 8, FIXED32), ("trace_id", 9, BYTES),
                  ("span_id", 10, BYTES), ("observed", 11, FIXED64)],
    "ScopeLogs": [("scope", 1, "Scope"), ("records", 2, "LogRecord", REPEATED)],
    "ResourceLogs": [("resource", 1, "Resource"), ("scopes", 2, "ScopeLogs", REPEATED)],
    "Export": [("resources", 1, "ResourceLogs", REPEATED)],
    "Partial": [("rejected", 1, INT64), ("message", 2, TEXT)],
    "Response": [("partial", 1, "Partial")],
}
Export = message_class(MESSAGES, "Export")
Response = message_class(MESSAGES, "Response")


def value_of(any_value):
    kind = any_value.WhichOneof(ONEOF)
    if kind == "array":
        return [value_of(value) for value in any_value.array.values]
    if kind == "list":
        return attributes_of(any_value.list.values)
    return getattr(any_value, kind) if kind else None


def attributes_of(pairs):
    found = {pair.key: value_of(pair.value) for pair in pairs}
    assert len(found) == len(pairs), "a name twice"
    return found


def read(request):
    assert request.headers["content-type"] == "application/x-protobuf"
    (resource,) = Export.FromString(request.body).resources
    (scope,) = resource.scopes
    assert scope.scope.name == "weir" and scope.scope.version
    return attributes_of(resource.resource.attributes), list(scope.records)


def messages(request):
    return [record.body.string for record in read(request)[1]]
