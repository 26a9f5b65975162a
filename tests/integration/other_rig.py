# SPDX-License-Identifier: EUPL-1.2
"""Sources of other kinds: one declared in a few lines, and a question to its door."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from landschap.integration.connectors.opening import Surroundings, open_doors
from landschap.integration.declaration import parse_declaration
from landschap.integration.model import Declaration
from landschap.integration.rows import Connector, Moment, Question, Row

TODAY = date(2026, 11, 30)


def declared(source: str, column: str = "bsn", **more: str) -> Declaration:
    """A logical source of one source, whose key is ``column``."""
    fields = "".join(f"  {name}: {{uit: [bron.{of}]}}\n" for name, of in more.items())
    return parse_declaration(
        "logische_bron: proef\nversie: 1.0.0\nsleutel: sleutel\n"
        f"bronnen:\n  bron:\n{source}    sleutels: [{column}]\n    bronhouder: Proefdorp\n"
        f"wortel: {{bron: bron, op: {column}}}\nvelden:\n  sleutel: {{uit: [bron.{column}]}}\n{fields}",
        "proef.yaml",
    )


def door(declaration: Declaration, folder: Path, **more: Any) -> Connector:
    """The door to its source; secrets, templates and files lie in ``folder``."""
    around = Surroundings(secrets=folder, folder=folder, snapshots=folder / "momentopnamen", **more)
    return open_doors(declaration, around)["bron"]


def asked(*keys: str, columns: Sequence[str], by: str = "bsn", day: date = TODAY) -> Question:
    """A question as a plan makes it."""
    moment = Moment(valid_on=day, known_at=datetime.now(UTC), today=day == TODAY, now=True)
    return Question(by=by, keys=keys, columns=columns, moment=moment)


def values(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """What the rows hold, in order of arrival."""
    return [dict(row.values) for row in rows]
