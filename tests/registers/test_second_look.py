# SPDX-License-Identifier: EUPL-1.2
"""What only the service can see: whose data it is, and what stands against the use of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import asyncpg
import httpx
import pytest
from tests.conftest import Database
from tests.registers.test_api import PEER, PEOPLE, SUZANNE, Asker, asker_of
from tests.registers.test_permitted_rows import codes

from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.platform.keys import secret_key
from landschap.purposes.duties import Confidentiality, Obligation
from landschap.purposes.needs import Kind
from landschap.purposes.persons.store import Statement, say

PURPOSE, ACTIVITY = "https://doelen.example/a", "https://activiteiten.example/b"
BSN = "burgerservicenummer"
CONSENT = ("toestemming",)
KEY = f'{{"{BSN}": "{SUZANNE}"}}'.encode()


@pytest.fixture
async def asker(database: Database) -> AsyncIterator[Asker]:
    async for one in asker_of(database, PEOPLE):
        await one.write("a1", "2020-01-01", "Jansen")
        yield one


@pytest.fixture
async def purposes(database: Database) -> asyncpg.Pool:
    return await database.pool("purposes")


def statement(database: Database, kind: Kind, *, holds: bool = True) -> Statement:
    settings = database.settings
    key = secret_key(settings, "pseudonym")
    about, receiver = (PURPOSE, PEER) if kind is Kind.CONSENT else (ACTIVITY, "")
    return Statement(
        kind=kind,
        subject=subject_pseudonym(key, settings.organisation.oin, "bsn", SUZANNE),
        about=about,
        receiver=receiver,
        holds=holds,
        author="portaal",
    )


def told(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


@pytest.mark.case("A26")
async def test_a_consent_that_was_just_withdrawn_opens_nothing(
    asker: Asker, purposes: asyncpg.Pool, database: Database
) -> None:
    given = statement(database, Kind.CONSENT)
    assert told(await asker.search(KEY, checks=CONSENT)) == (403, "consent_missing")
    await say(purposes, given)
    answer = await asker.search(KEY, checks=CONSENT)
    assert answer.json()["items"][0]["naam"] == "Jansen"
    assert told(await asker.search(KEY, checks=CONSENT, peer="00000099000000009000"))[0] == 403
    await say(purposes, replace(given, holds=False))
    for ask in (asker.search(KEY, checks=CONSENT), asker.get("a1", checks=CONSENT)):
        answer = await ask
        assert told(answer) == (403, "consent_withdrawn")
        assert "Jansen" not in answer.text
        assert await codes(asker) == ["consent_withdrawn"]
    # One record is the second decision; the other is the line that the person reads.
    assert len(await asker.lines()) == 2


@pytest.mark.parametrize(
    ("kind", "code"),
    [(Kind.RESTRICTION, "processing_restricted"), (Kind.OBJECTION, "objection_upheld")],
)
async def test_a_restriction_and_an_objection_stop_every_way_to_the_person(
    asker: Asker, purposes: asyncpg.Pool, database: Database, kind: Kind, code: str
) -> None:
    checks = (kind.value,)
    assert (await asker.get("a1", checks=checks)).status_code == 200
    await say(purposes, statement(database, kind))
    for path in ("a1", "a1/voorkomens", "a1/registraties"):
        assert told(await asker.get(path, checks=checks)) == (403, code), path
    batch = await asker.send(
        "POST", "/proef/v1/personen/_batch", body=b'{"requests": [{"key": "a1"}]}', checks=checks
    )
    assert told(batch) == (403, code)
    await say(purposes, statement(database, kind, holds=False))
    assert (await asker.get("a1", checks=checks)).status_code == 200


@pytest.mark.case("A38")
async def test_a_confidential_person_keeps_guarded_fields_from_third_parties(
    asker: Asker,
) -> None:
    # Who has a number is confidential here, and the name is what is guarded.
    mark = Confidentiality(path=BSN, guarded=("naam",))
    third = await asker.search(KEY, mark=mark, third_party=True, fields=("nummer", "naam"))
    (item,) = third.json()["items"]
    assert item["_afgeschermd"] == "geheimhouding"
    assert "Jansen" not in third.text
    assert SUZANNE not in third.text
    (item,) = (await asker.search(KEY, mark=mark, fields=("nummer", "naam"))).json()["items"]
    assert (item["naam"], item["_verplichtingen"]) == ("Jansen", ["geheimhouding"])


async def test_a_value_leaves_as_its_obligation_says_from_every_way(asker: Asker) -> None:
    duties = (
        Obligation(kind="maskeren", path="naam"),
        Obligation(kind="pseudonimiseren", path=BSN),
    )
    for path in ("a1", "a1/voorkomens", "a1/registraties"):
        answer = await asker.get(path, obligations=duties)
        assert answer.status_code == 200, path
        assert "***" in answer.text, path
        assert not {"Jansen", SUZANNE} & set(answer.text.split('"')), path


async def test_a_way_that_does_not_obey_is_closed(asker: Asker) -> None:
    for permit in (
        {"obligations": (Obligation(kind="maskeren", path="naam"),)},
        {"mark": Confidentiality(path=BSN, guarded=("naam",))},
    ):
        answer = await asker.send("GET", "/proef/v1/wijzigingen", **permit)
        assert told(answer) == (403, "obligation_unsupported")
    strange = (Obligation(kind="versleutelen", path="naam"),)
    assert told(await asker.get("a1", obligations=strange)) == (403, "obligation_unsupported")
