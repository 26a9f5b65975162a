# SPDX-License-Identifier: EUPL-1.2
"""Refusals that more than one kind of question to a register can end in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from http import HTTPStatus

from landschap.vocabulary.problems import Refusal


def invalid_body(
    wrong: Sequence[tuple[str, str]],
    *,
    code: str = "inhoud.ongeldig",
    title: str = "The content is not what is expected here",
    told: str = "Nothing was written: ",
) -> Refusal:
    """A body with everything that is wrong in it: pointers, and what is to be there."""
    pointer, words = wrong[0]
    return Refusal(
        code=code,
        status=HTTPStatus.BAD_REQUEST,
        title=title,
        detail=f"{told}{pointer or 'the body'} {words}.",
        extra={
            "errors": [
                {"in": "body", "location": {"pointer": where}, "detail": detail}
                for where, detail in wrong
            ]
        },
    )


def too_broad(detail: str) -> Refusal:
    """More would be read than one question may; ``detail`` says how to ask less."""
    return Refusal(
        code="zoek.te-breed",
        status=HTTPStatus.BAD_REQUEST,
        title="The question is too broad",
        detail=detail,
    )


def rows_not_obeyed(address: str) -> Refusal:
    """A question that can not be limited to the objects that the permit opens."""
    return Refusal(
        code="rows_not_obeyed",
        status=HTTPStatus.FORBIDDEN,
        title="This can not be limited to the permitted objects",
        detail=f"The permit opens some objects only, and {address} tells of all of them. Ask for "
        "the objects themselves.",
        missing="a policy without rijen for this purpose",
        owner="the privacy officers of the organisation that offers the service",
    )


def closed_fields(names: Iterable[str], remedy: str) -> Refusal:
    """Fields that the permit does not hold."""
    return Refusal(
        code="fields_excess",
        status=HTTPStatus.FORBIDDEN,
        title="These fields are not permitted for this purpose",
        detail=f"The permit does not hold {', '.join(sorted(names))}{remedy}",
        missing="these fields in the policy of this purpose",
        owner="the privacy officer of this organisation",
    )
