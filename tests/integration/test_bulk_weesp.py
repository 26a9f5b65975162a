# SPDX-License-Identifier: EUPL-1.2
"""All objects of Weesp: what sets give is what each object gives, by every engine."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from tests.integration.bulk_rig import (
    Engine,
    all_fields,
    compiled,
    leaving,
    of_key,
    plain,
    single,
    staged,
)
from tests.integration.small import MOMENT, row, small
from tests.integration.source_rig import DECLARATION
from tests.integration.spark_rig import running_spark
from tests.integration.test_bulk_plan import ONE, ROWS, STEPS, VALUES, WINS
from tests.registers.rig import FULL

from landschap.integration.bulk.assembling import Leaving, records_of
from landschap.integration.bulk.dialects import SPARK
from landschap.integration.connectors.bulk.gathering import Gathered, gathered
from landschap.integration.connectors.bulk.scanning import Scan, scanned
from landschap.integration.connectors.opening import Surroundings, open_doors, read_declaration
from landschap.integration.declaration import parse_declaration
from landschap.integration.model import Declaration
from landschap.integration.plan import Plan, make_plan
from landschap.integration.rows import Connector, Moment, Question, Reason, Row, key_text

pytestmark = pytest.mark.long

FILE = Path(__file__).with_name("bulk_weesp.yaml")
DAY = replace(MOMENT, valid_on=date(2021, 3, 1), today=False)
NO_SAIL = "the extra `sail` (pysail, pyspark-client) is not installed"


@dataclass(frozen=True, kw_only=True)
class Weesp:
    """All rows as tables, and what each object gives."""

    how: Leaving
    found: Gathered
    folder: Path
    singles: list[dict[str, Any]]


async def looked_at(engine: Engine, found: Gathered) -> Gathered:
    """With what the engine knows of keys that stand twice."""
    unique = {}
    for each in found.tables.values():
        sql = f"SELECT key FROM {each.name} WHERE key <> '' GROUP BY key HAVING count(*) > 1"
        unique[each.name] = not engine.rows(sql, found.views)
    return found.with_unique(unique)


class Indexed:
    """The rows of a source by key, all read once: what its own door gives, without the waiting."""

    def __init__(self, rows: Sequence[Row], by: str) -> None:
        self._by_key: dict[str, list[Row]] = {}
        for one in rows:
            self._by_key.setdefault(key_text(one.values.get(by)), []).append(one)

    async def rows(self, question: Question) -> Sequence[Row]:
        """The rows of all keys."""
        return [row for key in question.keys for row in self._by_key.get(key, ())]


async def indexed(plan: Plan, around: Surroundings, moment: Moment) -> dict[str, Connector]:
    """A door to all rows of each source of a plan."""
    doors: dict[str, Connector] = {}
    for ask in plan.asks:
        columns = tuple(dict.fromkeys((ask.by, *ask.columns)))
        scan = Scan(source=ask.source, by=ask.by, columns=columns, moment=moment)
        rows = [row async for part in scanned(scan, around, {}) for row in part]
        doors[ask.source.name] = Indexed(rows, ask.by)
    return doors


async def both(
    declaration: Declaration,
    around: Surroundings,
    folder: Path,
    moment: Moment,
    keys: list[str],
    doors: Mapping[str, Connector] | None = None,
) -> Weesp:
    """Both ways to all objects."""
    plan = make_plan(declaration, declaration.fields)
    how = replace(leaving(plan), day=moment.valid_on)
    doors = doors or open_doors(declaration, around)
    found = await gathered(plan, moment, around, doors, folder, direct_files=False)
    singles = [one for key in keys for one in await single(how, key, doors, moment)]
    return Weesp(how=how, found=found, folder=folder, singles=singles)


def keys_of(found: Gathered, engine: Engine, root: str) -> list[str]:
    table = found.tables[root]
    rows = engine.rows(f"SELECT DISTINCT key FROM {table.name} WHERE key <> ''", found.views)
    return [each["key"] for each in rows]


@pytest.fixture(scope="module")
async def weesp(tmp_path_factory: pytest.TempPathFactory) -> Weesp:
    """Every address of the BAG of Weesp, from its files."""
    if not FULL.is_dir():
        pytest.skip(f"the whole BAG of Weesp is not at {FULL.name} beside the project")
    folder = tmp_path_factory.mktemp("weesp")
    declaration = read_declaration(FILE)
    around = Surroundings(folder=FULL, snapshots=folder / "momentopnamen")
    plan = make_plan(declaration, ["nummeraanduiding"])
    first = await gathered(plan, DAY, around, {}, folder, direct_files=False)
    engine = Engine(folder)
    keys = keys_of(first, engine, "adressen")
    engine.close()
    every = make_plan(declaration, declaration.fields)
    made = await both(declaration, around, folder, DAY, keys, await indexed(every, around, DAY))
    # The doors that answer questions give the same rows: looked at for some of all addresses.
    asked = open_doors(declaration, around)
    some = [one for key in keys[::40] for one in await single(made.how, key, asked, DAY)]
    assert set(plain(some)) <= set(plain(made.singles))
    return made


async def test_every_address_of_weesp_is_the_same_both_ways(weesp: Weesp) -> None:
    engine = Engine(weesp.folder)
    found = await looked_at(engine, weesp.found)
    records = engine.records(weesp.how, found)
    engine.close()
    assert len(records) > 12_000
    assert plain(records) == plain(weesp.singles)


async def test_every_resident_of_the_demo_is_the_same_both_ways(world: Any, tmp_path: Path) -> None:
    """Registers with two time axes, and a service that is asked page by page."""
    declaration = read_declaration(DECLARATION)
    plan = make_plan(declaration, ["burgerservicenummer"])
    first = await gathered(plan, DAY, world.surroundings, {}, tmp_path)
    engine = Engine(tmp_path)
    keys = keys_of(first, engine, "inwoners")
    made = await both(declaration, world.surroundings, tmp_path, DAY, keys)
    records = engine.records(made.how, await looked_at(engine, made.found))
    engine.close()
    assert len(records) > 50
    assert plain(records) == plain(made.singles)


# The distributed engine --------------------------------------------------------------------


@pytest.fixture(scope="module", params=["sail", "spark"])
def spark(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    """A session with Sail, as a cluster of two workers on this machine, and one with Spark."""
    if importlib.util.find_spec("pysail") is None or importlib.util.find_spec("pyspark") is None:
        pytest.skip(NO_SAIL)
    from landschap.integration.connectors.bulk.sail import opened_session

    with ExitStack() as stack:
        address = ""
        if request.param == "spark":
            address = stack.enter_context(running_spark(tmp_path_factory.mktemp("spark")))
        yield stack.enter_context(opened_session(address, workers=2))


def by_spark(session: Any, how: Leaving, found: Gathered, folder: Path) -> list[dict[str, Any]]:
    from landschap.integration.connectors.bulk.sail import rows_of

    made = compiled(how.plan, found, SPARK)
    rows = rows_of(session, made.sql, dict.fromkeys(found.views, folder))
    return [dict(each) for each in records_of(rows, made, how).records]


async def test_the_same_plan_gives_the_same_on_a_cluster(weesp: Weesp, spark: Any) -> None:
    engine = Engine(weesp.folder)
    found = await looked_at(engine, weesp.found)
    engine.close()
    assert plain(by_spark(spark, weesp.how, found, weesp.folder)) == plain(weesp.singles)


async def test_conversions_conflicts_and_lists_are_the_same_on_a_cluster(
    spark: Any, tmp_path: Path
) -> None:
    steps = "".join(f"  f{chr(97 + n)}: {{uit: [a.v], zet_om: {s}}}\n" for n, s in enumerate(STEPS))
    values = [row(f"{n}", id=f"{n}", v=value) for n, value in enumerate(VALUES)]
    converted = parse_declaration(ONE.format("[]") + steps, "x.yaml")
    for number, (declaration, rows) in enumerate(((converted, {"a": values}), (small(WINS), ROWS))):
        folder = tmp_path / str(number)
        folder.mkdir()
        how = leaving(all_fields(declaration))
        found = staged(how.plan, rows, folder)
        given = rows[how.plan.root.source.name]
        assert not isinstance(given, Reason)
        keys = dict.fromkeys(key_text(one.values.get(how.plan.root.by)) for one in given)
        singles = [one for key in keys if key for one in of_key(how, rows, key)]
        assert plain(by_spark(spark, how, found, folder)) == plain(singles)
