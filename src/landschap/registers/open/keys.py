# SPDX-License-Identifier: EUPL-1.2
"""Keys for open data: optional, for a program and not for a person, with a quota a day.

A key opens nothing that is closed: it only gives more room. Whoever wants one says what the program
is called and what it is for; an address of a person is refused, because a list of who reads what
would be personal data that nobody needs.
Source: AVG art. 5 lid 1 sub c; NL GOV REST API Design Rules, API-44 and API-45.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from http import HTTPStatus

from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal

HEADER = "X-Api-Key"
PREFIX = "open_"
"""So that a key that lies around is known for what it is."""

_KEY = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")
_LENGTHS = {"toepassing": (3, 80), "doel": (10, 500)}
_PERSONAL = re.compile(r"@|(?<!\d)\d{8,12}(?!\d)|(?<!\d)0\d[\d -]{7,}\d")
_PRINTABLE = re.compile(r"[^\x00-\x09\x0b-\x1f\x7f]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Who asks for a key: what the program is called, and what it is for."""

    application: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key as it is known; ``key_id`` names it, the key itself is kept nowhere."""

    key_id: str
    application: str
    purpose: str
    requests_per_day: int
    created_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str = ""


def read_wanted(given: Mapping[str, JsonValue]) -> Wanted | dict[str, str]:
    """What was filled in; else what is wrong with it per field."""
    wrong = {name: "is not asked for here" for name in given if name not in _LENGTHS}
    texts: dict[str, str] = {}
    for name, (least, most) in _LENGTHS.items():
        value = given.get(name, "")
        texts[name] = value.strip() if isinstance(value, str) else ""
        if not least <= len(texts[name]) <= most or not _PRINTABLE.fullmatch(texts[name]):
            wrong[name] = f"must hold {least} to {most} characters"
        elif _PERSONAL.search(texts[name]):
            wrong[name] = "holds a mail address, a telephone number or a person's number; leave out"
    if wrong:
        return wrong
    return Wanted(application=texts["toepassing"], purpose=texts["doel"])


def is_key(text: str) -> bool:
    """True for a text that has the form of a key."""
    return _KEY.fullmatch(text) is not None


def seconds_left_of_day(now: datetime) -> int:
    """How long until the count of a key begins anew, at midnight UTC."""
    tomorrow = datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)
    return max(1, int((tomorrow - now).total_seconds()))


def figures(key: Key, used: int, now: datetime) -> dict[str, str]:
    """The room a key has left, as headers. Source: RateLimit header fields (draft)."""
    return {
        "RateLimit-Limit": str(key.requests_per_day),
        "RateLimit-Remaining": str(max(0, key.requests_per_day - used)),
        "RateLimit-Reset": str(seconds_left_of_day(now)),
    }


def wrong_key(words: str) -> Refusal:
    """A key that is none of ours, or no longer."""
    return Refusal(
        code="open_key_invalid",
        status=HTTPStatus.UNAUTHORIZED,
        title="This key does not count",
        detail=f"{words} Leave {HEADER} out: open data needs no key. A new one is free, at "
        "/sleutels.",
        missing="a key that is known here, or none",
        owner="whoever runs the program that asks",
    )


UNKNOWN = wrong_key("No such key was given out here.")
REVOKED = wrong_key("This key was withdrawn.")


def quota_reached(key: Key) -> Refusal:
    """All of a day's requests of a key were made."""
    return Refusal(
        code="open_quota",
        status=HTTPStatus.TOO_MANY_REQUESTS,
        title="All requests of this key for today were made",
        detail=f"{key.requests_per_day} a day; the count begins anew at 00:00 UTC. All of a "
        "collection at once stands in its bulk file, see /catalogus.",
    )


def invalid_form(wrong: Mapping[str, str]) -> Refusal:
    """What is wrong with a request for a key."""
    name, words = next(iter(wrong.items()))
    return Refusal(
        code="open_form_invalid",
        status=HTTPStatus.BAD_REQUEST,
        title="The request for a key is not valid",
        detail=f"No key was made: {name[:80]} {words}.",
        extra={
            "errors": [
                {"in": "body", "location": {"pointer": f"/{where[:80]}"}, "detail": detail}
                for where, detail in wrong.items()
            ]
        },
    )
