# SPDX-License-Identifier: EUPL-1.2
"""``landschap incident letters``: whom to write to about a breach, released by a second person.

The list of a scope holds pseudonyms; a register gives the numbers of its persons, and those that
make a pseudonym of the list are written to. Source: AVG art. 34.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import asyncpg
import click

from landschap.cli.composition import pseudonym_keys, pseudonym_space
from landschap.cli.config_option import json_option
from landschap.cli.incident_noted import Words
from landschap.cli.measuring import rooms_of
from landschap.cli.register import Desk, of_organisation, type_of
from landschap.cli.tables import answer, table_of
from landschap.cli.with_pool import run_with_pool
from landschap.console.council.store import letters as store
from landschap.logboek.drafts import line_draft
from landschap.logboek.incidents import COLUMNS
from landschap.logboek.payloads import LineEntry, Outcome
from landschap.logboek.pseudonyms import as_subject_id, from_subject_id, subject_pseudonym
from landschap.logboek.store import LogWriter
from landschap.platform import postgres
from landschap.platform.ids import new_span_id, new_trace_id
from landschap.platform.trouble import Trouble
from landschap.purposes.store import activity_at
from landschap.registers import store as registers
from landschap.registers.listing import Order
from landschap.registers.models import ObjectType
from landschap.registers.store import Wanted
from landschap.registers.store.exporting import Histories
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.times import amsterdam_day, as_utc_text

_LINE = "Brief over een datalek voorbereiden"
_MOST_BYTES = 1_000_000_000
_LETTER_COLUMNS = ("number", "kind", "services", "fields")
_AT_ONCE = 1_000
_Rows = Mapping[str, tuple[set[str], set[str]]]


@click.group("letters")
def letters() -> None:
    """Make the list of whom to write to about a breach: asked by one, released by another.

    \b
    Examples:
      landschap incident letters ask list.csv --collection inwoners/inwoners --by "A. de Wit" \\
        --reason "gestolen certificaat van november"
      landschap incident letters list
    """


@letters.command("ask")
@click.argument("scope", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--collection", required=True, help="REGISTER/COLLECTION that knows the persons.")
@click.option("--reason", required=True, type=Words(), help="Why they are written to.")
@click.option("--by", required=True, help="Your name.")
@json_option
@of_organisation
def ask(
    desk: Desk, scope: Path, collection: str, reason: str, by: str, as_json: bool
) -> None:  # fmt: skip
    """Ask for the letter list of SCOPE, a file that `landschap incident scope --to` wrote.

    Nothing of a person is shown or kept; another person releases it.

    \b
    Examples:
      landschap incident letters ask list.csv --collection inwoners/inwoners --by "A. de Wit" \\
        --reason "gestolen certificaat van november"
    """
    _persons_in(desk, collection)
    content = _read(scope)
    made = run_with_pool(
        desk.settings,
        "console",
        partial(
            store.ask_for_letters,
            asked_by=by,
            words=reason,
            collection=collection,
            persons=len(_rows(content)),
            scope=sha256(content).digest(),
        ),
    )
    told = f"asked: {made}; another person releases it"
    click.echo(json.dumps({"request": str(made)}) if as_json else told)


@letters.command("release")
@click.argument("request", type=click.UUID)
@click.argument("scope", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--activity", required=True, help="The processing activity under which you do this.")
@click.option("--by", required=True, help="Your name; not that of who asked.")
@click.option(
    "--to", "target", required=True, type=click.Path(dir_okay=False, path_type=Path),
    help="CSV file that is not there yet; readable by you alone.",
)  # fmt: skip
@json_option
@of_organisation
def release(
    desk: Desk, request: UUID, scope: Path, activity: str, by: str, target: Path, as_json: bool
) -> None:
    """Release the letter list of REQUEST, with the very file SCOPE that it was asked for.

    The numbers are those of persons who ever stood in the register, who moved or died as well. A
    line of the log is written for each of them first. Whom the register does not know is counted:
    find out by hand.

    \b
    Examples:
      landschap incident letters release 019ac1de-0000-7000-8000-000000000000 list.csv \\
        --activity https://weesp.example/activiteiten/datalekken --by "B. Jansen" --to letters.csv
    """
    if target.exists():
        raise Trouble(f"{target} is there already", "name a file that is not there yet")
    told = asyncio.run(_release(desk, _Release(request, _read(scope), activity, by, target)))
    if as_json:
        click.echo(json.dumps(told))
        return
    click.echo(f"{told['letters']} persons in {target}; {told['unknown']} are not in the register")


@letters.command("list")
@json_option
@of_organisation
def list_letters(desk: Desk, as_json: bool) -> None:
    """List the letter lists that were asked for, those that wait first.

    \b
    Examples:
      landschap incident letters list --json
    """
    found = run_with_pool(desk.settings, "console", store.letter_requests)
    rows = [
        {
            "request": str(each.request_id),
            "at": as_utc_text(each.at),
            "by": each.asked_by,
            "reason": each.words,
            "persons": each.persons,
            "releasedBy": each.released_by,
            "letters": each.found,
        }
        for each in found
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = table_of("Request", "Asked", "By", "Reason", "Persons", "Released by", "Letters",
                     whole="Request")  # fmt: skip
    for row in rows:
        table.add_row(*("-" if value is None else str(value) for value in row.values()))
    answer.print(table)


@dataclass(frozen=True, slots=True)
class _Release:
    request_id: UUID
    content: bytes
    activity: str
    by: str
    target: Path


async def _release(desk: Desk, given: _Release) -> dict[str, int]:
    """Look the persons up, write their lines, record the release, and only then the list."""
    async with rooms_of(desk.settings) as rooms:
        console = await postgres.pool(desk.settings, "console", size=1)
        registry = await postgres.pool(desk.settings, "registers", size=1)
        try:
            request = await store.letter_request(console, given.request_id)
            _require_releasable(request, given)
            assert request is not None  # noqa: S101 - required just now
            now = datetime.now(UTC)
            if await activity_at(rooms.purposes, given.activity, now) is None:
                raise Trouble(f"there is no processing activity {given.activity}",
                              "`landschap purpose list --json` names them")  # fmt: skip
            kind, rows = _persons_in(desk, request.collection), _rows(given.content)
            numbers = await _numbers(desk, registry, kind, rows)
            await _write_lines(desk, kind, given.activity, sorted(numbers), now)
            text = _letters(kind, rows, numbers)
            done = await store.release_letters(
                console, given.request_id, released_by=given.by, found=len(numbers),
                letters=sha256(text).digest(),
            )  # fmt: skip
            if not done:
                raise Trouble("it was released already", "`landschap incident letters list`")
        finally:
            await console.close()
            await registry.close()
    _write(given.target, text)
    found = {row for each in numbers.values() for row in each}
    return {"letters": len(numbers), "unknown": len(rows.keys() - found)}


def _require_releasable(request: store.LetterRequest | None, given: _Release) -> None:
    """Raises Trouble for what can not be released, before anybody is looked up."""
    if request is None:
        raise Trouble("there is no such request", "`landschap incident letters list` names them")
    if request.released_at is not None:
        raise Trouble("it was released already", "ask for a new one")
    if request.asked_by.strip().casefold() == given.by.strip().casefold():
        raise Trouble("who asked for it can not release it", "let another person do so")
    if request.scope != sha256(given.content).digest():
        raise Trouble("this is not the list that was asked for", "give the very same file")


def _persons_in(desk: Desk, collection: str) -> ObjectType:
    """The collection. Raises Trouble when there is none, or it is about nobody."""
    kind, _ = type_of(desk, f"{collection}/-")
    if kind.subject is None:
        raise Trouble(f"{collection} is about nobody", "name the register of the persons")
    return kind


def _read(scope: Path) -> bytes:
    if scope.stat().st_size > _MOST_BYTES:
        raise Trouble(f"{scope} is too large", "ask for the scope of shorter periods")
    return scope.read_bytes()


def _rows(content: bytes) -> _Rows:
    """The services and fields of each pseudonym in a list. Raises Trouble for another file."""
    found: dict[str, tuple[set[str], set[str]]] = {}
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8")))
        is_scope = tuple(reader.fieldnames or ()) == COLUMNS
        for row in reader if is_scope else ():
            from_subject_id(row["subject"])
            services, fields = found.setdefault(row["subject"], (set(), set()))
            services.add(row["service"])
            fields.update(row["fields"].split())
    except (UnicodeDecodeError, csv.Error, InvalidValue, TypeError, AttributeError):
        found = {}
    if not found:
        raise Trouble("this is no list of persons", "make one: `landschap incident scope --to`")
    return found


async def _numbers(
    desk: Desk, pool: asyncpg.Pool, kind: ObjectType, rows: _Rows
) -> dict[str, set[str]]:
    """The numbers that were ever in the register and make a pseudonym of the list, with which.

    Ever, and not today: who moved or died since was concerned all the same.
    """
    assert kind.subject is not None  # noqa: S101 - required before
    now, oin = datetime.now(UTC), desk.settings.organisation.oin
    keys = list(pseudonym_keys(desk.settings).values())
    wanted = Wanted(
        type=kind, filters={}, order=Order(), valid_on=amsterdam_day(now),
        known=await registers.known_at(pool, desk.register(kind.register), now),
        limit=registers.PAGE,
    )  # fmt: skip
    found: dict[str, set[str]] = {}
    async with aclosing(registers.histories(pool, wanted)) as pages:
        async for page in pages:
            for number in _ever(page, kind.subject.name):
                made = {
                    as_subject_id(subject_pseudonym(key, oin, kind.subject.subject_kind, number))
                    for key in keys
                }
                if listed := made & rows.keys():
                    found[number] = listed
    return found


def _ever(page: Histories, name: str) -> set[str]:
    """The numbers that were ever registered of these objects."""
    told = (
        (each.content or {}).get(name)
        for groups in page.objects.values()
        for assertions in groups.values()
        for each in assertions
    )
    return {str(number) for number in told if number is not None}


async def _write_lines(
    desk: Desk, kind: ObjectType, activity: str, numbers: Sequence[str], now: datetime
) -> None:
    """A line per person that is looked up; raises LogUnavailable: no line, no list."""
    assert kind.subject is not None  # noqa: S101 - required before
    settings, keys = desk.settings, pseudonym_keys(desk.settings)
    newest, trace, sort = max(keys), new_trace_id(), kind.subject.subject_kind
    oin = settings.organisation.oin
    writer = LogWriter(settings, "operator")
    await writer.start()
    try:
        for begin in range(0, len(numbers), _AT_ONCE):
            lines = [
                LineEntry(
                    trace_id=trace, span_id=new_span_id(), name=_LINE, started_at=now,
                    ended_at=now, controller=oin.value, outcome=Outcome.DELIVERED,
                    system="landschap incident letters", activity=activity,
                    subject=subject_pseudonym(keys[newest], oin, sort, each),
                    subject_type=f"{pseudonym_space(settings)}/{sort}/{newest}", key_id=newest,
                    data_groups=(kind.subject.title,),
                )
                for each in numbers[begin : begin + _AT_ONCE]
            ]  # fmt: skip
            await writer.append([line_draft(each, now=now) for each in lines])
    finally:
        await writer.close()


def _letters(kind: ObjectType, rows: _Rows, numbers: Mapping[str, set[str]]) -> bytes:
    """The list: the number of each person, through which services, and which fields."""
    assert kind.subject is not None  # noqa: S101 - required before
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_LETTER_COLUMNS)
    for number, listed in sorted(numbers.items()):
        services = sorted({name for each in listed for name in rows[each][0]})
        fields = sorted({name for each in listed for name in rows[each][1]})
        writer.writerow([number, kind.subject.subject_kind, " ".join(services), " ".join(fields)])
    return text.getvalue().encode()


def _write(target: Path, text: bytes) -> None:
    try:
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(text)
    except OSError as error:
        raise Trouble(f"{target} can not be written: {error.strerror}", "ask anew") from None
