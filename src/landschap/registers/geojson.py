# SPDX-License-Identifier: EUPL-1.2
"""Answers with geometry: in the system that was asked for, and as features of GeoJSON.

Source: RFC 7946; OGC API Features 1.0, part 1 "core" and part 2 "CRS".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from landschap.registers.geometry_crs import Crs, crs_kept, project
from landschap.registers.models import ObjectType
from landschap.vocabulary.ijson import JsonValue

GEOJSON = "application/geo+json"


def in_crs(kind: ObjectType, content: dict[str, JsonValue], crs: Crs) -> dict[str, JsonValue]:
    """A content with its geometry in this system; the rest, and no geometry, as it is."""
    place = kind.geometry
    value = content.get(place.name) if place is not None else None
    if place is None or not isinstance(value, Mapping):
        return content
    return {**content, place.name: project(value, crs_kept(place.crs), crs)}


def feature_of(kind: ObjectType, body: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """An answer about one object as a feature; without geometry where it holds none."""
    place = kind.geometry.name if kind.geometry is not None else ""
    feature: dict[str, JsonValue] = {"type": "Feature"}
    if kind.identification in body:
        feature["id"] = body[kind.identification]
    feature["geometry"] = body.get(place)
    feature["properties"] = {name: value for name, value in body.items() if name != place}
    return feature


def collection_of(
    kind: ObjectType, bodies: Sequence[Mapping[str, JsonValue]], links: Sequence[JsonValue]
) -> dict[str, JsonValue]:
    """Answers about objects as a collection of features."""
    features: list[JsonValue] = [feature_of(kind, body) for body in bodies]
    return {
        "type": "FeatureCollection",
        "features": features,
        "links": list(links),
        "numberReturned": len(features),
    }


def link(href: str, rel: str, kind: str, title: str = "") -> dict[str, JsonValue]:
    """One link of a document. Source: RFC 8288."""
    made: dict[str, JsonValue] = {"href": href, "rel": rel, "type": kind}
    if title:
        made["title"] = title
    return made


def content_crs(crs: Crs) -> dict[str, str]:
    """The header that says how coordinates are written, as OGC API Features writes it."""
    return {"Content-Crs": f"<{crs.uri}>"}
