# SPDX-License-Identifier: EUPL-1.2
"""The register that is measured: half of its objects persons, half permits that name a person.

Every object has three versions that follow each other, each registered by an act of its own. The
smaller register goes through the loading path; the larger is made from it by SQL, in the same
tables with all their indexes and checks, because a benchmark may not take an hour.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.models import ObjectType, Register, Registers, parse_register
from landschap.registers.operations import Draft
from landschap.registers.periods import OPEN, Period
from landschap.registers.schemas import DIALECT
from landschap.registers.store import Act, Entry
from landschap.registers.store.rows import Pool
from landschap.registers.timeline import Kind
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Refusal

NAME = "meting"
BEGINS = (date(2010, 1, 1), date(2013, 1, 1), date(2016, 1, 1))
TODAY, THEN = date(2026, 11, 1), date(2014, 6, 1)
# Objects of one kind that have the same `soort`: what a filtered page is cut from.
PER_KIND = 400
_ROWS_PER_ACT = 10_000
_BOTH = {"x-mim-tijdlijn-geldigheid": True, "x-mim-tijdlijn-registratie": True}


def _property(name: str, **more: object) -> dict[str, object]:
    kept = {"title": name, "x-titel-en": name, "x-persoonsgegeven": "geen", "type": "string"}
    return {**kept, **_BOTH, **more}


def _schema(name: str, collection: str, **properties: object) -> dict[str, object]:
    return {
        "$schema": DIALECT, "title": name, "x-titel-en": name, "type": "object",
        "additionalProperties": False, "required": [], "x-collectie": collection,
        "x-identificatie": "nummer", "x-versie": "1.0.0",
        "properties": {
            "nummer": {k: v for k, v in _property("nummer", pattern="^[a-z0-9]+$").items()
                       if k not in _BOTH},
            **properties,
        },
    }  # fmt: skip


def register() -> Registers:
    """The register of persons and permits."""
    person = _schema(
        "Persoon", "personen",
        burgerservicenummer=_property("bsn", **{"x-persoonsgegeven": "identificerend",
                                               "x-onderwerp": "bsn"}),
        naam=_property("naam", **{"x-persoonsgegeven": "gewoon"}),
        plaats=_property("plaats", **{"x-persoonsgegeven": "gewoon"}),
    )  # fmt: skip
    permit = _schema(
        "Vergunning", "vergunningen",
        soort=_property("soort", **{"x-zoekbaar": True}),
        status=_property("status"),
        omschrijving=_property("omschrijving"),
        houder=_property("houder", **{"x-verwijst-naar": "persoon"}),
    )  # fmt: skip
    head: dict[str, JsonValue] = {"naam": NAME, "klok": "eigen", "dialect": "standaard"}
    made = parse_register(head, {"persoon": person, "vergunning": permit}, NAME)  # type: ignore[dict-item]  # plain JSON
    return Registers({NAME: made})


def test_numbers() -> list[str]:
    """The numbers of the range of test persons, 99999xxxx, that pass the eleven-test."""
    weights = (9, 8, 7, 6, 5, 4, 3, 2, -1)
    texts = (f"99999{last:04d}" for last in range(10_000))
    return [t for t in texts if sum(w * int(c) for w, c in zip(weights, t, strict=True)) % 11 == 0]


def object_id(kind: str, number: int) -> str:
    """The id of an object: the letter of its kind and a number."""
    return f"{kind[0]}{number:09d}"


def content(kind: str, number: int, version: int, numbers: list[str]) -> dict[str, JsonValue]:
    """What an object says in a version."""
    if kind == "persoon":
        return {
            "burgerservicenummer": numbers[number % len(numbers)],
            "naam": f"Persoon {number}",
            "plaats": f"plaats {version}",
        }
    return {
        "soort": f"soort{number // PER_KIND}",
        "status": f"status {version}",
        "omschrijving": f"vergunning {number} voor een uitweg aan de openbare weg",
        "houder": object_id("persoon", number),
    }


async def load(pool: Pool, made: Register, objects: int) -> int:
    """Half of the objects of each kind through the loading path; returns the rows added."""
    numbers, rows = test_numbers(), 0
    for act in _acts(made, objects // 2, numbers):
        done = await store.write(pool, act)
        if isinstance(done, Refusal):
            raise SystemExit(done.detail)
        rows += done.added
    return rows


def _acts(made: Register, each: int, numbers: list[str]) -> Iterator[Act]:
    for version, begin in enumerate(BEGINS):
        for kind in made.types.values():
            for first in range(0, each, _ROWS_PER_ACT):
                last = min(first + _ROWS_PER_ACT, each)
                entries = [
                    _entry(kind, number, version, begin, numbers) for number in range(first, last)
                ]
                yield Act(register=made, transaction_id=uuid7(), entries=entries)


def _entry(kind: ObjectType, number: int, version: int, begin: date, numbers: list[str]) -> Entry:
    (group,) = kind.groups
    draft = Draft(
        period=Period(begin, OPEN),
        kind=Kind.CHANGE,
        content=content(kind.name, number, version, numbers),
        group=group,
    )
    return Entry(type=kind, object_id=object_id(kind.name, number), draft=draft)


async def one_more(pool: Pool, made: Register) -> None:
    """An act after all others, so that the moment before it is another state of knowledge."""
    kind = made.types["vergunning"]
    entry = _entry(kind, 0, 2, date(2020, 1, 1), test_numbers())
    await store.write(pool, Act(register=made, transaction_id=uuid7(), entries=[entry]))


_GROW_ACT = """
INSERT INTO registers.act (register, last_number, first_number, registered_at, transaction_id)
SELECT $1, max(last_number) + $2, max(last_number) + 1,
       greatest(clock_timestamp(), max(registered_at) + interval '1 microsecond'), $3
