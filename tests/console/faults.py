# SPDX-License-Identifier: EUPL-1.2
"""The forms of portal and desk as people fill them in, each ready to be sent; and how they fail.

`FORMS` is the table: one row per form, with the routes it is sent to. What goes wrong with each is
in ``test_form_faults.py``.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from html import unescape

from tests.console.console_rig import Console
from tests.console.test_desk import HERE, SEEN, WHY, look_up
from tests.portal.portal_rig import ANOTHER
from tests.portal.test_corrections import form_of, place_of
from tests.portal.visiting import Seen, Visitor

from landschap.platform.web.sessions import begin_session
from landschap.portal.known import Known
from landschap.vocabulary.mandates import Mandate

# Official fictitious persons, one per fault, so that what one test asks is not there already.
PERSONS = ("999990822", "999990950", "999992727", "999991905", "999992922", "999993483")
TYPED = "dit typte ik net zelf"
_LETTER = re.compile(rf'href="({HERE}/brieven/[^"]+/ontvangst)"')


@dataclass(kw_only=True)
class Filled:
    """A form that is filled in, and by whom."""

    visitor: Visitor
    path: str
    form: dict[str, str]
    bsn: str = ""
    other: dict[str, str] = field(default_factory=dict)
    """The same form filled in in a second window."""
    page: Seen | None = None


@dataclass(frozen=True, kw_only=True)
class Form:
    """One row. ``done`` counts what the form does, in the whole database.

    ``typed`` is what must not be lost, on the page that ``again`` gives; empty where there is only
    a button. ``recorded``: without a log nothing is done. ``window`` is the answer to the same form
    from a second window that was open before.
    """

    name: str
    routes: tuple[str, ...]
    fill: Callable[[Console, int], Awaitable[Filled]]
    done: str
    typed: str = ""
    again: Callable[[Console, Filled], Awaitable[Seen]] | None = None
    recorded: bool = True
    window: int = 303
    employee: str = ""


async def sits(
    console: Console, bsn: str, visitor: Visitor | None = None, **known: object
) -> Visitor:
    """A person who has logged in; in the browser of ``visitor``."""
    made = visitor or Visitor(portal=console.address)
    deps = console.portal
    who = Known(
        bsn=bsn, name="Iemand", level="http://eidas.europa.eu/LoA/high", authenticated_at=1,
        id_token="", **known,  # type: ignore[arg-type]  # as a row says it
    )  # fmt: skip
    token = await begin_session(deps.portal_pool, deps.session_key, who)
    host = console.address.removeprefix("http://")
    made.cookies.setdefault(host, {})["__Host-sessie"] = token
    return made


def _choice(page: Seen, which: int = 0) -> str:
    every = re.findall(r'name="waarvoor" id="waarvoor[^"]*" value="([^"]+)"', page.text)
    return unescape(every[which])


def _hidden(page: Seen, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page.text)
    assert found is not None, page.text
    return unescape(found[1])


async def _correction(console: Console, _fault: int) -> Filled:
    visitor = await sits(console, ANOTHER)
    # What another test reported is taken back: of one value there is one report at a time.
    for path in re.findall(r'href="(/meldingen/[^"]+)"', (await visitor.get("/gegevens")).text):
        await visitor.post(path, {"token": visitor.token(await visitor.get(path))})
    place = await place_of(visitor, "postcode")
    page = await visitor.get(place)
    more = {"stap": "verstuur", "voorstel": "1381 ZZ", "uitleg": TYPED}
    return Filled(
        visitor=visitor, path=place, form=form_of(visitor, page, **more), bsn=ANOTHER,
        other=form_of(visitor, await visitor.get(place), **more),
    )  # fmt: skip


async def _withdrawn_report(console: Console, fault: int) -> Filled:
    filled = await _correction(console, fault)
    sent = await filled.visitor.post(filled.path, filled.form)
    path = sent.location.removeprefix(console.address)
    form = {"token": filled.visitor.token(await filled.visitor.get(path))}
    return Filled(visitor=filled.visitor, path=path, form=form, bsn=ANOTHER, other=form)


def _right(name: str) -> Callable[[Console, int], Awaitable[Filled]]:
    async def fill(console: Console, fault: int) -> Filled:
        bsn = PERSONS[fault]
        visitor = await sits(console, bsn)
        path = f"/rechten/{name}"
        page = await visitor.get(path)
        form = {
            "token": visitor.token(page), "voor": _hidden(page, "voor"),
            "waarvoor": _choice(page), "uitleg": TYPED, "stap": "verstuur",
        }  # fmt: skip
        return Filled(visitor=visitor, path=path, form=form, bsn=bsn, other=dict(form))

    return fill


async def _withdrawn_request(console: Console, fault: int) -> Filled:
    filled = await _right("beperking")(console, fault)
    sent = await filled.visitor.post(filled.path, filled.form)
    path = sent.location.removeprefix(console.address)
    form = {"token": filled.visitor.token(await filled.visitor.get(path))}
    return Filled(visitor=filled.visitor, path=path, form=form, bsn=filled.bsn, other=form)


async def _consent(console: Console, fault: int) -> Filled:
    bsn = PERSONS[fault]
    visitor = await sits(console, bsn)
    page = await visitor.get("/toestemmingen")
    form = {
        "token": visitor.token(page), "waarvoor": _hidden(page, "waarvoor"), "keuze": "geef",
    }  # fmt: skip
    return Filled(visitor=visitor, path="/toestemmingen", form=form, bsn=bsn, other=dict(form))


async def _mandate(console: Console, fault: int) -> Filled:
    mandate = Mandate(
        bsn=ANOTHER, name="de vertegenwoordigde", source="https://machtigen.example",
        reference="M-1", services=("logboek-inzage",), until=None,
    )  # fmt: skip
    bsn = PERSONS[fault]
    visitor = await sits(console, bsn, mandates=(mandate,))
    form = {"token": visitor.token(await visitor.get("/namens")), "mandaat": "M-1"}
    return Filled(visitor=visitor, path="/namens", form=form, bsn=bsn, other=form)


async def _at_desk(console: Console) -> Visitor:
    """An employee who helps nobody, and looked up nobody yet this hour."""
    connection = await console.database.administrator()
    await connection.execute(
        "UPDATE console.desk_visit SET ended_at = now(), ended_why = 'proef' WHERE ended_at IS NULL"
    )
    await connection.execute("UPDATE console.desk_look SET at = at - interval '2 hours'")
    await connection.close()
    return await console.visit("balie")


async def _looked_up(console: Console, _fault: int) -> Filled:
    visitor = await _at_desk(console)
    page = await visitor.get(HERE)
    form = {
        "token": visitor.token(page), "medewerker": _hidden(page, "medewerker"), "bsn": ANOTHER,
        "reden": f"{WHY}, {TYPED}",
    }  # fmt: skip
    return Filled(visitor=visitor, path=HERE, form=form, other=dict(form))


async def _checked(console: Console, _fault: int) -> Filled:
    visitor = await _at_desk(console)

    async def found() -> dict[str, str]:
        page = await look_up(visitor, bsn=ANOTHER)
        kept = {name: _hidden(page, name) for name in ("wie", "medewerker")}
        return {"token": visitor.token(page), **kept, **SEEN, "adres": f"Dorpsweg 1\n{TYPED}"}

    first = await found()
    return Filled(visitor=visitor, path=f"{HERE}/controle", form=first, other=await found())


def _visiting(path: str, page: str) -> Callable[[Console, int], Awaitable[Filled]]:
    """A button of a visit that is open; ``page`` is where it stands."""

    async def fill(console: Console, fault: int) -> Filled:
        filled = await _checked(console, fault)
        visitor = filled.visitor
        assert (await visitor.post(filled.path, filled.form)).status == 303
        form = {"token": visitor.token(await visitor.get(page))}
        return Filled(visitor=visitor, path=path, form=form, other=form)

    return fill


async def at_desk(console: Console, path: str, visitor: Visitor | None = None) -> Filled:
    """A form of the portal that an employee fills in for Anna; without ``path`` a correction."""
    await _at_desk(console)
    employee = visitor or await console.visit("balie")
    found = await look_up(employee, bsn=ANOTHER)
    kept = {name: _hidden(found, name) for name in ("wie", "medewerker")}
    checked = {"token": employee.token(found), **kept, **SEEN}
    assert (await employee.post(f"{HERE}/controle", checked)).status == 303
    place = path or await place_of(employee, "woonplaats")
    page = await employee.get(place)
    form = {"token": employee.token(page), "voor": _hidden(page, "voor"), "uitleg": TYPED}
    if not path:
        form |= {"melding": _hidden(page, "melding"), "voorstel": "Muiden"}
    return Filled(visitor=employee, path=place, form=form, page=page)


async def _letter(console: Console, fault: int) -> Filled:
    begun = await _visiting(f"{HERE}/verder", HERE)(console, fault)
    visitor = begun.visitor
    page = await visitor.get("/rechten/inzage")
    sent = await visitor.post("/rechten/inzage", {
        "token": visitor.token(page), "voor": _hidden(page, "voor"),
        "waarvoor": _choice(page, fault), "stap": "verstuur",
    })  # fmt: skip
    number = sent.location.rpartition("/")[2]
    path = f"{HERE}/brieven/{number}/ontvangst"
    form = {"token": visitor.token(await visitor.get(path))}
    return Filled(visitor=visitor, path=path, form=form, other=form)


async def _colleague(console: Console, _fault: int) -> Filled:
    """A visit of an employee whose log-in does not tell who they are waits for a colleague."""
    await _at_desk(console)
    first = await console.visit("balie2")
    page = await look_up(first, bsn=ANOTHER)
    kept = {name: _hidden(page, name) for name in ("wie", "medewerker")}
    await first.post(f"{HERE}/controle", {"token": first.token(page), **kept, **SEEN})
    visitor = await console.visit("balie3")
    page = await visitor.get(HERE)
    form = {"token": visitor.token(page), "bezoek": _hidden(page, "bezoek")}
    return Filled(visitor=visitor, path=f"{HERE}/gezien", form=form, other=form)


async def _same_page(_console: Console, filled: Filled) -> Seen:
    return await filled.visitor.get(filled.path)


async def _found_again(_console: Console, filled: Filled) -> Seen:
    return await look_up(filled.visitor, bsn=ANOTHER)


_REPORTS = "SELECT count(*) FROM registers.report"
FORMS = (
    Form(
        name="fout doorgeven", fill=_correction, done=_REPORTS, typed=TYPED, again=_same_page,
        routes=("/gegevens/{register:str}/{name:str}/{reference:str}/{field:str}/fout",),
    ),
    Form(
        name="melding intrekken", fill=_withdrawn_report, routes=("/meldingen/{report:str}",),
        done="SELECT count(*) FROM registers.report_decision",
    ),
    Form(
        name="bezwaar", fill=_right("bezwaar"), routes=("/rechten/{name:str}",), typed=TYPED,
        again=_same_page, done="SELECT count(*) FROM gateway.rights_request",
    ),
    Form(
        name="inzage", fill=_right("inzage"), routes=("/rechten/{name:str}",),
        done="SELECT count(*) FROM gateway.rights_request",
    ),
    Form(
        name="verzoek intrekken", fill=_withdrawn_request,
        routes=("/rechten/verzoek/{number:str}",),
        done="SELECT count(*) FROM gateway.rights_event WHERE state = 'ingetrokken'",
    ),
    Form(
        name="toestemming", fill=_consent, routes=("/toestemmingen",),
        done="SELECT count(*) FROM purposes.standing WHERE kind = 'toestemming'",
    ),
    Form(
        name="namens", fill=_mandate, routes=("/namens",), done="SELECT 0", recorded=False,
    ),
    Form(
        name="opzoeken aan de balie", fill=_looked_up, routes=(HERE,), employee="balie",
        done="SELECT 0", typed=TYPED, again=_same_page,
    ),
    Form(
        name="document controleren", fill=_checked, routes=(f"{HERE}/controle",), window=409,
        employee="balie", done="SELECT count(*) FROM console.desk_visit", typed=TYPED,
        again=_found_again,
    ),
    Form(
        name="verder in het portaal", fill=_visiting(f"{HERE}/verder", HERE),
        routes=(f"{HERE}/verder",), done="SELECT 0", recorded=False, employee="balie",
    ),
    Form(
        name="klaar aan de balie", fill=_visiting(f"{HERE}/klaar", HERE), recorded=False,
        routes=(f"{HERE}/klaar",), employee="balie",
        done="SELECT count(*) FROM console.desk_visit WHERE ended_at IS NOT NULL",
    ),
    Form(
        name="klaar in het portaal", fill=_visiting("/balie/klaar", "/balie/klaar"),
        routes=("/balie/klaar",), recorded=False,
        done="SELECT count(*) FROM console.desk_visit WHERE ended_at IS NOT NULL",
    ),
    Form(
        name="een collega ziet het", fill=_colleague, routes=(f"{HERE}/gezien",),
        employee="balie3", done="SELECT count(*) FROM console.desk_visit WHERE seen_at IS NOT NULL",
    ),
    Form(
        name="brief is weg", fill=_letter, employee="balie",
        routes=(f"{HERE}/brieven/{{number:str}}/{{name:str}}",),
        done="SELECT count(*) FROM console.desk_letter",
    ),
)  # fmt: skip
