# SPDX-License-Identifier: EUPL-1.2
"""A throw-away organisation and its database, as the fixtures of `conftest` give them."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import asyncpg

from landschap.platform import postgres
from landschap.platform.identity import Issued, Validity, issue_organisation
from landschap.platform.keys import make_secret_keys
from landschap.platform.postgres.roles import ADMINISTRATOR, password_of
from landschap.platform.settings import PostgresSettings, Settings, load_settings
from landschap.vocabulary.identifiers import Oin

_OIN = "00000099000000001000"
TEMPLATE = "landschap_template"
_numbers = count(1)


@dataclass(kw_only=True)
class Database:
    """A fresh database of a throw-away organisation."""

    name: str
    settings: Settings
    _pools: dict[tuple[str, str | None], asyncpg.Pool] = field(default_factory=dict)

    async def pool(self, room: str, *, role: str | None = None) -> asyncpg.Pool:
        """A pool as the room's role (or an extra one), closed when the test ends."""
        if (room, role) not in self._pools:
            self._pools[room, role] = await postgres.pool(self.settings, room, role=role)
        return self._pools[room, role]

    async def administrator(self) -> asyncpg.Connection:
        """A connection that may do everything; the test closes it."""
        return await postgres.administrator(self.settings)

    def close(self) -> None:
        """End all connections."""
        for pool in self._pools.values():
            pool.terminate()


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """The server of this run and its template database."""

    settings: Settings
    anchor: Issued

    def dsn(self, database: str) -> str:
        """The administrator's address of one database."""
        password = password_of(self.settings, ADMINISTRATOR)
        sockets = postgres.socket_folder(self.settings)
        return f"postgresql://{ADMINISTRATOR}:{password}@/{database}?host={sockets}&port=5432"

    async def run(self, statement: str) -> None:
        """One statement outside the tests' databases."""
        connection = await asyncpg.connect(self.dsn("postgres"))
        await connection.execute(statement)
        await connection.close()

    async def fresh(self, folder: Path) -> Database:
        """A new database, with settings of an organisation that lives in ``folder``."""
        name = f"test_{next(_numbers)}"
        # As files: through the log it would be written twice.
        await self.run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY FILE_COPY")
        settings = organisation(folder, self.anchor)
        shutil.copytree(
            self.settings.paths.secrets / "postgres", settings.paths.secrets / "postgres"
        )
        make_secret_keys(settings)
        given = replace(settings, postgres=PostgresSettings(dsn=self.dsn(name)))
        return Database(name=name, settings=given)


def organisation(
    folder: Path,
    anchor: Issued,
    *,
    more: str = "",
    oin: str = _OIN,
    name: str = "Gemeente Proefdorp",
) -> Settings:
    """Settings of an organisation with a certificate of ``anchor``; ``more`` is added TOML."""
    now = datetime.now(UTC)
    issued = issue_organisation(
        anchor,
        oin=Oin.parse(oin),
        name=name,
        hosts=["manager.proefdorp.test", "inway.proefdorp.test"],
        validity=Validity.of_days(now, 90),
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "organisation.crt").write_bytes(issued.certificate_pem)
    (folder / "organisation.key").write_bytes(issued.key_pem)
    (folder / "anchor.crt").write_bytes(anchor.certificate_pem)
    (folder / "organisation.key").chmod(0o600)
    toml = folder / "organisation.toml"
    settings = _ORGANISATION.replace(_OIN, oin).replace("Gemeente Proefdorp", name)
    toml.write_text(settings + more, encoding="utf-8")
    return load_settings(toml, {})


_ORGANISATION = f"""
[organisation]
oin = "{_OIN}"
name = "Gemeente Proefdorp"
group_id = "fsc-test"
fictitious = true

[identity]
certificate = "organisation.crt"
key = "organisation.key"
trust_anchors = ["anchor.crt"]

[addresses]
manager = "https://manager.proefdorp.test:8443"
inway = "https://inway.proefdorp.test:8444"

[directory]
peer_id = "00000099000000009000"
manager_address = "https://manager.gids.test:8443"

[network]
allow_private = true
"""
