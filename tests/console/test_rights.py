# SPDX-License-Identifier: EUPL-1.2
"""Who may what by contract, on a day; and what is different from another day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.console.console_rig import Console
from tests.console.test_contracts import ASKER, received
from tests.fsc import fsc_rig as rig

from landschap.console.officers.matrix import compare, rights_at
from landschap.fsc.contracts import Contract
from landschap.fsc.grants import GrantType
from landschap.fsc.states import Kind, Signature
from landschap.vocabulary.identifiers import PeerId

OTHER = "00000099000000004000"
HERE = "/console/rechten"
DAY = timedelta(days=1)


def signed(who: str, at: datetime, kind: Kind = Kind.ACCEPT) -> Signature:
    """A signature of that moment, with a certificate that ended soon after."""
    return Signature(
        peer_id=PeerId.parse(who),
        kind=kind,
        jws="",
        signed_at=at,
        thumbprint="",
        certificate_from=at - DAY,
        certificate_until=at + DAY,
    )


def agreed(service: str) -> Contract:
    return rig.contract(rig.content(rig.connection_grant(ASKER, OTHER, "a" * 64, service=service)))


def test_a_contract_counts_from_the_last_accept_until_a_revoke() -> None:
    contract = agreed("adressen")
    begin = contract.not_before
    signatures = (
        signed(ASKER, begin + DAY),
        signed(OTHER, begin + 2 * DAY),
        signed(OTHER, begin + 9 * DAY, Kind.REVOKE),
    )
    kept = [(contract, signatures)]
    days = {n: rights_at(kept, begin + n * DAY) for n in (0, 1, 2, 8, 9)}
    assert [n for n, rights in days.items() if rights] == [2, 8]
    (right,) = days[2]
    assert (right.asker, right.provider, right.service) == (ASKER, OTHER, "adressen")
    assert rights_at(kept, contract.not_after) == ()


def test_two_days_are_compared() -> None:
    first, second = agreed("adressen"), agreed("uitkeringen")
    begin = max(first.not_before, second.not_before)
    both = (signed(ASKER, begin), signed(OTHER, begin))
    was = rights_at([(first, both)], begin + DAY)
    now = rights_at([(second, both)], begin + DAY)
    found = compare(now, was)
    assert [each.service for each in found.rows] == ["uitkeringen"]
    assert [each.service for each in found.gone] == ["adressen"]
    assert found.added == frozenset(now)
    assert compare(was, was).gone == ()
    assert not compare(was, was).added


async def test_the_page_tells_what_was_added_and_refuses_a_day_that_is_none(
    console: Console,
) -> None:
    await received(console, frozenset(GrantType), service="rechten-proef")
    officer = await console.visit("fg")
    page = await officer.get(HERE)
    assert page.status == 200
    row = page.text.split("rechten-proef")[0].rpartition("<tr")[2]
    assert "Gemeente Doesburg" in row
    assert "Erbij" in row
    today = f"{datetime.now(UTC):%d-%m-%Y}"
    assert "Erbij" not in (await officer.get(f"{HERE}?op={today}&met={today}")).text
    assert (await officer.get(f"{HERE}?op=31-2-2026")).status == 400
    assert (await (await console.visit("burgerzaken")).get(HERE)).status == 403
