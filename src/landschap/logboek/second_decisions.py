# SPDX-License-Identifier: EUPL-1.2
"""A decision that a service took after the door: on what the door could not see.

The door sees no body and no value; whether a search key is permitted, or whether an object lies
within the row conditions, shows only in the service. Its refusal is a record in the same trace.
Source: Authorization Decision Log, "Logrecord".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from landschap.logboek.drafts import refused_draft
from landschap.logboek.lines import Granted
from landschap.logboek.payloads import AdlEntry
from landschap.logboek.records import Draft
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.tracing import TraceContext

ROW_MISMATCH = "row_mismatch"
"""The code of an object outside the row conditions; the asker gets what fits nothing found."""


class GrantedOnSnapshot(Granted, Protocol):
    """Under what is answered, and on which version of the register of purposes that rests."""

    @property
    def snapshot(self) -> str:
        """The version the decision at the door was taken on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SecondRefusal:
    """What was refused after the door: ``action`` in AuthZEN's sense, ``code`` why.

    ``about`` says more, without a value of a person; ``trace`` is the caller's position.
    """

    permit: GrantedOnSnapshot
    action: str
    code: str
    at: datetime
    trace_id: bytes
    trace: TraceContext | None = None
    about: Mapping[str, JsonValue] | None = None


def second_refusal(refused: SecondRefusal, span: bytes) -> Draft:
    """The record of it; ``span`` is a fresh span id."""
    permit = refused.permit
    entry = AdlEntry(
        trace_id=refused.trace_id,
        span_id=span,
        parent_span_id=refused.trace.span_id if refused.trace else None,
        at=refused.at,
        transaction_id=permit.transaction_id,
        references={"adl.core.policies": {"purposes": permit.snapshot}},
        body={
            "adl.core.request": {
                "subject": {"type": "organisation", "id": permit.peer},
                "action": {"name": refused.action},
                "resource": {"type": "service", "id": permit.service},
                "context": {"purpose": permit.purpose, **(refused.about or {})},
            },
            "adl.core.response": {"decision": False, "context": {"code": refused.code}},
        },
    )
    return refused_draft(entry, peer=permit.peer, service=permit.service)
