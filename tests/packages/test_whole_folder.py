# SPDX-License-Identifier: EUPL-1.2
"""``landschap apply FOLDER``: all that an organisation declares, seen as a whole, in force at once."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.packages.package_rig import TWO, Town

from landschap.gateway.store import services

REGISTER = "doelbinding/register.toml"
SERVICE = "services/woon-en-uitkeringssituatie.toml"
MODEL = "registers/bag/pand.schema.json"


async def models(town: Town) -> int:
    """How many versions of models are in the database, whatever the files say."""
    owner = await town.database.administrator()
    try:
        found: int = await owner.fetchval("SELECT count(*) FROM registers.model")
        return found
    finally:
        await owner.close()


async def offered(town: Town) -> list[str]:
    return [each.name for each in await services(await town.database.pool("gateway"))]


async def test_all_of_it_is_told_and_then_in_force(maker: Town) -> None:
    told = (await maker.run("apply", maker.folder, "--dry-run", "--json")).json
    assert told["applied"] is False
    assert {"type": "bag.pand", "from": None, "to": "1.0.0"} in told["models"]
    assert "added: offered service woon-en-uitkeringssituatie" in told["services"]
    assert "bijstand-andere-gemeenten" in {each["name"] for each in told["changes"]}
    assert ((await maker.purposes()).policies, await models(maker), await offered(maker)) == (
        (), 0, [],
    )  # fmt: skip
    done = await maker.run("apply", maker.folder, *TWO)
    assert done.code == 0, done.err
    assert len((await maker.purposes()).policies) > 3
    assert await models(maker) == 11
    assert await offered(maker) == [
        "aanvrager-en-woning", "inwoners-bulk", "omgevingsvergunningen-bijhouden",
        "woon-en-uitkeringssituatie",
    ]  # fmt: skip
    again = await maker.run("apply", maker.folder, *TWO)
    assert "nothing to change" in again.out, again.err


async def test_a_later_change_shows_only_what_differs(maker: Town) -> None:
    assert (await maker.run("apply", maker.folder, *TWO)).code == 0
    maker.change(SERVICE, "4096", "8192")
    maker.change(MODEL, '"x-versie": "1.0.0"', '"x-versie": "1.1.0"')
    told = (await maker.run("apply", maker.folder, "--dry-run", "--json")).json
    assert told["changes"] == []
    assert told["services"] == ["changed: offered service woon-en-uitkeringssituatie"]
    assert told["models"] == [{"type": "bag.pand", "from": "1.0.0", "to": "1.1.0"}]


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (REGISTER, '  "uitkering.norm",\n', '  "uitkering.nrm",\n',
         "there is no field uitkering.nrm in what answers for it; did you mean uitkering.norm"),
        (SERVICE, 'recording = "self"', 'recording = "intent"', "holds personal data"),
        ("doelbinding/toetsen/bijstand.toml", '"weigeren"', '"toestaan"', "expected toestaan"),
        ("bronnen/woon-en-uitkeringssituatie.yaml", "objecttype: woonplaats",
         "objecttype: woonplaatsen", "object type 'woonplaatsen' does not exist"),
        (MODEL, '"type": "object"', '"type": "objekt"', "did you mean object"),
        (SERVICE, "recording", "recoding", "did you mean recording"),
    ],
)  # fmt: skip
async def test_one_part_that_does_not_fit_keeps_the_whole_out(
    maker: Town, file: str, old: str, new: str, words: str
) -> None:
    maker.change(file, old, new)
    for how in (("--dry-run",), TWO):
        done = await maker.run("apply", maker.folder, *how)
        assert done.code == 1
        assert words in done.err
    assert ((await maker.purposes()).policies, await models(maker), await offered(maker)) == (
        (), 0, [],
    )  # fmt: skip


async def test_a_model_that_may_not_follow_keeps_the_policies_out_too(maker: Town) -> None:
    assert (await maker.run("apply", maker.folder, *TWO)).code == 0
    before = await maker.purposes()
    maker.change(MODEL, '"oorspronkelijkBouwjaar"', '"bouwjaar"')
    maker.change(REGISTER, 'id = "bijstand-andere-gemeenten"\nversie = 1',
                 'id = "bijstand-andere-gemeenten"\nversie = 2')  # fmt: skip
    maker.change(REGISTER, "Een gemeente die over bijstand beslist, mag", "Wie beslist, mag")
    done = await maker.run("apply", maker.folder, *TWO)
    assert done.code == 1
    assert "bag.pand: " in done.err
    assert await maker.purposes() == before


async def test_a_folder_elsewhere_and_one_person_are_refused(maker: Town, tmp_path: Path) -> None:
    (tmp_path / "elders" / "registers").mkdir(parents=True)
    done = await maker.run("apply", tmp_path / "elders", *TWO)
    assert "is not the folder of" in done.err
    one = await maker.run("apply", maker.folder, "--author", "A. de Wit")
    assert "register_one_person" in one.err
    assert await offered(maker) == []
