# SPDX-License-Identifier: EUPL-1.2
"""Which operations and schemas a description has, each with a name for in an address."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urljoin

from landschap.catalogue.describing import name_of
from landschap.catalogue.openapi_rules import METHODS
from landschap.catalogue.references import At, References
from landschap.vocabulary.ijson import JsonValue

MOST_OPERATIONS = 1_000
MOST_SCHEMAS = 2_000
_LONGEST = 20_000
_ADDRESS = re.compile(r"https?://[^\s\"'<>\\`{}]{1,500}")
_VARIABLE = re.compile(r"\{([^{}]{1,100})\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One operation in the list: ``slug`` is its name in an address."""

    slug: str
    method: str
    path: str
    summary: str
    deprecated: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The operations under one tag; the tag is empty for those without."""

    tag: str
    description: str
    entries: Sequence[Entry]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """What a description holds. ``is_cut``: there is more than is listed."""

    title: str
    version: str
    openapi: str
    description: str
    servers: Sequence[str]
    groups: Sequence[Group]
    schemas: Sequence[str]
    is_cut: bool


def outline_of(value: JsonValue, source: str = "") -> Outline:
    """The outline of a description; what lacks is empty. ``source`` is where it was found."""
    references = References(value)
    document, info = table(value), table(member(value, "info"))
    entries = [(entry, tags) for entry, tags, _ in operations_of(references)]
    told = {
        text(table(each).get("name")): text(table(each).get("description"))
        for each in listed(document.get("tags"))
    }
    order: dict[str, list[Entry]] = {name: [] for name in told}
    for entry, tag in entries:
        order.setdefault(tag, []).append(entry)
    schemas = list(table(table(document.get("components")).get("schemas")))
    return Outline(
        title=text(info.get("title")),
        version=text(info.get("version")),
        openapi=text(document.get("openapi")),
        description=text(info.get("description")),
        servers=servers_of(value, source),
        groups=[
            Group(tag=tag, description=told.get(tag, ""), entries=found)
            for tag, found in order.items()
            if found
        ],
        schemas=schemas[:MOST_SCHEMAS],
        is_cut=len(schemas) > MOST_SCHEMAS or len(entries) == MOST_OPERATIONS,
    )


def operations_of(references: References) -> Iterator[tuple[Entry, str, tuple[At, At]]]:
    """Each operation: its entry, its first tag, and where its path and itself stand."""
    taken: set[str] = set()
    paths = references.down(references.root, "paths")
    for path, item in references.children(paths) if paths else ():
        for method, at in references.children(item):
            if method not in METHODS or not isinstance(at.value, dict):
                continue
            if len(taken) == MOST_OPERATIONS:
                return
            slug = _slug(text(at.value.get("operationId")) or f"{method} {path}", taken)
            entry = Entry(
                slug=slug,
                method=method.upper(),
                path=path[:500],
                summary=text(at.value.get("summary"))[:300],
                deprecated=at.value.get("deprecated") is True,
            )
            tags = [each for each in listed(at.value.get("tags")) if isinstance(each, str)]
            yield entry, tags[0] if tags else "", (item, at)


def servers_of(value: JsonValue, source: str = "") -> list[str]:
    """Addresses of servers that can be called, each variable as its default.

    An address without a host is beside the description, as OpenAPI has it.
    """
    beside = source if source.startswith("https://") else ""
    found = []
    for each in listed(member(value, "servers"))[:20]:
        told = table(each)
        defaults = {
            name: text(table(given).get("default"))
            for name, given in table(told.get("variables")).items()
        }
        address = _VARIABLE.sub(lambda m: defaults.get(m[1], m[0]), text(told.get("url")))  # noqa: B023
        if beside and address.startswith("/"):
            address = urljoin(beside, address)
        if _ADDRESS.fullmatch(address):
            found.append(address.rstrip("/"))
    return found


def member(value: JsonValue, key: str) -> JsonValue:
    """What stands under a key; None when there is no such thing."""
    return value.get(key) if isinstance(value, dict) else None


def table(value: object) -> Mapping[str, JsonValue]:
    """The object, or an empty one for anything else."""
    return value if isinstance(value, dict) else {}


def listed(value: object) -> list[JsonValue]:
    """The list, or an empty one for anything else."""
    return value if isinstance(value, list) else []


def text(value: object) -> str:
    """The text without null characters and with an end; empty for anything else."""
    if isinstance(value, bool) or not isinstance(value, (str, int, float)):
        return ""
    return str(value).replace("\0", " ").strip()[:_LONGEST]


def _slug(wanted: str, taken: set[str]) -> str:
    base = name_of(wanted)
    number, slug = 1, base
    while slug in taken:
        number += 1
        slug = f"{base}-{number}"
    taken.add(slug)
    return slug
