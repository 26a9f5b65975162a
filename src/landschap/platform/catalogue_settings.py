# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: RUF009 - option() and section() make dataclass fields
"""The table ``[catalogue]`` of the settings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from landschap.platform import options as o
from landschap.platform.options import option


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueSettings:
    """What the catalogue does for our own employees."""

    application_key: Path | None = option(
        o.a_path,
        "File that holds the key of the application as which employees try out APIs, through our "
        "own Outway and as themselves; absent: nothing can be tried out.",
        default=None,
    )
    gather_hours: int = option(
        o.whole_number(0, 168),
        "After how many hours the catalogues of peers, and addresses that were gathered before, "
        "are read again; 0: never by itself. Peers are asked with `application_key`.",
        default=24,
    )
