# SPDX-License-Identifier: EUPL-1.2
"""What an API must say of itself before it is published, and what of it others then harvest.

    info:
      contact: {name: Team Adressen, email: adressen@example.org, url: https://example.org/hulp}
      license: {name: CC0 1.0, url: http://creativecommons.org/publicdomain/zero/1.0/deed.nl}
      x-gebruik: {thema: [GOVE]}
    servers: [{url: https://api.example.org/adressen/v1}]

What the description does not say of licence, theme and address may be given beside it.
Source: DCAT-AP-NL 3.0, "Data Service"; rules by which the national register of APIs harvests.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from landschap.catalogue.documents import Document
from landschap.catalogue.reading.outline import listed, member, servers_of, table, text
from landschap.registers.open.terms import THEMES

# Exactly what may stand between < and >. Source: Turtle, "IRIREF".
_ADDRESS = re.compile(
    r"https?://[^\x00-\x20/\"'<>\\^`{|}\x7f\s][^\x00-\x20\"'<>\\^`{|}\x7f\s]{0,490}"
)
_MAIL = re.compile(r"[A-Za-z0-9.!#$&'*+/=?_~-]{1,64}@[A-Za-z0-9.-]{1,190}")
_LONGEST, _MOST_WORDS = 2_000, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What is told of a published API; empty is not said. ``themes`` are of `THEMES`."""

    title: str
    version: str
    description: str
    contact_name: str
    contact_email: str
    contact_url: str
    endpoint: str
    licence: str
    themes: Sequence[str]
    keywords: Sequence[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What is said beside the description."""

    licence: str = ""
    themes: Sequence[str] = ()
    endpoint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """A property without which an API is not published, and how it is given."""

    name: str
    mend: str


def publication_of(document: Document, given: Given) -> Publication:
    """What a description says, and where it is silent what was given."""
    value = document.value
    info = table(member(value, "info"))
    contact, use = table(info.get("contact")), table(info.get("x-gebruik"))
    licences = (table(info.get("license")).get("url"), use.get("licentie"), given.licence)
    return Publication(
        title=text(info.get("title"))[:_LONGEST],
        version=text(info.get("version"))[:_LONGEST],
        description=(text(info.get("description")) or text(info.get("summary")))[:_LONGEST],
        contact_name=text(contact.get("name"))[:_LONGEST],
        contact_email=_matched(_MAIL, text(contact.get("email"))),
        contact_url=_matched(_ADDRESS, text(contact.get("url"))),
        endpoint=_first([*servers_of(value), given.endpoint]),
        licence=_first(licences),
        themes=_themes(use.get("thema")) or _themes(list(given.themes)),
        keywords=_keywords(value),
    )


def given_before(before: Publication, given: Given | None = None) -> Given:
    """What is given now, and where that is silent what was published before."""
    now = given or Given()
    return Given(
        licence=now.licence or before.licence,
        themes=now.themes or before.themes,
        endpoint=now.endpoint or before.endpoint,
    )


def is_address(text: str) -> bool:
    """True for an address as it may stand in what is harvested."""
    return _ADDRESS.fullmatch(text) is not None


def is_mail(text: str) -> bool:
    """True for an address of mail."""
    return _MAIL.fullmatch(text) is not None


def lacks_of(publication: Publication) -> list[Lack]:
    """What is missing before this can be published, in the order of the profile."""
    needed = (
        (publication.title, "title", "info.title"),
        (publication.description, "description", "info.description"),
        (publication.licence, "licence", "info.license.url, or --licence"),
        (publication.themes, "theme", f"info.x-gebruik.thema, or --theme: {', '.join(THEMES)}"),
        (publication.contact_name, "contact: name", "info.contact.name"),
        (publication.contact_email, "contact: email", "info.contact.email"),
        (publication.contact_url, "contact: url", "info.contact.url"),
        (publication.endpoint, "endpoint", "servers: a url with its host, or --endpoint"),
    )
    return [Lack(name=name, mend=mend) for value, name, mend in needed if not value]


def _keywords(value: object) -> tuple[str, ...]:
    tags = (text(table(each).get("name")) for each in listed(table(value).get("tags")))
    return tuple(dict.fromkeys(each[:_LONGEST] for each in tags if each))[:_MOST_WORDS]


def _themes(value: object) -> tuple[str, ...]:
    """The themes that the list of the EU has; a single one may stand by itself."""
    said = [text(each).upper() for each in ([value] if isinstance(value, str) else listed(value))]
    return tuple(dict.fromkeys(each for each in said if each in THEMES))


def _first(values: Iterable[object]) -> str:
    """The first that is an address."""
    return next((each for each in map(text, values) if _ADDRESS.fullmatch(each)), "")


def _matched(form: re.Pattern[str], value: str) -> str:
    return value if form.fullmatch(value) else ""
