# SPDX-License-Identifier: EUPL-1.2
"""What a person keeps of a report: the receipt, and the decision with how to object."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, date, datetime
from uuid import UUID

from pypdf import PdfReader

from landschap.platform.documents import file_of
from landschap.portal.pages.letters import Reported, letter_of, name_of
from landschap.registers.reports import WITHDRAWN, Decided, Report

MOMENT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
REPORT = Report(
    report_id=UUID("01890a5d-ac96-774b-bcce-b302099a8057"), type_key="postadressen.postadres",
    object_id="P1", paths=("huisnummer",), since=date(2020, 1, 1), explanation="Zo is het.",
    peer="00000099000000001000", reported_at=MOMENT, proposed="14",
)  # fmt: skip
TOLD = Reported(
    report=REPORT, what="Huisnummer", register="Postadressen", decider="Gemeente Doesburg",
    address="Postbus 100, 6980 AC Doesburg", number="M-2026-AAAA", files=("huur.pdf",),
    decide_by=date(2026, 11, 30),
)  # fmt: skip
REFUSED = Decided(upheld=False, reason="Op de akte staat 12.", document="zaak 7")


def text_of(told: Reported) -> str:
    body = file_of("pdf", letter_of(told, "Gemeente Weesp"), MOMENT, "Gemeente Weesp")
    pages = PdfReader(io.BytesIO(body)).pages
    return " ".join(" ".join(page.extract_text().split()) for page in pages)


def test_a_receipt_tells_what_was_said_who_decides_and_by_when() -> None:
    text = text_of(TOLD)
    for words in (
        "Ontvangst van melding M-2026-099A8057", "2 november 2026, 10.30 uur", "Huisnummer", "14",
        "Zo is het.", "huur.pdf", "Gemeente Doesburg beslist uiterlijk op 30 november 2026",
        "M-2026-AAAA",
    ):  # fmt: skip
        assert words in text, text
    assert "bezwaar" not in text.lower()
    assert name_of(REPORT) == "ontvangstbevestiging-M-2026-099A8057.pdf"


def test_a_refusal_is_a_decision_with_its_reason_and_how_to_object() -> None:
    report = replace(REPORT, decided=REFUSED, decided_at=MOMENT)
    text = text_of(replace(TOLD, report=report, object_by=date(2026, 12, 14)))
    for words in (
        "Besluit over melding", "Gemeente Doesburg verandert het gegeven niet.",
        "Op de akte staat 12.", "zaak 7", "Bezwaar maken kan tot en met", "14 december 2026",
        "Gemeente Doesburg, Postbus 100, 6980 AC Doesburg", "nummer M-2026-AAAA",
        "uw handtekening",
    ):  # fmt: skip
        assert words in text, text
    upheld = replace(report, decided=replace(REFUSED, upheld=True))
    assert "U heeft gelijk" in text_of(replace(TOLD, report=upheld))


def test_what_was_taken_back_has_no_decision() -> None:
    report = replace(REPORT, decided=WITHDRAWN, decided_at=MOMENT)
    assert name_of(report).startswith("ontvangstbevestiging-")
    assert [each.name for each in letter_of(replace(TOLD, report=report), "x").parts] == ["melding"]
