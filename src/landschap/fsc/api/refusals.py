# SPDX-License-Identifier: EUPL-1.2
"""How the Manager refuses: FSC's own body or OAuth's, and a line that an operator can find.

Every refusal of a peer leaves one line ``security`` in the technical log with the peer, the code
and the reason; only what happens between peers of good will (a contract that is not signed yet)
is told as ``refused`` instead. Refusals that the framework makes get a code of FSC here, as no
other vocabulary may stand in FSC's body.
Source: FSC Core, "Error response"; RFC 6749, 5.2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import structlog
from litestar import Request, Response

from landschap.fsc.api.deps import caller
from landschap.fsc.codes import Code, OAuth
from landschap.platform.http import json_response
from landschap.platform.telemetry import security_event
from landschap.vocabulary.problems import ProblemError, Refusal, fsc_body

log = structlog.get_logger(__name__)

DOMAIN = "ERROR_DOMAIN_MANAGER"
_OAUTH = frozenset(OAuth)
# What our HTTP edge refuses, in the words of FSC.
_AT_EDGE: Mapping[str, Code] = {
    "query_unknown": Code.REQUEST_INVALID,
    "request_invalid": Code.REQUEST_INVALID,
    "not_found": Code.NOT_FOUND,
    "method_not_allowed": Code.METHOD,
    "body_too_large": Code.BODY_TOO_LARGE,
    "media_type": Code.MEDIA_TYPE,
    "internal_error": Code.INTERNAL,
}
_ALL_IN_THE_GAME = frozenset({OAuth.INVALID_GRANT.value, Code.NOT_FOUND.value, Code.METHOD.value})


def render_fsc(refusal: Refusal, request: Request[Any, Any, Any]) -> Response[bytes]:
    """A refusal in FSC's own body; an OAuth error in OAuth's."""
    code = str(_AT_EDGE.get(refusal.code, refusal.code))
    _note(code, refusal, request)
    if code in _OAUTH:
        told = {"error": code, "error_description": refusal.detail}
        return Response(
            msgspec.json.encode(told), status_code=refusal.status, media_type="application/json"
        )
    body = {**fsc_body(refusal, DOMAIN), "code": code}
    return json_response(body, status=refusal.status, headers={"Fsc-Error-Code": code})


def _note(code: str, refusal: Refusal, request: Request[Any, Any, Any]) -> None:
    """Write the line; a refusal of our own making stands in the log already."""
    if refusal.status >= 500 or "x-peer-cert" not in request.headers:
        return  # what did not come through the carrier is our own look whether we answer
    # Words of the edge repeat what the peer wrote; a line of the log holds no foreign text.
    reason = refusal.title if refusal.code in _AT_EDGE else refusal.detail
    if code in _ALL_IN_THE_GAME:
        log.info("refused", peer=_peer(request), code=code, reason=reason)
    else:
        security_event(door="manager", peer=_peer(request), code=code, reason=reason)


def _peer(request: Request[Any, Any, Any]) -> str:
    try:
        return caller(request).peer_id.value
    except ProblemError:
        return ""
