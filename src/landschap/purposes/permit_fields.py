# SPDX-License-Identifier: EUPL-1.2
"""Fields of a permit as bits over the sorted paths of a field set, when their list is too long."""

from __future__ import annotations

from collections.abc import Sequence

from landschap.purposes.model import FieldSet


def bits_of(fields: Sequence[str], field_set: FieldSet) -> bytes | None:
    """The fields as bits over the sorted paths of the set; None when one lies outside it."""
    positions = {path: place for place, path in enumerate(sorted(field_set.fields))}
    if not set(fields) <= positions.keys():
        return None
    bits = 0
    for path in fields:
        bits |= 1 << positions[path]
    return bits.to_bytes((len(positions) + 7) // 8, "big")


def fields_in(raw: bytes, field_set: FieldSet) -> list[str]:
    """The fields that `bits_of` wrote."""
    bits = int.from_bytes(raw, "big")
    return [path for place, path in enumerate(sorted(field_set.fields)) if bits >> place & 1]
