# SPDX-License-Identifier: EUPL-1.2
"""A certificate was stolen: exactly which persons, and which fields of each, went out with it."""

from __future__ import annotations

import csv
import time
from collections.abc import Awaitable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from landschap.cli.demo.application import Answer
from landschap.cli.demo.commands import landschap
from landschap.cli.demo.landscape import ANOTHER, SUZANNE, Landscape
from landschap.cli.demo.report import Seen, demand
from landschap.platform.settings import load_settings

# What is asked of each while the certificate was in other hands.
GONE: Mapping[str, tuple[str, ...]] = {
    SUZANNE: ("uitkering.norm", "uitkering.soort"),
    ANOTHER: ("adres.postcode", "adres.straat"),
}
WITHIN_SECONDS = 60.0
_NOTHING = 3


class Ask(Protocol):
    """A question about a person through Doesburg's Outway."""

    def __call__(self, *, bsn: str, fields: tuple[str, ...]) -> Awaitable[Answer]:
        """Ask it."""


async def stolen_certificate(landscape: Landscape, ask: Ask) -> Seen:
    """Ask about two persons; Weesp lists them by Doesburg's certificate, and nobody else."""
    began = datetime.now(UTC)
    answers = [(await ask(bsn=bsn, fields=fields)).status for bsn, fields in GONE.items()]
    seen: Seen = {"asked": answers}
    demand(answers == [200] * len(GONE), "not answered", seen)
    config = landscape.settings_file(landscape.weesp)
    listed = landscape.folder / landscape.weesp.key / "datalek.csv"
    clock = time.monotonic()
    told = await landschap(
        config, "incident", "scope", "--certificate", str(certificate_of(landscape, "doesburg")),
        "--since", began.isoformat(), "--to", str(listed), "--discovered", began.isoformat(),
    )  # fmt: skip
    seen |= {
        "seconds": round(time.monotonic() - clock, 1),
        "persons": told.answer["persons"],
        "fields": sorted(told.answer["fields"]),
        "notice due": told.answer["noticeDue"],
        "exact": _listed(listed) == _gone(config),
    }
    demand(seen["exact"] is True, "not exactly those persons and fields", seen)
    demand(float(str(seen["seconds"])) < WITHIN_SECONDS, "not within a minute", seen)
    stranger = certificate_of(landscape, landscape.outsider.key)
    nothing = await landschap(
        config, "incident", "scope", "--certificate", str(stranger), may_fail=True
    )
    seen["certificate of a stranger"] = nothing.code
    demand(nothing.code == _NOTHING, "a certificate without contract gave something", seen)
    return seen


def certificate_of(landscape: Landscape, key: str) -> Path:
    """The certificate of a member."""
    return landscape.folder / key / "identity" / "organisation.crt"


def _listed(file: Path) -> dict[str, tuple[str, ...]]:
    """The fields of each person in the list; empty when a person stands in it twice."""
    with file.open(encoding="utf-8", newline="") as opened:
        rows = list(csv.DictReader(opened))
    found = {row["subject"]: tuple(row["fields"].split()) for row in rows}
    return found if len(found) == len(rows) else {}


def _gone(config: Path) -> dict[str, tuple[str, ...]]:
    """The same as it was asked: only who holds the key of the pseudonyms can compare."""
    from landschap.cli.composition import pseudonym_keys
    from landschap.logboek.pseudonyms import as_subject_id, subject_pseudonym

    settings = load_settings(config, {})
    key = pseudonym_keys(settings)[1]
    oin = settings.organisation.oin
    return {
        as_subject_id(subject_pseudonym(key, oin, "bsn", bsn)): fields
        for bsn, fields in GONE.items()
    }
