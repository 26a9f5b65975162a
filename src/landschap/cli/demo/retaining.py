# SPDX-License-Identifier: EUPL-1.2
"""Keep no longer than you may: what is past its term is destroyed by two persons, and proven."""

from __future__ import annotations

from pathlib import Path

from landschap.cli.demo.commands import landschap
from landschap.cli.demo.report import Seen, demand
from landschap.registers.client.retention import noted
from landschap.registers.statements import DESTROYED, open_statement

REGISTER = "uitkeringen"
# On this day one benefit of the demo's data is past the term of its rule, whenever the demo runs.
ON = "2026-06-01"
OBJECT = "UIT-2019-0017"
_PROPOSER = ("--by", "A. de Wit", "--role", "informatiebeheerder")
_APPROVER = ("--by", "B. Jansen", "--role", "archivaris")


async def destroy_what_is_due(config: Path) -> Seen:
    """Propose, approve and execute, unless an earlier demo did; then prove it."""
    seen: Seen = {}
    proposed = await landschap(
        config, "retention", "propose", REGISTER, *_PROPOSER, "--on", ON, may_fail=True
    )
    number = str((proposed.answer or {}).get("list") or "")
    if number:
        seen["due"] = [each["object"] for each in proposed.answer["items"]]
        await landschap(config, "retention", "approve", number, *_APPROVER)
        done = await landschap(config, "retention", "execute", number, "--by", "C. Kist")
        seen["destroyed"] = done.answer["destroyed"]
    proven = (await landschap(config, "retention", "verify", REGISTER)).answer
    seen |= {"statements": proven["statements"], "findings": proven["findings"]}
    seen |= _statement(config)
    demand(proven["statements"] == 1 and not proven["findings"], "not proven gone", seen)
    statement = seen.get("signed statement")
    about = statement.get("identificatie") if isinstance(statement, dict) else None
    demand(about == OBJECT, f"expected {OBJECT} to be destroyed", seen)
    return seen


def _statement(config: Path) -> Seen:
    """What the signed statement beside the database says; nothing of the content of the object.

    Raises InvalidStatement when its signature does not hold.
    """
    from landschap.platform.settings import load_settings

    records = noted(load_settings(config, {}).paths.data)
    if not records:
        return {}
    told = open_statement(records[-1].jws, records[-1].certificate, DESTROYED)
    named = ("identificatie", "verklaring", "organisatie", "tijdstip", "uitgevoerdDoor")
    return {"signed statement": {name: told.get(name) for name in named}}
