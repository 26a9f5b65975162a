# SPDX-License-Identifier: EUPL-1.2
"""From voluntary to binding: each standard with its duty, each service with its explanation and
trend, read by anybody; and one page for the council.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest
from msgspec.structs import replace
from pypdf import PdfReader
from tests.complying.comply_rig import Organisation
from tests.complying.council_rig import BREACHES, QUARTER, happened, within
from tests.complying.test_comply_command import type_comply
from tests.gateway.gateway_scene import ACTIVITY
from tests.logboek.log_rig import entry, permitted
from tests.registers.open_rig import Open, half_open, open_of
from tests.throwaway import Database

from landschap.cli.composition_accounts import accounts_desk
from landschap.cli.composition_open import sharing_of
from landschap.cli.report import report
from landschap.cli.standard_measuring import Rooms, measure_and_keep
from landschap.cli.standards import standard
from landschap.console.council.figures import read_content
from landschap.console.council.store.kept import keep
from landschap.console.council.store.published import published
from landschap.gateway.services import Service, read_service
from landschap.gateway.store import apply_services
from landschap.logboek.drafts import line_draft
from landschap.logboek.store.holds import holds, lift_hold
from landschap.platform.trouble import Trouble
from landschap.purposes.store import following
from landschap.registers.open.api.processing import ProcessingDesk
from landschap.vocabulary.times import amsterdam_day

OWN = """
[[plicht]]
standaard = "logboek-dataverwerkingen"
plicht = "verplicht"
vanaf = 2027-07-01
bron = "besluit van het college"

[[verklaring]]
standaard = "api-design-rules"
dienst = "zaken"
staat = "wijkt-af"
vanaf = 2026-01-01
uitleg = { nl = "De leverancier levert de beschrijving in maart.", en = "The supplier delivers it in March." }