FROM registers.act WHERE register = $1 RETURNING first_number, registered_at
"""
_CONTENTS = {
    "persoon": """jsonb_build_object('burgerservicenummer', ($5::text[])[1 + n %
        cardinality($5::text[])], 'naam', 'Persoon ' || n, 'plaats', 'plaats ' || $4::int)""",
    "vergunning": f"""jsonb_build_object('soort', 'soort' || n / {PER_KIND}, 'status',
        'status ' || $4::int, 'omschrijving', 'vergunning ' || n ||
        ' voor een uitweg aan de openbare weg' || coalesce(($5::text[])[0], ''),
        'houder', 'p' || lpad(n::text, 9, '0'))""",
}


async def grow(
    owner: Pool, made: Register, before: int, objects: int, *, tell: Callable[[str], None]
) -> int:
    """Add objects by SQL, from ``before`` to ``objects``; returns the rows added."""
    numbers, rows = test_numbers(), 0
    first, last = before // 2, objects // 2
    for version, begin in enumerate(BEGINS):
        for kind in made.types.values():
            act = await owner.fetchrow(_GROW_ACT, made.name, last - first, uuid7())
            letter, (group,) = kind.name[0], kind.groups
            await owner.execute(
                f"""INSERT INTO registers.assertion (object_type, object_id, groep, seq, volgnummer,
                        valid_from, registered_at, soort, inhoud, bron, model_version,
                        transaction_id)
                    SELECT '{kind.key}', '{letter}' || lpad(n::text, 9, '0'), '{group}',
                           $4::int + 1, $1::bigint + n - $2::int, '{begin}', $3, 'WIJZIGING',
                           {_CONTENTS[kind.name]}, '{{}}', '{kind.version}', gen_random_uuid()
                    FROM generate_series($2::int, $6::int - 1) n""",
                act["first_number"], first, act["registered_at"], version, numbers, last,
            )  # fmt: skip
            rows += last - first
            tell(f"version {version + 1} of {kind.key}: {rows:,} rows")
    for kind in made.types.values():
        await owner.execute(_GROW_TIMELINES, kind.key, f"{kind.name[0]}{first:09d}")
        tell(f"timelines of {kind.key}")
    for table in ("assertion", "projection", "act"):
        await owner.execute(f"VACUUM ANALYZE registers.{table}")
    return rows


# What `registers.project` would derive: each version until the next one begins.
_GROW_TIMELINES = """
INSERT INTO registers.projection
SELECT object_type, object_id, groep, valid_from,
       lead(valid_from, 1, 'infinity') OVER (PARTITION BY object_id, groep ORDER BY valid_from),
       seq, inhoud, volgnummer, registered_at, source_registered_at
FROM registers.assertion WHERE object_type = $1 AND object_id >= $2
"""
_SAMPLE = """
SELECT count(*) FROM registers.derived($1, 'eigen', $2) d
FULL JOIN (SELECT * FROM registers.projection WHERE object_type = $1 AND object_id = ANY ($2)) p
     USING (object_id, groep, valid_from)
WHERE (d.valid_to, d.seq, d.inhoud, d.volgnummer, d.registered_at)
      IS DISTINCT FROM (p.valid_to, p.seq, p.inhoud, p.volgnummer, p.registered_at)
"""


async def check(owner: Pool, made: Register, objects: int) -> None:
    """The timelines that were made here are those that the product derives. Raises SystemExit."""
    for kind in made.types.values():
        ids = [object_id(kind.name, number) for number in range(0, objects // 2, objects // 400)]
        if await owner.fetchval(_SAMPLE, kind.key, ids):
            raise SystemExit(f"{kind.key}: the timelines are not those of registers.derived")
