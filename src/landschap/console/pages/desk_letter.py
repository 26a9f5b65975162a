# SPDX-License-Identifier: EUPL-1.2
"""Letters about what was said at the desk: that we have it, by when we decide, what we decided.

A letter is in Dutch, the language of administration; the page around it is not.
Source: Awb art. 2:6 (language), 3:45 (objection clause), 4:13 and 4:14 (term), 6:7 and 6:8; AVG
art. 12 lid 3 and 4, art. 77.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from landschap.console.desk import Whom
from landschap.gateway.saying.store.requests import Event, Request, State
from landschap.platform.web.language import Language, day_words
from landschap.purposes.rights import Right, due_on
from landschap.registers.reports import Report
from landschap.registers.terms import due
from landschap.vocabulary.desk import employee_of
from landschap.vocabulary.documents import Document, Part
from landschap.vocabulary.times import amsterdam_day

RECEIVED, LONGER, DECIDED = "ontvangst", "verlenging", "besluit"
TAKEN_BACK, PROOF, PASSED = "ingetrokken", "bewijs", "doorgegeven"
LAST = (DECIDED, TAKEN_BACK, PROOF, PASSED)
"""After one of these nothing more is to be sent about a number."""
_OBJECTION_TERM = "P6W"
_ASKED: Mapping[Right, str] = {
    Right.ACCESS: "uw gegevens te zien (inzage)",
    Right.CORRECTION: "een fout te verbeteren",
    Right.ERASURE: "uw gegevens te wissen",
    Right.RESTRICTION: "het gebruik van uw gegevens te stoppen",
    Right.PORTABILITY: "uw gegevens mee te nemen",
    Right.OBJECTION: "het gebruik van uw gegevens niet meer te doen (bezwaar)",
    Right.HUMAN: "een mens te laten kijken naar een besluit van een computer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Who writes: the organisation, and how one reaches it."""

    name: str
    address: str = ""
    telephone: str = ""
    is_fictitious: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One letter without whom it goes to: which one, about which number, since when it waits."""

    reference: UUID
    letter: str
    since: datetime
    number: str
    subject: str
    paragraphs: tuple[str, ...] = field(repr=False)
    objection: tuple[str, ...] = ()


def has_copy(request: Request) -> bool:
    """True when a copy of somebody's data goes with the decision."""
    return request.asked.right in (Right.ACCESS, Right.PORTABILITY)


def of_request(request: Request, about: str, sender: Sender) -> list[Letter]:
    """The letters about a request, oldest first. ``about`` says the purpose, empty for all data."""
    number = str(request.number)
    what = _ASKED[request.asked.right] + (f", voor: {about}" if about else "")
    return [
        Letter(
            reference=request.number,
            letter=_REQUEST_LETTERS[each.state],
            since=each.at,
            number=number,
            subject=_REQUEST_SUBJECTS[each.state],
            paragraphs=_request_words(request, each, what),
            objection=_objection(number, each.at, sender) if each.state is State.REFUSED else (),
        )
        for each in request.events
    ]


def of_report(report: Report, what: str, sender: Sender) -> list[Letter]:
    """The letters about a report of an error; ``what`` names the values."""
    said = (
        f"U gaf op {_on(report.reported_at)}{_where(report.author)} een fout door. "
        f"Het gaat over: {what}."
    )
    term = f" Wij beslissen uiterlijk op {day_text(report.decide_by)}." if report.decide_by else ""
    found = [
        Letter(
            reference=report.report_id,
            letter=RECEIVED,
            since=report.reported_at,
            number=report.number,
            subject="Wij ontvingen uw melding",
            paragraphs=(
                said,
                f"Volgens u moet er staan: {report.proposed}.",
                f"Het gegeven is nu in onderzoek.{term}",
                "U krijgt het besluit per brief. U hoeft niets te doen.",
            ),
        )
    ]
    decided, at = report.decided, report.decided_at
    if decided is None or at is None:
        return found
    if report.is_withdrawn:
        words: tuple[str, ...] = (
            said,
            "U trok uw melding in. Het gegeven is niet meer in onderzoek.",
        )
        letter, subject = TAKEN_BACK, "U trok uw melding in"
    else:
        is_right = (
            "Het gegeven klopte niet." if decided.upheld else "Wij veranderen het gegeven niet."
        )
        words = (said, is_right, f"Waarom: {decided.reason}", f"Document: {decided.document}")
        letter, subject = DECIDED, "Besluit over uw melding"
    objection = _objection(report.number, at, sender) if letter == DECIDED else ()
    return [
        *found,
        Letter(
            reference=report.report_id, letter=letter, since=at, number=report.number,
            subject=subject, paragraphs=words, objection=objection,
        ),
    ]  # fmt: skip


def of_consent(
    reference: UUID, at: datetime, label: str, receiver: str, check: str, *, holds: bool
) -> Letter:
    """The letter with the receipt of a consent. ``check`` is where anybody checks it."""
    if holds:
        said = "U gaf aan de balie toestemming om uw gegevens te delen."
        later = "U kunt dit altijd intrekken, net zo gemakkelijk: in het portaal of aan de balie."
    else:
        said = "U trok aan de balie uw toestemming in om uw gegevens te delen."
        later = "Vanaf dat moment geven wij deze gegevens niet meer."
    return Letter(
        reference=reference,
        letter=PROOF,
        since=at,
        number=str(reference),
        subject="Bewijs van uw toestemming" if holds else "Bewijs dat u uw toestemming introk",
        paragraphs=(
            f"{said} Dat was op {_on(at)}.",
            f"Waarvoor: {label}.",
            f"Wie ze krijgt: {receiver}.",
            later,
            f"Iedereen kan nakijken of dit bewijs echt is: {check}",
        ),
    )


