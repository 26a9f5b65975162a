# SPDX-License-Identifier: EUPL-1.2
"""``landschap contract``: see, propose and sign contracts.

These commands write to the organisation's own database and sign with its own key; the worker
brings signatures to the other participants, now or as soon as they can be reached.
"""

from __future__ import annotations

import getpass
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from landschap.cli.agreement import (
    Desk,
    as_json,
    both_languages,
    decision_json,
    decision_words,
    delivery_json,
    delivery_words,
    printed,
    reach,
)
from landschap.cli.config_option import config_option
from landschap.cli.delegating import area_from, delegation_options, mandate_of
from landschap.cli.deskwork import (
    confirm,
    find_contract,
    json_option,
    peer_id,
    print_json,
    run,
    short_name,
    which,
    yes_option,
)
from landschap.cli.proposing import (
    Wishes,
    membership,
    proposal,
    publication,
    read_purpose_file,
    read_until,
)
from landschap.cli.tables import answer, table_of
from landschap.cli.waiting import wait
from landschap.fsc import store
from landschap.fsc.autosign import Way
from landschap.fsc.contracts import Contract
from landschap.fsc.grants import MemberRole
from landschap.fsc.sentences import checks_of
from landschap.fsc.states import Kind, State
from landschap.vocabulary.ijson import JsonValue

reason_option = click.option(
    "--reason", default="", metavar="TEXT", help="Why; kept with the decision, in our own records."
)
until_option = click.option(
    "--until", metavar="YYYY-MM-DD", help="First day it no longer holds; default a year from now."
)


@click.group()
def contract() -> None:
    """See, propose and sign contracts with other peers.

    CONTRACT is a content hash or its first characters (behind ``$1$1$``), or a grant hash.

    \b
    Examples:
      landschap contract list
      landschap contract propose --peer 00000099000000002000 --service woz \\
          --purpose belasting-heffen --legal-basis eu-gdpr:A6-1-e --until 2027-01-01
      landschap contract accept X1KsN8G5
      landschap contract wait X1KsN8G5
    """


contract.add_command(wait)


@contract.command("list")
@click.option(
    "--state", type=click.Choice([s.value for s in State]), help="Only contracts in this state."
)
@click.option(
    "--waiting", is_flag=True, help="Only contracts with something that is not delivered yet."
)
@json_option
@config_option
def list_contracts(config: Path, state: str | None, waiting: bool, in_json: bool) -> None:
    """List contracts, newest first: what they say, what they are worth, who must still sign.

    \b
    Examples:
      landschap contract list --state proposed
      landschap contract list --waiting
      landschap contract list --json
    """

    async def gather(desk: Desk) -> list[tuple[dict[str, JsonValue], list[str]]]:
        reached, undelivered = await reach(desk), await store.undelivered(desk.fsc)
        found = []
        for each in await store.contracts(desk.fsc):
            still = undelivered.get(each.contract.hash, ())
            one = as_json(desk, each, reached)
            one["undelivered"] = [delivery_json(desk, delivery) for delivery in still]
            if state in (None, one["state"]) and (still or not waiting):
                found.append((one, [delivery_words(desk, delivery) for delivery in still]))
        return found

    rows = run(config, gather)
    told = [each for each, _ in rows]
    if in_json:
        print_json({"contracts": told})
        return
    table = table_of("State", "What it says", "Waiting for", "Contract", whole="Contract")
    for each, undelivered in rows:
        signers = _texts(each["waitingFor"]) if each["state"] == "proposed" else []
        table.add_row(
            str(each["state"]),
            str(each["words"]),
            "\n".join(undelivered if waiting else signers),
            short_name(str(each["contentHash"])),
        )
    answer.print(table)


@contract.command("show")
@which
@json_option
@config_option
def show_contract(config: Path, content_hash: str, in_json: bool) -> None:
    """Show one contract: its sentence, signatures, grants and deliveries.

    \b
    Examples:
      landschap contract show X1KsN8G5
      landschap contract show '$1$3$53nGkZld...' --json
    """
    _tell_one(config, content_hash, in_json)


