# SPDX-License-Identifier: EUPL-1.2
"""The operations of an API as a collection for a program to ask with: of Postman, and of Bruno.

The questions are those of the reference. A secret is a variable without a value, for who opens the
collection to fill in. Source: Postman Collection Format 2.1.0; Bruno, "Bru Language".
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from typing import Final

from landschap.catalogue.reading.calling import Call, Header
from landschap.vocabulary.ijson import JsonValue

MOST: Final = 500
"""A collection holds at most so many questions."""
_SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_NO_FILE = re.compile(r"[^A-Za-z0-9._-]+")


def as_postman(title: str, named: Sequence[tuple[str, Call]]) -> dict[str, JsonValue]:
    """The collection of these calls, each with its name; Bruno and others read it too."""
    return {
        "info": {"name": title, "schema": _SCHEMA},
        "item": [{"name": name, "request": _request(call)} for name, call in named],
        "variable": [{"key": each, "value": ""} for each in _secrets(named)],
    }


def as_bruno(title: str, named: Sequence[tuple[str, Call]]) -> dict[str, str]:
    """The files of a collection of Bruno, by their path."""
    told = {"version": "1", "name": title, "type": "collection", "ignore": []}
    secrets = _secrets(named)
    files = {"bruno.json": json.dumps(told, ensure_ascii=False, indent=2) + "\n"}
    if secrets:
        inner = ",\n".join(f"  {each}" for each in secrets)
        files["environments/eigen.bru"] = f"vars:secret [\n{inner}\n]\n"
    for number, (name, call) in enumerate(named, 1):
        safe = _NO_FILE.sub("-", name).strip("-.")[:80] or "vraag"
        files[f"{number:03}-{safe}.bru"] = _bru(name, number, call)
    return files


def _request(call: Call) -> dict[str, JsonValue]:
    request: dict[str, JsonValue] = {
        "method": call.method,
        "header": [{"key": each.name, "value": _value(each)} for each in call.headers],
        "url": {"raw": call.address},
    }
    if call.body:
        request["body"] = {"mode": "raw", "raw": call.body}
    return request


def _bru(name: str, number: int, call: Call) -> str:
    headers = "".join(f"  {each.name}: {_value(each)}\n" for each in call.headers)
    # Lines of a block are indented, so that none of a stranger's ends it.
    body = "".join(f"  {line}\n" for line in call.body.splitlines())
    kind = "json" if call.body else "none"
    parts = [
        f"meta {{\n  name: {_line(name)}\n  type: http\n  seq: {number}\n}}",
        f"{call.method.lower()} {{\n  url: {_line(call.address)}\n  body: {kind}\n  auth: none\n}}",
        f"headers {{\n{headers}}}",
        *([f"body:json {{\n{body}}}"] if call.body else []),
    ]
    return "\n\n".join(parts) + "\n"


def _value(header: Header) -> str:
    """Braces of a text would be a variable."""
    plain = header.value.replace("{{", "{ {")
    return f"{plain}{{{{{header.secret}}}}}" if header.secret else plain


def _line(text: str) -> str:
    return " ".join(text.replace("{{", "{ {").split())


def _secrets(named: Iterable[tuple[str, Call]]) -> list[str]:
    found = (each.secret for _, call in named for each in call.headers if each.secret)
    return sorted(dict.fromkeys(found))
