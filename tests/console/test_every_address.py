# SPDX-License-Identifier: EUPL-1.2
"""Every address of the portal, asked by everybody who should see nothing of Suzanne there."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.console.console_rig import Console
from tests.console.test_requests import asked
from tests.portal.portal_rig import ANOTHER, SUZANNE
from tests.portal.visiting import Visitor

from landschap.platform.web.sessions import begin_session
from landschap.portal.known import Known
from landschap.portal.pages import routes
from landschap.vocabulary.companies import Company
from landschap.vocabulary.mandates import Mandate

_PUBLIC = {
    "/", "/toegankelijkheid", "/privacy", "/veiligheid", "/.well-known/security.txt", "/bewijs",
    "/bewijs/{number}", "/uitgelogd", "/sessie-voorbij", "/inloggen", "/inloggen/terug",
}  # fmt: skip
_HERS = ("Suzanne", "Moulin", SUZANNE, "anders dan anderen")


def addresses(console: Console, filled: dict[str, str]) -> list[str]:
    """Every address of the portal that can be read, with what is Suzanne's filled in."""
    found = set()
    every: list[Any] = list(routes(console.portal))
    for handler in every:
        if "GET" not in getattr(handler, "http_methods", ()):
            continue
        for path in handler.paths:
            if not path.startswith(("/static", "/{")):
                found.add(path.replace(":str}", "}").replace("/rechten/{name}", "/rechten/bezwaar"))
    assert len(found) > 40, sorted(found)
    return sorted(re.sub(r"\{(\w+)\}", lambda each: filled[each[1]], path) for path in found)


async def session(console: Console, known: Known) -> Visitor:
    deps = console.portal
    token = await begin_session(deps.portal_pool, deps.session_key, known)
    host = console.address.removeprefix("http://")
    return Visitor(portal=console.address, cookies={host: {"__Host-sessie": token}})


def known(bsn: str, **more: object) -> Known:
    return Known(bsn=bsn, name="Iemand", level="", authenticated_at=1, id_token="", **more)  # type: ignore[arg-type]  # as a test says it


@pytest.mark.long
async def test_nobody_sees_anything_of_another_at_any_address(console: Console) -> None:
    number = await asked(console, "inzage")
    owner = Visitor(portal=console.address)
    await owner.log_in("burger-1")
    data = (await owner.get("/gegevens")).text
    place = re.search(r'href="/gegevens/(postadressen)/([^/]+)/([^/]+)/(\w+)/fout"', data)
    assert place is not None
    uses = re.findall(
        r'href="/gebruik/([0-9a-f-]{36})"', (await owner.get("/gebruik?alles=ja")).text
    )
    filled = {
        "number": number, "report": number, "name": uses[0] if uses else number,
        "recorder": console.deps.settings.organisation.oin.value, "register": place[1],
        "reference": place[3], "field": place[4],
    }  # fmt: skip
    pages = {path: (await owner.get(path)).text for path in addresses(console, filled)}
    hers = {path for path, text in pages.items() if any(each in text for each in _HERS)}
    # What nobody else sees is really there.
    assert hers > {"/gegevens", "/gebruik", "/rechten"}
    now = datetime.now(UTC)
    ended = Mandate(
        bsn=SUZANNE, name="", source="https://machtigen.example", reference="M-1",
        services=("logboek-inzage",), until=now - timedelta(days=1),
    )  # fmt: skip
    company = Company(
        kvk="69599084", rsin="", name="Dagobert", acting="2f8a1c0d9e7b4a63", reference="EH",
        source="https://eh.example", services=("mijn-gegevens",),
    )  # fmt: skip
    expired = await session(console, known(SUZANNE))
    await console.portal.portal_pool.execute(
        "UPDATE portal.session SET seen_at = seen_at - interval '2 days',"
        " begun_at = begun_at - interval '2 days' WHERE session_hash ="
        " (SELECT session_hash FROM portal.session ORDER BY seen_at DESC LIMIT 1)"
    )
    visitors = {
        "nobody": Visitor(portal=console.address),
        "expired": expired,
        "another": await session(console, known(ANOTHER)),
        "ended mandate": await session(
            console, known(ANOTHER, mandates=(ended,), acting_for="M-1")
        ),
        "company": await session(console, known("", company=company)),
    }
    for who, visitor in visitors.items():
        for path in addresses(console, filled):
            page = await visitor.get(path)
            assert page.status < 500, (who, path)
            told = [each for each in _HERS if each in page.text]
            assert told == [], (who, path, told)
            plain = path.removeprefix("/en") or "/"
            if who in {"nobody", "expired"} and plain.replace(number, "{number}") not in _PUBLIC:
                assert page.status in (302, 303), (who, path, page.status)
