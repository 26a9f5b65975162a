# SPDX-License-Identifier: EUPL-1.2
"""``landschap approve``: one person proposes, another decides, each in an act of his own.

A proposal is kept as it was seen: the register or the package itself, and the version it was made
on. When something else came in force since, it can only be rejected and proposed again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence

import asyncpg
import click

from landschap.cli.config_option import json_option, read_from_config
from landschap.cli.packaging.applying import Wish, approved, refuse_other_basis, take_in
from landschap.cli.packaging.reading import opened_bytes
from landschap.cli.packaging.telling import proposed_words
from landschap.cli.purpose import Folder, difference, tell
from landschap.cli.tables import answer, table_of
from landschap.cli.with_pool import run_with_pool
from landschap.packages import store
from landschap.packages.store import Proposal
from landschap.platform import postgres
from landschap.platform.postgres.together import together
from landschap.platform.settings import Settings, load_settings
from landschap.platform.trouble import Trouble
from landschap.purposes import store as purposes_store
from landschap.purposes.changes import Change, changes_between
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.store import Signers
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

_NOT_FOUND = 3


@click.command("approve")
@click.argument("number", type=int, required=False)
@click.option("--approver", default="", help="Who decides: another person than the author.")
@click.option("--reject", is_flag=True, help="Do not put it in force; it no longer waits.")
@click.option("--reason", default="", help="Why it is rejected, in a sentence.")
@click.option("--dry-run", is_flag=True, help="Only show what would change.")
@json_option
@read_from_config("settings", load_settings)
@click.pass_context
def approve(
    ctx: click.Context, /, settings: Settings, number: int | None, approver: str, reason: str,
    **how: bool,
) -> None:  # fmt: skip
    """Put in force, or reject, what another person proposed with `landschap apply`.

    Without NUMBER the proposals that wait are listed. Something else that came in force after it
    was proposed makes a proposal stale: it can then only be rejected. What is proposed in the
    console is decided there.

    \b
    Examples:
      landschap approve
      landschap approve 3 --dry-run
      landschap approve 3 --approver "B. Jansen"
      landschap approve 3 --approver "B. Jansen" --reject --reason "te ruim"
    """
    found = run_with_pool(settings, "packages", store.waiting)
    if number is None:
        _list(found, as_json=how["as_json"])
        return
    proposal = next((each for each in found if each.number == number), None)
    if proposal is None:
        numbers = ", ".join(str(each.number) for each in found) or "none"
        click.echo(f"No proposal {number} waits; there wait: {numbers}.", err=True)
        ctx.exit(_NOT_FOUND)
    if not how["dry_run"]:
        _refuse_one_person(proposal, approver)
    if how["reject"]:
        _reject(settings, proposal, approver, reason, as_json=how["as_json"])
    elif proposal.kind == "register":
        _decide_register(settings, proposal, approver, how)
    else:
        _decide_package(settings, proposal, approver, how)


def propose_register(settings: Settings, found: Folder, signers: Signers, *, as_json: bool) -> None:
    """Write down a register for another person to decide on. Raises Trouble."""
    current, changes = run_with_pool(settings, "purposes", lambda pool: difference(pool, found))
    if current not in (found.based_on, Snapshot(found.register).version):
        raise Trouble(
            f"the register in force is {current or '(none)'}, and the files are based on "
            f"{found.based_on or '(none)'}",
            "see the difference with --dry-run, and give --based-on with the version in force",
        )
    number = 0
    if changes:
        reused = [f"{each.kind} {each.name}" for each in changes if each.reuses_version]
        if reused:
            raise Trouble(
                f"these changed without a higher version: {', '.join(reused)}",
                "give each a higher version, and propose again",
            )
        number = run_with_pool(
            settings,
            "packages",
            lambda pool: store.propose(
                pool, kind="register", name=str(found.path), based_on=current,
                body=Snapshot(found.register).document(),
                author=signers.author, reason=signers.reason,
            ),
        )  # fmt: skip
    tell(changes, as_json, {"applied": False, "proposal": number or None})
    if number and not as_json:
        click.echo(proposed_words(number))


def _decide_register(
    settings: Settings, proposal: Proposal, approver: str, how: dict[str, bool]
) -> None:
    snapshot = Snapshot.from_document(proposal.body)
    signers = Signers(author=proposal.author, approver=approver, reason=proposal.reason)

    async def work() -> tuple[Change, ...]:
        async with postgres.database(settings), together(settings) as both:
            purposes = await both.room("purposes")
            current, _ = await purposes_store.current_snapshot(purposes)
            version = current.version if current.owner else ""
            refuse_other_basis(proposal, version)
            if not how["dry_run"]:
                await purposes_store.save_register(
                    purposes, snapshot.register, signers, based_on=version
                )
                await approved(await both.room("packages"), proposal, approver)
            old = current.register if current.owner else None
            return changes_between(old, snapshot.register)

    changes = asyncio.run(work())
    facts: dict[str, JsonValue] = {"applied": not how["dry_run"], "version": snapshot.version}
    tell(changes, how["as_json"], facts)


def _decide_package(
    settings: Settings, proposal: Proposal, approver: str, how: dict[str, bool]
) -> None:
    given = proposal.given
    wish = Wish(
        sender=given["sender"],
        values=given["values"],
        choices=given["choices"],
        signers=Signers(author=proposal.author, approver=approver, reason=proposal.reason),
        deed="tell" if how["dry_run"] else "do",
        as_json=how["as_json"],
        proposal=proposal,
    )
    take_in(settings, opened_bytes(settings, proposal.body, proposal.name), wish)


def _reject(
    settings: Settings, proposal: Proposal, person: str, reason: str, *, as_json: bool
) -> None:
    async def work(pool: asyncpg.Pool) -> None:
        await store.decide(pool, proposal.number, approved=False, person=person, reason=reason)

    run_with_pool(settings, "packages", work)
    if as_json:
        click.echo(json.dumps({"proposal": proposal.number, "approved": False}))
    else:
        click.echo(f"proposal {proposal.number} of {proposal.author} is rejected")


def _refuse_one_person(proposal: Proposal, approver: str) -> None:
    name = approver.strip()
    if not name or name.casefold() == proposal.author.strip().casefold():
        raise Trouble(
            f"proposal {proposal.number} is of {proposal.author}; another person decides on it",
            "give --approver with the name of that person",
        )


def _list(found: Sequence[Proposal], *, as_json: bool) -> None:
    rows = [
        {
            "number": each.number,
            "what": f"{each.kind} {each.name}",
            "author": each.author,
            "reason": each.reason,
            "proposedAt": as_utc_text(each.proposed_at),
        }
        for each in found
    ]
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = table_of("Nr", "What", "Author", "Reason", "Proposed")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    answer.print(table)
