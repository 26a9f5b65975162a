# SPDX-License-Identifier: EUPL-1.2
"""`landschap contract` and `landschap peer`, as a person or a script runs them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from tests.fsc import fsc_rig as rig
from tests.typing_commands import Done, typed

from landschap.cli.deskwork import short_name
from landschap.fsc import store
from landschap.fsc.client import own_peer
from landschap.fsc.contracts import Contract
from landschap.fsc.states import Kind

ASKER = "00000099000000003000"
PROVIDER = "00000099000000002000"


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """An organisation on its own database, with the command line in front of it."""

    database: Any

    async def run(self, *words: str) -> Done:
        """Run ``landschap WORDS`` with nobody at the keyboard."""
        settings = self.database.settings
        return await typed(settings.path, settings.postgres.dsn, *words)

    async def receive(self, begins: str = "", **changes: Any) -> Contract:
        """A contract that another peer proposed, accepted by it, whose hash begins so."""
        own = own_peer(self.database.settings)
        grant = rig.connection_grant(ASKER, own.peer_id.value, "a" * 64, **changes)
        made = (rig.contract(rig.content(grant, group_id=own.group_id)) for _ in range(2000))
        read = next(each for each in made if each.hash.value[5:].startswith(begins))
        asker = rig.own_peer(rig.Authority(), ASKER, name="Gemeente Doesburg")
        now = datetime.now(UTC)
        pool = await self.database.pool("fsc")
        from landschap.fsc.autosign import AutoSign
        from landschap.fsc.signatures import ChainedCertificate

        received = store.Received(
            contract=read,
            signature=asker.sign(read, Kind.ACCEPT, now),
            certificate=ChainedCertificate(leaf=asker.certificate),
            sender=store.Peer(
                peer_id=asker.peer_id,
                name=asker.name,
                manager_address="https://doesburg.test:8443",
                announced_at=None,
                seen_at=now,
            ),
        )
        policy = AutoSign(own=own.peer_id, grant_types=frozenset(), offered=frozenset())
        async with pool.acquire() as connection, connection.transaction():
            await store.receive(connection, own, received, policy)
        return read


@pytest.fixture
async def here(database: Any) -> Organisation:
    return Organisation(database=database)


async def test_a_proposal_is_a_sentence_and_waits_for_the_other(here: Organisation) -> None:
    done = await here.run(
        "contract", "propose", "--peer", PROVIDER, "--service", "bijstand",
        "--until", "2126-01-01", "--yes", "--json",
    )  # fmt: skip
    assert done.code == 0, done.err
    told = done.json
    assert told["words"] == (
        f"Gemeente Proefdorp may ask service bijstand of peer {PROVIDER} "
        "without a purpose being named until 2126-01-01."
    )
    assert (told["state"], told["waitingFor"]) == ("proposed", [f"peer {PROVIDER}"])
    assert told["fictitious"] is True
    (grant,) = told["grants"]
    assert (grant["ready"], grant["type"]) == (False, "GRANT_TYPE_SERVICE_CONNECTION")
    (delivery,) = told["deliveries"]
    assert (delivery["target"], delivery["task"], delivery["state"]) == (
        PROVIDER, "submit", "waiting",
    )  # fmt: skip
    shown = await here.run("contract", "show", told["contentHash"], "--json")
    assert shown.json["contentHash"] == told["contentHash"]
    by_grant = await here.run("contract", "show", grant["grantHash"], "--json")
    assert by_grant.json["contentHash"] == told["contentHash"]
    short = await here.run("contract", "show", short_name(told["contentHash"]))
    assert told["words"] in short.out
    assert "verzonnen organisatie" in short.out


async def test_a_hash_that_begins_with_a_dash_is_named_so_that_it_can_be_typed(
    here: Organisation,
) -> None:
    contract = await here.receive(begins="-")
    listed = await here.run("contract", "list")
    name = short_name(contract.hash.value)
    assert f"-{name}" in contract.hash.value
    assert name in listed.out
    assert f"-{name}" not in listed.out
    shown = await here.run("contract", "show", name, "--json")
    assert shown.json["contentHash"] == contract.hash.value


async def test_the_contract_carries_the_purpose_that_was_typed(
    here: Organisation, tmp_path: Any
) -> None:
    file = tmp_path / "doel.toml"
    file.write_text('purposes = ["https://doel.example/id/x"]\nlegal_bases = ["eu-gdpr:A6-1-e"]\n')
    unknown = await here.run(
        "contract", "propose", "--peer", PROVIDER, "--service", "bijstand", "--yes",
        "--purpose-file", str(file),
    )  # fmt: skip
    assert unknown.code == 3
    assert "there is no purpose" in unknown.err
    listed = await here.run("contract", "list", "--json")
    assert listed.json == {"contracts": []}


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--purpose", "x", "--yes"), 2, "legal basis"),
        (("--onward", "--yes"), 2, "legal basis"),
        (("--until", "2020-01-01", "--yes"), 2, "past"),
        (("--until", "morgen", "--yes"), 2, "YYYY-MM-DD"),
        (("--json",), 2, "--yes"),
        ((), 2, "--yes"),
    ],
)
async def test_a_proposal_that_is_wrong_says_what_to_do(
    here: Organisation, words: tuple[str, ...], code: int, told: str
) -> None:
    done = await here.run("contract", "propose", "--peer", PROVIDER, "--service", "b", *words)
    assert (done.code, done.out) == (code, "")
    assert told in done.err


async def test_a_contract_of_another_is_read_accepted_and_revoked(here: Organisation) -> None:
    bound = {
        "processing.purpose_limitation": {
            "v": 1,
            "purposes": ["https://doelen.landschap.example/id/recht-op-bijstand"],
            "legal_bases": ["eu-gdpr:A6-1-e"],
            "actions": ["raadplegen"],
            "onward": False,
        }
    }
    contract = await here.receive(properties=bound)
    listed = (await here.run("contract", "list", "--json")).json["contracts"]
    assert [each["contentHash"] for each in listed] == [contract.hash.value]
    assert listed[0]["words"].startswith(
        "Gemeente Doesburg may ask service bijstand of Gemeente Proefdorp for purpose "
        "https://doelen.landschap.example/id/recht-op-bijstand (raadplegen) until "
    )
    assert listed[0]["waitingFor"] == ["Gemeente Proefdorp"]
    early = await here.run("contract", "revoke", contract.hash.value, "--yes")
    assert early.code == 1
    assert "rejected, not revoked" in early.err
    accepted = await here.run("contract", "accept", contract.hash.value, "--yes", "--json")
    assert accepted.json["state"] == "valid"
    again = await here.run("contract", "accept", contract.hash.value, "--yes")
    assert again.code == 1
    assert "already" in again.err
    revoked = await here.run("contract", "revoke", contract.hash.value, "--yes", "--json")
    assert revoked.json["state"] == "revoked"
    tasks = {each["task"] for each in revoked.json["deliveries"]}
    assert tasks == {"accept", "revoke"}
    only = await here.run("contract", "list", "--state", "revoked")
    assert "Gemeente Doesburg" in only.out


async def test_a_contract_can_be_rejected(here: Organisation) -> None:
    contract = await here.receive()
    done = await here.run("contract", "reject", contract.hash.value, "--yes", "--json")
    assert done.json["state"] == "rejected"
    late = await here.run("contract", "accept", contract.hash.value, "--yes")
    assert late.code == 1
    assert "rejected" in late.err


async def test_a_contract_that_does_not_exist_is_exit_3(here: Organisation) -> None:
    for words in (("show", "abcdefghij"), ("accept", "abcdefghij", "--yes")):
        done = await here.run("contract", *words)
        assert (done.code, done.out) == (3, "")
        assert "landschap contract list" in done.err
    short = await here.run("contract", "show", "abc")
    assert short.code == 2


async def test_peers_are_listed_by_name(here: Organisation) -> None:
    await here.receive()
    told = (await here.run("peer", "list", "--json")).json["peers"]
    assert [(each["peerId"], each["name"]) for each in told] == [(ASKER, "Gemeente Doesburg")]
    assert "Gemeente Doesburg" in (await here.run("peer", "list")).out


async def test_only_a_declared_service_is_published(here: Organisation) -> None:
    done = await here.run("contract", "publish", "--service", "onbekend", "--yes")
    assert done.code == 3
    assert "there is no service 'onbekend'" in done.err
