# SPDX-License-Identifier: EUPL-1.2
"""What tests of destroying share: who signs, a list in one line, and doing it as the keeper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg
from tests.registers.rig import kind_of
from tests.throwaway import Database

from landschap.fsc.keys import private_key
from landschap.logboek.pseudonyms import as_subject_id, subject_pseudonym
from landschap.platform.ids import uuid7
from landschap.platform.keys import organisation_key, own_certificate, secret_key
from landschap.registers import store
from landschap.registers.disposal import Act, DisposalList, Ground, Item, Person
from landschap.registers.models import ObjectType, Register
from landschap.registers.retention import Groups, Rules, value_at
from landschap.registers.statements import Signing
from landschap.registers.store import destroying, disposal

ANNA = Person("Anna de Wit", "informatiebeheerder")
BAS = Person("Bas Oud", "archivaris")
KEEPER = "landschap_registers_keeper"


@dataclass(kw_only=True)
class Destroyer:
    """Proposes, approves and destroys in one database and one register."""

    database: Database
    register: Register
    pool: asyncpg.Pool
    keeper: asyncpg.Pool
    rules: Rules | None = None

    @classmethod
    async def of(
        cls, database: Database, register: Register, rules: Rules | None = None
    ) -> Destroyer:
        return cls(
            database=database, register=register, rules=rules,
            pool=await database.pool("registers"),
            keeper=await database.pool("registers", role=KEEPER),
        )  # fmt: skip

    @property
    def signing(self) -> Signing:
        settings = self.database.settings
        return Signing(
            oin=settings.organisation.oin.value,
            name=settings.organisation.name,
            key=private_key(organisation_key(settings)),
            certificate=own_certificate(settings),
        )

    def pseudonyms(self, kind: ObjectType, groups: Groups) -> Sequence[str]:
        subject = kind.subject
        if subject is None:
            return ()
        numbers = {
            value_at(assertion.content or {}, subject.name)
            for group in groups.values()
            for assertion in group
        }
        return [self.pseudonym(subject.subject_kind, n) for n in numbers if isinstance(n, str)]

    def pseudonym(self, kind: str, number: str) -> str:
        settings = self.database.settings
        key = secret_key(settings, "pseudonym")
        return as_subject_id(subject_pseudonym(key, settings.organisation.oin, kind, number))

    async def propose(
        self, ids: Sequence[str], *, act: Act = Act.ERASE, ground: str = Ground.REQUEST,
        numbers: tuple[int, ...] | None = None, kind: ObjectType | None = None,
    ) -> DisposalList:  # fmt: skip
        kind = kind or kind_of(self.register)
        items = []
        for object_id in ids:
            last = await self.pool.fetchval(
                "SELECT max(volgnummer) FROM registers.assertion WHERE object_id = $1", object_id
            )
            items.append(
                Item(type_key=kind.key, object_id=object_id, last_number=last, numbers=numbers)
            )
        made = DisposalList(
            list_id=uuid7(), register=self.register.name, act=act, ground=ground,
            proposer=ANNA, items=items,
        )  # fmt: skip
        await disposal.propose(self.pool, made)
        return await self.seen(made)

    async def seen(self, given: DisposalList) -> DisposalList:
        found = await disposal.list_of(self.pool, given.list_id)
        assert found is not None
        return found

    async def approved(self, given: DisposalList) -> DisposalList:
        assert await disposal.approve(self.pool, given, BAS) is None
        return await self.seen(given)

    async def execute(self, given: DisposalList) -> list[destroying.Outcome]:
        keeping = destroying.Keeping(
            register=self.register, rules=self.rules, signing=self.signing,
            executor="Cor Kist", pseudonyms=self.pseudonyms,
        )  # fmt: skip
        return [one async for one in destroying.execute(self.keeper, given, keeping)]

    async def destroy(self, *ids: str, **how: object) -> list[destroying.Outcome]:
        given = await self.propose(list(ids), **how)  # type: ignore[arg-type]  # as given
        return await self.execute(await self.approved(given))

    async def left(self) -> int:
        return await store.differences(self.pool, self.register)
