# SPDX-License-Identifier: EUPL-1.2
"""The demo's resident applies for a permit: what is known is filled in, and it is sent once.

The form is a client of its own: its log-in, its key at the Outway, its purpose and contracts. What
it fetched and registered stands in the resident's own page, under the form's purpose.
"""

from __future__ import annotations

import asyncio
import html
import re
from datetime import UTC, datetime, timedelta

from landschap.cli.demo.keys import key_of
from landschap.cli.demo.landscape import (
    ANNA,
    FORM_APPLICATION,
    FORM_PURPOSE,
    Landscape,
)
from landschap.cli.demo.opening import agree, connected, publish
from landschap.cli.demo.report import Seen, demand
from landschap.cli.demo.visitor import Seen as Page
from landschap.cli.demo.visitor import Visitor, form_in

APPLICANT = "burger-3"
FETCH_SERVICE, REGISTER_SERVICE = "aanvrager-en-woning", "omgevingsvergunningen-bijhouden"
_WISHES = {
    FETCH_SERVICE: ("raadplegen", "formulier-vooraf-ingevuld"),
    REGISTER_SERVICE: ("bijwerken-of-wijzigen", "aanvraag-inschrijven"),
}
_FIELD = re.compile(r'<input class="utrecht-textbox[^>]* name="([^"]+)"[^>]* value="([^"]*)"')


async def apply_for_a_permit(landscape: Landscape) -> Seen:
    """Fill in, look over, send twice. Raises what `demand` raises when it is otherwise."""
    await open_form(landscape)
    web, resident = landscape.weesp.web_address, Visitor()
    form = f"{web}/formulier/aanvraag"
    begun = await resident.log_in(f"{web}/formulier", APPLICANT)
    filled = await resident.send(form, {**form_in(begun.text), "stap": "ophalen"})
    fields = fields_of(filled)
    seen: Seen = {"filled in": sorted(name for name, text in fields.items() if text),
                  "source": "Opgehaald uit: Inwoners" in filled.text}  # fmt: skip
    demand(fields.get("straat") == "Vincent van Goghstraat", "the address is not filled in", seen)
    begins = (datetime.now(UTC) + timedelta(days=60)).date().isoformat()
    typed = {**fields, "soortWerk": "dakkapel", "omschrijving": "Een dakkapel.", "begintOp": begins}
    looked_over = await resident.send(form, {**form_in(filled.text), **typed, "stap": "nakijken"})
    sent = {**form_in(looked_over.text), "stap": "verstuur"}
    received = [await resident.send(form, sent), await resident.send(form, sent)]
    numbers = {each.address.rsplit("/", 1)[-1] for each in received}
    seen["receipts"] = sorted(numbers)
    demand(len(numbers) == 1 and "is ontvangen" in received[0].text, "not received once", seen)
    page = await _uses(resident, web)
    seen["told"] = "Aanvraag omgevingsvergunning" in page.text
    demand(bool(seen["told"]), "the resident does not see what the form did", seen)
    demand(ANNA not in page.text + received[0].text, "a person's number is told", seen)
    return seen


async def open_form(landscape: Landscape) -> None:
    """Weesp's officers: a key for the form, its two services listed, its two contracts."""
    weesp = landscape.weesp
    await key_of(landscape, weesp, FORM_APPLICATION)
    if await connected(landscape, weesp, weesp, tuple(_WISHES)):
        return
    await asyncio.gather(*(publish(landscape, weesp, service) for service in _WISHES))
    terms = ("--purpose", FORM_PURPOSE, "--legal-basis", "eu-gdpr:A6-1-e")
    await asyncio.gather(*(
        agree(landscape, weesp, weesp, "--service", service, *terms,
              "--action", action, "--field-set", fields)
        for service, (action, fields) in _WISHES.items()
    ))  # fmt: skip


async def _uses(resident: Visitor, web: str) -> Page:
    """The resident's own page with uses; the form's log-in does not count there."""
    await resident.log_in(web, APPLICANT)
    return await resident.open(f"{web}/gebruik")


def fields_of(page: Page) -> dict[str, str]:
    """What stands in the fields of a page."""
    return {name: html.unescape(value) for name, value in _FIELD.findall(page.text)}
