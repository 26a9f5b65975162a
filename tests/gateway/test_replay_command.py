# SPDX-License-Identifier: EUPL-1.2
"""``landschap purpose replay``: on the real register, contract, statements and log."""

from __future__ import annotations

import asyncio
import dataclasses
import random
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
from tests.conftest import Database
from tests.gateway.gateway_rig import Anchor, Leaf
from tests.gateway.gateway_scene import (
    ACTIVITY,
    ASSISTANCE,
    DOESBURG,
    FIELD_SET,
    FIELDS,
    LEVEL,
    PARKING,
    RETIRED,
    WEESP,
    register,
    scene_of,
)
from tests.gateway.replay_rig import SERVICE, Door, open_door
from tests.gateway.test_outway import EMPLOYEES
from tests.logboek.log_rig import pseudonym

from landschap.gateway.store import apply_services
from landschap.logboek.payloads import Outcome
from landschap.platform.ids import uuid7
from landschap.purposes.model import Group, Register, Validity
from landschap.purposes.needs import Approval, Kind
from landschap.purposes.persons.store import Statement, approve, say, say_case

PERSON = pseudonym()
OTHER_PERSON = pseudonym("999995935")


def with_policy(base: Register, **changes: Any) -> Register:
    """The register with another policy for assistance."""
    policies = tuple(
        dataclasses.replace(each, **changes) if each.id == "POL-1" else each
        for each in base.policies
    )
    return dataclasses.replace(base, policies=policies)


@pytest.fixture
async def door(
    database: Database, group_anchor: Anchor, weesp: Leaf, doesburg: Leaf,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Door]:  # fmt: skip
    scene = scene_of(group_anchor, weesp, doesburg)
    found = await open_door(database, scene, monkeypatch, register(WEESP))
    yield found
    await found.writer.close()


async def test_an_outcome_is_identical_on_what_was_in_force_then(door: Door) -> None:
    transaction, code = await door.ask()
    assert code == ""
    found = await door.replayed(transaction)
    assert (found["status"], found["differences"]) == ("identical", [])
    assert found["then"]["register"] == found["recorded"]["register"]
    assert found["then"]["visible"] == ["uitkering.soort"]
    assert found["other"]["allowed"] is True
    assert found["compared"] == {"outcome": [], "causes": [], "otherChangesOfTheRegister": 0}
    done = await door.run("replay", transaction)
    assert done.exit_code == 0
    for part in (
        "permitted, by POL-1@3", "the same outcome", "(number 1, in force since", "the same as then",
        "certificate, token and signature",
    ):  # fmt: skip
        assert part in done.output, part


@pytest.mark.case("A55")
async def test_what_changed_in_the_register_since_is_told_in_words(door: Door) -> None:
    transaction, _ = await door.ask("uitkering.soort,uitkering.norm")
    narrow = dataclasses.replace(FIELD_SET, version=2, fields=("bsn", "uitkering.soort"))
    changed = with_policy(
        dataclasses.replace(
            door.scene.weesp_register,
            field_sets=(*door.scene.weesp_register.field_sets, narrow),
            groups=(Group(name="buren", members=("00000099000000003000",)),),
        ),
        version=4,
        field_set=narrow.key,
    )
    await door.adopt(changed)
    found = await door.replayed(transaction)
    assert (found["status"], found["differences"]) == ("identical", [])
    assert found["other"]["code"] == "fields_excess"
    assert "decision: permitted -> refused, fields_excess" in found["compared"]["outcome"]
    causes = {each["name"]: each["how"] for each in found["compared"]["causes"]}
    assert "    field_set: bijstand@1 -> bijstand@2" in causes["POL-1"]
    assert causes["bijstand@2"] == ["added: field set bijstand@2"]
    assert found["compared"]["otherChangesOfTheRegister"] == 1, "the group has no part in it"
    done = await door.run("replay", transaction)
    assert done.exit_code == 0
    for part in (
        "(number 1, in force since", "(number 2, in force since", "refused, fields_excess",
        "changed: policy POL-1", "other changes of the register, not about this question: 1",
    ):  # fmt: skip
        assert part in done.output, part
    assert "ALARM" not in done.output


