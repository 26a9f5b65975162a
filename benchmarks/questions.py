# SPDX-License-Identifier: EUPL-1.2
"""Requests, made beforehand: each with an own transaction, an own trace and an own declaration."""

from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from agreed import LEGAL_BASIS, Agreed
from landschap.cli.demo.landscape import PURPOSE, SERVICE
from landschap.platform.ids import new_span_id, new_trace_id, uuid7
from landschap.purposes.declaration import Claims, sign

COUNT = 16_000
# As the demo asks: only what its case worker needs.
FIELDS = "burgerservicenummer,uitkering.soort,uitkering.norm,uitkering.status,adres.woonplaats"
TARGET = f"/{SERVICE}/v1/situaties?fields={FIELDS}&geldigOp=2026-11-01"


def at_inway(agreed: Agreed, file: Path, *, signed: bool) -> Path:
    """What an Outway of Doesburg sends to Weesp, with a signed declaration or a plain purpose."""
    now = datetime.now(UTC)
    with file.open("wb") as out:
        for _ in range(COUNT):
            trace, span = new_trace_id(), new_span_id()
            headers = {
                "Host": "inway.weesp.test",
                "Fsc-Authorization": f"Bearer {agreed.token}",
                "Fsc-Transaction-Id": str(uuid7()),
                "Fsc-Grant-Hash": agreed.grant_hash,
                "traceparent": f"00-{trace.hex()}-{span.hex()}-01",
                "Doelbinding": PURPOSE,
                "Accept": "application/json",
            }
            if signed:
                headers["Purpose-Declaration"] = _declaration(agreed, trace, now)
            _write(out, headers)
    return file


def at_outway(agreed: Agreed, file: Path) -> Path:
    """What an application of Doesburg asks its own Outway."""
    with file.open("wb") as out:
        for _ in range(COUNT):
            trace = f"00-{new_trace_id().hex()}-{new_span_id().hex()}-01"
            headers = {
                "Host": "outway.doesburg.test",
                "X-Api-Key": agreed.api_key,
                "Fsc-Grant-Hash": agreed.grant_hash,
                "traceparent": trace,
                "Doelbinding": PURPOSE,
                "Accept": "application/json",
            }
            _write(out, headers)
    return file


def _declaration(agreed: Agreed, trace: bytes, now: datetime) -> str:
    claims = Claims(
        issuer=agreed.asker.peer_id.value,
        audience=agreed.provider.peer_id.value,
        issued_at=now,
        expires_at=now + timedelta(seconds=110),
        jti=uuid7(),
        purpose=PURPOSE,
        legal_bases=(LEGAL_BASIS,),
        action="raadplegen",
        service=SERVICE,
        grant_hash=agreed.grant_hash,
        trace_id=trace,
        loa="none",
    )
    return sign(claims, agreed.asker.key, agreed.asker.certificate.thumbprint)


def _write(out: BinaryIO, headers: dict[str, str]) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    request = f"GET {TARGET} HTTP/1.1\r\n{lines}\r\n".encode()
    out.write(struct.pack(">I", len(request)) + request)
