# SPDX-License-Identifier: EUPL-1.2
"""Reports of doubt in the console: read, decided, and corrected with it."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime

from tests.console.acts import (
    reported,
)
from tests.console.console_rig import (
    BUILDINGS,
    BURGERZAKEN,
    Console,
)

from landschap.platform.ids import uuid7
from landschap.registers import store
from landschap.registers.operations import Draft
from landschap.registers.periods import Period
from landschap.registers.reports import Report
from landschap.registers.store import Act, Entry
from landschap.registers.timeline import Kind

DOUBTED = "/console/register/bag/panden/0457100000055338"


async def test_a_report_is_decided_with_reason_and_document_and_the_mark_goes(
    console: Console,
) -> None:
    path = await reported(console, "0457100000055338")
    visitor = await console.visit("beheerder", BUILDINGS)
    marked = await visitor.get(DOUBTED)
    assert "Oorspronkelijk bouwjaar in onderzoek" in marked.text
    assert "url(#twijfel)" in marked.text
    listed = await visitor.get("/console/terugmeldingen")
    assert path in listed.text
    assert "1911" not in listed.text
    page = await visitor.get(path)
    assert "Op de gevel staat 1911." in page.text
    empty = await visitor.post(path, {"token": visitor.token(page)})
    assert empty.status == 400
    assert "Kies of de melding klopt" in empty.text
    given = {"gegrond": "nee", "reden": "Het bouwdossier zegt 1920.", "document": "BR-2026-1"}
    done = await visitor.post(path, {"token": visitor.token(page), **given})
    assert done.status == 303
    after = await visitor.get(path)
    assert "Ongegrond" in after.text
    assert "Het besluit is vastgelegd" in after.text
    assert path not in (await visitor.get("/console/terugmeldingen")).text
    assert "Oorspronkelijk bouwjaar in onderzoek" not in (await visitor.get(DOUBTED)).text
    again = await visitor.post(path, {"token": visitor.token(page), **given})
    assert (again.status, again.title) == (409, "Iemand was u voor")


async def test_a_report_that_is_upheld_brings_the_right_value_with_it(console: Console) -> None:
    """In a register of our own; the same reason and document, on the state that was seen."""
    registers = console.deps.registers
    kind = registers.registers.type("proef", "persoon")
    register = registers.registers.by_name["proef"]
    draft = Draft(
        period=Period(datetime(2020, 1, 1, tzinfo=UTC).date()), kind=Kind.REGISTRATION,
        group="persoon", source={"document": "D-1"}, content={"naam": "Moulin", "staat": "gehuwd"},
    )  # fmt: skip
    entry = Entry(type=kind, object_id="p1", draft=draft)
    act = Act(register=register, transaction_id=uuid7(), entries=[entry])
    await store.write(registers.pool, act)
    report = Report(
        report_id=uuid7(), type_key=kind.key, object_id="p1", paths=("staat",),
        since=datetime(2020, 1, 1, tzinfo=UTC).date(), explanation="Ongehuwd volgens de akte.",
        peer="00000099000000003000", reported_at=datetime.now(UTC),
    )  # fmt: skip
    await store.report(registers.pool, register, kind, report, uuid7())
    path = f"/console/terugmeldingen/proef/{report.report_id}"
    visitor = await console.visit("beheerder", BUILDINGS)
    page = await visitor.get(path)
    seen = re.search(r'name="gezien" value="([0-9]+)"', page.text)
    assert seen is not None
    given = {
        "token": visitor.token(page), "gegrond": "ja", "reden": "De akte zegt ongehuwd",
        "document": "akte 7", "gezien": seen[1],
    }  # fmt: skip
    # What the model does not know is told at its field, and nothing is decided.
    wrong = await visitor.post(path, {**given, "waarde.staat": "verliefd"})
    assert (wrong.status, 'href="#waarde.staat"' in wrong.text) == (400, True)
    stale = await visitor.post(path, {**given, "waarde.staat": "ongehuwd", "gezien": "1"})
    assert stale.status in (409, 412)
    done = await visitor.post(path, {**given, "waarde.staat": "ongehuwd"})
    assert done.status == 303
    document = json.loads((await visitor.get("/console/register/proef/personen/p1/json")).text)
    assert document["items"][0]["staat"] == "ongehuwd"
    assert document["items"][0]["historie"]["inOnderzoek"] == []
    last = [each for each in document["registraties"] if each["soort"] == "CORRECTIE"][-1]
    assert last["bron"] == {"document": "akte 7", "reden": "De akte zegt ongehuwd"}
    page = await visitor.get("/console/register/proef/personen/p1")
    assert "Gecorrigeerd" in page.text


async def test_who_may_only_look_can_not_decide(console: Console) -> None:
    path = await reported(console, "0457100000054381")
    visitor = await console.visit("burgerzaken", BURGERZAKEN)
    page = await visitor.get(path)
    assert "U mag hierover niet beslissen" in page.text
    form = {"token": visitor.token(page), "gegrond": "ja", "reden": "Daarom", "document": "D-1"}
    answer = await visitor.post(path, form)
    assert (answer.status, "policy_none" in answer.text) == (403, True)
    assert path in (await visitor.get("/console/terugmeldingen")).text
