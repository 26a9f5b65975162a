# SPDX-License-Identifier: EUPL-1.2
"""A document as PDF/UA-1: tagged, with its title and language, and all fonts inside.

Source: ISO 14289-1 (PDF/UA-1). Why Typst: ADR 23.
"""

from __future__ import annotations

import json
from datetime import datetime
from importlib.resources import files

from landschap.vocabulary.documents import Document, Part, Value
from landschap.vocabulary.times import AMSTERDAM


def pdf_of(document: Document, made_at: datetime, footer: str) -> bytes:
    """The document; of a part that is told in brief the first rows, so that it stays one page.

    Nothing is read but the template: no font of the machine, no file, nothing from elsewhere.
    """
    # Imported here: only who asks for a PDF pays for the library.
    import typst

    template = files("landschap.platform.documents").joinpath("page.typ").read_bytes()
    return typst.compile(
        template,
        format="pdf",
        pdf_standards=["ua-1"],
        sys_inputs={"document": json.dumps(_told(document, made_at, footer))},
        ignore_system_fonts=True,
        timestamp=int(made_at.timestamp()),
    )


def _told(document: Document, made_at: datetime, footer: str) -> dict[str, object]:
    day = made_at.astimezone(AMSTERDAM)
    return {
        "title": document.title,
        "language": document.language,
        "author": document.author,
        "footer": footer,
        "lines": document.lines,
        "year": day.year, "month": day.month, "day": day.day,
        "parts": [_part(each) for each in document.parts],
        "definitions_title": document.definitions_title,
        "definitions": document.definitions,
    }  # fmt: skip


def _part(part: Part) -> dict[str, object]:
    shown = part.rows[: part.brief] if part.brief else part.rows
    chart = {"words": part.chart.words, "bars": part.chart.bars} if part.chart else None
    return {
        "title": part.title,
        "note": part.note,
        "columns": part.columns,
        "rows": [[_cell(each) for each in row] for row in shown],
        "rest": part.rest if len(shown) < len(part.rows) else "",
        "empty": part.empty,
        "numbers": part.numbers,
        "wide": part.wide,
        "chart": chart if part.rows else None,
    }


def _cell(value: Value) -> str:
    return "" if value is None else str(value)
