# SPDX-License-Identifier: EUPL-1.2
"""The test login provider keeps the promises a client relies on."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import KeySet

from landschap.cli.demo.identity_provider import Client, People, Person, Provider

BACK = "http://app.localhost/inloggen/terug"
VERIFIER = "v" * 50
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)
ASKED = {
    "client_id": "app", "redirect_uri": BACK, "response_type": "code", "scope": "openid",
    "state": "s", "nonce": "n", "code_challenge": CHALLENGE, "code_challenge_method": "S256",
}  # fmt: skip


@pytest.fixture
async def provider() -> AsyncIterator[str]:
    people = People(
        clients={"app": Client(redirect_uris=(BACK,), kind="resident", audience="outway")},
        persons=(
            Person(sub="p1", name="Piet", kind="resident", claims={"bsn": "999993653", "acr": "a"}),
            Person(sub="m1", name="Medewerker", kind="employee", claims={}),
        ),
    )
    async with TestServer(
        Provider(issuer="http://issuer.localhost", people=people).app()
    ) as server:
        yield str(server.make_url("")).rstrip("/")


async def _choose(provider: str, sub: str = "p1", **changed: str) -> aiohttp.ClientResponse:
    async with aiohttp.ClientSession() as session:
        answer = await session.post(
            f"{provider}/authorize", data={**ASKED, **changed, "sub": sub}, allow_redirects=False
        )
        await answer.read()
        return answer


def _sent_back(answer: aiohttp.ClientResponse) -> dict[str, list[str]]:
    return parse_qs(urlsplit(answer.headers["Location"]).query)


async def _redeem(provider: str, code: str, **changed: str) -> tuple[int, dict[str, str]]:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": BACK,
            "code_verifier": VERIFIER, **changed}  # fmt: skip
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{provider}/token", data=form) as answer,
    ):
        return answer.status, await answer.json()


async def test_a_chosen_person_becomes_signed_tokens(provider: str) -> None:
    sent_back = _sent_back(await _choose(provider))
    assert sent_back["state"] == ["s"]
    status, tokens = await _redeem(provider, sent_back["code"][0])
    assert status == 200
    async with aiohttp.ClientSession() as session, session.get(f"{provider}/jwks.json") as answer:
        keys = KeySet.import_key_set(await answer.json())
    identity = jwt.decode(tokens["id_token"], keys, algorithms=["ES256"]).claims
    access = jwt.decode(tokens["access_token"], keys, algorithms=["ES256"]).claims
    assert (identity["bsn"], identity["nonce"], identity["aud"]) == ("999993653", "n", "app")
    assert (access["aud"], access["acr"]) == ("outway", "a")


async def test_a_code_serves_once_and_only_its_own_verifier(provider: str) -> None:
    code = _sent_back(await _choose(provider))["code"][0]
    assert (await _redeem(provider, code, code_verifier="x" * 50))[0] == 400
    code = _sent_back(await _choose(provider))["code"][0]
    assert (await _redeem(provider, code))[0] == 200
    assert (await _redeem(provider, code))[1]["error"] == "invalid_grant"


async def test_cancelling_sends_back_an_error(provider: str) -> None:
    assert _sent_back(await _choose(provider, sub=""))["error"] == ["access_denied"]


@pytest.mark.parametrize(
    "changed",
    [
        {"redirect_uri": "http://evil.localhost/"},
        {"client_id": "other"},
        {"code_challenge_method": "plain"},
        {"scope": "profile"},
    ],
)
async def test_refuses_a_request_that_could_send_a_code_astray(
    provider: str, changed: dict[str, str]
) -> None:
    answer = await _choose(provider, **changed)
    assert answer.status == 400
    assert "Location" not in answer.headers


async def test_offers_only_persons_of_the_applications_kind(provider: str) -> None:
    async with aiohttp.ClientSession() as session:
        answer = await session.get(f"{provider}/authorize", params=ASKED)
        page = await answer.text()
    assert "Piet" in page
    assert "Medewerker" not in page
