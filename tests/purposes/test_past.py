# SPDX-License-Identifier: EUPL-1.2
"""Two outcomes of one question side by side, and how it was at a moment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.conftest import Database
from tests.logboek.log_rig import pseudonym
from tests.purposes import registers as r

from landschap.purposes.duties import Obligation
from landschap.purposes.model import Decree, Group, Hours, Register, Validity
from landschap.purposes.needs import Approval, Kind
from landschap.purposes.past import store as past
from landschap.purposes.past.differing import between, words_of_outcome
from landschap.purposes.past.recorded import Door, Recorded, decisions_in
from landschap.purposes.past.taking import Agreed, Circumstances, Closed, KnownFacts, Taken, take
from landschap.purposes.persons import store as persons
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.store import Signers, save_register

PERSON = pseudonym()
# Outside office hours of the policy that has them.
NIGHT = r.NOW.replace(hour=2)
VALID = Agreed(state="valid", is_valid=True, bound=r.BOUND)


def asked(**context: Any) -> Recorded:
    """A question of Doesburg's own application, as its Outway records one."""
    request: dict[str, Any] = {
        "subject": {
            "type": "application",
            "id": "zaaksysteem",
            "properties": {"user": "j.devries", "roles": ["consulent"], "loa": ""},
        },
        "action": {"name": "raadplegen"},
        "resource": {
            "type": "service",
            "id": r.SERVICE,
            "properties": {"provider": r.WEESP, "fields": ["adres.straat"]},
        },
        "context": {"purpose": r.ASSISTANCE, "case": "Z-1", **context},
    }
    response: dict[str, Any] = {
        "decision": True,
        "context": {"policy": "eigen@1", "fieldSet": "bijstand@1"},
    }
    return Recorded(
        door=Door.OUTWAY, kind="access_evaluation", request=request, response=response,
        version="", at=r.NOW, written_at=r.NOW,
    )  # fmt: skip


def ours(**changes: Any) -> Register:
    """Weesp's register with one policy of its own."""
    return r.weesp(r.policy("eigen", organisations=("*own",), **changes))


def taken(register: Register, at: datetime = r.NOW, **changes: Any) -> Taken:
    circumstances = Circumstances(
        at=at, snapshot=Snapshot(register), **{"agreed": VALID, **changes}
    )
    found = take(asked(), circumstances)
    assert found is not None
    return found


def causes(then: Taken, now: Taken) -> dict[str, list[str]]:
    """Per kind and name: how it changed."""
    return {
        f"{each.kind} {each.name}".strip(): [line.strip() for line in each.lines]
        for each in between(then, now).causes
    }


def test_the_same_circumstances_differ_in_nothing() -> None:
    found = between(taken(ours()), taken(ours()))
    assert (found.outcome, found.causes, found.others) == ((), (), 0)


def test_a_period_that_ended_or_began_by_itself_is_named() -> None:
    until = Validity(since=date(2026, 1, 1), until=date(2026, 12, 1))
    later = r.NOW + timedelta(days=30)
    ending = ours(valid=until)
    found = causes(taken(ending), taken(ending, later))
    assert found["policy eigen"] == ["its period ended at 2026-11-30T23:00:00Z"]
    assert between(taken(ending), taken(ending, later)).outcome[0] == (
        "decision: permitted -> refused, policy_none"
    )
    began = causes(taken(ending, later), taken(ending))
    assert began["policy eigen"] == ["its period began at 2025-12-31T23:00:00Z"]
    coming = ours(valid=Validity(since=date(2026, 11, 24)))
    early = causes(taken(coming), taken(coming, r.NOW - timedelta(days=9)))
    assert early["policy eigen"] == ["its period begins at 2026-11-23T23:00:00Z"]


