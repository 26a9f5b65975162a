# SPDX-License-Identifier: EUPL-1.2
"""``landschap purpose dpia``: the annex of a DPIA, filled in with what is known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import click

from landschap.cli.config_option import json_option
from landschap.cli.purpose import of_organisation, purpose
from landschap.cli.with_pool import run_with_pool
from landschap.fsc.store import connection_grants, peer_names
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.purposes.bound import Bound, read_bound
from landschap.purposes.dpia import Contracted, annex
from landschap.purposes.model import ProcessingActivity
from landschap.purposes.public import entry_of
from landschap.purposes.reading import nearest_of
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.store import current_snapshot
from landschap.purposes.versions import version_at
from landschap.vocabulary.times import amsterdam_day

_NOT_FOUND = 3


@purpose.command("dpia")
@click.argument("activity")
@click.option(
    "--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="A new file."
)
@json_option
@of_organisation
@click.pass_context
def dpia(ctx: click.Context, settings: Settings, activity: str, out: Path, as_json: bool) -> None:
    """Write the annex of a DPIA for one processing activity, as Markdown.

    ACTIVITY is its URI, or the last part of it. What the register, the policies and the contracts
    know is filled in; what they do not know stands there as a question.

    \b
    Examples:
      landschap purpose dpia aanvraag-bijstand-behandelen --out bijlage.md
    """
    if out.exists():
        raise Trouble(f"{out} exists already", "name a new file; nothing is written over")
    snapshot, _ = run_with_pool(settings, "purposes", current_snapshot)
    now = datetime.now(UTC)
    found = _find(snapshot, activity, now)
    if found is None:
        names = [uri.rpartition("/")[2] for uri in snapshot.activities]
        near = nearest_of(activity, names)
        hint = f"did you mean {near}?" if near else f"there are: {', '.join(names) or 'none'}."
        click.echo(f"There is no activity {activity}; {hint}", err=True)
        ctx.exit(_NOT_FOUND)
    contracts = run_with_pool(settings, "fsc", lambda pool: _contracts(pool, snapshot, found, now))
    text = annex(
        snapshot, entry_of(snapshot, found), contracts,
        organisation=settings.organisation.name, today=amsterdam_day(now),
    )  # fmt: skip
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Trouble(f"{out} can not be written: {error.strerror}", "name another file") from None
    asked = text.count("**Nog in te vullen:**")
    if as_json:
        click.echo(json.dumps({"file": str(out), "activity": found.uri, "toFillIn": asked}))
        return
    click.echo(f"{out}: {found.name.nl}, version {found.version}; {asked} things to fill in")


def _find(snapshot: Snapshot, name: str, now: datetime) -> ProcessingActivity | None:
    """The version that holds now, or else the newest."""
    for uri, every in sorted(snapshot.activity_versions.items()):
        if name in {uri, uri.rpartition("/")[2]}:
            return version_at(every, now) or every[0]
    return None


async def _contracts(
    pool: asyncpg.Pool, snapshot: Snapshot, activity: ProcessingActivity, now: datetime
) -> Sequence[Contracted]:
    """The contracts in force of which the purpose is that of the activity, or holds it."""
    known = snapshot.purposes.get(activity.purpose)
    line = set(known.ancestors if known else (activity.purpose,))
    names = await peer_names(pool)
    found = []
    for grant in await connection_grants(pool, now):
        bound = read_bound(grant.properties)
        agreed = {snapshot.equivalents.get(each, each) for each in bound.purposes} if isinstance(
            bound, Bound) else set()  # fmt: skip
        if not grant.valid_at(now) or line.isdisjoint(agreed):
            continue
        ours = grant.service_peer_id.value == snapshot.owner
        peer = (grant.outway_peer_id if ours else grant.service_peer_id).value
        found.append(
            Contracted(
                peer=f"{names.get(peer, '')} ({peer})".strip(),
                service=grant.service_name,
                purposes=sorted(agreed),
                until=amsterdam_day(grant.not_after),
            )
        )
    return sorted(found, key=lambda each: (each.peer, each.service))
