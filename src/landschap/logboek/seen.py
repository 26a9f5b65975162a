# SPDX-License-Identifier: EUPL-1.2
"""A line that another application delivers counts once, however often it is delivered.

Trace and span name the line; the digest tells whether it is the same one again. It is written in
the statement that writes the line, so that there is never one without the other.
Source: Logboek Dataverwerkingen, "Gedrag van het logboek" (each written line is confirmed).
"""

from __future__ import annotations

import hmac
from hashlib import sha256

import msgspec

from landschap.logboek.forms import Ready
from landschap.logboek.sealing import seen_key

LineKey = tuple[bytes, bytes]


class SeenLine(msgspec.Struct, frozen=True):
    """Trace (16 bytes) and span (8 bytes) of a line, and what it holds (SHA-256, or `blinded`)."""

    trace_id: bytes
    span_id: bytes
    digest: bytes

    @property
    def key(self) -> LineKey:
        """What names the line."""
        return self.trace_id, self.span_id


def seen_of(made: Ready) -> SeenLine:
    """How a checked line will be known."""
    columns = made.columns
    return SeenLine(columns.trace_id, columns.span_id, sha256(made.payload).digest())


def blinded(line: SeenLine, key: bytes) -> SeenLine:
    """The line as a sealed log knows it: its hash can not be guessed without a key of the log."""
    told = line.trace_id + line.span_id + line.digest
    return SeenLine(line.trace_id, line.span_id, hmac.digest(seen_key(key), told, "sha256"))
