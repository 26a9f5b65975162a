# SPDX-License-Identifier: EUPL-1.2
"""Databases of other systems as sources: real PostgreSQL and SQLite, other dialects as text."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import Column, Date, Integer, MetaData, String, Table
from sqlalchemy.dialects import mssql, mysql, oracle, postgresql, sqlite
from tests.integration.other_rig import TODAY, asked, declared, door, values
from tests.ports import free_port
from tests.throwaway import Database

from landschap.integration.access import PeriodPaths
from landschap.integration.connectors import database
from landschap.integration.connectors.database import (
    DatabaseConnector,
    InvalidAddress,
    address_of,
    open_engine,
)
from landschap.integration.connectors.opening import close_doors
from landschap.integration.connectors.postgresql import ShortWay
from landschap.integration.model import Axes
from landschap.integration.rows import Reason, SourceFailed
from landschap.integration.sql import Shape, UnknownColumn, statement
from landschap.integration.sql import values as values_of

SUZANNE, BRAM = "999993653", "999990019"
SOURCE = "    soort: database\n    verbinding: brp.dsn\n    tabel: brp.personen\n"
DATED = SOURCE + "    tijd: geldig\n    periode: {begin: vanaf, eind: tot, registratie: geboekt}\n"
COLUMNS_OF_KINDS = (
    "SELECT column_name AS name FROM information_schema.columns WHERE table_name = 'soorten'"
)
PERSONS = """
CREATE SCHEMA brp;
CREATE TABLE brp.personen (
  bsn text, nummer integer, naam text, geboortedatum date, bedrag numeric(9, 2), geheim text,
  vanaf date, tot date, geboekt timestamptz
);
INSERT INTO brp.personen VALUES
  ('999993653', 1, 'Moulin', '1985-12-01', 12.50, 'x', '2010-01-01', '2020-01-01', '2010-01-02 10:00+01'),
  ('999993653', 1, 'Moulin-de Wit', '1985-12-01', 12.00, 'x', '2020-01-01', NULL, '2020-01-03 10:00+01'),
  ('999990019', 2, 'Bakker', NULL, NULL, 'x', '2001-05-01', NULL, '2001-05-01 09:00+02');
