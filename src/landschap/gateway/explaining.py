# SPDX-License-Identifier: EUPL-1.2
"""A question that is decided and not carried out: what would happen, and why.

Asked with ``Prefer: explain``. All that comes before a decision (certificate, token, contract,
declaration) is needed as ever, and is refused as ever. The decision is the same one; nothing is
called, no line is written, and its record is marked.

Another organisation gets what a refusal would tell it, and the fields; our own application gets
every step as well.
Source: FTV, F3 (evaluating a request without submitting it), F4; Authorization Decision Log.
"""

from __future__ import annotations

from collections.abc import Mapping

from landschap.gateway import answers, inway, outway, recording
from landschap.gateway.asked import Asked, Query, is_lenient
from landschap.gateway.municipal import is_confidential
from landschap.gateway.recording import Place
from landschap.gateway.refusals import Denied
from landschap.logboek.records import Draft
from landschap.purposes.decision import Decision
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal

Found = inway.Permitted | outway.Allowed | Refusal | Denied


def explained_at_inway(
    purposed: inway.Purposed, query: Query, found: Found, asked: Asked, place: Place
) -> tuple[bytes, Draft, str]:
    """Answer, record and code of a question at our Inway; ``found`` is what was decided."""
    request = recording.inway_request(
        purposed, query, lenient=is_lenient(asked), confidential=is_confidential(asked)
    )
    return _explained(request, found, place, own=False)


def explained_at_outway(
    bound: outway.Bound, query: Query, found: Found, asked: Asked, place: Place
) -> tuple[bytes, Draft, str]:
    """Answer, record and code of a question of ours, by our own register alone."""
    case = asked.header("zaak")
    request = recording.outway_request(bound, query, case, lenient=is_lenient(asked))
    return _explained(request, found, place, own=True)


def _explained(
    request: recording.Words, found: Found, place: Place, *, own: bool
) -> tuple[bytes, Draft, str]:
    refusal, decision = _parts(found)
    body: dict[str, JsonValue] = {
        "decision": refusal is None,
        "executed": False,
        "traceId": place.trace.trace_id.hex(),
        **(_permission(decision) if refusal is None else _refusal(refusal)),
    }
    if own and decision is not None:
        body["steps"] = [dict(step._asdict()) for step in decision.steps]
    draft = recording.explained_at_door(request, decision, refusal, place)
    code = refusal.code if refusal is not None else ""
    return answers.explained(body, place.transaction_id), draft, code


def _parts(found: Found) -> tuple[Refusal | None, Decision | None]:
    if isinstance(found, Denied):
        return found.refusal, found.decision
    if isinstance(found, Refusal):
        return found, None
    return None, found.decision


def _permission(decision: Decision | None) -> Mapping[str, JsonValue]:
    """What would be given. The policy by its name only, as an answer names it too."""
    if decision is None:
        return {"by": "contract"}
    return {
        "policy": decision.policy,
        "snapshot": decision.snapshot,
        "purpose": decision.purpose,
        "legalBases": list(decision.legal_bases),
        "visible": sorted(decision.visible),
        "withheld": sorted(decision.withheld),
        "searchable": sorted(decision.searchable),
        "history": list(decision.history),
        # What is looked up about the person, and whether all objects or some, is seen then only.
        "lookedUp": sorted(decision.checks),
        "someRowsOnly": bool(decision.rows),
    }


def _refusal(refusal: Refusal) -> Mapping[str, JsonValue]:
    return {**refusal.body(), "status": refusal.status}
