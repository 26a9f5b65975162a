# SPDX-License-Identifier: EUPL-1.2
"""``landschap retention execute|verify``: destroying what was approved, and proving it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import asyncpg
import click

from landschap.cli.config_option import json_option
from landschap.cli.register import Desk, of_organisation
from landschap.cli.retention.group import retention
from landschap.cli.retention.parts import (
    FAILED,
    KEEPER,
    PARTIAL,
    found_list,
    pseudonyms,
    rules_of,
    signing_of,
    thing_of,
    with_registers,
)
from landschap.cli.verify import counting
from landschap.logboek.trust import trust_in
from landschap.platform import postgres
from landschap.platform.identity import read_certificates
from landschap.platform.keys import own_chain
from landschap.platform.postgres.roles import OWNER, on_server
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.registers.client.retention import note, noted
from landschap.registers.disposal import not_approved
from landschap.registers.models import Register
from landschap.registers.statements import DESTROYED, InvalidStatement, open_statement
from landschap.registers.store import destroying, taking
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError, Refusal


@retention.command("execute")
@click.argument("list_id", metavar="LIST")
@click.option("--by", required=True, help="Your name.")
@click.option("--dry-run", is_flag=True, help="Only say what would be destroyed.")
@json_option
@of_organisation
@click.pass_context
def execute(
    ctx: click.Context, desk: Desk, list_id: str, by: str, dry_run: bool, as_json: bool
) -> None:
    """Destroy what is on an approved list, object by object, with a signed statement of each.

    What is held, was changed since, or falls under a rule that was changed stays, and is told:
    exit code 6. When this is cut off, start it again: it goes on with what is left.

    \b
    Examples:
      landschap retention execute 01938f2a-5f6b-7a51-8c31-0d2f8c4a6b1e --by "Cor Kist" --dry-run
      landschap retention execute 01938f2a-5f6b-7a51-8c31-0d2f8c4a6b1e --by "Cor Kist"
    """
    if dry_run:
        given = with_registers(desk, lambda pool: found_list(pool, list_id), role=KEEPER)
        _refuse(not_approved(given))
        rows = [thing_of(desk, item) for item in given.open_items]
        click.echo(json.dumps(rows) if as_json else "\n".join(rows))
        click.echo(f"{len(rows)} objects would be destroyed", err=True)
        return
    done, refused, withdrawn = with_registers(
        desk, lambda pool: _execute(pool, desk, list_id, by), role=KEEPER
    )
    if as_json:
        told: list[JsonValue] = [
            {"object": thing, "code": refusal.code, "detail": refusal.detail}
            for thing, refusal in refused
        ]
        told_all = {"destroyed": done, "refused": told, "withdrawn": withdrawn}
        click.echo(json.dumps(told_all, ensure_ascii=False))
    else:
        for thing, refusal in refused:
            click.echo(f"{thing}: {refusal.detail} ({refusal.code})", err=True)
        click.echo(f"{done:,} objects destroyed, {len(refused):,} stayed")
        for collection in withdrawn:
            click.echo(f"bulk files of {collection} withdrawn: the worker makes them anew")
    if refused:
        ctx.exit(PARTIAL)


def _refuse(refusal: Refusal | None) -> None:
    if refusal is not None:
        raise ProblemError(refusal)


async def _execute(
    pool: asyncpg.Pool, desk: Desk, list_id: str, by: str
) -> tuple[int, list[tuple[str, Refusal]], list[str]]:
    given = await found_list(pool, list_id)
    register = desk.register(given.register)
    keeping = destroying.Keeping(
        register=register,
        rules=rules_of(desk, register),
        signing=signing_of(desk),
        executor=by,
        pseudonyms=pseudonyms(desk),
    )
    folder = desk.settings.paths.data
    try:
        folder.mkdir(parents=True, exist_ok=True)
        # What was destroyed when an earlier run was cut off may not stand in the journal yet.
        await _catch_up(pool, desk, register)
        done, refused = 0, list[tuple[str, Refusal]]()
        with counting("Destroying", len(given.open_items)) as advance:
            async for outcome in destroying.execute(pool, given, keeping):
                advance(done + len(refused) + 1)
                if outcome.record is not None:
                    note(folder, [outcome.record])
                    done += 1
                elif outcome.refusal is not None:
                    refused.append((thing_of(desk, outcome.item), outcome.refusal))
    except OSError as error:
        raise Trouble(
            f"the journal in {folder} can not be written: {error.strerror}",
            "make room or give the right to write there, then start again: it goes on",
        ) from None
    withdrawn = await _withdraw(pool, desk, register)
    if done:
        await destroying.clean(pool)
    return done, refused, withdrawn


async def _withdraw(pool: asyncpg.Pool, desk: Desk, register: Register) -> list[str]:
    """Take away bulk files of open data that hold what was destroyed, without waiting for the
    worker; the collections of which there were any.
    """
    from landschap.cli.composition_open import bulk_deps
    from landschap.registers.open.worker import withdraw

    if not desk.settings.listen.open:
        return []
    deps = bulk_deps(desk.settings, pool)
    view = deps.registers.by_name.get(register.name)
    kinds = view.types.values() if view else ()
    return [kind.collection for kind in kinds if await withdraw(deps, kind)]


async def _catch_up(pool: asyncpg.Pool, desk: Desk, register: Register) -> int:
    there = {record.record_id for record in noted(desk.settings.paths.data)}
    missing = [
        record
        for record in await destroying.records(pool, register)
        if record.record_id not in there
    ]
    note(desk.settings.paths.data, missing)
    return len(missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is not as a statement says."""

    thing: str
    message: str


