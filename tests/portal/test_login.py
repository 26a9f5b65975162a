# SPDX-License-Identifier: EUPL-1.2
"""Logging in through a real provider, every way it can fail, and the session that follows."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from aiohttp import web
from tests.portal.portal_rig import SUBSTANTIAL, SUZANNE, Portal, free_socket, people
from tests.portal.visiting import Visitor

from landschap.cli.demo.identity_provider import Provider
from landschap.platform.identities import Resident, resident
from landschap.platform.oidc import LoginFailed, OidcClient, Pending, Reason
from landschap.platform.oidc_settings import PortalOidcSettings
from landschap.platform.telemetry import listen_to_security
from landschap.platform.trouble import Trouble
from landschap.platform.web.sealed import form_token, is_form_token, seal, session_hash, unseal
from landschap.platform.web.sessions import begin_session, end_session
from landschap.platform.web.sessions import resume_session as resumed
from landschap.portal.known import Known
from landschap.portal.pages.context import door_of


@pytest.mark.case("S-46")
async def test_a_person_logs_in_with_the_level_that_is_needed_and_lands_where_they_wanted(
    portal: Portal,
) -> None:
    visitor = Visitor(portal=portal.address)
    wanted = await visitor.get("/gebruik?van=1-1-2026")
    assert wanted.status == 303
    assert urlsplit(wanted.location).path == "/inloggen"
    landed = await visitor.log_in(start=wanted.location)
    assert (landed.status, landed.location) == (303, f"{portal.address}/gebruik?van=1-1-2026")
    page = await visitor.get(landed.location)
    assert page.status == 200
    assert "Suzanne Moulin" in page.text
    assert SUZANNE not in page.text


async def test_the_question_to_the_provider_has_state_nonce_challenge_and_level(
    portal: Portal,
) -> None:
    begun = await Visitor(portal=portal.address).get("/inloggen")
    asked = dict(parse_qsl(urlsplit(begun.location).query))
    assert asked["code_challenge_method"] == "S256"
    assert asked["acr_values"] == SUBSTANTIAL
    assert min(len(asked[name]) for name in ("state", "nonce", "code_challenge")) >= 32


async def test_cookies_belong_to_this_host_and_no_script_reads_them(portal: Portal) -> None:
    visitor = Visitor(portal=portal.address)
    lines = (await visitor.get("/inloggen")).set_cookies
    lines += (await visitor.log_in()).set_cookies
    made = [line for line in lines if "Max-Age=0" not in line]
    assert {line.split("=")[0] for line in made} == {"__Host-inloggen", "__Host-sessie"}
    for line in made:
        for part in ("HttpOnly", "Path=/", "SameSite=lax", "Secure"):
            assert part in line
        assert "Domain" not in line


@pytest.mark.case("S-46")
@pytest.mark.parametrize(
    ("sub", "status", "title"),
    [
        ("", 200, "U bent niet ingelogd"),
        ("zwak", 403, "Log in op een sterkere manier"),
        ("zonder-nummer", 403, "Wij kunnen niet zien wie u bent"),
    ],
)
async def test_a_login_that_fails_says_what_to_do(
    portal: Portal, sub: str, status: int, title: str
) -> None:
    visitor = Visitor(portal=portal.address)
    failed = await visitor.log_in(sub, "/inloggen?terug=/gebruik")
    assert (failed.status, failed.title) == (status, title)
    assert 'href="/inloggen?terug=%2Fgebruik"' in failed.text
    assert (await visitor.get("/gebruik")).status == 303


@pytest.mark.parametrize(
    ("sub", "told"),
    [("", []), ("zwak", ["level_too_low"]), ("zonder-nummer", ["no_number"])],
)
async def test_the_watch_is_told_of_a_login_that_is_rejected_and_not_of_one_that_was_left(
    portal: Portal, sub: str, told: list[str]
) -> None:
    heard: list[tuple[str, ...]] = []
    listen_to_security(lambda *event: heard.append(event))
    try:
        await Visitor(portal=portal.address).log_in(sub, "/inloggen")
    finally:
        listen_to_security(None)
    assert heard == [("portal", "", "login_rejected", reason) for reason in told]


async def test_a_login_that_fails_keeps_the_language(portal: Portal) -> None:
    failed = await Visitor(portal=portal.address).log_in("", "/en/inloggen")
    assert failed.title == "You are not logged in"


async def test_an_answer_for_another_browser_logs_nobody_in(portal: Portal) -> None:
    mine, other = Visitor(portal=portal.address), Visitor(portal=portal.address)
    stolen = await mine.chosen("burger-1")
    assert (await other.get(stolen.location)).title == "Het inloggen duurde te lang"
    await other.get("/inloggen")
    assert (await other.get(stolen.location)).title == "Het inloggen duurde te lang"
    assert (await other.get("/gebruik")).status == 303


async def test_a_code_logs_in_once(portal: Portal) -> None:
    visitor = Visitor(portal=portal.address)
    back = await visitor.chosen("burger-1")
    kept = {host: dict(own) for host, own in visitor.cookies.items()}
    assert (await visitor.get(back.location)).status == 303
    again = Visitor(portal=portal.address, cookies=kept)
    assert (await again.get(back.location)).title == "Inloggen is mislukt"


async def test_an_answer_of_another_issuer_is_refused(portal: Portal) -> None:
    visitor = Visitor(portal=portal.address)
    back = await visitor.chosen("burger-1")
    wrong = back.location.replace("iss=http", "iss=https")
    assert (await visitor.get(wrong)).title == "Inloggen is mislukt"


async def test_a_new_login_ends_the_session_before_it(portal: Portal) -> None:
    visitor = Visitor(portal=portal.address)
    await visitor.log_in()
    before = {host: dict(own) for host, own in visitor.cookies.items()}
    await visitor.log_in("burger-2")
    assert "Anna Maria Petra" in (await visitor.get("/gebruik")).text
    old = await Visitor(portal=portal.address, cookies=before).get("/gebruik")
    assert old.location.startswith(f"{portal.address}/sessie-voorbij")


async def test_logging_out_needs_our_own_form_and_ends_the_session_everywhere(
    portal: Portal,
) -> None:
    visitor = Visitor(portal=portal.address)
    await visitor.log_in()
    page = await visitor.get("/")
    forged = await visitor.post("/uitloggen", {"token": "made up"})
    assert (forged.status, forged.title) == (403, "U bent nog ingelogd")
    out = await visitor.post("/uitloggen", {"token": visitor.token(page)})
    assert out.status == 303
    assert urlsplit(out.location).path == "/logout"
    assert "id_token_hint=" in out.location
    provider = await visitor.get(out.location)
    assert provider.location == f"{portal.address}/uitgelogd"
    assert (await visitor.get("/uitgelogd")).title == "U bent uitgelogd"
    assert (await visitor.get("/gebruik")).location == f"{portal.address}/inloggen?terug=%2Fgebruik"


@pytest.mark.parametrize(
    "path", ["//kwaad.example", "https://kwaad.example", "/\\kwaad.example", "/a\nb", "gebruik"]
)
async def test_coming_back_is_always_to_this_site(portal: Portal, path: str) -> None:
    assert door_of(portal.deps).safe_return(path) == "/gebruik"
    assert door_of(portal.deps).safe_return("/en/gebruik?van=1") == "/en/gebruik?van=1"


async def test_a_session_ends_after_a_quarter_without_questions_and_loses_no_input(
    portal: Portal,
) -> None:
    visitor = Visitor(portal=portal.address)
    await visitor.log_in()
    connection = await portal.database.administrator()
    await connection.execute(
        "UPDATE portal.session SET begun_at = begun_at - interval '15 minutes',"
        " seen_at = seen_at - interval '15 minutes'"
    )
    await connection.close()
    over = await visitor.get("/gebruik?van=1-2-2026&organisatie=zelf")
    assert urlsplit(over.location).path == "/sessie-voorbij"
    page = await visitor.get(over.location)
    assert page.title == "U bent uitgelogd"
    back = "%2Fgebruik%3Fvan%3D1-2-2026%26organisatie%3Dzelf"
    assert f'href="/inloggen?terug={back}"' in page.text
    landed = await visitor.log_in(start=f"/inloggen?terug={back}")
    assert landed.location == f"{portal.address}/gebruik?van=1-2-2026&organisatie=zelf"


KNOWN = Known(bsn=SUZANNE, name="Suzanne", level="", authenticated_at=1, id_token="")
KEY = b"k" * 32


async def test_a_session_is_extended_by_use_but_not_beyond_eight_hours(portal: Portal) -> None:
    pool = portal.deps.portal_pool
    token = await begin_session(pool, KEY, KNOWN)
    connection = await portal.database.administrator()
    change = "UPDATE portal.session SET begun_at = begun_at - $1::interval WHERE session_hash = $2"
    await connection.execute(change, timedelta(hours=7, minutes=50), session_hash(token))
    first = await resumed(pool, KEY, token, Known)
    assert first is not None
    assert 500 < (first.until.timestamp() - time.time()) <= 600
    await connection.execute(change, timedelta(minutes=10), session_hash(token))
    assert await resumed(pool, KEY, token, Known) is None
    await connection.close()


async def test_a_session_in_the_database_tells_nothing_and_can_not_be_moved(portal: Portal) -> None:
    pool = portal.deps.portal_pool
    mine, other = [await begin_session(pool, KEY, KNOWN) for _ in range(2)]
    rows = await pool.fetch("SELECT session_hash, sealed FROM session")
    assert not any(SUZANNE.encode() in row["sealed"] for row in rows)
    assert not any(mine.encode() in row["session_hash"] for row in rows)
    await pool.execute(
        "UPDATE session SET sealed = (SELECT sealed FROM session WHERE session_hash = $1)"
        " WHERE session_hash = $2",
        session_hash(mine),
        session_hash(other),
    )
    assert await resumed(pool, KEY, other, Known) is None
    assert await resumed(pool, b"x" * 32, mine, Known) is None
    assert await resumed(pool, KEY, "unknown", Known) is None
    found = await resumed(pool, KEY, mine, Known)
    assert found is not None
    assert SUZANNE not in repr(found) + repr(found.known)
    await end_session(pool, found.hash)
    assert await resumed(pool, KEY, mine, Known) is None


def test_what_is_sealed_for_one_use_does_not_open_for_another() -> None:
    sealed = seal(b"value", KEY, b"login", b"n" * 12)
    assert unseal(sealed, KEY, b"login") == b"value"
    assert unseal(sealed, KEY, b"session") is None
    assert unseal(sealed[:-1], KEY, b"login") is None
    assert unseal(b"", KEY, b"login") is None
    assert is_form_token(form_token(KEY, b"a"), KEY, b"a")
    assert not is_form_token(form_token(KEY, b"a"), KEY, b"b")


@pytest.mark.parametrize("text", ["", "kapot", "é", "AAAA" * 20])
def test_a_broken_login_cookie_is_no_login(portal: Portal, text: str) -> None:
    door = door_of(portal.deps)
    assert door.pending_of(text) is None
    pending = Pending(state="s", nonce="n", verifier="v", return_to="/", begun_at=1)
    sealed = door.pending_cookie(pending)
    assert door.pending_of(sealed) == pending
    # What was begun at one door is not finished at another.
    assert replace(door, login_cookie="__Host-other").pending_of(sealed) is None


# The client by itself, against a provider that can be made to misbehave.


async def running(provider: Provider) -> tuple[web.AppRunner, str]:
    runner = web.AppRunner(provider.app())
    await runner.setup()
    socket = free_socket()
    await web.SockSite(runner, socket).start()
    return runner, f"http://login.localhost:{socket.getsockname()[1]}"


def client_of(issuer: str, **changed: str) -> OidcClient[Resident]:
    settings = PortalOidcSettings(issuer=issuer, client_id="mijn-gegevens", client_secret=None)
    given = replace(settings, **changed)  # type: ignore[arg-type]  # all of them are texts
    return OidcClient(
        given,
        redirect_uri="http://hier.localhost/inloggen/terug",
        hosts={},
        identify=resident(given),
    )


async def answer_of(
    client: OidcClient[Resident], provider: Provider
) -> tuple[Pending, dict[str, str]]:
    """What the browser comes back with when Suzanne is chosen."""
    address, pending = await client.begin("/")
    asked = provider._check(dict(parse_qsl(urlsplit(address).query)))
    code = provider._hand_out(asked, provider.people.persons[0])
    return pending, {"code": code, "state": pending.state}


async def failure(client: OidcClient[Resident], pending: Pending, answer: dict[str, str]) -> Reason:
    with pytest.raises(LoginFailed) as caught:
        await client.finish(pending, answer)
    assert SUZANNE not in str(caught.value)
    return caught.value.reason


class Forger(Provider):
    """Signs with another key than it publishes."""

    async def _jwks(self, _request: web.Request) -> web.Response:
        other = Provider(issuer="", people=self.people).key
        return web.json_response({"keys": [other.as_dict(private=False)]})


async def test_a_provider_that_does_not_answer_is_told_apart() -> None:
    dead = free_socket()
    port = dead.getsockname()[1]
    dead.close()
    with pytest.raises(LoginFailed) as caught:
        await client_of(f"http://login.localhost:{port}").begin("/")
    assert caught.value.reason is Reason.UNREACHABLE


async def test_identity_tokens_are_bound_to_question_issuer_client_and_key() -> None:
    provider = Provider(issuer="", people=people("http://hier.localhost"))
    runner, issuer = await running(provider)
    provider.issuer = issuer
    client = client_of(issuer)
    pending, answer = await answer_of(client, provider)
    identity = await client.finish(pending, answer)
    assert identity.bsn is not None
    assert (identity.bsn.value, identity.level) == (SUZANNE, SUBSTANTIAL)
    assert SUZANNE not in repr(identity)

    pending, answer = await answer_of(client, provider)
    assert await failure(client, replace(pending, nonce="another"), answer) is Reason.REFUSED
    pending, answer = await answer_of(client, provider)
    assert await failure(client, replace(pending, verifier="another"), answer) is Reason.REFUSED
    pending, answer = await answer_of(client, provider)
    late = replace(pending, begun_at=int(time.time()) - 601)
    assert await failure(client, late, answer) is Reason.EXPIRED
    pending, answer = await answer_of(client, provider)
    provider.issuer = "http://someone.else"
    assert await failure(client, pending, answer) is Reason.REFUSED
    provider.issuer = issuer
    other = client_of(issuer, client_id="someone-else")
    other._redirect_uri = client._redirect_uri
    pending, answer = await answer_of(client, provider)
    assert await failure(other, pending, answer) is Reason.REFUSED
    await runner.cleanup()


async def test_a_new_key_of_the_provider_is_fetched_and_an_unpublished_one_refused() -> None:
    provider = Provider(issuer="", people=people("http://hier.localhost"))
    runner, issuer = await running(provider)
    provider.issuer = issuer
    client = client_of(issuer)
    await client.finish(*await answer_of(client, provider))
    provider.key = Provider(issuer="", people=provider.people).key
    await client.finish(*await answer_of(client, provider))
    await runner.cleanup()
    forger = Forger(issuer="", people=provider.people)
    runner, issuer = await running(forger)
    forger.issuer = issuer
    client = client_of(issuer)
    assert await failure(client, *await answer_of(client, forger)) is Reason.REFUSED
    await runner.cleanup()


async def test_claims_have_the_names_of_the_settings() -> None:
    provider = Provider(issuer="", people=people("http://hier.localhost"))
    runner, issuer = await running(provider)
    provider.issuer = issuer
    client = client_of(issuer, bsn_claim="urn:nl:bsn")
    assert await failure(client, *await answer_of(client, provider)) is Reason.NO_NUMBER
    client = client_of(issuer, acr_claim="level")
    assert await failure(client, *await answer_of(client, provider)) is Reason.LEVEL_TOO_LOW
    await runner.cleanup()


def test_a_minimum_level_nobody_knows_is_refused_at_the_start() -> None:
    with pytest.raises(Trouble, match="minimum_level"):
        client_of("http://login.localhost", minimum_level="very sure")


async def test_a_provider_over_https_may_not_send_us_to_http() -> None:
    from landschap.platform.oidc import _check_endpoint

    with pytest.raises(LoginFailed):
        _check_endpoint("token_endpoint", "http://login.example/token", "https://login.example")
    with pytest.raises(LoginFailed):
        _check_endpoint("token_endpoint", None, "http://login.localhost")
    _check_endpoint("token_endpoint", "https://login.example/token", "https://login.example")
