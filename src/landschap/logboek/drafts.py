# SPDX-License-Identifier: EUPL-1.2
"""From an entry of a standard to a draft of a record: the index columns are filled in one place."""

from __future__ import annotations

from datetime import datetime

from landschap.logboek.payloads import (
    AdlEntry,
    FscEntry,
    LineEntry,
    adl_payload,
    fsc_payload,
    line_payload,
)
from landschap.logboek.records import Draft, Kind


def permitted_draft(fsc: FscEntry, adl: AdlEntry) -> Draft:
    """The one record of a permitted question: transaction and decision, durable together."""
    incoming = fsc.direction == "incoming"
    return Draft(
        kind=Kind.FSC,
        at=fsc.created_at,
        trace_id=adl.trace_id,
        span_id=adl.span_id,
        payload={"fsc": fsc_payload(fsc), "adl": adl_payload(adl)},
        transaction_id=fsc.transaction_id,
        peer=fsc.outway_peer_id if incoming else fsc.service_peer_id,
        service=fsc.service_name,
        grant_hash=fsc.grant_hash,
    )


def refused_draft(adl: AdlEntry, *, peer: str | None = None, service: str | None = None) -> Draft:
    """The record of a refused question: a decision without transaction."""
    return Draft(
        kind=Kind.ADL,
        at=adl.at,
        trace_id=adl.trace_id,
        span_id=adl.span_id,
        payload={"adl": adl_payload(adl)},
        transaction_id=adl.transaction_id,
        peer=peer,
        service=service,
    )


def line_draft(entry: LineEntry, *, now: datetime, service: str | None = None) -> Draft:
    """The record of one processing action."""
    return Draft(
        kind=Kind.LINE,
        at=entry.started_at,
        trace_id=entry.trace_id,
        span_id=entry.span_id,
        payload=line_payload(entry, now=now),
        transaction_id=entry.transaction_id,
        subject=entry.subject,
        key_id=entry.key_id,
        peer=entry.peer,
        service=service,
        grant_hash=entry.grant_hash,
        activity=entry.activity,
    )