"""


@pytest.fixture(scope="module")
async def brp(module_database: Database, tmp_path_factory: Any) -> AsyncIterator[Path]:
    """A folder with the address of a table of persons, as a role that may read some columns."""
    owner = await module_database.administrator()
    await owner.execute(PERSONS)
    role = f"lezer_{module_database.name}"
    await owner.execute(
        f"CREATE ROLE {role} LOGIN PASSWORD 'proef';"
        f"GRANT USAGE ON SCHEMA brp TO {role};"
        f"GRANT SELECT (bsn, nummer, naam, geboortedatum, bedrag, vanaf, tot, geboekt)"
        f" ON brp.personen TO {role}"
    )
    folder = tmp_path_factory.mktemp("brp")
    dsn = module_database.settings.postgres.dsn or ""
    (folder / "brp.dsn").write_text(f"postgresql://{role}:proef@{dsn.partition('@')[2]}\n")
    yield folder
    await owner.execute(f"DROP OWNED BY {role}; DROP ROLE {role}; DROP SCHEMA brp CASCADE")
    await owner.close()


@pytest.fixture
async def opened() -> AsyncIterator[list[Any]]:
    """Doors that are closed after the test."""
    doors: list[Any] = []
    yield doors
    await close_doors(*({"bron": each} for each in doors))


def reach(opened: list[Any], folder: Path, source: str = SOURCE) -> DatabaseConnector:
    made = door(declared(source), folder)
    assert isinstance(made, DatabaseConnector)
    opened.append(made)
    return made


async def reason_of(made: DatabaseConnector, *columns: str) -> Reason:
    with pytest.raises(SourceFailed) as caught:
        await made.rows(asked(SUZANNE, columns=columns))
    return caught.value.reason


async def test_rows_come_by_key_with_the_asked_columns_only(brp: Path, opened: list[Any]) -> None:
    made = reach(opened, brp)
    question = asked(BRAM, "000000000", columns=["naam", "geboortedatum", "bedrag"])
    assert values(await made.rows(question)) == [
        {"naam": "Bakker", "geboortedatum": None, "bedrag": None}
    ]
    (old, new) = await made.rows(asked(SUZANNE, columns=["geboortedatum", "bedrag"]))
    assert dict(old.values) == {"geboortedatum": "1985-12-01", "bedrag": 12.5}
    assert new.values["bedrag"] == 12


async def test_with_a_period_a_row_is_asked_as_of_the_day(brp: Path, opened: list[Any]) -> None:
    made = reach(opened, brp, DATED)
    for day, name in ((date(2019, 12, 31), "Moulin"), (date(2020, 1, 1), "Moulin-de Wit")):
        (row,) = await made.rows(asked(SUZANNE, columns=["naam"], day=day))
        assert row.values["naam"] == name
    assert (row.begin, row.end, row.clock) == ("2020-01-01", None, "bron")
    assert row.registered == "2020-01-03T09:00:00Z"
    assert await made.rows(asked(SUZANNE, columns=["naam"], day=date(2009, 12, 31))) == []


async def test_a_day_begins_here_where_a_column_holds_moments(brp: Path, opened: list[Any]) -> None:
    moments = DATED.replace("begin: vanaf, eind: tot", "begin: geboekt")
    made = reach(opened, brp, moments)
    for day, found in ((date(2010, 1, 2), 0), (date(2010, 1, 3), 1), (date(2020, 1, 4), 2)):
        assert len(await made.rows(asked(SUZANNE, columns=["naam"], day=day))) == found


async def test_a_key_is_asked_in_the_kind_of_its_column_or_not_at_all(
    brp: Path, opened: list[Any]
) -> None:
    made = door(declared(SOURCE, column="nummer"), brp)
    opened.append(made)
    wide = ("99999999999", "99999999999999999999999")
    for keys in (["2"], ["2", "geen getal", "02", "\u0662", *wide]):
        (row,) = await made.rows(asked(*keys, columns=["naam"], by="nummer"))
        assert (row.id, row.values["naam"]) == ("2", "Bakker")
    assert await made.rows(asked("geen getal", columns=["naam"], by="nummer")) == []


async def test_what_is_not_permitted_is_never_asked_of_the_database(
    brp: Path, opened: list[Any]
) -> None:
    """Its own rights say so: a column that we may not read would end the question."""
    made = reach(opened, brp)
    assert len(await made.rows(asked(SUZANNE, columns=["naam"]))) == 2
    assert await reason_of(made, "geheim") is Reason.UNREADABLE


async def test_the_connection_can_write_nothing(brp: Path) -> None:
    engine = open_engine(address_of((brp / "brp.dsn").read_text()), 1, 1000)
    try:
        async with engine.connect() as connection:
            shown = await connection.exec_driver_sql("SHOW default_transaction_read_only")
            assert shown.scalar() == "on"
    finally:
        await engine.dispose()


async def test_a_table_that_changed_is_seen_anew(
    module_database: Database, opened: list[Any], brp: Path
) -> None:
    made = reach(opened, brp)
    assert len(await made.rows(asked(SUZANNE, columns=["naam"]))) == 2
    assert await reason_of(made, "bijnaam") is Reason.UNREADABLE
    owner = await module_database.administrator()
    await owner.execute("ALTER TABLE brp.personen ADD bijnaam text DEFAULT 'Suus'")
    await owner.execute(f"GRANT SELECT (bijnaam) ON brp.personen TO lezer_{module_database.name}")
    await owner.close()
    (row, _) = await made.rows(asked(SUZANNE, columns=["bijnaam"]))
    assert row.values["bijnaam"] == "Suus"


async def test_a_database_that_is_away_or_keeps_us_out_is_a_reason_without_its_words(
    tmp_path: Path, opened: list[Any], brp: Path
) -> None:
    right = (brp / "brp.dsn").read_text()
    for text in ("postgresql://a:geheim@127.0.0.1:1/x", right.replace(":proef@", ":fout@")):
        (tmp_path / "brp.dsn").write_text(text)
        assert await reason_of(reach(opened, tmp_path), "naam") is Reason.UNREACHABLE


async def test_a_source_that_keeps_failing_is_left_alone_for_a_while(
    tmp_path: Path, opened: list[Any]
) -> None:
    (tmp_path / "brp.dsn").write_text("postgresql://a:geheim@127.0.0.1:1/x")
    made = reach(opened, tmp_path)
    reasons = [await reason_of(made, "naam") for _ in range(7)]
    assert set(reasons[:5]) == {Reason.UNREACHABLE}
    assert reasons[-1] is Reason.SUSPENDED


KINDS = """
CREATE TABLE brp.soorten AS SELECT
  'K' || n % 40 AS tekst, (n % 30)::int AS getal, ('K' || n % 20)::varchar(4) AS kort,
  ('00000000-0000-0000-0000-0000000000' || lpad((n % 25)::text, 2, '0'))::uuid AS uuid,
  ('K' || n % 10)::char(6) AS vast, DATE '2020-01-01' + n % 15 AS dag, n % 2 = 0 AS waar,
  n * 1.25::numeric(9, 2) AS bedrag, n / 3::float8 AS breuk, now() + n * interval '1 day' AS tijd,
  localtimestamp AS wand, json_build_object('n', n) AS los, ARRAY[n, 1] AS rij,
  CASE WHEN n % 3 = 0 THEN NULL ELSE DATE '2020-01-01' + n END AS vanaf, NULL::date AS tot
  FROM generate_series(1, 90) n;
