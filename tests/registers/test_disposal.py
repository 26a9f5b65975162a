# SPDX-License-Identifier: EUPL-1.2
"""Destroying: four eyes, holds, nothing of the content left, a statement that can be proved."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

import asyncpg
import pytest
from tests.registers.disposal_rig import ANNA, BAS, Destroyer
from tests.registers.rig import annotated, kind_of, made_up
from tests.registers.test_store import act, draft, names, written
from tests.throwaway import Database

from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.disposal import Act, DisposalList, Hold, Item
from landschap.registers.models import Registers
from landschap.registers.operations import Draft
from landschap.registers.periods import BEGINNING, OPEN
from landschap.registers.questions import AsOf
from landschap.registers.retention import read_rules
from landschap.registers.statements import DESTROYED, InvalidStatement, open_statement
from landschap.registers.store import destroying, disposal
from landschap.registers.timeline import Kind
from landschap.vocabulary.problems import ProblemError, Refusal

PEOPLE = made_up(
    naam=annotated(**{"x-zoekbaar": True, "x-persoonsgegeven": "gewoon"}),
    burgerservicenummer=annotated(**{"x-persoonsgegeven": "identificerend", "x-onderwerp": "bsn"}),
)
OPEN_ONES = made_up()
SUZANNE = "123456782"  # made up, passes the eleven-test


@pytest.fixture
async def destroyer(database: Database) -> Destroyer:
    return await Destroyer.of(database, PEOPLE)


async def write(destroyer: Destroyer, object_id: str, *drafts: Draft) -> None:
    for one in drafts:
        content = {**(one.content or {}), "burgerservicenummer": SUZANNE}
        given = act(PEOPLE, object_id, replace(one, content=content))
        await written(destroyer.pool, given)


_ERASE = """SELECT registers.erase('a', gen_random_uuid(), 'a', 'b', NULL, true, 'eigen', 'x',
    now(), gen_random_uuid(), '', '')"""


def codes(outcomes: Sequence[destroying.Outcome]) -> list[str]:
    return [one.refusal.code if one.refusal else "" for one in outcomes]


async def test_what_is_destroyed_leaves_nothing_of_its_content_in_the_schema(
    destroyer: Destroyer, tmp_path: os.PathLike[str]
) -> None:
    await store.prepare(destroyer.pool, PEOPLE)
    await write(destroyer, "a1", draft("1971-03-14", "Vlinderstrik"), draft("2019-05-06", "Zeekat"))
    await write(destroyer, "a2", draft("2020-01-01", "Blijver"))
    await destroyer.pool.execute(
        """INSERT INTO registers.report (report_id, object_type, object_id, paths, since,
               explanation, peer, transaction_id, proposed, reporter)
           VALUES ($1, 'proef.persoon', 'a1', '{naam}', '1971-03-14', 'heet Vlinderstrik', 'p',
                   $1, 'Vlinderstrik met t', '\\x5a65656b6174')""",
        uuid7(),
    )
    (done,) = await destroyer.destroy("a1")
    assert done.record is not None
    assert await destroying.clean(destroyer.keeper)
    text = await dumped(destroyer.database)
    for value in (
        "Vlinderstrik",
        "Zeekat",
        "5a65656b6174",
        SUZANNE + "x",
        "1971-03-14",
        "2019-05-06",
    ):
        assert value not in text
    assert text.count(SUZANNE) == text.count("Blijver") == 2  # assertion and projection of a2
    assert await destroyer.left() == 0


async def dumped(database: Database) -> str:
    """The registers schema as text, with the statistics of the planner."""
    owner = await database.administrator()
    parts = []
    try:
        for row in await owner.fetch(
            """SELECT c.oid::regclass::text AS name FROM pg_class c
               WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'registers'::regnamespace"""
        ):
            rows = await owner.fetch(f"SELECT t::text AS line FROM {row['name']} t")
            parts += [line["line"] for line in rows]
        rows = await owner.fetch(
            """SELECT s::text AS line FROM pg_stats s WHERE schemaname = 'registers'"""
        )
        statistics = "\n".join(line["line"] for line in rows)
    finally:
        await owner.close()
    assert "Vlinderstrik" not in statistics
    return "\n".join(parts)


async def test_without_another_persons_approval_nothing_is_destroyed(destroyer: Destroyer) -> None:
    await write(destroyer, "a1", draft("2020-01-01", "Jansen"))
    given = await destroyer.propose(["a1"])
    with pytest.raises(ProblemError) as refused:
        await destroyer.execute(given)
    assert refused.value.refusal.code == "vernietiging.niet-goedgekeurd"
    same = await disposal.approve(destroyer.pool, given, replace(ANNA, name=" anna DE wit"))
    assert isinstance(same, Refusal)
    assert same.code == "vernietiging.zelfde-persoon"
    with pytest.raises(asyncpg.CheckViolationError, match="four_eyes"):
        await destroyer.pool.execute(
            """INSERT INTO registers.disposal_approval
                   (list_id, proposed_by, approved_by, approver_role)
               VALUES ($1, 'Anna de Wit', 'ANNA DE WIT', 'x')""",
            given.list_id,
        )
    with pytest.raises(asyncpg.PostgresError, match="not approved"):
        await destroyer.keeper.execute(
            "SELECT registers.destroy($1, 'proef.persoon', 'a1', '{}', true, 'eigen', now(), $1, "
            "'x', ''::bytea)",
            given.list_id,
        )
    assert (await destroyer.seen(given)).state == "voorgesteld"


async def test_no_role_may_change_or_remove_outside_the_keepers_function(
    destroyer: Destroyer,
) -> None:
    for pool in (destroyer.pool, destroyer.keeper):
        for statement in (
            "UPDATE registers.assertion SET inhoud = NULL",
            "DELETE FROM registers.assertion",
            "DELETE FROM registers.disposal_record",
            "UPDATE registers.disposal_approval SET approved_by = 'x'",
            "INSERT INTO registers.disposal_record SELECT * FROM registers.disposal_record",
            "DELETE FROM registers.hold",
            _ERASE,
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await pool.execute(statement)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await destroyer.pool.execute(
            "SELECT registers.destroy($1, 'a', 'b', '{}', true, 'eigen', now(), $1, '', '')",
            uuid7(),
        )


async def test_excluded_with_a_reason_stays_and_the_rest_goes(destroyer: Destroyer) -> None:
    for object_id in ("a1", "a2"):
        await write(destroyer, object_id, draft("2020-01-01", "Jansen"))
    given = await destroyer.propose(["a1", "a2"])
    await disposal.exclude(destroyer.pool, given, given.items[0], "loopt nog een zaak", BAS.name)
    done = await destroyer.execute(await destroyer.approved(given))
    assert [one.item.object_id for one in done] == ["a2"]
    seen = await destroyer.seen(given)
    assert seen.excluded == {("proef.persoon", "a1"): "loopt nog een zaak"}
    assert seen.state == "uitgevoerd"
    groups = await store.history_of(destroyer.pool, kind_of(PEOPLE), "a1")
    assert groups["persoon"][0].content is not None


@pytest.mark.parametrize("about", ["object", "person", "rule"])
async def test_a_hold_placed_after_the_approval_forbids_it_until_it_is_lifted(
    destroyer: Destroyer, about: str
) -> None:
    await write(destroyer, "a1", draft("2020-01-01", "Jansen"))
    given = await destroyer.approved(await destroyer.propose(["a1"]))
    if about == "rule":
        listed = await destroyer.propose([])
        item = replace(given.items[0], rule={"id": "r1"})
        listed = replace(listed, list_id=uuid7(), items=[item])
        await disposal.propose(destroyer.pool, listed)
        given = await destroyer.approved(listed)
    hold = replace(
        Hold(hold_id=uuid7(), register="proef", reason="bezwaar 2026-17", placed_by="Dirk"),
        type_key="proef.persoon" if about == "object" else None,
        object_id="a1" if about == "object" else None,
        subject=destroyer.pseudonym("bsn", SUZANNE) if about == "person" else None,
        rule_id="r1" if about == "rule" else None,
    )
    await disposal.place_hold(destroyer.pool, hold)
    (refused,) = await destroyer.execute(given)
    assert codes([refused]) == ["vernietiging.bewaarplicht"]
    assert refused.refusal is not None
    assert "bezwaar 2026-17" in refused.refusal.detail
    # The database refuses it too, when a program did not look.
    with pytest.raises(asyncpg.PostgresError, match="held"):
        await destroyer.keeper.execute(
            "SELECT registers.destroy($1, 'proef.persoon', 'a1', $2, true, 'eigen', now(), $1, "
            "'x', ''::bytea)",
            given.list_id, [destroyer.pseudonym("bsn", SUZANNE)],
        )  # fmt: skip
    assert await disposal.lift_hold(destroyer.pool, hold.hold_id, "bezwaar ingetrokken", "Dirk")
    assert not await disposal.lift_hold(destroyer.pool, hold.hold_id, "nogmaals", "Dirk")
    (kept,) = await disposal.holds(destroyer.pool, PEOPLE, standing=False)
    assert (kept.reason, kept.lifted_reason) == ("bezwaar 2026-17", "bezwaar ingetrokken")
    assert await disposal.holds(destroyer.pool, PEOPLE) == []
    assert codes(await destroyer.execute(given)) == [""]


async def test_an_object_that_changed_since_it_was_listed_stays(destroyer: Destroyer) -> None:
    await write(destroyer, "a1", draft("2020-01-01", "Jansen"))
    given = await destroyer.approved(await destroyer.propose(["a1"]))
    await write(destroyer, "a1", draft("2021-01-01", "de Vries"))
    assert codes(await destroyer.execute(given)) == ["vernietiging.object-gewijzigd"]


async def test_a_rule_that_changed_or_went_since_the_list_was_made_destroys_nothing(
    destroyer: Destroyer,
) -> None:
    await write(destroyer, "a1", draft("2020-01-01", "Jansen"))
    given = await destroyer.approved(await destroyer.propose(["a1"], act=Act.DESTROY))
    assert codes(await destroyer.execute(given)) == ["vernietiging.regel-gewijzigd"]


async def test_nothing_is_added_to_a_list_that_was_approved(destroyer: Destroyer) -> None:
    for object_id in ("a1", "a2"):
        await write(destroyer, object_id, draft("2020-01-01", "Jansen"))
    given = await destroyer.approved(await destroyer.propose(["a1"]))
    one_more = """INSERT INTO registers.disposal_item
            (list_id, object_type, object_id, rule_id, rule, last_number)
        VALUES ($1, 'proef.persoon', 'a2', '', '{}', 2)"""
    with pytest.raises(asyncpg.PostgresError, match="nothing is added"):
        await destroyer.pool.execute(one_more, given.list_id)
    # On its way while the approval was: then the whole list is approved by nobody.
    owner = await destroyer.database.administrator()
    await owner.execute("ALTER TABLE registers.disposal_item DISABLE TRIGGER refuse_approved")
    await owner.execute(one_more, given.list_id)
    await owner.close()
    with pytest.raises(asyncpg.PostgresError, match="not approved"):
        await destroyer.execute(await destroyer.seen(given))
    assert await destroying.records(destroyer.pool, PEOPLE) == []


async def test_before_its_term_is_over_the_database_destroys_nothing(database: Database) -> None:
    text = """[[regel]]
