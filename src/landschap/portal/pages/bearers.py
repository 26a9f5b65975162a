# SPDX-License-Identifier: EUPL-1.2
"""Who asks through a program: by the access token of their own login, as pages do by a session.

The rules are those of pages: the level of the login and of the service, the mandate that is looked
at with every question, the line that is durable before anything is told. Without a token that is
for us, of our own provider, with the scope that is needed, nothing is told.
Source: RFC 6750; RFC 9068; RFC 9470 (a stronger login); NL GOV profile for OAuth 2.0.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Response

from landschap.platform.http import problem_response
from landschap.platform.identities import Resident
from landschap.platform.oidc import LoginFailed, OidcClient, Reason
from landschap.platform.portal_settings import PortalApiSettings
from landschap.platform.telemetry import security_event
from landschap.platform.web import Language
from landschap.platform.web.door import AnyRequest, Asked
from landschap.platform.web.sealed import session_hash
from landschap.platform.web.sessions import Session
from landschap.portal.known import Known
from landschap.portal.pacing import Pace
from landschap.portal.pages.acting import needs_of, require_mandate
from landschap.portal.pages.context import RIGHTS, PortalDeps, door_of
from landschap.portal.pages.limits import TOO_OFTEN, WAIT
from landschap.vocabulary.problems import Fault, ProblemError, Refusal

log = structlog.get_logger(__name__)

SERVICE = "mijn-gegevens"
BASE = f"/{SERVICE}/v1"
ON_BEHALF = "namens"
# Members of a refusal that become headers.
CHALLENGE = "www-authenticate"
_BEARER = "bearer "
_UNREACHABLE = Refusal(
    code="login_unreachable",
    status=503,
    title="The login provider does not answer",
    detail="The token can not be checked now. Try again in a few minutes.",
    owner="who runs the login provider",
    fault=Fault.OURS,
)


@dataclass(frozen=True, slots=True)
class Bearers:
    """Reads who asks from the token of a question."""

    deps: PortalDeps
    settings: PortalApiSettings
    oidc: OidcClient[Resident]
    pace: Pace

    async def asked(self, request: AnyRequest, *, acts: bool = False) -> Asked[Known]:
        """Who asks, with a session as long as the token. Raises ProblemError."""
        token = _token_of(request)
        scope = self.settings.acting_scope if acts else self.settings.scope
        try:
            found, until = await self.oidc.bearer(token, self.settings.audience, scope)
        except LoginFailed as failed:
            raise _refused(failed) from None
        known = _for_whom(door_of(self.deps).remember(found), request.headers.get(ON_BEHALF, ""))
        path = _page_of(request.url.path)
        person = session_hash(f"{known.kind}:{known.bsn or known.whose}")
        if wait := self.pace.take(person, time.monotonic()):
            raise ProblemError(_too_often(wait))
        if needed := needs_of(self.deps)(known, path):
            raise ProblemError(_too_weak(needed))
        ends = datetime.fromtimestamp(until, UTC)
        session = Session(hash=session_hash(token), known=known, until=ends)
        await require_mandate(self.deps, session, path)
        language = Language.EN if _wants_english(request) else Language.NL
        return Asked(
            language=language,
            path=path,
            query=dict(request.query_params),
            session=session,
            had_cookie=False,
        )


def _page_of(path: str) -> str:
    """The page that shows the same: its level and who may open it hold here too."""
    inside = path.removeprefix(BASE)
    # Of the page with rights a company sees why it has none; there are no requests of its own.
    return f"{RIGHTS.path}/verzoek" if inside == "/verzoeken" else inside


def _token_of(request: AnyRequest) -> str:
    given = request.headers.get("authorization", "")
    if given[: len(_BEARER)].lower() != _BEARER:
        raise ProblemError(_no_token("No bearer token is given.", ""))
    return given[len(_BEARER) :].strip()


def _wants_english(request: AnyRequest) -> bool:
    return request.headers.get("accept-language", "").lower().startswith("en")


def _for_whom(known: Known, reference: str) -> Known:
    """The same person, acting by a mandate that the token tells."""
    if not reference:
        return known
    acting = msgspec.structs.replace(known, acting_for=reference)
    if acting.mandate is None:
        raise ProblemError(
            Refusal(
                code="mandate_unknown",
                status=403,
                title="The token tells no such mandate",
                detail="The header Namens must be the reference of a mandate in the token.",
                owner="the application that asks",
                fault=Fault.INPUT,
            )
        )
    return acting


def _refused(failed: LoginFailed) -> ProblemError:
    if failed.reason is Reason.UNREACHABLE:
        return ProblemError(_UNREACHABLE)
    log.warning("token refused", reason=failed.reason.value, detail=str(failed))
    security_event(door="portal-api", peer="", code="login_rejected", reason=failed.reason.value)
    if failed.reason is Reason.LEVEL_TOO_LOW:
        return ProblemError(_too_weak(""))
    if failed.reason is Reason.NO_SCOPE:
        return ProblemError(_LACKS_SCOPE)
    return ProblemError(_no_token("The token can not be used here.", "invalid_token"))


def _no_token(detail: str, error: str) -> Refusal:
    challenge = f'Bearer error="{error}"' if error else "Bearer"
    return Refusal(
        code="token_invalid",
        status=401,
        title="It is not known who asks",
        detail=detail,
        missing="an access token of the portal's login provider, for this audience, in time",
        owner="the application that asks",
        extra={CHALLENGE: challenge},
    )


_LACKS_SCOPE = Refusal(
    code="token_scope",
    status=403,
    title="The token is not for this",
    detail="The token does not have the scope that this needs.",
    missing="the scope of looking, or of doing, in the token",
    owner="the application that asks",
    extra={CHALLENGE: 'Bearer error="insufficient_scope"'},
)


def _too_weak(needed: str) -> Refusal:
    """Source: RFC 9470, section 3."""
    words = 'Bearer error="insufficient_user_authentication"'
    return Refusal(
        code="login_too_weak",
        status=401,
        title="The person must log in in a stronger way",
        detail="The level of assurance of the login is too low for this.",
        missing=f"a login of level {needed}" if needed else "a login of a higher level",
        owner="the person, by logging in again",
        extra={CHALLENGE: f'{words}, acr_values="{needed}"' if needed else words},
    )


def _too_often(wait: int) -> Refusal:
    return Refusal(
        code=TOO_OFTEN,
        status=429,
        title="There are too many requests for this person",
        detail=f"Ask again after {wait} seconds.",
        owner="the application that asks",
        extra={WAIT: str(wait)},
    )


def is_api(path: str) -> bool:
    """True for an address of the portal for programs."""
    return path == f"/{SERVICE}" or path.startswith(f"/{SERVICE}/")


def api_problem(refusal: Refusal, request: AnyRequest) -> Response[Any]:
    """A refusal as problem details, with how to ask again."""
    told = dict(refusal.extra)
    headers = {}
    if challenge := told.pop(CHALLENGE, ""):
        headers["WWW-Authenticate"] = str(challenge)
    if wait := told.pop(WAIT, "60" if refusal.status == HTTPStatus.SERVICE_UNAVAILABLE else ""):
        headers["Retry-After"] = str(wait)
    return problem_response(
        replace(refusal, extra=told), instance=request.url.path, headers=headers
    )
