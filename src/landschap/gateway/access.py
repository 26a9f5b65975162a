# SPDX-License-Identifier: EUPL-1.2
"""What the access log of nginx says, line by line: what it counts for, and what must be done.

A line holds no path, no query and no person. What a peer can put in it (its certificate's number,
a method) is cut to size here, once. Which file a line stands in does not matter: a file is known
by its first line, so a file that is renamed, or a new one in its place, is told apart.
Source: house decisions: outcome from the access log, a refused token, refused certificates.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import msgspec

OWN = "own-"
_BAD_CERTIFICATE = "ERROR_CODE_PEER_CERTIFICATE_VERIFICATION_FAILED"
_RATE_LIMITED = "ERROR_CODE_RATE_LIMITED"
_TOKEN_REFUSED = frozenset(
    {
        "ERROR_CODE_ACCESS_TOKEN_MISSING",
        "ERROR_CODE_ACCESS_TOKEN_INVALID",
        "ERROR_CODE_ACCESS_TOKEN_EXPIRED",
    }
)
_MAX_WORD = 100
# The end of year 9999: what `datetime` can hold.
_LAST_SECOND = 253_402_300_799.0
_UNAUTHORIZED = 401
_NO_BODY = frozenset({"204", "304"})


class _Written(msgspec.Struct, frozen=True):
    """A line as nginx writes it: every value is text."""

    at: str
    door: str
    tx: str = ""
    upstream: str = ""
    status: str = ""
    upstream_status: str = ""
    code: str = ""
    seconds: str = ""
    bytes: str = ""
    received: str = ""
    method: str = ""
    body: str = ""
    length: str = ""
    serial: str = ""
    verify: str = ""
    complete: str = ""


_DECODER = msgspec.json.Decoder(_Written)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One question, as nginx carried it.

    ``ended`` is in seconds since 1970, ``transaction`` empty where no decision was asked,
    ``upstream`` empty where nothing was sent on. ``answered`` is the status from behind the door,
    0 without one; ``complete`` is False when the answer broke off: at the caller's side, or behind
    the door with a length that was not reached. What few lines are asked for is made when asked.
    """

    ended: float
    door: str
    transaction: str
    upstream: str
    status: int
    answered: int
    code: str
    seconds: float
    bytes_sent: int
    bytes_received: int
    serial: str
    verify: str
    complete: bool

    @property
    def at(self) -> datetime:
        """When it ended."""
        return datetime.fromtimestamp(self.ended, UTC)

    @property
    def transaction_id(self) -> UUID | None:
        """The transaction; None where no decision was asked."""
        return _uuid(self.transaction)

    @property
    def began(self) -> datetime:
        """When the question came in."""
        return self.at - timedelta(seconds=self.seconds)

    @property
    def service(self) -> str:
        """The own service it was sent on to, in lower case; empty for none."""
        known = self.door == "inway" and self.upstream.startswith(OWN)
        return self.upstream.removeprefix(OWN) if known else ""


class Event(NamedTuple):
    """Something for who guards the doors. ``serial`` only of a certificate that was believed."""

    kind: str
    door: str
    reason: str
    serial: str


class Counted(NamedTuple):
    """What is counted together."""

    door: str
    upstream: str
    status: int


class Total(NamedTuple):
    """How many, how large, how long."""

    answers: int
    bytes_sent: int
    seconds: float


def read_line(raw: bytes) -> Line | None:
    """One line; None when it is no line of ours. Never raises: a log is not a trusted file."""
    try:
        written = _DECODER.decode(raw)
        ended = float(written.at)
        if not 0 <= ended < _LAST_SECOND:
            return None
        return Line(
            ended=ended,
            door=written.door[:_MAX_WORD],
            transaction=written.tx[:_MAX_WORD],
            upstream=written.upstream[:300],
            status=_number(written.status),
            # After a retry nginx writes several, the last one counts; there is none of ours.
            answered=_number(written.upstream_status.rsplit(",", 1)[-1].strip()),
            code=written.code[:_MAX_WORD],
            seconds=min(max(float(written.seconds or 0), 0.0), 1e7),
            bytes_sent=_number(written.bytes),
            bytes_received=_number(written.received),
            serial=written.serial[:_MAX_WORD],
            verify=written.verify[:_MAX_WORD],
            complete=written.complete == "OK" and not _is_short(written),
        )
    except (msgspec.DecodeError, ValueError, OverflowError, OSError):
        return None


def file_key(first_line: bytes) -> str:
    """What a file of the access log is known by: its first line, which no other file has."""
    return hashlib.sha256(first_line).hexdigest()[:32]


def event_of(line: Line) -> Event | None:
    """A refused certificate, or a peer over its rate. Source: house decision 31."""
    if line.code == _BAD_CERTIFICATE and line.status == 400:
        # Whoever is not believed chooses its own serial number: it is not kept.
        return Event("certificate_refused", line.door, line.verify, "")
    if line.code == _RATE_LIMITED and line.status == 429:
        return Event("rate_limited", line.door, "", line.serial)
    return None


def refuses_token(line: Line) -> bool:
    """True when a peer's Inway refused the token we sent."""
    return line.door == "outway" and line.answered == _UNAUTHORIZED and line.code in _TOKEN_REFUSED


def counted(lines: Iterable[Line]) -> dict[Counted, Total]:
    """The lines, counted by door, upstream and status."""
    answers: Counter[Counted] = Counter()
    sent: Counter[Counted] = Counter()
    seconds: dict[Counted, float] = {}
    for line in lines:
        key = Counted(line.door, line.upstream, line.status)
        answers[key] += 1
        sent[key] += line.bytes_sent
        seconds[key] = seconds.get(key, 0.0) + line.seconds
    return {key: Total(n, sent[key], seconds[key]) for key, n in answers.items()}


def _is_short(written: _Written) -> bool:
    """True when less was sent than was said.

    nginx counts an answer that breaks off behind it as completed. One without a length can not be
    told apart.
    """
    bodiless = written.method == "HEAD" or written.status in _NO_BODY
    return not bodiless and _number(written.body) < _number(written.length)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 15 else 0


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
