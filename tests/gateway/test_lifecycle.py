# SPDX-License-Identifier: EUPL-1.2
"""How a service ends: announced in time on every answer, and after its last day refused."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from tests.gateway.pair_rig import Pair, services_of
from tests.typing_commands import typed

from landschap.gateway import store
from landschap.gateway.lifecycle import Lifecycle, Phase, lifecycle_of
from landschap.gateway.services import Service, read_service

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
NEXT = "https://api.weesp.example/uitkeringen/v2"
POLICY = "https://weesp.example/api-beleid"
DECLARED = """
name = "uitkeringen"
upstream = "landschap"
recording = "self"

[lifecycle]
deprecated = 2027-01-01
sunset = 2027-12-31
successor = "https://api.weesp.example/uitkeringen/v2"
policy = "https://weesp.example/api-beleid"
"""


def ending(**changes: object) -> Lifecycle:
    told = {"deprecated": date(2027, 1, 1), "sunset": date(2027, 12, 31)}
    return Lifecycle(**{**told, **changes})  # type: ignore[arg-type]  # as the changes are typed


def test_a_declared_end_is_read_and_told_in_headers() -> None:
    found = read_service(DECLARED)
    assert isinstance(found, Service)
    assert found.lifecycle == ending(successor=NEXT, policy=POLICY)
    assert found.lifecycle.headers() == {
        # Midnight in the Netherlands, an hour before that of UTC.
        "Deprecation": "@1798758000",
        "Sunset": "Fri, 31 Dec 2027 22:59:59 GMT",
        "Link": f'<{NEXT}>; rel="successor-version", '
        f'<{POLICY}>; rel="deprecation"; type="text/html", '
        f'<{POLICY}>; rel="sunset"; type="text/html"',
    }


@pytest.mark.parametrize(
    ("deprecated", "sunset", "phase"),
    [
        (date(2026, 12, 1), None, Phase.ACTIVE),
        (date(2026, 11, 30), None, Phase.ENDING),
        (date(2026, 12, 1), date(2027, 12, 1), Phase.ENDING),
        (date(2026, 1, 1), date(2026, 11, 30), Phase.ENDING),
        (date(2026, 1, 1), date(2026, 11, 29), Phase.CLOSED),
    ],
)
def test_the_phase_follows_from_the_days(
    deprecated: date, sunset: date | None, phase: Phase
) -> None:
    assert Lifecycle(deprecated=deprecated, sunset=sunset).phase(NOW) is phase


def test_a_service_answers_until_the_last_second_of_its_last_dutch_day() -> None:
    last = datetime(2027, 12, 31, 22, 59, 59, tzinfo=UTC)
    assert ending().phase(last) is Phase.ENDING
    assert ending().phase(last + timedelta(seconds=1)) is Phase.CLOSED


def test_a_document_that_announces_nothing_has_no_end() -> None:
    assert lifecycle_of({"title": "x"}) is None
    with pytest.raises(ValueError, match="nobody was told in time"):
        lifecycle_of({"x-deprecated": "2027-01-02", "x-sunset": "2027-01-01"})
    with pytest.raises(ValueError, match="morgen"):
        lifecycle_of({"x-sunset": "morgen"})


@pytest.mark.parametrize(
    ("line", "wrong", "said"),
    [
        ("deprecated = 2027-01-01", "", "lifecycle.deprecated: is missing"),
        ("deprecated = 2027-01-01", 'deprecated = "straks"', "lifecycle.deprecated: a day such as"),
        ("sunset = 2027-12-31", "sunset = 2026-12-31", "lifecycle.sunset: 2026-12-31 is before"),
        ("sunset = 2027-12-31", "sunest = 2027-12-31", "did you mean sunset?"),
        (f'"{NEXT}"', '"https://x.example/\'; return 200"', "lifecycle.successor: an address"),
        (f'"{POLICY}"', '"http://x.example/"', "lifecycle.policy: an address"),
    ],
)
def test_what_can_not_be_announced_is_refused_by_key(line: str, wrong: str, said: str) -> None:
    found = read_service(DECLARED.replace(line, wrong))
    assert isinstance(found, list)
    assert any(said in str(each) for each in found), found


@pytest.mark.case("api-32")
async def test_an_end_before_it_was_announced_is_not_published(pair: Pair, tmp_path: Path) -> None:
    wrong = DECLARED.replace("sunset = 2027-12-31", "sunset = 2026-12-31")
    (tmp_path / "uitkeringen.toml").write_text(wrong, encoding="utf-8")
    settings = pair.weesp.settings
    before = await store.services(pair.weesp.pools.gateway)
    done = await typed(settings.path, settings.postgres.dsn, "service", "apply", str(tmp_path))
    assert done.code == 1
    assert "lifecycle.sunset: 2026-12-31 is before deprecated (2027-01-01)" in done.err
    assert await store.services(pair.weesp.pools.gateway) == before


async def declare(pair: Pair, lifecycle: Lifecycle | None) -> None:
    """Both services of Weesp, the first of which ends so."""
    first, *rest = services_of(pair.service.address)
    ends = (dataclasses.replace(first, lifecycle=lifecycle), *rest)
    await store.apply_services(pair.weesp.pools.gateway, ends, datetime.now(UTC))
    await pair.weesp.take_effect()


async def told(pair: Pair, header: str) -> dict[str, str]:
    """The headers of an answer, once a kept connection no longer leads to the former nginx."""
    async with asyncio.timeout(40):
        while True:
            headers = (await pair.ask())[1]
            if header in headers:
                return headers
            await asyncio.sleep(0.1)


@pytest.mark.case("api-31")
async def test_every_answer_says_that_the_service_ends(pair: Pair) -> None:
    today = datetime.now(UTC).date()
    info = {
        "x-deprecated": str(today - timedelta(days=1)),
        "x-sunset": str(today + timedelta(days=365)),
    }
    found = lifecycle_of(info)
    assert found is not None
    assert found.phase(datetime.now(UTC)) == "uitfaserend"
    assert "deprecation" not in (await pair.ask())[1]
    await declare(pair, dataclasses.replace(found, successor=NEXT))
    headers = await told(pair, "deprecation")
    assert headers["deprecation"] == found.headers()["Deprecation"]
    assert found.ends_at is not None
    assert parsedate_to_datetime(headers["sunset"]) == found.ends_at
    assert headers["link"] == f'<{NEXT}>; rel="successor-version"'
    # A service that stays says nothing.
    other = await pair.ask("/", "GET", service="pand-open")
    assert (other[0], "deprecation" in other[1], "sunset" in other[1]) == (200, False, False)
    await declare(pair, None)


@pytest.mark.case("api-33")
async def test_after_its_last_day_the_door_answers_with_the_successor(pair: Pair) -> None:
    today = datetime.now(UTC).date()
    ended = Lifecycle(
        deprecated=today - timedelta(days=400), sunset=today - timedelta(days=2), successor=NEXT
    )
    await declare(pair, ended)
    pair.service.heard.clear()
    await told(pair, "deprecation")
    status, headers, body = await pair.ask()
    problem = json.loads(body)
    assert (status, problem["code"], problem["successor"]) == (410, "service_closed", NEXT)
    assert headers["content-type"] == "application/problem+json"
    assert headers["link"] == f'<{NEXT}>; rel="successor-version"'
    assert headers["deprecation"] == ended.headers()["Deprecation"]
    assert headers["sunset"] == ended.headers()["Sunset"]
    assert not pair.service.heard
    await declare(pair, None)
    assert (await pair.ask())[0] == 200
