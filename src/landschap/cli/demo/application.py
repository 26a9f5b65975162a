# SPDX-License-Identifier: EUPL-1.2
"""The case worker's application: logs its user in, and asks through its own Outway.

It knows documented addresses only: the login provider's discovery, and the Outway. No module of
the program is imported for that, so it stands for any application of any supplier.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

import aiohttp

SERVICE_PATH = "woon-en-uitkeringssituatie"
_TIMEOUT = aiohttp.ClientTimeout(total=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: status, headers in lower case, and the body when it was JSON."""

    status: int
    headers: Mapping[str, str]
    body: object
    text: str = ""

    @property
    def transaction_id(self) -> str:
        """The FSC transaction id that the Outway gave."""
        return self.headers.get("fsc-transaction-id", "")

    @property
    def code(self) -> str:
        """The error code in the body, empty when there is none."""
        return str(self.body.get("code", "")) if isinstance(self.body, dict) else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question: which person, for which purpose, which fields, as of when."""

    bsn: str
    fields: tuple[str, ...]
    purpose: str | None
    valid_on: str
    known_at: str | None = None
    case: str = "Z-2026-00412"

    def target(self) -> str:
        """Path and query; the person's number never stands in an address."""
        query = {"fields": ",".join(self.fields), "geldigOp": self.valid_on}
        if self.known_at:
            query["beschikbaarOp"] = self.known_at
        return f"/{SERVICE_PATH}/v1/_zoek?{urlencode(query, safe=',:')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseApplication:
    """The application of one municipality."""

    outway: str
    issuer: str
    issuer_host: str
    client_id: str
    redirect_uri: str
    api_key: str = field(repr=False)

    async def log_in(self, person: str, which: str = "access_token") -> str:
        """The token of an employee, by the code flow that a browser would walk."""
        verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        asked = {
            "client_id": self.client_id,
            "redirect_uri": self.redirect_uri,
            "response_type": "code",
            "scope": "openid",
            "state": secrets.token_urlsafe(12),
            "nonce": secrets.token_urlsafe(12),
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        async with aiohttp.ClientSession(timeout=_TIMEOUT) as session:
            chosen = await session.post(
                f"{self.issuer_host}/authorize",
                data={**asked, "sub": person},
                allow_redirects=False,
            )
            code = parse_qs(urlsplit(chosen.headers["Location"]).query)["code"][0]
            redeemed = {
                "grant_type": "authorization_code",
                "code": code,
                "redirect_uri": self.redirect_uri,
                "code_verifier": verifier,
            }
            answer = await session.post(f"{self.issuer_host}/token", data=redeemed)
            answer.raise_for_status()
            return str((await answer.json())[which])

    async def ask(self, question: Question, *, grant_hash: str, user_token: str | None) -> Answer:
        """Ask through the Outway, with this application's key and the user's token."""
        headers = {"X-Api-Key": self.api_key, "Fsc-Grant-Hash": grant_hash, "Zaak": question.case}
        if question.purpose:
            headers["Doelbinding"] = question.purpose
        if user_token:
            headers["Authorization"] = f"Bearer {user_token}"
        async with (
            aiohttp.ClientSession(timeout=_TIMEOUT) as session,
            session.post(
                f"http://{self.outway}{question.target()}",
                json={"burgerservicenummer": question.bsn},
                headers=headers,
            ) as answer,
        ):
            return await read_answer(answer)


async def read_answer(answer: aiohttp.ClientResponse) -> Answer:
    """Status, headers and body of a response, whatever its media type."""
    text = await answer.text()
    is_json = "json" in answer.content_type and text
    return Answer(
        status=answer.status,
        headers={name.lower(): value for name, value in answer.headers.items()},
        body=await answer.json(content_type=None) if is_json else None,
        text=text,
    )
