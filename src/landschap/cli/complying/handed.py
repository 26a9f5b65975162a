# SPDX-License-Identifier: EUPL-1.2
"""What was found of a law as a document to hand over, with what its words mean printed along."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from landschap.cli.complying.asking import Found, State
from landschap.cli.complying.controls import Control, Law
from landschap.vocabulary.documents import Document, Part
from landschap.vocabulary.times import amsterdam_day

FORMS = ("html", "ods", "pdf")
_DEFINITIONS = (
    (State.SHOWN.value, "a query ran, and what it found shows that it is so"),
    (State.FAILED.value, "a query ran, and what it found shows that it is not so"),
    (State.MISSING.value, "no query, none that could run, or nothing found by which to tell"),
    ("this list", "a start, and no legal advice: your lawyer and auditor complete it"),
)


def document_of(
    organisation: str,
    law: Law,
    found: Sequence[tuple[Control, Found]],
    period: tuple[datetime, datetime],
) -> Document:
    """The document, in order of ENSIA question; in English, as all that queries say."""
    first, last = amsterdam_day(period[0]), amsterdam_day(period[1] - timedelta(seconds=1))
    red = sum(each.state is not State.SHOWN for _, each in found)
    ordered = sorted(found, key=lambda one: (not one[0].ensia, one[0].ensia))
    rows = tuple(
        (control.article, control.en, each.words, control.ensia or "-", each.state.value)
        for control, each in ordered
    )
    return Document(
        title=law.title,
        language="en",
        author=organisation,
        lines=(f"From {first} to {last}.", f"{red} of {len(found)} controls are red."),
        parts=(
            Part(
                name="controls",
                title="Controls",
                columns=("Article", "Asked", "Found", "ENSIA", "State"),
                rows=rows,
                numbers=2,
                wide=True,
                empty="The list holds no control.",
            ),
        ),
        definitions_title="What the words mean",
        definitions=_DEFINITIONS,
    )
