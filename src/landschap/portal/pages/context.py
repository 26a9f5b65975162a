# SPDX-License-Identifier: EUPL-1.2
"""What every handler of the portal shares: its dependencies, who asks, and how one answers."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import asyncpg
import msgspec
from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.response import Redirect

from landschap.logboek.store import LogWriter
from landschap.platform.oidc import OidcClient, Pending
from landschap.platform.settings import Settings
from landschap.platform.web import (
    N_,
    Language,
    Link,
    Page,
    Site,
    SiteShape,
    StaticFiles,
    Visitor,
    in_language,
    split_path,
)
from landschap.portal.sealed import NONCE_BYTES, form_token, seal, unseal
from landschap.portal.store import Session, resume_session

SESSION_COOKIE = "__Host-sessie"
LOGIN_COOKIE = "__Host-inloggen"
_LOGIN_LABEL = b"landschap.portal.login"

AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalDeps:
    """What the portal needs, made once per process.

    A pool per room whose functions are called, each with that room's own role. The keys are those
    named ``session`` and ``pseudonym``; ``pseudonym_keys`` holds one per living generation, the
    newest last, and ``pseudonym_space`` begins the URI of their kind. ``look_activity`` is the
    entry of the register that covers looking here. Without ``oidc`` nobody can log in, and the
    pages say so.
    """

    settings: Settings
    site: Site
    static: StaticFiles
    version: str
    portal_pool: asyncpg.Pool
    log_pool: asyncpg.Pool
    purposes_pool: asyncpg.Pool
    fsc_pool: asyncpg.Pool
    writer: LogWriter
    session_key: bytes = field(repr=False)
    pseudonym_keys: Mapping[int, bytes] = field(repr=False)
    pseudonym_space: str = "https://landschap.example/register/pseudoniem"
    look_activity: str
    oidc: OidcClient | None


def portal_shape(settings: Settings, version: str) -> SiteShape:
    """The portal's site: its name, its menu, where a form may end."""
    portal = settings.oidc.portal
    return SiteShape(
        name=N_("Mijn gegevens"),
        version=version,
        rooms=("portal",),
        public_menu=(Link(path="/", label=N_("Begin")),),
        personal_menu=(
            Link(path="/", label=N_("Begin")),
            Link(path="/gebruik", label=N_("Wie gebruikte mijn gegevens")),
        ),
        form_targets=(portal.issuer,) if portal else (),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as the portal sees it: language, path without it, query, and who asks."""

    language: Language
    path: str
    query: Mapping[str, str]
    session: Session | None
    had_cookie: bool

    @property
    def here(self) -> str:
        """The path with its query, to come back to."""
        pairs = "&".join(f"{quote(k)}={quote(v)}" for k, v in self.query.items())
        return f"{self.path}?{pairs}" if pairs else self.path

    def at(self, path: str) -> str:
        """A path in the language of this request."""
        return in_language(self.language, path)


async def asked_of(deps: PortalDeps, request: AnyRequest) -> Asked:
    """Read the request; a session that is alive is extended by it."""
    language, path = split_path(request.url.path)
    token = request.cookies.get(SESSION_COOKIE, "")
    session = await resume_session(deps.portal_pool, deps.session_key, token) if token else None
    return Asked(
        language=language,
        path=path,
        query=dict(request.query_params),
        session=session,
        had_cookie=bool(token),
    )


def visitor_of(deps: PortalDeps, session: Session | None) -> Visitor | None:
    """The logged-in person for the frame."""
    if session is None:
        return None
    token = form_token(deps.session_key, session.hash)
    return Visitor(name=session.known.name, until=session.until, token=token)


def show(deps: PortalDeps, asked: Asked, template: str, title: str, **rest: Any) -> Response[str]:
    """A page of the portal; ``rest`` are fields of `Page`."""
    page = Page(
        template=template,
        title=title,
        path=asked.here,
        language=asked.language,
        visitor=visitor_of(deps, asked.session),
        **rest,
    )
    return deps.site.show(page)


def to_login(asked: Asked) -> Redirect:
    """Away to log in, and afterwards back here with everything that was asked."""
    target = "/sessie-voorbij" if asked.had_cookie else "/inloggen"
    back = quote(asked.at(asked.here), safe="")
    answer = Redirect(asked.at(f"{target}?terug={back}"), status_code=303)
    if asked.had_cookie:
        answer.set_cookie(gone(SESSION_COOKIE))
    return answer


def safe_return(path: str) -> str:
    """The path if it is one of this site, else the page one logs in for."""
    local = path.startswith("/") and not path.startswith(("//", "/\\"))
    printable = path.isascii() and path.isprintable() and "\\" not in path
    return path if local and printable and len(path) <= 1000 else "/gebruik"


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


def pending_cookie(key: bytes, pending: Pending) -> str:
    """A login that has begun, sealed."""
    import base64

    value = msgspec.json.encode(pending)
    sealed = seal(value, key, _LOGIN_LABEL, secrets.token_bytes(NONCE_BYTES))
    return base64.urlsafe_b64encode(sealed).decode()


def pending_of(key: bytes, text: str) -> Pending | None:
    """The login this browser has begun; None when there is none or it is not from us."""
    import base64

    try:
        sealed = base64.urlsafe_b64decode(text.encode())
        value = unseal(sealed, key, _LOGIN_LABEL)
        return None if value is None else msgspec.json.decode(value, type=Pending)
    except (ValueError, msgspec.DecodeError):
        return None
