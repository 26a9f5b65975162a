# SPDX-License-Identifier: EUPL-1.2
"""No notice about a person, and no line of the technical log, holds a value of that person."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import aiohttp
import pytest
import structlog
from aiohttp import web
from tests.registers.notice_rig import OIN, Telling, party, until
from tests.registers.test_brp import PEOPLE, identify
from tests.throwaway import Database

from landschap.registers import client, store
from landschap.registers.models import Register
from landschap.registers.notices import Notice, event_of, names_a_person
from landschap.registers.store import notices
from landschap.registers.subscriptions import Filters

# Of how we tell, not of whom: looked at one by one below.
_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
OURS = ("id", "time", "sequence", "subscription", "specversion", "sequencetype")


@pytest.fixture(scope="module")
def brp() -> Register:
    return client.read_register(Path(str(files("landschap.registers"))) / "ready" / "brp")


def leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif value is not None:
        yield str(value)


def words(texts: Iterator[str]) -> set[str]:
    """The words and numbers in texts, without the shortest: these say nothing by themselves.

    Neither do the groups of a UUID, of which one is the year of somebody's birth now and then.
    """
    told = (_UUID.sub(" ", text.lower()) for text in texts)
    return {word for text in told for word in re.findall(r"[^\W_]+", text) if len(word) > 3}


async def test_no_value_of_a_person_leaves_in_a_notice_or_a_log(
    database: Database, brp: Register
) -> None:
    """All official fictitious persons are told of; one reader refuses, so that is logged too."""
    if not PEOPLE.is_dir():
        pytest.skip(f"the official fictitious persons are not here ({PEOPLE.name})")
    pool = await database.pool("registers")
    async for _ in store.load(pool, brp, client.read_people(brp, PEOPLE, identify)):
        pass
    rows = await pool.fetch("SELECT inhoud, bron, object_id FROM registers.assertion")
    held = [json.loads(row["inhoud"]) for row in rows if row["inhoud"]]
    personal = words(leaf for each in held for leaf in leaves(each))
    assert len(personal) > 1000
    with structlog.testing.capture_logs() as lines:
        async with aiohttp.ClientSession() as session, party() as reader:
            telling = Telling(database=database, pool=pool, register=brp, session=session)
            about = Filters(type_keys=("brp.persoon",))
            own = await telling.subscribe(bundled=True, filters=about)
            other = await telling.subscribe(peer="00000099000000003000", filters=about)
            reader.answer = lambda event: web.Response(
                status=200 if event["subscription"] == str(own) else 422
            )

            async def told() -> bool:
                behind = await notices.backlogs(pool)
                return behind[own].unread + behind[own].waiting == 0

            async with telling.workers(telling.deps(reader)):
                await until(told, 60)
        taken = [each for each in reader.tried if each["subscription"] == str(own)]
    assert {each["sequence"] for each in taken} == {str(n) for n in range(1, len(rows) + 1)}
    assert any(each["subscription"] == str(other) for each in reader.tried)
    source = f"urn:nld:oin:{OIN}:systeem:brp"
    for each in taken:
        name = f"{source}#{each['sequence']}#{each['time']}"
        assert each["id"] == str(uuid5(NAMESPACE_URL, name))
        assert UUID(each["subscription"]) == own
    said = words(str(value) for each in taken for name, value in each.items() if name not in OURS)
    assert not said & personal
    assert lines
    assert not words(str(value) for line in lines for value in line.values()) & personal


def test_a_persons_own_number_stands_in_no_notice() -> None:
    from tests.registers.rig import NOW, annotated, kind_of, made_up

    kind = kind_of(made_up(naam=annotated()))
    notice = Notice(
        number=9, type_key=kind.key, object_id="123456782", kind="WIJZIGING", registered_at=NOW
    )
    assert not names_a_person(kind)
    object.__setattr__(kind.properties["nummer"], "subject_kind", "bsn")
    assert names_a_person(kind)
    event = event_of(notice, kind, "urn:nld:oin:00000099000000001000:systeem:proef")
    assert "123456782" not in json.dumps(event)
    assert "subject" not in event
    assert event["dataref"] == "/proef/v1/wijzigingen?vanaf=8&limit=1"
