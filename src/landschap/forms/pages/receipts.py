# SPDX-License-Identifier: EUPL-1.2
"""Receipts: what was registered for whom, to read again after another log-in.

Kept sealed, under a keyed hash of who applied, for as long as a decision may take and its
objection. The first receipt under a number stays.
Source: Awb art. 4:3a (confirming what was received), 4:13 (eight weeks), 6:7 (six weeks).
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from landschap.forms.pages.context import FormDeps
from landschap.platform.web.sealed import NONCE_BYTES, seal, unseal

KEPT = timedelta(days=180)
_MOST = 20
_FORGOTTEN_AT_ONCE = 200
_LABEL = b"landschap.receipt\x1f"
_KEEP = """
WITH forgotten AS (
    DELETE FROM receipt WHERE (person, number) IN (
        SELECT person, number FROM receipt WHERE kept_at < $4::timestamptz - $5::interval LIMIT $6))
INSERT INTO receipt (person, number, sealed, kept_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING
"""
_THEIRS = """
SELECT number, sealed FROM receipt WHERE person = $1 AND kept_at > $2::timestamptz - $3::interval
ORDER BY kept_at DESC LIMIT $4
"""


class Receipt(msgspec.Struct, frozen=True):
    """An application that was registered: its number, when, and what was sent."""

    number: str
    at: str
    values: Mapping[str, str] = {}

    def __repr__(self) -> str:
        return f"Receipt({self.number})"


async def keep_receipt(deps: FormDeps, bsn: str, receipt: Receipt) -> None:
    """Keep one; one that stands under its number already stays as it is."""
    person = _person(deps, bsn)
    nonce = secrets.token_bytes(NONCE_BYTES)
    sealed = seal(msgspec.json.encode(receipt), deps.key, _label(person, receipt.number), nonce)
    await deps.pool.execute(
        _KEEP, person, receipt.number, sealed, datetime.now(UTC), KEPT, _FORGOTTEN_AT_ONCE
    )


async def receipts_of(deps: FormDeps, bsn: str) -> Sequence[Receipt]:
    """Those of one person, the last first; one that can not be opened any more is left out."""
    person = _person(deps, bsn)
    rows = await deps.pool.fetch(_THEIRS, person, datetime.now(UTC), KEPT, _MOST)
    opened = (unseal(row["sealed"], deps.key, _label(person, row["number"])) for row in rows)
    return [msgspec.json.decode(each, type=Receipt) for each in opened if each is not None]


def _person(deps: FormDeps, bsn: str) -> bytes:
    return hmac.digest(deps.key, _LABEL + bsn.encode(), "sha256")


def _label(person: bytes, number: str) -> bytes:
    return _LABEL + person + number.encode()
