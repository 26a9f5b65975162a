# SPDX-License-Identifier: EUPL-1.2
"""How often pages are asked for: per session, and per address for who has none.

Who is logged in has a measure of their own, so nobody else uses it up: an office, a library or a
household with one address is not shut out by one of them. Who is not, shares that of the address,
with a stricter one for logging in; coming back from the provider counts for the log-in that was
begun. Numbers that are not there are counted apart: who tries them is stopped at those addresses
long before one could be found, and sees the same as for one that is somebody else's.

What was refused counts for nothing, so each measure is free again within seconds. Leaving, logging
out and reading how to reach us are never refused. Kept in memory, per process.
Source: experience, P1 and section 7; RFC 6585, section 4 (429); OWASP ASVS 5.0, 2.4 and 6.3.
"""

from __future__ import annotations

import ipaddress
import time
from http import HTTPStatus
from typing import Any

from litestar.connection import ASGIConnection

from landschap.platform.portal_settings import PortalLimitSettings
from landschap.platform.telemetry import security_event
from landschap.platform.web import split_path
from landschap.platform.web.sealed import session_hash
from landschap.portal.pacing import Pace
from landschap.portal.pages.at_desk import SESSION_COOKIE
from landschap.vocabulary.problems import Fault, ProblemError, Refusal

TOO_OFTEN, WAIT = "too_many_requests", "retry-after"
RETURN = "/inloggen/terug"
SESSION, ADDRESS, LOGIN, NUMBERS = "session", "address", "login", "numbers"
_LOGIN_PATHS = ("/inloggen", RETURN)
_MINUTE = 60.0
_MOST_KNOWN = 100_000
_V6_BYTES = 8

Connection = ASGIConnection[Any, Any, Any, Any]


class Limits:
    """The measures of one process, and which sessions are known to be alive."""

    def __init__(self) -> None:
        self._paces: dict[str, Pace] = {}
        self._known: dict[bytes, None] = {}
        self._told: dict[tuple[str, bytes], float] = {}

    def alive(self, session: bytes) -> None:
        """A session was found; from now on it has a measure of its own."""
        self._known.pop(session, None)
        self._known[session] = None
        if len(self._known) > _MOST_KNOWN:
            del self._known[next(iter(self._known))]

    def over(self, session: bytes) -> None:
        """A session is over: it counts for its address again."""
        self._known.pop(session, None)

    def who(self, connection: Connection) -> tuple[str, bytes]:
        """By what a question is counted: its session, if that is known, else its address."""
        token = connection.cookies.get(SESSION_COOKIE, "")
        hashed = session_hash(token) if token else b""
        return (SESSION, hashed) if hashed in self._known else (ADDRESS, address_of(connection))

    def take(
        self, settings: PortalLimitSettings, connection: Connection, begun: bytes = b""
    ) -> None:
        """Count one question. Raises ProblemError (429) when it is one too many.

        ``begun`` stands for the log-in that this browser began, where it comes back from one.
        """
        now, path = time.monotonic(), split_path(connection.url.path)[1]
        kind, key = self.who(connection)
        if begun:
            kind, key = NUMBERS, b"begun\x1f" + begun
        elif path in _LOGIN_PATHS:
            kind, key = LOGIN, address_of(connection)
        if wait := self._pace(settings, kind).take(key, now):
            raise self._too_often(LOGIN if begun else kind, key, wait, now)
        if is_numbered(connection):
            by, pace = self._guesser(kind, key), self._pace(settings, NUMBERS)
            if wait := pace.wait(by, now):
                raise self._too_often(NUMBERS, by, wait, now)

    def missed(self, settings: PortalLimitSettings, connection: Connection) -> None:
        """Count one number that was not there."""
        pace = self._pace(settings, NUMBERS)
        pace.take(self._guesser(*self.who(connection)), time.monotonic())

    def _guesser(self, kind: str, key: bytes) -> bytes:
        return kind.encode() + b"\x1f" + key

    def _pace(self, settings: PortalLimitSettings, kind: str) -> Pace:
        found = self._paces.get(kind)
        if found is None:
            per_minute: int = getattr(settings, f"{kind}_per_minute")
            found = self._paces[kind] = Pace(per_minute)
        return found

    def _too_often(self, kind: str, key: bytes, wait: int, now: float) -> ProblemError:
        """The refusal; the watch hears it once a minute of each asker, never whom it is about."""
        before = self._told.get((kind, key))
        if before is None or now - before > _MINUTE:
            self._told = {each: at for each, at in self._told.items() if now - at <= _MINUTE}
            if len(self._told) < _MOST_KNOWN:
                self._told[kind, key] = now
            security_event(door="portal", peer="", code=TOO_OFTEN, reason=f"per {kind}")
        return ProblemError(
            Refusal(
                code=TOO_OFTEN,
                status=HTTPStatus.TOO_MANY_REQUESTS,
                title="There are too many requests",
                detail=f"Ask again after {wait} seconds.",
                owner="who asks",
                fault=Fault.INPUT,
                extra={WAIT: str(wait)},
            )
        )


def is_numbered(connection: Connection) -> bool:
    """True for an address with a number of something in it, which one could guess."""
    return "{" in str(connection.scope.get("path_template", ""))


def address_of(connection: Connection) -> bytes:
    """From where it is asked. Of IPv6 the network: one subscriber has all addresses in it.

    On the private socket behind nginx a connection has no address; nginx tells it, and takes away
    what the visitor said of it.
    """
    client = connection.client
    told = client.host if client else connection.headers.get("x-forwarded-for", "")
    try:
        found = ipaddress.ip_address(told.strip())
    except ValueError:
        return b""
    if isinstance(found, ipaddress.IPv4Address):
        return found.packed
    mapped = found.ipv4_mapped
    return mapped.packed if mapped else found.packed[:_V6_BYTES]
