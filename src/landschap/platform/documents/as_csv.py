# SPDX-License-Identifier: EUPL-1.2
"""A document as CSV (RFC 4180): one row per value, so that every part fits in one file."""

from __future__ import annotations

import csv
import io

from landschap.vocabulary.documents import Document, Value

# A spreadsheet takes a cell that begins so for a formula. Source: OWASP, "CSV injection".
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def csv_of(document: Document) -> bytes:
    """The document; UTF-8 with a mark, which spreadsheet programs need to see that it is."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([safe(document.title)])
    writer.writerows([safe(each)] for each in document.lines)
    for part in document.parts:
        writer.writerow([])
        writer.writerow([safe(part.title)])
        if part.note:
            writer.writerow([safe(part.note)])
        writer.writerow([safe(each) for each in part.columns])
        writer.writerows([safe(each) for each in row] for row in part.rows)
        if not part.rows and part.empty:
            writer.writerow([safe(part.empty)])
    writer.writerow([])
    writer.writerow([safe(document.definitions_title)])
    writer.writerows([safe(word), safe(means)] for word, means in document.definitions)
    return out.getvalue().encode("utf-8-sig")


def safe(value: Value) -> Value:
    """The value; words that a spreadsheet would calculate get an apostrophe in front."""
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
