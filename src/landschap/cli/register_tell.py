# SPDX-License-Identifier: EUPL-1.2
"""``landschap register tell``: who received a value that was corrected since is told so."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from landschap.cli.config_option import json_option
from landschap.cli.measuring import rooms_of
from landschap.cli.notices import Rights, reaches_inbox
from landschap.cli.register import Desk, of_organisation, register, type_of
from landschap.cli.register_receivers import (
    Asked,
    answered,
    refuse_what_no_line_tells,
)
from landschap.cli.tables import answer, table_of
from landschap.gateway.correcting.store import duty_of
from landschap.gateway.correcting.telling import correction_since, first_receipts
from landschap.platform import postgres
from landschap.registers.store.duties import Telling, how_far, queue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

_NOT_FOUND = 3
_UNREACHABLE = "not_reachable"
_WORDS = {
    "untold": "would be told",
    "queued": "queued",
    "waiting": "waits to be delivered",
    "given_up": "given up; tell again",
    "received": "told",
    _UNREACHABLE: "not reachable through the door: write to them",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One organisation: since when it received the value, and how far telling it is."""

    organisation: str
    name: str
    since: datetime
    corrected: datetime
    state: str

    def as_json(self) -> dict[str, JsonValue]:
        """The organisation for a program."""
        return {
            "organisation": self.organisation,
            "name": self.name,
            "since": as_utc_text(self.since),
            "correctedAt": as_utc_text(self.corrected),
            "state": self.state,
        }


@register.command("tell")
@click.argument("thing", metavar="OBJECT")
@click.argument("field")
@click.option("--activity", required=True, help="The processing activity under which you look.")
@click.option("--case", required=True, help="The number of the case for which you look.")
@click.option("--yes", is_flag=True, help="Tell them; without it you only see who would be told.")
@json_option
@of_organisation
def tell(
    desk: Desk, thing: str, field: str, activity: str, case: str, yes: bool, as_json: bool
) -> None:  # fmt: skip
    """Tell who received a value of FIELD that is known to be wrong now: REGISTER/COLLECTION/ID.

    Each organisation that received the value, or may have, is told by a notice in its inbox that
    there was a correction and where to ask again; no value and no number of a person stands in it.
    The worker delivers it. Nobody is told twice of the same correction. Who offers us no inbox
    under a contract in force is listed: write to them. That you looked is written in the log
    first, as a use of the person's data.

    \b
    Examples:
      landschap register tell inwoners/inwoners/I-0001 naam --activity https://... --case Z-1
      landschap register tell inwoners/inwoners/I-0001 naam --activity https://... --case Z-1 --yes
    """
    kind, object_id = type_of(desk, thing)
    asked = Asked(type=kind, object_id=object_id, path=field, activity=activity, case=case)
    refuse_what_no_line_tells(asked)
    told = asyncio.run(_told(desk, asked, yes=yes))
    if told is None:
        click.echo(f"{thing} was never registered, or as nobody's.", err=True)
        raise click.exceptions.Exit(_NOT_FOUND)
    if as_json:
        click.echo(json.dumps([each.as_json() for each in told], ensure_ascii=False))
        return
    if not told:
        click.echo("No other organisation received a value of this field that was corrected.")
        return
    table = table_of("Organisation", "Received since", "Corrected", "Told")
    for each in told:
        table.add_row(
            each.name or each.organisation, as_utc_text(each.since), as_utc_text(each.corrected),
            _WORDS[each.state],
        )  # fmt: skip
    answer.print(table)
    if not yes:
        click.echo("Nobody was told now; give --yes to tell them.")


async def _told(desk: Desk, asked: Asked, *, yes: bool) -> list[Told] | None:
    found = await answered(desk, asked)
    if found is None:
        return None
    own, told = desk.settings.organisation.oin.value, []
    place = (asked.type, asked.object_id)
    async with rooms_of(desk.settings) as rooms:
        rights = Rights(me=own, fsc=rooms.fsc, purposes=rooms.purposes)
        pool = await postgres.pool(desk.settings, "registers", size=1)
        try:
            for peer, first in first_receipts(found.receivers, own).items():
                correction = correction_since(found.corrected, first)
                duty = duty_of(desk.register(asked.type.register), peer, correction, place)
                state = await how_far(pool, duty)
                if state is not Telling.RECEIVED and not await reaches_inbox(rights, peer):
                    word = _UNREACHABLE
                else:
                    word = (await queue(pool, duty, datetime.now(UTC)) if yes else state).value
                told.append(
                    Told(
                        organisation=peer,
                        name=found.names.get(peer, ""),
                        since=first,
                        corrected=correction.registered_at,
                        state=word,
                    )
                )
        finally:
            await pool.close()
    return told
