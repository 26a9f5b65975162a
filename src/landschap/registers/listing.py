# SPDX-License-Identifier: EUPL-1.2
"""Reading a question about a collection: filters, order, how many, from where.

A filter is a searchable property that is no personal data: an address is read by too many eyes
to hold a person's value. Persons are searched with the key in the body.
Source: NL GOV REST API Design Rules 2.2, "filtering"; pagination (draft).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from landschap.registers.annotations import PersonalData
from landschap.registers.asking import QUERY_KEYS, Faults
from landschap.registers.geo_asking import box_keys, crs_keys, read_box
from landschap.registers.geometry import Area
from landschap.registers.models import ObjectType
from landschap.vocabulary.ijson import JsonValue

LIST_KEYS = ("sort", "cursor", "limit", "telling")
MAX_LIMIT = 1000
DEFAULT_LIMIT = 100
_MAX_VALUE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """The order of a list: by the value of a property, always completed with the id."""

    path: str = ""
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """What a list was asked with, beside times and fields."""

    filters: Mapping[str, str]
    order: Order
    limit: int
    cursor: str
    wants_count: bool
    area: Area | None = None

    def paths(self) -> tuple[str, ...]:
        """What has to be read of an object to know whether it is in the list, and where."""
        area = (self.area.path,) if self.area is not None else ()
        order = (self.order.path,) if self.order.path else ()
        return (*self.filters, *order, *area)


def filter_keys(kind: ObjectType) -> tuple[str, ...]:
    """The properties that may stand in an address to filter by."""
    return tuple(
        prop.name
        for prop in kind.content_properties()
        if prop.searchable and prop.personal_data is PersonalData.NONE
    )


def query_keys(kind: ObjectType) -> tuple[str, ...]:
    """The query keys of any question about objects of a type."""
    return (*QUERY_KEYS, *crs_keys(kind))


def list_query_keys(kind: ObjectType) -> tuple[str, ...]:
    """Every query key the collection of a type understands."""
    return (*query_keys(kind), *LIST_KEYS, *filter_keys(kind), *box_keys(kind))


def search_query_keys(kind: ObjectType) -> tuple[str, ...]:
    """Every query key of a search: one by place goes in pages."""
    return (*query_keys(kind), *(LIST_KEYS if box_keys(kind) else ()))


def read_listed(kind: ObjectType, query: Mapping[str, str], wrong: Faults) -> Listed:
    """What a list is asked with; faults go to ``wrong``."""
    return Listed(
        filters={
            name: value
            for name in filter_keys(kind)
            if (value := _value(query, name, wrong)) is not None
        },
        order=_order(kind, query, wrong),
        limit=_limit(query, wrong),
        cursor=query.get("cursor", ""),
        wants_count=wrong.flag(query, "telling"),
        area=read_box(kind, query, wrong),
    )


def is_text(kind: ObjectType, path: str) -> bool:
    """True for a property of which value and text in the database are the same."""
    return kind.properties[path].schema.get("type") == "string"


def bound_to(kind: ObjectType, query: Mapping[str, str]) -> JsonValue:
    """What a cursor is bound to: the question without place, size and shape of the answer."""
    free = {"cursor", "limit", "telling", "fields", "expand"}
    return [kind.key, {name: value for name, value in query.items() if name not in free}]


def _value(query: Mapping[str, str], name: str, wrong: Faults) -> str | None:
    value = query.get(name)
    if value is not None and not 0 < len(value) <= _MAX_VALUE:
        wrong.add("parameter.ongeldig", name, f"must hold 1 to {_MAX_VALUE} characters")
        return None
    return value


def _order(kind: ObjectType, query: Mapping[str, str], wrong: Faults) -> Order:
    text = query.get("sort", kind.identification)
    path = text.removeprefix("-")
    if path == kind.identification:
        return Order(descending=text != path)
    allowed = filter_keys(kind)
    if path not in allowed:
        names = ", ".join((kind.identification, *allowed))
        wrong.add("parameter.ongeldig", "sort", f"must be one of {names}, with - for descending")
        return Order()
    return Order(path=path, descending=text != path)


def _limit(query: Mapping[str, str], wrong: Faults) -> int:
    text = query.get("limit", str(DEFAULT_LIMIT))
    if text.isascii() and text.isdigit() and len(text) < 6 and 1 <= int(text) <= MAX_LIMIT:
        return int(text)
    wrong.add("parameter.ongeldig", "limit", f"must be a whole number from 1 to {MAX_LIMIT}")
    return DEFAULT_LIMIT
