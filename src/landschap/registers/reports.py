# SPDX-License-Identifier: EUPL-1.2
"""Doubt reported by somebody who uses the data: what is reported, and what was decided.

Whoever may read a value may say that it seems wrong. From then on every answer says that it is
being investigated, until the holder of the register has decided; the decision is for the one who
reported to read.
Source: Wet BRP art. 2.34; Wet BAG art. 37 ("terugmelding"); history, "in onderzoek".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from landschap.registers.models import ObjectType
from landschap.registers.refusals import invalid_body
from landschap.registers.schemas import Schema, faults
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.mistakes import did_you_mean
from landschap.vocabulary.problems import Refusal
from landschap.vocabulary.times import as_utc_text

_MAX_BODY = 64 * 1024
REPORT: Schema = {
    "type": "object",
    "required": ["kenmerken", "toelichting"],
    "additionalProperties": False,
    "properties": {
        "kenmerken": {"type": "array", "minItems": 1, "items": {"type": "string"}},
        "toelichting": {"type": "string", "minLength": 3, "maxLength": 2000},
    },
}
DECISION: Schema = {
    "type": "object",
    "required": ["gegrond", "reden", "document"],
    "additionalProperties": False,
    "properties": {
        "gegrond": {"type": "boolean"},
        "reden": {"type": "string", "minLength": 3, "maxLength": 2000},
        "document": {"type": "string", "minLength": 1, "maxLength": 500},
    },
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubted:
    """What a reporter says: which values seem wrong, and why."""

    paths: tuple[str, ...]
    explanation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """What the holder of the register decided, and on what ground."""

    upheld: bool
    reason: str
    document: str


WITHDRAWN = Decided(
    upheld=False,
    reason="De melder trok de melding in.",
    document="intrekking door de melder",
)
"""What is kept when the reporter takes a report back: nothing was decided on the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report as it is kept, with its decision when there is one.

    ``reporter`` is the pseudonym of the person concerned when they reported it themselves, empty
    when an organisation did; ``proposed`` is the value they say is right, as typed. ``decide_by``
    is the last day on which a decision is in time. ``author`` is who wrote it down for the person
    at the desk, as `desk.author_at_desk`; ``inwoner`` or empty when nobody did.
    """

    report_id: UUID
    type_key: str
    object_id: str
    paths: tuple[str, ...]
    since: date
    explanation: str
    peer: str
    reported_at: datetime
    decided: Decided | None = None
    decided_at: datetime | None = None
    proposed: str = ""
    reporter: bytes = field(default=b"", repr=False)
    decide_by: date | None = None
    author: str = ""

    @property
    def number(self) -> str:
        """How people call it: ``M-2026-4C0FFEE1``."""
        return f"M-{self.reported_at.year}-{self.report_id.hex[-8:].upper()}"

    @property
    def is_withdrawn(self) -> bool:
        """True when the reporter took it back."""
        return self.decided == WITHDRAWN

    def is_late(self, today: date) -> bool:
        """True when there should have been a decision by now."""
        return self.decided is None and self.decide_by is not None and self.decide_by < today

    def as_json(self, *, with_explanation: bool) -> dict[str, JsonValue]:
        """The report as its reporter, or the holder of the register, reads it."""
        told: dict[str, JsonValue] = {
            "terugmelding": str(self.report_id),
            "identificatie": self.object_id,
            "kenmerken": list(self.paths),
            "tijdstipMelding": as_utc_text(self.reported_at),
            "status": "in behandeling",
        }
        if self.decide_by is not None:
            told["besluitUiterlijk"] = self.decide_by.isoformat()
        if with_explanation:
            told["toelichting"] = self.explanation
            told["organisatie"] = self.peer
            if self.proposed:
                told["voorstel"] = self.proposed
        if self.decided is not None and self.decided_at is not None:
            told["status"] = "gegrond" if self.decided.upheld else "ongegrond"
            told["reden"] = self.decided.reason
            told["tijdstipBesluit"] = as_utc_text(self.decided_at)
        return told


def read_report(kind: ObjectType, body: bytes) -> Doubted | Refusal:
    """A report from its body; the refusal holds everything that is wrong."""
    given = _object(body, REPORT)
    if isinstance(given, Refusal):
        return given
    raw = given["kenmerken"]
    paths = tuple(str(each) for each in raw) if isinstance(raw, list) else ()
    wrong = [
        (f"/kenmerken/{place}", no_doubt_about(kind, path))
        for place, path in enumerate(paths)
        if path not in kind.kept_paths()
    ]
    if wrong:
        return invalid_body(wrong)
    return Doubted(paths=tuple(dict.fromkeys(paths)), explanation=str(given["toelichting"]))


def read_decision(body: bytes) -> Decided | Refusal:
    """A decision from its body; the refusal holds everything that is wrong."""
    given = _object(body, DECISION)
    if isinstance(given, Refusal):
        return given
    return Decided(
        upheld=given["gegrond"] is True,
        reason=str(given["reden"]),
        document=str(given["document"]),
    )


def no_doubt_about(kind: ObjectType, path: str) -> str:
    """Why a path can not be doubted: it is not there, or it is not what was written."""
    rule = kind.derived.get(path)
    if rule is not None:
        return f"{path} is derived: name what it follows from ({', '.join(rule.inputs)})"
    return f"there is no {path[:80]}{did_you_mean(path, kind.kept_paths())}"


def can_be_wrong(kind: ObjectType, path: str) -> bool:
    """True for what is kept of a person and does not say who it is."""
    subject = kind.subject.name if kind.subject else ""
    return path in kind.kept_paths() and path not in (subject, kind.identification)


def in_doubt(kind: ObjectType, reports: Iterable[Report]) -> dict[str, tuple[date, list[str]]]:
    """Per group, from which day which paths are in doubt by these open reports."""
    found: dict[str, tuple[date, list[str]]] = {}
    for report in reports:
        for path in report.paths:
            group = kind.properties[path.partition(".")[0]].group
            since, paths = found.get(group, (report.since, []))
            if path not in paths:
                paths.append(path)
            found[group] = (min(since, report.since), paths)
    return found


def _object(body: bytes, schema: Schema) -> Mapping[str, JsonValue] | Refusal:
    try:
        given = loads(body, max_bytes=_MAX_BODY, storable=True)
    except InvalidJson as error:
        return invalid_body([("", str(error))])
    wrong = [(fault.pointer, fault.message) for fault in faults(given, schema)]
    if wrong or not isinstance(given, Mapping):
        return invalid_body(wrong)
    return given