def test_only_what_touches_the_question_is_a_cause() -> None:
    base = ours()
    changed = replace(
        base,
        purposes=tuple(
            replace(each, version=2, definition=r.text("anders"))
            if each.uri in (r.SOCIAL, r.PARKING)
            else each
            for each in base.purposes
        ),
        groups=(Group(name="gemeenten", members=(r.DOESBURG, r.STRANGER)),),
        policies=(*base.policies, r.prohibition("nooit", organisations=("*",))),
    )
    found = between(taken(base), taken(changed))
    assert {each.name for each in found.causes} == {r.SOCIAL, "nooit"}, "parent, and a prohibition"
    assert found.others == 2, "parking, and a group that we are not in"
    assert found.outcome[0] == "decision: permitted -> refused, prohibited"


def test_a_higher_version_alone_is_no_other_outcome_and_a_refusal_has_no_duties() -> None:
    found = between(taken(ours()), taken(ours(version=2)))
    assert found.outcome == ()
    assert [each.name for each in found.causes] == ["eigen"]
    refused = between(taken(ours()), taken(ours(version=2, roles=("archivaris",))))
    assert refused.outcome == ("decision: permitted -> refused, role_not_allowed",)
    duty = (Obligation(kind="maskeren", path="adres.straat"),)
    other = between(taken(ours()), taken(ours(version=2, obligations=duty)))
    assert other.outcome == ("obligations: none -> maskeren adres.straat",)


def test_hours_decree_and_rows_are_told() -> None:
    hours = Hours(days=(0, 1, 2, 3, 4), begin=time(8), end=time(18))
    found = between(taken(ours(hours=hours)), taken(ours(hours=hours), NIGHT))
    assert found.outcome[0] == "decision: permitted -> refused, outside_hours"
    decree = Decree(
        id="besluit", reference="2026-1", receivers=(r.WEESP,), provider=r.WEESP,
        service=r.SERVICE, valid=r.SINCE_2026, searchable=("bsn",), persons=(),
    )  # fmt: skip
    with_decree = replace(ours(decree="besluit"), decrees=(decree,))
    ended = replace(decree, valid=Validity(since=date(2026, 1, 1), until=date(2026, 11, 1)))
    found_now = causes(taken(with_decree), taken(replace(with_decree, decrees=(ended,))))
    assert found_now["authorisation decree besluit"][0] == "changed: authorisation decree besluit"


def test_case_approver_contract_and_service_are_told() -> None:
    needing = ours(needs=("zaak", "vier-ogen"))
    then = taken(needing, facts=KnownFacts(case_open=True, approver="a.bakker"))
    assert words_of_outcome(then) == "permitted, by eigen@1: adres.straat"
    now = taken(
        needing,
        facts=KnownFacts(case_open=False, approver=""),
        agreed=replace(VALID, state="expired"),
        closed=None,
    )
    assert words_of_outcome(now) == "refused, case_missing"
    found = causes(then, now)
    assert found["case Z-1"] == ["open -> closed"]
    assert found["approval"] == ["approved by: a.bakker -> nobody"]
    assert found["contract"] == ["state: valid -> expired"]
    closed = taken(needing, closed=Closed("ERROR_CODE_SERVICE_NOT_FOUND", "is gone"))
    assert closed.code == "ERROR_CODE_SERVICE_NOT_FOUND"
    assert causes(then, closed)[f"service {r.SERVICE}"] == ["is gone"]
    ended = taken(needing, agreed=replace(VALID, refusal="delegation_agreement_ended"))
    assert ended.code == "delegation_agreement_ended"
    assert taken(needing, agreed=replace(VALID, is_valid=False)).code.endswith("NOT_VALID")


def test_a_record_that_is_no_decision_holds_none() -> None:
    assert decisions_in({"ldv": {}}, at=r.NOW, written_at=r.NOW) == ()
    assert decisions_in({"adl": {"body": None}}, at=r.NOW, written_at=r.NOW) == ()
    (odd,) = decisions_in({"adl": {"body": {"x": 1}}}, at=r.NOW, written_at=r.NOW)
    assert (odd.door, odd.is_decided) == (Door.UNKNOWN, False)


