# SPDX-License-Identifier: EUPL-1.2
"""The demo's resident finds a wrong house number, reports it, and reads what was decided.

The same pages as a person sees: the form is looked over before it is sent, the officer decides in
the console with the proposed value, and the register has the correction on both time axes.
"""

from __future__ import annotations

import json
import re
from typing import Any

from landschap.cli.demo.landscape import Landscape
from landschap.cli.demo.report import Seen, demand
from landschap.cli.demo.visitor import Seen as Page
from landschap.cli.demo.visitor import Visitor, form_in

RESIDENT, OFFICER = "burger-1", "weesp-burgerzaken"
WHY = "Mijn huurcontract zegt het anders."
REASON = "Zo staat het in het huurcontract."
_PURPOSE = "https://doelen.landschap.example/id/gegevens-van-inwoners-bijhouden"
_THING = "register/postadressen/postadressen/P00001"
_TYPED = re.compile(r'name="(waarde\.[^"]+)"[^>]*value="([^"]*)"')


async def report_an_error(landscape: Landscape) -> Seen:
    """Report, decide, read the decision. Raises what `demand` raises when it is otherwise."""
    web = landscape.weesp.web_address
    resident, officer = Visitor(), Visitor()
    await resident.log_in(web, RESIDENT)
    before = _house_number((await resident.open(f"{web}/gegevens")).text)
    proposed = "14" if before != "14" else "41"
    sent = await _report(resident, web, proposed)
    marked = await resident.open(f"{web}/gegevens")
    seen: Seen = {"before": before, "proposed": proposed, "report": sent.address.split("/")[-1],
                  "marked": "In onderzoek" in marked.text}  # fmt: skip
    demand("Uw melding is ontvangen" in sent.text, "the report was not received", seen)
    demand(bool(seen["marked"]), "the value is not marked as under investigation", seen)
    console = f"{web}/console"
    await officer.log_in(console, OFFICER)
    history = await _decide(officer, console, str(seen["report"]))
    seen["kind"], seen["reason"] = history["soort"], history["bron"]["reden"]
    demand((seen["kind"], seen["reason"]) == ("CORRECTIE", REASON), "not corrected", seen)
    told = await resident.open(sent.address)
    after = await resident.open(f"{web}/gegevens")
    seen |= {
        "after": _house_number(after.text),
        "decision read": REASON in told.text,
        # By the logical source Doesburg may have received it; it offers Weesp no inbox.
        "told": "kreeg misschien het oude gegeven" in told.text,
        "still marked": "In onderzoek" in after.text,
    }
    demand(seen["after"] == proposed, f"expected {proposed}", seen)
    demand(seen["decision read"] is seen["told"] is True, "the resident does not read it", seen)
    demand(not seen["still marked"], "the mark is still there", seen)
    return seen


async def _report(resident: Visitor, web: str, proposed: str) -> Page:
    page = await resident.open(f"{web}/gegevens")
    found = re.search(r'href="(/gegevens/postadressen/[^"]+/huisnummer/fout)"', page.text)
    demand(found is not None, "the house number can not be reported", {"status": page.status})
    assert found is not None  # noqa: S101  # demanded above
    place = f"{web}{found[1]}"
    form = form_in((await resident.open(place)).text) | {"voorstel": proposed, "uitleg": WHY}
    looked_over = await resident.send(place, {**form, "stap": "nakijken"})
    return await resident.send(place, {**form_in(looked_over.text), "stap": "verstuur"})


async def _decide(officer: Visitor, console: str, report: str) -> dict[str, Any]:
    """Decide that it is right; gives the last registration of the object."""
    chosen = form_in((await officer.open(f"{console}/doel")).text)
    await officer.send(f"{console}/doel", {**chosen, "doel": _PURPOSE, "zaak": "Z-2026-00318"})
    place = f"{console}/terugmeldingen/postadressen/{report}"
    page = await officer.open(place)
    form = form_in(page.text) | dict(_TYPED.findall(page.text))
    await officer.send(
        place, {**form, "gegrond": "ja", "reden": REASON, "document": "huurcontract"}
    )
    found = json.loads((await officer.open(f"{console}/{_THING}/json")).text)
    last: dict[str, Any] = max(
        (each for each in found["registraties"] if each["soort"] != "ONDERZOEK"),
        key=lambda each: each["volgnummer"],
    )
    return last


def _house_number(page: str) -> str:
    found = re.search(r"<dt>Huisnummer</dt><dd>\s*([0-9]+)", page)
    return found[1] if found else ""
