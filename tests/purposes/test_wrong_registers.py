# SPDX-License-Identifier: EUPL-1.2
"""A register with something wrong in it, as an officer types it: what is told, and what is kept.

What is wrong stops the register as a whole, with file, line and the nearest name; a permission that
can never apply is warned of, and the register is put in force all the same.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.conftest import Database
from tests.purposes.test_apply import TWO, Type, change, folder, landschap_command

from landschap.platform.trouble import Trouble
from landschap.purposes.store import current_snapshot

__all__ = ["folder", "landschap_command"]

PURPOSE = "https://doelen.landschap.example/id/recht-op-bijstand-vaststellen"
NOTHING = """
[[beleidsregel]]
id = "niemand-iets"
versie = 1
werking = "verbieden"
doel = "*"
organisaties = ["*"]
dienst = "woon-en-uitkeringssituatie"
handelingen = ["*"]
geldig_vanaf = 2020-01-01
uitleg = { nl = "x", en = "x" }
"""


async def wrong(typed: Type, folder: Path) -> str:
    """What is told about a register that is refused."""
    done = await typed("apply", folder, *TWO)
    assert isinstance(done.exception, Trouble), done.output
    return str(done.exception)


async def test_a_field_that_does_not_exist_is_refused_with_the_nearest(
    landschap_command: Type, folder: Path, database: Database
) -> None:
    change(folder, '  "pand.bouwjaar",\n]', '  "pand.bouwjar",\n]')
    told = await wrong(landschap_command, folder)
    assert "register.toml:" in told
    assert "did you mean pand.bouwjaar?" in told
    snapshot, _ = await current_snapshot(await database.pool("purposes"))
    assert not snapshot.purposes


async def test_a_key_of_a_purpose_that_does_not_exist_is_refused_with_the_nearest(
    landschap_command: Type, folder: Path
) -> None:
    text = (folder / "doelen.toml").read_text(encoding="utf-8")
    (folder / "doelen.toml").write_text(text.replace("valt_onder", "valt_onde", 1), "utf-8")
    told = await wrong(landschap_command, folder)
    assert "doelen.toml:" in told
    assert "is not a key of this table; did you mean valt_onder?" in told


async def test_versions_that_overlap_are_refused_with_the_day_to_write(
    landschap_command: Type, folder: Path
) -> None:
    text = (folder / "doelen.toml").read_text(encoding="utf-8")
    begin = text.index("[[doel]]", text.index(PURPOSE) - 60)
    end = text.find("[[", begin + 2)
    entry = text[begin : end if end > 0 else len(text)]
    second = entry.replace("versie = 1", "versie = 2").replace(
        "geldig_vanaf = 2026-01-01", "geldig_vanaf = 2026-07-01"
    )
    assert second != entry
    (folder / "doelen.toml").write_text(f"{text}\n{second}", encoding="utf-8")
    told = await wrong(landschap_command, folder)
    assert "overlaps version 2" in told
    assert "geldig_tot = 2026-07-01" in told


async def test_a_permission_that_can_never_apply_is_warned_of_and_put_in_force(
    landschap_command: Type, folder: Path, database: Database
) -> None:
    (folder / "verboden.toml").write_text(NOTHING, encoding="utf-8")
    dry = await landschap_command("apply", folder, "--dry-run", "--json")
    (warning,) = json.loads(dry.stdout)["warnings"]
    assert "register.toml:" in warning
    assert "beleidsregel 1 (bijstand-andere-gemeenten)" in warning
    assert "can never apply: the prohibition niemand-iets covers it" in warning
    done = await landschap_command("apply", folder, *TWO)
    assert done.exit_code == 0, done.output
    assert f"warning: {warning}" in done.stderr
    assert "warnings" not in done.stdout
    snapshot, _ = await current_snapshot(await database.pool("purposes"))
    assert [each.policy.id for each in snapshot.prohibitions] == ["niemand-iets"]


@pytest.mark.parametrize("text", ["[[doel", "\x00", "[[doel]]\nuri = 3\n"])
async def test_what_is_no_register_is_refused_with_file_and_line(
    landschap_command: Type, folder: Path, text: str
) -> None:
    (folder / "nieuw.toml").write_text(text, encoding="utf-8")
    assert "nieuw.toml:1" in await wrong(landschap_command, folder)
