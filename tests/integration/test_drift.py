# SPDX-License-Identifier: EUPL-1.2
"""A copy beside its source: what counts as drift, whole collections, and in shadow."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from tests.integration.small import TEXT, small
from tests.integration.source_rig import patient

from landschap.integration.connectors.comparing import Listing, Shadow, Side, compare
from landschap.integration.connectors.fanout import Occasion
from landschap.integration.connectors.memory import MemoryConnector
from landschap.integration.connectors.opening import (
    Surroundings,
    close_doors,
    open_doors,
    read_declarations,
)
from landschap.integration.drift import FieldDrift, Outcome, common_fields, differences
from landschap.integration.merge import Gap, Merged
from landschap.integration.mistakes import DeclarationError
from landschap.integration.model import Column, Subject
from landschap.integration.rows import Moment, Reason

OCCASION = Occasion(
    moment=Moment(valid_on=date(2026, 11, 30), known_at=datetime.now(UTC), today=True, now=True)
)


def merged(*records: dict[str, Any], gaps: tuple[Gap, ...] = ()) -> Merged:
    return Merged(records=records, provenance={}, gaps=gaps)


@pytest.mark.parametrize(
    ("copy", "source", "outcome"),
    [
        ([{"a": "x"}], [{"a": "x"}], Outcome.EQUAL),
        ([{"a": "x"}], [{"a": "y"}], Outcome.DIFFERENT),
        ([{"a": "1"}], [{"a": 1}], Outcome.DIFFERENT),
        ([{"a": 12.0}], [{"a": 12}], Outcome.EQUAL),
        ([{"a": None}], [{}], Outcome.EQUAL),
        ([{"a": ""}], [{"a": None}], Outcome.EQUAL),
        ([{"a": False}], [{"a": None}], Outcome.COPY_ONLY),
        ([{"a": 0}], [{"a": None}], Outcome.COPY_ONLY),
        ([{"a": "x"}], [], Outcome.COPY_ONLY),
        ([], [{"a": "x"}], Outcome.SOURCE_ONLY),
        ([], [], Outcome.EQUAL),
        ([{"a": "x"}, {"a": "y"}], [{"a": "y"}, {"a": "x"}], Outcome.EQUAL),
        ([{"a": "x"}, {"a": "x"}], [{"a": "x"}], Outcome.DIFFERENT),
        ([{"a": ["x", "y"]}], [{"a": ["y", "x"]}], Outcome.DIFFERENT),
    ],
)
def test_what_differs(copy: list[Any], source: list[Any], outcome: Outcome) -> None:
    (found,) = differences("k", merged(*copy), merged(*source), ["a"])
    assert found.outcome is outcome


def test_fields_of_a_group_and_of_a_list_are_found_by_their_path() -> None:
    one = merged({"adres": {"straat": "A"}, "personen": [{"naam": "B"}, {"naam": "C"}]})
    other = merged({"adres": {"straat": "A"}, "personen": [{"naam": "C"}, {"naam": "D"}]})
    street, name = differences("k", one, other, ["adres.straat", "personen.naam"])
    assert street.outcome is Outcome.EQUAL
    assert (name.outcome, name.copy, name.source) == (
        Outcome.DIFFERENT, ("B", "C"), ("C", "D"),
    )  # fmt: skip


def test_what_one_could_not_give_is_unknown_and_no_drift() -> None:
    gone = Gap("bron", Reason.TOO_LATE, "a")
    drift = FieldDrift()
    for gaps in ((gone,), ()):
        (found,) = differences("k", merged({"a": "x"}), merged({}, gaps=gaps), ["a"])
        drift.see(found)
    assert drift.counts == dict.fromkeys(Outcome, 0) | {Outcome.UNKNOWN: 1, Outcome.COPY_ONLY: 1}
    assert [each.outcome for each in drift.examples] == [Outcome.COPY_ONLY]
    from_elsewhere = Gap("bron", Reason.TOO_LATE, "a", 0, replaced=True)
    (found,) = differences("k", merged({"a": "x"}), merged({"a": "x"}, gaps=(from_elsewhere,)), "a")
    assert found.outcome is Outcome.EQUAL


# --- a whole collection: a file that is a copy of a table ----------------------------------------

COPY = """\
logische_bron: vergunningen-kopie
versie: 1.0.0
sleutel: nummer
bronnen:
  kopie:
    soort: bestand
    pad: kopie.csv
    vorm: csv
    csv: {scheiding: ";", aanhaling: '"', codering: utf-8}
    sleutels: [nr]
    bronhouder: A
