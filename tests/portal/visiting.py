# SPDX-License-Identifier: EUPL-1.2
"""A visitor without a browser: keeps cookies, follows redirects one by one, logs in."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from urllib.parse import parse_qsl, urljoin, urlsplit

import aiohttp


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One answer, not followed."""

    status: int
    address: str
    headers: dict[str, str]
    set_cookies: list[str]
    text: str

    @property
    def location(self) -> str:
        """Where it leads."""
        return urljoin(self.address, self.headers["location"])

    @property
    def title(self) -> str:
        """The h1."""
        found = re.search(r"<h1[^>]*>(.*?)</h1>", self.text, re.DOTALL)
        return found[1] if found else ""


def with_files(form: dict[str, str], *files: tuple[str, bytes]) -> aiohttp.FormData:
    """As a browser sends a form with files."""
    sent = aiohttp.FormData(quote_fields=False)
    for name, value in form.items():
        sent.add_field(name, value)
    for name, body in files or (("", b""),):
        kind = "application/octet-stream"
        sent.add_field("bewijs", io.BytesIO(body), filename=name, content_type=kind)
    return sent


@dataclass(kw_only=True)
class Visitor:
    """One visitor of one portal; ``sends`` are headers of each of their questions."""

    portal: str
    cookies: dict[str, dict[str, str]] = field(default_factory=dict)
    sends: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, errors: str = "strict") -> Seen:
        """One request; redirects are not followed. ``errors``: of bytes that are no text."""
        return await self._ask("GET", urljoin(self.portal, path), None, errors)

    async def post(self, path: str, form: dict[str, str] | aiohttp.FormData) -> Seen:
        """One form."""
        return await self._ask("POST", urljoin(self.portal, path), form)

    async def chosen(self, sub: str, start: str = "/inloggen") -> Seen:
        """Begin to log in, choose a person at the provider; the answer leads back to the portal."""
        begun = await self.get(start)
        form = dict(parse_qsl(urlsplit(begun.location).query))
        return await self.post(begun.location.split("?")[0], {**form, "sub": sub})

    async def log_in(self, sub: str = "burger-1", start: str = "/inloggen") -> Seen:
        """Log in; the answer is what comes after coming back."""
        return await self.get((await self.chosen(sub, start)).location)

    async def download(self, path: str) -> bytes:
        """The bytes behind a link. Raises AssertionError for anything but 200."""
        parts = urlsplit(urljoin(self.portal, path))
        headers = {"Host": parts.netloc}
        own = self.cookies.get(parts.netloc, {})
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in own.items())
        reached = parts._replace(netloc=f"127.0.0.1:{parts.port}").geturl()
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(reached, headers=headers, allow_redirects=False) as answer,
        ):
            assert answer.status == 200, await answer.text()
            return await answer.read()

    def token(self, page: Seen) -> str:
        """What proves a form of ours."""
        found = re.search(r'name="token" value="([^"]+)"', page.text)
        assert found is not None
        return found[1]

    async def _ask(
        self,
        method: str,
        address: str,
        form: dict[str, str] | aiohttp.FormData | None,
        errors: str = "strict",
    ) -> Seen:
        parts = urlsplit(address)
        own = self.cookies.setdefault(parts.netloc, {})
        headers = {"Host": parts.netloc, **self.sends}
        if own:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in own.items())
        reached = parts._replace(netloc=f"127.0.0.1:{parts.port}").geturl()
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.request(
                method, reached, data=form, headers=headers, allow_redirects=False
            ) as answer,
        ):
            lines = answer.headers.getall("Set-Cookie", [])
            for line in lines:
                for name, morsel in SimpleCookie(line).items():
                    own[name] = morsel.value
                    if morsel["max-age"] == "0":
                        del own[name]
            return Seen(
                status=answer.status,
                address=address,
                headers={name.lower(): value for name, value in answer.headers.items()},
                set_cookies=lines,
                text=await answer.text(errors=errors),
            )