@pytest.mark.parametrize("code", ["fields_excess", "fields_unknown"])
def test_a_refusal_of_before_its_fields_were_recorded_is_known_as_such(code: str) -> None:
    old = replace(
        asked(),
        request={**asked().request, "resource": {"type": "service", "id": r.SERVICE}},
        response={"decision": False, "context": {"code": code, "withheld": ["woning.m2"]}},
    )
    assert old.lacks_fields
    assert not replace(old, request=asked().request).lacks_fields


SAID = st.lists(
    st.tuples(
        st.sampled_from(("restriction", "objection")), st.sampled_from("ab"),
        st.sampled_from((b"1" * 16, b"2" * 16)), st.booleans(),
    ),
    max_size=12,
)  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(said=SAID)
def test_marks_at_a_moment_are_those_of_all_that_was_said_before(said: Any) -> None:
    """The states through time against the plain rule: the last word of a person counts."""
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    rows = [
        {
            "said_at": begin + timedelta(hours=place), "kind": kind, "about": about,
            "subject": subject, "holds": holds,
        }
        for place, (kind, about, subject, holds) in enumerate(said)
    ]  # fmt: skip
    marks = past.marks_of(rows)
    for hours in range(-1, len(said) + 1):
        moment = begin + timedelta(hours=hours)
        last = {(e["kind"], e["about"], e["subject"]): e["holds"] for e in rows
                if e["said_at"] <= moment}  # fmt: skip
        expected: dict[str, set[str]] = {}
        for (kind, about, _), holds in last.items():
            if holds:
                expected.setdefault(about, set()).add(kind)
        assert marks.at(moment) == {about: frozenset(each) for about, each in expected.items()}


async def test_how_it_was_at_a_moment(database: Database) -> None:
    pool = await database.pool("purposes")
    before = datetime.now(UTC)
    assert await past.in_force(pool, before) is None
    signers = Signers(author="J. de Vries", approver="A. Bakker")
    first = await save_register(pool, ours(), signers, based_on="")
    between_two = datetime.now(UTC)
    more = replace(ours(), groups=())
    second = await save_register(pool, more, signers, based_on=first.version)
    third = await save_register(pool, ours(), signers, based_on=second.version)
    assert third.version == first.version
    now = datetime.now(UTC)
    found = await past.in_force(pool, between_two)
    assert found is not None
    assert (found.version, found.number) == (first.version, 1)
    again = await past.adoption_of(pool, first.version, now)
    assert again is not None
    assert again.number == 3, "adopted twice: the one that holds at the moment"
    consent = persons.Statement(
        kind=Kind.CONSENT, subject=PERSON, about=r.ASSISTANCE, receiver=r.DOESBURG, holds=True,
        author="portaal",
    )  # fmt: skip
    given = await persons.say(pool, consent)
    ended = await persons.say(pool, replace(consent, holds=False))
    for moment, holds in ((given.said_at, [True]), (ended.said_at, [False]), (before, [])):
        told = await past.said_until(pool, [PERSON], moment)
        assert [each.holds for each in told[PERSON]] == holds
    assert await past.case_open_at(pool, "Z-1", datetime.now(UTC)) is None
    await persons.say_case(pool, "Z-1", is_open=True, author="zaaksysteem")
    opened = datetime.now(UTC)
    await persons.say_case(pool, "Z-1", is_open=False, author="zaaksysteem")
    assert await past.case_open_at(pool, "Z-1", opened) is True
    assert await past.case_open_at(pool, "Z-1", datetime.now(UTC)) is False
    assert await past.case_open_at(pool, "Z-1", before) is None
    until = datetime.now(UTC) + timedelta(hours=1)
    approval = Approval(r.ASSISTANCE, "Z-1", "j.devries", "a.bakker", until)
    await persons.approve(pool, approval)
    words = (r.ASSISTANCE, "Z-1", "j.devries")
    assert await past.approver_at(pool, *words, datetime.now(UTC)) == "a.bakker"
    assert await past.approver_at(pool, *words, before) == ""
    assert await past.approver_at(pool, *words, until) == "", "it ended"