def _tell_one(config: Path, content_hash: str, in_json: bool) -> None:
    async def gather(desk: Desk) -> tuple[dict[str, JsonValue], list[str]]:
        found = await find_contract(desk, content_hash)
        told = as_json(desk, found, await reach(desk))
        deliveries = await store.deliveries(desk.fsc, found.contract.hash)
        told["deliveries"] = [delivery_json(desk, each) for each in deliveries]
        decided = await store.decisions(desk.fsc, found.contract.hash)
        told["decisions"] = [decision_json(each) for each in decided]
        lines = printed(desk, told, deliveries)
        return told, lines + [decision_words(each) for each in decided]

    told, lines = run(config, gather)
    if in_json:
        print_json(told)
    else:
        click.echo("\n".join(lines))


@contract.command("propose")
@click.option("--peer", "provider", required=True, metavar="PEER-ID", help="Who offers it.")
@click.option("--service", required=True, help="Name of the service.")
@click.option("--purpose", "purposes", multiple=True, help="Purpose: URI or last part; repeatable.")
@click.option("--legal-basis", "legal_bases", multiple=True, help="eu-gdpr:A6-1-e; repeatable.")
@click.option("--action", "actions", multiple=True, help="Default raadplegen; repeatable.")
@click.option(
    "--field-set", default="", help="Field set of the provider: id, id@version, or with =digest."
)
@click.option(
    "--onward",
    is_flag=True,
    help="The provider may ask on for another purpose that a recorded test found compatible.",
)
@click.option(
    "--purpose-file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="TOML with purposes, legal_bases, actions, field_set, onward; instead of these five.",
)
@delegation_options
@until_option
@yes_option
@json_option
@config_option
def propose(
    config: Path, provider: str, service: str, until: str | None, purpose_file: Path | None,
    yes: bool, in_json: bool, **typed: Any,
) -> None:  # fmt: skip
    """Ask another peer for the use of a service, for a purpose.

    The contract says at most for which purposes, on which grounds and with which fields an Outway
    may ask. It holds when all others in it have signed too. Which of the four grants it becomes
    follows from the options: with --on-behalf-of somebody asks for another, with --directory a
    service is listed.

    \b
    Examples:
      landschap contract propose --peer 00000099000000002000 --service bijstand \\
          --purpose recht-op-bijstand-vaststellen --legal-basis eu-gdpr:A6-1-e \\
          --field-set bijstand-bij-verhuizing
      landschap contract propose --peer 00000099000000002000 --service bijstand \\
          --purpose-file doel.toml --until 2027-01-01 --yes --json
      landschap contract propose --peer 00000099000000002000 --service bijstand \\
          --outway 00000099000000004000 --outway-key 3a56f2e9... \\
          --on-behalf-of 00000099000000003000 --role processor \\
          --agreement VWO-2026-17 --agreement-until 2028-01-01 --purpose-file doel.toml
      landschap contract propose --peer 00000099000000004000 --service bijstand \\
          --directory 00000099000000001000 --on-behalf-of 00000099000000002000 \\
          --role processor --agreement VWO-2026-18 --agreement-until 2028-01-01
    """
    mandate = mandate_of(typed)
    wishes = Wishes(**typed)
    if purpose_file is not None:
        if wishes != Wishes():
            raise click.UsageError("give either --purpose-file, or --purpose and the like")
        wishes = read_purpose_file(purpose_file)

    async def make(desk: Desk) -> Contract:
        end = read_until(until, desk.now)
        return await proposal(desk, peer_id(provider), service, wishes, mandate, end)

    _propose(config, make, yes=yes, in_json=in_json)


@contract.command("publish")
@click.option("--service", required=True, help="Name of a service that our Inway offers.")
@click.option("--directory", metavar="PEER-ID", help="Default the directory of the settings.")
@until_option
@yes_option
@json_option
@config_option
def publish(
    config: Path, service: str, directory: str | None, until: str | None, yes: bool, in_json: bool
) -> None:  # fmt: skip
    """Ask a directory to list one of our services.

    \b
    Examples:
      landschap contract publish --service bijstand
      landschap service publish --service bijstand --until 2027-01-01 --yes --json
    """

    async def make(desk: Desk) -> Contract:
        place = None if directory is None else peer_id(directory)
        return await publication(desk, service, place, read_until(until, desk.now))

    _propose(config, make, yes=yes, in_json=in_json)


