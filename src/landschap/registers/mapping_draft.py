# SPDX-License-Identifier: EUPL-1.2
"""A first draft of a mapping: the columns of a file beside the properties of a model.

A column is a property when the names are alike after small letters, accents and marks are left
out; what is only near is written with a question mark, for a person to decide.
"""

from __future__ import annotations

import difflib
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from landschap.registers.models import ObjectType, Register
from landschap.registers.timeline import Clock

# How files tend to call what every mapping asks for.
_HEADS: Mapping[str, tuple[str, ...]] = {
    "geldigVan": ("geldigvan", "begingeldigheid", "ingangsdatum", "ingang", "begindatum",
                  "datumingang", "startdatum", "vanaf", "validfrom"),
    "geldigTot": ("geldigtot", "eindgeldigheid", "einddatum", "datumeinde", "einde", "validto"),
    "tijdstipRegistratie": ("tijdstipregistratie", "registratiedatum", "mutatiedatum", "mutatie",
                            "tijdstipmutatie", "datumregistratie", "registeredat"),
}  # fmt: skip
_IDS = ("id", "identificatie", "nummer", "nr", "code", "sleutel", "zaaknr", "zaaknummer")
_DAYS = {
    "jjjj-mm-dd": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "jjjjmmdd": re.compile(r"(19|20)[0-9]{6}"),
    "dd-mm-jjjj": re.compile(r"[0-9]{1,2}-[0-9]{1,2}-[0-9]{4}"),
}
_NEAR = 0.72


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What was seen of a file: its columns, some rows, and how it is written."""

    columns: Sequence[str]
    rows: Sequence[Mapping[str, object]] = ()
    separator: str = ","
    encoding: str = "utf-8"


def nearest_type(register: Register, columns: Sequence[str]) -> ObjectType:
    """The type with the most properties among the columns."""
    return max(register.types.values(), key=lambda kind: len(_fitting(kind, columns)))


def draft_of(kind: ObjectType, sample: Sample) -> str:
    """The text of a mapping; what could not be found is a comment that says so."""
    columns, fitting = sample.columns, _fitting(kind, sample.columns)
    heads = {name: _head(name, columns) for name in _HEADS}
    identification = _identification(kind, columns)
    lines = [
        f"# A first draft for {kind.title}: read it, correct it, then let it be checked.",
        f"collectie = {_text(kind.collection)}",
        _named("identificatie", identification, "which column names the object?"),
        _begin(heads["geldigVan"]),
    ]
    if heads["geldigTot"]:
        lines.append(f"geldigTot = {_text(heads['geldigTot'])}")
    if heads["tijdstipRegistratie"]:
        lines.append(f"tijdstipRegistratie = {_text(heads['tijdstipRegistratie'])}")
    elif kind.clock is Clock.SOURCE:
        lines.append('tijdstipRegistratie = ""  # which column? a copy needs it')
    form = _day_form(sample, [each for each in heads.values() if each])
    lines += [f"datumvorm = {_text(form)}"] if form != "jjjj-mm-dd" else []
    if sample.separator != ",":
        separator = "tab" if sample.separator == "\t" else sample.separator
        lines.append(f"scheiding = {_text(separator)}")
    if sample.encoding != "utf-8":
        lines.append(f"codering = {_text(sample.encoding)}")
    taken = {identification, *heads.values(), *fitting.values()}
    lines += ["", "[velden]", *_fields(kind, fitting, [c for c in columns if c not in taken])]
    return "\n".join(lines) + "\n"


def _fields(kind: ObjectType, fitting: Mapping[str, str], left: list[str]) -> list[str]:
    lines = []
    for prop in kind.content_properties():
        if prop.name in fitting:
            lines.append(f"{prop.name} = {_rule(prop.schema, fitting[prop.name])}")
            continue
        near = _nearest(prop.name, prop.title, left)
        why = "is it this column?" if near else "no column has this name"
        lines.append(f"# {prop.name} = {_text(near)}  # {prop.title}: {why}")
    lines += [f"# not used: {json.dumps(name, ensure_ascii=False)}" for name in left]
    return lines


def _rule(schema: Mapping[str, object], column: str) -> str:
    kinds = schema.get("type")
    wanted = kinds if isinstance(kinds, list) else [kinds]
    if "array" in wanted:
        return f'{{ kolom = {_text(column)}, lijst = "|" }}'
    return _text(column)


def _fitting(kind: ObjectType, columns: Sequence[str]) -> dict[str, str]:
    by_name = {_plain(column): column for column in reversed(columns)}
    found: dict[str, str] = {}
    for prop in kind.content_properties():
        for name in (prop.name, prop.title):
            if _plain(name) in by_name:
                found.setdefault(prop.name, by_name[_plain(name)])
    return found


def _identification(kind: ObjectType, columns: Sequence[str]) -> str:
    by_name = {_plain(column): column for column in reversed(columns)}
    for name in (kind.identification, f"{kind.name}{kind.identification}", *_IDS):
        if _plain(name) in by_name:
            return by_name[_plain(name)]
    return ""


def _head(name: str, columns: Sequence[str]) -> str:
    by_name = {_plain(column): column for column in reversed(columns)}
    return next((by_name[each] for each in _HEADS[name] if each in by_name), "")


def _begin(column: str) -> str:
    if column:
        return f"geldigVan = {_text(column)}"
    return 'geldigVan = ""  # which column? or one day for all rows: 2020-01-01'


def _named(name: str, column: str, question: str) -> str:
    return f"{name} = {_text(column)}" + ("" if column else f"  # {question}")


def _day_form(sample: Sample, columns: Iterable[str]) -> str:
    """The form that every day fits that was seen; the usual one when that can not be told."""
    seen = [str(row.get(column) or "") for column in columns for row in sample.rows]
    days = [text for text in seen if text and ":" not in text]
    fits = [
        name for name, form in _DAYS.items() if days and all(form.fullmatch(day) for day in days)
    ]
    return fits[0] if fits else "jjjj-mm-dd"


def _nearest(name: str, title: str, left: Sequence[str]) -> str:
    plain = {_plain(column): column for column in left}
    for wanted in (name, title):
        near = difflib.get_close_matches(_plain(wanted), plain, n=1, cutoff=_NEAR)
        if near:
            return plain[near[0]]
    return ""


def _plain(name: str) -> str:
    letters = unicodedata.normalize("NFKD", name).casefold()
    return "".join(each for each in letters if each.isalnum())


def _text(text: str) -> str:
    """A text as TOML writes it; JSON's way is TOML's way."""
    return json.dumps(text, ensure_ascii=False)