wortel: {bron: kopie, op: nr}
velden:
  nummer: {uit: [kopie.nr]}
  besluit: {uit: [kopie.besluit], zet_om: [{code: {V: verleend, G: geweigerd}}]}
  leges: {uit: [kopie.leges], zet_om: [getal]}
  oud: {uit: [kopie.oud]}
"""
SOURCE = """\
logische_bron: vergunningen
versie: 1.0.0
sleutel: nummer
schaduw: vergunningen-kopie
bronnen:
  bron: {soort: database, verbinding: bron.dsn, tabel: besluiten, sleutels: [nummer], bronhouder: A}
wortel: {bron: bron, op: nummer}
velden:
  nummer: {uit: [bron.nummer]}
  leges: {uit: [bron.leges]}
  besluit: {uit: [bron.besluit]}
"""


OWNER_OF_COPY = Subject(column=Column(source="kopie", name="nr"), kind="bsn")
OWNER = Subject(column=Column(source="bron", name="besluit"), kind="rsin")


@pytest.fixture
async def sides(tmp_path: Path) -> AsyncIterator[tuple[Side, Side]]:
    """Two logical sources, with some drift between them."""
    with closing(sqlite3.connect(tmp_path / "bron.sqlite")) as made:
        made.execute("CREATE TABLE besluiten (nummer TEXT, besluit TEXT, leges NUMERIC)")
        rows = [("OV-1", "verleend", 10), ("OV-2", "verleend", None), ("OV-4", "verleend", 1)]
        made.executemany("INSERT INTO besluiten VALUES (?, ?, ?)", rows)
        made.commit()
    (tmp_path / "bron.dsn").write_text(f"sqlite:///{tmp_path}/bron.sqlite")
    lines = ["nr;besluit;leges;oud", "OV-2;G;7,5;x", "OV-1;V;10.00;x", "OV-3;V;3;x", "OV-1;V;10;x"]
    (tmp_path / "kopie.csv").write_text("\n".join(lines))
    (tmp_path / "kopie.yaml").write_text(COPY)
    (tmp_path / "bron.yaml").write_text(SOURCE)
    declared = {name: patient(one) for name, one in read_declarations(tmp_path).items()}
    around = Surroundings(secrets=tmp_path, folder=tmp_path, snapshots=tmp_path / "m")
    made_sides = [
        Side(declaration=declared[name], doors=open_doors(declared[name], around))
        for name in ("vergunningen-kopie", "vergunningen")
    ]
    yield made_sides[0], made_sides[1]
    await close_doors(*(side.doors for side in made_sides))


async def test_every_key_is_compared_after_conversion(sides: tuple[Side, Side]) -> None:
    copy, source = sides
    door = copy.doors["kopie"]
    assert isinstance(door, Listing)
    keys = await door.every_key("nr", 10)
    assert keys == ["OV-1", "OV-2", "OV-3"]
    assert await door.every_key("nr", 2) == keys[:2]
    paths = common_fields(copy.declaration, source.declaration)
    assert paths == ("nummer", "leges", "besluit")
    seen = {path: FieldDrift() for path in paths}
    async for one in compare(copy, source, [*keys, "OV-4"], OCCASION):
        assert one.subjects == frozenset()
        for each in one.differences:
            seen[each.field].see(each)
    told = {path: {o.value: n for o, n in one.counts.items() if n} for path, one in seen.items()}
    assert told == {
        # OV-1 stands twice in the copy; what can not be converted in OV-2 is unknown.
        "nummer": {"equal": 1, "different": 1, "copy_only": 1, "source_only": 1},
        "leges": {"unknown": 1, "different": 1, "copy_only": 1, "source_only": 1},
        "besluit": {"different": 2, "copy_only": 1, "source_only": 1},
    }


async def test_whose_data_it_is_both_declarations_tell(
    sides: tuple[Side, Side], tmp_path: Path
) -> None:
    copy, source = (
        replace(side, declaration=replace(side.declaration, subject=subject))
        for side, subject in zip(sides, (OWNER_OF_COPY, OWNER), strict=True)
    )
    (one,) = [each async for each in compare(copy, source, ["OV-2"], OCCASION)]
    assert one.subjects == {("bsn", "OV-2"), ("rsin", "verleend")}
    # Who can not be told has no line, so nothing is told of what the copy says.
    (tmp_path / "bron.sqlite").unlink()
    await close_doors(sides[1].doors)
    (one,) = [each async for each in compare(sides[0], source, ["OV-2"], OCCASION)]
    assert {each.outcome for each in one.differences} == {Outcome.UNKNOWN}
    assert [(each.copy, each.source) for each in one.differences] == [((), ())] * 3


async def test_the_keys_of_a_table_are_told_too(sides: tuple[Side, Side]) -> None:
    door = sides[1].doors["bron"]
    assert isinstance(door, Listing)
    assert await door.every_key("nummer", 2) == ["OV-1", "OV-2"]


# --- in shadow ----------------------------------------------------------------------------------


def counted(metrics: CollectorRegistry) -> dict[tuple[str, str], float]:
    (family,) = [one for one in metrics.collect() if one.name == "landschap_integration_shadow"]
    return {
        (sample.labels["field"], sample.labels["outcome"]): sample.value
        for sample in family.samples
        if sample.name.endswith("_total")
    }


async def test_the_copy_is_compared_with_what_was_answered_on_the_asked_fields(
    sides: tuple[Side, Side],
) -> None:
    copy, source = sides
    metrics = CollectorRegistry()
    shadow = Shadow({"vergunningen-kopie": copy}, metrics)
    answer = merged({"nummer": "OV-2", "besluit": "verleend", "leges": None})
    shadow.follow(source.declaration, {"besluit", "nummer"}, "OV-2", OCCASION, answer)
    async with asyncio.timeout(40):
        await shadow.settled()
    assert counted(metrics) == {("nummer", "equal"): 1.0, ("besluit", "different"): 1.0}


async def test_a_copy_that_fails_or_is_slow_is_unknown_and_nobody_waits() -> None:
    declaration = small()
    door = MemoryConnector(failing=Reason.UNREACHABLE)
    doors = dict.fromkeys(declaration.sources, door)
    metrics = CollectorRegistry()
    shadow = Shadow({"bewoning": Side(declaration=declaration, doors=doors)}, metrics)
    followed = small("schaduw: bewoning\n" + TEXT)
    for _ in range(40):
        shadow.follow(followed, {"postcode"}, "na1", OCCASION, merged({"postcode": "1384CA"}))
    async with asyncio.timeout(40):
        await shadow.settled()
    # So many at the same time; what comes on top is left out and counted.
    assert counted(metrics) == {("postcode", "unknown"): 32.0, ("", "left_out"): 8.0}


def test_a_shadow_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "bron.yaml").write_text(SOURCE)
    with pytest.raises(DeclarationError, match="'vergunningen-kopie' is no logical source here"):
        read_declarations(tmp_path)
    other = (
        COPY.replace("  nummer:", "  x:").replace("  besluit:", "  y:").replace("  leges:", "  z:")
    )
    (tmp_path / "kopie.yaml").write_text(other.replace("sleutel: nummer", "sleutel: x"))
    with pytest.raises(DeclarationError, match="has no field in common with it"):
        read_declarations(tmp_path)
