# SPDX-License-Identifier: EUPL-1.2
"""Open the landscape: processes up, registers filled, contracts agreed, each as its people would.

Nothing is done twice: a second start finds the landscape as the first one left it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from landschap.cli.demo.application import CaseApplication
from landschap.cli.demo.commands import CommandFailedError, landschap
from landschap.cli.demo.keys import key_of
from landschap.cli.demo.landscape import (
    CASE_CLIENT,
    CASE_REDIRECT,
    DATA,
    PURPOSE,
    SERVICE,
    Landscape,
    Member,
)
from landschap.cli.demo.landscape_files import write_landscape
from landschap.cli.demo.processes import Part, Processes
from landschap.cli.demo.staff import CATALOGUE_APPLICATION
from landschap.platform.listeners import is_free
from landschap.platform.trouble import Trouble

REGISTERS = {
    "bag": "bag",
    "inwoners": "inwoners.jsonl",
    "uitkeringen": "uitkeringen.jsonl",
    "postadressen": "postadressen.jsonl",
}
AGREED_SECONDS = 30.0
LEGAL_BASIS = "eu-gdpr:A6-1-e"
FIELD_SET = "bijstand-bij-verhuizing"
# Two named officers: one wrote it, another approves.
OFFICERS = (
    "--author", "A. de Wit", "--approver", "B. Jansen",
    "--reason", "inrichting van het voorbeeldlandschap",
)  # fmt: skip
_PUBLICATION, _CONNECTION = "GRANT_TYPE_SERVICE_PUBLICATION", "GRANT_TYPE_SERVICE_CONNECTION"

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The landscape as it runs: what the story needs to know of it."""

    landscape: Landscape
    grant_hash: str
    content_hash: str
    application: CaseApplication
    ready_seconds: float
    started: dict[str, float] = field(default_factory=dict)


async def open_landscape(landscape: Landscape, processes: Processes, tell: Tell) -> Opened:
    """Bring everything up and make it agree. Raises NotReadyError and CommandFailedError."""
    began = time.monotonic()
    _require_free(landscape)
    write_landscape(landscape, datetime.now(UTC))
    tell("starting: directory, Gemeente Weesp, Gemeente Doesburg, a supplier, a login provider")
    started = dict(await processes.start(_parts(landscape)))
    tell(f"all parts are ready after {max(started.values()):.1f} s")
    api_key, _ = await asyncio.gather(_prepare_doesburg(landscape), _prepare_weesp(landscape, tell))
    await publish(landscape, landscape.weesp)
    tell(f"the directory lists {SERVICE} of {landscape.weesp.name}")
    connection = await connect(landscape, landscape.weesp, tell)
    return Opened(
        landscape=landscape,
        grant_hash=connection["grantHash"],
        content_hash=connection["contentHash"],
        application=_application(landscape, api_key),
        ready_seconds=round(time.monotonic() - began, 1),
        started=started,
    )


def _require_free(landscape: Landscape) -> None:
    """Another demo on these addresses would answer in our place. Raises Trouble."""
    taken = {landscape.login: "login provider", landscape.supplier: "supplier"}
    for member in (*landscape.members, landscape.heidedorp):
        for part in ("manager", "inway", "outway", "web", "open", "logboek", "admin"):
            if address := getattr(member, part):
                taken[address] = f"{part} of {member.name}"
    in_use = [f"{address} ({what})" for address, what in taken.items() if not is_free(address)]
    if in_use:
        raise Trouble(
            f"in use already: {', '.join(in_use)}",
            "stop what listens there (another demo?), or give other addresses with "
            "--network and --web-port",
        )


def _parts(landscape: Landscape) -> list[Part]:
    supplier = Part(
        name="leverancier",
        module=(
            "-m",
            "landschap.cli.demo.supplier",
            "--listen",
            landscape.supplier,
            "--data",
            str(DATA / "weesp" / "gegevens" / "bag" / "panden.csv"),
            "--key-file",
            str(landscape.supplier_key_file),
        ),
        ready=f"http://{landscape.supplier}/health",
    )
    login = Part(
        name="login",
        module=(
            "-m",
            "landschap.cli.demo.identity_provider",
            "--listen",
            landscape.login,
            "--issuer",
            landscape.login_address,
            "--data",
            str(landscape.people_file),
        ),
        ready=f"http://{landscape.login}/health",
    )
    return [supplier, login, *(organisation_part(landscape, each) for each in landscape.members)]


def organisation_part(landscape: Landscape, member: Member) -> Part:
    """The processes of one organisation, as `landschap serve` starts them."""
    settings = str(landscape.settings_file(member))
    return Part(
        name=member.key,
        module=("-m", "landschap", "serve", "--config", settings),
        ready=f"http://{member.admin}/health/ready",
    )


async def _prepare_weesp(landscape: Landscape, tell: Tell) -> None:
    """Weesp's officers: fill the registers, put the purposes in force, declare the service."""
    config = landscape.settings_file(landscape.weesp)
    for register, source in REGISTERS.items():
        path = DATA / "weesp" / "gegevens" / source
        await landschap(config, "register", "load", register, str(path))
    await _apply(config)
    await landschap(config, "service", "apply")
    tell("Weesp: registers loaded, purposes in force, service declared")


