# SPDX-License-Identifier: EUPL-1.2
"""`landschap doctor PEER`: real set-ups that are wrong in one way, and what it says of each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from tests.fsc import fsc_rig as rig
from tests.fsc.command_rig import (
    ASKER,
    ASKER_NAME,
    BY_HOST,
    PROVIDER,
    PROVIDER_NAME,
    Operator,
    operator,
    write_settings,
)
from tests.fsc.foreign_peer import ForeignPeer, foreign_peer
from tests.fsc.manager_rig import Group, free_socket, submit

from landschap.cli.between import look_between
from landschap.cli.checkup import Line, State
from landschap.fsc import store
from landschap.fsc.hashes import Profile
from landschap.platform.settings import load_settings
from landschap.vocabulary.identifiers import PeerId


@pytest.fixture(scope="module")
async def asker(group: Group) -> Operator:
    return await operator(group, ASKER, ASKER_NAME)


async def look(asker: Operator, who: str) -> dict[str, Line]:
    """What the doctor says, by subject; the worst of each."""
    dsn = str(asker.manager.settings.postgres.dsn)
    settings = load_settings(asker.settings, {"LANDSCHAP__POSTGRES__DSN": dsn})
    worst = [State.WELL, State.UNSEEN, State.SOON, State.WRONG]
    told: dict[str, Line] = {}
    async for each in look_between(settings, who):
        known = told.get(each.subject)
        if known is None or worst.index(each.state) > worst.index(known.state):
            told[each.subject] = each
    for each in told.values():
        assert each.remedy or each.state is State.WELL, each
    return told


async def knows(asker: Operator, peer_id: str, address: str) -> None:
    peer = store.Peer(
        peer_id=PeerId(peer_id),
        name="peer",
        manager_address=address,
        announced_at=None,
        seen_at=datetime.now(UTC),
    )
    await store.save_peer(asker.manager.pool, peer)


def wrong(told: dict[str, Line]) -> set[str]:
    return {subject for subject, each in told.items() if each.state is State.WRONG}


@asynccontextmanager
async def foreign(
    group: Group, tmp_path: Path, name: str, **changes: Any
) -> AsyncIterator[ForeignPeer]:
    """A peer that is not ours, on a port of its own."""
    with free_socket() as reserved:
        port = reserved.getsockname()[1]
    address = f"https://{name}.test:{port}"
    parts = ("hosts", "lifetime", "begin", "anchors")
    made = {key: changes.pop(key) for key in parts if key in changes}
    authority = changes.pop("authority", group.authority)
    own = rig.own_peer(authority, BY_HOST[name], manager_address=address, **made)
    async with foreign_peer(tmp_path / name, own, place="127.0.0.1", port=port, **changes) as peer:
        yield peer


async def test_a_peer_that_is_well(group: Group, asker: Operator) -> None:
    provider = await operator(group, PROVIDER, PROVIDER_NAME)
    thumbprint = asker.manager.own.certificate.key_thumbprint
    tree = rig.content(rig.connection_grant(ASKER, PROVIDER, thumbprint))
    assert (await submit(provider.manager, asker.manager.own, tree)).status == 201
    await knows(asker, PROVIDER, provider.manager.address)
    told = await look(asker, PROVIDER)
    assert wrong(told) == set(), told
    for subject in (
        "listening", "tls", "chain", "period", "peer", "san", "manager", "clock", "group",
        "profile", "keys", "announce", "contract",
    ):  # fmt: skip
        assert told[subject].state is State.WELL, told[subject]
    # It never announced itself to the directory, and that is told.
    assert "does not list" in told["address"].what
    by_address = await look(asker, provider.manager.address)
    assert by_address["manager"].state is State.WELL


async def test_the_command_says_it_as_text_and_as_json(
    group: Group, asker: Operator, tmp_path: Path
) -> None:
    async with foreign(group, tmp_path, "naam", hosts=["anders.test"]) as peer:
        words = await asker.run("doctor", peer.address)
        assert words.code == 1
        assert "wrong   san" in words.out
        assert "What to do: the peer needs a certificate with that name" in words.out
        machine = await asker.run("doctor", peer.address, "--json")
    by_subject = {each["subject"]: each for each in machine.json}
    assert by_subject["san"]["state"] == "wrong"
    assert "anders.test" in by_subject["san"]["what"]


async def test_another_group(group: Group, asker: Operator) -> None:
    other = await group.add(BY_HOST["groep"], group_id="andere-groep")
    told = await look(asker, other.address)
    assert wrong(told) == {"group"}
    assert rig.GROUP in told["group"].what


async def test_another_generation(group: Group, asker: Operator) -> None:
    other = await group.add(BY_HOST["oud"], profile=Profile.FSC_1_1)
    told = await look(asker, other.address)
    assert wrong(told) == {"manager", "profile"}
    assert "1.1.2" in told["manager"].what


async def test_a_certificate_for_another_name(
    group: Group, asker: Operator, tmp_path: Path
) -> None:
    async with foreign(group, tmp_path, "naam", hosts=["anders.test"]) as peer:
        told = await look(asker, peer.address)
        assert wrong(told) == {"san"}
        assert told["manager"].state is State.UNSEEN
        # Nothing was asked over a connection that can not be trusted.
        assert peer.heard == []


async def test_another_anchor(group: Group, asker: Operator, tmp_path: Path) -> None:
    authority = rig.Authority(name="Ander anker")
    async with foreign(group, tmp_path, "anker", authority=authority) as peer:
        told = await look(asker, peer.address)
    assert wrong(told) == {"chain"}
    assert "Ander anker" in told["chain"].what
    assert "Testanker" in told["chain"].remedy


async def test_an_anchor_of_the_same_name_with_another_key(
    group: Group, asker: Operator, tmp_path: Path
) -> None:
    async with foreign(group, tmp_path, "anker", authority=rig.Authority()) as peer:
        told = await look(asker, peer.address)
    assert wrong(told) == {"chain"}
    assert "another key" in told["chain"].remedy


async def test_an_intermediate_that_is_not_sent_along(
    group: Group, asker: Operator, tmp_path: Path
) -> None:
    between = rig.Authority(name="Tussenanker", parent=group.authority)
    anchors = [group.authority.certificate]
    async with foreign(group, tmp_path, "anker", authority=between, anchors=anchors) as peer:
        told = await look(asker, peer.address)
    assert wrong(told) == {"chain"}
    assert "Tussenanker" in told["chain"].what
    assert "intermediate certificate" in told["chain"].remedy


async def test_a_peer_that_does_not_believe_us(
    group: Group, asker: Operator, tmp_path: Path
) -> None:
    other = rig.Authority(name="Ander anker")
    async with foreign(group, tmp_path, "vreemd", believes=other) as peer:
        told = await look(asker, peer.address)
    assert wrong(told) == {"manager"}
    assert "refuse our certificate" in told["manager"].remedy
    assert "group" not in told


async def test_certificates_that_ended_or_end_soon(
    group: Group, asker: Operator, tmp_path: Path
) -> None:
    ended = {"begin": datetime.now(UTC) - timedelta(days=3), "lifetime": timedelta(days=2)}
    async with foreign(group, tmp_path, "bijna", **ended) as peer:
        told = await look(asker, peer.address)
    assert wrong(told) == {"period", "chain"}
    assert "ended on" in told["period"].what
    async with foreign(group, tmp_path, "bijna", lifetime=timedelta(days=9)) as peer:
        told = await look(asker, peer.address)
    assert told["period"].state is State.SOON
    assert wrong(told) == set()


async def test_nobody_listens_or_the_name_leads_nowhere(asker: Operator) -> None:
    with free_socket() as reserved:
        port = reserved.getsockname()[1]
    told = await look(asker, f"https://dicht.test:{port}")
    assert wrong(told) == {"listening"}
    assert told["further"].state is State.UNSEEN
    nowhere = await look(asker, "https://bestaat-niet.invalid:8443")
    assert wrong(nowhere) == {"name"}
    assert wrong(await look(asker, "https://zonder-poort.test")) == {"address"}


async def test_a_peer_nobody_knows(asker: Operator) -> None:
    told = await look(asker, "00000099000000099000")
    assert wrong(told) == {"address"}
    assert "nobody knows" in told["address"].what


@pytest.mark.parametrize(("seconds", "state"), [(3600, State.WRONG), (-20, State.SOON)])
async def test_another_clock(
    group: Group, asker: Operator, tmp_path: Path, seconds: int, state: State
) -> None:
    def shifted(_: web.Request, answer: web.Response) -> web.Response:
        then = datetime.now(UTC) + timedelta(seconds=seconds)
        answer.headers["Date"] = format_datetime(then, usegmt=True)
        return answer

    async with foreign(group, tmp_path, "klok", spoil=shifted) as peer:
        told = await look(asker, peer.address)
    assert told["clock"].state is state
    assert ("ahead of" if seconds > 0 else "behind") in told["clock"].what


async def test_another_peer_at_that_address(group: Group, asker: Operator, tmp_path: Path) -> None:
    async with foreign(group, tmp_path, "vreemd") as peer:
        await knows(asker, BY_HOST["dicht"], peer.address)
        told = await look(asker, BY_HOST["dicht"])
    assert wrong(told) == {"peer"}
    assert BY_HOST["vreemd"] in told["peer"].what


async def test_the_peer_knows_an_old_address_of_ours(
    group: Group, asker: Operator, tmp_path: Path
) -> None:
    async with foreign(group, tmp_path, "vreemd") as peer:
        unknown = await look(asker, peer.address)
        assert unknown["announce"].state is State.SOON
        old = "https://vroeger.test:8443"
        peer.announced[ASKER] = {"id": ASKER, "name": "v", "manager_address": old}
        told = await look(asker, peer.address)
    assert wrong(told) == {"announce"}
    assert old in told["announce"].what


async def test_the_directory_lists_another_address(
    group: Group, asker: Operator, tmp_path: Path
) -> None:
    async with foreign(group, tmp_path, "vreemd") as peer:
        gids = group.managers[rig.DIRECTORY]
        await store.save_peer(
            gids.pool,
            store.Peer(
                peer_id=peer.own.peer_id,
                name="vreemd",
                manager_address=peer.address,
                announced_at=None,
                seen_at=datetime.now(UTC),
            ),
        )
        await knows(asker, BY_HOST["vreemd"], "https://vreemd.test:1")
        told = await look(asker, BY_HOST["vreemd"])
    assert wrong(told) == {"address"}
    assert told["manager"].state is State.WELL


async def test_a_peer_that_keeps_contracts_of_strangers(
    group: Group, asker: Operator, tmp_path: Path
) -> None:
    def keeps(request: web.Request, answer: web.Response) -> web.Response:
        return web.Response(status=201) if request.method == "PUT" else answer

    async with foreign(group, tmp_path, "vreemd", spoil=keeps) as peer:
        told = await look(asker, peer.address)
    assert wrong(told) == {"group"}
    assert "accepted a contract of strangers" in told["group"].what


async def test_a_revoked_certificate(group: Group, asker: Operator, tmp_path: Path) -> None:
    async with foreign(group, tmp_path, "vreemd") as peer:
        now = datetime.now(UTC)
        revoked = (
            x509.RevokedCertificateBuilder()
            .serial_number(peer.own.certificate.x509.serial_number)
            .revocation_date(now - timedelta(hours=1))
            .build()
        )
        crl = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(group.authority.certificate.subject)
            .last_update(now - timedelta(hours=1))
            .next_update(now + timedelta(days=7))
            .add_revoked_certificate(revoked)
            .sign(group.authority.key, hashes.SHA256())
        )
        file = tmp_path / "group.crl"
        file.write_bytes(crl.public_bytes(Encoding.PEM))
        before = asker.settings.read_text()
        try:
            write_settings(asker.manager, crl=file)
            told = await look(asker, peer.address)
        finally:
            asker.settings.write_text(before)
        unseen = await look(asker, peer.address)
    assert wrong(told) == {"revocation", "chain"}
    assert unseen["revocation"].state is State.UNSEEN
