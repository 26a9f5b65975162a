# SPDX-License-Identifier: EUPL-1.2
"""Logging in at two providers that share nothing, and whatever either may answer wrongly.

The first is the demo's. The second is a broker (`other_provider`), once with signed assertions and
signed userinfo, once with Basic and Ed25519.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from aiohttp import web
from joserfc.jwk import ECKey
from tests.platform.test_settings import GOOD
from tests.portal.other_provider import Broker, Twist
from tests.portal.portal_rig import SUBSTANTIAL, SUZANNE, Portal, free_socket, people
from tests.portal.visiting import Visitor
from tests.portal.visits import served_elsewhere

from landschap.cli.demo.identity_provider import Provider
from landschap.platform.identities import Resident, resident
from landschap.platform.oidc import LoginFailed, OidcClient, Pending, Reason
from landschap.platform.oidc_settings import OidcSettings, PortalOidcSettings
from landschap.platform.settings import load_settings
from landschap.platform.trouble import Trouble
from landschap.portal.pages import PortalDeps, routes

HERE = "http://hier.localhost"
HIGH = "http://eidas.europa.eu/LoA/high"
BASIC, HIGHER = "Midden", "Hoog"
KINDS = ("demo", "assertion", "basic")
BROKERED = {
    "burger-1": {"nummer": SUZANNE, "roepnaam": "Suzanne", "zekerheid": "Midden"},
    "zwak": {"nummer": SUZANNE, "roepnaam": "Suzanne", "zekerheid": "Basis"},
    "zonder-nummer": {"zekerheid": "Hoog"},
    "sterk": {"nummer": SUZANNE, "roepnaam": "Suzanne", "zekerheid": "Hoog"},
}


class Twisted(Provider):
    """The demo's provider, of which the next identity token can be changed."""

    twist: Twist | None = None

    def _signed(self, claims: dict[str, Any], kind: str) -> str:
        header = {"alg": "ES256", "kid": self.key.kid, "typ": kind}
        if self.twist is None or kind != "JWT":
            return super()._signed(claims, kind)
        self.twist(header, claims)
        if header["alg"] == "none":
            from tests.portal.other_provider import _b64

            return b".".join((_b64(header), _b64(claims), b"")).decode()
        from joserfc import jwt

        return jwt.encode(header, claims, self.key)


@dataclass(frozen=True, kw_only=True)
class Way:
    """One provider, and us as its application."""

    provider: Twisted | Broker
    client: OidcClient[Resident]

    async def back(self, begun: str, sub: str = "burger-1") -> dict[str, str]:
        """What the browser comes back with when this person is chosen."""
        place, asked = begun.split("?", maxsplit=1)[0], dict(parse_qsl(urlsplit(begun).query))
        answer = await Visitor(portal=HERE).post(place, {**asked, "sub": sub})
        return dict(parse_qsl(urlsplit(answer.location).query))

    async def login(self, sub: str = "burger-1") -> Resident:
        begun, pending = await self.client.begin("/")
        return await self.client.finish(pending, await self.back(begun, sub))

    async def refused(
        self, sub: str = "burger-1", change: Callable[[Pending], Pending] = lambda each: each
    ) -> Reason:
        begun, pending = await self.client.begin("/")
        return await self.fails(change(pending), await self.back(begun, sub))

    async def fails(self, pending: Pending, answer: dict[str, str]) -> Reason:
        with pytest.raises(LoginFailed) as caught:
            await self.client.finish(pending, answer)
        assert SUZANNE not in str(caught.value)
        return caught.value.reason


@pytest.fixture(scope="module", params=KINDS)
async def way(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Way]:
    """Each provider in turn, running."""
    socket = free_socket()
    host = f"http://login.localhost:{socket.getsockname()[1]}"
    provider, settings = made(request.param, host, tmp_path_factory.mktemp("geheim"))
    runner = web.AppRunner(provider.app())
    await runner.setup()
    await web.SockSite(runner, socket).start()
    yield Way(provider=provider, client=client_of(settings, HERE))
    await runner.cleanup()


