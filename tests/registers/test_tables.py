# SPDX-License-Identifier: EUPL-1.2
"""What people read on a terminal: of a geometry how large it is, not all of it."""

from __future__ import annotations

from typing import Any

import pytest

from landschap.cli.tables import without_coordinates


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"type": "Point", "coordinates": [1.0, 2.0]}, "Point, 1 positions"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 0]]]}, "Polygon, 4 positions"),
        ({"naam": "Weesp", "plaats": {"type": "Point", "coordinates": [1, 2, 3]}},
         {"naam": "Weesp", "plaats": "Point, 1 positions"}),
        (["a", {"b": 1}], ["a", {"b": 1}]),
    ],
)  # fmt: skip
def test_a_geometry_is_told_by_its_size(given: Any, told: Any) -> None:
    assert without_coordinates(given) == told
