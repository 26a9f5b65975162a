# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: RUF009 - option() and section() make dataclass fields
"""The settings of notices: how the worker brings them to who subscribed."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from landschap.platform import options as o
from landschap.platform.options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationSettings:
    """Telling others that a register of ours changed."""

    application_key: Path | None = option(
        o.a_path,
        "File that holds the key of the application that brings notices through our own Outway.",
        default=None,
    )
    purpose: str = option(
        o.text,
        "Purpose for which notices are brought; left out: the first one of the contract.",
        default="",
    )
    hosts: tuple[str, ...] = option(
        o.several(o.text),
        "Hosts of our own network to which notices may go over https, without FSC.",
        default=(),
    )
    authority: Path | None = option(
        o.a_path, "CA of those hosts (PEM); left out: those of the system.", default=None
    )