id = "r1"
objecttype = "persoon"
categorie = "1.1"
waardering = "vernietigen"
termijn = "P1Y"
begint = "einde"
"""
    rules = read_rules(text, "x", PEOPLE, Registers({"proef": PEOPLE}))
    destroyer = await Destroyer.of(database, PEOPLE, rules)
    await write(destroyer, "a1", draft("2020-01-01", "Jansen"))
    kind = kind_of(PEOPLE)
    for due_on, code in (("2199-01-01", "vernietiging.te-vroeg"), ("2021-01-01", "")):
        item = Item(
            type_key=kind.key, object_id="a1", last_number=1, rule=rules.rules[0].as_json(),
            due_on=date.fromisoformat(due_on),
        )  # fmt: skip
        made = DisposalList(
            list_id=uuid7(), register="proef", act=Act.DESTROY, ground="termijn", proposer=ANNA,
            items=[item],
        )  # fmt: skip
        await disposal.propose(destroyer.pool, made)
        assert codes(await destroyer.execute(await destroyer.approved(made))) == [code]


async def test_a_law_that_came_after_the_approval_keeps_what_a_person_asked_to_erase(
    database: Database,
) -> None:
    text = """[[regel]]
id = "r1"
objecttype = "persoon"
categorie = "1.1"
waardering = "vernietigen"
termijn = "P1Y"
begint = "einde"
wettelijk = "Wet BRP"
"""
    destroyer = await Destroyer.of(database, PEOPLE)
    await write(destroyer, "a1", draft("2020-01-01", "Jansen"))
    given = await destroyer.approved(await destroyer.propose(["a1"]))
    destroyer.rules = read_rules(text, "x", PEOPLE, Registers({"proef": PEOPLE}))
    assert codes(await destroyer.execute(given)) == ["wissen.wettelijke-plicht"]


async def test_what_was_destroyed_can_not_be_registered_again(destroyer: Destroyer) -> None:
    await write(destroyer, "a1", draft("2020-01-01", "Jansen"))
    assert codes(await destroyer.destroy("a1")) == [""]
    refused = await store.write(destroyer.pool, act(PEOPLE, "a1", draft("2020-01-01", "Jansen")))
    assert isinstance(refused, Refusal)
    assert (refused.status, refused.code) == (410, "geschiedenis.gewist")
    row = act(PEOPLE, "a1", draft("2020-01-01", "Jansen"))
    loaded = replace(row, entries=[replace(row.entries[0], source_digest=b"r1")])
    done = await store.write(destroyer.pool, loaded)
    assert isinstance(done, store.Written)
    assert (done.added, done.passed_over) == (0, 1)
    with pytest.raises(asyncpg.PostgresError, match="may not be registered again"):
        await destroyer.pool.execute(
            """INSERT INTO registers.assertion (object_type, object_id, groep, seq, volgnummer,
                   valid_from, registered_at, soort, bron, model_version, transaction_id)
               VALUES ('proef.persoon', 'a1', 'persoon', 99, 99, '2020-01-01', now(), 'WIJZIGING',
                   '{}', '1', gen_random_uuid())"""
        )


async def test_numbers_moments_and_other_objects_stay_what_they_were(destroyer: Destroyer) -> None:
    pool = destroyer.pool
    for object_id in ("a1", "a2"):
        await write(destroyer, object_id, draft("2020-01-01", "Jansen"))
    kind = kind_of(PEOPLE)
    known = await store.known_at(pool, PEOPLE, datetime.now(UTC))
    question = AsOf(type=kind, wanted=["a2"], valid_on=draft("2020-06-01", "x").period.begin,
                    known=known)  # fmt: skip
    before = await store.as_of(pool, question)
    await destroyer.destroy("a1")
    assert await store.as_of(pool, question) == before
    again = await store.known_at(pool, PEOPLE, datetime.now(UTC), known.moment)
    assert again.number == known.number
    assert await store.as_of(pool, replace(question, wanted=["a1"])) == []
    changes = await store.changes_after(
        pool, PEOPLE, known.number, await store.known_at(pool, PEOPLE, datetime.now(UTC)), 10
    )
    assert [(one.object_id, one.kind) for one in changes] == [("a1", "VERNIETIGING")]
    (stone, told) = sorted(
        (a for g in (await store.history_of(pool, kind, "a1")).values() for a in g),
        key=lambda a: a.number,
    )
    assert (stone.number, stone.period.begin, stone.period.end) == (1, BEGINNING, OPEN)
    assert told.kind is Kind.ERASURE
    assert await store.differences(pool, PEOPLE) == 0


async def test_some_assertions_go_and_the_rest_of_the_object_stays(destroyer: Destroyer) -> None:
    pool = destroyer.pool
    await write(destroyer, "a1", draft("2020-01-01", "Fout"), draft("2020-01-01", "Goed"))
    assert codes(await destroyer.destroy("a1", numbers=(1,))) == [""]
    known = await store.known_at(pool, PEOPLE, datetime.now(UTC))
    day = draft("2020-06-01", "x").period.begin
    question = AsOf(type=kind_of(PEOPLE), wanted=["a1"], valid_on=day, known=known)
    assert names(await store.as_of(pool, question)) == ["Goed"]
    assert await store.as_of(pool, replace(question, known=replace(known, number=1))) == []
    await write(destroyer, "a1", draft("2021-01-01", "Later"))
    assert await store.differences(pool, PEOPLE) == 0
    assert "Fout" not in await dumped(destroyer.database)


async def test_the_statement_is_signed_says_why_and_by_whom_and_holds_no_content(
    destroyer: Destroyer,
) -> None:
    await write(destroyer, "a1", draft("2020-01-01", "Vlinderstrik"))
    (done,) = await destroyer.destroy("a1")
    (record,) = await destroying.records(destroyer.pool, PEOPLE)
    assert record == done.record
    told = open_statement(record.jws, record.certificate, DESTROYED)
    assert told["voorgesteldDoor"] == {"naam": ANNA.name, "rol": ANNA.role}
    assert told["goedgekeurdDoor"] == {"naam": BAS.name, "rol": BAS.role}
    assert (told["identificatie"], told["grond"]) == ("a1", "avg-17")
    assert (told["aantalBeweringen"], told["eersteVolgnummer"]) == (1, 1)
    assert "Vlinderstrik" not in str(told)
    head, body, signature = record.jws.split(".")
    forged = f"{head}.{body[:-4]}AAAA.{signature}"
    with pytest.raises(InvalidStatement):
        open_statement(forged, record.certificate, DESTROYED)


async def test_done_twice_at_once_is_done_once(destroyer: Destroyer) -> None:
    for number in range(6):
        await write(destroyer, f"a{number}", draft("2020-01-01", "Jansen"))
    given = await destroyer.approved(await destroyer.propose([f"a{n}" for n in range(6)]))
    await asyncio.gather(destroyer.execute(given), destroyer.execute(given))
    assert len(await destroying.records(destroyer.pool, PEOPLE)) == 6
    stones = await destroyer.pool.fetchval(
        "SELECT count(*) FROM registers.assertion WHERE soort = 'VERNIETIGING'"
    )
    assert stones == 6
    assert (await destroyer.seen(given)).state == "uitgevoerd"
