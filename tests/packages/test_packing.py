# SPDX-License-Identifier: EUPL-1.2
"""``landschap pack``: what goes in, what is refused with its place, and that it is one form."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import pytest
from tests.packages.package_rig import MAKER, TWO, Town


async def test_a_package_holds_all_that_was_set_up_and_nothing_of_this_place(
    maker: Town, tmp_path: Path
) -> None:
    package = await maker.pack(tmp_path / "een.pakket")
    with zipfile.ZipFile(package) as file:
        texts = {name: file.read(name).decode() for name in file.namelist()}
    kinds = {name.split("/")[0] for name in texts}
    assert kinds == {"registers", "bronnen", "services", "doelbinding", "pakket.json",
                     "pakket.jws", "pakket.pem"}  # fmt: skip
    assert "doelbinding/toetsen/bijstand.toml" in texts
    assert "doelbinding/leveringen.toml" not in texts, "the author left it out"
    assert not [name for name in texts if name.endswith(".voorbeeld.yaml")]
    whole = "".join(text for name, text in texts.items() if not name.startswith("pakket."))
    for own in ("Gemeente Weesp", "weesp.example", "8702", "leverancier.key", MAKER,
                "00000099000000003000"):  # fmt: skip
        assert own not in whole
    told = json.loads(texts["pakket.json"])
    assert told["parameters"]["vragers"] == {
        "kind": "oins",
        "meaning": "De gemeenten die bij u mogen vragen.",
    }
    assert {"kind": "model", "name": "bag.pand", "version": "1.0.0"} in told["parts"]
    assert {"kind": "policy", "name": "bijstand-andere-gemeenten", "version": "1"} in told["parts"]


async def test_the_same_content_is_the_same_bytes(maker: Town, tmp_path: Path) -> None:
    one = await maker.pack(tmp_path / "een.pakket")
    two = await maker.pack(tmp_path / "twee.pakket")
    assert one.read_bytes() == two.read_bytes()
    await maker.pack(one)  # what is there already is left as it is


async def test_a_file_that_is_there_is_never_written_over(maker: Town, tmp_path: Path) -> None:
    out = tmp_path / "een.pakket"
    out.write_bytes(b"iets anders")
    done = await maker.run("pack", maker.folder, "--out", out)
    assert done.code == 1
    assert "is there already" in done.err
    assert out.read_bytes() == b"iets anders"


REGISTER, SOURCE, MODEL = (
    "doelbinding/register.toml",
    "bronnen/woon-en-uitkeringssituatie.yaml",
    "registers/inwoners/inwoner.schema.json",
)


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        (REGISTER, "# welke velden", "# zoals 999993653: welke velden",
         f"{REGISTER}:3: person: holds a number like that of a person"),
        (MODEL, '"title": "Naam",', '"title": "Naam", "examples": [{"geslachtsnaam": "Moulin"}],',
         f"{MODEL}:1: /properties/naam/examples: holds an example of personal data"),
        (SOURCE, "gebouwen.leverancier.test:8702", "gebouwen.elders.test",
         f"{SOURCE}:63: bronnen.panden.url: is of this place only; make it a parameter"),
        (SOURCE, "bestand: leverancier.key", "bestand: sleutel-van-ons",
         "bronnen.panden.geheim: is of this place only; make it a parameter of kind file"),
        (REGISTER, "[[groep]]", "# -----BEGIN PRIVATE KEY-----\n[[groep]]", "secret: holds what"),
        (REGISTER, 'leden = ["00000099000000003000"]',
         'leden = ["00000099000000003000", "00000099000000007000"]', "organisation: holds the number"),
        (REGISTER, 'velden = [\n  "burgerservicenummer",\n  "geboortedatum",',
         'velden = [\n  "burgerservicenummer",\n  "uitkering.bedrag",\n  "geboortedatum",',
         "there is no field uitkering.bedrag in what answers for it; did you mean uitkering."),
        (SOURCE, "uitkeringen.norm]", "uitkeringen.nrm]", "did you mean norm"),
        ("doelbinding/toetsen/bijstand.toml", '"weigeren"', '"toestaan"',
         "hoe groot de woning is, is niet nodig: this test does not hold"),
        ("pakket.toml", "[parameters.gemeente]",
         '[parameters.over]\nsoort = "text"\nuitleg = "x"\nwaarde = "Nergens"\n[parameters.gemeente]',
         "parameters.over: its value stands in no file"),
        ("pakket.toml", "services/inwoners-bulk.toml", "services/geen.toml",
         "there is no services/geen.toml to leave out"),
        (REGISTER, "# Het register van", "# $(naam) Het register van", "stands for a parameter"),
        (REGISTER, 'afgeleid = [{ veld = "meerderjarig", uit = ["geboortedatum"] }]', "",
         "meerderjarig follows from geboortedatum: say so in afgeleid"),
        (REGISTER, 'veld = "meerderjarig", uit = ["geboortedatum"]',
         'veld = "adres.postcode", uit = ["geboortedatum"]',
         "adres.postcode is not derived in what answers for it"),
    ],
    ids=["a person", "an example person", "a machine", "a key file", "a secret", "an organisation",
         "a field the source lacks", "a column the model lacks", "a failing test",
         "a parameter of nothing", "leaves out nothing", "a place",
         "a derived field that is not told", "a derived field that is none"],
)  # fmt: skip
async def test_what_may_not_leave_or_does_not_fit_is_refused_with_its_place(
    maker: Town, tmp_path: Path, file: str, old: str, new: str, told: str
) -> None:
    maker.change(file, old, new)
    out = tmp_path / "een.pakket"
    done = await maker.run("pack", maker.folder, "--out", out)
    assert done.code == 1
    assert told in done.err
    assert "999993653" not in done.err
    assert not out.exists()


async def test_a_link_that_leads_out_of_the_folder_is_refused(maker: Town, tmp_path: Path) -> None:
    (tmp_path / "elders.toml").write_text('[[groep]]\nnaam = "x"\nleden = []\n')
    (maker.folder / "doelbinding" / "link.toml").symlink_to(tmp_path / "elders.toml")
    done = await maker.run("pack", maker.folder, "--out", tmp_path / "een.pakket")
    assert "leads to a file outside" in done.err


async def test_what_is_in_force_is_packed_and_a_file_that_says_otherwise_refused(
    maker: Town, tmp_path: Path
) -> None:
    heading = (maker.folder / "pakket.toml").read_text()
    left_out = heading[heading.index("laat_weg = [") : heading.index("]") + 1]
    maker.change("pakket.toml", left_out, "laat_weg = []")
    out = tmp_path / "een.pakket"
    assert "no register of purposes is in force" in (await maker.run("pack", "--out", out)).err
    for words in (("apply", *TWO), ("service", "apply"), ("model", "apply")):
        done = await maker.run(*words)
        assert done.code == 0, done.err
    done = await maker.run("pack", "--out", out, "--json")
    assert done.code == 0, done.err
    assert {"doelbinding/beleid.toml", "doelbinding/toetsen/bijstand.toml"} <= set(
        done.json["files"]
    )
    maker.change("services/woon-en-uitkeringssituatie.toml", "4096", "8192")
    done = await maker.run("pack", "--out", tmp_path / "twee.pakket")
    assert "woon-en-uitkeringssituatie: the file is not what is in force" in done.err
    maker.change("services/woon-en-uitkeringssituatie.toml", "8192", "4096")
    maker.change("registers/bag/pand.schema.json", '"x-versie": "1.0.0"', '"x-versie": "1.1.0"')
    done = await maker.run("pack", "--out", tmp_path / "twee.pakket")
    assert "these models are not in force: bag.pand" in done.err


async def test_a_package_is_shown_with_its_signer_and_asks_for_values(
    maker: Town, tmp_path: Path
) -> None:
    package = await maker.pack(tmp_path / "een.pakket")
    shown = await maker.run("package", "show", package)
    assert f"signed by Gemeente Weesp ({MAKER})" in shown.out
    assert "parameter vragers: De gemeenten die bij u mogen vragen. (a list of OINs" in shown.out
    told = (await maker.run("package", "show", package, "--json")).json
    assert told["manifest"]["publisher"] == MAKER
    values = await maker.run("package", "values", package)
    assert "vragers = []" in values.out
    with zipfile.ZipFile(io.BytesIO(package.read_bytes())) as file:
        assert told["manifest"] == json.loads(file.read("pakket.json"))
