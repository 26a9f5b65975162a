# SPDX-License-Identifier: EUPL-1.2
"""Who left or logged out elsewhere is out with the next click; wrong answers let nobody in."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from joserfc.jwk import ECKey
from tests.console.console_rig import Console
from tests.portal.visiting import Seen, Visitor

from landschap.platform.departures import (
    BACK,
    LEFT,
    LOGOUT,
    by_session,
    by_subject,
    departed,
    departures,
    note_departure,
)
from landschap.platform.identities import employee
from landschap.platform.oidc import LoginFailed, Tokens
from landschap.platform.oidc_settings import ConsoleOidcSettings

EVENT: Mapping[str, Any] = {"http://schemas.openid.net/event/backchannel-logout": {}}
TELL = "/console/uitloggen/bericht"
OVER = "/console/sessie-voorbij"


@contextmanager
def telling(console: Console, **claims: Any) -> Iterator[None]:
    """The provider tells other claims of whom it lets in; None leaves one out."""
    provider = console.provider
    usual = provider.told

    def told(token: dict[str, Any]) -> dict[str, Any]:
        changed = {**token, **claims}
        return {name: value for name, value in changed.items() if value is not None}

    provider.told = told
    try:
        yield
    finally:
        provider.told = usual


def logout_token(console: Console, key: ECKey | None = None, **claims: Any) -> str:
    """What the provider sends when somebody logs out there."""
    now = int(time.time())
    usual: dict[str, Any] = {
        "iss": console.provider.issuer, "aud": "console", "iat": now, "exp": now + 120,
        "jti": "j", "events": EVENT, "sub": "groen",
    }  # fmt: skip
    made = {name: value for name, value in {**usual, **claims}.items() if value is not None}
    return console.provider.signed(made, "logout+jwt", key)


async def told(console: Console, token: str) -> Seen:
    """The provider's message, as its server sends it: without a cookie."""
    return await Visitor(portal=console.address).post(TELL, {"logout_token": token})


def path_of(page: Seen) -> str:
    return urlsplit(page.location).path


async def test_a_logout_at_the_provider_ends_the_session_with_the_next_click(
    console: Console,
) -> None:
    visitor = await console.visit("groen")
    assert (await visitor.get("/console/register")).status == 200
    other = await console.visit("beheerder")
    answer = await told(console, logout_token(console))
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    assert path_of(await visitor.get("/console/register")) == OVER
    assert (await other.get("/console/register")).status == 200


async def test_who_logs_in_again_after_that_is_in(console: Console) -> None:
    past = int(time.time()) - 3
    await told(console, logout_token(console, iat=past, sub="app"))
    visitor = await console.visit("app")
    assert (await visitor.get("/console/register")).status == 200
    # The same message again changes nothing.
    assert (await told(console, logout_token(console, iat=past, sub="app"))).status == 200
    assert (await visitor.get("/console/register")).status == 200


async def test_a_message_about_one_session_leaves_the_others(console: Console) -> None:
    with telling(console, sid="s-1"):
        first = await console.visit("beheerder")
    with telling(console, sid="s-2"):
        second = await console.visit("beheerder")
    await told(console, logout_token(console, sub="beheerder", sid="s-1"))
    assert path_of(await first.get("/console/register")) == OVER
    assert (await second.get("/console/register")).status == 200