def made(kind: str, host: str, folder: Path) -> tuple[Twisted | Broker, PortalOidcSettings]:
    """A provider, and how we are set up for it."""
    if kind == "demo":
        return Twisted(issuer=host, people=people(HERE)), PortalOidcSettings(
            issuer=host, client_id="mijn-gegevens"
        )
    secret, key = folder / "geheim", folder / "sleutel.pem"
    ours = ECKey.generate_key("P-256")
    secret.write_text("een geheim/met+tekens\n")
    key.write_bytes(ours.as_pem(private=True))
    broker = Broker(
        host=host,
        people=BROKERED,
        alg="PS256" if kind == "assertion" else "Ed25519",
        secret="" if kind == "assertion" else "een+geheim%2Fmet%2Btekens",
        public=ECKey.import_key(ours.as_pem(private=False)),
        signs_userinfo=kind == "assertion",
    )
    return broker, PortalOidcSettings(
        issuer=broker.issuer,
        client_id="mijn-gegevens",
        client_secret=secret if kind == "basic" else None,
        client_key=key,
        client_authentication="client_secret_basic" if kind == "basic" else "private_key_jwt",
        scopes=("openid", "burger"),
        claims_from="userinfo",
        bsn_claim="nummer",
        name_claim="roepnaam",
        acr_claim="zekerheid",
        levels={BASIC: SUBSTANTIAL, HIGHER: HIGH},
    )


def client_of(settings: PortalOidcSettings, address: str) -> OidcClient[Resident]:
    return OidcClient(
        settings,
        redirect_uri=f"{address}/inloggen/terug",
        hosts={},
        identify=resident(settings),
    )


@pytest.mark.case("S-46")
async def test_somebody_logs_in_and_is_known_with_their_level(way: Way) -> None:
    found = await way.login()
    assert found.bsn is not None
    assert (found.bsn.value, found.level) == (SUZANNE, SUBSTANTIAL)
    assert "Suzanne" in found.name


async def test_the_question_has_what_the_dutch_profile_asks(way: Way) -> None:
    begun, pending = await way.client.begin("/")
    asked = dict(parse_qsl(urlsplit(begun).query))
    assert asked["code_challenge_method"] == "S256"
    assert (asked["state"], asked["nonce"]) == (pending.state, pending.nonce)
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 32
    own_words = isinstance(way.provider, Broker)
    assert asked["acr_values"] == (f"{BASIC} {HIGHER}" if own_words else SUBSTANTIAL)
    assert asked["scope"] == ("openid burger" if own_words else "openid profile")
    begun, pending = await way.client.begin("/", HIGH)
    asked = dict(parse_qsl(urlsplit(begun).query))
    assert (pending.level, asked["acr_values"]) == (HIGH, HIGHER if own_words else HIGH)


async def test_what_somebody_else_would_answer_is_refused(way: Way) -> None:
    assert await way.refused("nobody") is Reason.CANCELLED
    assert await way.refused("zwak") is Reason.LEVEL_TOO_LOW
    assert await way.refused("zonder-nummer") is Reason.NO_NUMBER
    other = replace_with("nonce", "another")
    assert await way.refused(change=other) is Reason.REFUSED
    assert await way.refused(change=replace_with("verifier", "another")) is Reason.REFUSED
    assert await way.refused(change=replace_with("state", "another")) is Reason.EXPIRED
    late = replace_with("begun_at", int(time.time()) - 601)
    assert await way.refused(change=late) is Reason.EXPIRED
    assert await way.refused(change=replace_with("level", HIGH)) is Reason.LEVEL_TOO_LOW


def replace_with(name: str, value: Any) -> Callable[[Pending], Pending]:
    def change(pending: Pending) -> Pending:
        return replace(pending, **{name: value})

    return change


async def test_a_code_counts_once(way: Way) -> None:
    begun, pending = await way.client.begin("/")
    answer = await way.back(begun)
    await way.client.finish(pending, answer)
    assert await way.fails(pending, answer) is Reason.REFUSED


async def test_an_answer_of_another_provider_is_refused_before_its_code_is_used(way: Way) -> None:
    begun, pending = await way.client.begin("/")
    answer = await way.back(begun)
    mixed = {**answer, "iss": "https://een-ander.example"}
    assert await way.fails(pending, mixed) is Reason.REFUSED
    if isinstance(way.provider, Broker):
        # It promises to name itself in each answer: one that does not may be another's.
        nameless = {name: value for name, value in answer.items() if name != "iss"}
        assert await way.fails(pending, nameless) is Reason.REFUSED
    assert (await way.client.finish(pending, answer)).bsn is not None


