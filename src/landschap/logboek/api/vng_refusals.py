# SPDX-License-Identifier: EUPL-1.2
"""What is answered when an action of the municipal standard is not taken, changed or told.

Mistakes stand there twice: as in our other interfaces (``errors``), and as that standard has them
(``invalidParams``). No word of what was given stands in it.
"""

from __future__ import annotations

from collections.abc import Sequence

from landschap.logboek.given import InvalidLine
from landschap.logboek.vng_members import MAX_BODY_BYTES
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Fault, Refusal

_ASKER = "the application that asks"
_OPERATORS = "the operators of this organisation, in vng.applications"
_MOST_TOLD = 50


def action_invalid(mistakes: Sequence[InvalidLine]) -> Refusal:
    """An action or a change that may not be taken."""
    return _invalid("body", mistakes, "Nothing was written.")


def question_invalid(mistakes: Sequence[InvalidLine], within: str) -> Refusal:
    """A question that can not be read; ``within`` is query or body."""
    return _invalid(within, mistakes, "Nothing was read.")


def _invalid(within: str, mistakes: Sequence[InvalidLine], so: str) -> Refusal:
    told = mistakes[:_MOST_TOLD]
    errors: list[JsonValue] = [
        {
            "in": within,
            "rule": each.rule,
            "detail": each.detail,
            **({"location": {"name": each.place}} if each.place else {}),
        }
        for each in told
    ]
    params: list[JsonValue] = [
        {"name": each.place or within, "code": each.rule, "reason": each.detail} for each in told
    ]
    return Refusal(
        code="request_invalid",
        status=400,
        title="The request can not be read",
        detail=f"{so} Members that break a rule: {len(mistakes)}.",
        missing="members that keep to the rules in errors",
        owner=_ASKER,
        fault=Fault.INPUT,
        extra={"errors": errors, "invalidParams": params},
    )


def key_reused() -> Refusal:
    """Another action under a key that was used."""
    return Refusal(
        code="idempotency_key_reused",
        status=409,
        title="This key was used for another request",
        detail="Nothing was written. An Idempotency-Key stands for one action, with one "
        "traceparent; take a new one for another.",
        owner=_ASKER,
    )


def too_large() -> Refusal:
    """A body that is too large."""
    return Refusal(
        code="body_too_large",
        status=413,
        title="The body is too large",
        detail=f"At most {MAX_BODY_BYTES} bytes are read.",
        owner=_ASKER,
    )


def scope_missing(*scopes: str) -> Refusal:
    """An application without the right for this."""
    named = " or ".join(scopes)
    return Refusal(
        code="scope_missing",
        status=403,
        title="The application may not do this",
        detail=f"This needs {named}. Nothing was done.",
        missing=named,
        owner=_OPERATORS,
    )


def never_lifted() -> Refusal:
    """A new action that says its confidentiality was lifted."""
    return Refusal(
        code="level_never_new",
        status=403,
        title="A new action is never lifted",
        detail="Only what was confidential can be lifted (opgeheven), so no new action is. "
        "Nothing was written.",
        missing="vertrouwelijkheid normaal or vertrouwelijk",
        owner=_ASKER,
    )


def no_confidential_variant() -> Refusal:
    """A confidential action under an activity whose uses are told."""
    return Refusal(
        code="confidential_variant_missing",
        status=403,
        title="The processing activity is not confidential",
        detail="The action is confidential and its processing activity is not, so the person "
        "concerned would be told. Nothing was written.",
        missing="a confidential processing activity for this",
        owner="the privacy officers of this organisation",
    )


def held_by_decision() -> Refusal:
    """A change of confidentiality: people decide on that."""
    return Refusal(
        code="confidentiality_by_decision",
        status=403,
        title="People decide what is confidential",
        detail="Two officers decide that the uses under a processing activity are held back, and "
        "that this ends: on a ground of the law, with a day of review. No application does so.",
        missing="a decision, by landschap log hold or landschap log lift",
        owner="the privacy officers of this organisation",
    )


def processing_unknown() -> Refusal:
    """No actions of a processing came in by this standard."""
    return Refusal(
        code="processing_unknown",
        status=400,
        title="The log holds no action of this processing",
        detail="No action with this verwerkingId was created here, or its lines are gone.",
        missing="the verwerkingId of an action that was created here",
        owner=_ASKER,
    )


def too_many_actions(most: int) -> Refusal:
    """More actions under one processing than are changed at once."""
    return Refusal(
        code="result_too_large",
        status=400,
        title="The processing has too many actions",
        detail=f"More than {most} actions have this verwerkingId. Nothing was changed.",
        owner=_ASKER,
        extra={"max": most},
    )


def more_than_told(most: int) -> Refusal:
    """More lines than an answer holds."""
    return Refusal(
        code="result_too_large",
        status=400,
        title="There are more lines than an answer holds",
        detail=f"More than {most} fit the question. Ask for a shorter period.",
        missing="a shorter period, by beginDatum and eindDatum",
        owner=_ASKER,
        extra={"max": most},
    )


def no_such_action() -> Refusal:
    """Nothing that this person may see is at this address."""
    return Refusal(
        code="not_found",
        status=404,
        title="There is nothing at this address",
        detail="No action of this number is about this person, or may be told.",
        owner=_ASKER,
    )
