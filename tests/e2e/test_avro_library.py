# SPDX-License-Identifier: Apache-2.0
"""Codec avro beside Apache's own library: random schemas, random records, the same bytes; what does not fit is rejected, and nothing
else. (The fields that a schema can have a record without are those with a default, or that can be null.)"""
import io
import json
import random
import struct

import avro.io
import avro.schema

from harness.rejecting import letters, plugins  # noqa: F401

SCHEMAS, RECORDS, SEED = 24, 150, 20261125
WRONG = object()
TEXTS = ["", "a", "plain text", 'quote " and \\', "é€😀", "line\nbreak", "x" * 300]


class Maker:
    """Schemas, and values that fit them."""

    def __init__(self, seed):
        self.random, self.names = random.Random(seed), 0

    def name(self, prefix):
        self.names += 1
        return f"{prefix}{self.names}"

    def schema(self, depth=0):
        kinds = ["boolean", "int", "long", "float", "double", "string", "bytes", "fixed", "enum"]
        kind = self.random.choice(kinds + (["array", "map", "union", "record"] * 2 if depth < 3 else []))
        if kind == "fixed":
            return {"type": "fixed", "name": self.name("F"), "size": self.random.randint(1, 20)}
        if kind == "enum":
            return {"type": "enum", "name": self.name("E"), "namespace": "x.y", "symbols": [self.name("S") for _ in range(3)]}
        if kind == "array":
            return {"type": "array", "items": self.schema(depth + 1)}
        if kind == "map":
            return {"type": "map", "values": self.schema(depth + 1)}
        if kind == "union":
            # Of kinds that no value is of two of: the library takes a double for an int where it may, and true for a number.
            return self.random.choice([["null", self.plain(depth)], ["null", "long", "string"], ["string", "boolean", "null"], ["double", "string"],
                                       ["string", {"type": "array", "items": "long"}, {"type": "map", "values": "string"}]])
        if kind == "record":
            return self.record(depth + 1)
        return kind

    def plain(self, depth):
        while isinstance(made := self.schema(depth + 1), list):
            pass
        return made

    def record(self, depth):
        fields = [{"name": self.name("f"), "type": self.schema(depth)} for _ in range(self.random.randint(1, 5))]
        for field in fields:
            if self.random.random() < 0.3:
                of = field["type"][0] if isinstance(field["type"], list) else field["type"]
                value = self.value(of)
                field["default"] = value.decode("latin-1") if isinstance(value, bytes) else value
                if "bytes" in json.dumps(field["type"]) or "fixed" in json.dumps(field["type"]):
                    del field["default"]  # text there stands for bytes, which values() does not make
        return {"type": "record", "name": self.name("R"), "fields": fields}

    def value(self, schema):
        pick = self.random.choice
        kind = schema["type"] if isinstance(schema, dict) else schema
        if isinstance(kind, list):
            return self.value(pick(kind))
        if kind == "null":
            return None
        if kind == "boolean":
            return pick([True, False])
        if kind == "int":
            return pick([0, -1, 1, 63, 64, -65, 2**31 - 1, -2**31, self.random.randint(-2**31, 2**31 - 1)])
        if kind == "long":
            return pick([0, 2**63 - 1, -2**63, 2**31, self.random.randint(-2**63, 2**63 - 1)])
        if kind == "float":
            return struct.unpack("<f", struct.pack("<f", self.random.uniform(-1e6, 1e6)))[0]
        if kind == "double":
            return pick([0.1, -1e300, 5e-324, 1.5, self.random.uniform(-1, 1), self.random.random() * 10.0 ** self.random.randint(-300, 300)])
        if kind == "string":
            return pick(TEXTS)
        if kind == "bytes":
            return pick(TEXTS).encode()
        if kind == "fixed":
            return "".join(pick("abcdefghijklm~!") for _ in range(schema["size"])).encode()
        if kind == "enum":
            return pick(schema["symbols"])
        if kind == "array":
            return [self.value(schema["items"]) for _ in range(self.random.randint(0, 3))]
        if kind == "map":
            return {pick(TEXTS) + str(n): self.value(schema["values"]) for n in range(self.random.randint(0, 3))}
        return {field["name"]: self.value(field["type"]) for field in schema["fields"]}


def as_json(value):
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return {key: as_json(item) for key, item in value.items()} if isinstance(value, dict) else value


def wrong_value(schema):
    """One that fits no type of its field."""
    text = json.dumps(schema["type"])
    if isinstance(schema["type"], str) and schema["type"] in ("int", "long", "boolean", "float", "double"):
        return "text"
    return 5 if schema["type"] in ("string", "bytes") or '"enum"' in text[:20] or '"fixed"' in text[:20] else WRONG


def make_records(maker, schema):
    """Lines, and by id what each is to become; None where it does not fit."""
    lines, want = [], {}
    for n in range(RECORDS):
        value = {"id": n, **maker.value({**schema, "fields": schema["fields"][1:]})}
        given = as_json(value)
        field = maker.random.choice(schema["fields"])
        if "default" in field and maker.random.random() < 0.5:
            del given[field["name"]]
            value[field["name"]] = field["default"]
        elif field["name"] != "id" and maker.random.random() < 0.2 and (bad := wrong_value(field)) is not WRONG:
            given[field["name"]] = bad
            value = None
        names = list(given)
        maker.random.shuffle(names)
        lines.append(json.dumps({name: given[name] for name in names}, ensure_ascii=maker.random.random() < 0.5))
        want[n] = value
    return lines, want


def encode(parsed, value):
    out = io.BytesIO()
    avro.io.DatumWriter(parsed).write(value, avro.io.BinaryEncoder(out))
    return out.getvalue()


def frames(path):
    data, found = path.read_bytes(), []
    while data:
        (size,) = struct.unpack_from("<I", data)
        found.append(data[4:4 + size])
        data = data[4 + size:]
    return found


def test_bytes_are_those_of_apaches_library(weir, plugins):
    maker, cases, pipelines = Maker(SEED), [], {}
    for n in range(SCHEMAS):
        schema = maker.record(0)
        schema["fields"].insert(0, {"name": "id", "type": "int"})
        lines, want = make_records(maker, schema)
        (weir.dir / f"{n}.avsc").write_text(json.dumps(schema))
        (weir.dir / f"{n}.log").write_text("\n".join(lines) + "\n")
        cases.append((avro.schema.parse(json.dumps(schema)), want))
        pipelines[f"p{n}"] = {"inputs": [{"type": "tail", "paths": [f"${{DIR}}/{n}.log"]}], "filters": [{"type": "parse", "format": "json"}],
                              "buffer": {"memory": "1MiB"},
                              "outputs": [{"type": "framed", "path": f"${{DIR}}/{n}.out", "schema": f"${{DIR}}/{n}.avsc", "codec": "avro"}]}
    weir.once({"service": {"plugin_path": str(plugins)}, "pipelines": pipelines})
    wrong = 0
    for n, (parsed, want) in enumerate(cases):
        good = [id for id, value in want.items() if value is not None]
        assert frames(weir.dir / f"{n}.out") == [encode(parsed, want[id]) for id in good], f"schema {n}: {parsed}"
        bad = sorted(letter["record"]["id"] for letter in letters(weir, f"p{n}")) if len(good) < RECORDS else []
        assert bad == [id for id, value in want.items() if value is None]
        wrong += len(bad)
    assert wrong > 100