WRONG: Mapping[str, Mapping[str, Any]] = {
    "no-event": {"events": None},
    "another-event": {"events": {"http://schemas.openid.net/event/other": {}}},
    "an-identity-token": {"events": None, "nonce": "n"},
    "with-a-nonce": {"nonce": "n"},
    "another-audience": {"aud": "mijn-gegevens"},
    "another-issuer": {"iss": "http://elsewhere.example"},
    "expired": {"iat": 1_600_000_000, "exp": 1_600_000_120},
    "of-nobody": {"sub": None},
    "without-a-moment": {"iat": None},
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_message_that_is_not_a_logout_of_the_provider_ends_nothing(
    console: Console, name: str
) -> None:
    visitor = await console.visit("burgerzaken")
    answer = await told(console, logout_token(console, **{"sub": "burgerzaken", **WRONG[name]}))
    assert answer.status == 400
    assert json.loads(answer.text)["error"] == "invalid_request"
    assert (await visitor.get("/console/register")).status == 200


async def test_a_message_that_the_provider_did_not_sign_ends_nothing(console: Console) -> None:
    visitor = await console.visit("burgerzaken")
    stranger = ECKey.generate_key("P-256", {"kid": str(console.provider.key.kid)})
    claims: dict[str, Any] = {"sub": "burgerzaken"}
    unsigned = logout_token(console, **claims).rpartition(".")[0] + "."
    for token in (logout_token(console, stranger, **claims), unsigned, "x", "", "a" * 9000):
        assert (await told(console, token)).status == 400
    assert (await visitor.get("/console/register")).status == 200


async def test_who_left_is_out_and_does_not_come_in_until_back(console: Console) -> None:
    visitor = await console.visit("consulent")
    pool, issuer = console.deps.pool, console.provider.issuer
    account, now = by_subject("consulent"), datetime.now(UTC)
    assert await note_departure(pool, issuer, account, now, LEFT, "hr") is True
    assert path_of(await visitor.get("/console/register")) == OVER
    again = await Visitor(portal=console.address).log_in("consulent", "/console/inloggen")
    assert (again.status, again.title) == (403, "Uw account is gestopt")
    assert [each.kind for each in await departures(pool, issuer) if each.account == account] == [
        LEFT
    ]
    before = (await departed(pool, issuer))[account]
    assert before == float("inf")
    await note_departure(pool, issuer, account, datetime.now(UTC), BACK, "hr")
    assert (await departed(pool, issuer))[account] < time.time() + 1
    # What was held before the return stays void; to log in again is what it takes.
    assert path_of(await visitor.get("/console/register")) in {OVER, "/console/inloggen"}
    await _second()
    visitor = await console.visit("consulent")
    assert (await visitor.get("/console/register")).status == 200


async def _second() -> None:
    """Moments of a provider are whole seconds."""
    import asyncio

    await asyncio.sleep(1.1)


async def test_a_word_about_an_account_raises_the_epoch_once(console: Console) -> None:
    pool = console.deps.pool
    account, now = by_session("s-of-nobody"), datetime.now(UTC)

    async def epoch() -> int:
        return int(await pool.fetchval("SELECT value FROM platform.epoch"))

    before = await epoch()
    said = (pool, "http://elsewhere.example", account, now, LOGOUT, "provider")
    assert await note_departure(*said) is True
    assert await epoch() == before + 1
    assert await note_departure(*said) is False
    assert await epoch() == before + 1


REFUSED: Mapping[str, Mapping[str, Any]] = {
    "another-nonce": {"nonce": "of-another-question"},
    "no-nonce": {"nonce": None},
    "another-audience": {"aud": "mijn-gegevens"},
    "also-for-others": {"aud": ["console", "mijn-gegevens"]},
    "another-issuer": {"iss": "http://elsewhere.example"},
    "expired": {"iat": 1_600_000_000, "exp": 1_600_000_900},
    "without-an-end": {"exp": None},
    "no-name": {"sub": None},
}


@pytest.mark.parametrize("name", REFUSED)
async def test_an_identity_token_that_is_not_for_this_question_lets_nobody_in(
    console: Console, name: str
) -> None:
    visitor = Visitor(portal=console.address)
    with telling(console, **REFUSED[name]):
        landed = await visitor.log_in("burgerzaken", "/console/inloggen")
    assert (landed.status, landed.title) == (502, "Inloggen is mislukt")
    assert (await visitor.get("/console/register")).status == 303


async def test_a_token_signed_by_another_lets_nobody_in(console: Console) -> None:
    visitor, provider = Visitor(portal=console.address), console.provider
    own = provider.key
    published = {"keys": [own.as_dict(private=False)]}
    provider.key = ECKey.generate_key("P-256", {"kid": str(own.kid), "alg": "ES256", "use": "sig"})
    provider.published = published
    try:
        landed = await visitor.log_in("burgerzaken", "/console/inloggen")
    finally:
        provider.key, provider.published = own, None
    assert landed.status == 502
    assert (await visitor.get("/console/register")).status == 303


@pytest.mark.parametrize(
    ("claims", "title"),
    [
        ({"acr": "http://eidas.europa.eu/LoA/low"}, "Log in met een tweede stap"),
        ({"acr": "http://eidas.europa.eu/LoA/made-up"}, "Log in met een tweede stap"),
        ({"acr": None}, "Log in met een tweede stap"),
        ({"acr": None, "amr": ["pwd"]}, "Log in met een tweede stap"),
        ({"roles": []}, "Uw rol geeft geen toegang tot de console"),
        ({"roles": None}, "Uw rol geeft geen toegang tot de console"),
        ({"roles": "medewerker-burgerzaken-niet"}, "Uw rol geeft geen toegang tot de console"),
    ],
)
@pytest.mark.case("S-46")
async def test_below_the_level_or_without_a_role_nobody_enters(
    console: Console, claims: dict[str, Any], title: str
) -> None:
    visitor = Visitor(portal=console.address)
    with telling(console, **claims):
        landed = await visitor.log_in("burgerzaken", "/console/inloggen")
    assert (landed.status, landed.title) == (403, title)
    assert (await visitor.get("/console/register")).status == 303
    # With level and role the same employee is in, until the session ends.
    visitor = await console.visit("burgerzaken")
    page = await visitor.get("/console/register")
    assert page.status == 200
    await visitor.post("/console/uitloggen", {"token": visitor.token(page)})
    assert (await visitor.get("/console/register")).status == 303


async def test_a_code_counts_once_and_only_in_the_browser_that_asked(console: Console) -> None:
    visitor = Visitor(portal=console.address)
    back = await visitor.chosen("burgerzaken", "/console/inloggen")
    stranger = Visitor(portal=console.address)
    assert (await stranger.get(back.location)).status == 400
    assert (await visitor.get(back.location)).status == 303
    kept = {host: dict(own) for host, own in visitor.cookies.items()}
    replayed = await Visitor(portal=console.address, cookies=kept).get(back.location)
    assert (replayed.status, replayed.title) == (400, "Het inloggen duurde te lang")


async def test_who_stops_at_the_provider_is_told_that_nothing_happened(console: Console) -> None:
    visitor = Visitor(portal=console.address)
    landed = await visitor.log_in("", "/console/inloggen")
    assert (landed.status, landed.title) == (200, "U bent niet ingelogd")


GIVEN = Tokens("geheim-1", "geheim-2")


def test_roles_and_level_stand_in_the_claims_that_the_settings_name() -> None:
    settings = ConsoleOidcSettings(
        issuer="https://login.example", client_id="console", roles=("burgerzaken",),
        roles_claim="groups", acr_claim="loa", amr_claim="how",
        minimum_level="urn:etoegang:core:assurance-class:loa4", second_factor=("hwk",),
    )  # fmt: skip
    told = {"sub": "a", "iat": 5, "groups": ["burgerzaken", "x"], "sid": "s",
            "loa": "urn:etoegang:core:assurance-class:loa4"}  # fmt: skip
    found = employee(settings)(told, GIVEN)
    assert (found.roles, found.session_id) == (("burgerzaken", "x"), "s")
    assert (found.id_token, found.access_token) == GIVEN
    assert "geheim" not in repr(found)
    employee(settings)(
        {**told, "loa": "urn:etoegang:core:assurance-class:loa3", "how": ["hwk"]}, GIVEN
    )
    for wrong in ({"loa": "urn:etoegang:core:assurance-class:loa3"}, {"groups": ["x"]}):
        with pytest.raises(LoginFailed):
            employee(settings)({**told, **wrong}, GIVEN)
