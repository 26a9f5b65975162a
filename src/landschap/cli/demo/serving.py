# SPDX-License-Identifier: EUPL-1.2
"""The demo's desk: somebody who can not log in asks for their data, and the letter waits.

As an employee sees it: looking up by name and day of birth, the document seen, a colleague who sees
that it is somebody else, the person's own pages, and the list of letters.
"""

from __future__ import annotations

import html
import re

from landschap.cli.demo.landscape import Landscape
from landschap.cli.demo.report import Seen, demand
from landschap.cli.demo.visitor import Visitor, form_in

EMPLOYEE, COLLEAGUE = "weesp-balie", "weesp-balie-2"
WHY = "Wil weten welke gegevens wij hebben."
WHO = {"naam": "Kierkegaard", "geboren": "12-11-1952"}
_CHECKED = {
    "document": "paspoort", "tekens": "4K7", "adres": "Hoogstraat 1\n1381 AB Weesp", "gezien": "ja",
}  # fmt: skip
_FIRST = re.compile(r'name="waarvoor" id="waarvoor[^"]*" value="([^"]*)"')


async def serve_at_the_desk(landscape: Landscape) -> Seen:
    """Look up, check, ask, end. Raises what `demand` raises when it is otherwise."""
    web = landscape.weesp.web_address
    desk = f"{web}/console/balie"
    employee, colleague = Visitor(), Visitor()
    await employee.log_in(f"{web}/console", EMPLOYEE)
    await colleague.log_in(f"{web}/console", COLLEAGUE)
    page = await employee.open(desk)
    if "/balie/klaar" in page.text:  # of a run that was cut short
        await employee.send(f"{desk}/klaar", form_in(page.text))
        page = await employee.open(desk)
    found = await employee.send(desk, {**form_in(page.text), **WHO, "reden": WHY})
    waiting = await employee.send(f"{desk}/controle", {**form_in(found.text), **_CHECKED})
    seen: Seen = {"found": "Charles Kierkegaard" in found.text,
                  "colleague": "Een collega moet dit eerst zien" in waiting.text}  # fmt: skip
    demand(seen["found"] is seen["colleague"] is True, "no visit waits for a colleague", seen)
    await colleague.send(f"{desk}/gezien", form_in((await colleague.open(desk)).text))
    begun = await employee.send(f"{desk}/verder", form_in(waiting.text))
    seen["on every page"] = "U helpt Charles Kierkegaard" in begun.text
    seen["request"] = number = await _ask(employee, web)
    ended = await employee.open(f"{web}/balie/klaar")
    await employee.send(f"{web}/balie/klaar", form_in(ended.text))
    seen["closed"] = "Kierkegaard" not in (await employee.open(f"{web}/gegevens")).text
    letter = await employee.open(f"{desk}/brieven/{number}/ontvangst")
    seen["letter"] = "Hoogstraat 1" in letter.text
    demand(bool(seen["on every page"]), "the page does not say whom it is about", seen)
    demand(bool(seen["closed"]), "data are shown after the visit", seen)
    demand(bool(seen["letter"]), "there is no letter to send", seen)
    return seen


async def _ask(employee: Visitor, web: str) -> str:
    """Ask for the data; gives the number of the request."""
    place = f"{web}/rechten/inzage"
    page = await employee.open(place)
    about = _FIRST.search(page.text)
    demand(about is not None, "nothing can be asked", {"status": page.status})
    assert about is not None  # noqa: S101  # demanded above
    form = {**form_in(page.text), "waarvoor": html.unescape(about[1]), "stap": "verstuur"}
    return (await employee.send(place, form)).address.split("/")[-1]
