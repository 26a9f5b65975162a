# SPDX-License-Identifier: EUPL-1.2
"""What tests of registers share: places, a made-up register, assertions in one line."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from landschap.registers.geometry_crs import Geometry
from landschap.registers.models import ObjectType, Register, parse_register
from landschap.registers.periods import Period
from landschap.registers.schemas import DIALECT
from landschap.registers.timeline import Assertion, Clock, Kind, Known

ROOT = Path(__file__).resolve().parents[2]
WEESP = ROOT / "src" / "landschap" / "cli" / "demo" / "data" / "weesp"
FULL = ROOT.parent / "shared" / "data" / "bag-weesp-0457"
GEO = Path(__file__).parent / "geo"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def annotated(**schema: object) -> dict[str, object]:
    """A property with the annotations every property must have."""
    return {
        "title": "T", "x-titel-en": "T", "x-persoonsgegeven": "geen", "type": "string", **schema
    }  # fmt: skip


def made_up(
    *, clock: str = "eigen", incomplete: bool = False, dialect: str = "standaard",
    besluittermijn: str = "", **properties: object,
) -> Register:  # fmt: skip
    """A register ``proef`` with one type ``persoon``: name and marital state, or as given."""
    members = properties or {
        "naam": annotated(**{"x-zoekbaar": True}),
        "staat": annotated(enum=["ongehuwd", "gehuwd"]),
    }
    schema = {
        "$schema": DIALECT, "title": "Persoon", "x-titel-en": "Person", "type": "object",
        "additionalProperties": False, "required": list(members)[:1], "x-collectie": "personen",
        "x-identificatie": "nummer", "x-versie": "1.0.0", "x-onvolledige-datums": incomplete,
        "properties": {"nummer": annotated(pattern="^[a-z0-9]+$"), **members},
    }  # fmt: skip
    head = {"naam": "proef", "klok": clock, "dialect": str(dialect)}
    head |= {"besluittermijn": besluittermijn} if besluittermijn else {}
    return parse_register(head, {"persoon": schema}, "proef")  # type: ignore[dict-item]  # plain JSON


def asserted(number: int, begin: object, end: object = None, **other: object) -> Assertion:
    """An assertion for rules: days, a content ``value`` and a moment ``known``."""
    known = other.get("known")
    moment = known if isinstance(known, datetime) else NOW
    value = other.get("value")
    return Assertion(
        number=number,
        group=str(other.get("group", "g")),
        period=Period(begin, end) if end else Period(begin),  # type: ignore[arg-type]  # days
        registered_at=moment,
        source_registered_at=moment,
        kind=Kind.CHANGE,
        content=None if value is None else {"waarde": value},  # type: ignore[dict-item]  # JSON
        begin_source=other.get("source"),  # type: ignore[arg-type]  # IncompleteDate
    )


def up_to(number: int, clock: Clock = Clock.OWN, moment: datetime = NOW) -> Known:
    """Knowledge up to a number."""
    return Known(clock=clock, moment=moment, number=number)


def kind_of(register: Register) -> ObjectType:
    """The one type of a made-up register."""
    return next(iter(register.types.values()))


def as_shape(geometry: Geometry) -> BaseGeometry:
    """A geometry to compute with, apart from the program."""
    made: BaseGeometry = shape(geometry)
    return made