ALTER TABLE brp.soorten ALTER tekst TYPE text;
"""
KEYS = {
    "tekst": ["K1", "K39", "k1", "K", "K1 "], "getal": ["1", "01", "29", "x", "99999999999"],
    "kort": ["K19", "K1", "K19 "], "vast": ["K1", "K2    "], "dag": ["2020-01-03", "2020"],
    "uuid": ["00000000-0000-0000-0000-000000000007", "00000000-0000-0000-0000-0000000000A7", "7"],
}  # fmt: skip
KINDS_SOURCE = SOURCE.replace("personen", "soorten")


async def test_questions_that_are_asked_together_get_what_each_would_get_alone(
    brp: Path, module_database: Database, opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = await module_database.administrator()
    await owner.execute(KINDS + f"GRANT SELECT ON brp.soorten TO lezer_{module_database.name}")
    columns = [each["name"] for each in await owner.fetch(COLUMNS_OF_KINDS)]
    await owner.close()
    at_once: list[int] = []
    real = ShortWay._together

    async def counted(self: ShortWay, shape: Shape, day: date, asked: Any) -> Any:
        at_once.append(len(asked))
        return await real(self, shape, day, asked)

    monkeypatch.setattr(ShortWay, "_together", counted)
    chance = Random(4)
    for by, keys in KEYS.items():
        dated = KINDS_SOURCE + "    tijd: geldig\n    periode: {begin: vanaf, eind: tot}\n"
        made = door(declared(dated, column=by), brp)
        opened.append(made)
        assert isinstance(made, DatabaseConnector)
        shapes = [chance.sample(columns, chance.randint(1, 5)) for _ in range(4)]
        questions = [
            asked(
                *chance.sample(keys, chance.randint(1, 2)),
                columns=[by, *chance.choice(shapes)],
                by=by,
                day=chance.choice([TODAY, date(2020, 2, 1)]),
            )
            for _ in range(20)
        ]
        await made.rows(questions[0])  # to know the table
        together = await asyncio.gather(*(made.rows(each) for each in questions))
        assert made._short is not None
        await made._short.close()
        made._short = None
        for each, found in zip(questions, together, strict=True):
            alone = await made.rows(each)
            assert sorted(map(repr, found)) == sorted(map(repr, alone))
    assert max(at_once) > 1
    assert sum(at_once) > 30


async def test_a_key_that_is_told_in_two_ways_gives_its_rows_once(
    brp: Path, module_database: Database, opened: list[Any]
) -> None:
    owner = await module_database.administrator()
    await owner.execute(
        "CREATE TABLE brp.panden AS SELECT '0000000a-0000-0000-0000-000000000001'::uuid AS id;"
        f"GRANT SELECT ON brp.panden TO lezer_{module_database.name}"
    )
    await owner.close()
    made = door(declared(SOURCE.replace("personen", "panden"), column="id"), brp)
    opened.append(made)
    keys = ("0000000a-0000-0000-0000-000000000001", "0000000A-0000-0000-0000-000000000001")
    for _ in range(2):  # before and after the table is known, and so the long way and the short
        (row,) = await made.rows(asked(*keys, columns=["id"], by="id"))
        assert row.id == keys[0]


async def test_keys_of_a_collation_of_its_own_are_never_asked_together(
    brp: Path, module_database: Database, opened: list[Any]
) -> None:
    """It may hold two keys for equal that are not equal here; the database tells us that it is."""
    owner = await module_database.administrator()
    await owner.execute(
        'CREATE TABLE brp.straten (naam text COLLATE "POSIX");'
        "INSERT INTO brp.straten VALUES ('Hoogstraat');"
        f"GRANT SELECT ON brp.straten TO lezer_{module_database.name}"
    )
    await owner.close()
    made = door(declared(SOURCE.replace("personen", "straten"), column="naam"), brp)
    opened.append(made)
    question = asked("Hoogstraat", columns=["naam"], by="naam")
    assert [row.id for row in await made.rows(question)] == ["Hoogstraat"]
    assert isinstance(made, DatabaseConnector)
    assert made._short is not None
    assert made._table is not None
    assert await made._short.rows(made._table, question) is None


async def test_a_database_that_says_nothing_is_waited_for_no_longer_than_it_may_take(
    tmp_path: Path, opened: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_CONNECT_SECONDS", 3_600)  # the driver itself would go on
    silent = asyncio.Event()
    port = free_port()

    async def answer(*_: object) -> None:
        await silent.wait()

    server = await asyncio.start_server(answer, "127.0.0.1", port)
    (tmp_path / "brp.dsn").write_text(f"postgresql://a:b@127.0.0.1:{port}/x")
    made = reach(opened, tmp_path, SOURCE + "    timeout_ms: 200\n")
    assert made._short is not None
    async with asyncio.timeout(40):
        assert await made._short.rows(PERSONEN, asked(SUZANNE, columns=["nummer"])) is None
    assert not made._guard.turn.locked()
    silent.set()
    server.close()


@pytest.fixture
def lite(tmp_path: Path) -> Path:
    """A folder with an SQLite file and its address."""
    with closing(sqlite3.connect(tmp_path / "brp.sqlite")) as made:
        made.execute("CREATE TABLE personen (bsn TEXT, naam TEXT, vanaf TEXT, tot TEXT)")
        made.execute("INSERT INTO personen VALUES (?, 'Moulin', '2010-01-01', NULL)", [SUZANNE])
        made.commit()
    (tmp_path / "brp.dsn").write_text(f"sqlite:///{tmp_path}/brp.sqlite")
    return tmp_path


async def test_sqlite_is_asked_in_the_same_way(lite: Path, opened: list[Any]) -> None:
    dated = DATED.replace("brp.personen", "personen").replace(", registratie: geboekt", "")
    made = reach(opened, lite, dated)
    (row,) = await made.rows(asked(SUZANNE, columns=["naam"]))
    assert (row.values["naam"], row.begin) == ("Moulin", "2010-01-01")
    assert await made.rows(asked(SUZANNE, columns=["naam"], day=date(2009, 1, 1))) == []
    assert await made.columns() == {"bsn": "TEXT", "naam": "TEXT", "vanaf": "TEXT", "tot": "TEXT"}
    engine = open_engine(address_of((lite / "brp.dsn").read_text()), 1, 1000)
    async with engine.connect() as connection:
        with pytest.raises(Exception, match="readonly"):
            await connection.exec_driver_sql("DELETE FROM personen")
    await engine.dispose()


async def test_a_table_that_is_gone_is_unreadable_and_not_a_database_that_is_away(
    lite: Path, opened: list[Any]
) -> None:
    made = reach(opened, lite, SOURCE.replace("brp.personen", "personen"))
    assert len(await made.rows(asked(SUZANNE, columns=["naam"]))) == 1
    with closing(sqlite3.connect(lite / "brp.sqlite")) as owner:
        owner.execute("DROP TABLE personen")
    assert await reason_of(made, "naam") is Reason.UNREADABLE


PERSONEN = Table(
    "personen", MetaData(), Column("bsn", String(9)), Column("nummer", Integer),
    Column("vanaf", Date), Column("tot", Date), schema="brp",
)  # fmt: skip


@pytest.mark.parametrize(
    "dialect", [postgresql, sqlite, mysql, mssql, oracle], ids=lambda d: d.__name__
)
def test_the_question_can_be_written_for_every_kind_of_database(dialect: Any) -> None:
    question = asked(SUZANNE, columns=["nummer"])
    period = PeriodPaths(begin="vanaf", end="tot")
    bound = values_of(PERSONEN, question, period, Axes.VALID)
    assert bound is not None
    assert bound["sleutels"] == [SUZANNE]
    made = statement(PERSONEN, Shape.of(question), period, Axes.VALID)
    text = str(made.compile(dialect=dialect.dialect()))
    assert SUZANNE not in text
    assert "brp.personen" in text.replace('"', "").replace("[", "").replace("]", "")
    assert "geheim" not in text


def test_a_column_that_is_not_there_is_no_statement() -> None:
    shape = Shape.of(asked(SUZANNE, columns=["geheim"]))
    with pytest.raises(UnknownColumn, match="geheim"):
        statement(PERSONEN, shape, PeriodPaths(), Axes.NONE)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no address"),
        ("brp.personen", "is no address"),
        ("redis://a", "begins with none of postgresql://"),
        ("mssql://a:b@c/d", "needs the package aioodbc, which is not installed"),
    ],
)
def test_an_address_that_can_not_be_used_is_told_without_its_password(
    text: str, words: str
) -> None:
    with pytest.raises(InvalidAddress, match=words):
        open_engine(address_of(text), 1, 1000)
