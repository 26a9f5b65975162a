# SPDX-License-Identifier: EUPL-1.2
"""Where data lies, as an officer sees it: places by class, memories with their lifetime, fields."""

from __future__ import annotations

from tests.console.console_rig import Console

HERE = "/console/plaatsen"


async def test_an_officer_chooses_a_class_and_sees_places_memories_and_fields(
    console: Console,
) -> None:
    visitor = await console.visit("fg")
    log = await visitor.get("/console/logboek")
    assert f'href="{HERE}"' in log.text
    everything = await visitor.get(HERE)
    assert everything.status == 200
    assert "geschiedenis van registers" in everything.text
    assert "besluiten van deze seconde" in everything.text
    assert "vervangen bij de eerste vraag van een volgende seconde" in everything.text
    # What holds nothing about a person is no answer to this question.
    assert "nummer van de nieuwste wijziging" not in everything.text
    staff = await visitor.get(f"{HERE}?soort=medewerker")
    assert "sessies van medewerkers, verzegeld" in staff.text
    assert "sessies van inwoners, verzegeld" not in staff.text
    numbers = await visitor.get(f"{HERE}?soort=identificerend")
    assert "inwoners.inwoner.burgerservicenummer" in numbers.text
    assert "inwoners.inwoner.burgerservicenummer" not in staff.text
    english = await visitor.get(f"/en{HERE}")
    assert "history of registers" in english.text
    assert "geschiedenis van registers" not in english.text


async def test_only_log_officers_see_it_and_an_unknown_class_is_no_page(console: Console) -> None:
    assert (await (await console.visit("burgerzaken")).get(HERE)).status == 403
    officer = await console.visit("fg")
    assert (await officer.get(f"{HERE}?soort=geheim")).status == 404
