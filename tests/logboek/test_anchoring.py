# SPDX-License-Identifier: EUPL-1.2
"""The worker that signs, and the form of what it signs."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jws
from joserfc.jwk import ECKey
from tests.logboek.log_rig import OWN, permitted

from landschap.logboek.anchors import (
    InvalidAnchor,
    LaneHead,
    Statement,
    digest_of,
    read_anchor,
    sign_anchor,
)
from landschap.logboek.store import LogWriter, lane_ends, last_anchor
from landschap.logboek.worker import Signer, anchor_now, keep_anchoring
from landschap.platform.ids import uuid7
from landschap.platform.keys import organisation_key, own_certificate


def _signer(database: Any) -> Signer:
    key: Any = organisation_key(database.settings)
    return Signer(OWN, key, own_certificate(database.settings))


def _statement() -> Statement:
    lanes = (LaneHead("a-0", 7, b"h" * 32), LaneHead("b-0", 1, b"i" * 32))
    at = datetime.now(UTC)
    return Statement(anchor_id=uuid7(), at=at, organisation=OWN, prev=None, lanes=lanes)


async def test_an_anchor_reads_back_as_it_was_signed(database: Any) -> None:
    signer, statement = _signer(database), _statement()
    anchor = sign_anchor(statement, signer.key, signer.certificate)
    assert read_anchor(anchor) == statement


async def test_another_implementation_accepts_the_signature(database: Any) -> None:
    signer = _signer(database)
    anchor = sign_anchor(_statement(), signer.key, signer.certificate)
    key = ECKey.import_key(
        signer.certificate.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    found = jws.deserialize_compact(anchor.jws, key, algorithms=["ES256"])
    assert msgspec.json.decode(found.payload)["organisation"] == OWN


async def test_any_changed_character_makes_an_anchor_invalid(database: Any) -> None:
    signer = _signer(database)
    anchor = sign_anchor(_statement(), signer.key, signer.certificate)
    for place in range(0, len(anchor.jws), 29):
        letter = "A" if anchor.jws[place] != "A" else "B"
        text = anchor.jws[:place] + letter + anchor.jws[place + 1 :]
        with pytest.raises(InvalidAnchor):
            read_anchor(msgspec.structs.replace(anchor, jws=text))


def test_nothing_is_signed_while_nothing_was_written() -> None:
    empty = msgspec.structs.replace(_statement(), lanes=())
    with pytest.raises(InvalidAnchor, match="nothing was written"):
        sign_anchor(empty, ec.generate_private_key(ec.SECP256R1()), None)  # type: ignore[arg-type]


async def test_a_second_anchor_follows_the_first_and_none_is_made_without_news(
    database: Any, writer: LogWriter
) -> None:
    pool, signer = await database.pool("logboek"), _signer(database)
    assert await anchor_now(pool, signer) is None
    await writer.append([permitted()])
    first = await anchor_now(pool, signer)
    assert first is not None
    assert await anchor_now(pool, signer) is None
    await writer.append([permitted()])
    second = await anchor_now(pool, signer)
    assert second is not None
    assert read_anchor(second).prev == digest_of(first)
    assert await last_anchor(pool) == second
    assert [(end.lane, end.no, end.head) for end in read_anchor(second).lanes] == await lane_ends(
        pool
    )


async def test_two_workers_at_once_make_one_row_of_anchors(
    database: Any, writer: LogWriter
) -> None:
    pool, signer = await database.pool("logboek"), _signer(database)
    for _ in range(5):
        await writer.append([permitted()])
        await asyncio.gather(*[anchor_now(pool, signer) for _ in range(3)])
    rows = await pool.fetch("SELECT jws FROM logboek.anchor ORDER BY anchor_id")
    assert len(rows) == 5


async def test_the_worker_signs_at_its_pace_and_once_more_when_it_stops(
    database: Any, writer: LogWriter
) -> None:
    pool, stop, signer = await database.pool("logboek"), asyncio.Event(), _signer(database)
    await writer.append([permitted()])
    task = asyncio.create_task(keep_anchoring(pool, lambda: signer, stop, seconds_between=60))
    for _ in range(100):
        if await last_anchor(pool) is not None:
            break
        await asyncio.sleep(0.02)
    await writer.append([permitted()])
    stop.set()
    await task
    last = await last_anchor(pool)
    assert last is not None
    assert read_anchor(last).lanes[0].no == 2


@pytest.mark.parametrize("key", [ec.generate_private_key(ec.SECP384R1()),
                                 rsa.generate_private_key(65537, 2048)], ids=["P-384", "RSA"])  # fmt: skip
def test_other_keys_of_organisations_sign_too(key: Any) -> None:
    from cryptography import x509

    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "x")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 1, now, now)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    statement = _statement()
    assert read_anchor(sign_anchor(statement, key, certificate)) == statement
