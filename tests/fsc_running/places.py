# SPDX-License-Identifier: EUPL-1.2
"""Who takes part, and at which addresses: on loopback, or in network namespaces.

On one host each organisation has loopback addresses of its own. `tools/namespaces.py` gives each
a namespace instead and tells the tests by two variables of the environment:

    LANDSCHAP_TEST_NETWORK      the first three numbers of all addresses, such as 10.77.0
    LANDSCHAP_TEST_NAMESPACES   weesp=name,doesburg=name,...
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

DIRECTORY = "00000099000000001000"
WEESP = "00000099000000002000"
DOESBURG = "00000099000000003000"
PROVINCE = "00000099000000004000"
# Organisations that only the five parties need.
WATER = "00000099000000005000"
REGION = "00000099000000006000"
# Test peers: they have a certificate of the Group's anchor, and nothing of them runs.
ASKER = "00000099000000007100"
LENDER = "00000099000000007200"
OWNER = "00000099000000007300"
STRANGER = "00000099000000007400"

FSC_PORT = 8443
OUTWAY_PORT = 8080
ADMIN_PORT = 9443
SERVICE_PORT = 8001
# Where the test peers would be: nobody listens there.
_NOBODY = 9
_TESTER = 20
_SILENT_INWAY = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One organisation that runs: who it is, and the last numbers of its addresses."""

    key: str
    peer_id: str
    name: str
    number: int
    inway_number: int | None = None
    outway_number: int | None = None


PLACES: Mapping[str, Place] = {
    each.key: each
    for each in (
        Place(key="gids", peer_id=DIRECTORY, name="Gids van de testgroep", number=1),
        Place(key="weesp", peer_id=WEESP, name="Gemeente Weesp", number=2, inway_number=3),
        Place(
            key="doesburg",
            peer_id=DOESBURG,
            name="Gemeente Doesburg",
            number=4,
            outway_number=5,
        ),
        # What it says is its Inway is a part of the tests: sometimes there, sometimes not.
        Place(key="proefland", peer_id=PROVINCE, name="Provincie Proefland", number=6),
        Place(key="proefwater", peer_id=WATER, name="Waterschap Proefwater", number=10),
        Place(key="proefregio", peer_id=REGION, name="Veiligheidsregio Proefregio", number=11),
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """The addresses of all of them; ``base`` is their first three numbers."""

    base: str
    namespaces: Mapping[str, str]

    def at(self, number: int) -> str:
        """One address."""
        return f"{self.base}.{number}"

    @property
    def tester(self) -> str:
        """Where the service behind Weesp's Inway answers: it is a part of the tests."""
        return self.at(_TESTER)

    @property
    def silent_inway(self) -> str:
        """Where Proefland says that its Inway is."""
        return self.at(_SILENT_INWAY)

    @property
    def on_loopback(self) -> bool:
        """True without namespaces."""
        return self.base.startswith("127.")

    def hosts(self) -> dict[str, str]:
        """Host names with their address, instead of DNS."""
        named = {"peer.test": self.at(_NOBODY), "inway.proefland.test": self.silent_inway}
        for place in PLACES.values():
            named[f"manager.{place.key}.test"] = self.at(place.number)
            if place.inway_number is not None:
                named[f"inway.{place.key}.test"] = self.at(place.inway_number)
            if place.outway_number is not None:
                named[f"outway.{place.key}.test"] = self.at(place.outway_number)
        return named


def network() -> Network:
    """What the environment says, else loopback addresses of this run."""
    base = os.environ.get("LANDSCHAP_TEST_NETWORK") or f"127.77.{os.getpid() % 250 + 1}"
    given = os.environ.get("LANDSCHAP_TEST_NAMESPACES", "")
    pairs = (each.split("=", 1) for each in given.split(",") if each)
    return Network(base=base, namespaces=dict(pairs))


def numbers_of(key: str) -> list[int]:
    """The last numbers of the addresses of one organisation; ``tester`` is the tests' own."""
    if key == "tester":
        return [_TESTER, _SILENT_INWAY]
    place = PLACES[key]
    more = (place.inway_number, place.outway_number)
    return [place.number, *(each for each in more if each is not None)]