async def test_a_purpose_that_ended_and_a_day_before_the_first_register(door: Door) -> None:
    transaction, _ = await door.ask()
    base = door.scene.weesp_register
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()
    purposes = tuple(
        dataclasses.replace(
            each, version=2, valid=Validity(since=date(2026, 1, 1), until=yesterday)
        )
        if each.uri == ASSISTANCE
        else each
        for each in base.purposes
    )
    await door.adopt(dataclasses.replace(base, purposes=purposes))
    found = await door.replayed(transaction)
    assert found["status"] == "identical"
    assert found["other"]["code"] == "purpose_retired"
    causes = {each["name"]: each["how"] for each in found["compared"]["causes"]}
    assert any(line.strip().startswith("valid: ") for line in causes[ASSISTANCE])
    before = (datetime.now(UTC) - timedelta(days=30)).date()
    early = await door.replayed(transaction, "--at", before)
    assert early["other"]["code"] == "ERROR_CODE_CONTRACT_NOT_VALID", "there was none then"


async def test_a_refusal_is_taken_again_with_the_fields_it_was_about(door: Door) -> None:
    transaction, code = await door.ask("uitkering.soort,adres.straat")
    assert code == "fields_excess"
    found = await door.replayed(transaction)
    assert (found["status"], found["then"]["code"]) == ("identical", "fields_excess")
    wide = dataclasses.replace(FIELD_SET, version=2, fields=FIELDS)
    base = door.scene.weesp_register
    await door.adopt(
        with_policy(
            dataclasses.replace(base, field_sets=(*base.field_sets, wide)),
            version=4,
            field_set=wide.key,
        )
    )
    # The contract still binds to the fields of its own set.
    assert (await door.replayed(transaction))["other"]["code"] == "fields_excess"


async def test_a_contract_that_was_revoked_since_is_a_refusal_now(door: Door) -> None:
    transaction, _ = await door.ask()
    before = datetime.now(UTC)
    # A signature says its moment in whole seconds.
    await asyncio.sleep(1.1)
    await door.revoke()
    found = await door.replayed(transaction)
    assert found["status"] == "identical"
    assert found["other"]["code"] == "ERROR_CODE_CONTRACT_NOT_VALID"
    (cause,) = found["compared"]["causes"]
    assert (cause["kind"], cause["how"]) == ("contract", ["state: valid -> revoked"])
    moment = before.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    earlier = await door.replayed(transaction, "--at", moment)
    assert earlier["other"]["allowed"] is True, "at that moment it was not revoked yet"


async def test_consent_is_looked_up_for_the_person_then_and_now(door: Door) -> None:
    await door.change_policy(needs=("toestemming",))
    given = Statement(
        kind=Kind.CONSENT, subject=PERSON, about=ASSISTANCE, receiver=DOESBURG, holds=True,
        author="portaal",
    )  # fmt: skip
    await say(door.pools.purposes, given)
    transaction, _ = await door.ask()
    await door.line(transaction, PERSON, Outcome.DELIVERED)
    found = await door.replayed(transaction)
    assert (found["status"], found["then"]["personsStopped"]) == ("identical", {})
    await say(door.pools.purposes, dataclasses.replace(given, holds=False))
    found = await door.replayed(transaction)
    assert found["status"] == "identical"
    assert found["other"]["allowed"] is False
    assert found["other"]["personsStopped"] == {"consent_withdrawn": 1}
    (cause,) = found["compared"]["causes"]
    assert (cause["kind"], cause["name"]) == ("person", "1 of 1")
    assert "ended since" in cause["how"][0]
    assert PERSON.hex() not in str(found), "whose it is, is not told"


async def test_something_delivered_without_consent_is_an_alarm(door: Door) -> None:
    await door.change_policy(needs=("toestemming",))
    transaction, _ = await door.ask()
    await door.line(transaction, PERSON, Outcome.DELIVERED)
    done = await door.run("replay", transaction)
    assert done.exit_code == 7
    assert "of a person: delivered -> consent_missing" in done.output


