# SPDX-License-Identifier: EUPL-1.2
"""Who may, what may be done, with which service: every candidate decided as a question of its own.

A page ends where its limit says; the token names where the next one begins, on which snapshot, and
for which question. With another question, or after a change of the register, it is refused.
Source: AuthZEN 1.0, "Search APIs".
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime

from landschap.purposes.authzen import names
from landschap.purposes.authzen.evaluating import without_fields
from landschap.purposes.authzen.messages import Unreadable, Words
from landschap.purposes.decide import decide
from landschap.purposes.decision import Question
from landschap.purposes.model import ACTIONS, ANYONE, OWN
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.ijson import JsonValue, canonical

KINDS = ("subject", "resource", "action")
PAGE_LIMIT = 100
"""Most results on one page, and how many there are when nothing is said."""


_TOKEN_LIMIT = 200


@dataclasses.dataclass(frozen=True, slots=True)
class Page:
    """Which part of the results: from this one, at most so many."""

    begin: int
    limit: int


def page_of(body: Words, snapshot: Snapshot) -> Page:
    """The page that is asked. Raises Unreadable for a token of another question or register."""
    given = body.get("page")
    if given is None:
        return Page(0, PAGE_LIMIT)
    if not isinstance(given, Mapping):
        raise Unreadable("page is an object")
    limit = given.get("limit", PAGE_LIMIT)
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= PAGE_LIMIT:
        raise Unreadable(f"page.limit is a whole number from 1 to {PAGE_LIMIT}")
    token = given.get("token")
    if not token:
        return Page(0, limit)
    return Page(_begin_of(token, body, snapshot), limit)


def search(
    kind: str, question: Question, snapshot: Snapshot, now: datetime, body: Words, page: Page
) -> dict[str, JsonValue]:
    """The results of one page. ``kind`` is one of `KINDS`, and what the question leaves open."""
    asked = without_fields(question)
    every = [
        result
        for result, changed in _candidates(kind, asked, snapshot)
        if decide(changed, snapshot, now).allow
    ]
    end = page.begin + page.limit
    shown = every[page.begin : end]
    more = _token(end, body, snapshot) if end < len(every) else ""
    return {
        "results": list(shown),
        "page": {"next_token": more, "count": len(shown), "total": len(every)},
    }


def _candidates(
    kind: str, question: Question, snapshot: Snapshot
) -> Iterator[tuple[Mapping[str, JsonValue], Question]]:
    change = dataclasses.replace
    if kind == "subject":
        for oin in _organisations(snapshot):
            yield {"type": names.PEER, "id": oin}, change(question, organisation=oin)
    elif kind == "resource":
        for provider, service in sorted(snapshot.services):
            found: dict[str, JsonValue] = {
                "type": names.SERVICE, "id": service, "properties": {"provider": provider},
            }  # fmt: skip
            yield found, change(question, provider=provider, service=service)
    else:
        for action in ACTIONS:
            yield {"name": names.action_uri(action)}, change(question, action=action)


def _organisations(snapshot: Snapshot) -> list[str]:
    """Every organisation that a policy names, itself or through a group."""
    members = {each.name: each.members for each in snapshot.register.groups}
    found: set[str] = set()
    for policy in snapshot.register.policies:
        for name in policy.organisations:
            found.update([snapshot.owner] if name == OWN else members.get(name, (name,)))
    return sorted(found - {ANYONE})


def _token(begin: int, body: Words, snapshot: Snapshot) -> str:
    raw = f"{begin}.{_digest(body, snapshot)}".encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _begin_of(token: JsonValue, body: Words, snapshot: Snapshot) -> int:
    text = (
        token if isinstance(token, str) and len(token) <= 200 else ""
    )  # no token of ours is longer
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        raw = ""
    begin, _, digest = raw.partition(".")
    if not begin.isdigit() or digest != _digest(body, snapshot):
        raise Unreadable(
            "page.token belongs to another question, or the register has changed; begin anew"
        )
    return int(begin)


def _digest(body: Words, snapshot: Snapshot) -> str:
    asked = {name: value for name, value in body.items() if name != "page"}
    return hashlib.sha256(canonical(asked) + snapshot.version.encode()).hexdigest()[:32]
