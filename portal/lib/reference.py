"""Read an OpenAPI description into what a page shows: addresses, bodies, fields, refusals."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

METHODS = ("get", "post", "patch", "put", "delete")
DEEPEST = 4  # levels of fields shown; deeper ones are in the schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One line of a body: `level` says how deep it stands."""

    name: str
    kind: str
    required: bool
    words: str
    level: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call, or one message when `method` is empty."""

    anchor: str
    method: str
    address: str
    summary: str
    words: str = ""
    parameters: list[Field] = field(default_factory=list)
    body: list[Field] = field(default_factory=list)
    answer: list[Field] = field(default_factory=list)
    status: str = ""
    sent: str = ""
    answered: str = ""
    refusals: list[tuple[str, str]] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """Everything the page shows."""

    calls: list[Operation]
    messages: list[Operation]


def read(schema: Mapping[str, Any]) -> Reference:
    """Return SCHEMA (OpenAPI 3.1) as calls and messages in their order."""
    calls = [
        _call(schema, address, method, item[method])
        for address, item in schema["paths"].items()
        for method in METHODS
        if method in item
    ]
    messages = [
        _message(schema, name, item["post"]) for name, item in schema.get("webhooks", {}).items()
    ]
    return Reference(calls=calls, messages=messages)


def _call(
    schema: Mapping[str, Any], address: str, method: str, operation: Mapping[str, Any]
) -> Operation:
    good = next(status for status in operation["responses"] if status.startswith("2"))
    answer = operation["responses"][good].get("content", {})
    return Operation(
        anchor=operation["operationId"],
        method=method.upper(),
        address=address,
        summary=operation.get("summary", ""),
        words=_words(operation),
        parameters=[_parameter(one) for one in operation.get("parameters", [])],
        body=_body(schema, operation.get("requestBody", {}).get("content", {})),
        answer=_body(schema, answer),
        status=good,
        sent=_example(operation.get("requestBody", {}).get("content", {})),
        answered=_example(answer),
        refusals=[
            (status, _words(response))
            for status, response in operation["responses"].items()
            if status.startswith("4")
        ],
    )


def _message(schema: Mapping[str, Any], name: str, operation: Mapping[str, Any]) -> Operation:
    content = operation.get("requestBody", {}).get("content", {})
    return Operation(
        anchor=name,
        method="",
        address=name,
        summary=operation.get("summary", ""),
        body=_body(schema, content),
        sent=_example(content),
    )


def _parameter(given: Mapping[str, Any]) -> Field:
    where = {"path": "in the address", "query": "query", "header": "header"}[given["in"]]
    return Field(
        name=given["name"],
        kind=where,
        required=given.get("required", False),
        words=_words(given),
        level=0,
    )


def _body(schema: Mapping[str, Any], content: Mapping[str, Any]) -> list[Field]:
    found = content.get("application/json", {}).get("schema", {})
    return list(_fields(schema, found, 0))


def _fields(schema: Mapping[str, Any], part: Mapping[str, Any], level: int) -> list[Field]:
    part = _resolved(schema, part)
    lines: list[Field] = []
    if level >= DEEPEST:
        return lines
    for name, member in part.get("properties", {}).items():
        inner = _resolved(schema, member)
        lines.append(
            Field(
                name=name,
                kind=_kind(schema, inner),
                required=name in part.get("required", []),
                words=_words(member) or _words(inner),
                level=level,
            )
        )
        known: set[str] = set()
        for option in inner.get("oneOf", [inner.get("items", inner)]):
            inside = _fields(schema, option, level + 1)
            lines += _without(inside, known, level + 1)
            known |= {line.name for line in inside if line.level == level + 1}
    return lines


def _without(lines: list[Field], known: set[str], level: int) -> list[Field]:
    """Return LINES but for those of LEVEL that are KNOWN, and what stands in them."""
    kept: list[Field] = []
    left_out = False
    for line in lines:
        if line.level == level:
            left_out = line.name in known
        if not left_out:
            kept.append(line)
    return kept


def _words(part: Mapping[str, Any]) -> str:
    return str(part.get("description", "")).replace("`", "")


def _resolved(schema: Mapping[str, Any], part: Mapping[str, Any]) -> Mapping[str, Any]:
    while True:
        reference = part.get("$ref")
        if reference is None and len(part.get("allOf", [])) == 1:
            reference = part["allOf"][0].get("$ref")
        if reference is None:
            return part
        part = schema["components"]["schemas"][reference.rpartition("/")[2]]


def _kind(schema: Mapping[str, Any], part: Mapping[str, Any]) -> str:
    if choices := part.get("enum"):
        return " · ".join(str(choice) for choice in choices if choice is not None)
    if options := part.get("oneOf"):
        return " or ".join(dict.fromkeys(_kind(schema, _resolved(schema, one)) for one in options))
    kind = part.get("type", "any")
    if isinstance(kind, list):
        return " or ".join(kind)
    if kind == "array":
        return f"list of {_kind(schema, _resolved(schema, part.get('items', {})))}"
    return "time" if part.get("format") == "date-time" else str(kind)


def _example(content: Mapping[str, Any]) -> str:
    examples = content.get("application/json", {}).get("examples", {})
    for example in examples.values():
        return json.dumps(example["value"], indent=2, ensure_ascii=False)
    return ""
