# SPDX-License-Identifier: Apache-2.0
"""Protobuf messages for Google's library, from tables in Python instead of .proto files:

    {"Pair": [("name", 1, TEXT), ("value", 2, TEXT)], "List": [("pairs", 1, "Pair", REPEATED)]}"""
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

DOUBLE, INT64, INT32, FIXED64, FIXED32, BOOL, TEXT, BYTES, UINT32 = 1, 3, 5, 6, 7, 8, 9, 12, 13
REPEATED = True
ONEOF = "oneof"


def message_class(messages, wanted, json_names=None):
    """The class of the message `wanted`. A field is (name, number, type or message), and REPEATED or ONEOF behind it. `json_names` says
    how fields are called in JSON: {"Pair.name": "pairName"}."""
    file = descriptor_pb2.FileDescriptorProto(name=f"{wanted}.proto", package="made", syntax="proto3")
    for name, fields in messages.items():
        made = file.message_type.add(name=name)
        for field_name, number, kind, *more in fields:
            field = made.field.add(name=field_name, number=number, label=3 if REPEATED in more else 1)
            if f"{name}.{field_name}" in (json_names or {}):
                field.json_name = json_names[f"{name}.{field_name}"]
            if isinstance(kind, str):
                field.type, field.type_name = 11, f".made.{kind}"
            else:
                field.type = kind
            if ONEOF in more:
                if not made.oneof_decl:
                    made.oneof_decl.add(name=ONEOF)
                field.oneof_index = 0
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.MessageFactory(pool).GetPrototype(pool.FindMessageTypeByName(f"made.{wanted}"))
