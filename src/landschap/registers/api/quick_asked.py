# SPDX-License-Identifier: EUPL-1.2
"""What the short ways read of a question before anything else: its headers, and which day it is."""

from __future__ import annotations

from datetime import UTC, date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from landschap.vocabulary.times import amsterdam_day
from landschap.vocabulary.tracing import TraceContext, parse_traceparent

if TYPE_CHECKING:
    from litestar.types import Scope

# Headers by which a question is another one; it is answered at length.
_WEIGHTY = frozenset({b"prefer", b"if-none-match", b"accept-crs", b"content-crs"})
_TAKES_JSON = (b"*/*", b"application/json")


class Headers(NamedTuple):
    """The permit that came along, and the trace."""

    permit: str
    trace: TraceContext | None


def weighed(scope: Scope) -> Headers | None:
    """The permit and the trace; None when there is a header of weight, or one stands twice."""
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in _WEIGHTY or (name == b"accept" and value not in _TAKES_JSON):
            return None
        if name in (b"permit", b"traceparent"):
            if name in found:
                return None
            found[name] = value
    if b"permit" not in found:
        return None
    trace = found.get(b"traceparent")
    return Headers(
        found[b"permit"].decode("latin-1"),
        None if trace is None else parse_traceparent(trace.decode("latin-1")),
    )


@lru_cache(maxsize=16)
def today(second: int) -> date:
    """The day in Amsterdam at a second since 1970."""
    return amsterdam_day(datetime.fromtimestamp(second, UTC))
