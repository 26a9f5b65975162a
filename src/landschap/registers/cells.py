# SPDX-License-Identifier: EUPL-1.2
"""Values as cells of a CSV.

A cell that a spreadsheet would take for a formula gets an apostrophe before it.
Source: OWASP, "CSV injection"; RFC 4180.
"""

from __future__ import annotations

import json

from landschap.vocabulary.ijson import JsonValue


def cell_of(value: JsonValue) -> str:
    """A value as a cell: empty for none, ja or nee, items of a list with | between them."""
    if isinstance(value, str):
        return safe_cell(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "ja" if value else "nee"
    if isinstance(value, list) and all(isinstance(each, str) for each in value):
        text = "|".join(str(each) for each in value)
    else:
        text = json.dumps(value, ensure_ascii=False)
    return safe_cell(text)


def safe_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula; a number is none."""
    return f"'{text}" if text[:1] in "=+-@\t\r" and text and not _is_number(text) else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
