# SPDX-License-Identifier: EUPL-1.2
"""The permit: what the door allowed, for one question, readable by our own services only.

``v1.<base64url JSON>.<base64url HMAC-SHA-256>``, at most 4096 bytes, valid for 30 seconds. It is
bound to one method and one target (path and query as the service receives them), so it opens
nothing but the question it was made for. The sealing key belongs to one organisation; carriers
strip the header from whatever clients send. A list of fields that makes the permit too long is
written as the name of a field set and a bitmap over it.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from landschap.purposes.model import FieldSet
from landschap.purposes.permit_model import Permit, Received
from landschap.purposes.permit_wire import (
    Wire,
    decode,
    decode_body,
    encode,
    encode_body,
    fields_of,
    hash_of_target,
    permit_of,
)
from landschap.vocabulary.problems import Fault, Refusal

__all__ = [
    "HEADER", "LIFETIME", "MAX_BYTES", "MIN_KEY_BYTES", "Permit", "PermitTooLarge", "Received",
    "begun_mac", "closed_history", "encode_body", "hash_of_target", "open_for_next",
    "open_permit", "seal", "with_mac",
]  # fmt: skip

HEADER = "Permit"
LIFETIME = timedelta(seconds=30)
MAX_BYTES = 4096
MIN_KEY_BYTES = 32
_VERSION = "v1"
# Doors and services may run on two machines of one organisation; their clocks differ a little.
_SKEW = timedelta(seconds=5)


class PermitTooLarge(ValueError):
    """A permit that does not fit in 4096 bytes, even with a bitmap; ask for fewer fields."""


def seal(permit: Permit, key: bytes, *, field_set: FieldSet | None = None) -> str:
    """The permit as header text. ``field_set`` serves when the list of fields is long.

    Raises PermitTooLarge, and ValueError for a key under 32 bytes.
    """
    text = with_mac(encode_body(permit, field_set), key)
    if len(text) > MAX_BYTES:
        raise PermitTooLarge(f"permit of {len(text)} bytes; at most {MAX_BYTES} fit in the header")
    return text


def with_mac(claims: bytes, key: bytes) -> str:
    """Claims under the seal, as header text. Raises ValueError for a key under 32 bytes."""
    _require_key(key)
    body = encode(claims)
    return f"{_VERSION}.{body}.{_mac(body, key)}"


def begun_mac(claims: bytes, key: bytes) -> tuple[bytes, hmac.HMAC]:
    """The begin of a header text and of its seal, for claims of which the rest is still to come.

    ``claims`` is a multiple of three bytes, so that the rest can be encoded by itself. Raises
    ValueError for a key under 32 bytes.
    """
    _require_key(key)
    text = f"{_VERSION}.".encode() + base64.urlsafe_b64encode(claims)
    return text, hmac.new(key, text, "sha256")


def open_permit(
    text: str,
    key: bytes | Sequence[bytes],
    *,
    now: datetime,
    method: str,
    target: str,
    service: str | None,
    field_sets: Mapping[str, FieldSet] | None = None,
) -> Permit | Refusal:
    """The permit in this header, when it was sealed for this very question; else the refusal.

    ``key`` may be several: after a rotation the former one opens for a while. ``target`` is the
    raw path and query, ``field_sets`` (by key) resolve a bitmap. Without a ``service`` it may be
    for any, and who asks goes by the one it names.
    """
    keys = (key,) if isinstance(key, bytes) else tuple(key)
    wire = _opened(text, keys, now)
    if isinstance(wire, Refusal):
        return wire
    wanted = wire.svc if service is None else service
    if (wire.mth, wire.tgt, wire.svc) != (method, hash_of_target(target), wanted):
        return _refuse("permit_mismatch", "The permit was given for another question.")
    fields = fields_of(wire, field_sets or {})
    if fields is None:
        return _refuse("permit_invalid", "The permit names a field set this service does not know.")
    return permit_of(wire, fields, target)


def open_for_next(text: str, keys: Sequence[bytes], now: datetime) -> Permit | Refusal:
    """The permit of whichever question, for a question of our own that is needed to answer it.

    It opens nothing: target and fields are not read.
    """
    wire = _opened(text, keys, now)
    return wire if isinstance(wire, Refusal) else permit_of(wire, (), "")


def _opened(text: str, keys: Sequence[bytes], now: datetime) -> Wire | Refusal:
    for each in keys:
        _require_key(each)
    if not text:
        return _refuse(
            "permit_missing", "This service answers only through the organisation's door."
        )
    wire = _unseal(text, keys)
    if wire is None:
        return _refuse("permit_invalid", "The permit was not sealed by this organisation.")
    left = datetime.fromtimestamp(wire.exp, UTC) - now
    if left <= timedelta(0):
        return _refuse("permit_expired", "The permit is older than 30 seconds.")
    if left > LIFETIME + _SKEW:
        return _refuse("permit_invalid", "The permit claims to live longer than 30 seconds.")
    return wire


def closed_history(permit: Permit, *, material: str = "", formal: str = "") -> Refusal | None:
    """The refusal of a question about history that the permit does not open; None when it does.

    ``material`` and ``formal`` name what asks for that kind of history, empty when nothing does.
    Source: history digest, "Permissions".
    """
    asked = {"materieel": material, "formeel": formal}
    closed = {kind: by for kind, by in asked.items() if by and kind not in permit.history}
    if not closed:
        return None
    kinds = " and ".join(closed)
    return Refusal(
        code="geschiedenis.niet-toegestaan",
        status=403,
        title="This history is not permitted for this purpose",
        detail=f"{', '.join(closed.values())} asks for history ({kinds}) that the permit does "
        "not open. Ask about today, as known now.",
        missing=f"historie: {kinds}, in the policy of this purpose",
        owner="the privacy officers of the organisation that offers the service",
    )


def _unseal(text: str, keys: Sequence[bytes]) -> Wire | None:
    parts = text.split(".")
    if len(text) > MAX_BYTES or not text.isascii() or len(parts) != 3 or parts[0] != _VERSION:
        return None
    if not any(hmac.compare_digest(_mac(parts[1], key), parts[2]) for key in keys):
        return None
    try:
        return decode_body(decode(parts[1]))
    except (binascii.Error, msgspec.DecodeError, ValueError):
        return None


def _mac(body: str, key: bytes) -> str:
    # The version stands under the seal too, so that a later form can not be read as this one.
    return encode(hmac.digest(key, f"{_VERSION}.{body}".encode("ascii"), "sha256"))


def _require_key(key: bytes) -> None:
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(
            f"the permit key holds {len(key)} bytes; at least {MIN_KEY_BYTES} are needed"
        )


def _refuse(code: str, detail: str) -> Refusal:
    return Refusal(
        code=code,
        status=403,
        title="No valid permit",
        detail=detail,
        missing="a permit of the door for this question",
        owner="operators of this organisation",
        fault=Fault.INPUT if code == "permit_missing" else Fault.OURS,
    )
