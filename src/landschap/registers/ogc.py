# SPDX-License-Identifier: EUPL-1.2
"""Registers as OGC API Features: what the documents say, and how its questions are ours.

A collection of features is a collection of a register whose objects have a geometry and are no
persons. ``datetime`` is the day on which it held (`geldigOp`), or a period of which it held on some
day; then each object is told once, as it was last in that period.
Source: OGC API Features 1.0, part 1 (17-069r4) and part 2 (18-058r1).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

from landschap.registers.asking import Faults
from landschap.registers.geo_asking import BOX_KEYS, can_search_places
from landschap.registers.geojson import GEOJSON, link
from landschap.registers.geometry_crs import SUPPORTED, crs_kept
from landschap.registers.listing import MAX_LIMIT, filter_keys
from landschap.registers.models import ObjectType, Register
from landschap.registers.periods import BEGINNING, OPEN, Period
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import amsterdam_day, parse_day, parse_moment

CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
)
ITEM_KEYS = ("crs",)
_OPEN_ENDS = ("", "..")
_JSON = "application/json"
_OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
# The Netherlands with its coast. Source: EPSG 28992, area of use.
_EXTENT: list[JsonValue] = [3.2, 50.75, 7.22, 53.7]


def base_of(register: Register) -> str:
    """Where the features of a register stand."""
    return f"/{register.name}/ogc/v1"


def collections_of(register: Register) -> Iterator[ObjectType]:
    """The types that are collections of features."""
    kinds = (kind for kind in register.types.values() if can_search_places(kind))
    return iter(sorted(kinds, key=lambda kind: kind.collection))


def items_keys(kind: ObjectType) -> tuple[str, ...]:
    """The query keys of the features of a collection."""
    return (*ITEM_KEYS, *BOX_KEYS, "limit", "cursor", "datetime", *filter_keys(kind))


def landing(register: Register) -> dict[str, JsonValue]:
    """What stands at the beginning."""
    base = base_of(register)
    return {
        "title": register.title,
        "description": f"{register.title} als OGC API Features.",
        "links": [
            link(base, "self", _JSON, "Dit document"),
            link(f"{base}/openapi.json", "service-desc", _OPENAPI, "De beschrijving"),
            link(f"{base}/conformance", "conformance", _JSON, "Waaraan dit voldoet"),
            link(f"{base}/collections", "data", _JSON, "De collecties"),
        ],
    }


def collections_document(register: Register) -> dict[str, JsonValue]:
    """The collections there are, and the systems all of them have."""
    base = base_of(register)
    found: list[JsonValue] = [collection(register, kind) for kind in collections_of(register)]
    systems: list[JsonValue] = [crs.uri for crs in SUPPORTED]
    return {
        "links": [link(f"{base}/collections", "self", _JSON)],
        "crs": systems,
        "collections": found,
    }


def collection(register: Register, kind: ObjectType) -> dict[str, JsonValue]:
    """One collection."""
    place = f"{base_of(register)}/collections/{kind.collection}"
    systems: list[JsonValue] = [crs.uri for crs in SUPPORTED]
    assert kind.geometry is not None  # noqa: S101  # that makes it a collection of features
    return {
        "id": kind.collection,
        "title": kind.title,
        "description": kind.definition or kind.title,
        "itemType": "feature",
        "extent": {"spatial": {"bbox": [_EXTENT], "crs": SUPPORTED[0].uri}},
        "crs": systems,
        "storageCrs": crs_kept(kind.geometry.crs).uri,
        "links": [
            link(place, "self", _JSON),
            link(f"{place}/items", "items", GEOJSON, kind.title),
        ],
    }


def as_asked(query: Mapping[str, str], wrong: Faults) -> dict[str, str]:
    """A query of features as one of ours; a greater limit than ours counts as ours.

    Source: part 1, /req/core/fc-limit-response-1 and /req/core/fc-time-definition.
    """
    ours = {name: value for name, value in query.items() if name != "datetime"}
    limit = query.get("limit", "")
    if limit.isascii() and limit.isdigit() and len(limit) < 18 and int(limit) > MAX_LIMIT:
        ours["limit"] = str(MAX_LIMIT)
    moment = query.get("datetime", "")
    if "datetime" in query and "/" not in moment:
        day = _day(moment, wrong)
        ours |= {"geldigOp": day.isoformat()} if day else {}
    return ours


def read_period(query: Mapping[str, str], wrong: Faults) -> Period | None:
    """The days of a period in ``datetime``: both ends belong to it, and one may be open.

    Source: part 1, /req/core/fc-time-definition and fc-time-response.
    """
    begin, slash, end = query.get("datetime", "").partition("/")
    if not slash:
        return None
    if begin in _OPEN_ENDS and end in _OPEN_ENDS:
        wrong.add("tijd.datum-ongeldig", "datetime", "a period has a begin or an end; leave it out "
                  "for today")  # fmt: skip
        return None
    first = BEGINNING if begin in _OPEN_ENDS else _day(begin, wrong)
    last = OPEN if end in _OPEN_ENDS else _day(end, wrong)
    if first is None or last is None:
        return None
    if first > last:
        wrong.add("tijd.datum-ongeldig", "datetime", "ends before it begins")
        return None
    # A sentinel and the last day that there is have no day after them.
    return Period(first, last + timedelta(days=1) if last < OPEN else OPEN)


def _day(text: str, wrong: Faults) -> date | None:
    try:
        return amsterdam_day(parse_moment(text)) if "T" in text.upper() else parse_day(text)
    except InvalidValue as error:
        wrong.add("tijd.datum-ongeldig", "datetime", str(error))
        return None
