# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: RUF009 - option() makes dataclass fields
"""The part of the settings about the public form: its own log-in, and as what it asks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from landschap.platform import options as o
from landschap.platform.oidc_settings import PortalOidcSettings
from landschap.platform.options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class FormSettings(PortalOidcSettings):
    """The form for an environmental permit: a client of its own, at log-in and Outway."""

    application_key: Path = option(
        o.a_path, "File that holds the key of the form at our own Outway."
    )
    purpose: str = option(
        o.web_address("https"), "Purpose under which the form fetches and registers."
    )
    fetch_service: str = option(
        o.text,
        "Contract by which the form is filled in: name of the service, or peer/service.",
        default="aanvrager-en-woning",
    )
    register_service: str = option(
        o.text,
        "Contract by which an application is registered: name of the service, or peer/service.",
        default="omgevingsvergunningen-bijhouden",
    )
