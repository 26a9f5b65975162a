# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: RUF009 - option() and section() make dataclass fields
"""The part of the settings about the pages for residents: what they need, and who shows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from landschap.platform import options as o
from landschap.platform.options import option, section


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalApiSettings:
    """The portal for programs: an application asks for who logged in there, by their token."""

    audience: str = option(o.text, "Audience that access tokens must name.")
    scope: str = option(o.text, "Scope a token must have to look.", default="mijn-gegevens")
    acting_scope: str = option(
        o.text,
        "Scope a token must have to do something, such as withdrawing a consent.",
        default="mijn-gegevens:doen",
    )
    requests_per_minute: int = option(
        o.whole_number(1, 100_000), "Requests per minute of one person.", default=120
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalLimitSettings:
    """How many pages a minute may be asked for; what is not used in one fills up again evenly."""

    session_per_minute: int = option(
        o.whole_number(1, 1_000_000), "Pages of one session.", default=600
    )
    address_per_minute: int = option(
        o.whole_number(1, 1_000_000),
        "Pages of all who ask from one address and are not logged in.",
        default=1_200,
    )
    login_per_minute: int = option(
        o.whole_number(1, 1_000_000),
        "Steps of logging in from one address; each log-in takes two.",
        default=240,
    )
    numbers_per_minute: int = option(
        o.whole_number(1, 1_000_000),
        "Numbers in an address that are not there, of one session or address.",
        default=30,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PortalSettings:
    """What the pages for residents need, who may show them, and how they look."""

    look_activity: str = option(
        o.web_address("https"),
        "Address of the processing activity that covers a resident's own look at the log.",
        default="",
    )
    application_key: Path | None = option(
        o.a_path,
        "File that holds the key of the application that asks other organisations for uses, "
        "through our own Outway.",
        default=None,
    )
    mandate_services: tuple[str, ...] = option(
        o.several(o.text),
        "Names under which a mandate is for seeing who used somebody's data.",
        default=("logboek-inzage",),
    )
    own_purpose: str = option(
        o.web_address("https"),
        "Purpose under which residents see their own data; absent: those pages are not there.",
        default="",
    )
    levels: Mapping[str, str] | None = option(
        o.table_of(o.text),
        "Level of assurance that a service needs above the minimum_level of the log-in, by the "
        "first part of its address, such as gebruik or rechten.",
        default=None,
    )
    shown_by: tuple[str, ...] = option(
        o.several(o.web_address("https", "http")),
        "Sites that may show the pages in a frame of theirs; there they have no header, menu and "
        "footer.",
        default=(),
    )
    leave_to: str = option(
        o.web_address("https"),
        "Where one comes who leaves at once (Snel weg), such as a weather report; absent: a page "
        "of our own with how to reach the organisation.",
        default="",
    )
    theme: Path | None = option(
        o.a_path,
        "File with the tokens of your own theme (CSS custom properties); absent: a neutral one.",
        default=None,
    )
    limits: PortalLimitSettings | None = section(
        PortalLimitSettings, "How often pages may be asked for.", optional=True
    )
    api: PortalApiSettings | None = section(
        PortalApiSettings, "The same for programs.", optional=True
    )
