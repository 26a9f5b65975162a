# SPDX-License-Identifier: EUPL-1.2
"""Permits for many questions under one decision: only the question itself is filled in.

The text is what `permit.seal` gives for the whole permit; it costs a third.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from landschap.purposes.model import FieldSet
from landschap.purposes.permit import MAX_BYTES, Permit, encode_body, hash_of_target, with_mac

_MARK_TRANSACTION = UUID("0e1d2c3b-4a59-7687-9869-5a4b3c2d1e0f")
_MARK_TARGET = "/marked/by/permit_mould"
_MARK_EXPIRY = datetime(2999, 12, 31, 23, 59, 59, 123457, tzinfo=UTC)
_MARK_DECLARATION = "1d2c3b4a-5968-7786-95a4-b3c2d1e0f0e1"
# A moment is written with up to six decimals and the mark with six; more than that never comes.
_SPARE_BYTES = 32


class PermitMould:
    """A permit with holes for the transaction, the target, the end of its life, the declaration."""

    def __init__(self, permit: Permit, *, field_set: FieldSet | None = None) -> None:
        marked = replace(
            permit,
            transaction_id=_MARK_TRANSACTION,
            target=_MARK_TARGET,
            expires_at=_MARK_EXPIRY,
            declaration=_MARK_DECLARATION if permit.declaration else "",
        )
        marks = {
            str(_MARK_TRANSACTION): "%(transaction)s",
            hash_of_target(_MARK_TARGET): "%(target)s",
            repr(_MARK_EXPIRY.timestamp()): "%(expiry)s",
            _MARK_DECLARATION: "%(declaration)s",
        }
        text = encode_body(marked, field_set).decode().replace("%", "%%")
        pattern = "|".join(re.escape(mark) for mark in marks)
        self._text = re.sub(pattern, lambda found: marks[found[0]], text)
        # Base64 makes four bytes of three; the seal is 43 and the rest of the form 5.
        self._fits = len(text) * 4 // 3 + 48 + _SPARE_BYTES <= MAX_BYTES

    def seal(
        self, transaction_id: UUID, target: str, expires_at: datetime, declaration: str, key: bytes
    ) -> str | None:
        """The permit for this question; None when it might not fit in the header."""
        if not self._fits:
            return None
        body = self._text % (
            {
                "transaction": transaction_id,
                "target": hash_of_target(target),
                "expiry": repr(expires_at.timestamp()),
                "declaration": declaration,
            }
        )
        return with_mac(body.encode(), key)
