# SPDX-License-Identifier: EUPL-1.2
"""Open data as it runs: behind nginx, beside the other doors, for whoever passes by."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.platform.serving import Serving, listening_organisation
from tests.registers.rig import annotated

from landschap.platform.identity import Issued
from landschap.platform.system_users import choose
from landschap.registers.schemas import DIALECT

HOST = "data.proefdorp.localhost"
TREES = 30


def _model() -> dict[str, Any]:
    free = {"x-open": True}
    return {
        "$schema": DIALECT, "title": "Boom", "x-titel-en": "Tree", "type": "object",
        "description": "Een boom van de gemeente.", "x-open": True, "additionalProperties": False,
        "required": [], "x-collectie": "bomen", "x-identificatie": "nummer", "x-versie": "1.0.0",
        "properties": {
            "nummer": annotated(pattern="^[0-9]+$", **free),
            "soort": annotated(**free, **{"x-zoekbaar": True}),
            "eigenaar": annotated(**{"x-persoonsgegeven": "gewoon"}),
        },
    }  # fmt: skip


@pytest.fixture(scope="module")
def running(short_folder: Path, anchor: Issued) -> Iterator[Serving]:
    """An organisation with all doors, and a register of trees that is open for a part."""
    more = "[open]\nrequests_per_second = 5\nburst = 40\nkey_requests_per_day = 20\n"
    settings = listening_organisation(short_folder / "open", anchor, more)
    register = settings.path.parent / "registers" / "groen"
    register.mkdir(parents=True)
    (register / "register.toml").write_text('naam = "groen"\ntitel = "Groen"\nklok = "eigen"\n')
    (register / "boom.schema.json").write_text(json.dumps(_model()))
    if service := choose(None):
        service.own(settings.identity.key)
    serving = Serving.start(settings)
    serving.until_ready()
    lines = [
        json.dumps({"id": str(n), "geldigVan": "2020-01-01", "inhoud":
                    {"soort": "eik" if n % 2 else "linde", "eigenaar": "Geheim-7391"}})
        for n in range(TREES)
    ]  # fmt: skip
    data = settings.path.parent / "bomen.jsonl"
    data.write_text("\n".join(lines))
    yield serving
    serving.kill()
