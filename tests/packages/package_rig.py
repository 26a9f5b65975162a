# SPDX-License-Identifier: EUPL-1.2
"""Two municipalities with a database each: one packs what it set up, the other takes it in."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

from click.testing import CliRunner
from tests.throwaway import Cluster, Database, organisation
from tests.typing_commands import Done

import landschap.cli.demo
from landschap.cli import roof
from landschap.packages.store import history
from landschap.platform.trouble import Trouble
from landschap.purposes.model import Register
from landschap.purposes.store import current_snapshot
from landschap.vocabulary.problems import ProblemError

DATA = Path(landschap.cli.demo.__file__).parent / "data" / "weesp"
MAKER, TAKER = "00000099000000002000", "00000099000000004000"
TWO = ("--author", "A. de Wit", "--approver", "B. Jansen", "--reason", "proef")
VALUES = """
gemeente = "Gemeente Heidedorp"
register_uri = "https://register.heidedorp.example"
vragers = ["00000099000000003000", "00000099000000005000"]
gebouwen_adres = "gebouwen.heidedorp.test:9000"
gebouwen_sleutel = "gebouwen.key"
"""


@dataclass(frozen=True, kw_only=True)
class Town:
    """A municipality, its folder and its database."""

    folder: Path
    oin: str
    database: Database

    @property
    def config(self) -> Path:
        """Its settings."""
        return self.folder / "organisation.toml"

    async def run(self, *words: object) -> Done:
        """Give a command there, in a thread of its own; what it raised is what it said."""
        env = {"LANDSCHAP__POSTGRES__DSN": self.database.settings.postgres.dsn}
        line = [*map(str, words), "--config", str(self.config)]
        done = await asyncio.to_thread(CliRunner(env=env).invoke, roof, line)
        error = done.exception
        if error is not None and not isinstance(error, (SystemExit, Trouble, ProblemError)):
            raise error
        said = "" if error is None or isinstance(error, SystemExit) else str(error)
        return Done(code=done.exit_code, out=done.stdout, err=done.stderr + said)

    def change(self, name: str, old: str, new: str) -> None:
        """Write something else in one of its files."""
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    async def pack(self, out: Path) -> Path:
        """Pack what stands in its folder."""
        done = await self.run("pack", self.folder, "--out", out)
        assert done.code == 0, done.err
        return out

    async def apply(self, package: Path, *words: object) -> Done:
        """Take a package of the maker in, by two people and with our own values."""
        given = ("--from", MAKER, "--values", self.folder / "waarden.toml")
        return await self.run("apply", package, *TWO, *given, *words)

    async def purposes(self) -> Register:
        """The register in force."""
        pool = await self.database.pool("purposes")
        return (await current_snapshot(pool, owner=self.oin))[0].register

    async def taken(self) -> list[str]:
        """The packages that were taken in, the newest first."""
        found = await history(await self.database.pool("packages"))
        return [f"{each.name} {each.version}" for each in found]

    def files(self) -> dict[str, bytes]:
        """Everything in its folder."""
        there = sorted(self.folder.rglob("*"))
        return {str(path.relative_to(self.folder)): path.read_bytes()
                for path in there if path.is_file()}  # fmt: skip


async def town(cluster: Cluster, folder: Path, oin: str, name: str) -> Town:
    """A municipality that has set up nothing yet."""
    database = await cluster.fresh(folder)
    organisation(folder, cluster.anchor, oin=oin, name=name)
    return Town(folder=folder, oin=oin, database=database)


def set_up(made: Town) -> None:
    """What Weesp of the demo declares, in the folder of a municipality."""
    for part in ("registers", "bronnen", "services", "doelbinding"):
        shutil.copytree(DATA / part, made.folder / part)
    shutil.copy(DATA / "pakket.toml", made.folder / "pakket.toml")
