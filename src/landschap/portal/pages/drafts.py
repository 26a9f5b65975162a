# SPDX-License-Identifier: EUPL-1.2
"""What was typed when the session turned out to be over: kept for the same person and page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from litestar.response import Redirect

from landschap.platform.web.door import AnyRequest, Asked, cookie
from landschap.platform.web.sealed import form_token, is_form_token, session_hash
from landschap.portal.known import Known
from landschap.portal.pages.context import PortalDeps, door_of
from landschap.portal.store import Draft, keep_draft, take_draft

DRAFT_COOKIE = "__Host-concept"
TICKED = "ja"
_DRAFT_SECONDS = 24 * 3600


def person_of(deps: PortalDeps, subject: bytes) -> str:
    """Proves for whom a form was made, also after another log-in."""
    return form_token(deps.session_key, b"person\x1f" + subject)


async def keep_typed(
    deps: PortalDeps,
    asked: Asked[Known],
    request: AnyRequest,
    answer: Redirect,
    given: Mapping[str, Any],
    *,
    proposed: str,
    explanation: str,
) -> bool:
    """Nobody is logged in any more: what was typed waits until they are.

    Only for a form of ours, made in the session that is over: False for another. ``answer`` gets
    the cookie.
    """
    session = request.cookies.get(door_of(deps).session_cookie, "")
    token = str(given.get("token", ""))
    if not session or not is_form_token(token, deps.session_key, session_hash(session)):
        return False
    draft = Draft(
        person=str(given.get("voor", ""))[:100],
        path=asked.path,
        form=str(given.get("melding", ""))[:40],
        proposed=proposed,
        explanation=explanation,
        ticked=given.get("meteen") == TICKED,
    )
    kept = await keep_draft(deps.portal_pool, deps.session_key, draft)
    answer.set_cookie(cookie(DRAFT_COOKIE, kept, _DRAFT_SECONDS))
    return True


async def taken(deps: PortalDeps, path: str, person: str, token: str) -> Draft | None:
    """What this person typed on this page before; given back once."""
    if not token:
        return None
    draft = await take_draft(deps.portal_pool, deps.session_key, token)
    fits = draft is not None and (draft.person, draft.path) == (person, path)
    return draft if fits else None
