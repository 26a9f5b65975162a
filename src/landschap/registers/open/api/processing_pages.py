# SPDX-License-Identifier: EUPL-1.2
"""The register of processing activities for people.

/verwerkingen           what the organisation does with data
/verwerkingen/{id}      one activity: what, for what, why it may, for how long

Texts are those of the register, in the language of the page; what has one language says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from typing import Any

from litestar import Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from landschap.platform.web import N_, Language, Link, split_path
from landschap.purposes.model import Text
from landschap.purposes.public import Entry, grounds_of, term_words
from landschap.registers.api.cases import AnyRequest
from landschap.registers.open.api.processing import BASE, ProcessingDesk
from landschap.registers.open.pages import PROCESSING, PagesDesk

_START = Link(path="/", label=N_("Begin"))
_GROUNDS: Mapping[str, str] = {
    "a": N_("De persoon gaf toestemming."),
    "b": N_("Het is nodig voor een overeenkomst."),
    "c": N_("De wet verplicht ons."),
    "d": N_("Het is van levensbelang."),
    "e": N_("Het hoort bij onze taak voor de samenleving."),
    "f": N_("Wij hebben er een belang bij dat zwaarder weegt."),
}


def processing_pages(pages: PagesDesk, desk: ProcessingDesk) -> list[ControllerRouterHandler]:
    """The pages, in both languages."""

    @get([PROCESSING.path, f"/en{PROCESSING.path}"], opt={"query": ()})
    async def every(request: AnyRequest) -> Response[str]:
        language, _ = split_path(request.url.path)
        found = desk.published()
        ordered = sorted(found.entries, key=lambda each: each.activity.category.casefold())
        groups = [
            (name, [_line(language, each) for each in group])
            for name, group in groupby(ordered, key=lambda each: each.activity.category)
        ]
        values = {"groups": groups, "confidential": found.confidential, "api": BASE}
        return pages.show(
            request, "processing.html", PROCESSING.label, values=values, crumbs=(_START,)
        )

    @get([f"{PROCESSING.path}/{{id:str}}", f"/en{PROCESSING.path}/{{id:str}}"], opt={"query": ()})
    async def one(id: FromPath[str], request: AnyRequest) -> Response[str]:  # noqa: A002
        language, _ = split_path(request.url.path)
        entry = desk.entry(id)
        values = {"one": _told(pages, language, entry), "api": f"{BASE}/{id}"}
        return pages.show(
            request, "processing_one.html", _words(language, entry.activity.name), values=values,
            crumbs=(_START, PROCESSING),
        )  # fmt: skip

    return [every, one]


def _words(language: Language, text: Text) -> str:
    return text.nl if language is Language.NL else text.en


def _line(language: Language, entry: Entry) -> dict[str, str]:
    return {
        "path": f"{PROCESSING.path}/{entry.id}",
        "name": _words(language, entry.activity.name),
        "why": _words(language, entry.activity.why),
    }


def _told(pages: PagesDesk, language: Language, entry: Entry) -> dict[str, Any]:
    """One activity in the words of a page."""
    one, english = entry.activity, language is not Language.NL
    grounds = {letter: pages.site.say(language, text) for letter, text in _GROUNDS.items()}
    return {
        "what": _words(language, one.what),
        "why": _words(language, one.why),
        "ground": _words(language, one.ground),
        "grounds": grounds_of(entry, grounds),
        "laws": [
            {
                "name": each.law_name, "article": each.article,
                "text": _words(language, each.text),
            }
            for each in entry.legal_bases
        ],
        "subjects": one.subjects,
        "data": entry.data_groups,
        "special": one.special_data,
        "origin": one.origin,
        "recipients": one.recipients,
        "countries": one.third_countries,
        "retention": term_words(one.retention, english=english),
        "log_retention": term_words(one.log_retention, english=english),
        "body": one.public_body,
        "controller": one.controller if one.controller != entry.owner else "",
        "version": one.version,
        "since": one.valid.since if one.valid else None,
        "purpose": _words(language, entry.purpose.label) if entry.purpose else one.purpose,
    }  # fmt: skip
