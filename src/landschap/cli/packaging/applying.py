# SPDX-License-Identifier: EUPL-1.2
"""Taking a package in: seen through, compared with what is here, and put in force whole.

Everything in the database is one transaction. Files take their places before it is committed, and
are put back when it is not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from landschap.cli.gateway import reasons_against, refuse_uncarried
from landschap.cli.packaging.reading import content_told, opened_package, program_version
from landschap.cli.packaging.telling import Outcome, tell
from landschap.cli.purpose import BASIS
from landschap.gateway import store as gateway_store
from landschap.packages import store
from landschap.packages.client import read_files, read_toml, written_together
from landschap.packages.form import unpacked
from landschap.packages.kinds import POLICIES, kind_of, of_kind
from landschap.packages.manifest import order_of
from landschap.packages.packing import Opened
from landschap.packages.parameters import Value, filled, values_for
from landschap.packages.planning import Here, Plan, plan_of
from landschap.packages.store import Proposal, Taken
from landschap.packages.whole import Content, read_policies
from landschap.platform import postgres
from landschap.platform.postgres.together import Together, together
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.purposes import store as purposes_store
from landschap.purposes.merging import names_in
from landschap.purposes.model import Register
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.store import Signers
from landschap.purposes.writing import CannotWrite, files_of
from landschap.registers import store as registers_store
from landschap.vocabulary.mistakes import did_you_mean
from landschap.vocabulary.three_way import Side

Deed = Literal["tell", "propose", "do"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What was asked: whose the package must be, our values and choices, who signs, and what to do.

    ``proposal`` is the number and basis of the proposal that is approved, None without one.
    """

    sender: str
    values: Mapping[str, object]
    choices: Mapping[str, Side]
    signers: Signers
    deed: Deed
    as_json: bool
    proposal: Proposal | None = None


def take_in_typed(
    settings: Settings, path: Path, signers: Signers, deed: Deed, given: Mapping[str, Any]
) -> None:
    """Take the package in a file in, as it was typed. Raises Trouble and ProblemError."""
    choices: dict[str, Side] = dict.fromkeys(given["keep"], "keep")
    choices |= dict.fromkeys(given["take"], "take")
    with content_told("nothing was applied"):
        values = read_toml(given["values"]) if given["values"] else {}
    wish = Wish(
        sender=given["sender"],
        values=values,
        choices=choices,
        signers=signers,
        deed=deed,
        as_json=given["as_json"],
    )
    take_in(settings, opened_package(settings, path), wish)


def take_in(settings: Settings, opened: Opened, wish: Wish) -> None:
    """Take a package in, propose to, or tell what that changes. Raises Trouble, ProblemError."""
    _refuse_program(opened)
    with content_told("nothing was applied"):
        asyncio.run(_take(settings, opened, wish))


async def _take(settings: Settings, opened: Opened, wish: Wish) -> None:
    async with AsyncExitStack() as files, postgres.database(settings), together(settings) as both:
        packages = await both.room("packages")
        await store.lock(packages)
        in_force = {each.name: each for each in await store.in_force(packages)}
        before = in_force.pop(opened.manifest.name, None)
        _refuse_order(opened, before, wish.sender)
        given = _given(opened, before, wish.values)
        here, version = await _here(settings, both, list(in_force.values()))
        if wish.proposal is not None:
            refuse_other_basis(wish.proposal, version)
        was = _filled(before) if before else {}
        plan = plan_of(here, was, opened.filled(given), wish.choices)
        _refuse_names(plan, wish.choices)
        if wish.deed != "tell":
            _refuse_conflicts(plan)
        content = _fitting(settings, plan, dry_run=wish.deed == "tell")
        is_new = before is None or (before.digest, before.given) != (opened.digest, given)
        changes = _files(plan)
        number = 0
        if wish.deed == "propose":
            number = await _propose(both, opened, given, version, wish)
        elif wish.deed == "do":
            files.enter_context(written_together(settings.path.parent, changes))
            await _put_in_force(both, plan, content, version, wish.signers)
            packages = await both.room("packages")
            if is_new:
                await store.keep(packages, _taken(opened, given, wish.signers))
            if wish.proposal is not None:
                await approved(packages, wish.proposal, wish.signers.approver)
        outcome = Outcome(
            opened=opened, given=given, plan=plan, files=changes,
            in_force=wish.deed == "do", proposal=number,
        )  # fmt: skip
    # Only now it is committed.
    tell(settings, outcome, as_json=wish.as_json)


