# SPDX-License-Identifier: EUPL-1.2
# ruff: noqa: RUF009 - option() and section() make dataclass fields
"""One organisation's settings: `organisation.toml`, read once into frozen values.

Everything a process may need to know stands here, typed; a wrong file is refused with *all* its
errors at once. Relative paths start at the folder of the file. An environment variable
``LANDSCHAP__SECTION__KEY`` wins over the file, ``LANDSCHAP__SECTION__KEY_FILE`` names a file that
holds the value.
"""

from __future__ import annotations

import dataclasses
import hashlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from landschap.platform import options as o
from landschap.platform.catalogue_settings import CatalogueSettings
from landschap.platform.desk_settings import DeskSettings
from landschap.platform.form_settings import FormSettings
from landschap.platform.fsc_settings import FscSettings, check_callout
from landschap.platform.logboek_settings import (
    LogboekSettings,
    LogSettings,
    VngSettings,
    WitnessSettings,
)
from landschap.platform.notification_settings import NotificationSettings
from landschap.platform.oidc_settings import OidcSettings
from landschap.platform.open_settings import OpenSettings
from landschap.platform.options import option, section
from landschap.platform.outway_settings import OutwaySettings
from landschap.platform.portal_settings import PortalSettings
from landschap.platform.postgres_settings import PostgresSettings, check_shared
from landschap.platform.siem_settings import SiemSettings
from landschap.platform.toml_reading import Origin, Problem, Reading, SettingsError, section_schema
from landschap.vocabulary.identifiers import Oin, PeerId

__all__ = [
    "Origin", "PostgresSettings", "Problem", "Settings", "SettingsError", "default_run_folder",
    "load_settings", "schema",
]  # fmt: skip

