# SPDX-License-Identifier: EUPL-1.2
"""Reading the XML of a BAG extract: each version as the cells of a row, each doubt likewise.

The cells have the names of the CSV form, so that `bag` reads both. Values that stand more than once
are joined as it expects them. Geometry is left out.
Source: BAG-extract 2.0, "LVC-extract" (deelbestand v20200601).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from xml.etree.ElementTree import Element

VERSION = "bagObject"
DOUBT = "kenmerkInOnderzoek"
_LIST_SEPARATOR = "|"
# Their content is cells; what stands around them is not.
_TIMES = {"Voorkomen", "BeschikbaarLV", "HistorieInOnderzoek", "BeschikbaarLVInOnderzoek"}
_KIND_IN_DOUBT = ("Kenmerk", "InOnderzoek")


def local(tag: str) -> str:
    """The name of an element without its namespace."""
    return tag.rpartition("}")[2]


def version_of(element: Element) -> tuple[str, dict[str, str]] | None:
    """The kind of object (``pand``) and the cells of one version; None for an empty element."""
    for thing in element:
        cells: dict[str, list[str]] = {}
        for name, text in _leaves(thing):
            cells.setdefault(name, []).append(text)
        return local(thing.tag).lower(), {
            name: _LIST_SEPARATOR.join(texts) for name, texts in cells.items()
        }
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
        if name == "geometrie":
            continue
        if name in {"voorkomen", "historieInOnderzoek"} | _TIMES:
            yield from _leaves(child)
        elif len(child):
            yield from ((name, (reference.text or "").strip()) for reference in child)
        else:
            yield name, (child.text or "").strip()


def filled(cells: Mapping[str, str], names: Iterable[str]) -> dict[str, str]:
    """The cells with an empty one for every name that is absent."""
    return {**dict.fromkeys(names, ""), **cells}
