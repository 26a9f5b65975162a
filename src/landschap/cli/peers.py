# SPDX-License-Identifier: EUPL-1.2
"""``landschap peer``: the peers this organisation knows, and what lies between us and one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from landschap.cli.agreement import Desk, delivery_json
from landschap.cli.config_option import config_option
from landschap.cli.deskwork import json_option, peer_id, print_json, run, short_name
from landschap.cli.proposing import NotFound
from landschap.cli.tables import answer, table_of
from landschap.fsc import store
from landschap.fsc.paging import MAX_LIMIT, Page
from landschap.fsc.sentences import words_of
from landschap.vocabulary.identifiers import PeerId
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Relation:
    """A peer with what we agreed and what still has to reach it."""

    peer: store.Peer
    contracts: Sequence[dict[str, JsonValue]]
    waiting: Sequence[dict[str, JsonValue]]


@click.group()
def peer() -> None:
    """See the peers this organisation knows.

    \b
    Examples:
      landschap peer list
      landschap peer show 00000099000000002000
    """


@peer.command("list")
@json_option
@config_option
def list_peers(config: Path, in_json: bool) -> None:
    """List the peers that announced themselves or negotiated a contract with us.

    \b
    Examples:
      landschap peer list
      landschap peer list --json
    """

    async def gather(desk: Desk) -> list[store.Peer]:
        found: list[store.Peer] = []
        page = Page(limit=MAX_LIMIT, ascending=True)
        while True:
            some, cursor = await store.peers(desk.fsc, store.PeerFilter(), page)
            found += some
            if not cursor:
                return found
            last = some[-1].peer_id.value
            page = Page(limit=MAX_LIMIT, ascending=True, position=(last,))

    found = run(config, gather)
    if in_json:
        print_json({"peers": [_peer_json(each) for each in found]})
        return
    table = table_of("Peer", "Name", "Manager", "Seen", whole="Peer")
    for each in found:
        seen = f"{each.seen_at:%Y-%m-%d %H:%M}"
        table.add_row(each.peer_id.value, each.name, each.manager_address or "", seen)
    answer.print(table)


@peer.command("show")
@click.argument("who", metavar="PEER-ID")
@json_option
@config_option
def show_peer(config: Path, who: str, in_json: bool) -> None:
    """Show one peer: where its Manager is, our contracts with it, what has not reached it yet.

    \b
    Examples:
      landschap peer show 00000099000000002000
      landschap peer show 00000099000000002000 --json
    """

    async def gather(desk: Desk) -> _Relation:
        return await _relation(desk, peer_id(who))

    found = run(config, gather)
    if in_json:
        told: dict[str, JsonValue] = {
            **_peer_json(found.peer),
            "contracts": list(found.contracts),
            "deliveries": list(found.waiting),
        }
        print_json(told)
        return
    states = Counter(str(each["state"]) for each in found.contracts)
    click.echo(f"{found.peer.name} ({found.peer.peer_id})")
    click.echo(f"  Manager at {found.peer.manager_address or 'an address we do not know'}")
    click.echo(f"  seen {as_utc_text(found.peer.seen_at)}")
    for each in found.contracts:
        click.echo(f"  {each['state']}: {each['words']} [{short_name(str(each['contentHash']))}]")
    for each in found.waiting:
        click.echo(f"  {each['task']} {each['state']}, tried {each['attempts']} times")
        click.echo(f"    {each['lastError'] or 'not tried yet'}")
    counted = ", ".join(f"{number} {state}" for state, number in states.items())
    click.echo(f"contracts: {counted or 'none'}; `landschap doctor {who}` looks at the connection")


async def _relation(desk: Desk, wanted: PeerId) -> _Relation:
    """Raises NotFound for a stranger."""
    found = await store.peer(desk.fsc, wanted)
    if found is None:
        raise NotFound(
            f"peer {wanted} never announced itself or negotiated with us; `landschap peer list` "
            f"shows who did, `landschap doctor {wanted}` asks the directory"
        )
    contracts: list[dict[str, JsonValue]] = [
        {
            "contentHash": each.contract.hash.value,
            "state": each.state(desk.now).value,
            "words": words_of(each.contract, desk.names),
        }
        for each in await store.contracts(desk.fsc)
        if wanted in each.contract.participants
    ]
    waiting = [
        delivery_json(desk, each)
        for each in await store.deliveries(desk.fsc)
        if each.errand.target == wanted and each.state in ("waiting", "refused")
    ]
    return _Relation(peer=found, contracts=contracts, waiting=waiting)


def _peer_json(found: store.Peer) -> dict[str, JsonValue]:
    announced = found.announced_at
    return {
        "peerId": found.peer_id.value,
        "name": found.name,
        "managerAddress": found.manager_address,
        "announcedAt": None if announced is None else as_utc_text(announced),
        "seenAt": as_utc_text(found.seen_at),
    }
