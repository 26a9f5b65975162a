# SPDX-License-Identifier: EUPL-1.2
"""Cursors: where a page ended, and the knowledge it was read with.

A cursor freezes what was known when the first page was read, so that the pages after it are of
the same answer whatever is written meanwhile. It is sealed: it can not be made up, and opens no
other question than the one it was given for.
Source: NL GOV REST API, pagination (draft), "cursor"; house rule for the seal.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import date, datetime

import msgspec

from landschap.registers.timeline import Clock, Known
from landschap.vocabulary.ijson import JsonValue, canonical

_TAG_BYTES = 16
_MAX_TEXT = 2048


class Place(msgspec.Struct, frozen=True):
    """The last object of a page: its value in the order (None: it has none) and its id."""

    object_id: str
    value: str | None = None


class Cursor(msgspec.Struct, frozen=True):
    """A place in an answer, with the day and the state of knowledge of that answer."""

    valid_on: date
    clock: str
    moment: datetime
    number: int
    place: Place

    @property
    def known(self) -> Known:
        """The state of knowledge all pages share."""
        return Known(clock=Clock(self.clock), moment=self.moment, number=self.number)


def cursor_at(place: Place, valid_on: date, known: Known) -> Cursor:
    """The cursor after this object."""
    return Cursor(valid_on, known.clock.value, known.moment, known.number, place)


def question_digest(question: JsonValue) -> bytes:
    """What a cursor is bound to: all of a question but the place."""
    return hashlib.sha256(canonical(question)).digest()


def seal(cursor: Cursor, question: bytes, key: bytes) -> str:
    """The cursor as text for an address."""
    data = msgspec.json.encode(cursor)
    return base64.urlsafe_b64encode(_tag(data, question, key) + data).rstrip(b"=").decode()


def unseal(text: str, question: bytes, key: bytes) -> Cursor | None:
    """The cursor in this text, None when it was not sealed for this question."""
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
    mac = hmac.new(key, b"registers cursor\0" + question + data, hashlib.sha256)
    return mac.digest()[:_TAG_BYTES]
