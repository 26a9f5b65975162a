# SPDX-License-Identifier: EUPL-1.2
"""Obligations and the confidentiality mark on the answer of a logical source.

The mark is looked up in the merged record, before it was cut. What is gone from a result has no
provenance either.
Source: house rules "Obligations" and "Confidentiality mark"; `purposes.duties`.
"""

from __future__ import annotations

from collections.abc import Mapping

from landschap.integration.merge import Merged
from landschap.purposes.duties import Duties, obey
from landschap.vocabulary.ijson import JsonValue


def obeyed(body: Mapping[str, JsonValue], duties: Duties, merged: Merged) -> dict[str, JsonValue]:
    """The released body as it may leave."""
    results = body["resultaten"]
    assert isinstance(results, list)  # noqa: S101  # made by `release`
    told: list[JsonValue] = [
        obey(result, duties, record)
        for result, record in zip(results, merged.records, strict=True)
        if isinstance(result, Mapping)
    ]
    origins = body["herkomst"]
    assert isinstance(origins, Mapping)  # noqa: S101  # made by `release`
    kept = {pointer: origin for pointer, origin in origins.items() if _is_there(told, pointer)}
    return {**body, "resultaten": told, "herkomst": kept}


def _is_there(results: list[JsonValue], pointer: str) -> bool:
    """True when a JSON Pointer into the results leads to something. Source: RFC 6901."""
    value: JsonValue = results
    for step in pointer.split("/")[1:]:
        if isinstance(value, Mapping) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdigit() and int(step) < len(value):
            value = value[int(step)]
        else:
            return False
    return True