async def _propose(
    both: Together, opened: Opened, given: Mapping[str, Value], version: str, wish: Wish
) -> int:
    return await store.propose(
        await both.room("packages"),
        kind="package",
        name=f"{opened.manifest.name} {opened.manifest.version}",
        based_on=version,
        body=opened.data,
        given={"values": given, "choices": wish.choices, "sender": wish.sender},
        author=wish.signers.author,
        reason=wish.signers.reason,
    )


def refuse_other_basis(proposal: Proposal, version: str) -> None:
    """Refuse what was proposed on another register than is in force. Raises Trouble."""
    if proposal.based_on != version:
        raise Trouble(
            f"the register in force is {version or '(none)'}, and proposal {proposal.number} was "
            f"made on {proposal.based_on or '(none)'}",
            "reject it, and let its author propose again on what is in force now",
        )


async def approved(packages: Any, proposal: Proposal, person: str) -> None:
    """Write down, in the transaction that carries it out, that a proposal was approved."""
    await store.decide(packages, proposal.number, approved=True, person=person, reason="")


async def _put_in_force(
    both: Together, plan: Plan, content: Content | None, version: str, signers: Signers
) -> None:
    """Policies, models and services, each as its own room does it."""
    await purposes_store.save_register(
        await both.room("purposes"), plan.register.register, signers, based_on=version
    )
    for each in content.registers.by_name.values() if content else ():
        await registers_store.adopt(await both.room("registers"), each)
    services = list(plan.all_services.values())
    await gateway_store.apply_services(
        await both.room("gateway"), services, datetime.now(UTC), prune=True
    )


async def _here(settings: Settings, both: Together, others: list[Taken]) -> tuple[Here, str]:
    """What this organisation has, and the version of its register in force."""
    owner = settings.organisation.oin.value
    snapshot, _ = await purposes_store.current_snapshot(await both.room("purposes"))
    offered = await gateway_store.services(await both.room("gateway"))
    held: set[str] = set()
    for each in others:
        texts = _filled(each)
        held |= {*texts, *names_in(read_policies(texts, owner))}
    here = Here(
        files=read_files(settings.path.parent),
        register=snapshot.register if snapshot.owner else Register(owner=owner),
        services={each.name: each for each in offered},
        held=held,
    )
    return here, snapshot.version if snapshot.owner else ""


def _filled(taken: Taken) -> dict[str, str]:
    """The files of a package that was taken in, with the values it then got."""
    return {
        name: filled(content.decode(), taken.given)
        for name, content in unpacked(taken.body).items()
        if kind_of(name)
    }


def _given(opened: Opened, before: Taken | None, given: Mapping[str, object]) -> dict[str, Value]:
    """Our values: those of before, with those that were given over them. Raises Trouble."""
    known = opened.manifest.parameters
    kept = {name: value for name, value in before.given.items() if name in known} if before else {}
    values, wrong = values_for(known, {**kept, **given})
    if wrong:
        raise Trouble(
            "nothing was applied, values for this package are missing or wrong:\n"
            + "\n".join(f"  {each}" for each in wrong),
            'write them in a TOML file (name = "value") and give it with --values',
        )
    return values


