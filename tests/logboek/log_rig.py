# SPDX-License-Identifier: EUPL-1.2
"""Drafts for the tests of the log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Literal
from uuid import UUID

from landschap.logboek.drafts import line_draft, permitted_draft, refused_draft
from landschap.logboek.payloads import AdlEntry, FscEntry, LineEntry, Outcome
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.records import Draft
from landschap.platform.ids import new_span_id, new_trace_id, uuid7
from landschap.vocabulary.identifiers import Oin

OWN = "00000099000000001000"
PEER = "00000099000000002000"
OTHER = "00000099000000003000"
GRANT = "$1$4$" + "A" * 86
SERVICE = "woon-en-uitkeringssituatie"
ACTIVITY = "https://proefdorp.test/register/verwerkingsactiviteiten/bijstand"
KEY = b"k" * 32
# An official fictitious person of the BRP test set.
PERSON = "999993653"


def pseudonym(number: str = PERSON, key: bytes = KEY) -> bytes:
    return subject_pseudonym(key, Oin.parse(OWN), "bsn", number)


def permitted(
    *,
    peer: str = PEER,
    direction: Literal["incoming", "outgoing"] = "incoming",
    transaction_id: UUID | None = None,
    trace_id: bytes | None = None,
    at: datetime | None = None,
    service: str = SERVICE,
    grant: str = GRANT,
    delegators: tuple[str | None, str | None] = (None, None),
) -> Draft:
    now = at or datetime.now(UTC)
    transaction = transaction_id or uuid7()
    outway, provider = (peer, OWN) if direction == "incoming" else (OWN, peer)
    fsc = FscEntry(
        transaction_id=transaction,
        direction=direction,
        grant_hash=grant,
        outway_peer_id=outway,
        service_peer_id=provider,
        service_name=service,
        created_at=now,
        source_delegator=delegators[0],
        destination_delegator=delegators[1],
    )
    adl = AdlEntry(
        trace_id=trace_id or new_trace_id(),
        span_id=new_span_id(),
        at=now,
        transaction_id=transaction,
        references={"adl.core.policies": {"landschap": "sha256-" + "0" * 64}},
        body={"adl.core.response": {"decision": True, "visible": ["uitkering.soort"]}},
    )
    return permitted_draft(fsc, adl)


def refused(*, peer: str = PEER) -> Draft:
    adl = AdlEntry(
        trace_id=new_trace_id(),
        span_id=new_span_id(),
        at=datetime.now(UTC),
        body={"adl.core.response": {"decision": False, "context": {"code": "policy_none"}}},
    )
    return refused_draft(adl, peer=peer, service=SERVICE)


def entry(**changes: object) -> LineEntry:
    now = datetime.now(UTC)
    values: dict[str, object] = {
        "trace_id": new_trace_id(),
        "span_id": new_span_id(),
        "name": "Uitkering en woning opvragen",
        "started_at": now - timedelta(milliseconds=5),
        "ended_at": now,
        "controller": OWN,
        "outcome": Outcome.DELIVERED,
        "system": "landschap",
        "activity": ACTIVITY,
        "subject": pseudonym(),
        "subject_type": "https://proefdorp.test/register/pseudoniem/bsn/1",
        "key_id": 1,
        "direction": "incoming",
        "peer": PEER,
        "data_groups": ("uitkering", "adres"),
    }
    return LineEntry(**(values | changes))  # type: ignore[arg-type]  # tests change any member


def line(**changes: object) -> Draft:
    return line_draft(entry(**changes), now=datetime.now(UTC), service=SERVICE)
