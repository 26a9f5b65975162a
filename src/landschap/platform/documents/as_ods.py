# SPDX-License-Identifier: EUPL-1.2
"""A document as OpenDocument spreadsheet: a sheet per part, the definitions on the last."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from landschap.vocabulary.documents import Document, Part, Value

if TYPE_CHECKING:
    from odfdo import Table

_NOT_IN_NAMES = re.compile(r"[\[\]*?:/\\']")
_MOST_OF_NAME = 31
# Files in an archive bear a day; one that is always the same makes equal documents equal bytes.
_DAY = (1980, 1, 1, 0, 0, 0)


def ods_of(document: Document, made_at: datetime) -> bytes:
    """The document as a spreadsheet of OpenDocument 1.3."""
    # Imported here: only who asks for a spreadsheet pays for the library.
    from odfdo import Document as Spreadsheet

    made = Spreadsheet("spreadsheet")
    body = made.body
    body.clear()
    made.meta.title = document.title
    made.meta.creator = document.author
    made.meta.language = document.language
    made.meta.creation_date = made_at
    made.meta.date = made_at
    names: set[str] = set()
    for part in document.parts:
        body.append(_table(_name(part.title, names), _rows_of(document, part)))
    last = [(document.definitions_title, None), *document.definitions]
    body.append(_table(_name(document.definitions_title, names), last))
    out = io.BytesIO()
    made.save(out)
    return _always_the_same(out.getvalue())


def _rows_of(document: Document, part: Part) -> list[Sequence[Value]]:
    rows: list[Sequence[Value]] = [(document.title,), *((each,) for each in document.lines)]
    rows += [(), (part.title,), *([(part.note,)] if part.note else []), part.columns, *part.rows]
    return rows if part.rows or not part.empty else [*rows, (part.empty,)]


def _table(name: str, rows: Iterable[Sequence[Value]]) -> Table:
    from odfdo import Table

    table = Table(name)
    for number, row in enumerate(rows):
        table.set_row_values(number, list(row) or [None])
    return table


def _name(title: str, taken: set[str]) -> str:
    """A name that every spreadsheet program accepts, and that no other sheet has."""
    name = short = _NOT_IN_NAMES.sub(" ", title)[:_MOST_OF_NAME].strip() or "-"
    number = 2
    while name in taken:
        name, number = f"{short[: _MOST_OF_NAME - 3]} {number}", number + 1
    taken.add(name)
    return name


def _always_the_same(made: bytes) -> bytes:
    """The archive without the moment at which it was packed; ``mimetype`` first and not packed."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(out, "w") as new:
        for name in sorted(old.namelist(), key=lambda each: (each != "mimetype", each)):
            info = zipfile.ZipInfo(name, _DAY)
            packing = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            new.writestr(info, old.read(name), packing)
    return out.getvalue()