def _fitting(settings: Settings, plan: Plan, *, dry_run: bool) -> Content | None:
    """What is declared afterwards, when all of it fits; None in a dry run with conflicts."""
    if dry_run and plan.conflicts:
        return None
    content = plan.content()
    services = plan.all_services.values()
    snapshot = Snapshot(plan.register.register)
    reasons = reasons_against(settings, services, snapshot)
    reasons += plan.failing_tests(content, datetime.now(UTC))
    if reasons:
        raise Trouble(
            "nothing was applied, what comes does not hold here:\n"
            + "\n".join(f"  {each}" for each in reasons),
            "see what was changed here that it leans on, or ask who made the package",
        )
    refuse_uncarried(settings, services)
    return content


def _files(plan: Plan) -> dict[str, str | None]:
    """All files that change, with those of the policies where these are ours to write.

    They are when there are none, or when they are as we wrote them: what a person wrote, with
    comments and in an order of his own, is left alone.
    """
    changes = plan.changed_files
    there = {
        name.rpartition("/")[2]: text for name, text in of_kind(plan.here.files, POLICIES).items()
    }
    try:
        before, after = files_of(plan.here.register), files_of(plan.register.register)
    except CannotWrite as error:
        raise Trouble(f"the register can not be written: {error}", "report this") from None
    if there in ({}, before):
        written = {name: text for name, text in after.items() if there.get(name) != text}
        gone = dict.fromkeys(there.keys() - after.keys())
        changes |= {f"{POLICIES}/{name}": text for name, text in {**written, **gone}.items()}
        if written or gone:
            changes[f"{POLICIES}/{BASIS}"] = f"{Snapshot(plan.register.register).version}\n"
    return changes


def _taken(opened: Opened, given: Mapping[str, Value], signers: Signers) -> Taken:
    return Taken(
        name=opened.manifest.name,
        version=opened.manifest.version,
        digest=opened.digest,
        signer=str(opened.signer.peer_id),
        signer_name=opened.signer.name,
        given=given,
        body=opened.data,
        author=signers.author,
        approver=signers.approver,
        reason=signers.reason,
    )


def _refuse_program(opened: Opened) -> None:
    needed, here = opened.manifest.program, program_version()
    if order_of(needed) > order_of(here):
        raise Trouble(
            f"this package needs landschap {needed}, this is {here}", "install a newer landschap"
        )


def _refuse_order(opened: Opened, before: Taken | None, sender: str) -> None:
    """Refuse what is older, what is another under the same number, and another signer."""
    manifest, signer = opened.manifest, str(opened.signer.peer_id)
    expected = sender or (before.signer if before else "")
    if not expected:
        raise Trouble(
            f"{manifest.name} was never taken in here before; it is signed by "
            f"{opened.signer.name} ({signer})",
            f"see whether that is who you expect it from, and then say so: --from {signer}",
        )
    if signer != expected:
        raise Trouble(
            f"{manifest.name} is signed by {opened.signer.name} ({signer}), and not by {expected}",
            "ask that organisation for it; only when the package changed hands, give --from",
        )
    if before is None:
        return
    if order_of(manifest.version) < order_of(before.version):
        raise Trouble(
            f"{manifest.name} {before.version} is in force, and this is {manifest.version}",
            "a package goes up only; ask for a higher version with the content you want",
        )
    if manifest.version == before.version and opened.digest != before.digest:
        raise Trouble(
            f"{manifest.name} {before.version} is in force with other content",
            "ask for it under a higher version",
        )


def _refuse_names(plan: Plan, choices: Mapping[str, Side]) -> None:
    for name in choices:
        if name not in plan.names:
            raise Trouble(
                f"{name!r} is nothing of this package{did_you_mean(name, plan.names)}",
                "write a name as the conflict is told, between quotes",
            )


def _refuse_conflicts(plan: Plan) -> None:
    if plan.conflicts:
        told = "\n".join(f"  {name}: {what}" for name, what in plan.conflicts)
        raise Trouble(
            f"nothing was applied, this can not be put together:\n{told}",
            'choose for each: --keep "NAME" for ours, or --take "NAME" for that of the package',
        )
