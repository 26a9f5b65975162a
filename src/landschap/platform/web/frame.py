# SPDX-License-Identifier: EUPL-1.2
"""The frame around every page for people: who runs this, who is logged in and for whom, where am I.

A `Site` is made once per process; a handler gives it a `Page` and gets the answer. The rules that
hold for all pages stand here: one `h1` that is also the title, a language switch to the same page,
navigation only to pages that exist, nothing inline, nothing from elsewhere, nothing kept by caches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, PrefixLoader, StrictUndefined
from litestar import Response

from landschap.platform.settings import Settings
from landschap.platform.web import language as words
from landschap.platform.web.files import LEAVING, StaticFiles
from landschap.platform.web.language import Language

_WAYS = ("telephone", "email", "address", "url")


def N_(text: str) -> str:  # noqa: N802 - the name gettext knows
    """Mark words for the catalogues; they are translated where they are shown."""
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A path without language, and its words.

    ``leaves_frame``: it opens in the whole window, also when the page stands in a frame.
    """

    path: str
    label: str
    is_translated: bool = False
    leaves_frame: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who is logged in.

    ``until`` is when the session ends if nothing is done; ``token`` proves that a form came from
    our own page; ``as_what`` is in which role, when that matters; ``represents`` in whose name,
    when it is not their own; ``menu`` stands in place of the personal menu when it is given, and
    ``links`` come after it. ``alarm`` stands on top of every page, with where it leads. ``line``
    stands in place of the site's, and ``leave`` in place of logging out.
    """

    name: str
    until: datetime
    token: str
    as_what: str = ""
    represents: str = ""
    menu: tuple[Link, ...] = ()
    links: tuple[Link, ...] = ()
    alarm: Alarm | None = None
    line: str = ""
    leave: Link | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What nobody may overlook, until when, and a page about it.

    ``title`` and ``words`` are for the catalogue; ``words`` name ``until`` and the ``values``.
    """

    title: str
    words: str
    until: datetime
    link: Link
    values: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page to be shown.

    ``path`` is the address without language, with its query; ``crumbs`` lead to it. ``is_wrong``
    says that a form came back with an error. ``title`` is the ``h1``; ``part`` is the entry of the
    main menu it belongs to. ``is_bare``: without header, menu and footer, for a frame of another.
    ``is_away`` is where one comes who leaves at once: it says nothing of the site.
    """

    template: str
    title: str
    path: str
    language: Language
    values: Mapping[str, Any] = field(default_factory=dict)
    visitor: Visitor | None = None
    crumbs: tuple[Link, ...] = ()
    status: int = 200
    is_wrong: bool = False
    has_twin: bool = True
    part: str = ""
    is_bare: bool = False
    is_away: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteShape:
    """What differs between sites: its name, its main menu, the rooms whose templates it shows.

    ``base`` stands before the addresses of logging in and out, ``start`` is its first page;
    ``visitor_line`` says what who is logged in looks at. ``form_targets`` are other origins a form
    may end at, such as the issuer one logs out with; ``shown_by`` are those that may show its pages
    in a frame. ``exit_path`` is the form by which one leaves at once, to ``exit_to``; empty where a
    site has none.
    """

    name: str
    version: str
    rooms: Sequence[str]
    base: str = ""
    start: str = "/"
    visitor_line: str = ""
    public_menu: tuple[Link, ...] = ()
    personal_menu: tuple[Link, ...] = ()
    form_targets: tuple[str, ...] = ()
    shown_by: tuple[str, ...] = ()
    exit_path: str = ""
    exit_to: str = ""


class Site:
    """Shows pages in the frame of one organisation's site."""

    def __init__(self, settings: Settings, static: StaticFiles, shape: SiteShape) -> None:
        self._settings = settings
        self._static = static
        self._shape = shape
        self._words = {each: words.translations(each, _catalogues(shape)) for each in Language}
        self._environments = {each: self._environment(each) for each in Language}
        self.headers = page_headers(shape.form_targets)
        # Of its own pages alone: other sites answer with the same application.
        self._own: dict[str, str] = {}
        if shape.shown_by or shape.exit_path:
            script = settings.addresses.web + static.addresses[LEAVING] if shape.exit_path else ""
            policy = page_headers(shape.form_targets, shape.shown_by, script)[_POLICY]
            self._own = {_POLICY: policy}

    @property
    def is_shown_by_others(self) -> bool:
        """True when another site may show a page in a frame."""
        return bool(self._shape.shown_by)

    def show(self, page: Page) -> Response[str]:
        """The page in its frame."""
        environment = self._environments[page.language]
        template = environment.get_template(page.template)
        now = datetime.now(UTC).replace(second=0, microsecond=0)
        html = template.render(page=page, visitor=page.visitor, made_at=now, **page.values)
        return Response(
            html,
            status_code=page.status,
            media_type="text/html; charset=utf-8",
            headers={"Content-Language": str(page.language), **self._own, **page.headers},
        )

    def say(self, language: Language, text: str, **values: object) -> str:
        """Words from the catalogue, for titles and for files."""
        translated = self._words[language].gettext(text)
        return translated % values if values else translated

    def _environment(self, language: Language) -> Environment:
        loaders = {
            "web": PackageLoader("landschap.platform.web"),
            **{room: PackageLoader(f"landschap.{room}") for room in self._shape.rooms},
        }
        environment = Environment(
            loader=PrefixLoader(loaders),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        environment.install_gettext_translations(  # type: ignore[attr-defined]
            self._words[language], newstyle=True
        )
        environment.globals.update(self._globals(language))
        environment.filters.update(
            day=partial(words.day_element, language=language),
            clock=partial(words.clock_element, language=language),
            moment=partial(words.moment_element, language=language),
            day_and_clock=partial(words.two_line_element, language=language),
            moment_day=partial(words.moment_day_element, language=language),
            moment_text=partial(words.moment_words, language=language),
        )
        return environment

    def _globals(self, language: Language) -> dict[str, Any]:
        organisation = self._settings.organisation
        contact = organisation.contact or {}
        return {
            "organisation": organisation,
            "contact": {way: contact.get(way, "") for way in _WAYS},
            "is_test": organisation.environment != "production",
            "site": self._shape,
            "language": language,
            "at": partial(words.in_language, language),
            "twin": partial(words.in_language, language.other),
            "static": self._static.addresses,
            "style_sheets": self._static.style_sheets,
            "icon": self._static.icon,
            "capital": words.capital,
        }


def _catalogues(shape: SiteShape) -> list[Traversable]:
    packages = ("landschap.platform.web", *(f"landschap.{room}" for room in shape.rooms))
    return [files(package) / "locale" / "en.po" for package in packages]


_POLICY = "Content-Security-Policy"


def page_headers(
    form_targets: Sequence[str], shown_by: Sequence[str] = (), script: str = ""
) -> dict[str, str]:
    """Headers of every page: nothing runs, nothing comes from elsewhere, nothing is kept.

    Only ``shown_by`` may show it in a frame; browsers go by that, and not by the older header.
    ``script`` is the address of the one file that may run.

    ``data:`` is for the arrow in the component style sheet's select box.
    """
    targets = " ".join(["'self'", *sorted({_origin(each) for each in form_targets})])
    ancestors = " ".join(sorted({_origin(each) for each in shown_by})) or "'none'"
    runs = script or "'none'"
    policy = (
        f"default-src 'self'; img-src 'self' data:; script-src {runs}; object-src 'none'; "
        f"base-uri 'none'; frame-ancestors {ancestors}; form-action {targets}"
    )
    return {
        "Cache-Control": "no-store",
        _POLICY: policy,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Referrer-Policy": "no-referrer",
        "Strict-Transport-Security": "max-age=31536000",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
