# SPDX-License-Identifier: EUPL-1.2
"""Trace context: the thread that ties records of several organisations together.

Source: W3C Trace Context, "traceparent Header"; Logboek Dataverwerkingen, "Trace Context".
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_INVALID_VERSION = "ff"
_MAX_TRACESTATE = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceContext:
    """One position in a trace: 16 bytes trace, 8 bytes span, the flags as received."""

    trace_id: bytes
    span_id: bytes
    flags: int = 0
    tracestate: str = ""

    def header(self) -> str:
        """The ``traceparent`` to send, always as version 00."""
        return f"00-{self.trace_id.hex()}-{self.span_id.hex()}-{self.flags:02x}"

    def child(self, span_id: bytes) -> TraceContext:
        """The same trace with another span; flags and tracestate are never changed by us."""
        return replace(self, span_id=span_id)


def parse_traceparent(header: str | None, tracestate: str = "") -> TraceContext | None:
    """Read a ``traceparent``; None when absent or malformed, and then tracestate is dropped.

    All-zero ids, upper-case hexadecimals and version ff count as absent. A later version with a
    longer tail keeps its trace id.
    """
    match = _TRACEPARENT.fullmatch(header or "")
    if match is None:
        return None
    version, trace, span, flags, tail = match.groups()
    if version == _INVALID_VERSION or (version == "00" and tail):
        return None
    if not trace.strip("0") or not span.strip("0"):
        return None
    return TraceContext(
        trace_id=bytes.fromhex(trace),
        span_id=bytes.fromhex(span),
        flags=int(flags, 16),
        tracestate=tracestate if len(tracestate) <= _MAX_TRACESTATE else "",
    )
