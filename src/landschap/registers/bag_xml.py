# SPDX-License-Identifier: EUPL-1.2
"""Reading the XML of a BAG extract: each version as the cells of a row, each doubt likewise.

The cells have the names of the CSV form, so that `bag` reads both. Values that stand more than once
are joined as it expects them. Geometry is there as GeoJSON in RD, without heights (the BAG gives
0.0); one that can not be read is there as the words of what is wrong with it.
Source: BAG-extract 2.0, "LVC-extract" (deelbestand v20200601).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from xml.etree.ElementTree import Element

from landschap.registers.geometry_gml import UnreadableGml, geometry_of
from landschap.vocabulary.ijson import JsonValue

GEOMETRY = "geometrie"
VERSION = "bagObject"
DOUBT = "kenmerkInOnderzoek"
_LIST_SEPARATOR = "|"
# Their content is cells; what stands around them is not.
_TIMES = {"Voorkomen", "BeschikbaarLV", "HistorieInOnderzoek", "BeschikbaarLVInOnderzoek"}
_KIND_IN_DOUBT = ("Kenmerk", "InOnderzoek")


def local(tag: str) -> str:
    """The name of an element without its namespace."""
    return tag.rpartition("}")[2]


def version_of(element: Element) -> tuple[str, dict[str, JsonValue]] | None:
    """The kind of object (``pand``) and the cells of one version; None for an empty element."""
    for thing in element:
        cells: dict[str, list[str]] = {}
        for name, text in _leaves(thing):
            cells.setdefault(name, []).append(text)
        read: dict[str, JsonValue] = {
            name: _LIST_SEPARATOR.join(texts) for name, texts in cells.items()
        }
        return local(thing.tag).lower(), {**read, **_geometry(thing)}
    return None


def doubt_of(element: Element) -> tuple[str, dict[str, str]] | None:
    """The kind of object and the cells of one row about doubt: ``kenmerk``, ``inOnderzoek``."""
    for thing in element:
        kind = local(thing.tag).removeprefix(_KIND_IN_DOUBT[0]).removesuffix(_KIND_IN_DOUBT[1])
        cells = dict(_leaves(thing))
        for name in list(cells):
            if name.startswith("identificatieVan"):
                cells["identificatie"] = cells.pop(name)
        return kind.lower(), cells
    return None


def property_name(feature: str) -> str:
    """The property behind the words of a kenmerk: ``oorspronkelijk bouwjaar``."""
    first, *rest = feature.split()
    return first + "".join(word.capitalize() for word in rest)


def _leaves(thing: Element) -> Iterator[tuple[str, str]]:
    """Names and texts; a reference to another object has the name of the relation."""
    for child in thing:
        name = local(child.tag)
        if name == GEOMETRY:
            continue
        if name in {"voorkomen", "historieInOnderzoek"} | _TIMES:
            yield from _leaves(child)
        elif len(child):
            yield from ((name, (reference.text or "").strip()) for reference in child)
        else:
            yield name, (child.text or "").strip()


def _geometry(thing: Element) -> dict[str, JsonValue]:
    place = next((child for child in thing if local(child.tag) == GEOMETRY), None)
    if place is None:
        return {}
    try:
        return {GEOMETRY: geometry_of(place)}
    except UnreadableGml as error:
        return {GEOMETRY: str(error)}


def filled(cells: Mapping[str, JsonValue], names: Iterable[str]) -> dict[str, JsonValue]:
    """The cells with an empty one for every name that is absent."""
    return {**dict.fromkeys(names, ""), **cells}
