# SPDX-License-Identifier: EUPL-1.2
"""What is recorded of a look in the console is enough to decide on it again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.purposes import registers as r

from landschap.console.known import Known, Task
from landschap.console.permission import (
    READ,
    Look,
    facts_of,
    question_of,
    record_of,
    usable_purposes,
)
from landschap.platform.ids import new_span_id, new_trace_id, uuid7
from landschap.purposes.decide import decide
from landschap.purposes.replay import replay
from landschap.purposes.snapshot import Snapshot

LEVELS = ("", "urn:etoegang:core:assurance-class:loa2", "urn:etoegang:core:assurance-class:loa3")
OURS = Snapshot(
    r.weesp(
        r.policy("eigen", organisations=("*own",), roles=("consulent",), min_loa=LEVELS[1]),
        r.policy("links", organisations=("*own",), roles=("archivaris",), field_set="rechts@1",
                 needs=("zaak",)),
        r.policy("programma", organisations=("*own",)),
    )
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    purpose=st.sampled_from((r.ASSISTANCE, r.HOUSING_COSTS, r.PARKING, r.OLD)),
    roles=st.lists(st.sampled_from(("consulent", "archivaris")), unique=True),
    level=st.sampled_from(LEVELS),
    search=st.sampled_from(((), ("bsn",), ("adres.straat",), ("schoenmaat",))),
    case_open=st.sampled_from((None, True, False)),
)
def test_a_look_is_decided_alike_from_its_record(
    purpose: str, roles: list[str], level: str, search: tuple[str, ...], case_open: bool | None
) -> None:
    known = Known("j.devries", "J. de Vries", tuple(roles), level, 0, "", Task(purpose, "Z-1"))
    question = question_of(known, r.WEESP, r.SERVICE, purpose, level=level, search=search)
    question = replace(question, facts=facts_of(known, OURS, case_open))
    decision = decide(question, OURS, r.NOW)
    look = Look(
        known=known,
        level=level,
        service=r.SERVICE,
        action=question.action,
        about={"type": "persoon"},
        transaction_id=uuid7(),
        trace_id=new_trace_id(),
        span_id=new_span_id(),
        at=r.NOW,
    )
    adl: Any = record_of(look, decision).payload["adl"]
    body = adl["body"]
    found = replay(
        body["adl.core.request"],
        body["adl.core.response"],
        bound=None,
        snapshot=OURS,
        at=r.NOW,
    )
    assert found is not None
    assert found.differences == ()
    assert found.decision == msgspec.structs.replace(decision, question=found.decision.question)
    assert found.decision.question == question


def test_a_permission_for_programs_lets_no_employee_in_and_the_refusal_says_what_it_lacks() -> None:
    known = Known("j.devries", "J. de Vries", ("consulent",), LEVELS[2], 0, "", None)
    services = [(r.SERVICE, READ)]
    for roles, permitted in (((), False), (("consulent",), True)):
        ours = Snapshot(r.weesp(r.policy("een", organisations=("*own",), roles=roles)))
        found = usable_purposes(known, LEVELS[2], services, ours, r.NOW, {})
        assert [each.purpose.uri for each in found] == [r.ASSISTANCE] * permitted
        question = question_of(known, r.WEESP, r.SERVICE, r.ASSISTANCE, level=LEVELS[2])
        decision = decide(question, ours, r.NOW)
        assert decision.allow is permitted
        if not permitted:
            assert decision.code == "role_not_allowed"
            assert "one that names none is for programs" in decision.refusal().missing
