# SPDX-License-Identifier: EUPL-1.2
"""Permits for many questions under one decision: only the question itself is filled in.

The text is what `permit.seal` gives for the whole permit. All that comes before the target is
encoded and put under the seal once, so that a question costs only the rest.
"""

from __future__ import annotations

import hmac
import re
from base64 import urlsafe_b64encode
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from landschap.purposes.model import FieldSet
from landschap.purposes.permit import MAX_BYTES, Permit, begun_mac, encode_body, hash_of_target

_MARK_TRANSACTION = UUID("0e1d2c3b-4a59-7687-9869-5a4b3c2d1e0f")
_MARK_TARGET = "/marked/by/permit_mould"
_MARK_EXPIRY = datetime(2999, 12, 31, 23, 59, 59, 123457, tzinfo=UTC)
_MARK_DECLARATION = "1d2c3b4a-5968-7786-95a4-b3c2d1e0f0e1"
_MARK_DIGEST = "marked-by-permit-mould-and-43-letters-long_"
# A moment is written with up to six decimals and the mark with six; more than that never comes.
_SPARE_BYTES = 32


class PermitMould:
    """A permit with holes for target, transaction, end of its life, declaration and its hash."""

    def __init__(self, permit: Permit, *, field_set: FieldSet | None = None) -> None:
        marked = replace(
            permit,
            transaction_id=_MARK_TRANSACTION,
            target=_MARK_TARGET,
            expires_at=_MARK_EXPIRY,
            declaration=_MARK_DECLARATION if permit.declaration else "",
            received=permit.received and replace(permit.received, digest=_MARK_DIGEST),
        )
        marks = {
            hash_of_target(_MARK_TARGET): b"%(target)b",
            str(_MARK_TRANSACTION): b"%(transaction)b",
            repr(_MARK_EXPIRY.timestamp()): b"%(expiry)b",
            _MARK_DECLARATION: b"%(declaration)b",
            _MARK_DIGEST: b"%(digest)b",
        }
        text = encode_body(marked, field_set)
        # Base64 writes three bytes at a time: a cut at such a place changes nothing.
        cut = text.index(hash_of_target(_MARK_TARGET).encode()) // 3 * 3
        self._begin = text[:cut]
        pattern = b"|".join(re.escape(mark.encode()) for mark in marks)
        rest = text[cut:].replace(b"%", b"%%")
        self._rest = re.sub(pattern, lambda found: marks[found[0].decode()], rest)
        # Base64 makes four bytes of three; the seal is 43 and the rest of the form 5.
        self._fits = len(text) * 4 // 3 + 48 + _SPARE_BYTES <= MAX_BYTES
        self._key = b""
        self._text = b""
        self._mac: hmac.HMAC | None = None

    def seal(
        self,
        transaction_id: UUID,
        target: str,
        expires_at: datetime,
        declared: tuple[str, str],
        key: bytes,
    ) -> str | None:
        """The permit for this question; None when it might not fit in the header.

        ``declared`` is the ``jti`` of its declaration and the hash of that; both may be empty.
        """
        hashed = hash_of_target(target).encode()
        sealed = self.sealed(str(transaction_id).encode(), hashed, expires_at, declared, key)
        return None if sealed is None else sealed.decode()

    def sealed(
        self,
        transaction: bytes,
        target_hash: bytes,
        expires_at: datetime,
        declared: tuple[str, str],
        key: bytes,
    ) -> bytes | None:
        """As `seal`, from what is already written down."""
        if not self._fits:
            return None
        mac = self._mac
        if mac is None or key != self._key:
            self._text, mac = begun_mac(self._begin, key)
            self._key, self._mac = key, mac
        rest = self._rest % {
            b"target": target_hash,
            b"transaction": transaction,
            b"expiry": repr(expires_at.timestamp()).encode(),
            b"declaration": declared[0].encode(),
            b"digest": declared[1].encode(),
        }
        body = urlsafe_b64encode(rest).rstrip(b"=")
        mac = mac.copy()
        mac.update(body)
        seal = urlsafe_b64encode(mac.digest()).rstrip(b"=")
        return b"%b%b.%b" % (self._text, body, seal)
