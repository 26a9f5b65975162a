# SPDX-License-Identifier: EUPL-1.2
"""The list as a table (CSV) and for programs (JSON): the same uses, the same words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from landschap.gateway.uses.line import LOOKS
from landschap.portal.uses import Party, Use, Who
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text


@dataclass(frozen=True, slots=True, kw_only=True)
class UseWords:
    """One use in the words and language of the reader."""

    who: str
    on_behalf_of: str
    what: str
    why: str
    allowed_because: str
    outcome: str
    written_by: str = ""


_STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")
SEPARATOR = ";"


def as_csv(header: Sequence[str], uses: Iterable[tuple[Use, UseWords]]) -> str:
    """The table, semicolons between cells, for a Dutch spreadsheet; UTF-8 with its mark.

    A cell that a spreadsheet would calculate is made text.
    """
    lines = [_line(header)]
    for use, said in uses:
        cells = (
            as_utc_text(use.at),
            said.who,
            said.on_behalf_of,
            said.what,
            said.why,
            said.allowed_because,
            use.case,
            said.outcome,
            said.written_by,
        )
        lines.append(_line(cells))
    return "\ufeff" + "".join(lines)


def _line(cells: Sequence[str]) -> str:
    return SEPARATOR.join(_cell(each) for each in cells) + "\r\n"


def _cell(text: str) -> str:
    safe = f"'{text}" if text.startswith(_STARTS_A_FORMULA) else text
    if any(c in safe for c in (SEPARATOR, '"', "\n", "\r")):
        return '"' + safe.replace('"', '""') + '"'
    return safe


def as_json(use: Use, said: UseWords) -> dict[str, JsonValue]:
    """One use for programs: moments in UTC, organisations with their number.

    ``uitkomst`` is ``delivered``, ``partial``, ``refused``, ``nothing_found``, ``failed`` or
    ``cancelled``. Of a use by law of which no more may be told, ``alleenAlgemeen`` is true.
    ``opgeschrevenDoor`` are the organisations whose logs told it.
    """
    return {
        "id": str(use.id),
        "tijdstip": as_utc_text(use.at),
        "doorUzelf": use.who is Who.SELF,
        "doorGemachtigde": use.who is Who.MANDATED,
        "aanDeBalie": use.who is Who.AT_DESK,
        "alleenAlgemeen": use.is_generic,
        "organisatie": None if use.who in LOOKS or use.is_generic else _party(use.actor),
        "namens": _party(use.delegator),
        "bronhouder": _party(use.holder),
        "gegevensgroepen": list(use.groups),
        "waarvoor": said.why,
        "waaromDitMag": said.allowed_because,
        "doel": use.purpose_uri or None,
        "verwerkingsactiviteit": use.activity_uri or None,
        "zaak": use.case or None,
        "uitkomst": use.outcome.value,
        "opgeschrevenDoor": [as_party(each) for each in use.recorders],
    }


def as_party(party: Party) -> JsonValue:
    """An organisation for programs."""
    return {"oin": party.number, "naam": party.name or None}


def _party(party: Party | None) -> JsonValue:
    return None if party is None else as_party(party)
