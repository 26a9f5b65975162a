# SPDX-License-Identifier: EUPL-1.2
"""A table of a real MariaDB as a source: by way of a view, as both names of the address."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from tests.integration.other_rig import asked, declared, door, values
from tests.ports import free_port

from landschap.integration.connectors.database import DatabaseConnector
from landschap.integration.connectors.opening import close_doors
from landschap.integration.rows import Reason, SourceFailed

SOURCE = "    soort: database\n    verbinding: zaak.dsn\n    tabel: {}\n"
DATED = SOURCE + "    tijd: geldig\n    periode: {{begin: geboekt}}\n"
SCRIPT = """
CREATE DATABASE zaak; USE zaak;
CREATE TABLE besluiten (
  nummer VARCHAR(20) PRIMARY KEY, volg INT UNSIGNED, datum DATE, geboekt DATETIME,
  leges DECIMAL(9, 2), geheim TEXT
);
INSERT INTO besluiten VALUES
  ('OV-1', 4000000000, '2021-02-01', '2021-02-01 10:00:00', 310.50, 'x'),
  ('OV-2', 2, NULL, NULL, NULL, 'x');
CREATE VIEW voor_ons AS SELECT nummer, volg, datum, geboekt, leges FROM besluiten;
CREATE USER lezer@'127.0.0.1' IDENTIFIED BY 'proef';
GRANT SELECT, SHOW VIEW ON zaak.voor_ons TO lezer@'127.0.0.1';
GRANT SELECT (nummer) ON zaak.besluiten TO lezer@'127.0.0.1';
"""
pytestmark = [
    pytest.mark.long,
    # PostgreSQL and nginx come as pinned packages; MariaDB as a package of the system alone.
    pytest.mark.skipif(
        shutil.which("mariadbd") is None,
        reason="no MariaDB here; as root: apt-get install mariadb-server",
    ),
]


@pytest.fixture(scope="module")
def server(short_folder: Path) -> Iterator[str]:
    """A server that is thrown away; its address without scheme."""
    folder, port = short_folder / "maria", free_port()
    folder.mkdir()
    user = ["--user=mysql"] if os.geteuid() == 0 else []
    if user:
        shutil.chown(folder, "mysql")
    data = f"--datadir={folder}/data"
    subprocess.run(
        ["mariadb-install-db", *user, data, "--auth-root-authentication-method=normal"],
        check=True, capture_output=True,
    )  # fmt: skip
    process = subprocess.Popen(
        ["mariadbd", "--no-defaults", *user, data, f"--port={port}", "--bind-address=127.0.0.1",
         f"--socket={folder}/s"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        for _ in range(400):
            done = subprocess.run(
                ["mariadb", f"--socket={folder}/s", "-u", "root", "-e", SCRIPT],
                check=False, capture_output=True,
            )  # fmt: skip
            if done.returncode == 0:
                break
            time.sleep(0.1)
        assert done.returncode == 0, done.stderr
        yield f"lezer:proef@127.0.0.1:{port}/zaak"
    finally:
        process.terminate()
        process.wait(30)


@pytest.mark.parametrize("scheme", ["mariadb", "mysql"])
async def test_a_view_is_asked_by_key_and_day_and_nothing_beside_it(
    server: str, tmp_path: Path, scheme: str
) -> None:
    (tmp_path / "zaak.dsn").write_text(f"{scheme}://{server}")
    view = declared(SOURCE.format("zaak.voor_ons"), column="nummer")
    by_number = declared(SOURCE.format("voor_ons"), column="volg")
    dated = declared(DATED.format("voor_ons"), column="nummer")
    table = declared(SOURCE.format("besluiten"), column="nummer")
    doors = {
        name: door(each, tmp_path)
        for name, each in {
            "view": view, "number": by_number, "dated": dated, "table": table,
        }.items()
    }  # fmt: skip
    try:
        question = asked("OV-1", "OV-2", columns=["volg", "datum", "leges"], by="nummer")
        assert values(await doors["view"].rows(question)) == [
            {"volg": 4_000_000_000, "datum": "2021-02-01", "leges": 310.5},
            {"volg": 2, "datum": None, "leges": None},
        ]
        question = asked("4000000000", "9" * 30, "x", columns=["nummer"], by="volg")
        assert values(await doors["number"].rows(question)) == [{"nummer": "OV-1"}]
        for day, found in ((date(2021, 2, 1), 0), (date(2021, 2, 2), 1)):
            question = asked("OV-1", columns=["leges"], by="nummer", day=day)
            assert len(await doors["dated"].rows(question)) == found
        for name, column in (("view", "geheim"), ("table", "nummer")):
            with pytest.raises(SourceFailed) as caught:
                await doors[name].rows(asked("OV-1", columns=[column], by="nummer"))
            assert caught.value.reason is Reason.UNREADABLE
        assert isinstance(doors["view"], DatabaseConnector)
        assert list(await doors["view"].columns()) == [
            "nummer",
            "volg",
            "datum",
            "geboekt",
            "leges",
        ]
    finally:
        await close_doors(doors)
