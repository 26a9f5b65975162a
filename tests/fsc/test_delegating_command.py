# SPDX-License-Identifier: EUPL-1.2
"""`landschap contract propose` with a delegation: what is written, what is shown, what is refused."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.fsc import fsc_rig as rig
from tests.fsc.test_contract_command import ASKER, PROVIDER, Organisation

KEY = "ab" * 32
DIRECTORY = "00000099000000001000"
OWNER = "00000099000000005000"
FOR = ("--role", "processor", "--agreement", "VWO-2026-17", "--agreement-until", "2127-01-01")
OFFERED = (
    "--service-on-behalf-of", OWNER, "--service-role", "joint_controller",
    "--service-agreement", "Regeling 4", "--service-agreement-until", "2126-06-01",
)  # fmt: skip


@pytest.fixture
async def here(database: Any) -> Organisation:
    return Organisation(database=database)


async def propose(here: Organisation, *words: str) -> Any:
    done = await here.run(
        "contract", "propose", "--peer", PROVIDER, "--service", "bijstand", "--until",
        "2126-01-01", "--yes", "--json", *words,
    )  # fmt: skip
    assert done.code == 0, done.err
    return done.json


def own(here: Organisation) -> str:
    return str(here.database.settings.organisation.oin)


async def test_both_delegations_at_once_stand_in_the_sentence_and_the_grant(
    here: Organisation,
) -> None:
    told = await propose(
        here, "--outway", ASKER, "--outway-key", KEY.upper(), "--on-behalf-of", own(here), *FOR,
        *OFFERED,
    )  # fmt: skip
    assert told["words"] == told["sentences"]["en"]
    assert told["sentences"]["en"] == (
        f"peer {ASKER} may, on behalf of Gemeente Proefdorp (as processor, agreement "
        f'"VWO-2026-17" until 2127-01-01), ask service bijstand of peer {PROVIDER}, offered on '
        f'behalf of peer {OWNER} (as joint controller, agreement "Regeling 4" until 2126-06-01), '
        "without a purpose being named until 2126-01-01."
    )
    assert "mag, namens Gemeente Proefdorp (als verwerker" in told["sentences"]["nl"]
    (grant,) = told["grants"]
    assert grant["type"] == "GRANT_TYPE_DELEGATED_SERVICE_CONNECTION"
    asks, offers = grant["delegations"]
    assert (asks["side"], asks["delegatorPeerId"], asks["delegateePeerId"], asks["state"]) == (
        "connection", own(here), ASKER, "holds",
    )  # fmt: skip
    assert (offers["side"], offers["role"], offers["until"]) == (
        "publication", "joint_controller", "2126-06-01",
    )  # fmt: skip
    assert {each["target"] for each in told["deliveries"]} == {ASKER, PROVIDER, OWNER}
    shown = await here.run("contract", "show", told["contentHash"])
    assert told["sentences"]["nl"] in shown.out
    assert "agreement VWO-2026-17 holds until 2127-01-01" in shown.out


async def test_a_delegatee_may_propose_too(here: Organisation) -> None:
    told = await propose(here, "--on-behalf-of", OWNER, *FOR)
    (grant,) = told["grants"]
    assert grant["outwayPeerId"] == own(here)
    assert grant["delegations"][0]["delegatorPeerId"] == OWNER


@pytest.mark.parametrize("delegated", [False, True])
async def test_both_publications_are_proposed_with_a_directory(
    here: Organisation, delegated: bool
) -> None:
    more = ("--on-behalf-of", OWNER, *FOR) if delegated else ()
    words = ("--peer", own(here), "--directory", DIRECTORY, *more)
    told = await propose(here, *words)
    (grant,) = told["grants"]
    kind = "DELEGATED_SERVICE" if delegated else "SERVICE"
    assert grant["type"] == f"GRANT_TYPE_{kind}_PUBLICATION"
    assert [each["side"] for each in grant["delegations"]] == ["publication"] * delegated


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--on-behalf-of", OWNER), "belong together"),
        (("--on-behalf-of", OWNER, *FOR[:4]), "--agreement-until"),
        (FOR, "--on-behalf-of"),
        (OFFERED[2:], "--service-on-behalf-of"),
        (("--on-behalf-of", OWNER, *FOR[:5], "ooit"), "YYYY-MM-DD"),
        (("--on-behalf-of", OWNER, *FOR[:3], 'a"b', *FOR[4:]), "double quote"),
        (("--outway", ASKER), "--outway-key"),
        (("--outway", ASKER, "--outway-key", "abc"), "64 hexadecimals"),
        (("--outway", ASKER, "--outway-key", KEY), "stands nowhere"),
        (("--directory", DIRECTORY, "--outway", ASKER, "--outway-key", KEY), "no Outway"),
        (("--directory", DIRECTORY, "--purpose", "x", "--legal-basis", "y"), "no purpose"),
    ],
)
async def test_half_a_delegation_is_refused_with_what_is_missing(
    here: Organisation, words: tuple[str, ...], told: str
) -> None:
    done = await here.run(
        "contract", "propose", "--peer", PROVIDER, "--service", "bijstand", "--yes", *words
    )
    assert (done.code, done.out) == (2, "")
    assert told in " ".join(done.err.replace("│", "").split())


OUTSIDE = (
    "--external-agreement", "archief 2026/17", "--external-delegator", OWNER,
    "--external-delegator-name", "Stichting Zonder Manager",
)  # fmt: skip


async def test_an_agreement_outside_fsc_is_proposed_and_shown(here: Organisation) -> None:
    told = await propose(here, *OUTSIDE)
    (grant,) = told["grants"]
    assert grant["type"] == "GRANT_TYPE_SERVICE_CONNECTION"
    assert grant["properties"] == {
        "delegation.connection.external_contract_reference": {
            "reference": "archief 2026/17",
            "delegator_id": OWNER,
            "delegator_name": "Stichting Zonder Manager",
        }
    }
    assert 'outside FSC: "archief 2026/17" of "Stichting Zonder Manager"' in told["words"]
    half = await here.run(
        "contract", "propose", "--peer", PROVIDER, "--service", "bijstand", "--yes", *OUTSIDE[:4]
    )
    assert half.code == 2
    both = await here.run(
        "contract", "propose", "--peer", PROVIDER, "--service", "bijstand", "--yes", *OUTSIDE,
        "--on-behalf-of", OWNER, *FOR,
    )  # fmt: skip
    assert both.code == 2


async def test_accepting_what_rests_on_an_agreement_outside_fsc_says_what_to_look_at(
    here: Organisation,
) -> None:
    outside = {"reference": "2026/17", "delegator_id": OWNER, "delegator_name": "Stichting"}
    contract = await here.receive(
        properties={"delegation.connection.external_contract_reference": outside}
    )
    which = contract.hash.value
    shown = (await here.run("contract", "show", which, "--json")).json
    assert len(shown["mustCheck"]["nl"]) == len(shown["mustCheck"]["en"]) == 5
    assert shown["decisions"] == []
    hasty = await here.run("contract", "accept", which, "--yes")
    assert hasty.code == 2
    assert '[ ] Does the agreement "2026/17" of "Stichting" exist' in hasty.err
    assert "--checked" in hasty.err
    assert (await here.run("contract", "show", which, "--json")).json["state"] == "proposed"
    done = await here.run(
        "contract", "accept", which, "--yes", "--checked", "--reason", "gezien", "--json"
    )
    assert done.json["state"] == "valid"
    (decision,) = done.json["decisions"]
    assert (decision["way"], decision["outcome"], decision["reason"]) == (
        "manual", "accept", "gezien",
    )  # fmt: skip
    assert decision["decidedBy"]


async def test_a_contract_that_came_in_shows_what_is_wrong_with_its_agreement(
    here: Organisation,
) -> None:
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    ended = rig.agreement("connection", until=yesterday)
    contract = await here.receive(delegator=OWNER, properties=ended)
    shown = (await here.run("contract", "show", contract.hash.value, "--json")).json
    (delegation,) = shown["grants"][0]["delegations"]
    assert delegation["state"] == "ended"
    assert "can add it" in delegation["trouble"]
    bare = await here.receive(delegator=OWNER)
    out = (await here.run("contract", "show", bare.hash.value)).out
    assert "without an agreement being named" in out
    assert "is not named in the contract" in out
