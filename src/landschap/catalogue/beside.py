# SPDX-License-Identifier: EUPL-1.2
"""What is said of an API beside its description: it fills in what the description leaves open.

    {"info": {"description": "...", "contact": {"name": "..."}, "x-sunset": "2027-12-31"},
     "servers": [{"url": "https://api.example.org/adressen/v1"}]}

What the description says itself always goes before it. The text that is published holds both, so
that who reads, harvests or checks it reads the same.
Source: OpenAPI 3.1.0, "Info Object"; API design rules, "Criteria for use"; house decision.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import yaml

from landschap.catalogue.documents import Document, read_document
from landschap.catalogue.reading.outline import servers_of
from landschap.vocabulary.ijson import JsonValue

Beside = Mapping[str, JsonValue]
Path = tuple[str, ...]


def with_beside(raw: bytes, document: Document, beside: Beside) -> tuple[bytes, Document]:
    """The text with what was said beside it; the very same text when that adds nothing.

    JSON stays JSON, YAML stays YAML without its comments. Raises UnreadableDocument.
    """
    whole = _filled(document.value, _used(document, beside))
    if whole == document.value:
        return raw, document
    if raw.lstrip()[:1] == b"{":
        made = json.dumps(whole, ensure_ascii=False, indent=2)
    else:
        made = yaml.safe_dump(whole, allow_unicode=True, sort_keys=False, width=100)
    text = made.encode()
    return text, read_document(text)


def said_at(value: JsonValue, path: Path) -> JsonValue:
    """What stands at a place; None when nothing does."""
    at = value
    for step in path:
        at = at.get(step) if isinstance(at, dict) else None
    return None if _is_open(at) else at


def put(beside: dict[str, JsonValue], path: Path, value: JsonValue) -> None:
    """Say something at a place; nothing is said with an empty value."""
    if _is_open(value):
        return
    at = beside
    for step in path[:-1]:
        inner = at.setdefault(step, {})
        if not isinstance(inner, dict):
            return
        at = inner
    at[path[-1]] = value


def _used(document: Document, beside: Beside) -> Beside:
    """Without an address where the description has one: a list is taken whole or not at all."""
    if "servers" in beside and servers_of(document.value):
        return {key: value for key, value in beside.items() if key != "servers"}
    return beside


def _filled(value: JsonValue, beside: JsonValue) -> JsonValue:
    if isinstance(value, dict) and isinstance(beside, Mapping):
        found = {key: _filled(each, beside.get(key)) for key, each in value.items()}
        return found | {key: each for key, each in beside.items() if _is_open(found.get(key))}
    return beside if _is_open(value) and beside is not None else value


def _is_open(value: JsonValue) -> bool:
    """True for what says nothing. False and zero say something."""
    return value is None or (isinstance(value, str | Sequence | Mapping) and not value)
