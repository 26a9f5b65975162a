# SPDX-License-Identifier: EUPL-1.2
"""The evidence there is, by the names that lists of controls use; and finding it for a law."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import asyncpg

from landschap.cli.complying import of_log, of_officers, of_operation, of_registers, of_rules
from landschap.cli.complying.asking import Asked, Evidence, Found, missing
from landschap.cli.complying.controls import Control, Law
from landschap.cli.verify import trust_of, verify_database
from landschap.platform import postgres
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.vocabulary.problems import ProblemError

EVIDENCE: Mapping[str, Evidence] = {
    each.__name__: each
    for each in (
        of_log.log_intact,
        of_log.log_anchored,
        of_log.refusals_by_code,
        of_rules.activities_with_ground,
        of_rules.activities_with_dpia,
        of_rules.activities_with_retention,
        of_rules.held_back_reviewed,
        of_rules.register_four_eyes,
        of_rules.contracts_in_force,
        of_rules.contracts_with_purpose,
        of_registers.retention_rules,
        of_registers.retention_overdue,
        of_registers.retention_executed,
        of_registers.transfer_overdue,
        of_registers.corrections_in_time,
        of_officers.emergency_reasons,
        of_officers.access_in_time,
        of_officers.breaches_in_time,
        of_operation.certificates_valid,
        of_operation.second_factor,
        of_operation.residents_level,
        of_operation.events_delivered,
        of_operation.backup_made,
    )
}
_OF_REPORT = frozenset({"log_intact", "log_anchored"})


async def evidence_of(
    settings: Settings, law: Law, since: datetime, until: datetime, now: datetime
) -> list[tuple[Control, Found]]:
    """What can be shown of each control of a law over ``[since, until)``, in its order.

    Evidence that can not be found counts as missing, with why.
    """
    asked = Asked(settings=settings, since=since, until=until, now=now)
    if asked.begun and any(each.evidence in _OF_REPORT for each in law.controls):
        asked.report = await verify_database(settings, trust_of(settings))
    async with postgres.database(settings):
        try:
            return [(each, await find(asked, each)) for each in law.controls]
        finally:
            await asked.close()


async def find(asked: Asked, control: Control) -> Found:
    """What can be shown of one control."""
    if not control.evidence:
        deliver = control.deliver or "the organisation adds its own evidence"
        return missing(f"no query here can show this; to deliver: {deliver}")
    if not asked.begun:
        return missing("the period has not begun")
    try:
        return await EVIDENCE[control.evidence](asked, timedelta(days=control.most))
    except (Trouble, ProblemError, OSError, asyncpg.PostgresError) as error:
        told = error.what if isinstance(error, Trouble) else str(error)
        return missing(f"could not be looked at: {told or type(error).__name__}")
