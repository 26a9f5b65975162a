# SPDX-License-Identifier: EUPL-1.2
"""``landschap apply PACKAGE``: seen through, put in force whole, and what is ours stays ours."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.packages.package_rig import MAKER, TWO, Town

from landschap.gateway.store import services
from landschap.purposes.model import Policy, Register
from landschap.registers.client import read_models
from landschap.registers.store import adopted

POLICY = "bijstand-andere-gemeenten"
REGISTER = "doelbinding/register.toml"
SOURCE = "bronnen/woon-en-uitkeringssituatie.yaml"


@pytest.fixture
async def package(maker: Town, tmp_path: Path) -> Path:
    return await maker.pack(tmp_path / "1.0.0.pakket")


async def newer(maker: Town, out: Path, version: str = "1.1.0") -> Path:
    """What the maker has now, under a higher version."""
    heading = maker.folder / "pakket.toml"
    text = heading.read_text(encoding="utf-8")
    before = next(line for line in text.splitlines() if line.startswith("versie"))
    heading.write_text(text.replace(before, f'versie = "{version}"'), encoding="utf-8")
    return await maker.pack(out / f"{version}.pakket")


def policy_of(register: Register, name: str = POLICY) -> Policy:
    return next(each for each in register.policies if each.id == name)


def raised(maker: Town) -> None:
    """The maker writes another text for a policy, under a higher version."""
    maker.change(REGISTER, f'id = "{POLICY}"\nversie = 1', f'id = "{POLICY}"\nversie = 2')
    maker.change(REGISTER, "Een gemeente die over bijstand beslist, mag", "Wie beslist, mag")


async def test_it_is_in_force_whole_with_our_own_values(taker: Town, package: Path) -> None:
    done = await taker.apply(package)
    assert done.code == 0, done.err
    register = await taker.purposes()
    assert register.owner == taker.oin
    (group,) = register.groups
    assert group.members == ("00000099000000003000", "00000099000000005000")
    assert policy_of(register).provider == taker.oin
    assert {each.uri.split("/")[2] for each in register.activities} == {
        "register.heidedorp.example"
    }
    (offered,) = await services(await taker.database.pool("gateway"))
    assert offered.name == "woon-en-uitkeringssituatie"
    source = (taker.folder / SOURCE).read_text(encoding="utf-8")
    assert "http://gebouwen.heidedorp.test:9000/panden" in source
    assert "bronhouder: Gemeente Heidedorp" in source
    models = read_models(taker.folder / "registers")
    pool = await taker.database.pool("registers")
    in_force = {
        each.type_key for one in models.by_name.values() for each in await adopted(pool, one)
    }
    assert "bag.pand" in in_force
    assert await taker.taken() == ["bijstand-bij-verhuizing 1.0.0"]
    told = (await taker.run("package", "list", "--json")).json
    assert (told[0]["signer"], told[0]["author"], told[0]["approver"]) == (
        MAKER, "A. de Wit", "B. Jansen",
    )  # fmt: skip


async def test_a_dry_run_tells_the_difference_and_leaves_everything_as_it_was(
    taker: Town, package: Path
) -> None:
    before = taker.files()
    told = (await taker.apply(package, "--dry-run", "--json")).json
    assert told["applied"] is False
    assert told["signer"] == {"oin": MAKER, "name": "Gemeente Weesp"}
    assert SOURCE in told["files"]
    assert f"policy {POLICY}" in {f"{each['kind']} {each['name']}" for each in told["changes"]}
    assert taker.files() == before
    assert (await taker.purposes()).policies == ()
    assert await taker.taken() == []


async def test_taking_it_in_again_changes_nothing(taker: Town, package: Path) -> None:
    await taker.apply(package)
    before = taker.files()
    again = await taker.run("apply", package, *TWO)
    assert "nothing to change" in again.out, again.err
    assert taker.files() == before
    assert await taker.taken() == ["bijstand-bij-verhuizing 1.0.0"]


async def test_a_change_of_ours_stays_when_a_newer_package_comes(
    maker: Town, taker: Town, package: Path, tmp_path: Path
) -> None:
    await taker.apply(package)
    taker.change("doelbinding/beleid.toml", 'id = "consulent-ziet-inwoner"\nversie = 1',
                 'id = "consulent-ziet-inwoner"\nversie = 2')  # fmt: skip
    taker.change("doelbinding/beleid.toml", "Een consulent ziet wie de aanvrager is",
                 "Bij ons ziet een consulent wie de aanvrager is")  # fmt: skip
    assert (await taker.run("apply", *TWO)).code == 0
    taker.change(SOURCE, "tijdbudget_ms: 2000", "tijdbudget_ms: 3000")
    raised(maker)
    maker.change("registers/inwoners/inwoner.schema.json", '"x-versie": "1.0.0"',
                 '"x-versie": "1.0.1"')  # fmt: skip
    done = await taker.run("apply", await newer(maker, tmp_path), *TWO, "--json")
    assert done.code == 0, done.err
    assert {SOURCE, "policy consulent-ziet-inwoner"} <= set(done.json["kept"])
    register = await taker.purposes()
    assert policy_of(register).version == 2
    assert policy_of(register).explanation.nl.startswith("Wie beslist, mag")
    ours = policy_of(register, "consulent-ziet-inwoner")
    assert ours.explanation.nl.startswith("Bij ons ziet")
    assert "tijdbudget_ms: 3000" in (taker.folder / SOURCE).read_text()
    model = taker.folder / "registers" / "inwoners" / "inwoner.schema.json"
    assert '"x-versie": "1.0.1"' in model.read_text()
    assert await taker.taken() == [
        "bijstand-bij-verhuizing 1.1.0", "bijstand-bij-verhuizing 1.0.0",
    ]  # fmt: skip


async def test_what_both_changed_is_told_and_waits_for_a_choice(
    maker: Town, taker: Town, package: Path, tmp_path: Path
) -> None:
    await taker.apply(package)
    taker.change("doelbinding/beleid.toml", f'id = "{POLICY}"\nversie = 1',
                 f'id = "{POLICY}"\nversie = 2')  # fmt: skip
    taker.change("doelbinding/beleid.toml", "Een gemeente die over bijstand beslist, mag",
                 "Een buurgemeente mag")  # fmt: skip
    assert (await taker.run("apply", *TWO)).code == 0
    taker.change(SOURCE, "tijdbudget_ms: 2000", "tijdbudget_ms: 3000")
    raised(maker)
    maker.change(SOURCE, "tijdbudget_ms: 2000", "tijdbudget_ms: 1000")
    second = await newer(maker, tmp_path)
    before = taker.files()
    done = await taker.run("apply", second, *TWO)
    assert done.code == 1
    assert f"policy {POLICY}: changed on both sides: explanation" in done.err
    assert f"{SOURCE}: changed on both sides" in done.err
    assert taker.files() == before
    assert policy_of(await taker.purposes()).explanation.nl.startswith("Een buurgemeente mag")
    wrong = await taker.run("apply", second, *TWO, "--keep", f"policy {POLICY}n")
    assert f"did you mean policy {POLICY}" in wrong.err
    told = (await taker.run("apply", second, "--dry-run", "--json")).json
    assert {each["name"] for each in told["conflicts"]} == {SOURCE, f"policy {POLICY}"}
    choices = ("--keep", SOURCE, "--take", f"policy {POLICY}")
    assert (await taker.run("apply", second, *TWO, *choices)).code == 0
    assert "tijdbudget_ms: 3000" in (taker.folder / SOURCE).read_text()
    taken = policy_of(await taker.purposes())
    assert (taken.version, taken.explanation.nl[:11]) == (3, "Wie beslist")


async def test_what_is_missing_is_named_all_at_once(taker: Town, package: Path) -> None:
    (taker.folder / "waarden.toml").write_text('gemeente = "Gemeente Heidedorp"\nvrager = []\n')
    done = await taker.apply(package)
    assert done.code == 1
    for name in ("register_uri: is missing", "gebouwen_adres: is missing",
                 "gebouwen_sleutel: is missing", "vragers: is missing",
                 "vrager: is no parameter of this package; did you mean vragers"):  # fmt: skip
        assert name in done.err
    assert await taker.taken() == []


async def test_who_signed_must_be_named_the_first_time_and_stays_the_same(
    taker: Town, package: Path
) -> None:
    values = ("--values", taker.folder / "waarden.toml")
    done = await taker.run("apply", package, *TWO, *values)
    assert f"signed by Gemeente Weesp ({MAKER})" in done.err
    assert f"--from {MAKER}" in done.err
    other = await taker.run("apply", package, *TWO, *values, "--from", "00000099000000009000")
    assert "and not by 00000099000000009000" in other.err
    assert await taker.taken() == []


async def test_lower_and_equal_versions_with_other_content_are_refused(
    maker: Town, taker: Town, package: Path, tmp_path: Path
) -> None:
    second = await newer(maker, tmp_path)
    assert (await taker.apply(second)).code == 0
    down = await taker.apply(package)
    assert "1.1.0 is in force, and this is 1.0.0" in down.err
    raised(maker)
    (tmp_path / "ander").mkdir()
    same = await taker.apply(await newer(maker, tmp_path / "ander"))
    assert "1.1.0 is in force with other content" in same.err
    assert policy_of(await taker.purposes()).version == 1


async def test_a_package_for_a_newer_program_is_refused(
    maker: Town, taker: Town, tmp_path: Path
) -> None:
    maker.change("pakket.toml", 'versie = "1.0.0"', 'versie = "1.0.0"\nvereist = "99.0.0"')
    done = await taker.apply(await maker.pack(tmp_path / "een.pakket"))
    assert "this package needs landschap 99.0.0" in done.err


async def test_one_person_can_not_take_it_in(taker: Town, package: Path) -> None:
    before = taker.files()
    done = await taker.apply(package, "--approver", "a. de wit")
    assert "register_one_person" in done.err
    assert taker.files() == before
    assert await taker.taken() == []


async def test_a_fault_at_the_last_moment_leaves_nothing_half_done(
    taker: Town, package: Path
) -> None:
    """The database refuses the last row: files, policies, models and services are as they were."""
    owner = await taker.database.administrator()
    await owner.execute("REVOKE INSERT ON packages.applied FROM landschap_packages")
    before = taker.files()
    with pytest.raises(Exception, match="permission denied"):
        await taker.apply(package)
    assert taker.files() == before
    assert (await taker.purposes()).policies == ()
    assert await services(await taker.database.pool("gateway")) == []
    assert await owner.fetchval("SELECT count(*) FROM registers.model") == 0
    await owner.execute("GRANT INSERT ON packages.applied TO landschap_packages")
    await owner.close()
    assert (await taker.apply(package)).code == 0


async def test_a_file_that_can_not_be_written_changes_nothing(taker: Town, package: Path) -> None:
    (taker.folder / "bronnen").write_text("no folder")
    before = taker.files()
    done = await taker.apply(package)
    assert done.code == 1
    assert "can not be written" in done.err
    assert taker.files() == before
    assert (await taker.purposes()).policies == ()


async def test_two_packages_that_define_one_purpose_alike_share_it(
    maker: Town, taker: Town, package: Path, tmp_path: Path
) -> None:
    await taker.apply(package)
    maker.change("pakket.toml", 'naam = "bijstand-bij-verhuizing"', 'naam = "een-ander"')
    other = await maker.pack(tmp_path / "ander.pakket")
    done = await taker.apply(other)
    assert "nothing to change" in done.out, done.err
    maker.change("pakket.toml", 'naam = "een-ander"', 'naam = "bijstand-bij-verhuizing"')
    maker.change("doelbinding/doelen.toml", "parkeervergunning-verlenen", "parkeren")
    maker.change("doelbinding/toetsen/bijstand.toml", "parkeervergunning-verlenen", "parkeren")
    assert (await taker.apply(await newer(maker, tmp_path))).code == 0
    names = {each.uri.rpartition("/")[2] for each in (await taker.purposes()).purposes}
    assert {"parkeervergunning-verlenen", "parkeren"} <= names, "the other package still holds it"


async def test_two_packages_that_define_one_purpose_otherwise_are_told(
    maker: Town, taker: Town, package: Path, tmp_path: Path
) -> None:
    await taker.apply(package)
    maker.change("pakket.toml", 'naam = "bijstand-bij-verhuizing"', 'naam = "een-ander"')
    maker.change("doelbinding/doelen.toml", "Inwoners helpen aan werk of een inkomen.", "Iets.")
    done = await taker.apply(await maker.pack(tmp_path / "ander.pakket"))
    assert done.code == 1
    assert "purpose https://doelen.landschap.example/id/werk-en-inkomen: differs here" in done.err
    assert await taker.taken() == ["bijstand-bij-verhuizing 1.0.0"]


async def test_what_does_not_hold_here_is_refused(
    maker: Town, taker: Town, package: Path, tmp_path: Path
) -> None:
    """A newer model of ours lost a column that the package's logical source reads."""
    await taker.apply(package)
    taker.change(
        "registers/inwoners/inwoner.schema.json", '"nummeraanduiding": {', '"woonadres": {'
    )
    taker.change("registers/inwoners/inwoner.schema.json", '"nummeraanduiding"\n', '"woonadres"\n')
    raised(maker)
    done = await taker.run("apply", await newer(maker, tmp_path), *TWO)
    assert done.code == 1
    assert "column of inwoners.inwoner 'nummeraanduiding' does not exist" in done.err
    assert policy_of(await taker.purposes()).version == 1


