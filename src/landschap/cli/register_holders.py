# SPDX-License-Identifier: EUPL-1.2
"""``landschap register transfer|take-over|close``: a register that goes to another holder."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path

import asyncpg
import click

from landschap.cli.config_option import json_option
from landschap.cli.register import Desk, of_organisation, register
from landschap.cli.retention.executing import trust_of
from landschap.cli.retention.parts import pseudonyms, rules_of, signing_of, with_registers
from landschap.cli.verify import counting
from landschap.platform.ids import uuid7
from landschap.platform.trouble import Trouble
from landschap.registers import client, store
from landschap.registers.client.packages import Package, Packing, open_package, write_package
from landschap.registers.client.retention import note
from landschap.registers.disposal import held
from landschap.registers.holders import Closure
from landschap.registers.mdto import Event
from landschap.registers.models import ObjectType, Register
from landschap.registers.retention import FILE, Rules, Value
from landschap.registers.statements import DESTROYED, InvalidStatement, open_statement
from landschap.registers.store import Entry, destroying, disposal, packing, proposing, taking
from landschap.registers.timeline import Known
from landschap.registers.transfer import (
    DamagedPackage,
    Holder,
    Line,
    Manifest,
    TakeOver,
    digest_of_line,
    misfit,
    taken,
)
from landschap.vocabulary.identifiers import InvalidValue, Oin
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError, Refusal
from landschap.vocabulary.times import parse_day

_BATCH = 10_000
_MAX_FAULTS = 20


@register.command("transfer")
@click.argument("name", metavar="REGISTER")
@click.option(
    "--to", "target", required=True, type=click.Path(path_type=Path), help="A folder to be made."
)
@click.option(
    "--due",
    is_flag=True,
    help="Only objects that the rules keep for ever and whose term is over; held ones stay out.",
)
@click.option("--by", required=True, help="Your name.")
@click.option("--dry-run", is_flag=True, help="Only count what would be packed.")
@json_option
@of_organisation
def transfer(desk: Desk, name: str, target: Path, by: str, **how: bool) -> None:
    """Write a register to a folder that is read without this program: for an archive, or a holder.

    It holds every assertion on both axes as JSON lines, the models, MDTO metadata and a signed
    manifest; tools/read_transfer.py proves it and answers from it. Holds forbid transfer.

    \b
    Examples:
      landschap register transfer bag --to /overdracht/bag-weesp --by "Anna de Wit"
      landschap register transfer vergunningen --due --to /depot/2026 --by Anna --dry-run
    """
    told = desk.register(name)
    rules = rules_of(desk, told)
    if how["due"] and rules is None:
        raise Trouble(f"register {name} has no retention rules", f"write registers/{name}/{FILE}")

    async def work(pool: asyncpg.Pool) -> Manifest | dict[str, int]:
        ids = await _due(pool, desk, told, rules) if how["due"] and rules is not None else None
        if ids is None:
            await _refuse_held(pool, told)
        if how["dry_run"]:
            sizes = await store.count(pool, told)
            counted = {kind.name: sizes.types[kind.key].objects for kind in told.types.values()}
            return counted if ids is None else {key: len(value) for key, value in ids.items()}
        order = await _packing(pool, desk, told, by)
        with counting("Packing", len(told.types)) as advance:
            return await write_package(pool, target, replace(order, rules=rules, ids=ids), advance)

    try:
        made = with_registers(desk, work)
    except OSError as error:
        raise Trouble(
            f"the package can not be written: {error.strerror or error} ({target})",
            "nothing is left of it; make room, or name a folder that can be made",
        ) from None
    _tell(made, target, as_json=how["as_json"])


def _tell(made: Manifest | dict[str, int], target: Path, *, as_json: bool) -> None:
    if isinstance(made, dict):
        click.echo(json.dumps(made) if as_json else f"would be packed: {made}")
        return
    body: dict[str, JsonValue] = {
        "package": str(target),
        "number": made.number,
        "types": {each.name: {"objects": each.objects, "lines": each.lines} for each in made.types},
        "sha256": sha256(made.content()).hexdigest(),
    }
    if as_json:
        click.echo(json.dumps(body))
        return
    objects, lines = sum(e.objects for e in made.types), sum(e.lines for e in made.types)
    click.echo(f"{objects:,} objects with {lines:,} assertions packed in {target}")


async def _refuse_held(pool: asyncpg.Pool, told: Register) -> None:
    standing = await disposal.holds(pool, told)
    if standing:
        raise ProblemError(held([hold.reason for hold in standing]))


async def _due(
    pool: asyncpg.Pool, desk: Desk, told: Register, rules: Rules
) -> dict[str, list[str]]:
    now, found = datetime.now(UTC), dict[str, list[str]]()
    async for one in proposing.judged(pool, told, rules, now, pseudonyms(desk)):
        if one.is_due(now.date()) and one.due is not None and one.due.rule.value is Value.KEEP:
            found.setdefault(one.type.name, []).append(one.object_id)
    return found


async def _packing(pool: asyncpg.Pool, desk: Desk, told: Register, by: str) -> Packing:
    now, signing = datetime.now(UTC), signing_of(desk)
    known: Known = await store.known_at(pool, told, now)
    rules_file = desk.settings.path.parent / client.MODELS_FOLDER / told.name / FILE
    records = await destroying.records(pool, told)
    destroyed = [
        Event(
            kind="Vernietiging",
            at=datetime.fromisoformat(str(_opened(record)["tijdstip"])),
            actor=signing.name,
            result=f"{record.type_key}/{record.object_id}",
        )
        for record in records
    ]
    return Packing(
        register=told,
        known=known,
        signing=signing,
        rules_text=rules_file.read_text(encoding="utf-8") if rules_file.exists() else "",
        events=[*destroyed, Event(kind="Overbrenging", at=now, actor=f"{signing.name}, {by}")],
        records=records,
        manifest=Manifest(
            register=told.name,
            clock=told.clock,
            holder=Holder(signing.oin, signing.name),
            made_at=now,
            number=known.number,
            known_at=known.moment,
            types=(),
        ),
    )


def _opened(record: destroying.Record) -> dict[str, JsonValue]:
    try:
        return dict(open_statement(record.jws, record.certificate, DESTROYED))
    except InvalidStatement as error:
        raise Trouble(
            f"the statement about {record.type_key}/{record.object_id} does not hold: {error}",
            "see `landschap retention verify`",
        ) from None


@register.command("close")
@click.argument("name", metavar="REGISTER")
@click.option("--successor", required=True, help="OIN of the organisation that holds it.")
@click.option("--successor-name", required=True, help="Its name.")
@click.option("--address", required=True, help="Where to ask it: the URL of its register.")
@click.option("--from", "since", required=True, help="First day on which it does: YYYY-MM-DD.")
@click.option("--reason", required=True, help="For example the law on the merger.")
@click.option("--by", required=True, help="Your name.")
@of_organisation
def close(desk: Desk, name: str, by: str, reason: str, **given: str) -> None:
    """Close a register for writing from a day, because another organisation holds it from then.

    What was registered stays readable; who writes is told who holds it. It can not be undone.

    \b
    Examples:
      landschap register close bag --successor 00000001002564440000 --successor-name Amsterdam \\
          --address https://registers.amsterdam.example/bag/v1 --from 2022-03-24 \\
          --reason "Wet van 13 oktober 2021, Stb. 2021, 501" --by "Anna de Wit"
    """
    told = desk.register(name)
    if not given["address"].startswith("https://"):
        raise click.BadParameter("--address begins with https://")
    try:
        made = Closure(
            register=told.name,
            day=parse_day(given["since"]),
            successor=Holder(Oin.parse(given["successor"]).value, given["successor_name"]),
            address=given["address"],
            reason=reason,
            closed_by=by,
        )
    except InvalidValue as error:
        raise click.BadParameter(str(error)) from None
    if not with_registers(desk, lambda pool: store.close(pool, made)):
        raise Trouble(f"register {name} was closed already", "nothing was changed")
    click.echo(f"{name} is closed for writing from {made.day}; {made.successor.name} holds it")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """One taking over."""

    package: Package
    target: Register
    over: TakeOver
    judge: Callable[[bytes, str], bool]
    by: str


@dataclass(slots=True)
class _Counts:
    added: int = 0
    passed_over: int = 0
    destroyed: int = 0
    faults: list[str] = field(default_factory=list)


@register.command("take-over")
@click.argument("folder", metavar="PACKAGE", type=click.Path(path_type=Path, file_okay=False))
@click.option("--as", "name", help="Into this register of ours. Default the name in the package.")
@click.option("--from", "since", required=True, help="First day on which we hold it: YYYY-MM-DD.")
@click.option("--by", required=True, help="Your name.")
@click.option("--dry-run", is_flag=True, help="Only prove and check the package.")
@json_option
@of_organisation
def take_over(desk: Desk, folder: Path, name: str | None, since: str, by: str, **how: bool) -> None:
    """Take over a register from a transfer package of another organisation.

    Objects keep their identification; moments of the predecessor become those of the source, ours
    begin now. Answers tell who held the source on the day asked. The package is proven first, and
    nothing is taken over when a line does not fit our model. Started again, it goes on.

    \b
    Examples:
      landschap register take-over /overdracht/bag-weesp --from 2022-03-24 --by "Cor" --dry-run
      landschap register take-over /overdracht/bag-weesp --from 2022-03-24 --by "Cor Kist"
    """
    try:
        day = parse_day(since)
    except InvalidValue as error:
        raise click.BadParameter(f"--from: {error}") from None
    try:
        order = _order(desk, folder, name, day, by)
        counts = with_registers(desk, lambda pool: _take(pool, desk, order, dry=how["dry_run"]))
    except (DamagedPackage, OSError, UnicodeDecodeError) as error:
        raise Trouble(
            f"the package {folder} can not be used: {error}",
            "ask its maker for another; nothing was taken over",
        ) from None
    if counts.faults:
        raise Trouble(
            f"nothing was taken over, lines do not fit our model:\n{chr(10).join(counts.faults)}",
            "correct the model, or agree with the predecessor what these should be",
        )
    body = {"added": counts.added, "passedOver": counts.passed_over, "destroyed": counts.destroyed}
    if how["as_json"]:
        click.echo(json.dumps(body))
    elif how["dry_run"]:
        click.echo("the package is proven and fits; nothing was taken over (--dry-run)")
    else:
        click.echo(
            f"{counts.added:,} assertions taken over, {counts.passed_over:,} were there, "
            f"{counts.destroyed:,} destroyed objects known as such"
        )


def _order(desk: Desk, folder: Path, name: str | None, day: date, by: str) -> _Order:
    judge = trust_of(desk.settings)
    package = open_package(folder, judge)
    manifest = package.manifest
    target = desk.register(name or manifest.register)
    refused = misfit(manifest, target)
    if refused is not None:
        raise ProblemError(refused)
    organisation = desk.settings.organisation
    ours = Holder(organisation.oin.value, organisation.name)
    if ours.oin == manifest.holder.oin:
        raise Trouble("this package is of our own organisation", "nothing is to be taken over")
    over = TakeOver(predecessor=manifest.holder, successor=ours, day=day)
    return _Order(package=package, target=target, over=over, judge=judge, by=by)


async def _take(pool: asyncpg.Pool, desk: Desk, order: _Order, *, dry: bool) -> _Counts:
    manifest, counts = order.package.manifest, _Counts()
    total = sum(each.lines for each in manifest.types)
    with counting("Checking", total) as advance:
        counts.faults = _faults(order, advance)
    refused = await _strangers(pool, order)
    if refused is not None:
        raise ProblemError(refused)
    if counts.faults or dry:
        return counts
    await store.prepare(pool, order.target)
    with counting("Taking over", total) as advance:
        for entries in _batches(order):
            done = await packing.take(pool, order.target, entries)
            counts.added += done.added
            counts.passed_over += done.passed_over
            advance(counts.added + counts.passed_over)
    for record in order.package.records():
        await taking.keep_destroyed(pool, record, _opened(record))
        note(desk.settings.paths.data, [record])
        counts.destroyed += 1
    digest = sha256(manifest.content()).digest()
    await taking.note_taken(pool, uuid7(), order.target, order.over, digest, order.by)
    return counts


def _lines(order: _Order) -> Iterator[tuple[ObjectType, Line]]:
    for each in order.package.manifest.types:
        kind = order.target.types[each.name]
        for line in order.package.lines(each):
            yield kind, line


def _faults(order: _Order, advance: Callable[[int], None]) -> list[str]:
    """What of the package does not fit our model; at most twenty are told."""
    found: list[str] = []
    for number, (kind, line) in enumerate(_lines(order), start=1):
        said = line.assertion
        if number % _BATCH == 0:
            advance(number)
        if said.content is None:
            continue
        found += [
            f"{kind.key}/{line.object_id} {fault.pointer or '/'}: {fault.message}"
            for fault in kind.faults_in(line.object_id, said.group, said.content)
        ]
        if len(found) >= _MAX_FAULTS:
            return found[:_MAX_FAULTS]
    return found


async def _strangers(pool: asyncpg.Pool, order: _Order) -> Refusal | None:
    """Why nothing is taken: an object of the package is another one of ours already."""
    for each in order.package.manifest.types:
        kind = order.target.types[each.name]
        ids = sorted({line.object_id for line in order.package.lines(each)})
        ours = await packing.not_from(pool, kind, ids, order.over.predecessor)
        if ours:
            return Refusal(
                code="overname.past-niet",
                status=409,
                title="The package does not fit our register",
                detail=f"{len(ours)} objects are registered here already, not by taking over: "
                f"{kind.key}/{ours[0]}, ... Nothing was taken over.",
            )
    return None


def _batches(order: _Order) -> Iterator[Sequence[Entry]]:
    entries = (_entry(order, kind, line) for kind, line in _lines(order))
    while batch := list(islice(entries, _BATCH)):
        yield batch


def _entry(order: _Order, kind: ObjectType, line: Line) -> Entry:
    manifest, corrects = order.package.manifest, line.assertion.corrects
    return Entry(
        type=kind,
        object_id=line.object_id,
        draft=taken(line, manifest, order.over),
        source_digest=digest_of_line(manifest, line.assertion.number),
        corrects_digest=None if corrects is None else digest_of_line(manifest, corrects),
    )
