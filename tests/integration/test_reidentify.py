# SPDX-License-Identifier: EUPL-1.2
"""Whose a pseudonym is: the holder of the key finds it, with a record; nobody else does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.integration.extract_rig import MONITOR, NAME, PEOPLE, Village, opened_village

from landschap.cli.composition_extracts import Asked
from landschap.integration.bulk.extracts import Form
from landschap.integration.connectors.bulk.engine import Limits
from landschap.integration.connectors.bulk.office import Told
from landschap.integration.connectors.bulk.reidentifying import Hit, Reidentification, Search
from landschap.integration.connectors.opening import close_doors, open_doors
from landschap.logboek.faults import LogUnavailable
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.records import Kind
from landschap.platform.pseudonym_keys import (
    living_keys,
    newest_pseudonym_key,
    rotate_pseudonym_key,
    shred_pseudonym_key,
)
from landschap.purposes.duties import Duties, pseudonym_of

FIELD = "bewoners.persoon"
REASON = "melding van lood in het water, zaak 2026-17"


@pytest.fixture(scope="module")
async def village(module_database: Any) -> AsyncIterator[Village]:
    """A small municipality."""
    async with opened_village(module_database) as made:
        yield made


def asked(folder: Path) -> Asked:
    return Asked(name=NAME, purpose=MONITOR, form=Form.LINES, folder=folder)


def search(pseudonym: str) -> Search:
    return Search(pseudonym=pseudonym, field=FIELD, reason=REASON, by="m.dewit")


async def pseudonyms(village: Village, folder: Path) -> set[str]:
    """What stands in an extract that is made now."""
    made = await village.room.deliver(asked(folder), Limits(memory_mb=512), Told())
    rows = [json.loads(line) for line in made.file.read_text().splitlines()]
    return {item["persoon"] for row in rows for item in row["bewoners"]}


async def found(
    village: Village, pseudonym: str, keys: dict[int, bytes] | None = None
) -> Hit | None:
    room = village.room
    wish = room.wish(asked(Path()))
    looking = Reidentification(
        room.office, wish, living_keys(room.settings) if keys is None else keys, room.work
    )
    doors = open_doors(wish.declaration, room.around)
    try:
        return await looking.run(search(pseudonym), room.around, doors, Limits(memory_mb=512))
    finally:
        await close_doors(doors)


async def records(village: Village) -> list[Any]:
    pool = await village.database.pool("logboek")
    from landschap.logboek.store import by_trace

    row = await pool.fetchval("SELECT trace_id FROM logboek.record ORDER BY record_id DESC LIMIT 1")
    return list(await by_trace(pool, row))


def test_a_pseudonym_is_known_by_its_answer() -> None:
    """Known-answer: the words are HMAC-SHA-256 under the key, cut to 128 bits."""
    duties = Duties(receiver="00000099000000001000", purpose="https://d.test/p", secret=b"k" * 32)
    words = b"answer\n00000099000000001000\nhttps://d.test/p\nbewoners.persoon\n999990019"
    code = hmac.new(b"k" * 32, words, hashlib.sha256).digest()[:16]
    told = base64.urlsafe_b64encode(code).decode().rstrip("=")
    assert pseudonym_of(duties, FIELD, "999990019") == told
    others = (
        replace(duties, receiver="00000099000000002000"),
        replace(duties, purpose="https://d.test/q"),
        replace(duties, secret=b"l" * 32),
    )
    assert len({told, *(pseudonym_of(each, FIELD, "999990019") for each in others)}) == 4


@pytest.mark.long
async def test_the_holder_alone_finds_a_person_and_the_log_has_it_first(
    village: Village, tmp_path: Path
) -> None:
    settings = village.room.settings
    (first, *_) = sorted(await pseudonyms(village, tmp_path / "een"))
    hit = await found(village, first)
    assert hit is not None
    assert (hit.value in PEOPLE, hit.key_id) == (True, 1)
    told = await records(village)
    kinds = [each.columns.kind for each in told]
    assert sorted(kinds) == sorted([Kind.ADL, Kind.LINE])
    (decision,) = [each for each in told if each.columns.kind == Kind.ADL]
    text = json.dumps(decision.content())
    assert (REASON in text, "m.dewit" in text, "herleiden" in text, first in text) == (
        True, True, True, False,
    )  # fmt: skip
    (line,) = [each for each in told if each.columns.kind == Kind.LINE]
    office = village.room.office
    subject = subject_pseudonym(office.line_key, office.controller, "bsn", str(hit.value))
    assert line.columns.subject == subject

    # Who does not hold the key has nothing to try with, whatever list of numbers there is.
    assert await found(village, first, {1: b"x" * 32}) is None
    assert [each.columns.kind for each in await records(village)] == [Kind.ADL]

    # After a rotation the same persons get others: only the holder can tell that they are the same.
    assert rotate_pseudonym_key(settings) == 2
    number, key = newest_pseudonym_key(settings)
    village.room = replace(
        village.room, office=replace(village.room.office, line_key=key, key_id=number)
    )
    later = await pseudonyms(village, tmp_path / "twee")
    again = {each: await found(village, each) for each in later}
    assert first not in later
    assert {hit.value for hit in again.values() if hit} == set(PEOPLE)
    assert {hit.key_id for hit in again.values() if hit} == {2}
    old = await found(village, first)
    assert old == hit

    # Of a key that was destroyed nobody finds anybody.
    rotate_pseudonym_key(settings)
    shred_pseudonym_key(settings, 2, datetime.now(UTC), lost=False)
    assert await found(village, next(iter(later))) is None
    assert await found(village, first) == hit


@pytest.mark.long
async def test_without_a_log_nothing_is_told(village: Village, tmp_path: Path) -> None:
    class Broken:
        """A log whose database is away."""

        async def append(self, _drafts: Any) -> None:
            """As a writer that can not reach the database says it."""
            raise LogUnavailable("away")

    room = village.room
    village.room = replace(room, office=replace(room.office, log=Broken()))  # type: ignore[arg-type]  # on purpose
    try:
        with pytest.raises(LogUnavailable):
            await found(village, "x" * 22)
    finally:
        village.room = room
