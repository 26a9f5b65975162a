# SPDX-License-Identifier: EUPL-1.2
"""To whom an API is shown: nobody else until somebody says so, and then to exactly those."""

from __future__ import annotations

import asyncio
import json
from datetime import date
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner, Result
from tests.catalogue.offered import gathered
from tests.catalogue.test_changes import base
from tests.conftest import Database

from landschap.catalogue import store
from landschap.catalogue.criteria import criteria_of
from landschap.cli import roof

DOESBURG, BRONCKHORST = "00000099000000003000", "00000099000000004000"


def titled(title: str, **info: Any) -> Any:
    document = base()
    document["info"] |= {"title": title, **info}
    return document


async def seen(database: Database, viewer: list[str] | None, question: str = "") -> list[str]:
    return [each.name for each in (await looked(database, viewer, question)).rows]


async def looked(
    database: Database, viewer: list[str] | None, words: str = "", *, loose: bool = False
) -> store.Answer:
    asked = store.Question(
        viewer=viewer, words=words, picked={}, first=0, size=50, today=date(2026, 11, 30),
        owner="00000099000000001000", loose=loose,
    )  # fmt: skip
    return await store.find(await database.pool("catalogue"), asked)


async def typed(database: Database, *words: str) -> Result:
    env = {"LANDSCHAP__POSTGRES__DSN": database.settings.postgres.dsn}
    arguments = ["catalogue", *words, "--config", str(database.settings.path)]
    return await asyncio.to_thread(CliRunner(env=env).invoke, roof, arguments)


async def test_what_was_gathered_is_shown_to_nobody_else_until_somebody_says_to_whom(
    database: Database,
) -> None:
    pool = await database.pool("catalogue")
    for title in ("Bomen", "Parkeren", "Uitkeringen"):
        await gathered(pool, f"/{title}.yaml", titled(title))
    everyone, doesburg = ["everyone"], ["everyone", "group", DOESBURG]
    assert await seen(database, None) == ["bomen", "parkeren", "uitkeringen"]
    assert await seen(database, everyone) == await seen(database, doesburg) == []
    for name, to in (("bomen", "everyone"), ("parkeren", "group"), ("uitkeringen", DOESBURG)):
        done = await typed(database, "offer", name, "--to", to, "--json")
        assert json.loads(done.stdout)["audience"] == [to], done.output
    assert await seen(database, everyone) == ["bomen"]
    assert await seen(database, ["everyone", "group", BRONCKHORST]) == ["bomen", "parkeren"]
    assert await seen(database, doesburg) == ["bomen", "parkeren", "uitkeringen"]
    # Searching finds no more than looking.
    assert await seen(database, everyone, "vergunning") == ["bomen"]
    assert set(await seen(database, doesburg, "vergunning")) == {"bomen", "parkeren", "uitkeringen"}
    # What is taken back is seen no more.
    assert (await typed(database, "offer", "bomen")).exit_code == 0
    assert await seen(database, everyone) == []


async def test_an_audience_that_is_none_and_an_api_that_is_not_there_are_told(
    database: Database,
) -> None:
    await gathered(await database.pool("catalogue"), "/b.yaml", titled("Bomen"))
    wrong = await typed(database, "offer", "bomen", "--to", "everyon")
    assert wrong.exit_code == 2
    assert "everyone, group or the OIN" in wrong.stderr
    missing = await typed(database, "offer", "boomen", "--to", "everyone")
    assert missing.exit_code == 3
    assert "did you mean bomen?" in missing.stderr


async def test_why_an_api_was_found_names_operations_and_fields(database: Database) -> None:
    pool = await database.pool("catalogue")
    await gathered(pool, "/p.yaml", titled("Parkeren"))
    (found,) = (await looked(database, None, "vergunningen")).rows
    assert "operation" in found.found_in
    told = (await store.reasons(pool, [found.api], "geef de vergunningen"))[found.api]
    assert any("/vergunningen" in each for each in told), told
    assert (await looked(database, None, "vergunningen walvis")).total == 0
    assert (await looked(database, None, "vergunningen walvis", loose=True)).total == 1


LOA3 = "urn:etoegang:core:assurance-class:loa3"


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (None, (None, None, None, "")),
        ({"toegang": "open", "doelen": []}, (False, False, False, "")),
        ({"toegang": "contract"}, (True, True, None, "")),
        ({"fsc": {"service": "x"}, "doelen": ["https://d"], "niveau": LOA3},
         (True, True, True, LOA3)),
        ({"middelen": ["mtlsPkioverheid", 7, {"naam": "onzin"}]}, (True, None, None, "")),
        ({"toegang": ["open"], "doelen": "x", "niveau": "hoog"}, (None, None, None, "")),
        ("open", (None, None, None, "")),
    ],
)  # fmt: skip
def test_criteria_are_what_is_said_and_else_not_known(said: Any, expected: Any) -> None:
    info: Any = {} if said is None else {"x-gebruik": said}
    found = criteria_of({"info": info})
    needs = (found.needs_certificate, found.needs_contract, found.needs_purpose, found.level)
    assert needs == expected


def test_without_criteria_the_security_schemes_tell_how_one_shows_who_asks() -> None:
    schemes: Any = {"a": {"type": "apiKey"}, "b": {"type": "http", "scheme": "Bearer"}, "c": 1,
               "d": {"type": "mutualTLS"}}  # fmt: skip
    found = criteria_of({"components": {"securitySchemes": schemes}})
    assert found.means == ("apiKey", "bearer", "mtlsPkioverheid")
    assert found.needs_certificate is True


@pytest.mark.parametrize("written", [DOESBURG, int(DOESBURG)])
def test_an_oin_that_was_written_without_quotes_gets_its_zeros_back(written: Any) -> None:
    assert criteria_of({"info": {"x-gebruik": {"fsc": {"peerId": written}}}}).provider == DOESBURG


_SAME = """api, number, title, organisation, version, deprecated, sunset, access, personal, purpose,
    provider, service, ours, audience, title_words, organisation_words"""


async def test_what_is_counted_is_always_what_is_shown(database: Database) -> None:
    """The rows that are counted follow every change of a text, its particulars and its offer."""
    pool = await database.pool("catalogue")

    async def differing() -> int:
        found: int = await pool.fetchval(
            f"SELECT count(*) FROM ((SELECT {_SAME} FROM shown EXCEPT SELECT {_SAME} FROM present)"
            f" UNION ALL (SELECT {_SAME} FROM present EXCEPT SELECT {_SAME} FROM shown)) d"
        )
        return found

    await gathered(pool, "/a.yaml", titled("Bomen"))
    await gathered(pool, "/b.yaml", titled("Parkeren", **{"x-deprecated": "2026-01-01"}))
    assert await differing() == 0
    await store.offer(pool, "bomen", store.Offer(audience=("everyone",)))
    await asyncio.gather(
        *(store.offer(pool, "bomen", store.Offer(audience=(each,))) for each in ("group", DOESBURG))
    )
    await gathered(pool, "/a.yaml", titled("Bomen en struiken", version="2.0.0"))
    await store.offer(pool, "parkeren", store.Offer(service="parkeren"))
    assert await differing() == 0
    assert await pool.fetchval("SELECT count(*) FROM present") == 2
    # Nobody but the database itself keeps them.
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute("UPDATE present SET audience = '{everyone}'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pool.execute("SELECT tell_present(1)")
