# SPDX-License-Identifier: EUPL-1.2
"""What was typed and could not be sent: kept for the same person and page.

Because the session turned out to be over, or the visit at the desk, or by a fault of ours.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from litestar import Response
from litestar.datastructures import Cookie

from landschap.platform.web.door import AnyRequest, Asked, cookie
from landschap.platform.web.drafts import kept_on_fault
from landschap.platform.web.language import split_path
from landschap.platform.web.sealed import form_token, is_form_token, session_hash
from landschap.platform.web.sessions import Session
from landschap.portal.known import Known
from landschap.portal.pages.at_desk import ENDS
from landschap.portal.pages.context import PortalDeps, asked_of, door_of, to_login
from landschap.portal.store import Draft, keep_draft, take_draft
from landschap.vocabulary.problems import Fault, ProblemError, Refusal

DRAFT_COOKIE = "__Host-concept"
TICKED = "ja"
_DRAFT_SECONDS = 24 * 3600
_FOREIGN = Refusal(
    code="form_foreign",
    status=403,
    title="This form did not come from this site",
    detail="Nothing was sent. Open the page again and send it from there.",
    owner="the person",
    fault=Fault.INPUT,
)


def person_of(deps: PortalDeps, subject: bytes) -> str:
    """Proves for whom a form was made, also after another log-in."""
    return form_token(deps.session_key, b"person\x1f" + subject)


async def answered(
    deps: PortalDeps,
    request: AnyRequest,
    given: Mapping[str, Any],
    act: Callable[[Asked[Known], Session[Known]], Awaitable[Response[Any]]],
    keep: Callable[[], Awaitable[str]],
) -> Response[Any]:
    """The answer to a form of which nothing typed may be lost.

    ``act`` does what was asked, for who is logged in; ``keep`` keeps what was typed when nobody is
    any more, or when ``act`` fails by a fault of ours, and gives the token of it. Raises
    ProblemError for a form of another site or session.
    """
    async with kept_on_fault(request, keep, ENDS):
        asked = await asked_of(deps, request)
        if asked.session is None:
            answer = to_login(deps, asked)
            if token := await keep():
                answer.set_cookie(draft_cookie(token))
            return answer
        if not door_of(deps).is_own_form(given, asked.session):
            raise ProblemError(_FOREIGN)
        return await act(asked, asked.session)


async def draft_token(
    deps: PortalDeps,
    request: AnyRequest,
    given: Mapping[str, Any],
    *,
    proposed: str,
    explanation: str,
) -> str:
    """Keep what was typed; the token of it, or nothing for a form that is not of this session."""
    session = request.cookies.get(door_of(deps).session_cookie, "")
    token = str(given.get("token", ""))
    if not session or not is_form_token(token, deps.session_key, session_hash(session)):
        return ""
    draft = Draft(
        person=str(given.get("voor", ""))[:100],
        path=split_path(request.url.path)[1],
        form=str(given.get("melding", ""))[:40],
        proposed=proposed,
        explanation=explanation,
        ticked=given.get("meteen") == TICKED,
    )
    return await keep_draft(deps.portal_pool, deps.session_key, draft)


def draft_cookie(token: str) -> Cookie:
    """What gives a draft back to this browser."""
    return cookie(DRAFT_COOKIE, token, _DRAFT_SECONDS)


async def taken(deps: PortalDeps, path: str, person: str, token: str) -> Draft | None:
    """What this person typed on this page before; given back once."""
    if not token:
        return None
    return await take_draft(
        deps.portal_pool,
        deps.session_key,
        token,
        lambda draft: (draft.person, draft.path) == (person, path),
    )
