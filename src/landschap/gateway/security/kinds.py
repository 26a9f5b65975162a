# SPDX-License-Identifier: EUPL-1.2
"""Which kind of security event a refusal is.

A refusal tells its code, door, peer and service. Many of the same within one reading are told as
one event with their number, so that an attack fills neither the buffer nor the eyes of who looks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from landschap.fsc.codes import Code
from landschap.gateway.access import Event as AccessEvent
from landschap.logboek.records import Record
from landschap.vocabulary.ijson import JsonValue

_KINDS: Mapping[str, str] = {
    Code.CERTIFICATE.value: "certificate_unknown",
    Code.TOKEN_MISSING.value: "token_refused",
    Code.TOKEN_INVALID.value: "token_refused",
    Code.TOKEN_EXPIRED.value: "token_refused",
    Code.TOKEN_GROUP.value: "token_refused",
    "ERROR_CODE_GRANT_OF_ANOTHER_OUTWAY": "token_refused",
    "application_unknown": "application_refused",
    "user_invalid": "user_refused",
    "purpose_mismatch": "declaration_refused",
}
_DECLARATION = "declaration_"
_REVOKED = "revoked"


class Seen(NamedTuple):
    """One event, or several of the same: the first gives the identifier, ``facts`` the number."""

    event_id: UUID
    at: datetime
    kind: str
    facts: Mapping[str, str | int]


def kind_of(code: str) -> str:
    """The kind of a refusal with this code."""
    if code.startswith(_DECLARATION):
        return "declaration_refused"
    return _KINDS.get(code, "question_refused")


def seen_in(records: Iterable[Record]) -> list[Seen]:
    """The refusals among these decisions, in order of the first of each."""
    found: dict[tuple[str, str, str], Seen] = {}
    for record in records:
        code = _code_of(record)
        if code is None:
            continue
        columns = record.columns
        key = (code, columns.peer or "", columns.service or "")
        before = found.get(key)
        if before is not None:
            times = int(before.facts["times"]) + 1
            found[key] = before._replace(facts={**before.facts, "times": times})
            continue
        facts: dict[str, str | int] = {
            "code": code, "peer": key[1], "service": key[2],
            "trace": columns.trace_id.hex(), "times": 1,
        }  # fmt: skip
        found[key] = Seen(record.record_id, columns.at, kind_of(code), facts)
    return list(found.values())


def kind_of_access(event: AccessEvent) -> str:
    """The kind of what the access log tells."""
    if event.kind == "rate_limited":
        return "rate_limited"
    return "revoked_certificate_used" if _REVOKED in event.reason else "certificate_unknown"


def _code_of(record: Record) -> str | None:
    """The code of a refusal; None for a decision that permitted."""
    response = _within(record.content(), "adl", "body", "adl.core.response")
    if response.get("decision") is not False:
        return None
    code = _within(response, "context").get("code")
    return code if isinstance(code, str) else "unknown"


def _within(value: JsonValue, *names: str) -> Mapping[str, JsonValue]:
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}
