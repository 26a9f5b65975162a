# SPDX-License-Identifier: EUPL-1.2
"""Descriptions gathered into a throw-away catalogue, for tests of who sees what."""

from __future__ import annotations

from typing import Any

import asyncpg
import yaml

from landschap.catalogue import store
from landschap.catalogue.client import structures
from landschap.catalogue.describing import described
from landschap.catalogue.design_rules import check
from landschap.catalogue.documents import read_document
from landschap.catalogue.findings import Mode
from landschap.catalogue.particulars import particulars_of
from landschap.catalogue.scoring import score_of


async def gathered(pool: asyncpg.Pool, source: str, document: Any) -> str:
    """Gather a description as the command does; gives the name of its API."""
    raw = document if isinstance(document, bytes) else yaml.safe_dump(document).encode()
    read = read_document(raw)
    findings = check(read, Mode.OFFICIAL, structures())
    checked = (score_of(findings), len(findings))
    name = await store.keep(pool, source, raw, described(read), checked, [], "new")
    await store.keep_particulars(pool, source, particulars_of(read))
    return name
