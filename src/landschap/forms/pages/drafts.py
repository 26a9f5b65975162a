# SPDX-License-Identifier: EUPL-1.2
"""What goes with a form: its identifier, a proof of who it is for, and what was fetched, sealed.

What was typed and could not be sent waits, sealed too, for the same person: because the session
turned out to be over, or by a fault of ours.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import msgspec
from litestar.datastructures import Cookie

from landschap.forms.application import Typed, typed_of
from landschap.forms.fetched import Fetched, Outcome
from landschap.forms.pages.context import AnyRequest, FormDeps, door_of
from landschap.platform.web import drafts
from landschap.platform.web.door import cookie
from landschap.platform.web.sealed import (
    NONCE_BYTES,
    form_token,
    is_form_token,
    seal,
    session_hash,
    unseal,
)

DRAFT_COOKIE = "__Host-formulier-concept"
_DRAFT_SECONDS = 24 * 3600
_LABEL = b"landschap.fetched\x1f"
_LONGEST_SEALED = 16_000


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it was when the session was over."""

    person: str
    form: str
    values: dict[str, str]
    fetched: str

    def __repr__(self) -> str:
        return "Draft()"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One form of one person, as it stands now."""

    id: UUID
    typed: Typed
    fetched: Fetched
    is_restored: bool = False

    def __repr__(self) -> str:
        return f"Form({self.id})"


def person_of(deps: FormDeps, bsn: str) -> str:
    """Proves for whom a form was made, also after another log-in; tells nothing of the person."""
    return form_token(deps.key, b"applicant\x1f" + bsn.encode())


def sealed_of(deps: FormDeps, bsn: str, form: UUID, fetched: Fetched) -> str:
    """What was fetched, to go along with the form."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    value = seal(msgspec.json.encode(fetched), deps.key, _label(deps, bsn, form), nonce)
    return base64.urlsafe_b64encode(value).decode()


def unsealed(deps: FormDeps, bsn: str, form: UUID, text: str) -> Fetched:
    """What went along; as if nothing was fetched when it is not of this person and form."""
    nothing = Fetched(outcome=Outcome.WITHOUT)
    if not text or len(text) > _LONGEST_SEALED:
        return nothing
    try:
        sealed = base64.urlsafe_b64decode(text.encode())
        value = unseal(sealed, deps.key, _label(deps, bsn, form))
        return nothing if value is None else msgspec.json.decode(value, type=Fetched)
    except (ValueError, msgspec.DecodeError):
        return nothing


async def draft_token(deps: FormDeps, request: AnyRequest, given: Mapping[str, Any]) -> str:
    """Keep what was typed; the token of it, or nothing for a form that is not of this session."""
    session = request.cookies.get(door_of(deps).session_cookie, "")
    token = str(given.get("token", ""))
    if not session or not is_form_token(token, deps.key, session_hash(session)):
        return ""
    draft = Draft(
        person=str(given.get("voor", ""))[:100],
        form=str(given.get("aanvraag", ""))[:40],
        values=dict(typed_of(given).values),
        fetched=str(given.get("opgehaald", ""))[:_LONGEST_SEALED],
    )
    return await drafts.keep(deps.pool, deps.key, draft)


def draft_cookie(token: str) -> Cookie:
    """What gives a draft back to this browser."""
    return cookie(DRAFT_COOKIE, token, _DRAFT_SECONDS)


async def taken(deps: FormDeps, bsn: str, token: str) -> Form | None:
    """What this person typed before; given back once."""
    if not token:
        return None
    person = person_of(deps, bsn)
    draft = await drafts.take(
        deps.pool, deps.key, token, Draft, lambda draft: draft.person == person
    )
    form = form_id(draft.form) if draft else None
    if draft is None or form is None:
        return None
    return Form(
        id=form,
        typed=typed_of(draft.values),
        fetched=unsealed(deps, bsn, form, draft.fetched),
        is_restored=True,
    )


def form_id(text: object) -> UUID | None:
    """The identifier of a form; None for what is none."""
    try:
        return UUID(str(text))
    except ValueError:
        return None


def _label(deps: FormDeps, bsn: str, form: UUID) -> bytes:
    return _LABEL + person_of(deps, bsn).encode() + form.bytes
