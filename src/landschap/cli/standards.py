# SPDX-License-Identifier: EUPL-1.2
"""``landschap standard``: which standards there are, and how our services stand to them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import click

from landschap.cli.config_option import json_option, read_from_config
from landschap.cli.standard_measuring import Rooms, measure_and_keep
from landschap.cli.tables import answer, table_of
from landschap.cli.verify import LOG_READER
from landschap.platform import postgres
from landschap.platform.settings import Settings, load_settings
from landschap.platform.trouble import Trouble
from landschap.registers.standards.client import standards_of
from landschap.registers.standards.model import Standing
from landschap.registers.standards.reading import Standards, WrongStandards
from landschap.vocabulary.times import amsterdam_day

_FAILED = 1
of_organisation = read_from_config("settings", load_settings)


@click.group()
def standard() -> None:
    """See which standards there are and which duty goes with each, and measure your services.

    \b
    Examples:
      landschap standard list
      landschap standard measure
    """


@standard.command("list")
@json_option
@of_organisation
def list_(settings: Settings, as_json: bool) -> None:
    """List the standards, with the duty of today and the duty ahead.

    What your organisation decided itself stands in standaarden.toml, beside organisation.toml.

    \b
    Examples:
      landschap standard list
      landschap standard list --json
    """
    day = amsterdam_day(datetime.now(UTC))
    found = _standards(settings).standards
    if as_json:
        told = [
            {
                "id": each.id,
                "name": each.name,
                "version": each.version,
                "keeper": each.keeper,
                "check": each.check or None,
                "duties": [
                    {"duty": e.duty, "from": e.from_day.isoformat(), "source": e.source}
                    for e in each.duties
                ],
            }
            for each in found
        ]
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    table = table_of("Standard", "Name", "Version", "Duty today", "Ahead", whole="Standard")
    for each in found:
        now, ahead = each.duty_on(day), each.ahead_of(day)
        table.add_row(
            each.id, each.name, each.version, now.duty.value if now else "-",
            ", ".join(f"{one.duty} from {one.from_day}" for one in ahead) or "-",
        )  # fmt: skip
    answer.print(table)


@standard.command()
@json_option
@of_organisation
@click.pass_context
def measure(ctx: click.Context, /, settings: Settings, as_json: bool) -> None:
    """Measure how each of your services stands to each standard, and keep it as that of today.

    What has no check is as declared in standaarden.toml, else unknown. The worker does this every
    day. Exit code 1 when a service lacks the explanation that a duty asks for.

    \b
    Examples:
      landschap standard measure
      landschap standard measure --json
    """
    found = asyncio.run(_measured(settings))
    if as_json:
        click.echo(json.dumps([_body(each) for each in found], ensure_ascii=False))
    else:
        _tell(found)
    if any(each.must_explain for each in found):
        ctx.exit(_FAILED)


def _standards(settings: Settings) -> Standards:
    try:
        return standards_of(settings.path.parent)
    except WrongStandards as error:
        remedy = "repair it; docs/how-to/standards.md shows its form"
        raise Trouble(f"standaarden.toml: {error}", remedy) from None


async def _measured(settings: Settings) -> Sequence[Standing]:
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(postgres.database(settings))
        pools = {}
        for room in ("gateway", "purposes", "fsc", "logboek", "registers"):
            role = LOG_READER if room == "logboek" else None
            pools[room] = await postgres.pool(settings, room, role=role, size=1)
            stack.push_async_callback(pools[room].close)
        log = pools.pop("logboek")
        return await measure_and_keep(settings, Rooms(log=log, **pools), datetime.now(UTC))


def _tell(found: Sequence[Standing]) -> None:
    table = table_of("Standard", "Service", "State", "By", "Duty", "Found", "Explanation")
    for each in found:
        lacks = "[red]is lacking[/red]" if each.must_explain else "-"
        table.add_row(
            each.standard, each.service, each.state.value, each.basis.value, each.duty.value,
            each.evidence.en if each.evidence else "-",
            each.explanation.en if each.explanation else lacks,
        )  # fmt: skip
    answer.print(table)


def _body(one: Standing) -> dict[str, object]:
    return {
        "standard": one.standard,
        "service": one.service,
        "state": one.state.value,
        "basis": one.basis.value,
        "duty": one.duty.value,
        "evidence": one.evidence.en if one.evidence else None,
        "explanation": one.explanation.en if one.explanation else None,
        "mustExplain": one.must_explain,
    }
