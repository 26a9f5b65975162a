# SPDX-License-Identifier: EUPL-1.2
"""What of a description one can choose by, and the lines that tell why it was found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from landschap.catalogue.criteria import criteria_of
from landschap.catalogue.documents import Document
from landschap.catalogue.openapi_rules import METHODS
from landschap.catalogue.references import References
from landschap.gateway.lifecycle import Lifecycle, lifecycle_of
from landschap.vocabulary.ijson import JsonValue

_MOST_LINES = 500
_LONGEST = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Particulars:
    """Of one text: the days of its end, the criteria for use, lines of operations and fields."""

    deprecated: date | None
    sunset: date | None
    access: str
    means: tuple[str, ...]
    personal: bool | None
    purpose: bool | None
    provider: str
    service: str
    operations: tuple[str, ...]
    fields: tuple[str, ...]


def particulars_of(document: Document) -> Particulars:
    """What a document says; what it does not say or says wrong is not known."""
    references = References(document.value)
    criteria = criteria_of(document.value)
    ends = _ends(document.value)
    return Particulars(
        deprecated=ends.deprecated if ends else None,
        sunset=ends.sunset if ends else None,
        access=criteria.access,
        means=criteria.means,
        personal=criteria.personal,
        purpose=criteria.needs_purpose,
        provider=criteria.provider,
        service=criteria.service,
        operations=_first(_operations(references)),
        fields=_first(_fields(references)),
    )


def _ends(value: JsonValue) -> Lifecycle | None:
    info = value.get("info") if isinstance(value, dict) else None
    try:
        return lifecycle_of(info) if isinstance(info, Mapping) else None
    except ValueError:
        return None


def _first(lines: Iterator[str]) -> tuple[str, ...]:
    """The first lines, each once."""
    found: dict[str, None] = {}
    for each in lines:
        found[" ".join(each.replace("\0", " ").split())[:_LONGEST]] = None
        if len(found) == _MOST_LINES:
            break
    return tuple(found)


def _operations(references: References) -> Iterator[str]:
    paths = references.down(references.root, "paths")
    for path, item in references.children(paths) if paths else ():
        for method, operation in references.children(item):
            if method in METHODS and isinstance(operation.value, dict):
                summary = operation.value.get("summary")
                said = summary if isinstance(summary, str) else ""
                yield f"{method.upper()} {path}{' ' if said else ''}{said}"


def _fields(references: References) -> Iterator[str]:
    for at in references.everything():
        inner = references.child(at, "properties")
        if inner is not None:
            yield from (name for name, _ in references.children(inner))
