# SPDX-License-Identifier: EUPL-1.2
"""New identifiers: the only place where the clock and randomness make one."""

from __future__ import annotations

import os
from uuid import UUID

from uuid_utils.compat import uuid7 as _uuid7

_TRACE_ID_BYTES = 16
_SPAN_ID_BYTES = 8


def uuid7() -> UUID:
    """An identifier that sorts by the moment it was made (milliseconds). Source: RFC 9562."""
    return _uuid7()


def new_trace_id() -> bytes:
    """Sixteen random bytes, never all zero. Source: W3C Trace Context, "trace-id"."""
    return _random_bytes(_TRACE_ID_BYTES)


def new_span_id() -> bytes:
    """Eight random bytes, never all zero. Source: W3C Trace Context, "parent-id"."""
    return _random_bytes(_SPAN_ID_BYTES)


def _random_bytes(size: int) -> bytes:
    while True:
        value = os.urandom(size)
        if any(value):
            return value
