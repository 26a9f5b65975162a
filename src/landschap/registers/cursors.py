# SPDX-License-Identifier: EUPL-1.2
"""Cursors: where a page ended, and the knowledge it was read with.

A cursor freezes what was known when the first page was read, so that the pages after it are of
the same answer whatever is written meanwhile. It is sealed: it can not be made up, and opens no
other question than the one it was given for. It ends a day after the first page: who reads on
after that would take for today what was asked another day.
Source: NL GOV REST API, pagination (draft), "cursor"; house rule for the seal.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import date, datetime, timedelta
from http import HTTPStatus

import msgspec

from landschap.registers.timeline import Clock, Known
from landschap.vocabulary.ijson import JsonValue, canonical
from landschap.vocabulary.problems import Refusal

_TAG_BYTES = 16
_MAX_TEXT = 2048
LIFETIME = timedelta(hours=24)
# Web processes may run on two machines of one organisation; their clocks differ a little.
_SKEW = timedelta(seconds=5)


class Place(msgspec.Struct, frozen=True):
    """The last object of a page: its value in the order (None: it has none) and its id."""

    object_id: str
    value: str | None = None


class Cursor(msgspec.Struct, frozen=True):
    """A place in an answer, with the day and the state of knowledge of that answer.

    ``begun`` is when its first page was asked.
    """

    valid_on: date
    clock: str
    moment: datetime
    number: int
    place: Place
    begun: datetime

    @property
    def known(self) -> Known:
        """The state of knowledge all pages share."""
        return Known(clock=Clock(self.clock), moment=self.moment, number=self.number)


def cursor_at(place: Place, valid_on: date, known: Known, begun: datetime) -> Cursor:
    """The cursor after this object, in an answer of which the first page was asked at ``begun``."""
    return Cursor(valid_on, known.clock.value, known.moment, known.number, place, begun)


def question_digest(question: JsonValue) -> bytes:
    """What a cursor is bound to: all of a question but the place."""
    return hashlib.sha256(canonical(question)).digest()


def seal(cursor: Cursor, question: bytes, key: bytes) -> str:
    """The cursor as text for an address."""
    data = msgspec.json.encode(cursor)
    return base64.urlsafe_b64encode(_tag(data, question, key) + data).rstrip(b"=").decode()


def opened(text: str, question: bytes, key: bytes, now: datetime) -> Cursor | Refusal:
    """The cursor in this text; the refusal when it was not sealed for this question, or is over."""
    cursor = _unseal(text, question, key)
    if cursor is None:
        return _WRONG
    return cursor if -_SKEW <= now - cursor.begun < LIFETIME else _OVER


def _unseal(text: str, question: bytes, key: bytes) -> Cursor | None:
    if len(text) > _MAX_TEXT or not text.isascii():
        return None
    try:
        sealed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (binascii.Error, ValueError):
        return None
    tag, data = sealed[:_TAG_BYTES], sealed[_TAG_BYTES:]
    if not hmac.compare_digest(tag, _tag(data, question, key)):
        return None
    return msgspec.json.decode(data, type=Cursor)


def _tag(data: bytes, question: bytes, key: bytes) -> bytes:
    # Its own prefix: the key seals other things too, and none may pass for another.
    mac = hmac.new(key, b"registers cursor 2\0" + question + data, hashlib.sha256)
    return mac.digest()[:_TAG_BYTES]


def _refusal(code: str, title: str, detail: str, why: str) -> Refusal:
    location: JsonValue = {
        "in": "query", "location": {"name": "cursor"}, "code": code, "detail": why,
    }  # fmt: skip
    return Refusal(
        code=code, status=HTTPStatus.BAD_REQUEST, title=title, detail=detail,
        extra={"errors": [location]},
    )  # fmt: skip


_WRONG = _refusal(
    "cursor_ongeldig",
    "This cursor belongs to another question",
    "A cursor goes on with the question it was given for. Follow the Link header as it is, or "
    "leave the cursor out to begin anew.",
    "is not a cursor of this question",
)
_OVER = _refusal(
    "cursor_verlopen",
    "This cursor is over",
    f"Pages are read on until {LIFETIME.total_seconds() / 3600:.0f} hours after the first of them. "
    "Leave the cursor out to begin anew: then all pages are of one and the same answer again.",
    "is of a first page that was asked more than a day ago",
)
