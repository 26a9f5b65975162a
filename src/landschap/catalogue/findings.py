# SPDX-License-Identifier: EUPL-1.2
"""What a check of a description finds: which rule, where, why it matters and how to mend it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from landschap.catalogue.documents import Document, Place
from landschap.vocabulary.ijson import JsonValue

RULES = "https://gitdocumentatie.logius.nl/publicatie/api/adr/2.2.0/"


class Severity(StrEnum):
    """Whether a rule is broken, or good practice is not followed."""

    ERROR = "error"
    WARNING = "warning"


class Mode(StrEnum):
    """As the official linter has it, its quirks included; or as the rules are meant."""

    OFFICIAL = "official"
    STRICT = "strict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: its code, its name in the design rules, why it is there, how to mend a breach."""

    code: str
    severity: Severity
    name: str
    why: str
    mend: str

    @property
    def address(self) -> str:
        """Where the rule is written; empty for a rule of OpenAPI itself."""
        return f"{RULES}#{self.name}" if self.name.startswith("/") else ""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """One breach: the line from 1, the place in the document, what is wrong there."""

    line: int
    path: Place
    code: str
    message: str

    def as_json(self, rule: Rule) -> dict[str, JsonValue]:
        """For programs: stable names."""
        return {
            "code": self.code,
            "severity": rule.severity.value,
            "path": list(self.path),
            "line": self.line,
            "message": self.message,
            "rule": rule.name,
            "why": rule.why,
            "mend": rule.mend,
        }


class Found:
    """Findings as they are gathered: one per code and place."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._known: dict[tuple[str, Place], Finding] = {}

    def add(self, code: str, place: Iterable[str], message: str) -> None:
        """One finding at a place, or at the nearest place around it that exists."""
        path = self._existing(tuple(place))
        line = self._document.line_of(path)
        found = Finding(line=line, path=path, code=code, message=message)
        self._known.setdefault((code, path), found)

    def all(self) -> list[Finding]:
        """Everything, in the order of the document."""
        return sorted(self._known.values())

    def _existing(self, place: Place) -> Place:
        value = self._document.value
        for depth, step in enumerate(place):
            if isinstance(value, dict) and step in value:
                value = value[step]
            elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
                value = value[int(step)]
            else:
                return place[:depth]
        return place
