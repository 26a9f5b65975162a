# SPDX-License-Identifier: EUPL-1.2
"""What a permission needs beside the purpose, and what stands against the use of one person."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from tests.purposes import registers as r

from landschap.purposes.checks import check_register
from landschap.purposes.decide import decide
from landschap.purposes.decision import Decision
from landschap.purposes.duties import Confidentiality, Obligation
from landschap.purposes.model import Decree, Policy, Register, Validity
from landschap.purposes.needs import Facts, Kind, Standing, against
from landschap.purposes.permit import Permit
from landschap.purposes.replay import replay
from landschap.purposes.rows import RowCondition
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.ijson import JsonValue

CONSENT = ("toestemming",)
MARK = Confidentiality(path="uitkering.soort", guarded=("adres.straat", "adres.plaats"))


def decided(policy: Policy, facts: Facts = Facts(), **changes: object) -> Decision:  # noqa: B008
    return decide(r.question(facts=facts, **changes), Snapshot(r.weesp(policy)), r.NOW)


def said(kind: Kind, about: str, receiver: str, holds: bool) -> Standing:
    return Standing(kind=kind, about=about, receiver=receiver, holds=holds, since=r.NOW)


@pytest.mark.case("A25")
@pytest.mark.parametrize(
    ("facts", "code"),
    [
        (Facts(), "case_missing"),
        (Facts(case="Z-1", case_open=False), "case_missing"),
        (Facts(case="Z-1", case_open=True), ""),
        (Facts(case="verwijzing"), ""),
    ],
)
def test_a_case_that_is_needed_must_be_there_and_open(facts: Facts, code: str) -> None:
    found = decided(r.policy("p", needs=("zaak",)), facts)
    assert (found.allow, found.code) == (not code, code)


def test_a_second_person_must_have_approved() -> None:
    policy = r.policy("p", needs=("vier-ogen",))
    assert decided(policy).code == "approval_missing"
    assert decided(policy, Facts(approver="a.bakker")).allow


@pytest.mark.parametrize("state", ["missing", "withdrawn"])
def test_a_consent_that_is_known_not_to_be_there_refuses_at_the_door(state: str) -> None:
    assert decided(r.policy("p", needs=CONSENT), Facts(consent=state)).code == f"consent_{state}"


def test_what_is_about_the_person_is_left_to_the_service() -> None:
    every = {r.ACTIVITY: frozenset({"beperking", "bezwaar"})}
    needing = r.policy("p", needs=CONSENT)
    assert decided(needing).checks == CONSENT
    assert decided(needing, Facts(consent="given")).checks == ()
    assert decided(r.policy("p"), Facts(marked=every)).checks == ("beperking", "bezwaar")
    assert decided(r.policy("p"), Facts(marked={"https://elders": every[r.ACTIVITY]})).checks == ()
    despite = r.policy("p", despite=("rechtsvordering",))
    assert decided(despite, Facts(marked=every)).checks == ("bezwaar",)


def test_consent_counts_for_its_purpose_and_receiver_alone() -> None:
    def code(*found: Standing) -> str:
        return against(
            CONSENT, found, purpose=r.ASSISTANCE, receiver=r.DOESBURG, activity=r.ACTIVITY
        )

    assert code() == "consent_missing"
    assert code(said(Kind.CONSENT, r.ASSISTANCE, r.DOESBURG, True)) == ""
    assert code(said(Kind.CONSENT, r.ASSISTANCE, r.DOESBURG, False)) == "consent_withdrawn"
    assert code(said(Kind.CONSENT, r.SOCIAL, r.DOESBURG, True)) == "consent_missing"
    assert code(said(Kind.CONSENT, r.ASSISTANCE, r.STRANGER, True)) == "consent_missing"


def test_a_restriction_gives_way_to_consent_and_an_objection_does_not() -> None:
    def code(check: str, *found: Standing) -> str:
        return against(
            (check,), found, purpose=r.ASSISTANCE, receiver=r.DOESBURG, activity=r.ACTIVITY
        )

    restricted = said(Kind.RESTRICTION, r.ACTIVITY, "", True)
    objected = said(Kind.OBJECTION, r.ACTIVITY, "", True)
    consent = said(Kind.CONSENT, r.ASSISTANCE, r.DOESBURG, True)
    assert code("beperking", restricted) == "processing_restricted"
    assert code("beperking", restricted, consent) == ""
    assert code("beperking", replace(restricted, holds=False)) == ""
    assert code("beperking", replace(restricted, about=r.PARKING_ACTIVITY)) == ""
    assert code("bezwaar", objected, consent) == "objection_upheld"
    assert code("iets-nieuws", consent) == "obligation_unsupported"


def decree(**changes: object) -> Decree:
    made = Decree(
        id="besluit",
        reference="2026-0000123",
        receivers=(r.DOESBURG,),
        provider=r.WEESP,
        service=r.SERVICE,
        valid=r.SINCE_2026,
        searchable=("bsn",),
        persons=(RowCondition(path="adres.plaats", op="eq", values=("Weesp",)),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]  # the test names the fields


def test_a_decree_must_be_in_force_and_limits_who_and_by_what_is_searched() -> None:
    policy = r.policy("p", decree="besluit")

    def under(*decrees: Decree) -> Decision:
        return decide(r.question(), Snapshot(r.weesp(policy, decrees=decrees)), r.NOW)

    allowed = under(decree())
    assert allowed.searchable == {"bsn"}
    assert allowed.rows == decree().persons
    assert under(decree(searchable=())).searchable == frozenset()
    for without in (
        under(),
        under(decree(receivers=(r.STRANGER,))),
        under(decree(valid=Validity(since=date(2026, 1, 1), until=date(2026, 11, 24)))),
    ):
        assert without.code == "decree_missing"
        assert "autorisatiebesluit" in without.refusal().missing


def test_what_is_not_given_as_it_is_can_not_be_searched_by() -> None:
    masked = r.policy("p", obligations=(Obligation(kind="maskeren", path="bsn"),))
    found = decided(masked, search=("bsn",))
    assert found.code == "fields_excess"
    assert decided(masked).searchable == frozenset()


def test_an_obligation_that_is_not_known_is_a_denial() -> None:
    strange = r.policy("p", obligations=(Obligation(kind="versleutelen", path="bsn"),))
    assert decided(strange).code == "obligation_unsupported"


def findings(register: Register) -> list[tuple[str, str]]:
    return [(each.key, each.nearest) for each in check_register(register)]


@pytest.mark.parametrize(
    ("changes", "key", "nearest"),
    [
        ({"obligations": (Obligation(kind="pc4", path="adres.strat"),)}, "verplichtingen", "adres.straat"),
        ({"decree": "beslui"}, "autorisatiebesluit", "besluit"),
        ({"needs": ("vier-ogen",)}, "nodig", ""),
        ({"rows": (RowCondition(path="uitkering.sort", op="exists"),)}, "rijen", "uitkering.soort"),
    ],
)  # fmt: skip
def test_a_misspelt_name_is_an_error_with_the_nearest_one(
    changes: dict[str, object], key: str, nearest: str
) -> None:
    assert findings(r.weesp(r.policy("p", **changes), decrees=(decree(),))) == [(key, nearest)]


def test_where_a_mark_is_held_the_policy_says_which_kind_of_receiver_it_is_about() -> None:
    plain = r.weesp()
    services = (replace(plain.services[0], confidential=MARK),)
    assert findings(replace(plain, services=services)) == [("soort_ontvanger", "")]
    third = replace(plain, services=services, policies=(r.policy("p", receiver="derde"),))
    assert findings(third) == []
    found = decide(r.question(), Snapshot(third), r.NOW)
    assert (found.mark, found.third_party) == (MARK, True)
    assert found.only_by_ours


def test_a_register_without_the_new_parts_keeps_its_version_and_one_with_them_comes_back() -> None:
    plain = Snapshot(r.weesp()).document()
    assert b"needs" not in plain
    assert b"decrees" not in plain
    assert b"confidential" not in plain
    obliged = (Obligation(kind="pc4", path="adres.straat"),)
    full = Snapshot(r.weesp(r.policy("p", needs=CONSENT, obligations=obliged), decrees=(decree(),)))
    assert Snapshot.from_document(full.document()).version == full.version


def test_the_receiver_in_a_permit_is_for_whom_is_asked() -> None:
    fields = dict.fromkeys(("service", "method", "target", "purpose", "policy", "snapshot"), "")
    permit = Permit(
        **fields, transaction_id=None, activity="", activity_version=0, fields=(),  # type: ignore[arg-type]  # only who counts here
        searchable=(), expires_at=r.NOW, peer=r.DOESBURG,
    )  # fmt: skip
    assert permit.receiver == r.DOESBURG
    assert replace(permit, delegator=r.STRANGER).receiver == r.STRANGER


@pytest.mark.parametrize(
    ("context", "facts", "code"),
    [
        ({"case": "Z-1"}, {}, ""),
        ({"case": "Z-1"}, {"caseOpen": True}, ""),
        ({"case": "Z-1"}, {"caseOpen": False}, "case_missing"),
        ({}, {}, "case_missing"),
    ],
)
def test_a_recorded_question_is_decided_again_on_what_the_door_knew(
    context: dict[str, JsonValue], facts: dict[str, JsonValue], code: str
) -> None:
    """Also when the case was closed since, or the policy looks the same from outside."""
    policy = r.policy("p", needs=("zaak",), organisations=("*own",))
    request: dict[str, JsonValue] = {
        "subject": {"type": "application", "id": "zaaksysteem"},
        "action": {"name": "raadplegen"},
        "resource": {"type": "service", "id": r.SERVICE, "properties": {"provider": r.WEESP}},
        "context": {"purpose": r.ASSISTANCE, **context},
    }
    told: dict[str, JsonValue] = {"facts": facts, **({"code": code} if code else {})}
    if not code:
        told |= {"policy": "p@1", "visible": sorted(r.BIJSTAND.fields)}
    again = replay(
        request,
        {"decision": not code, "context": told},
        bound=None,
        snapshot=Snapshot(r.weesp(policy)),
        at=r.NOW,
    )
    assert again is not None
    assert (again.decision.code, again.differences) == (code, ())