def twists() -> dict[str, Twist]:
    def told(name: str, value: Any) -> Twist:
        return lambda _, claims: claims.update({name: value})

    now = int(time.time())
    return {
        "wrong nonce": told("nonce", "another"),
        "no nonce": lambda _, claims: claims.pop("nonce") and None,
        "another audience": told("aud", "somebody-else"),
        "an audience besides us": told("aud", ["mijn-gegevens", "somebody-else"]),
        "for another party": told("azp", "somebody-else"),
        "expired": told("exp", now - 300),
        "no end": lambda _, claims: claims.pop("exp") and None,
        "made tomorrow": told("iat", now + 86_400),
        "another issuer": told("iss", "https://een-ander.example"),
        "an unknown key": lambda header, _: header.update(kid="unknown"),
        "no signature": lambda header, _: header.update(alg="none"),
    }


@pytest.mark.parametrize("name", twists())
async def test_an_identity_token_that_is_not_this_one_logs_nobody_in(way: Way, name: str) -> None:
    way.provider.twist = twists()[name]
    try:
        assert await way.refused() is Reason.REFUSED
    finally:
        way.provider.twist = None
    assert (await way.login()).bsn is not None


async def test_a_provider_that_changes_its_key_is_followed(way: Way) -> None:
    await way.login()
    if isinstance(way.provider, Broker):
        way.provider.turn_key()
    else:
        way.provider.key = Provider(issuer="", people=way.provider.people).key
    assert (await way.login()).bsn is not None


@pytest.mark.parametrize("keys", [{}, {"keys": 3}, {"keys": [{}]}, {"keys": [3]}])
async def test_a_provider_without_keys_is_one_that_does_not_answer(keys: Any) -> None:
    class Keyless(Provider):
        async def _jwks(self, _request: web.Request) -> web.Response:
            return web.json_response(keys)

    socket = free_socket()
    issuer = f"http://login.localhost:{socket.getsockname()[1]}"
    runner = web.AppRunner(Keyless(issuer=issuer, people=people(HERE)).app())
    await runner.setup()
    await web.SockSite(runner, socket).start()
    client = client_of(PortalOidcSettings(issuer=issuer, client_id="mijn-gegevens"), HERE)
    try:
        with pytest.raises(LoginFailed) as caught:
            await client.bearer("e30.e30.e30", "us", "scope")
    finally:
        await runner.cleanup()
    assert caught.value.reason is Reason.UNREACHABLE


async def test_a_key_that_was_withdrawn_counts_no_longer_and_noise_is_not_passed_on() -> None:
    class Counting(Twisted):
        asked = 0

        async def _jwks(self, request: web.Request) -> web.Response:
            self.asked += 1
            return await super()._jwks(request)

    socket = free_socket()
    issuer = f"http://login.localhost:{socket.getsockname()[1]}"
    provider = Counting(issuer=issuer, people=people(HERE))
    runner = web.AppRunner(provider.app())
    await runner.setup()
    await web.SockSite(runner, socket).start()
    client = client_of(PortalOidcSettings(issuer=issuer, client_id="mijn-gegevens"), HERE)
    now = int(time.time())
    claims = {
        "iss": issuer, "aud": "mijn-gegevens", "sub": "burger-1", "iat": now, "exp": now + 300,
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }  # fmt: skip
    old = provider._signed(claims, "logout+jwt")
    try:
        assert (await client.logged_out(old)).subject == "burger-1"
        for _ in range(5):
            # Anybody may send these: the provider does not hear of each of them.
            with pytest.raises(LoginFailed):
                await client.logged_out("e30.e30.e30")
        assert provider.asked == 1
        provider.key = Provider(issuer="", people=provider.people).key
        assert (await client.logged_out(old)).subject == "burger-1"
        client._keys_until = 0.0  # as after ten minutes
        with pytest.raises(LoginFailed):
            await client.logged_out(old)
        new = provider._signed(claims, "logout+jwt")
        assert (await client.logged_out(new)).subject == "burger-1"
    finally:
        await runner.cleanup()