async def test_a_refusal_by_the_service_is_looked_up_again(door: Door) -> None:
    restricted = Statement(
        kind=Kind.RESTRICTION, subject=PERSON, about=ACTIVITY, holds=True, author="fg"
    )
    await say(door.pools.purposes, restricted)
    transaction, _ = await door.ask()
    await door.line(transaction, PERSON, Outcome.REFUSED)
    await door.stopped(transaction, "processing_restricted")
    await say(door.pools.purposes, dataclasses.replace(restricted, holds=False))
    decisions = (await door.told("replay", transaction))["decisions"]
    assert [each["status"] for each in decisions] == ["identical", "identical"]
    assert decisions[0]["then"]["personsStopped"] == {"processing_restricted": 1}
    assert decisions[0]["other"]["personsStopped"] == {}
    assert decisions[1]["door"] == "service"
    kinds = {each["kind"] for each in decisions[0]["compared"]["causes"]}
    assert kinds == {"person", "restriction or objection"}
    await door.stopped(transaction, "consent_withdrawn")
    wrong = (await door.told("replay", transaction))["decisions"][2]
    assert wrong["status"] == "differs"
    await door.stopped(transaction, "row_mismatch")
    last = (await door.told("replay", transaction))["decisions"][3]
    assert (last["status"], "on what its answer held" in last["reason"]) == ("not-decided", True)


async def test_at_the_outway_case_and_approver_are_those_of_then_and_of_now(
    database: Database, group_anchor: Anchor, weesp: Leaf, doesburg: Leaf,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    scene = dataclasses.replace(scene_of(group_anchor, weesp, doesburg), employees=EMPLOYEES)
    base = register(DOESBURG)
    ours = with_policy(base, needs=("zaak", "vier-ogen"))
    door = await open_door(database, scene, monkeypatch, ours)
    scene.doesburg_register = ours
    pool = door.pools.purposes
    until = datetime.now(UTC) + timedelta(hours=1)
    await say_case(pool, "Z-1", is_open=True, author="zaaksysteem")
    approval = Approval(ASSISTANCE, "Z-1", "m.devries", "a.bakker", until)
    await approve(pool, approval)
    world = msgspec.structs.replace(
        scene.world("outway"),
        cases=frozenset({"Z-1"}),
        approvals={(ASSISTANCE, "Z-1", "m.devries"): approval},
    )
    transaction, code = await door.send(world, zaak="Z-1")
    assert code == ""
    other, code = await door.send(world, zaak="Z-2")
    assert code == "case_missing"
    same = await door.replayed(transaction)
    assert (same["door"], same["status"], same["compared"]["outcome"]) == (
        "Outway", "identical", [],
    )  # fmt: skip
    assert (await door.replayed(other))["status"] == "identical"
    await say_case(pool, "Z-1", is_open=False, author="zaaksysteem")
    closed = await door.replayed(transaction)
    assert closed["status"] == "identical"
    assert closed["other"]["code"] == "case_missing"
    (cause,) = closed["compared"]["causes"]
    assert (cause["kind"], cause["name"], cause["how"]) == ("case", "Z-1", ["open -> closed"])
    await door.writer.close()


async def test_a_service_that_is_offered_no_more(door: Door) -> None:
    transaction, _ = await door.ask()
    others = [each for each in door.scene.services if each.name != SERVICE]
    await apply_services(door.pools.gateway, others, datetime.now(UTC), prune=True)
    found = await door.replayed(transaction)
    assert found["other"]["code"] == "ERROR_CODE_SERVICE_NOT_FOUND"
    assert found["compared"]["causes"][-1]["how"] == ["it is not offered any more"]


async def test_what_was_never_decided_on_a_purpose_says_so(door: Door) -> None:
    transaction, code = await door.ask(headers={"fsc-authorization": ""})
    assert code
    found = await door.replayed(transaction)
    assert found["status"] == "not-decided"
    assert code in found["reason"]


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("DELETE FROM fsc.signature; DELETE FROM fsc.contract", "its contract is not kept here"),
        ("DELETE FROM purposes.adoption; DELETE FROM purposes.document", "is not kept here"),
    ],
)
async def test_what_can_not_be_replayed_any_more_says_why(
    door: Door, statement: str, words: str
) -> None:
    transaction, _ = await door.ask()
    owner = await door.database.administrator()
    await owner.execute("SET session_replication_role = replica")
    await owner.execute(statement)
    await owner.close()
    done = await door.run("replay", transaction)
    assert done.exit_code == 6, done.output
    assert words in done.output


