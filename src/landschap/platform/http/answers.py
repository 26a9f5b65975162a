# SPDX-License-Identifier: EUPL-1.2
"""Answers: JSON with the right media type, and refusals as problem details."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from litestar import Response

from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal

PROBLEM = "application/problem+json"


def problem_response(
    refusal: Refusal, *, instance: str = "", trace_id: str = "", headers: Mapping[str, str] = {}
) -> Response[bytes]:
    """The refusal as ``application/problem+json``. Source: RFC 9457."""
    return Response(
        msgspec.json.encode(refusal.body(instance=instance, trace_id=trace_id)),
        status_code=refusal.status,
        media_type=PROBLEM,
        headers=dict(headers),
    )


def json_response(
    value: JsonValue | msgspec.Struct,
    *,
    status: int = 200,
    headers: Mapping[str, str] = {},
    media_type: str = "application/json",
) -> Response[bytes]:
    """A value as JSON, encoded once."""
    return Response(
        msgspec.json.encode(value),
        status_code=status,
        media_type=media_type,
        headers=dict(headers),
    )
