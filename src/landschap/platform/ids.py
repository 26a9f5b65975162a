# SPDX-License-Identifier: EUPL-1.2
"""New identifiers: the only place where the clock and randomness make one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from uuid import UUID

from uuid_utils.compat import uuid7 as _uuid7

_TRACE_ID_BYTES = 16
_SPAN_ID_BYTES = 8
_PAGE_BYTES = 4096


def uuid7() -> UUID:
    """An identifier that sorts by the moment it was made (milliseconds). Source: RFC 9562."""
    return _uuid7()


def new_trace_id() -> bytes:
    """Sixteen random bytes, never all zero. Source: W3C Trace Context, "trace-id"."""
    return _random_bytes(_TRACE_ID_BYTES)


def new_span_id() -> bytes:
    """Eight random bytes, never all zero. Source: W3C Trace Context, "parent-id"."""
    return _random_bytes(_SPAN_ID_BYTES)


def span_ids() -> Iterator[bytes]:
    """New ones without end, each made when it is asked for."""
    while True:
        yield new_span_id()


class _Random:
    """Random bytes of the system, asked for by the page: a call costs more than what it gives."""

    def __init__(self) -> None:
        self._page = b""
        self._used = 0
        # A copy of this process must not make the same identifiers.
        os.register_at_fork(after_in_child=self._forget)

    def take(self, size: int) -> bytes:
        """``size`` bytes that were never given before."""
        if self._used + size > len(self._page):
            self._page = os.urandom(_PAGE_BYTES)
            self._used = 0
        begin, self._used = self._used, self._used + size
        return self._page[begin : self._used]

    def _forget(self) -> None:
        self._page = b""
        self._used = 0


_random = _Random()


def _random_bytes(size: int) -> bytes:
    while True:
        value = _random.take(size)
        if any(value):
            return value
