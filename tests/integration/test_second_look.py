# SPDX-License-Identifier: EUPL-1.2
"""A logical source looks at the person before it asks anybody, and obeys what the permit says."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from tests.integration.source_rig import ACTIVITY, PEER, SUZANNE, records_of

from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.records import Kind as RecordKind
from landschap.platform.keys import secret_key
from landschap.purposes.duties import Confidentiality, Obligation
from landschap.purposes.needs import Kind
from landschap.purposes.persons.store import Statement, said_of, say

THEN = "geldigOp=2021-03-01"
BODY = {"burgerservicenummer": SUZANNE}
PURPOSE = "https://doelen.landschap.example/id/recht-op-bijstand-vaststellen"


async def test_consent_and_objection_are_looked_up_before_any_source_is_asked(world: Any) -> None:
    pool = await world.database.pool("purposes")
    world.persons = partial(said_of, pool)
    asker = world.asker()
    settings = world.database.settings
    consent = Statement(
        kind=Kind.CONSENT,
        subject=subject_pseudonym(
            secret_key(settings, "pseudonym"), settings.organisation.oin, "bsn", SUZANNE
        ),
        about=PURPOSE,
        receiver=PEER,
        holds=True,
        author="portaal",
    )
    objection = replace(consent, kind=Kind.OBJECTION, about=ACTIVITY, receiver="")
    for said, checks, code in (
        (None, ("toestemming",), "consent_missing"),
        (consent, ("toestemming",), ""),
        (replace(consent, holds=False), ("toestemming",), "consent_withdrawn"),
        (objection, ("bezwaar",), "objection_upheld"),
        (replace(objection, holds=False), ("bezwaar",), ""),
    ):
        if said is not None:
            await say(pool, said)
        asker.beside = {"checks": checks}
        asked_before = world.supplier.health()
        answer = await asker.ask(BODY, query=THEN)
        assert answer.json().get("code", "") == code
        if code:
            assert answer.status_code == 403
            assert world.supplier.health() == asked_before
            decision, line = await records_of(world, asker)
            assert decision.columns.kind == RecordKind.ADL
            assert line.content()["landschap"]["outcome"] == "refused"  # type: ignore[call-overload,index]  # JSON


async def test_values_leave_as_they_are_obliged_and_the_mark_withholds(world: Any) -> None:
    asker = world.asker()
    asker.beside = {
        "obligations": (
            Obligation(kind="pc4", path="adres.postcode"),
            Obligation(kind="maskeren", path="adres.straat"),
        )
    }
    (obliged,) = (await asker.ask(BODY, query=THEN)).json()["resultaten"]
    assert len(obliged["adres"]["postcode"]) == 4
    assert obliged["adres"]["straat"] == "***"
    # Whoever has a place to live is confidential here; the address is guarded, the mark is not asked.
    asker.beside = {
        "mark": Confidentiality(path="adres.woonplaats", guarded=("adres",)),
        "third_party": True,
    }
    answer = await asker.ask(BODY, query=THEN)
    (withheld,) = answer.json()["resultaten"]
    assert withheld["_afgeschermd"] == "geheimhouding"
    assert "adres" not in withheld
    assert not [pointer for pointer in answer.json()["herkomst"] if "/adres" in pointer]
    asker.beside = {"obligations": (Obligation(kind="versleutelen", path="adres.straat"),)}
    assert (await asker.ask(BODY, query=THEN)).json()["code"] == "obligation_unsupported"