async def _prepare_doesburg(landscape: Landscape) -> str:
    """Doesburg's officers: put the purposes in force, admit applications; gives a key."""
    config = landscape.settings_file(landscape.doesburg)
    await _apply(config)
    await key_of(landscape, landscape.doesburg, CATALOGUE_APPLICATION)
    return await key_of(landscape, landscape.doesburg, CASE_CLIENT)


async def _apply(config: Path) -> None:
    """Two named officers: one wrote it, another approves."""
    await landschap(config, "apply", *OFFICERS)


async def publish(landscape: Landscape, member: Member, service: str = SERVICE) -> None:
    """A member offers a service; the directory signs publications by itself."""
    config, offered = landscape.settings_file(member), (_PUBLICATION, member, service)
    if not await _contracts(config, *offered):
        await landschap(config, "contract", "publish", "--service", service, "--yes")
    await until(lambda: _valid(config, *offered), "the publication")


async def connect(
    landscape: Landscape, member: Member, tell: Tell = lambda _: None
) -> dict[str, str]:
    """Doesburg proposes a connection to a member; a person there reads it and says yes."""
    return await agree(
        landscape, landscape.doesburg, member, "--service", SERVICE, "--purpose", PURPOSE,
        "--legal-basis", LEGAL_BASIS, "--field-set", FIELD_SET, tell=tell,
    )  # fmt: skip


async def agree(
    landscape: Landscape, asker: Member, member: Member, *wish: str, tell: Tell = lambda _: None
) -> dict[str, str]:
    """One proposes a connection to another, as ``wish`` says; a person there says yes.

    ``wish`` begins with ``--service`` and its name. Who asks itself has nobody to wait for.
    """
    asking = landscape.settings_file(asker)
    giving, wanted = landscape.settings_file(member), (_CONNECTION, member, wish[1])
    if not await _contracts(asking, *wanted):
        peer = ("--peer", str(member.oin))
        await landschap(asking, "contract", "propose", *peer, *wish, "--yes")
    waiting = await until(lambda: _contracts(giving, *wanted), f"the proposal at {member.name}")
    if waiting["state"] == "proposed":
        tell(f'{member.name} reads: "{waiting["words"]}" and signs')
        await landschap(giving, "contract", "accept", waiting["contentHash"], "--yes")
    await until(lambda: _valid(giving, *wanted), f"the signature of {member.name}")
    found = await until(lambda: _ready(asking, *wanted), f"a token and a way to {member.name}")
    return {"contentHash": found["contentHash"], "grantHash": found["grants"][0]["grantHash"]}


async def connected(
    landscape: Landscape, asker: Member, member: Member, services: Collection[str]
) -> bool:
    """True when contracts for all these services are ready to ask by; looked up at once."""
    found = (await landschap(landscape.settings_file(asker), "contract", "list")).answer
    ready = {
        grant["service"]
        for each in found["contracts"]
        for grant in each["grants"]
        if (grant["type"], grant.get("providerPeerId")) == (_CONNECTION, member.oin.value)
        and grant.get("ready")
    }
    return ready >= set(services)


async def _contracts(config: Path, kind: str, provider: Member, service: str) -> Any:
    """The newest contract of a kind about a member's service, None when none is living."""
    found = (await landschap(config, "contract", "list")).answer
    wanted = (kind, provider.oin.value, service)
    living = [
        each
        for each in found["contracts"]
        if each["state"] in ("proposed", "valid")
        and any(
            (grant["type"], grant.get("providerPeerId"), grant.get("service")) == wanted
            for grant in each["grants"]
        )
    ]
    return living[0] if living else None


async def _valid(config: Path, kind: str, provider: Member, service: str) -> Any:
    found = await _contracts(config, kind, provider, service)
    return found if found and found["state"] == "valid" else None


async def _ready(config: Path, kind: str, provider: Member, service: str) -> Any:
    found = await _valid(config, kind, provider, service)
    return found if found and all(grant.get("ready") for grant in found["grants"]) else None


async def until(look: Callable[[], Any], what: str) -> Any:
    """What a look finds, once it finds something. Raises CommandFailedError."""
    deadline = time.monotonic() + AGREED_SECONDS
    while time.monotonic() < deadline:
        found = await look()
        if found:
            return found
        await asyncio.sleep(0.2)
    raise CommandFailedError(f"{what} did not come within {AGREED_SECONDS:.0f} s")


def _application(landscape: Landscape, api_key: str) -> CaseApplication:
    return CaseApplication(
        outway=landscape.doesburg.outway,
        issuer=landscape.login_address,
        issuer_host=f"http://{landscape.login}",
        client_id=CASE_CLIENT,
        redirect_uri=CASE_REDIRECT,
        api_key=api_key,
    )


def expected_answers() -> list[dict[str, Any]]:
    """What must be answered, computed apart from the program when the data was made."""
    text = (DATA / "weesp" / "gegevens" / "expected.json").read_text(encoding="utf-8")
    answers: list[dict[str, Any]] = json.loads(text)["vragen"]
    return answers
