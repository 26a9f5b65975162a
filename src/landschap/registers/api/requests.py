# SPDX-License-Identifier: EUPL-1.2
"""Reading a request: which form it is sent in and asks for, and its query string."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from landschap.registers.api.cases import AnyRequest
from landschap.registers.api.forms import JSON, chosen_form
from landschap.vocabulary.problems import ProblemError, Refusal


def check_media(request: AnyRequest, offered: Sequence[str] = (JSON,)) -> str:
    """JSON goes in, and the best of what is offered comes out. Raises ProblemError.

    Source: RFC 9110, 15.5.7 and 15.5.16.
    """
    sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method == "POST" and sent != "application/json":
        raise ProblemError(
            Refusal(
                code="media_type",
                status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                title="This content type is not read here",
                detail="Send the body as Content-Type: application/json.",
            )
        )
    return chosen_form(request, offered)


def query_of(request: AnyRequest) -> dict[str, str]:
    """The query string; a key that stands twice is refused. Raises ProblemError."""
    query: dict[str, str] = {}
    for name, value in request.query_params.items():  # in the order given, each as often as it is
        if name in query:
            raise ProblemError(
                Refusal(
                    code="query_twice",
                    status=HTTPStatus.BAD_REQUEST,
                    title="A query parameter stands twice",
                    detail=f"{name} may be given once.",
                )
            )
        query[name] = value
    return query
