# SPDX-License-Identifier: EUPL-1.2
"""The quarterly reports that anybody may read: from the console's rows to words and figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    import asyncpg

    from landschap.console.council.figures import QuarterReport
    from landschap.console.council.store.kept import Made
    from landschap.registers.open.api.accounts import Account, AccountsDesk


def accounts_desk(console: asyncpg.Pool, purposes: asyncpg.Pool, log: asyncpg.Pool) -> AccountsDesk:
    """The desk; each pool is of its own room's role."""
    from landschap.console.council.store.published import published
    from landschap.registers.open.api.accounts import AccountsDesk

    async def read() -> Sequence[Account]:
        return [_account(made, report) for made, report in await published(console, purposes, log)]

    return AccountsDesk(read=read)


def _account(made: Made, report: QuarterReport) -> Account:
    from landschap.cli.report_words import Words
    from landschap.console.pages.council_words import Telling
    from landschap.platform.web.language import Language
    from landschap.registers.open.api.accounts import Account

    return Account(
        quarter=report.quarter,
        figures={
            "kwartaal": report.quarter,
            "versie": made.version,
            "vanaf": report.since,
            "tot": report.until,
            "ontvangers": [
                {
                    "wetten": list(each.laws),
                    "activiteit": each.activity,
                    "organisatie": each.party_name,
                    "keer": each.uses,
                    "personen": each.subjects,
                }
                for each in report.receivers
            ],
            "geweigerd": [{"code": each.code, "keer": each.times} for each in report.refusals],
            "aantallen": dict(report.numbers),
        },
        documents={
            each: Telling(report, made, Words(each), each, is_public=True).document()
            for each in Language
        },
    )
