# SPDX-License-Identifier: EUPL-1.2
"""Subscribing over HTTP, by who may read; and what a subscription may ask for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from tests.registers.test_api import PEOPLE, Asker, asker_of
from tests.registers.test_collections import FIELDS, places
from tests.throwaway import Database

from landschap.purposes.rows import RowCondition
from landschap.registers.subscribing import read_wanted
from landschap.registers.subscriptions import (
    MAX_PER_READER,
    Wanted,
    destination,
    service_and_path,
)
from landschap.vocabulary.problems import Refusal

OTHER = "00000099000000003000"
INBOX = {"soort": "fsc", "dienst": "meldingen"}


class Subscriber:
    """Subscribes to houses and streets."""

    def __init__(self, asker: Asker) -> None:
        self.asker = asker

    async def post(self, path: str, body: object = None, **permit: Any) -> httpx.Response:
        sent = b"" if body is None else json.dumps(body).encode()
        return await self.asker.send(
            "POST", f"/proef/v1/abonnementen{path}", body=sent, **{"fields": FIELDS, **permit}
        )

    async def get(self, path: str = "", **permit: Any) -> httpx.Response:
        return await self.asker.send(
            "GET", f"/proef/v1/abonnementen{path}", **{"fields": FIELDS, **permit}
        )

    async def make(self, **body: Any) -> dict[str, Any]:
        answer = await self.post("", {"bestemming": INBOX, **body})
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        assert answer.headers["Location"] == f"/proef/v1/abonnementen/{made['abonnement']}"
        return made


@pytest.fixture
async def subscriber(database: Database) -> AsyncIterator[Subscriber]:
    async for asker in asker_of(database, places()):
        yield Subscriber(asker)


async def test_a_subscription_is_asked_read_held_and_ended(subscriber: Subscriber) -> None:
    made = await subscriber.make(
        filters={"collecties": ["huizen"], "soorten": ["CORRECTIE"], "identificaties": ["h1"]},
        referentie="zaaksysteem",
        bundelen=True,
    )
    assert made["status"] == "aangevraagd"
    assert made["bestemming"] == INBOX
    assert made["filters"] == {
        "collecties": ["huizen"],
        "types": ["nl.proef.huis-gecorrigeerd"],
        "identificaties": ["h1"],
    }
    place = f"/{made['abonnement']}"
    assert (await subscriber.get(place)).json() == made
    assert (await subscriber.get()).json() == {"items": [made]}
    held = await subscriber.post(f"{place}/_pauzeer")
    assert (held.status_code, held.json()["status"]) == (200, "gepauzeerd")
    # It is asked anew whether it wants to be told.
    assert (await subscriber.post(f"{place}/_hervat")).json()["status"] == "aangevraagd"
    for _ in range(2):
        assert (await subscriber.post(f"{place}/_beeindig")).json()["status"] == "beeindigd"
    over = await subscriber.post(f"{place}/_hervat")
    assert (over.status_code, over.json()["code"]) == (409, "abonnement.beeindigd")


async def test_subscriptions_are_for_who_asked_for_them(subscriber: Subscriber) -> None:
    made = await subscriber.make()
    for path in (f"/{made['abonnement']}", "/x", "/0194e0a0-0000-7000-8000-000000000000"):
        answer = await subscriber.get(path, peer=OTHER)
        assert (answer.status_code, answer.json()["code"]) == (404, "niet-gevonden")
    ended = await subscriber.post(f"/{made['abonnement']}/_beeindig", peer=OTHER)
    assert ended.status_code == 404
    assert (await subscriber.get(peer=OTHER)).json() == {"items": []}
    bare = await subscriber.asker.client.get("/proef/v1/abonnementen")
    assert (bare.status_code, bare.json()["code"]) == (403, "permit_missing")


async def test_there_is_room_for_a_few(subscriber: Subscriber) -> None:
    asked = [subscriber.post("", {"bestemming": INBOX}) for _ in range(MAX_PER_READER + 3)]
    statuses = sorted(each.status_code for each in await asyncio.gather(*asked))
    assert statuses == [201] * MAX_PER_READER + [429] * 3
    assert (await subscriber.post("", {"bestemming": INBOX}, peer=OTHER)).status_code == 201
    found = (await subscriber.get()).json()["items"]
    await subscriber.post(f"/{found[0]['abonnement']}/_beeindig")
    assert (await subscriber.post("", {"bestemming": INBOX})).status_code == 201


async def test_of_what_one_may_not_read_one_is_not_told(subscriber: Subscriber) -> None:
    body = {"bestemming": INBOX, "filters": {"collecties": ["straten"]}}
    closed = await subscriber.post("", body, fields=("nummer", "naam"))
    assert (closed.status_code, closed.json()["code"]) == (403, "fields_excess")
    left = await subscriber.post("", {"bestemming": INBOX}, fields=("nummer", "naam"))
    assert left.json()["filters"]["collecties"] == ["huizen"]
    nothing = await subscriber.post("", {"bestemming": INBOX}, fields=("nummer",))
    assert (nothing.status_code, nothing.json()["code"]) == (403, "fields_excess")
    some = (RowCondition(path="soort", op="eq", values=("a",)),)
    rows = await subscriber.post("", {"bestemming": INBOX}, rows=some)
    assert (rows.status_code, rows.json()["code"]) == (403, "rows_not_obeyed")
    behalf = await subscriber.post("", {"bestemming": INBOX}, delegator=OTHER)
    assert (behalf.status_code, behalf.json()["code"]) == (403, "abonnement.namens-ander")


async def test_a_subscription_begins_now_or_at_a_number_that_was_given(
    subscriber: Subscriber,
) -> None:
    register = subscriber.asker.register
    assert (await subscriber.make())["positie"] == 0
    from tests.registers.test_collections import Houses

    await Houses(subscriber.asker).fill(3)
    last = (await subscriber.make())["positie"]
    assert last >= 3
    assert (await subscriber.make(vanaf=1))["positie"] == 1
    assert (await subscriber.make(vanaf=10**9))["positie"] == last
    assert register.name == "proef"


def _read(body: object, permitted: tuple[str, ...] = FIELDS) -> Wanted | Refusal:
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return read_wanted(places(), sent, permitted, ("meldingen.gemeente.test", "127.0.0.1"))


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        (b"{", ""),
        ([], ""),
        ({}, ""),
        ({"bestemming": {"soort": "post"}}, "/bestemming/soort"),
        ({"bestemming": {"soort": "fsc"}}, "/bestemming"),
        ({"bestemming": {"soort": "fsc", "dienst": "../x"}}, "/bestemming/dienst"),
        ({"bestemming": {"soort": "fsc", "dienst": "meldingen", "adres": "https://x"}},
         "/bestemming"),
        ({"bestemming": {"soort": "adres"}}, "/bestemming"),
        ({"bestemming": {**INBOX, "pad": "/a/../b"}}, "/bestemming/pad"),
        ({"bestemming": {**INBOX, "pad": "//elders.test"}}, "/bestemming/pad"),
        ({"bestemming": INBOX, "doel": "x"}, ""),
        ({"bestemming": INBOX, "filters": {"collecties": []}}, "/filters/collecties"),
        ({"bestemming": INBOX, "filters": {"collecties": ["huisen"]}}, "/filters/collecties/0"),
        ({"bestemming": INBOX, "filters": {"types": ["nl.proef.huis"]}}, "/filters/types/0"),
        ({"bestemming": INBOX, "filters": {"soorten": ["wijziging"]}}, "/filters/soorten/0"),
        ({"bestemming": INBOX, "filters": {"identificaties": ["h1"]}}, "/filters/identificaties"),
        ({"bestemming": INBOX, "filters": {"collecties": ["huizen"],
                                           "types": ["nl.proef.straat-gewijzigd"]}}, "/filters"),
        ({"bestemming": INBOX, "vanaf": -1}, "/vanaf"),
        ({"bestemming": INBOX, "vanaf": "1"}, "/vanaf"),
        ({"bestemming": INBOX, "referentie": "r\n"}, "/referentie"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(body: object, pointer: str) -> None:
    refusal = _read(body)
    assert isinstance(refusal, Refusal)
    assert refusal.status == 400
    errors: Any = refusal.extra["errors"]
    assert pointer in [each["location"]["pointer"] for each in errors], errors


def test_a_name_that_is_nearly_right_is_suggested() -> None:
    refusal = _read({"bestemming": INBOX, "filters": {"collecties": ["huisen"]}})
    assert isinstance(refusal, Refusal)
    assert "did you mean huizen" in refusal.detail


@pytest.mark.parametrize(
    "address",
    [
        "http://meldingen.gemeente.test/in",
        "https://elders.test/in",
        "https://localhost/in",
        "https://169.254.169.254/latest",
        "https://[::1]/in",
        "https://10.0.0.1/in",
        "https://user@meldingen.gemeente.test/in",
        "https://meldingen.gemeente.test.elders.test/in",
        "https://meldingen.gemeente.test:99999/in",
        "https://meldingen.gemeente.test/in#x",
        "file:///etc/passwd",
        "https://",
    ],
)
def test_an_address_that_nobody_configured_is_refused(address: str) -> None:
    refusal = _read({"bestemming": {"soort": "adres", "adres": address}})
    assert isinstance(refusal, Refusal)
    assert "/bestemming/adres" in str(refusal.extra["errors"])


def test_a_service_may_have_its_inbox_elsewhere() -> None:
    wanted = _read({"bestemming": {**INBOX, "pad": "/api/v2/notificaties"}})
    assert isinstance(wanted, Wanted)
    assert service_and_path(wanted.sink) == ("meldingen", "/api/v2/notificaties")
    assert destination(wanted.sink) == {**INBOX, "pad": "/api/v2/notificaties"}
    assert service_and_path("fsc:meldingen") == ("meldingen", "/meldingen/v1/gebeurtenissen")


def test_a_configured_address_is_taken() -> None:
    address = "https://meldingen.gemeente.test:8443/in?van=proef"
    wanted = _read({"bestemming": {"soort": "adres", "adres": address}})
    assert isinstance(wanted, Wanted)
    assert wanted.sink == address


def test_all_filters_hold_together() -> None:
    told = {"types": ["nl.proef.huis-gewijzigd", "nl.proef.straat-vernietigd"]}
    wanted = _read({"bestemming": INBOX, "filters": told})
    assert isinstance(wanted, Wanted)
    assert wanted.filters.acts == ("proef.huis/WIJZIGING", "proef.straat/VERNIETIGING")
    assert wanted.filters.type_keys == ("proef.huis", "proef.straat")
    assert wanted.filters.groups == ()


def test_no_list_of_persons_by_their_number() -> None:
    from tests.registers.rig import annotated, made_up

    people = made_up(naam=annotated())
    assert not isinstance(read_wanted(people, _about("p1"), ("naam",), ()), Refusal)
    number = annotated(**{"x-persoonsgegeven": "identificerend", "x-onderwerp": "bsn"})
    kind = people.types["persoon"]
    object.__setattr__(kind.properties["nummer"], "subject_kind", str(number["x-onderwerp"]))
    refused = read_wanted(people, _about("p1"), ("naam",), ())
    assert isinstance(refused, Refusal)
    assert "/filters/identificaties" in str(refused.extra["errors"])
    assert PEOPLE.name == "proef"


def _about(object_id: str) -> bytes:
    filters = {"collecties": ["personen"], "identificaties": [object_id]}
    return json.dumps({"bestemming": INBOX, "filters": filters}).encode()


def test_of_a_group_one_may_not_read_no_change_is_told_but_that_the_object_is_gone() -> None:
    from tests.registers.rig import annotated, made_up

    people = made_up(naam=annotated(), adres=annotated(**{"x-groep": "adres"}))
    body = json.dumps({"bestemming": INBOX}).encode()
    some = read_wanted(people, body, ("naam",), ())
    assert isinstance(some, Wanted)
    assert some.filters.groups == (
        "proef.persoon/gewist", "proef.persoon/onderzoek:persoon", "proef.persoon/persoon",
    )  # fmt: skip
    every = read_wanted(people, body, ("naam", "adres"), ())
    assert isinstance(every, Wanted)
    assert every.filters.groups == ()
