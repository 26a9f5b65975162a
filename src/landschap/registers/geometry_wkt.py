# SPDX-License-Identifier: EUPL-1.2
"""Well-known text, as geometry stands in a cell of a CSV, as GeoJSON in the same coordinates.

Rings turn as in the GML of the same extract: the outer one against the clock.
Source: OGC 06-103r4, "Well-known Text Representation"; RFC 7946, section 3.1.6.
"""

from __future__ import annotations

import json
import re

import shapely
from shapely.geometry import mapping

from landschap.vocabulary.ijson import JsonValue

_WKT = re.compile(r"(?:MULTI)?(?:POINT|LINESTRING|POLYGON)\s*Z?\s*\(", re.IGNORECASE)


def geometry_in(text: str) -> dict[str, JsonValue] | None:
    """The geometry of a cell; None for a text that is no well-known text of a usable kind."""
    if not _WKT.match(text):
        return None
    shape = shapely.from_wkt(text, on_invalid="ignore")
    if shape is None:
        return None
    flat = shapely.orient_polygons(shapely.force_2d(shape))
    made: dict[str, JsonValue] = json.loads(json.dumps(mapping(flat)))
    return made