@pytest.mark.parametrize("way", KINDS[1:], indirect=True)
async def test_userinfo_of_another_or_about_another_login_is_refused(way: Way) -> None:
    assert isinstance(way.provider, Broker)
    way.provider.twist = lambda _, claims: claims.update(sub="burger-2")
    try:
        assert await way.refused() is Reason.REFUSED
    finally:
        way.provider.twist = None
    way.provider.tells_at_userinfo = False
    try:
        # What the token says itself does not count where userinfo must tell it.
        way.provider.twist = lambda _, claims: claims.update(zekerheid="Hoog")
        assert (await way.login()).level == SUBSTANTIAL
    finally:
        way.provider.twist, way.provider.tells_at_userinfo = None, True


def test_what_we_prove_ourselves_with_must_be_there(tmp_path: Path) -> None:
    settings = PortalOidcSettings(issuer="https://login.example", client_id="mijn-gegevens")
    with pytest.raises(Trouble, match="no client_key"):
        client_of(replace(settings, client_authentication="private_key_jwt"), HERE)
    with pytest.raises(Trouble, match="no client_secret"):
        client_of(replace(settings, client_authentication="client_secret_basic"), HERE)
    key = tmp_path / "sleutel.pem"
    bad = replace(settings, client_authentication="private_key_jwt", client_key=key)
    for content in (b"no key", ECKey.generate_key("P-256").as_pem(private=False)):
        key.write_bytes(content)
        with pytest.raises(Trouble, match="no private key"):
            client_of(bad, HERE)
    with pytest.raises(Trouble, match="not a known level"):
        client_of(replace(settings, levels={"Hoog": "very sure"}), HERE)


def test_a_level_of_what_is_no_service_or_no_level_stops_the_start(portal: Portal) -> None:
    with pytest.raises(Trouble, match="no service"):
        routes(_with_levels(portal.deps, {"belastingen": HIGH}))
    with pytest.raises(Trouble, match="not a known level"):
        routes(_with_levels(portal.deps, {"gebruik": "very sure"}))
    # Programs need the level of the page; of their own they have none that would be overlooked.
    with pytest.raises(Trouble, match="no service"):
        routes(_with_levels(portal.deps, {"mijn-gegevens": HIGH}))


def _with_levels(deps: PortalDeps, levels: dict[str, str]) -> PortalDeps:
    settings = deps.settings
    return replace(deps, settings=replace(settings, portal=replace(settings.portal, levels=levels)))