[[verklaring]]
standaard = "zgw"
dienst = "zaken"
staat = "voldoet"
vanaf = 2026-01-01
uitleg = { nl = "Getoetst met de testset van de VNG.", en = "Held against the test set of VNG." }
"""
SERVICES = ("uitkeringen", 'upstream = "landschap"\nrecording = "self"'), (
    "zaken", 'upstream = "http://127.0.0.1:8000/zaken"\nrecording = "intent"\ndeclaration = "none"'
)  # fmt: skip


@dataclass(kw_only=True)
class Scene:
    """An organisation with two services, measured on two days, and its open pages."""

    organisation: Organisation
    open: Open

    async def typed(self, *words: str) -> object:
        """What ``landschap standard`` tells as JSON."""
        done = await type_comply(self.organisation, *words, "--json", command=standard)
        return json.loads(done.stdout)


@pytest.fixture(scope="module")
async def scene(module_database: Database) -> AsyncIterator[Scene]:
    database, settings, now = module_database, module_database.settings, datetime.now(UTC)
    organisation = Organisation(database=database, settings=settings)
    await happened(organisation)
    await organisation.run(
        "UPDATE purposes.adoption SET adopted_at = adopted_at - interval '1 year'"
    )
    await organisation.registers()
    (settings.path.parent / "standaarden.toml").write_text(OWN, encoding="utf-8")
    gateway = await database.pool("gateway")
    await apply_services(gateway, [_service(name, text) for name, text in SERVICES], now)
    rooms = Rooms(
        gateway=gateway,
        purposes=await database.pool("purposes"),
        fsc=await database.pool("fsc"),
        log=await database.pool("logboek"),
        registers=await database.pool("registers"),
    )
    await measure_and_keep(settings, rooms, now - timedelta(days=40))
    told = line_draft(entry(activity=ACTIVITY), now=now, service="uitkeringen")
    await organisation.log([permitted(service="uitkeringen"), told])
    await measure_and_keep(settings, rooms, datetime.now(UTC))
    snapshot = await following(rooms.purposes)
    desk = sharing_of(settings, snapshot, gateway, rooms.fsc)
    processing = ProcessingDesk(snapshot=snapshot, pool=rooms.purposes)
    accounts = accounts_desk(await database.pool("console"), rooms.purposes, rooms.log)
    async for made in open_of(
        database, half_open(), processing=processing, sharing=desk, accounts=accounts
    ):
        yield Scene(organisation=organisation, open=made)


def _service(name: str, text: str) -> Service:
    found = read_service(f'name = "{name}"\n{text}\n')
    assert isinstance(found, Service), found
    return found


@pytest.mark.case("S-57")
async def test_standards_go_from_voluntary_to_binding_and_the_council_gets_one_page(
    scene: Scene, tmp_path: Path
) -> None:
    await _anybody_reads_duty_explanation_and_trend(scene)
    await _the_council_gets_one_page(scene, tmp_path)


async def _anybody_reads_duty_explanation_and_trend(scene: Scene) -> None:
    told = (await scene.open.get("/register/v1/standaarden")).json()
    assert told["gemetenOp"] == amsterdam_day(datetime.now(UTC)).isoformat()
    found = {each["id"]: each for each in told["results"]}
    duties = {name: [e["plicht"] for e in each["plichten"]] for name, each in found.items()}
    assert duties["fsc"] == ["aanbevolen", "verplicht"]
    assert duties["api-design-rules"] == ["pas-toe-of-leg-uit"]
    assert duties["logboek-dataverwerkingen"] == ["aanbevolen", "verplicht"]
    assert found["fsc"]["plichten"][1]["vanaf"] == "2027-01-01"
    design = {each["naam"]: each for each in found["api-design-rules"]["diensten"]}
    assert design["uitkeringen"]["grondslag"] == "gemeten"
    assert design["zaken"]["uitleg"] == "De leverancier levert de beschrijving in maart."
    assert design["zaken"]["staat"] == "wijkt-af"
    # Measured twice: the log was empty then, and holds lines now.
    log = found["logboek-dataverwerkingen"]
    assert [each["voldoet"] for each in log["verloop"]] == [0, 1]
    assert {each["naam"]: each["staat"] for each in log["diensten"]}["uitkeringen"] == "voldoet"
    page = (await scene.open.get("/standaarden")).text
    for words in ("Pas toe of leg uit", "Aanbevolen", "1 januari 2027", "1 juli 2027",
                  "De leverancier levert de beschrijving in maart.", 'role="img"',
                  "Getoetst met de testset van de VNG.", "Hoeveel diensten voldeden, per maand"):  # fmt: skip
        assert words in page, words
    assert 'href="/standaarden"' in (await scene.open.get("/wat-wij-delen")).text
    assert "Held against the test set of VNG." in (await scene.open.get("/en/standaarden")).text


async def _the_council_gets_one_page(scene: Scene, folder: Path) -> None:
    file = folder / "bericht.pdf"
    words = ("quarter", QUARTER, "--format", "pdf", "--output", str(file))
    done = await type_comply(scene.organisation, *words, command=report)
    assert done.exit_code == 0, done.output
    (page,) = PdfReader(io.BytesIO(file.read_bytes())).pages
    text = " ".join(page.extract_text().split())
    duty = "aanbevolen" if amsterdam_day(datetime.now(UTC)) < date(2027, 1, 1) else "verplicht"
    for pattern in (
        "Participatiewet 7 verstrekken 00000099000000002000 13 13",  # receivers by law
        "Er hoort een zaak bij, en die ontbreekt 11",  # refusals
        "Meldingen na de termijn 11",  # overdue corrections
        "Toestemmingen gegeven 12",  # consents
        "Toestemmingen ingetrokken minder dan 10",
        f"Datalekken {sum(map(within, BREACHES))}",  # incidents
        "Rechten die niemand gebruikte [1-9]",  # unused rights
        "POL-[123]",
        f"FSC Core en Logging {duty}",  # standards
    ):
        assert re.search(pattern, text), f"{pattern}: {text}"


async def test_who_lacks_an_explanation_is_told_and_a_wrong_list_is_refused(scene: Scene) -> None:
    told = await scene.typed("measure")
    assert isinstance(told, list)
    standings = {(each["standard"], each["service"]): each for each in told}
    assert standings["api-design-rules", "zaken"]["mustExplain"] is False
    assert standings["openapi", "zaken"]["mustExplain"] is True
    assert standings["authzen-nlgov", "zaken"]["state"] == "nvt"
    assert standings["authzen-nlgov", "uitkeringen"]["state"] == "voldoet"
    done = await type_comply(scene.organisation, "measure", command=standard)
    assert done.exit_code == 1
    assert "is lacking" in done.stdout
    listed = await scene.typed("list")
    assert isinstance(listed, list)
    assert [each["duty"] for each in listed[0]["duties"]] == ["aanbevolen", "verplicht"]
    folder = scene.organisation.settings.path.parent
    (folder / "standaarden.toml").write_text(OWN.replace('"zgw"', '"zwg"'), encoding="utf-8")
    for command in ("measure", "list"):
        with pytest.raises(Trouble, match="did you mean zgw"):
            await scene.typed(command)
    (folder / "standaarden.toml").write_text(OWN, encoding="utf-8")


async def test_a_day_that_was_measured_is_replaced_and_an_earlier_one_is_not(scene: Scene) -> None:
    pool: asyncpg.Pool = scene.open.pool
    before = await pool.fetch("SELECT day, count(*) FROM registers.standard_state GROUP BY 1")
    await scene.typed("measure")
    after = await pool.fetch("SELECT day, count(*) FROM registers.standard_state GROUP BY 1")
    assert sorted(map(tuple, before)) == sorted(map(tuple, after))
    assert len(before) == 2


async def test_anybody_reads_what_is_published_without_what_is_held_back(scene: Scene) -> None:
    organisation, database = scene.organisation, scene.organisation.database
    pools = [await database.pool(room) for room in ("console", "purposes", "logboek")]
    done = await type_comply(organisation, "quarter", QUARTER, "--json", command=report)
    whole = replace(read_content(json.dumps(json.loads(done.stdout)["report"])), is_whole=True)
    made = await keep(pools[0], whole, "fg", datetime.now(UTC))
    words = ("publish", QUARTER, "--version")
    early = await type_comply(organisation, *words, str(made.version - 1), command=report)
    assert (early.exit_code, "whole" in early.stderr) == (3, True)
    assert await published(*pools) == []
    for code in (0, 3):
        typed = await type_comply(organisation, *words, str(made.version), command=report)
        assert typed.exit_code == code, typed.output
    # The one activity of the register is held back by a decision: nobody is told who got its data.
    ((_, told),) = await published(*pools)
    assert (told.receivers, told.unused) == ((), ())
    officers = await database.pool("logboek", role="landschap_disclosure")
    (hold,) = [each for each in await holds(officers) if each.stands]
    assert await lift_hold(officers, hold.hold_id, ("fg", "cz"), "onderzoek is klaar") is not None
    ((_, told),) = await published(*pools)
    # Of an activity that the register does not know, nothing is told either.
    assert [each.activity for each in told.receivers] == [ACTIVITY]
    page = (await scene.open.get("/verantwoording")).text
    for shown in ("Participatiewet 7", "Er hoort een zaak bij", "minder dan 10", "Datalekken",
                  "Misschien staat hier niet alles."):  # fmt: skip
        assert shown in page, shown
    for hidden in ("POL-", "Geheime verwerkingen", "niet te vertellen", "Bewaarstops"):
        assert hidden not in page, hidden
    assert "Who got data, by which law" in (await scene.open.get("/en/verantwoording")).text
    (figures,) = (await scene.open.get("/register/v1/kwartaalberichten")).json()["results"]
    assert figures["geweigerd"][0] == {"code": "case_missing", "keer": 11}
    assert figures["aantallen"]["consents_withdrawn"] is None
    assert not any("held" in name or "hold" in name for name in figures["aantallen"])
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await pools[0].execute("DELETE FROM report_publication")
