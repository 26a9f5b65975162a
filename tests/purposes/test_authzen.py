# SPDX-License-Identifier: EUPL-1.2
"""Questions and decisions in AuthZEN's form, without anything that runs."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.purposes import registers as r

from landschap.purposes.authzen import names
from landschap.purposes.authzen.evaluating import answer_of, obligations_of
from landschap.purposes.authzen.messages import Unclear, Unreadable, read_evaluation
from landschap.purposes.authzen.voice import Voice, digest_of, heard_in, request_of
from landschap.purposes.authzen.words import DUTCH
from landschap.purposes.decide import decide
from landschap.purposes.duties import Obligation
from landschap.purposes.reasons import REASONS
from landschap.purposes.rows import RowCondition
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.vetoes import with_voice

VOICE = Voice(address="https://pdp.example:8443/access/v1/evaluation")


def body(**changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "subject": {"type": names.PEER, "id": r.DOESBURG},
        "action": {"name": names.action_uri("raadplegen")},
        "resource": {"type": names.SERVICE, "id": r.SERVICE},
        "context": {"doelbinding": r.ASSISTANCE},
    }
    return made | changes


def test_every_reason_has_words_for_a_person_in_dutch() -> None:
    assert REASONS.keys() <= DUTCH.keys()
    assert all(words.endswith(".") for words in DUTCH.values())


def test_everything_in_a_question_is_read() -> None:
    asked = read_evaluation(
        body(
            subject={
                "type": names.USER,
                "id": "mw-1",
                "properties": {"roles": ["consulent"], "loa": "none"},
            },
            resource={
                "type": names.SERVICE,
                "id": "x",
                "properties": {"provider": r.DOESBURG, "fields": ["a"], "search": ["b"]},
            },
            context={
                "doelbinding": r.ASSISTANCE,
                "grondslag": ["eu-gdpr:A6-1-e"],
                "handling": "lenient",
                "zaak": "Z-1",
            },
        ),
        r.WEESP,
    )
    question = asked.question
    assert (question.organisation, question.provider, question.service) == (
        r.WEESP,
        r.DOESBURG,
        "x",
    )
    assert (question.fields, question.search, question.roles) == (("a",), ("b",), ("consulent",))
    assert (question.legal_bases, question.lenient) == (("eu-gdpr:A6-1-e",), True)
    assert question.facts.case == "Z-1"
    assert asked.ignored == ()


def test_who_asks_for_another_is_the_delegatee() -> None:
    context = {"doelbinding": r.ASSISTANCE, "delegator": r.DOESBURG}
    subject = {"type": names.PEER, "id": r.STRANGER}
    question = read_evaluation(body(subject=subject, context=context), r.WEESP).question
    assert (question.organisation, question.delegatee) == (r.DOESBURG, r.STRANGER)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"subject": {"type": names.PEER, "id": "Doesburg"}}, "no OIN"),
        ({"subject": {"type": names.PURPOSE, "id": r.ASSISTANCE}}, "two purposes"),
        ({"context": {}}, "names no purpose"),
        ({"action": {"name": f"{names.BASE}actie/lezen"}}, "is not known"),
    ],
)
def test_a_question_that_names_nothing_known_is_unclear(
    changes: dict[str, Any], words: str
) -> None:
    if "purposes" in words:
        changes = changes | {"context": {"doelbinding": r.PARKING, "client_principal": r.DOESBURG}}
    with pytest.raises(Unclear, match=words):
        read_evaluation(body(**changes), r.WEESP)


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": None},
        {"subject": {"id": r.DOESBURG}},
        {"subject": {"type": names.PEER}},
        {"resource": {"type": names.SERVICE}},
        {"action": {}},
        {"context": 3},
        {"resource": {"type": names.SERVICE, "id": "x", "properties": {"fields": "a"}}},
        {"subject": {"type": names.PEER, "id": "1" * 501}},
    ],
)
def test_a_question_without_its_parts_can_not_be_read(changes: dict[str, Any]) -> None:
    with pytest.raises(Unreadable):
        read_evaluation(body(**changes), r.WEESP)


def test_a_permission_names_everything_its_asker_must_do() -> None:
    policy = r.policy(
        "p",
        rows=(RowCondition(path="adres.plaats", op="eq", values=("Weesp",)),),
        obligations=(Obligation(kind="maskeren", path="bsn"),),
        needs=("toestemming",),
    )
    snapshot = Snapshot(r.weesp(policy))
    decision = decide(r.question(fields=None), snapshot, r.NOW)
    kinds = {str(each["id"]) for each in obligations_of(decision, snapshot)}
    assert kinds == {"fields", "rows", "values", "checks"}
    assert answer_of(decision, snapshot)["decision"] is True


def test_what_a_voice_is_asked_holds_no_activity_and_no_legal_name() -> None:
    question = r.question(delegatee=r.STRANGER)
    request = request_of(question, r.WEESP, "")
    assert request["subject"] == {"type": names.PEER, "id": r.STRANGER, "properties": {}}
    assert r.ACTIVITY not in str(request)
    other = request_of(replace(question, fields=("bsn",)), r.WEESP, "")
    assert digest_of(request) != digest_of(other)


def test_a_voice_never_makes_a_permission() -> None:
    snapshot = Snapshot(r.weesp())
    denied = decide(r.question(organisation=r.STRANGER), snapshot, r.NOW)
    said = heard_in(b'{"decision": true}', 200, VOICE, "x")
    assert said.answer == "yes"
    assert said.who == "pdp.example"
    assert with_voice(denied, said) is denied