async def test_a_page_that_needs_more_asks_for_a_stronger_login_and_comes_back(
    portal: Portal, tmp_path: Path
) -> None:
    """At the broker, in the portal: step up, log out there, and be told of a logout."""
    socket = free_socket()
    host = f"http://login.localhost:{socket.getsockname()[1]}"
    broker, settings = made("assertion", host, tmp_path)
    assert isinstance(broker, Broker)
    runner = web.AppRunner(broker.app())
    await runner.setup()
    await web.SockSite(runner, socket).start()

    def deps(address: str) -> PortalDeps:
        changed = _with_levels(portal.deps, {"rechten": HIGH})
        oidc = OidcSettings(portal=settings, employees=None)
        return replace(
            changed,
            settings=replace(
                changed.settings,
                oidc=oidc,
                addresses=replace(changed.settings.addresses, web=address),
            ),
            oidc=client_of(settings, address),
        )

    async with served_elsewhere(portal, deps) as address:
        visitor = Visitor(portal=address)
        assert (await visitor.log_in("burger-1")).location == f"{address}/gebruik"
        assert (await visitor.get("/gebruik")).status == 200
        weak = await visitor.get("/en/rechten")
        assert weak.location == f"{address}/en/inloggen/sterker?terug=%2Fen%2Frechten"
        page = await visitor.get(weak.location)
        assert (page.status, page.title) == (200, "Log in in a stronger way")
        assert 'href="/en/inloggen?terug=%2Fen%2Frechten"' in page.text
        # Who still comes back too weak is told so, and keeps the session there was.
        again = await visitor.log_in("burger-1", "/inloggen?terug=/rechten")
        assert (again.status, again.title) == (403, "Log in op een sterkere manier")
        assert (await visitor.get("/gebruik")).status == 200
        begun = await visitor.get("/inloggen?terug=/rechten")
        assert dict(parse_qsl(urlsplit(begun.location).query))["acr_values"] == HIGHER
        strong = await visitor.log_in("sterk", "/inloggen?terug=/rechten")
        assert strong.location == f"{address}/rechten"
        page = await visitor.get("/rechten")
        assert page.status == 200

        out = await visitor.post("/uitloggen", {"token": visitor.token(page)})
        assert urlsplit(out.location).path.endswith("/einde")
        await visitor.get(out.location)
        (ended,) = broker.ended
        assert ended

        here, there = Visitor(portal=address), Visitor(portal=address)
        await here.log_in("sterk")
        await there.log_in("sterk")
        first = list(broker.access.values())[-2].sid
        told = broker.told_logout("sterk", first)
        for wrong in (
            {"logout_token": "no token"},
            {"logout_token": broker.told_logout("sterk", first, nonce="n")},
            {"logout_token": broker.told_logout("sterk", first, events={})},
            {"logout_token": broker.told_logout("sterk", first, aud="somebody-else")},
        ):
            assert (await Visitor(portal=address).post("/uitloggen/bericht", wrong)).status == 400
        assert (await here.get("/gebruik")).status == 200
        answer = await Visitor(portal=address).post("/uitloggen/bericht", {"logout_token": told})
        assert answer.status == 200
        assert "/sessie-voorbij" in (await here.get("/gebruik")).location
        assert (await there.get("/gebruik")).status == 200
        old = broker.told_logout("sterk", iat=int(time.time()) - 30)
        await Visitor(portal=address).post("/uitloggen/bericht", {"logout_token": old})
        assert (await there.get("/gebruik")).status == 200
        everywhere = {"logout_token": broker.told_logout("sterk")}
        await Visitor(portal=address).post("/uitloggen/bericht", everywhere)
        assert "/sessie-voorbij" in (await there.get("/gebruik")).location
    await runner.cleanup()


MANUAL = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "log-in.md"
_EXAMPLE = re.compile(r"```toml\n(\[oidc\.portal\].*?)```.*?```json\n(.*?)```", re.DOTALL)
EXAMPLES = _EXAMPLE.findall(MANUAL.read_text(encoding="utf-8"))


@pytest.mark.parametrize(("settings", "told"), EXAMPLES, ids=("digid", "eh", "eidas", "wallet"))
async def test_each_example_of_the_manual_logs_somebody_in(
    tmp_path: Path, settings: str, told: str
) -> None:
    """With its own settings, at a broker that tells what the manual says it tells."""
    claims = json.loads(told)
    given = read_settings(tmp_path, settings)
    ours, alg = ECKey.generate_key("P-256"), "Ed25519"
    if given.client_key is not None:
        given.client_key.parent.mkdir()
        given.client_key.write_bytes(ours.as_pem(private=True))
    if given.client_secret is not None:
        given.client_secret.parent.mkdir()
        given.client_secret.write_text("geheim")
    socket = free_socket()
    broker = Broker(
        host=f"http://login.localhost:{socket.getsockname()[1]}",
        people={claims["sub"]: claims},
        alg=alg,
        secret="geheim" if given.client_secret is not None else "",
        public=ECKey.import_key(ours.as_pem(private=False)),
        tells_at_userinfo=given.claims_from == "userinfo",
    )
    runner = web.AppRunner(broker.app())
    await runner.setup()
    await web.SockSite(runner, socket).start()
    client = client_of(replace(given, issuer=broker.issuer), HERE)
    try:
        found = await Way(provider=broker, client=client).login(claims["sub"])
    finally:
        await runner.cleanup()
    number = found.company.kvk if found.company else found.bsn.value if found.bsn else "none"
    assert f'"{number}"' in told
    assert (found.company is None) == ("LegalSubjectID" not in told)


def read_settings(folder: Path, text: str) -> PortalOidcSettings:
    """The table of an example, as the settings file of an organisation is read."""
    path = folder / "organisation.toml"
    path.write_text(GOOD + text)
    found = load_settings(path).oidc.portal
    assert found is not None
    return found