@retention.command("verify")
@click.argument("name", metavar="REGISTER", required=False)
@json_option
@of_organisation
@click.pass_context
def verify(ctx: click.Context, desk: Desk, name: str | None, as_json: bool) -> None:
    """Prove that what was destroyed is gone, and that of everything gone a statement is kept.

    Looks at each statement: its signature, that the certificate is ours, that nothing of the
    object is left, and that it stands in the journal beside the database. Exit code 7 otherwise.

    \b
    Examples:
      landschap retention verify
      landschap retention verify vergunningen --json
    """
    registers = [desk.register(name)] if name else list(desk.registers.by_name.values())
    judge = trust_of(desk.settings)
    count: Counter[str] = Counter()
    found: list[Finding] = []

    async def work(pool: asyncpg.Pool) -> None:
        journal = {record.record_id for record in noted(desk.settings.paths.data)}
        for register in registers:
            kept = await destroying.records(pool, register)
            count["statements"] += len(kept)
            # Statements of whom we took a register over came along with it.
            signers = {desk.settings.organisation.oin.value}
            signers |= {one.oin for one in await taking.predecessors(pool, register)}
            for record in kept:
                if record.record_id not in journal:
                    found.append(Finding(thing=_thing(record), message="is not in the journal"))
                found.extend(await _findings(pool, record, judge, signers))
            for key, object_id in await destroying.unrecorded(pool, register):
                found.append(
                    Finding(thing=f"{key}/{object_id}", message="was erased without a statement")
                )

    with_registers(desk, work, role=KEEPER)
    if as_json:
        told = [{"object": one.thing, "finding": one.message} for one in found]
        click.echo(json.dumps({"statements": count["statements"], "findings": told}))
    else:
        for one in found:
            click.echo(f"{one.thing}: {one.message}", err=True)
        click.echo(f"{count['statements']:,} statements, {len(found):,} findings")
    if found:
        ctx.exit(FAILED)


def trust_of(settings: Settings) -> Callable[[bytes, str], bool]:
    """Judges whether a certificate is of an organisation, under our trust anchors."""
    anchors = [
        certificate
        for path in settings.identity.trust_anchors
        for certificate in read_certificates(path)
    ]
    return trust_in(anchors, own_chain(settings)[1:])


def _thing(record: destroying.Record) -> str:
    return f"{record.type_key}/{record.object_id}"


async def _findings(
    pool: asyncpg.Pool,
    record: destroying.Record,
    judge: Callable[[bytes, str], bool],
    signers: Collection[str],
) -> Sequence[Finding]:
    try:
        told = open_statement(record.jws, record.certificate, DESTROYED)
    except InvalidStatement as error:
        return [Finding(thing=_thing(record), message=f"its statement does not hold: {error}")]
    wrong = []
    signer = str(told.get("organisatie"))
    if signer not in signers or not judge(record.certificate, signer):
        wrong.append("its statement was not signed by us, nor by whom we took this register over")
    named = (told.get("objecttype"), told.get("identificatie"), told.get("verklaring"))
    if named != (record.type_key, record.object_id, str(record.record_id)):
        wrong.append("its statement is about another object")
    numbers = told.get("volgnummers")
    left = await destroying.remains(
        pool, record, [int(str(n)) for n in numbers] if isinstance(numbers, list) else None
    )
    if left.with_content:
        wrong.append(f"{left.with_content} assertions still hold something")
    if not left.stones:
        wrong.append("its history does not tell of it")
    return [Finding(thing=_thing(record), message=message) for message in wrong]


async def destroy_again(settings: Settings) -> int:
    """Do once more what the journal says, in a database put back from before; as its owner.

    Statements whose signature or certificate is not ours are passed over. Raises Trouble.
    """
    journal = noted(settings.paths.data)
    if not journal:
        return 0
    judge, done = trust_of(settings), 0
    owner = on_server(settings, OWNER)
    connection = await postgres.administrator(settings)
    try:
        for record in journal:
            try:
                told = open_statement(record.jws, record.certificate, DESTROYED)
            except InvalidStatement:
                continue
            if judge(record.certificate, settings.organisation.oin.value):
                async with connection.transaction():
                    await connection.execute(f"SET LOCAL ROLE {owner}")
                    done += await destroying.erase_again(connection, record, told)
    finally:
        await connection.close()
    return done