_TEST_OIN_PREFIX = "00000099"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrganisationSettings:
    oin: Oin = option(o.an_oin, "The organisation's OIN; also its Peer ID.")
    name: str = option(o.text, "The name people and peers see.")
    group_id: str = option(o.text, "The FSC Group this organisation is a member of.")
    environment: str = option(
        o.choice("test", "production"), "Production refuses test identities.", default="test"
    )
    fictitious: bool = option(
        o.boolean, "Pages and contracts say that this organisation does not exist.", default=False
    )
    contact: Mapping[str, str] = option(
        o.table_of(o.text),
        "Where people reach the organisation: email, telephone, address, url.",
        default=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Pkcs11Settings:
    """The key for contracts, tokens, declarations and anchors, kept in a token."""

    module: Path = option(o.a_path, "The token's PKCS #11 library.")
    token: str = option(o.text, "Label of the token.")
    key: str = option(o.text, "Label of the private key in it.")
    pin_file: Path = option(o.a_path, "File that holds the token's user PIN.")
    certificate: Path = option(
        o.a_path, "Certificate of that key (PEM), with its chain; of the same organisation."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentitySettings:
    certificate: Path = option(o.a_path, "The organisation certificate (PEM), with its chain.")
    key: Path = option(o.a_path, "The private key of that certificate (PEM).")
    trust_anchors: tuple[Path, ...] = option(
        o.several(o.a_path), "The Group's trust anchors (PEM); peers must chain to one of them."
    )
    crl: Path | None = option(
        o.a_path, "One revocation list in a file; more under [revocation].", default=None
    )
    internal_ca: Path | None = option(
        o.a_path, "CA of the organisation's own applications, for the Outway.", default=None
    )
    pkcs11: Pkcs11Settings | None = section(
        Pkcs11Settings, "Sign with a key in a PKCS #11 token.", optional=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationSettings:
    """Which certificates count no more. One list per authority; with one list, all need one."""

    lists: tuple[str, ...] = option(
        o.several(o.a_source),
        "Revocation lists (PEM or DER): files, or addresses from which they are fetched.",
        default=(),
    )
    authorities: tuple[Path, ...] = option(
        o.several(o.a_path),
        "Intermediate authorities (PEM) that sign lists and stand in no other setting.",
        default=(),
    )
    refresh_minutes: int = option(
        o.whole_number(1, 10_080),
        "Lists are fetched again after this long, and before the last quarter of their life.",
        default=60,
    )
    ended: str = option(
        o.choice("refuse", "keep"),
        "An ended list: refuse every peer of its authority, or keep to what it said.",
        default="refuse",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PathSettings:
    data: Path = option(o.a_path, "What must not be lost: database, logs.", default=Path("data"))
    secrets: Path = option(o.a_path, "Generated keys and passwords.", default=Path("secrets"))
    run: Path = option(
        o.a_path, "Sockets and process files; short, or left out to have one made.", default=Path()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenSettings:
    """Addresses of our own doors; one that is absent is not opened."""

    manager: str | None = option(o.host_port, "FSC Manager, mutual TLS.", default=None)
    inway: str | None = option(o.host_port, "FSC Inway, mutual TLS.", default=None)
    outway: str | None = option(o.host_port, "Outway, for our own applications.", default=None)
    decisions: str | None = option(
        o.host_port, "Decision point (AuthZEN), for our own gateways.", default=None
    )
    logboek: str | None = option(
        o.host_port, "Processing log, for our own applications.", default=None
    )
    web: str | None = option(o.host_port, "Pages for people.", default=None)
    open: str | None = option(o.host_port, "Open data, without login.", default=None)
    admin: str | None = option(o.host_port, "Health and metrics, for operators.", default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressSettings:
    """What others call us by."""

    manager: str = option(o.web_address("https"), "Address of our Manager for peers.")
    inway: str = option(o.web_address("https"), "Address of our Inway for peers.", default="")
    web: str = option(
        o.web_address("https", "http"), "Address of our pages for people.", default=""
    )
    open: str = option(o.web_address("https", "http"), "Address of our open data.", default="")
    decisions: str = option(
        o.web_address("https", "http"), "Name of our decision point, its address.", default=""
    )
    logboek: str = option(
        o.web_address("https", "http"), "Address of our processing log.", default=""
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSettings:
    hosts: Mapping[str, str] = option(
        o.table_of(o.text), "Host names with the address to use instead of DNS.", default=None
    )
    allow_private: bool = option(
        o.boolean, "Peers may live on loopback or private addresses.", default=False
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectorySettings:
    peer_id: PeerId = option(o.a_peer_id, "Peer ID of the Group's directory.")
    manager_address: str = option(o.web_address("https"), "Address of the directory's Manager.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleSettings:
    directory: bool = option(o.boolean, "This organisation is the directory.", default=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class NginxSettings:
    path: Path | None = option(
        o.a_path, "nginx to use (1.22 or newer); absent: the packaged one.", default=None
    )
    workers: int = option(
        o.whole_number(0, 256), "Worker processes; 0 is one per two cores.", default=0
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSettings:
    user: str | None = option(
        o.text, "System user for our processes when started as root.", default=None
    )
    deciders: int = option(
        o.whole_number(0, 64), "Decider processes; 0 is one per two cores.", default=0
    )
    host: str | None = option(
        o.text,
        "Name of this machine in the log, when several serve one organisation.",
        default=None,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitSettings:
    body_bytes: int = option(
        o.whole_number(1_024, 2**31), "Largest request body at our own APIs.", default=10_485_760
    )
    peer_requests_per_second: int = option(
        o.whole_number(1, 1_000_000), "Requests per second of one peer.", default=1_000
    )
    peer_burst: int = option(
        o.whole_number(1, 1_000_000), "Requests a peer may be ahead.", default=1_000
    )
    answer_seconds: int = option(
        o.whole_number(1, 3_600), "Longest wait for a service's answer.", default=60
    )
    log_queue: int = option(
        o.whole_number(1, 1_000_000), "Records that may wait to be written.", default=10_000
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All settings of one organisation, valid as a whole."""

    path: Path
    organisation: OrganisationSettings = section(OrganisationSettings, "Who we are.")
    identity: IdentitySettings = section(IdentitySettings, "How we prove it.")
    revocation: RevocationSettings = section(
        RevocationSettings, "Which certificates count no more."
    )
    postgres: PostgresSettings = section(PostgresSettings, "Where we remember.")
    paths: PathSettings = section(PathSettings, "Where our files live.")
    listen: ListenSettings = section(ListenSettings, "Where we listen.")
    addresses: AddressSettings = section(AddressSettings, "What peers call us by.")
    network: NetworkSettings = section(NetworkSettings, "How we find others.")
    directory: DirectorySettings | None = section(
        DirectorySettings, "The Group's directory.", optional=True
    )
    roles: RoleSettings = section(RoleSettings, "What we are in the Group.")
    fsc: FscSettings = section(FscSettings, "Federated Service Connectivity.")
    oidc: OidcSettings = section(OidcSettings, "Who may log in.")
    portal: PortalSettings = section(PortalSettings, "Pages for residents.")
    desk: DeskSettings | None = section(
        DeskSettings, "The desk, for who has no means to log in.", optional=True
    )
    form: FormSettings | None = section(FormSettings, "The public form.", optional=True)
    catalogue: CatalogueSettings = section(CatalogueSettings, "The catalogue of APIs.")
    open: OpenSettings = section(OpenSettings, "Open data.")
    nginx: NginxSettings = section(NginxSettings, "The carrier.")
    outway: OutwaySettings = section(
        OutwaySettings, "How our applications name connections, and who else must agree."
    )
    processes: ProcessSettings = section(ProcessSettings, "Our processes.")
    limits: LimitSettings = section(LimitSettings, "Bounds on everything.")
    log: LogSettings = section(LogSettings, "The technical log.")
    logboek: LogboekSettings = section(LogboekSettings, "The processing log.")
    witness: WitnessSettings = section(WitnessSettings, "Who vouches for our log.")
    vng: VngSettings = section(VngSettings, "The log by the municipal standard of before.")
    notifications: NotificationSettings = section(
        NotificationSettings, "Telling others of changes in our registers."
    )
    siem: SiemSettings = section(SiemSettings, "Who is told of security events.")


def load_settings(path: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """The settings in ``path``, with the environment over them. Raises SettingsError."""
    return read_settings(path, os.environ if environment is None else environment)[0]


def read_settings(
    path: Path, environment: Mapping[str, str]
) -> tuple[Settings, Mapping[str, Origin]]:
    """The settings, and for each dotted key who set it. Raises SettingsError with all problems."""
    reading = Reading.of(path.absolute(), environment)
    values = reading.section(Settings, reading.tree, "") or {}
    if not reading.problems:
        settings = Settings(path=reading.path, **values)
        _check_together(reading, settings)
    if reading.problems:
        raise SettingsError(sorted(reading.problems, key=lambda p: (p.line or 0, p.key)))
    return dataclasses.replace(settings, paths=_placed(settings)), reading.origins


def schema() -> dict[str, object]:
    """The JSON Schema of `organisation.toml`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "organisation.toml of landschap",
        **section_schema(Settings),
    }


def _check_together(reading: Reading, settings: Settings) -> None:
    """Rules over more than one key. Each adds a problem at the key that should change."""
    if settings.organisation.environment == "production":
        _check_production(reading, settings)
    if settings.listen.inway and not settings.addresses.inway:
        reading.problem("addresses.inway", "needed because listen.inway is set; add our address")
    if settings.listen.open and not settings.addresses.open:
        reading.problem("addresses.open", "needed because listen.open is set; add our address")
    if settings.listen.decisions and not settings.addresses.decisions:
        reading.problem(
            "addresses.decisions", "needed because listen.decisions is set; add our address"
        )
    if settings.listen.logboek and not settings.addresses.logboek:
        reading.problem(
            "addresses.logboek", "needed because listen.logboek is set; add our address"
        )
    if settings.directory is None and not settings.roles.directory:
        reading.problem(
            "directory", "needed unless roles.directory = true; add peer_id and manager_address"
        )
    check_callout(reading, settings.fsc)
    check_shared(reading, settings.postgres)
    seen: dict[str, str] = {}
    for each in dataclasses.fields(ListenSettings):
        address = getattr(settings.listen, each.name)
        if address in seen:
            reading.problem(
                f"listen.{each.name}", f"{address} is already used by listen.{seen[address]}"
            )
        elif address:
            seen[address] = each.name


def _check_production(reading: Reading, settings: Settings) -> None:
    organisation = settings.organisation
    if organisation.fictitious:
        reading.problem(
            "organisation.fictitious", "a fictitious organisation cannot run in production"
        )
    if organisation.oin.value.startswith(_TEST_OIN_PREFIX):
        reading.problem(
            "organisation.oin", f"{organisation.oin} is a test OIN; production needs a real one"
        )
    oidc = settings.oidc
    uses = {"portal": oidc.portal, "employees": oidc.employees, "console": oidc.console}
    for name, use in uses.items():
        if use is not None and not use.issuer.startswith("https://"):
            reading.problem(f"oidc.{name}.issuer", "production needs https")
    if settings.form is not None and not settings.form.issuer.startswith("https://"):
        reading.problem("form.issuer", "production needs https")


def default_run_folder(path: Path) -> Path:
    """The run folder of an organisation whose settings, at ``path``, name none: a short one.

    A unix socket's path may hold about a hundred bytes, so a run folder beside the data would
    break on long paths.
    """
    name = hashlib.sha256(str(path).encode()).hexdigest()[:10]
    given = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    return Path(given or f"{tempfile.gettempdir()}/landschap-{os.geteuid()}") / name


def _placed(settings: Settings) -> PathSettings:
    """The paths, absolute; without a run folder one is made from the file's place."""
    folder, paths = settings.path.parent, settings.paths
    run = default_run_folder(settings.path) if paths.run == Path() else paths.run
    return PathSettings(data=folder / paths.data, secrets=folder / paths.secrets, run=run)
