# SPDX-License-Identifier: EUPL-1.2
"""The demo's landscape: a directory, two municipalities, a supplier's system and a login provider.

Names of places are real, the organisations are not: test OINs, and every page says so. Machine
traffic uses loopback addresses of its own per organisation, on the port that FSC prescribes;
pages use names under ``localhost`` so that browsers keep their cookies apart.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from landschap.vocabulary.identifiers import Oin

if TYPE_CHECKING:
    from collections.abc import Iterator

# What an organisation declares in files beside its settings.
DECLARED = ("registers", "bronnen", "services", "doelbinding")
# The name by which Weesp's logical source knows its supplier's system.
SUPPLIER_HOST = "gebouwen.leverancier.test"
GROUP_ID = "landschap-demo"
CERTIFICATE_DAYS = 365
DATA = Path(__file__).parent / "data"
SERVICE = "woon-en-uitkeringssituatie"
PURPOSE = "https://doelen.landschap.example/id/recht-op-bijstand-vaststellen"
OTHER_PURPOSE = "https://doelen.landschap.example/id/parkeervergunning-verlenen"
SUBSTANTIAL = "http://eidas.europa.eu/LoA/substantial"
LOOK_ACTIVITY = "https://register.weesp.example/activiteiten/inzage-in-gebruik"
OWN_PURPOSE = "https://doelen.landschap.example/id/inzage-geven"
PORTAL_CLIENT = "mijn-gegevens"
# Asks other organisations for the uses of who logged in.
PORTAL_APPLICATION = "portaal"
# The public form of Weesp: a client of its own at the log-in, and an application at the Outway.
FORM_CLIENT = FORM_APPLICATION = "omgevingsformulier"
FORM_PURPOSE = "https://doelen.landschap.example/id/omgevingsvergunning-verlenen"
CONSOLE_CLIENT = "console"
DOESBURG_CONSOLE_CLIENT = "console-doesburg"
CASE_CLIENT = "zaaksysteem"
CASE_REDIRECT = "http://zaaksysteem.localhost/terug"
AUDIT_CLIENT = "auditgereedschap"
AUDIT_REDIRECT = "http://auditgereedschap.localhost/terug"
# Official fictitious persons of the BRP test set.
SUZANNE = "999993653"
ANOTHER = "999990032"
ANNA = "999990196"


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One organisation of the demo: its numbers, its names and its addresses."""

    key: str
    name: str
    oin: Oin
    manager: str
    admin: str
    inway: str = ""
    outway: str = ""
    web: str = ""
    open: str = ""
    logboek: str = ""

    @property
    def manager_address(self) -> str:
        """What peers call its Manager by."""
        return f"https://manager.{self.key}.test:{_port(self.manager)}"

    @property
    def inway_address(self) -> str:
        """What peers call its Inway by."""
        return f"https://inway.{self.key}.test:{_port(self.inway)}"

    @property
    def web_address(self) -> str:
        """What people open."""
        return f"http://{self.key}.localhost:{_port(self.web)}"

    @property
    def open_address(self) -> str:
        """Where its open data is."""
        return f"http://data.{self.key}.localhost:{_port(self.open)}"

    def hosts(self) -> Iterator[tuple[str, str]]:
        """Host names with their loopback address, instead of DNS."""
        for part in ("manager", "inway"):
            address = getattr(self, part)
            if address:
                yield f"{part}.{self.key}.test", address.rsplit(":", 1)[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Landscape:
    """The whole demo below one folder."""

    folder: Path
    directory: Member
    weesp: Member
    doesburg: Member
    heidedorp: Member
    outsider: Member
    login: str
    supplier: str
    centre: Member
    collective: bool = False

    @property
    def members(self) -> tuple[Member, ...]:
        """The organisations that run, in the order in which they start."""
        return (self.directory, self.weesp, self.doesburg)

    def settings_file(self, member: Member) -> Path:
        """Where a member's settings stand."""
        return self.folder / member.key / "organisation.toml"

    @property
    def login_address(self) -> str:
        """The issuer of the login provider."""
        return f"http://login.localhost:{_port(self.login)}"

    @property
    def people_file(self) -> Path:
        """Who the login provider knows."""
        return self.folder / "login" / "people.json"

    def database_password_file(self, member: Member) -> Path:
        """What the service centre gave a member to reach its database with."""
        return self.folder / member.key / "secrets" / "gedeelde-server.password"

    @property
    def supplier_key_file(self) -> Path:
        """The key with which Weesp asks its supplier's system; one of Weesp's secrets."""
        return self.folder / self.weesp.key / "secrets" / "leverancier.key"


def landscape_in(
    folder: Path, *, network: int = 11, web_port: int = 8700, collective: bool = False
) -> Landscape:
    """The demo below ``folder``; ``network`` is the third number of its loopback addresses.

    ``collective``: one database server for all, kept by a service centre.
    """
    base = f"127.0.{network}"
    return Landscape(
        folder=folder,
        directory=Member(
            key="register",
            name="Directory van het voorbeeldlandschap",
            oin=Oin.parse("00000099000000001000"),
            manager=f"{base}.1:8443",
            admin=f"{base}.1:9443",
        ),
        weesp=Member(
            key="weesp",
            name="Gemeente Weesp",
            oin=Oin.parse("00000099000000002000"),
            manager=f"{base}.2:8443",
            inway=f"{base}.3:8443",
            outway=f"{base}.3:8080",
            web=f"127.0.0.1:{web_port}",
            open=f"127.0.0.1:{web_port + 3}",
            logboek=f"{base}.3:8081",
            admin=f"{base}.2:9443",
        ),
        doesburg=Member(
            key="doesburg",
            name="Gemeente Doesburg",
            oin=Oin.parse("00000099000000003000"),
            manager=f"{base}.4:8443",
            inway=f"{base}.7:8443",
            outway=f"{base}.4:8080",
            web=f"127.0.0.1:{web_port + 4}",
            logboek=f"{base}.4:8081",
            admin=f"{base}.4:9443",
        ),
        # Set up by nobody: it takes in what Weesp packed.
        heidedorp=Member(
            key="heidedorp",
            name="Gemeente Heidedorp",
            oin=Oin.parse("00000099000000004000"),
            manager=f"{base}.5:8443",
            inway=f"{base}.6:8443",
            admin=f"{base}.5:9443",
        ),
        outsider=Member(
            key="buitenstaander",
            name="Gemeente Buitenstaander",
            oin=Oin.parse("00000099000000009000"),
            manager=f"{base}.9:8443",
            admin=f"{base}.9:9443",
        ),
        login=f"127.0.0.1:{web_port + 1}",
        supplier=f"127.0.0.1:{web_port + 2}",
        # Keeps a server for the others, and is no part of the Group.
        centre=Member(
            key="servicecentrum",
            name="Servicecentrum van het voorbeeldlandschap",
            oin=Oin.parse("00000099000000008000"),
            manager=f"{base}.8:8443",
            admin=f"{base}.8:9443",
        ),
        collective=collective,
    )


def _port(address: str) -> str:
    return address.rsplit(":", 1)[1]
