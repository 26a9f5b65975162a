# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: RUF009 - option() makes dataclass fields
"""The settings of the database: our own server, one that is given, one that is shared."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from landschap.platform import options as o
from landschap.platform.options import option
from landschap.platform.toml_reading import Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class PostgresSettings:
    """Which database is ours, and who else has one on its server."""

    dsn: str | None = option(
        o.text,
        "An existing PostgreSQL 18; absent: our own server is started.",
        default=None,
        secret=True,
    )
    shared: bool = option(
        o.boolean,
        "Other controllers have databases on that server: our roles carry our OIN, and nobody "
        "else may connect to our database.",
        default=False,
    )
    tools: Path | None = option(
        o.a_path,
        "Folder with pg_dump and pg_restore; absent: those of our own server.",
        default=None,
    )


def check_shared(reading: Reading, settings: PostgresSettings) -> None:
    """A server that is shared is one that is given. Adds a problem at the key to change."""
    if settings.shared and settings.dsn is None:
        reading.problem(
            "postgres.dsn", "needed because postgres.shared is set; add the server's address"
        )
