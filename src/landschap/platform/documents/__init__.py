# SPDX-License-Identifier: EUPL-1.2
"""A document (`vocabulary.documents`) as HTML, CSV, ODS and accessible PDF.

file = file_of("pdf", document, made_at, footer)

The same document gives the same bytes: a file that was handed over can be made again and compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from landschap.platform.documents.as_csv import csv_of
from landschap.platform.documents.as_html import html_of
from landschap.platform.documents.as_ods import ods_of
from landschap.platform.documents.as_pdf import pdf_of
from landschap.vocabulary.documents import Document

MEDIA_TYPES: Mapping[str, str] = {
    "html": "text/html; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "pdf": "application/pdf",
}
"""The forms there are, by the ending of their file."""


def file_of(form: str, document: Document, made_at: datetime, footer: str) -> bytes:
    """The document in a form of `MEDIA_TYPES`. Raises KeyError for another."""
    match form:
        case "html":
            return html_of(document, footer)
        case "csv":
            return csv_of(document)
        case "ods":
            return ods_of(document, made_at)
        case "pdf":
            return pdf_of(document, made_at, footer)
    raise KeyError(form)
