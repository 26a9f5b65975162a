# SPDX-License-Identifier: EUPL-1.2
"""What a person keeps of a report: that it was received, and what was decided and why.

In Dutch, the language of administration. A decision says its reason, until when one can object, and
where. Source: Awb art. 2:6, 3:45, 3:46, 4:3a, 6:7 and 6:8; UAVG art. 34.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from landschap.platform.web.language import Language, day_words, moment_words
from landschap.registers.reports import Report
from landschap.vocabulary.documents import Document, Part


@dataclass(frozen=True, slots=True, kw_only=True)
class Reported:
    """A report as a letter tells it. ``what`` names the value, ``now`` what stood there.

    ``decider`` decides and ``address`` is where one writes to; ``number`` is the one to name there.
    ``object_by`` is the last day to object, None without a decision.
    """

    report: Report
    what: str
    register: str
    decider: str
    address: str
    number: str
    files: tuple[str, ...] = ()
    decide_by: date | None = None
    object_by: date | None = None


def name_of(report: Report) -> str:
    """What the file is called."""
    kind = "besluit" if _is_decided(report) else "ontvangstbevestiging"
    return f"{kind}-{report.number}.pdf"


def letter_of(told: Reported, author: str) -> Document:
    """The letter: of the decision when there is one, else that the report was received."""
    report = told.report
    lines = [f"{author}. Nummer {report.number}."]
    if told.number != report.number:
        lines.append(f"Nummer bij {told.decider}: {told.number}.")
    if not _is_decided(report):
        lines.append("Wij ontvingen uw melding dat een gegeven niet klopt.")
        if told.decide_by is not None:
            lines.append(f"{told.decider} beslist uiterlijk op {_day(told.decide_by)}.")
        lines.append("Tot die tijd staat bij het gegeven: in onderzoek.")
    return Document(
        title=f"Besluit over melding {report.number}"
        if _is_decided(report)
        else f"Ontvangst van melding {report.number}",
        language="nl",
        author=author,
        lines=tuple(lines),
        parts=(_said(told), *_decision(told)),
        definitions_title="Vragen?",
        definitions=(("Contact", _contact(told)),),
    )


def _is_decided(report: Report) -> bool:
    return report.decided is not None and not report.is_withdrawn


def _said(told: Reported) -> Part:
    report = told.report
    rows: list[tuple[str, str]] = [
        ("Ontvangen op", moment_words(report.reported_at, Language.NL)),
        ("Register", told.register),
        ("Gegeven", told.what),
        ("Volgens u", report.proposed),
        ("Hoe u dat weet", report.explanation),
        ("Bewijs", ", ".join(told.files) or "niet meegestuurd"),
    ]
    return Part(
        name="melding", title="Wat u doorgaf", columns=("Wat", "Uw melding"), rows=tuple(rows)
    )


def _decision(told: Reported) -> tuple[Part, ...]:
    report, decided = told.report, told.report.decided
    if decided is None or not _is_decided(report) or report.decided_at is None:
        return ()
    outcome = (
        "U heeft gelijk: het gegeven klopte niet."
        if decided.upheld
        else f"{told.decider} verandert het gegeven niet."
    )
    rows = (
        ("Besluit", outcome),
        ("Waarom", decided.reason),
        ("Document", decided.document),
        ("Besloten op", moment_words(report.decided_at, Language.NL)),
        ("Besloten door", told.decider),
    )
    decision = Part(name="besluit", title="Besluit", columns=("Wat", "Het besluit"), rows=rows)
    if told.object_by is None:
        return (decision,)
    where = f"{told.decider}, {told.address}" if told.address else told.decider
    objection = Part(
        name="bezwaar",
        title="Bent u het niet eens met het besluit?",
        columns=("Wat", "Hoe"),
        rows=(
            ("Bezwaar maken kan tot en met", _day(told.object_by)),
            ("Stuur een brief naar", where),
            ("Zet erin", "uw naam en adres, de datum, en waarom u het niet eens bent"),
            ("Noem", f"nummer {told.number}"),
            ("Vergeet niet", "uw handtekening"),
        ),
    )
    return decision, objection


def _contact(told: Reported) -> str:
    where = f", {told.address}" if told.address else ""
    return f"{told.decider}{where}. Noem nummer {told.number}."


def _day(day: date) -> str:
    return day_words(day, Language.NL)
