# SPDX-License-Identifier: EUPL-1.2
"""What the commands about retention share: rules, who signs, pseudonyms, lists by name."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime
from typing import TypeVar
from uuid import UUID

import asyncpg
import click

from landschap.cli.config_option import Command
from landschap.cli.register import Desk
from landschap.cli.with_pool import run_with_pool
from landschap.fsc.client.own import own_peer
from landschap.logboek.pseudonyms import as_subject_id, subject_pseudonym
from landschap.platform.keys import secret_key
from landschap.platform.trouble import Trouble
from landschap.registers import client
from landschap.registers.client.retention import read_retention
from landschap.registers.disposal import DisposalList, Item
from landschap.registers.models import ObjectType, Register
from landschap.registers.retention import FILE, Groups, Rules, value_at
from landschap.registers.statements import Signing
from landschap.registers.store import disposal
from landschap.vocabulary.identifiers import InvalidValue
from landschap.vocabulary.mistakes import MistakesError
from landschap.vocabulary.times import amsterdam_day, parse_day

KEEPER = "landschap_registers_keeper"
NOT_FOUND, REFUSED, PARTIAL, FAILED = 3, 4, 6, 7
_Result = TypeVar("_Result")


def by_option(command: Command) -> Command:
    """``--by`` and ``--role``: who does this."""
    command = click.option(
        "--role", required=True, help="In which role, for example informatiebeheerder."
    )(command)
    return click.option("--by", required=True, help="Your name.")(command)


def rules_of(desk: Desk, register: Register) -> Rules | None:
    """The rules of a register; None when it has none. Raises Trouble with every mistake."""
    folder = desk.settings.path.parent / client.MODELS_FOLDER
    try:
        return read_retention(folder, register, desk.registers)
    except MistakesError as error:
        raise Trouble(f"the retention rules can not be used:\n{error}", "correct them") from None
    except (OSError, UnicodeDecodeError) as error:
        raise Trouble(f"{FILE} can not be read: {error}", "see whether it may be read") from None


def needed_rules(desk: Desk, register: Register) -> Rules:
    """The rules of a register. Raises Trouble when it has none."""
    rules = rules_of(desk, register)
    if rules is None:
        raise Trouble(
            f"register {register.name} has no retention rules",
            f"write {client.MODELS_FOLDER}/{register.name}/{FILE}; see docs/how-to/retention.md",
        )
    return rules


def signing_of(desk: Desk) -> Signing:
    """Who signs: the organisation with its own key. Raises Trouble."""
    try:
        signer = own_peer(desk.settings).signer
    except InvalidValue as error:
        raise Trouble(
            f"the certificate can not be used: {error}", "see `landschap doctor`"
        ) from None
    organisation = desk.settings.organisation
    return Signing(
        oin=organisation.oin.value,
        name=organisation.name,
        key=signer.key,
        certificate=signer.certificate.x509,
    )


def pseudonym(desk: Desk, kind: str, number: str) -> str:
    """What stands for a person here. Raises InvalidValue for what is no number of that kind."""
    key = secret_key(desk.settings, "pseudonym")
    return as_subject_id(subject_pseudonym(key, desk.settings.organisation.oin, kind, number))


def person_number(kind: str) -> str:
    """A number of a person, asked for unseen: what is typed on a line stays in a history."""
    return str(click.prompt(kind, hide_input=True, err=True)).strip()


def pseudonyms(desk: Desk) -> Callable[[ObjectType, Groups], Sequence[str]]:
    """Finds the pseudonyms of all persons that an object was ever about."""

    def find(kind: ObjectType, groups: Groups) -> Sequence[str]:
        subject = kind.subject
        if subject is None:
            return ()
        numbers = {
            str(value)
            for group in groups.values()
            for assertion in group
            if (value := value_at(assertion.content or {}, subject.name)) is not None
        }
        return [pseudonym(desk, subject.subject_kind, number) for number in sorted(numbers)]

    return find


def with_registers(
    desk: Desk,
    work: Callable[[asyncpg.Pool], Awaitable[_Result]],
    *,
    role: str | None = None,
) -> _Result:
    """Do the work on the tables of registers."""
    return run_with_pool(desk.settings, "registers", work, role=role)


async def found_list(pool: asyncpg.Pool, text: str) -> DisposalList:
    """A list by its id. Raises Trouble."""
    try:
        found = await disposal.list_of(pool, UUID(text))
    except ValueError:
        found = None
    if found is None:
        raise Trouble(f"there is no list {text}", "`landschap retention lists` names them")
    return found


def kind_and_id(desk: Desk, thing: str) -> tuple[Register, ObjectType, str]:
    """REGISTER/COLLECTION/ID, also with personal data: nothing of it is shown. Raises Trouble."""
    name, _, rest = thing.partition("/")
    collection, _, object_id = rest.partition("/")
    register = desk.register(name)
    kind = register.by_collection(collection)
    if kind is None or not object_id:
        there = ", ".join(f"{name}/{each.collection}/ID" for each in register.types.values())
        raise Trouble(f"there is no object {thing}", f"write one of these: {there}")
    return register, kind, object_id


def item_of(desk: Desk, given: DisposalList, thing: str) -> Item:
    """An object of a list by REGISTER/COLLECTION/ID. Raises Trouble."""
    _, kind, object_id = kind_and_id(desk, thing)
    wanted = (kind.key, object_id)
    found = next((i for i in given.items if (i.type_key, i.object_id) == wanted), None)
    if found is None:
        raise Trouble(f"{thing} is not on list {given.list_id}", "`landschap retention show` it")
    return found


def day_option(text: str | None) -> date:
    """A day given, or today."""
    try:
        return parse_day(text) if text else amsterdam_day(datetime.now(UTC))
    except InvalidValue as error:
        raise click.BadParameter(str(error)) from None


def thing_of(desk: Desk, item: Item) -> str:
    """An item as one writes it: REGISTER/COLLECTION/ID."""
    name, _, type_name = item.type_key.partition(".")
    kind = desk.registers.type(name, type_name)
    return f"{name}/{kind.collection}/{item.object_id}"
