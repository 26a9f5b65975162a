# SPDX-License-Identifier: EUPL-1.2
"""``landschap register receivers``: who received a value that was corrected since."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import click

from landschap.cli.composition import pseudonym_keys, pseudonym_space
from landschap.cli.config_option import json_option
from landschap.cli.measuring import rooms_of
from landschap.cli.register import Desk, of_organisation, register, type_of
from landschap.cli.tables import answer, table_of
from landschap.fsc.store import peer_names
from landschap.gateway.correcting.receivers import Corrected, Receiver, receivers_of
from landschap.gateway.correcting.store import (
    MOST,
    TooManyLines,
    corrected_field,
    lines_about,
    numbers_of,
)
from landschap.gateway.usage.store import Rooms
from landschap.logboek.drafts import line_draft
from landschap.logboek.payloads import LineEntry, Outcome
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.store import LogWriter, first_recorded
from landschap.platform import postgres
from landschap.platform.ids import new_span_id, new_trace_id
from landschap.platform.trouble import Trouble
from landschap.purposes.store import activity_at
from landschap.registers.models import ObjectType
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.mistakes import did_you_mean
from landschap.vocabulary.times import as_utc_text

_NOT_FOUND = 3
_LOOK = "Ontvangers van een gecorrigeerd gegeven opzoeken"
_LOOKED_AT = ("gebruik",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Of which field of which object, and under which activity and case somebody looks."""

    type: ObjectType
    object_id: str
    path: str
    activity: str
    case: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """Who received what, their names, and since when the log tells."""

    corrected: Corrected
    receivers: Sequence[Receiver]
    names: dict[str, str]
    since: datetime | None

    def as_json(self) -> dict[str, JsonValue]:
        """The answer for a program."""
        return {
            "logSince": as_utc_text(self.since) if self.since else None,
            "receivers": [each.as_json(self.names) for each in self.receivers],
        }


@register.command("receivers")
@click.argument("thing", metavar="OBJECT")
@click.argument("field")
@click.option("--activity", required=True, help="The processing activity under which you look.")
@click.option("--case", required=True, help="The number of the case for which you look.")
@json_option
@of_organisation
@click.pass_context
def receivers(
    ctx: click.Context, /, desk: Desk, thing: str, field: str, activity: str, case: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Tell who received a value of FIELD that is known to be wrong now: REGISTER/COLLECTION/ID.

    The log says who was given which fields of a person, when, and about which day; the register
    says what it knew then. Where that differs from what is known now, the old value was received.
    Where the log can not tell it for certain, the receiver may have received it, with why. No
    value is shown. That you looked is written in the log first, as a use of the person's data.

    \b
    Examples:
      landschap register receivers inwoners/inwoners/I-0001 naam --activity https://... --case Z-1
      landschap register receivers inwoners/inwoners/I-0001 naam --activity https://... --case Z-1 --json
    """  # noqa: E501 - an example is typed on one line
    kind, object_id = type_of(desk, thing)
    asked = Asked(type=kind, object_id=object_id, path=field, activity=activity, case=case)
    refuse_what_no_line_tells(asked)
    found = asyncio.run(answered(desk, asked))
    if found is None:
        click.echo(f"{thing} was never registered, or as nobody's.", err=True)
        ctx.exit(_NOT_FOUND)
    if as_json:
        click.echo(json.dumps(found.as_json(), ensure_ascii=False))
        return
    if not found.receivers:
        click.echo("Nobody received a value of this field that is known to be wrong now.")
        return
    table = table_of("Organisation", "Through", "Purpose", "Received", "Since", "Last", "Times")
    for each in found.receivers:
        why = ", ".join(sorted(each.doubts))
        table.add_row(
            found.names.get(each.organisation, each.organisation), each.through or "-",
            each.purpose or "-", "yes" if each.times else f"may have: {why}",
            as_utc_text(each.first), as_utc_text(each.last), str(each.times or each.possible),
        )  # fmt: skip
    answer.print(table)


def refuse_what_no_line_tells(asked: Asked) -> None:
    """Raises Trouble for an object of nobody, and a field that the model does not keep."""
    kind = asked.type
    if kind.subject is None:
        raise Trouble(
            f"{kind.title} is about nobody, and the log tells of persons and not of objects",
            "see `landschap register subscriptions list` for who is told of changes",
        )
    if asked.path not in kind.kept_paths() or asked.path == kind.identification:
        near = did_you_mean(asked.path, kind.kept_paths())
        raise Trouble(f"{kind.title} keeps no {asked.path}{near}", "name a field of the model")


async def answered(desk: Desk, asked: Asked) -> Answered | None:
    """Who received it, after the look was written; None for an object that is nobody's.

    Raises Trouble.
    """
    async with rooms_of(desk.settings) as rooms:
        pool = await postgres.pool(desk.settings, "registers", size=1)
        try:
            numbers = await numbers_of(pool, asked.type, asked.object_id)
            if not numbers:
                return None
            corrected = await corrected_field(
                pool, desk.registers, asked.type, asked.object_id, asked.path, numbers
            )
        finally:
            await pool.close()
        await _write_look(desk, rooms, asked, numbers)
        try:
            lines = await lines_about(rooms.log, _pseudonyms(desk, asked.type, numbers))
        except TooManyLines:
            raise Trouble(
                f"the log holds over {MOST:,} lines about this person", "ask the maintainers"
            ) from None
        found = receivers_of(lines, corrected, desk.settings.organisation.oin.value)
        names = dict(await peer_names(rooms.fsc))
        since = await first_recorded(rooms.log)
        return Answered(corrected=corrected, receivers=found, names=names, since=since)


def _pseudonyms(desk: Desk, kind: ObjectType, numbers: Sequence[str]) -> list[bytes]:
    """The pseudonyms of the person under every key, the newest key last. Raises Trouble."""
    sort = kind.subject.subject_kind if kind.subject else ""
    own = desk.settings.organisation.oin
    keys = pseudonym_keys(desk.settings)
    try:
        return [
            subject_pseudonym(key, own, sort, each) for key in keys.values() for each in numbers
        ]
    except InvalidValue as error:
        raise Trouble(f"this object is about no person: {error}", "correct its number") from None


async def _write_look(desk: Desk, rooms: Rooms, asked: Asked, numbers: Sequence[str]) -> None:
    """A line per person that was looked at; no line, no look. Raises Trouble."""
    now = datetime.now(UTC)
    if await activity_at(rooms.purposes, asked.activity, now) is None:
        raise Trouble(
            f"there is no processing activity {asked.activity}",
            "`landschap purpose list --json` names those of the register in force",
        )
    trace, newest = new_trace_id(), max(pseudonym_keys(desk.settings))
    sort = asked.type.subject.subject_kind if asked.type.subject else ""
    looked = [
        LineEntry(
            trace_id=trace,
            span_id=new_span_id(),
            name=_LOOK,
            started_at=now,
            ended_at=now,
            controller=desk.settings.organisation.oin.value,
            outcome=Outcome.DELIVERED,
            system="landschap register receivers",
            activity=asked.activity,
            subject=each,
            subject_type=f"{pseudonym_space(desk.settings)}/{sort}/{newest}",
            key_id=newest,
            data_groups=_LOOKED_AT,
            processing_id=asked.case,
        )
        for each in _pseudonyms(desk, asked.type, numbers)[-len(numbers) :]
    ]
    async with AsyncExitStack() as stack:
        writer = LogWriter(desk.settings, "operator")
        await writer.start()
        stack.push_async_callback(writer.close)
        await writer.append([line_draft(each, now=now) for each in looked])
