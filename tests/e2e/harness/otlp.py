# SPDX-License-Identifier: Apache-2.0
"""What an OTLP request holds, read by Google's protobuf, from either form: (resource, [record])."""
import base64
import json

from google.protobuf import json_format

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
JSON_NAMES = {
    "AnyValue.string": "stringValue", "AnyValue.bool": "boolValue", "AnyValue.int": "intValue", "AnyValue.double": "doubleValue",
    "AnyValue.array": "arrayValue", "AnyValue.list": "kvlistValue", "AnyValue.bytes": "bytesValue",
    "LogRecord.time": "timeUnixNano", "LogRecord.severity": "severityNumber", "LogRecord.severity_text": "severityText",
    "LogRecord.observed": "observedTimeUnixNano", "LogRecord.trace_id": "traceId", "LogRecord.span_id": "spanId",
    "LogRecord.dropped": "droppedAttributesCount", "ScopeLogs.records": "logRecords", "ResourceLogs.scopes": "scopeLogs",
    "Export.resources": "resourceLogs",
}
Export = message_class(MESSAGES, "Export", JSON_NAMES)
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


def check_json(value, name=""):
    """What the mapping says of types, and a reader of it may not insist on."""
    if isinstance(value, dict):
        assert not any("_" in key for key in value)
        for key, inner in value.items():
            check_json(inner, key)
    elif isinstance(value, list):
        for inner in value:
            check_json(inner)
    elif name in ("timeUnixNano", "observedTimeUnixNano", "intValue"):
        assert isinstance(value, str)
    elif name in ("severityNumber", "flags"):
        assert type(value) is int


def from_json(body):
    """Google's reader wants ids in base64; OpenTelemetry's exception is that they are hexadecimal."""
    def plain(pairs):
        keys = [key for key, _ in pairs]
        assert len(set(keys)) == len(keys), "a name twice"
        return {key: base64.b64encode(bytes.fromhex(value)).decode() if key in ("traceId", "spanId") else value for key, value in pairs}
    check_json(json.loads(body))
    return json_format.ParseDict(json.loads(body, object_pairs_hook=plain), Export())


def read(request):
    kind = request.headers["content-type"]
    assert kind in ("application/x-protobuf", "application/json")
    made = from_json(request.body) if kind == "application/json" else Export.FromString(request.body)
    (resource,) = made.resources
    (scope,) = resource.scopes
    assert scope.scope.name == "weir" and scope.scope.version
    return attributes_of(resource.resource.attributes), list(scope.records)


def messages(request):
    return [record.body.string for record in read(request)[1]]