async def test_a_record_or_a_register_that_was_touched_is_an_alarm(door: Door) -> None:
    transaction, _ = await door.ask()
    owner = await door.database.administrator()
    await owner.execute("SET session_replication_role = replica")
    await owner.execute(
        "UPDATE purposes.document SET body ="
        " convert_to(replace(convert_from(body, 'UTF8'), 'waarom', 'daarom'), 'UTF8')"
    )
    done = await door.run("replay", transaction)
    assert done.exit_code == 7
    assert "what is kept as register" in done.output
    await owner.execute("UPDATE logboek.record SET service = 'iets-anders' WHERE kind = 1")
    await owner.close()
    done = await door.run("replay", transaction)
    assert (done.exit_code, "not what was sealed" in done.output) == (7, True)


async def test_a_month_that_went_after_its_term_is_named(door: Door) -> None:
    owner = await door.database.administrator()
    await owner.execute("INSERT INTO logboek.dropped_month VALUES ('2015-03-01', now(), 12)")
    await owner.close()
    milliseconds = int(datetime(2015, 3, 9, tzinfo=UTC).timestamp() * 1000)
    old = UUID(int=(milliseconds << 80) | (7 << 76) | (2 << 62))
    done = await door.run("replay", old)
    assert done.exit_code == 3
    assert "The records of 2015-03 went after their term" in done.stderr
    done = await door.run("replay", uuid7())
    assert (done.exit_code, "holds nothing under" in done.stderr) == (3, True)


async def test_decisions_of_a_period_are_all_identical_and_counted_with_today(door: Door) -> None:
    """Random questions on a register that changes meanwhile: each is the same on its own day."""
    chance = random.Random(20261130)
    codes: list[str] = []
    for place in range(60):
        if place % 20 == 10:
            await door.change_policy(
                roles=chance.choice(((), ("consulent",))),
                min_loa=chance.choice(("", LEVEL)),
                needs=chance.choice(((), ("zaak",))),
            )
        fields = chance.choice((None, ["bsn"], ["uitkering"], list(FIELDS), ["schoenmaat"]))
        _, code = await door.ask(
            None if fields is None else ",".join(fields),
            purpose=chance.choice((ASSISTANCE, ASSISTANCE, PARKING, RETIRED)),
            role=chance.choice(("", "consulent")),
            loa=chance.choice(("none", LEVEL)),
            case=chance.choice(("", "verwijzing")),
            headers={"prefer": chance.choice(("", "handling=lenient"))},
        )
        codes.append(code)
    assert len(set(codes)) > 4, "the questions differ"
    today = datetime.now(UTC).date()
    told = await door.told("replay", "--from", today - timedelta(days=1))
    assert told["decisions"] == told["identical"] == 60
    assert told["compared"] == {}
    await door.change_policy(valid=Validity(since=date(2026, 1, 1), until=date(2026, 1, 2)))
    told = await door.told("replay", "--from", today - timedelta(days=1), "--today")
    assert told["identical"] == 60
    assert told["compared"]["permitted then, refused: policy_none"] == codes.count("")
    assert sum(told["compared"].values()) == 60
    done = await door.run("replay", "--from", today - timedelta(days=1), "--today")
    assert (done.exit_code, "60 decisions" in done.output) == (0, True)
    none = await door.told("replay", "--from", "2020-01-01", "--to", "2020-02-01")
    assert none["decisions"] == 0


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ((), "name a transaction or record"),
        (("geen-nummer",), "no transaction id"),
        (("01938f2a-5f6b-7a51-8c31-0d2f8c4a6b1e", "--from", "2026-01-01"), "not both"),
        (("--from", "2026-13-01"), "--from"),
        (("--from", "2026-01-01", "--today", "--at", "2026-01-01"), "not both"),
        (("--from", "2026-01-01", "--at", "2999-01-01"), "of the past"),
    ],
)
async def test_wrong_use_is_told(door: Door, words: tuple[str, ...], wrong: str) -> None:
    done = await door.run("replay", *words)
    assert done.exit_code == 2
    assert wrong in done.stderr