async def test_a_test_of_the_policies_that_does_not_hold_here_is_refused(
    maker: Town, taker: Town, package: Path, tmp_path: Path
) -> None:
    await taker.apply(package)
    taker.change("doelbinding/beleid.toml", 'organisaties = ["gemeenten-met-bijstandsvraag"]',
                 'organisaties = ["*own"]')  # fmt: skip
    taker.change("doelbinding/beleid.toml", f'id = "{POLICY}"\nversie = 1',
                 f'id = "{POLICY}"\nversie = 2')  # fmt: skip
    assert (await taker.run("apply", *TWO)).code == 0
    done = await taker.run("apply", await newer(maker, tmp_path), *TWO)
    assert done.code == 1
    assert "een andere gemeente ziet de uitkering" in done.err
    assert "besluit: expected toestaan, found weigeren" in done.err


async def test_files_that_a_person_wrote_are_left_alone(taker: Town, package: Path) -> None:
    own = taker.folder / "doelbinding"
    own.mkdir()
    text = '# Van ons.\n[[groep]]\nnaam = "buren"\nleden = ["00000099000000008000"]\n'
    (own / "eigen.toml").write_text(text)
    assert (await taker.run("apply", *TWO)).code == 0
    done = await taker.apply(package)
    assert done.code == 0, done.err
    assert (own / "eigen.toml").read_text() == text
    assert "`landschap purpose export` writes them anew" in done.err
    assert {each.name for each in (await taker.purposes()).groups} == {
        "buren", "gemeenten-met-bijstandsvraag",
    }  # fmt: skip
    again = await taker.run("apply", *TWO)
    assert "register_newer" in again.err, "older files do not undo it"


async def test_options_of_a_package_on_a_folder_are_wrong_use(taker: Town) -> None:
    done = await taker.run("apply", taker.folder, "--from", MAKER)
    assert done.code == 2
    assert "are for a package" in done.err
