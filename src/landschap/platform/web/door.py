# SPDX-License-Identifier: EUPL-1.2
"""Where one logs in: what every page behind it shares, for residents and for employees alike.

A `Door` has a name of its own for its cookies and its addresses, so that who is logged in at one
is a stranger at the other.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, NamedTuple
from urllib.parse import quote

import asyncpg
import msgspec
from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.response import Redirect

from landschap.platform.oidc import LoggedOut, OidcClient, Pending, Reason, Who
from landschap.platform.web.frame import Page, Site, Visitor
from landschap.platform.web.language import Language, in_language, split_path
from landschap.platform.web.sealed import NONCE_BYTES, form_token, is_form_token, seal, unseal
from landschap.platform.web.sessions import K, Session, resume_session

AnyRequest = Request[Any, Any, Any]
# Under this key a request carries how it was read, for the page that refuses it.
_ASKED = "landschap.asked"


class Failure(NamedTuple):
    """What a page says when nobody is logged in; words for the catalogue."""

    title: str
    paragraphs: tuple[str, ...]
    status: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Door(Generic[Who, K]):
    """One way in.

    ``base`` stands before its addresses, empty or like ``/console``; ``home`` is where one comes
    who wanted nothing else; ``start`` is its public first page. Without ``oidc`` nobody can log in,
    and the pages say so. ``address`` is the site's own, for coming back to from the provider.
    ``remember`` makes of who came what the session knows; ``visitor`` is how the frame shows them.
    ``admit`` raises LoginFailed for one who may not come in after all. ``still`` gets each session
    with the path that is asked, and gives it back as it is now, or None when it is over; it may
    raise ProblemError. ``depart`` is told whom the provider says has logged out; ``accounts`` are
    the names under which it may say so. ``needs`` tells which level a path needs that this session
    does not have, empty when it is enough; None stands for who is not logged in.
    """

    site: Site
    pool: asyncpg.Pool
    key: bytes = field(repr=False)
    oidc: OidcClient[Who] | None
    knows: type[K]
    remember: Callable[[Who], K]
    visitor: Callable[[Session[K], str], Visitor]
    failures: Mapping[Reason, Failure]
    session_cookie: str
    login_cookie: str
    base: str
    home: str
    start: str
    address: str
    admit: Callable[[Who], Awaitable[None]] | None = None
    still: Callable[[Session[K], str], Awaitable[Session[K] | None]] | None = None
    depart: Callable[[LoggedOut], Awaitable[None]] | None = None
    accounts: Callable[[Who], Sequence[bytes]] | None = None
    needs: Callable[[K | None, str], str] | None = None

    def token(self, session: Session[K]) -> str:
        """Proves that a form came from our own page in this session."""
        return form_token(self.key, session.hash)

    def is_own_form(self, form: Mapping[str, Any], session: Session[K]) -> bool:
        """True when the form came from our own page in this session.

        None of our pages sends a null character, and PostgreSQL keeps no text that holds one.
        """
        if any("\0" in str(part) for pair in form.items() for part in pair):
            return False
        return is_form_token(str(form.get("token", "")), self.key, session.hash)

    async def asked(self, request: AnyRequest) -> Asked[K]:
        """Read the request; a session that is alive is extended by it."""
        language, path = split_path(request.url.path)
        token = request.cookies.get(self.session_cookie, "")
        session = await resume_session(self.pool, self.key, token, self.knows) if token else None
        asked = Asked(
            language=language,
            path=path,
            query=dict(request.query_params),
            session=session,
            had_cookie=bool(token),
            is_framed=self.is_framed(request),
        )
        request.scope[_ASKED] = asked  # type: ignore[literal-required]  # a key of ours
        if session is not None and self.needs is not None and self.needs(session.known, path):
            asked = replace(asked, session=None, is_too_weak=True)
            request.scope[_ASKED] = asked  # type: ignore[literal-required]  # as above
            return asked
        if session is not None and self.still is not None:
            asked = replace(asked, session=await self.still(session, path))
            request.scope[_ASKED] = asked  # type: ignore[literal-required]  # as above
        return asked

    def is_framed(self, request: AnyRequest) -> bool:
        """True when the browser says that it shows this in a frame, and somebody may do that."""
        where = request.headers.get("sec-fetch-dest", "")
        return self.site.is_shown_by_others and where in ("iframe", "frame")

    def asked_before(self, request: AnyRequest) -> Asked[K]:
        """What was read of a request before it was refused; without session when nothing was."""
        asked: Asked[K] | None = request.scope.get(_ASKED)  # type: ignore[assignment]  # as above
        if asked is not None:
            return asked
        language, path = split_path(request.url.path)
        return Asked(language=language, path=path, query={}, session=None, had_cookie=False)

    def show(self, asked: Asked[K], template: str, title: str, **rest: Any) -> Response[str]:
        """A page; ``rest`` are fields of `Page`."""
        session = asked.session
        page = Page(
            template=template,
            title=title,
            path=asked.here,
            language=asked.language,
            visitor=self.visitor(session, self.token(session)) if session else None,
            is_bare=asked.is_framed,
            **rest,
        )
        return self.site.show(page)

    def to_login(self, asked: Asked[K]) -> Redirect:
        """Away to log in, and afterwards back here with everything that was asked."""
        if asked.is_framed:
            target = "/inloggen/venster"
        elif asked.is_too_weak:
            target = "/inloggen/sterker"
        else:
            target = "/sessie-voorbij" if asked.had_cookie else "/inloggen"
        back = quote(asked.at(asked.here), safe="")
        answer = Redirect(asked.at(f"{self.base}{target}?terug={back}"), status_code=303)
        if asked.had_cookie and not asked.is_too_weak:
            answer.set_cookie(gone(self.session_cookie))
        return answer

    def safe_return(self, path: str) -> str:
        """The path if it is one of this site, else the page one logs in for."""
        local = path.startswith("/") and not path.startswith(("//", "/\\"))
        printable = path.isascii() and path.isprintable() and "\\" not in path
        return path if local and printable and len(path) <= 1000 else self.home

    def pending_cookie(self, pending: Pending) -> str:
        """A login that has begun, sealed."""
        value = msgspec.json.encode(pending)
        sealed = seal(value, self.key, self._login_label, secrets.token_bytes(NONCE_BYTES))
        return base64.urlsafe_b64encode(sealed).decode()

    def pending_of(self, text: str) -> Pending | None:
        """The login this browser has begun; None when there is none or it is not from us."""
        try:
            sealed = base64.urlsafe_b64decode(text.encode())
            value = unseal(sealed, self.key, self._login_label)
            return None if value is None else msgspec.json.decode(value, type=Pending)
        except (ValueError, msgspec.DecodeError):
            return None

    @property
    def _login_label(self) -> bytes:
        return b"landschap.login\x1f" + self.login_cookie.encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked(Generic[K]):
    """A request as a site sees it: language, path without it, query, and who asks.

    ``is_too_weak``: somebody is logged in, but not surely enough for this page. ``is_framed``: the
    page stands in a frame of another site.
    """

    language: Language
    path: str
    query: Mapping[str, str]
    session: Session[K] | None
    had_cookie: bool
    is_too_weak: bool = False
    is_framed: bool = False

    @property
    def here(self) -> str:
        """The path with its query, to come back to."""
        pairs = "&".join(f"{quote(k)}={quote(v)}" for k, v in self.query.items())
        return f"{self.path}?{pairs}" if pairs else self.path

    def at(self, path: str) -> str:
        """A path in the language of this request."""
        return in_language(self.language, path)


def cookie(name: str, value: str, max_age_seconds: int | None = None) -> Cookie:
    """A cookie that only our own origin gets, and no script."""
    return Cookie(
        key=name,
        value=value,
        path="/",
        max_age=max_age_seconds,
        secure=True,
        httponly=True,
        samesite="lax",
    )


def gone(name: str) -> Cookie:
    """The same cookie, taken away."""
    return cookie(name, "", 0)
