# SPDX-License-Identifier: EUPL-1.2
"""What an employee typed at the desk and could not send: kept for the same employee.

Because the session was over, what was found was too old, or by a fault of ours. What was typed at
the check of a document waits until the same person is looked up again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Response

from landschap.console.pages.context import DESK, AnyRequest, ConsoleDeps, door_of
from landschap.console.pages.desk_finding import sealed_person
from landschap.platform.web import drafts
from landschap.platform.web.door import cookie
from landschap.platform.web.drafts import kept_token
from landschap.platform.web.language import split_path
from landschap.platform.web.sealed import form_token, is_form_token, session_hash

KEPT_CODES = frozenset({"desk_look_over", "desk_limit", "desk_visit_open"})
"""Refusals of which what was typed is kept, beside those by a fault of ours."""
EMPLOYEE = "medewerker"
"""The field with which a form proves who typed, also after another log-in."""
_CHECKING = f"{DESK.path}/controle"
_COOKIES = {DESK.path: "__Host-balie-zoeken", _CHECKING: "__Host-balie-controle"}
_FIELDS = {
    DESK.path: ("bsn", "naam", "geboren", "reden"),
    _CHECKING: ("document", "tekens", "adres", "gezien"),
}
_SECONDS = 24 * 3600


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed: by whom, about which person where that was known."""

    employee: str
    person: str
    values: dict[str, str]

    def __repr__(self) -> str:
        return "Draft()"


def employee_of(deps: ConsoleDeps, subject: str) -> str:
    """Proves who typed a form; tells nothing of them."""
    return form_token(deps.session_key, b"desk employee\x1f" + subject.casefold().encode())


def person_of(deps: ConsoleDeps, bsn: str) -> str:
    """Proves about whom a form is; tells nothing of them."""
    return form_token(deps.session_key, b"desk person\x1f" + bsn.encode())


async def keep(deps: ConsoleDeps, request: AnyRequest, given: Mapping[str, str]) -> str:
    """Keep what was typed; the token of it, or nothing for a form that is not of this session."""
    fields = _FIELDS.get(_path(request))
    session = request.cookies.get(door_of(deps).session_cookie, "")
    hashed = session_hash(session)
    if fields is None or not session:
        return ""
    if not is_form_token(given.get("token", ""), deps.session_key, hashed):
        return ""
    bsn = sealed_person(deps.session_key, hashed, given.get("wie", ""))
    draft = Draft(
        employee=given.get(EMPLOYEE, "")[:100],
        person=person_of(deps, bsn) if bsn else "",
        values={name: given.get(name, "") for name in fields},
    )
    return await drafts.keep(deps.pool, deps.session_key, draft)


async def sought(deps: ConsoleDeps, request: AnyRequest, subject: str) -> Mapping[str, str]:
    """What this employee typed to look somebody up; empty for nothing. Given back once."""
    return await _taken(deps, request, DESK.path, subject, "")


async def checked(
    deps: ConsoleDeps, request: AnyRequest, subject: str, bsn: str
) -> Mapping[str, str]:
    """What this employee typed at the check of this person; empty for nothing. Given back once."""
    return await _taken(deps, request, _CHECKING, subject, person_of(deps, bsn))


def set_kept(request: AnyRequest, answer: Response[Any], token: str = "") -> bool:
    """Let the browser keep the token of what was kept for this request; True when there is one."""
    found = token or kept_token(request)
    name = _COOKIES.get(_path(request))
    if found and name:
        answer.set_cookie(cookie(name, found, _SECONDS))
    return bool(found and name)


async def _taken(
    deps: ConsoleDeps, request: AnyRequest, path: str, subject: str, person: str
) -> Mapping[str, str]:
    token = request.cookies.get(_COOKIES[path], "")
    if not token:
        return {}
    wanted = (employee_of(deps, subject), person)
    draft = await drafts.take(
        deps.pool,
        deps.session_key,
        token,
        Draft,
        lambda draft: (draft.employee, draft.person) == wanted,
    )
    return draft.values if draft is not None else {}


def _path(request: AnyRequest) -> str:
    return split_path(request.url.path)[1].rstrip("/")
