# SPDX-License-Identifier: EUPL-1.2
"""Which refusals at a door an operator must be able to find without reading records.

Who was refused for what they are or show (certificate, token, declaration, key of an application)
leaves one line ``security`` in the technical log. Refusals on purpose or policy do not: they are
the daily work of a door, and stand in the records.
"""

from __future__ import annotations

from landschap.fsc.codes import Code
from landschap.gateway.doors import Verdict
from landschap.logboek.records import Draft
from landschap.platform.telemetry import security_event

SECURITY_CODES = frozenset(
    {
        Code.CERTIFICATE.value,
        Code.TOKEN_MISSING.value,
        Code.TOKEN_INVALID.value,
        Code.TOKEN_EXPIRED.value,
        Code.TOKEN_GROUP.value,
        Code.REQUEST_INVALID.value,
        "ERROR_CODE_CONTRACT_NOT_VALID",
        "ERROR_CODE_GRANT_OF_ANOTHER_OUTWAY",
        "INVALID_LOG_RECORD_ID",
        "MISSING_LOG_RECORD_ID",
        "application_unknown",
        "declaration_audience",
        "declaration_binding",
        "declaration_expired",
        "declaration_invalid",
        "declaration_missing",
        "declaration_replayed",
        "declaration_too_large",
        "purpose_mismatch",
        "user_invalid",
    }
)


def tell(door: str, verdict: Verdict) -> None:
    """Write the line of a verdict, if it is one of those."""
    if verdict.code not in SECURITY_CODES:
        return
    draft = verdict.draft
    peer = draft.peer if isinstance(draft, Draft) else None
    transaction = draft.transaction_id if isinstance(draft, Draft) else None
    security_event(
        door=door,
        peer=peer or "",
        code=verdict.code,
        reason=verdict.reason,
        transaction_id=str(transaction or ""),
    )
