# SPDX-License-Identifier: EUPL-1.2
"""A source, and the link that leads to it, as forms: what they say in few words.

What a form does not show (a key file, a period, TLS) stays in the text as it is written.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from landschap.integration.access import (
    Access,
    DatabaseAccess,
    FileAccess,
    FileForm,
    RegisterAccess,
    RestAccess,
)
from landschap.integration.editing import LINKS, SOURCES, PartText, flow
from landschap.integration.model import Declaration

KINDS: Mapping[str, tuple[str, str]] = {
    "register": ("register", "objecttype"),
    "bestand": ("pad", "vorm"),
    "database": ("verbinding", "tabel"),
    "rest": ("url", "records"),
}
"""By kind: the key that says where, and the one that says what there."""
_CSV = '{scheiding: ";", aanhaling: "\\"", codering: utf-8}'
_NAME = re.compile(r"[a-z][A-Za-z0-9_]{0,59}")
_COLUMN = re.compile(r"([a-z][A-Za-z0-9_]*)\.([^\s,\[\]{}]{1,199})")
_KEY = re.compile(r"[^\s,\[\]{}#]{1,200}")
_LONGEST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceForm:
    """What stands in the form of a source."""

    name: str = ""
    kind: str = ""
    where: str = ""
    what: str = ""
    keys: str = ""
    holder: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkForm:
    """What stands in the form of a link."""

    origin: str = ""
    target: str = ""
    many: bool = False
    required: bool = False
    splits: str = ""

    @property
    def name(self) -> str:
        """The source it leads to."""
        return self.target.partition(".")[0]


def source_form_of(declaration: Declaration, name: str) -> SourceForm | None:
    """The form of a source that there is; None for another, and for a kind without a form."""
    source = declaration.sources.get(name)
    said = _said(source.access) if source else None
    if source is None or said is None:
        return None
    kind, where, what = said
    return SourceForm(
        name=name, kind=kind, where=where, what=what, keys=", ".join(source.keys),
        holder=source.holder,
    )  # fmt: skip


def _said(access: Access) -> tuple[str, str, str] | None:
    match access:
        case RegisterAccess():
            return "register", access.register, access.object_type
        case FileAccess():
            return "bestand", access.path, access.form.value
        case DatabaseAccess():
            return "database", access.secret_file, access.table
        case RestAccess():
            return "rest", access.url, access.records
    return None


def link_form_of(declaration: Declaration, name: str) -> LinkForm | None:
    """The form of the link that leads to a source; None when there is none."""
    link = declaration.links.get(name)
    if link is None:
        return None
    return LinkForm(
        origin=str(link.origin), target=str(link.target), many=link.many, required=link.required,
        splits=link.splits,
    )  # fmt: skip


def read_source_form(given: Mapping[str, Sequence[str]]) -> SourceForm:
    """What was sent, as it was sent."""
    return SourceForm(
        name=_one(given, "bron_naam"), kind=_one(given, "bron_soort"),
        where=_one(given, "bron_waar"), what=_one(given, "bron_wat"),
        keys=_one(given, "bron_sleutels"), holder=_one(given, "bron_houder"),
    )  # fmt: skip


def read_link_form(given: Mapping[str, Sequence[str]]) -> LinkForm:
    """What was sent, as it was sent."""
    return LinkForm(
        origin=_one(given, "koppel_van"), target=_one(given, "koppel_naar"),
        many=_one(given, "koppel_aantal") == "veel", required=bool(_one(given, "koppel_verplicht")),
        splits=_one(given, "koppel_splits"),
    )  # fmt: skip


def _one(given: Mapping[str, Sequence[str]], name: str) -> str:
    return " ".join((given.get(name) or [""])[0][:_LONGEST].split())


def source_faults(form: SourceForm) -> dict[str, str]:
    """What is wrong, by field: a key of the words that the page has for it."""
    found: dict[str, str] = {}
    if not _NAME.fullmatch(form.name):
        found["bron_naam"] = "source_name"
    if form.kind not in KINDS:
        found["bron_soort"] = "choice"
    if not form.where:
        found["bron_waar"] = "empty"
    if not form.what and form.kind != "rest":
        found["bron_wat"] = "empty"
    if form.kind == "bestand" and form.what not in tuple(FileForm):
        found["bron_wat"] = "form"
    if not _keys(form) or not all(_KEY.fullmatch(key) for key in _keys(form)):
        found["bron_sleutels"] = "keys"
    if not form.holder:
        found["bron_houder"] = "empty"
    return found


def link_faults(form: LinkForm) -> dict[str, str]:
    """What is wrong, as `source_faults`."""
    found: dict[str, str] = {}
    for name, text in (("koppel_van", form.origin), ("koppel_naar", form.target)):
        if not _COLUMN.fullmatch(text):
            found[name] = "link_column"
    if len(form.splits) > 10:
        found["koppel_splits"] = "choice"
    if form.splits and not form.many:
        found["koppel_splits"] = "splits"
    return found


def _keys(form: SourceForm) -> list[str]:
    return [key for each in form.keys.split(",") if (key := each.strip())]


def source_text(form: SourceForm, declaration: Declaration | None) -> PartText:
    """The source as it goes into the file. ``source_faults`` must have found nothing."""
    where, what = KINDS[form.kind]
    parts = {
        "soort": form.kind, where: flow(form.where), what: flow(form.what) if form.what else "",
        "sleutels": flow(_keys(form)), "bronhouder": flow(form.holder),
    }  # fmt: skip
    there = declaration.sources.get(form.name) if declaration else None
    access = there.access if there else None
    if access is not None and (said := _said(access)) is not None and said[0] != form.kind:
        # Of the former kind nothing is left that says where.
        parts |= dict.fromkeys(set(KINDS[said[0]]) - set(parts), "")
    is_csv = isinstance(access, FileAccess) and access.form is FileForm.CSV
    if form.kind == "bestand" and (form.what == FileForm.CSV) != is_csv:
        parts["csv"] = _CSV if form.what == FileForm.CSV else ""
    return PartText(block=SOURCES, name=form.name, parts=parts)


def link_text(form: LinkForm) -> PartText:
    """The link as it goes into the file. ``link_faults`` must have found nothing."""
    parts = {
        "naam": flow(form.name), "van": flow(form.origin), "naar": flow(form.target),
        "aantal": "veel" if form.many else "een", "verplicht": "true" if form.required else "",
        "splits": flow(form.splits) if form.splits else "",
    }  # fmt: skip
    return PartText(block=LINKS, name=form.name, parts=parts)
