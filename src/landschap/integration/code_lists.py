# SPDX-License-Identifier: EUPL-1.2
"""Code lists in a file beside the declaration: two columns, what the source has and what we give.

code,waarde
6030,Nederland
9089,Duitsland
"""

from __future__ import annotations

import csv
import re

from landschap.integration.yamltree import Block

HEADER = ["code", "waarde"]
MAX_CODES = 50_000
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\.csv")


class _Wrong(ValueError):
    """What is wrong with a code list."""


def code_list(step: Block) -> dict[str, str]:
    """The codes of the file that ``codelijst`` names; mistakes go to the report."""
    name = step.text("codelijst")
    try:
        return _read(name, step)
    except _Wrong as error:
        step.report.add(step.line_of("codelijst"), step.key("codelijst"), str(error))
        return {}


def _read(name: str, step: Block) -> dict[str, str]:
    if not _NAME.fullmatch(name):
        raise _Wrong("must be the name of a CSV file beside the declaration: landen.csv")
    if step.report.beside is None:
        raise _Wrong("can only be read when the declaration is read from a file")
    try:
        rows = list(csv.reader(step.report.beside(name).splitlines(), strict=True))
    except OSError as error:
        raise _Wrong(f"{name} can not be read: {error.strerror}") from None
    except UnicodeError:
        raise _Wrong(f"{name} is not UTF-8") from None
    except csv.Error as error:
        raise _Wrong(f"{name} is no CSV: {error}") from None
    if not rows or rows[0] != HEADER:
        raise _Wrong(f"{name} must begin with the line {','.join(HEADER)}")
    if len(rows) > MAX_CODES:
        raise _Wrong(f"{name} has over {MAX_CODES} codes; make it a source with a link")
    codes: dict[str, str] = {}
    for line, row in enumerate(rows[1:], start=2):
        if len(row) != len(HEADER):
            raise _Wrong(f"{name}, line {line}: has {len(row)} cells instead of 2")
        if row[0] in codes:
            raise _Wrong(f"{name}, line {line}: code {row[0]!r} stands there twice")
        codes[row[0]] = row[1]
    return codes
