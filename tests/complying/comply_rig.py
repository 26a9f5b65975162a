# SPDX-License-Identifier: EUPL-1.2
"""An organisation of which evidence is asked, and what makes that evidence green or red."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.gateway.gateway_scene import WEESP, register
from tests.gateway.pair_rig import SIGNERS
from tests.registers.rig import WEESP as DEMO
from tests.throwaway import Database

from landschap.cli.complying.asking import Asked, Found
from landschap.cli.complying.controls import Control
from landschap.cli.complying.evidence import find
from landschap.cli.verify import trust_of, verify_database
from landschap.console import store as console
from landschap.logboek.store import LogWriter
from landschap.logboek.worker import Signer, anchor_now
from landschap.platform.ids import uuid7
from landschap.platform.keys import organisation_key, own_certificate
from landschap.platform.settings import Settings
from landschap.purposes.model import ProcessingActivity
from landschap.purposes.store import current_snapshot, save_register
from landschap.registers import client, store

MONTH = timedelta(days=30)
NO_RULE = 'selectielijst = "Selectielijst 2020"\n'
RULES = """
selectielijst = "Selectielijst gemeenten en intergemeentelijke organen 2020"

[[regel]]
id = "ingetrokken"
objecttype = "uitkering"
categorie = "17.1"
resultaat = "Beëindigd"
waardering = "vernietigen"
termijn = "P1Y"
begint = "einde"
"""


@dataclass(kw_only=True)
class Organisation:
    """The organisation, in the middle of a period of two months."""

    database: Database
    settings: Settings

    async def ask(self, evidence: str, *, most: int = 0, ago: timedelta = timedelta(0)) -> Found:
        """What is found now of the period around now, or around a moment ago."""
        now = datetime.now(UTC)
        asked = Asked(
            settings=self.settings, since=now - ago - MONTH, until=now - ago + MONTH, now=now
        )
        control = Control(
            id="proef", article="", nl="", en="", evidence=evidence, ensia="", most=most
        )
        if evidence.startswith("log_"):
            asked.report = await verify_database(self.settings, trust_of(self.settings))
        try:
            return await find(asked, control)
        finally:
            await asked.close()

    async def run(self, statement: str, *values: object) -> None:
        """As the administrator, who may change what nobody else may."""
        owner = await self.database.administrator()
        await owner.execute(statement, *values)
        await owner.close()

    async def register(self, **changes: Any) -> None:
        """Put the register in force, with its one activity changed."""
        pool = await self.database.pool("purposes")
        snapshot, _ = await current_snapshot(pool)
        made = register(WEESP)
        before = snapshot.register.activities
        version = before[0].version + 1 if before else 1
        activity: ProcessingActivity = replace(made.activities[0], version=version, **changes)
        based_on = snapshot.version if before else ""
        await save_register(pool, replace(made, activities=(activity,)), SIGNERS, based_on=based_on)

    async def log(self, drafts: Sequence[Any]) -> None:
        """Record something."""
        writer = LogWriter(self.settings, "proef-0")
        await writer.start()
        await writer.append(drafts)
        await writer.close()

    async def anchor(self) -> None:
        """Sign what was recorded."""
        key: Any = organisation_key(self.settings)
        oin = self.settings.organisation.oin.value
        signer = Signer(oin, key, own_certificate(self.settings))
        assert await anchor_now(await self.database.pool("logboek"), signer) is not None

    async def emergency(self, begun: datetime) -> console.Used:
        """Somebody used emergency access for half an hour."""
        used = console.Used(
            emergency_id=uuid7(), subject="m.dewit", name="M. de Wit", own_roles=("balie",),
            role="inzage", reason="de dienst lag eruit", begun_at=begun,
            until=begun + timedelta(minutes=30),
        )  # fmt: skip
        await console.begin_emergency(await self.database.pool("console"), used)
        return used

    async def registers(self) -> Any:
        """Residents and benefits of the demo, loaded; the register of benefits."""
        folder = self.settings.path.parent / client.MODELS_FOLDER
        for name in ("inwoners", "uitkeringen"):
            shutil.copytree(DEMO / "registers" / name, folder / name)
        found = client.read_models(folder)
        pool = await self.database.pool("registers")
        for name in ("inwoners", "uitkeringen"):
            one = found.by_name[name]
            readings = client.read_extract(one, DEMO / "gegevens" / f"{name}.jsonl")
            async for _ in store.load(pool, one, readings):
                pass
        return found.by_name["uitkeringen"]

    def rules(self, name: str, text: str) -> None:
        """The rules of retention of a register."""
        folder = self.settings.path.parent / client.MODELS_FOLDER / name
        (folder / "bewaartermijnen.toml").write_text(text, encoding="utf-8")