def passed_on(reference: UUID, at: datetime, label: str) -> Letter:
    """The letter that what was said was brought to other organisations alone."""
    return Letter(
        reference=reference,
        letter=PASSED,
        since=at,
        number=str(reference),
        subject="Wij gaven door wat u zei",
        paragraphs=(
            f"U zei op {_on(at)} iets aan de balie over het gebruik van uw gegevens.",
            f"Waarvoor: {label}.",
            "Dit gaat over gegevens van andere organisaties. Wij gaven het aan hen door.",
            "Zij antwoorden u zelf.",
        ),
    )


def document_of(letter: Letter, whom: Whom | None, sender: Sender, day: date) -> Document:
    """The letter as a document, for the accessible PDF."""
    fictitious = ("Verzonnen gegevens, verzonnen organisatie.",) if sender.is_fictitious else ()
    return Document(
        title=letter.subject,
        language="nl",
        author=sender.name,
        lines=(
            *fictitious,
            *([whom.name, *whom.address.splitlines()] if whom else []),
            f"{sender.name}, {day_text(day)}",
            f"Nummer: {letter.number}",
            greeting(whom),
            *letter.paragraphs,
            *closing(sender),
        ),
        parts=tuple(_part(letter)),
        definitions_title="Vragen",
        definitions=(("Contact", contact_of(sender, letter.number)),),
    )


def greeting(whom: Whom | None) -> str:
    """How a letter begins."""
    return f"Beste {whom.name}," if whom and whom.name else "Beste heer of mevrouw,"


def closing(sender: Sender) -> tuple[str, ...]:
    """How a letter ends."""
    return ("Met vriendelijke groet,", sender.name)


def contact_of(sender: Sender, number: str) -> str:
    """Whom to ask."""
    way = f"Bel {sender.telephone}" if sender.telephone else f"Vraag het {sender.name}"
    return f"Heeft u een vraag? {way} en noem nummer {number}."


def _part(letter: Letter) -> Sequence[Part]:
    if not letter.objection:
        return ()
    return (
        Part(
            name="bezwaar",
            title="Bent u het niet eens met dit besluit?",
            columns=("Wat u kunt doen",),
            rows=tuple((each,) for each in letter.objection),
            wide=True,
        ),
    )


def _request_words(request: Request, event: Event, what: str) -> tuple[str, ...]:
    asked = f"U vroeg op {_on(request.asked.said_at)}{_where(request.asked.author)} om {what}."
    why = f"Waarom: {event.reason}"
    match event.state:
        case State.RECEIVED:
            stops = (
                ("Tot het besluit worden uw gegevens hiervoor niet gebruikt.",)
                if request.asked.at_once
                else ()
            )
            last = due_on(amsterdam_day(request.received_at))
            until = f"Wij antwoorden uiterlijk op {day_text(last)}."
            return (asked, f"{until} U krijgt het antwoord per brief.", *stops)
        case State.EXTENDED:
            return (asked, f"Wij hebben meer tijd nodig, tot {day_text(request.due)}.", why)
        case State.GRANTED:
            copy = ("Een kopie van uw gegevens zit bij deze brief.",)
            return (asked, "Wij doen wat u vroeg.", why, *(copy if has_copy(request) else ()))
        case State.REFUSED:
            return (asked, "Wij doen niet wat u vroeg.", why)
        case State.WITHDRAWN:
            return (asked, "U trok dit verzoek in. Wij doen er niets meer mee.")


_REQUEST_LETTERS = {
    State.RECEIVED: RECEIVED,
    State.EXTENDED: LONGER,
    State.GRANTED: DECIDED,
    State.REFUSED: DECIDED,
    State.WITHDRAWN: TAKEN_BACK,
}
_REQUEST_SUBJECTS = {
    State.RECEIVED: "Wij ontvingen uw verzoek",
    State.EXTENDED: "Wij hebben meer tijd nodig voor uw verzoek",
    State.GRANTED: "Besluit over uw verzoek",
    State.REFUSED: "Besluit over uw verzoek",
    State.WITHDRAWN: "U trok uw verzoek in",
}


def _objection(number: str, decided_at: datetime, sender: Sender) -> tuple[str, ...]:
    last = day_text(due(amsterdam_day(decided_at), _OBJECTION_TERM))
    where = f" {sender.address}." if sender.address else ""
    return (
        f"U kunt bezwaar maken, tot en met {last}. Stuur {sender.name} een brief.{where}",
        f"Zet erin: uw naam en adres, de datum, nummer {number}, en waarom u het niet eens bent.",
        "Zet er uw handtekening onder.",
        "U kunt ook klagen bij de Autoriteit Persoonsgegevens.",
    )


def _where(author: str) -> str:
    return " aan de balie" if employee_of(author) else ""


def _on(moment: datetime) -> str:
    return day_text(amsterdam_day(moment))


def day_text(day: date) -> str:
    """A day in Dutch, as a letter has it."""
    return day_words(day, Language.NL)
