# SPDX-License-Identifier: EUPL-1.2
"""Reading a batch: ids to be answered in one go, each in its own place.

    {"requests": [{"key": "0457100000000001"}, {"key": "0457100000000002"}]}

Source: NL GOV REST API, batch (consultation).
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from landschap.registers.refusals import invalid_body
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.problems import Refusal

MAX_KEYS = 100
_MAX_KEY = 200


def read_batch(body: bytes) -> list[str] | Refusal:
    """The keys in order; the refusal holds everything that is wrong."""
    try:
        given = loads(body, max_bytes=100_000)
    except InvalidJson as error:
        return _invalid([("", str(error))])
    requests = given.get("requests") if isinstance(given, Mapping) else None
    if (
        not isinstance(given, Mapping)
        or set(given) != {"requests"}
        or not isinstance(requests, list)
    ):
        return _invalid([("", 'must be an object {"requests": [{"key": "..."}]}')])
    if len(requests) > MAX_KEYS:
        return Refusal(
            code="request-limit-exceeded",
            status=HTTPStatus.BAD_REQUEST,
            title="Too many at once",
            detail=f"{len(requests)} keys were asked; at most {MAX_KEYS} go in one batch.",
        )
    wrong = [
        (
            f"/requests/{place}",
            'must be {"key": "..."} with a text of 1 to 200 characters, none null',
        )
        for place, request in enumerate(requests)
        if not _is_key(request)
    ]
    return _invalid(wrong) if wrong else [str(request["key"]) for request in requests]


def _is_key(request: JsonValue) -> bool:
    if not isinstance(request, Mapping) or set(request) != {"key"}:
        return False
    key = request["key"]
    # PostgreSQL keeps no text with a null character.
    return isinstance(key, str) and 0 < len(key) <= _MAX_KEY and "\0" not in key


def _invalid(wrong: list[tuple[str, str]]) -> Refusal:
    return invalid_body(wrong, code="invalid-request", title="This is not a batch", told="")
