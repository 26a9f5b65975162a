# SPDX-License-Identifier: EUPL-1.2
"""A resident who visits the portal, without a browser: follows links, keeps cookies, logs in.

Cookies of the portal are marked Secure. A browser counts `*.localhost` as a secure context and
sends them over plain HTTP; the usual cookie jars do not, so this visitor keeps its own.
"""

from __future__ import annotations

import html
import re
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl, urljoin, urlsplit

import aiohttp

_TIMEOUT = aiohttp.ClientTimeout(total=15)
_LONGEST_WALK = 10
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A page as it was answered."""

    status: int
    address: str
    text: str


@dataclass(slots=True)
class Visitor:
    """One visitor; ``ports`` are reached on loopback whatever the name in the address."""

    cookies: dict[str, dict[str, str]] = field(default_factory=dict)

    async def log_in(self, portal: str, sub: str) -> Seen:
        """Walk from the portal's log-in to the provider and back; ends on the page after it."""
        asked = await self._walk("GET", f"{portal}/inloggen", until="/authorize")
        form = dict(parse_qsl(urlsplit(asked.address).query))
        issuer = asked.address.split("/authorize")[0]
        return await self._walk("POST", f"{issuer}/authorize", data={**form, "sub": sub})

    async def open(self, address: str) -> Seen:
        """A page of the portal, as whoever is logged in."""
        return await self._walk("GET", address)

    async def send(self, address: str, form: dict[str, str]) -> Seen:
        """A form of the site; ends on the page after it."""
        return await self._walk("POST", address, data=form)

    async def _walk(
        self, method: str, address: str, *, data: dict[str, str] | None = None, until: str = ""
    ) -> Seen:
        async with aiohttp.ClientSession(
            timeout=_TIMEOUT, cookie_jar=aiohttp.DummyCookieJar()
        ) as session:
            for _ in range(_LONGEST_WALK):
                if until and urlsplit(address).path == until:
                    return Seen(status=0, address=address, text="")
                answer = await self._ask(session, method, address, data)
                if not isinstance(answer, str):
                    return answer
                method, address, data = "GET", answer, None
        raise RuntimeError(f"more than {_LONGEST_WALK} redirects, the last to {address}")

    async def _ask(
        self, session: aiohttp.ClientSession, method: str, address: str, data: dict[str, str] | None
    ) -> Seen | str:
        parts = urlsplit(address)
        own = self.cookies.setdefault(parts.netloc, {})
        headers = {"Host": parts.netloc}
        if own:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in own.items())
        reached = parts._replace(netloc=f"127.0.0.1:{parts.port}").geturl()
        async with session.request(
            method, reached, data=data, headers=headers, allow_redirects=False
        ) as answer:
            for line in answer.headers.getall("Set-Cookie", []):
                for name, morsel in SimpleCookie(line).items():
                    own[name] = morsel.value
            text = await answer.text()
            if answer.status in (301, 302, 303, 307):
                return urljoin(address, answer.headers["Location"])
            return Seen(status=answer.status, address=address, text=text)


def form_in(page: str) -> dict[str, str]:
    """What the form in the middle of a page brings along; what is logged out with stands above."""
    main = page[page.index("<main") :] if "<main" in page else ""
    return {name: html.unescape(value) for name, value in _HIDDEN.findall(main)}
