# SPDX-License-Identifier: EUPL-1.2
"""Opening permits of which nearly all was opened before.

Permits of one decision differ in target, transaction, end and declaration only, and those stand
last (`permit_wire`). What stands before them is remembered by its bytes, with whatever is made of
it; the seal over the whole, the target and the end are looked at each time. Whatever is not plainly
in order is left to `open_permit`, which alone refuses.
"""

from __future__ import annotations

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

import msgspec

from landschap.purposes.permit import (
    LIFETIME,
    MAX_BYTES,
    MIN_KEY_BYTES,
    Permit,
    hash_of_target,
    open_permit,
)
from landschap.vocabulary.problems import Refusal

_LIMIT = 1024
_REST = b',"tgt":"'
# A permit that names a field set rests on what that is at the moment.
_NAMES_SET = b',"set":{'
_BEGINS = "v1."
# At both ends a little stricter than `open_permit`, which lets the clocks of two machines differ.
_LEAST_SECONDS = 0.001
_MOST_SECONDS = LIFETIME.total_seconds() + 4

Made = TypeVar("Made")


class _Rest(msgspec.Struct, forbid_unknown_fields=True):
    tgt: str
    txn: UUID
    exp: float
    jti: str = ""
    # What a next question refers to; nobody who opens by recall asks one.
    rcv: msgspec.Raw = msgspec.Raw()


class Opened(NamedTuple, Generic[Made]):
    """What was made of a permit like this one, and what is new in this one."""

    made: Made
    transaction_id: UUID
    declaration: str


_REST_DECODER = msgspec.json.Decoder(_Rest)


class PermitRecall(Generic[Made]):
    """Permits for GET questions to one service. ``make`` is called once for permits alike.

    What it makes may rest on the constant part of a permit only.
    """

    def __init__(self, service: str, make: Callable[[Permit], Made]) -> None:
        self._service = service
        self._make = make
        self._known: dict[str, tuple[int, Made]] = {}
        self._lengths: list[int] = []

    def opened(
        self, text: str, keys: bytes | Sequence[bytes], now: datetime, target: str
    ) -> Opened[Made] | None:
        """The permit of this very question; None: it is to be opened, or refused, the long way."""
        for length in self._lengths:
            before = self._known.get(text[:length])
            if before is not None:
                return self._again(text, length, before, keys, now.timestamp(), target)
        return self._learn(text, keys, now, target)

    def _again(
        self,
        text: str,
        length: int,
        before: tuple[int, Made],
        keys: bytes | Sequence[bytes],
        now: float,
        target: str,
    ) -> Opened[Made] | None:
        body, _, seal = text.rpartition(".")
        if len(text) > MAX_BYTES or not _is_sealed(body, seal, keys):
            return None
        over, made = before
        try:
            rest = _REST_DECODER.decode(b'{"' + _decode(body[length:])[over:])
        except (ValueError, msgspec.DecodeError):
            return None
        left = rest.exp - now
        if not _LEAST_SECONDS < left < _MOST_SECONDS:
            return None
        if rest.tgt != hash_of_target(target):
            return None
        return Opened(made, rest.txn, rest.jti)

    def _learn(
        self, text: str, keys: bytes | Sequence[bytes], now: datetime, target: str
    ) -> Opened[Made] | None:
        permit = open_permit(
            text, keys, now=now, method="GET", target=target, service=self._service
        )
        if isinstance(permit, Refusal):
            return None
        made = self._make(permit)
        claims = _decode(text.split(".")[1])
        place = claims.find(_REST)
        if place > 0 and _NAMES_SET not in claims:
            # Base64 writes three bytes as four: up to such a place the text is the same each time.
            begin = place // 3 * 3
            length = len(_BEGINS) + begin // 3 * 4
            if len(self._known) >= _LIMIT:
                self._known.clear()
                self._lengths.clear()
            self._known[text[:length]] = (place + 2 - begin, made)
            if length not in self._lengths:
                self._lengths.append(length)
        return Opened(made, permit.transaction_id, permit.declaration)


def _is_sealed(body: str, seal: str, keys: bytes | Sequence[bytes]) -> bool:
    data, given = body.encode("utf-8", "surrogateescape"), seal.encode("utf-8", "surrogateescape")
    for key in (keys,) if isinstance(keys, bytes) else keys:
        if len(key) < MIN_KEY_BYTES:
            return False
        mac = urlsafe_b64encode(hmac.digest(key, data, "sha256")).rstrip(b"=")
        if hmac.compare_digest(mac, given):
            return True
    return False


def _decode(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