@contract.command("join")
@click.option("--area", required=True, metavar="NAME", help="Name of the Regulated Area.")
@click.option("--administrator", required=True, metavar="PEER-ID", help="Who administers it.")
@click.option("--as-administrator", is_flag=True, help="As another administrator of it.")
@until_option
@yes_option
@json_option
@config_option
def join(
    config: Path, area: str, administrator: str, as_administrator: bool, until: str | None,
    yes: bool, in_json: bool,
) -> None:  # fmt: skip
    """Ask to become a member of a Regulated Area: services that only members offer and ask.

    \b
    Examples:
      landschap contract join --area jeugdzorg --administrator 00000099000000009000
      landschap contract join --area jeugdzorg --administrator 00000099000000009000 --yes --json
    """

    async def make(desk: Desk) -> Contract:
        role = MemberRole.ADMINISTRATOR if as_administrator else MemberRole.MEMBER
        asked = area_from(area, administrator)
        if asked is None:
            raise click.UsageError("name an area and its administrator")
        return membership(desk, asked, role, read_until(until, desk.now))

    _propose(config, make, yes=yes, in_json=in_json)


def _propose(
    config: Path,
    make: Callable[[Desk], Coroutine[Any, Any, Contract]],
    *,
    yes: bool,
    in_json: bool,
) -> None:
    async def work(desk: Desk) -> str:
        made = await make(desk)
        confirm(
            both_languages(made, desk.names), "Propose and sign this?", yes=yes, in_json=in_json
        )
        async with desk.fsc.acquire() as one, one.transaction():
            await store.propose(one, desk.own, made, desk.now)
        return made.hash.value

    _tell_one(config, run(config, work), in_json)


@contract.command("accept")
@which
@yes_option
@click.option("--checked", is_flag=True, help="What must be looked at outside FSC was looked at.")
@reason_option
@json_option
@config_option
def accept(
    config: Path, content_hash: str, yes: bool, checked: bool, reason: str, in_json: bool
) -> None:
    """Accept a contract; again, when our certificate has been renewed.

    A contract that rests on an agreement outside FSC says what must be looked at first.

    \b
    Examples:
      landschap contract accept X1KsN8G5
      landschap contract accept X1KsN8G5 --yes --json
      landschap contract accept X1KsN8G5 --yes --checked --reason "seen in the archive: 2026/17"
    """
    said = _Said(yes=yes, checked=checked, reason=reason)
    _sign(config, content_hash, Kind.ACCEPT, said, in_json=in_json)


@contract.command("reject")
@which
@yes_option
@reason_option
@json_option
@config_option
def reject(config: Path, content_hash: str, yes: bool, reason: str, in_json: bool) -> None:
    """Reject a contract: it ends for everybody and can not come back.

    \b
    Examples:
      landschap contract reject X1KsN8G5
      landschap contract reject X1KsN8G5 --yes --json
    """
    _sign(config, content_hash, Kind.REJECT, _Said(yes=yes, reason=reason), in_json=in_json)


@contract.command("revoke")
@which
@yes_option
@reason_option
@json_option
@config_option
def revoke(config: Path, content_hash: str, yes: bool, reason: str, in_json: bool) -> None:
    """Revoke a contract we accepted: it ends for everybody, at the next question.

    \b
    Examples:
      landschap contract revoke X1KsN8G5
      landschap contract revoke X1KsN8G5 --yes --json
    """
    _sign(config, content_hash, Kind.REVOKE, _Said(yes=yes, reason=reason), in_json=in_json)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """What the person said before signing."""

    yes: bool
    checked: bool = False
    reason: str = ""


def _refuse_unchecked(words: str, contract: Contract, desk: Desk) -> None:
    """Nobody looks outside FSC by saying yes to everything. Raises UsageError."""
    if any(checks_of(contract, desk.names).values()):
        raise click.UsageError(
            f"{words}\n\nLook at these outside FSC; then accept with --yes --checked, or reject."
        )


def _sign(config: Path, content_hash: str, kind: Kind, said: _Said, *, in_json: bool) -> None:
    async def work(desk: Desk) -> str:
        found = await find_contract(desk, content_hash)
        question = f"{kind.value.capitalize()} this contract?"
        words = both_languages(found.contract, desk.names)
        if kind is Kind.ACCEPT and said.yes and not said.checked:
            _refuse_unchecked(words, found.contract, desk)
        confirm(words, question, yes=said.yes, in_json=in_json)
        decision = store.Decision(
            way=Way.MANUAL, outcome=kind.value, reason=said.reason, decided_by=getpass.getuser()
        )
        async with desk.fsc.acquire() as one, one.transaction():
            await store.sign(one, desk.own, found, kind, desk.now, decision)
        return found.contract.hash.value

    _tell_one(config, run(config, work), in_json)


def _texts(value: JsonValue) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []
