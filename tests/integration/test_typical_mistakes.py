# SPDX-License-Identifier: EUPL-1.2
"""What colleagues typically write wrong, each told with file, line, field, nearest name, what to do.

The reference page shows the same list, in the same words.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import jsonschema_rs
import pytest
from click.testing import CliRunner
from tests.integration.small import TEXT
from tests.integration.source_rig import DECLARATION, WEESP

from landschap.cli.source import source
from landschap.integration.mistakes import DeclarationError, Report
from landschap.integration.schema import schema
from landschap.integration.yamltree import plain, read_tree

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "declaration-mistakes.md"
DATABASE = """\
  panden:
    soort: database
    verbinding: panden.dsn
    tabel: geo.panden
    tijd: geldig
    periode: {begin: vanaf}
    sleutels: [id]
    bronhouder: B
"""
REST = TEXT[TEXT.index("  panden:\n") : TEXT.index("wortel:")]
SMALL_EXAMPLE = """\
voorbeelden:
  - naam: Alles
    vraag: {sleutel: a1, velden: [postkode], geldigOp: "2026-11-24"}
    bronnen: {adressen: []}
    antwoord: {resultaten: []}
"""


@dataclass(frozen=True, kw_only=True)
class Slip:
    """One mistake: what is replaced by what, and where and how it must be told.

    ``at`` is a part of the line it must point at; ``demo`` says that it is one in the demo's file.
    """

    name: str
    old: str
    new: str
    key: str
    told: str
    nearest: str = ""
    at: str = ""
    demo: bool = False


SLIPS = [
    Slip(name="a key with a typing error", old="sleutel: num", new="sluetel: num",
         key="sluetel", nearest="sleutel", told="key 'sluetel' does not exist"),
    Slip(name="a part that is forgotten", old="versie: 1.0.0\n", new="",
         key="versie", told="is missing", at="logische_bron"),
    Slip(name="a number that must be text", old="versie: 1.0.0", new="versie: 1.0",
         key="versie", told="must be text; put numbers in quotes"),
    Slip(name="a tab instead of spaces", old="  postcode:", new="\tpostcode:",
         key="file", told="not YAML: found character '\\t'"),
    Slip(name="one field twice", old="  woning.strikt:", new="  postcode:",
         key="postcode", told="stands twice in one mapping", at="panden.status, verblijf.status], s"),
    Slip(name="a kind of source that does not exist", old="soort: rest", new="soort: rst",
         key="bronnen.panden.soort", nearest="rest", told="value 'rst' does not exist"),
    Slip(name="a password in the declaration", old=REST,
         new=DATABASE.replace("panden.dsn", "postgresql://lezer:geheim@db/zaken"),
         key="bronnen.panden.verbinding", at="postgresql://",
         told="must be the name of a file in the secrets folder; put the secret in there"),
    Slip(name="a time axis without the column for it", old=REST,
         new=DATABASE.replace("    periode: {begin: vanaf}\n", ""), key="bronnen.panden.tijd",
         at="tijd: geldig",
         told="to ask as of a day, periode must name the column in which a row begins"),
    Slip(name="an address without a key", old="?id={id}", new="?id=",
         key="bronnen.panden.url", at="url:",
         told="must start with http:// or https:// and hold exactly one key in braces"),
    Slip(name="a register that does not exist", old="register: inwoners\n",
         new="register: inwoner\n", key="bronnen.inwoners.register", nearest="inwoners",
         told="register 'inwoner' does not exist", demo=True),
    Slip(name="a column that the register does not have", old="uit: [adressen.postcode]",
         new="uit: [adressen.postkode]", key="velden.adres.postcode", nearest="postcode",
         told="column of bag.nummeraanduiding 'postkode' does not exist", demo=True),
    Slip(name="a key by which a register can not be asked",
         old="sleutels: [heeftAlsHoofdadres]", new="sleutels: [oppervlakte]",
         key="koppelingen[4].naar", at="naar: woningen.heeftAlsHoofdadres",
         told="key of woningen 'heeftAlsHoofdadres' does not exist. Valid: oppervlakte.",
         demo=True),
    Slip(name="a source that is called otherwise", old="[adressen.postcode]",
         new="[adresen.postcode]", key="velden.postcode.uit", nearest="adressen",
         told="source 'adresen' does not exist"),
    Slip(name="a column without its source", old="[adressen.postcode]", new="[postcode]",
         key="velden.postcode.uit", told="'postcode' must be written as bron.kolom"),
    Slip(name="one column that is no list", old="uit: [adressen.postcode]",
         new="uit: adressen.postcode", key="velden.postcode.uit",
         told="must be a list: [one, two]"),
    Slip(name="a link to a column that is no key", old="naar: verblijf.adres",
         new="naar: verblijf.adrs", key="koppelingen[0].naar", nearest="adres",
         told="key of verblijf 'adrs' does not exist"),
    Slip(name="a source that no link leads to",
         old="  - {naam: personen, van: adressen.id, naar: personen.adres, aantal: veel}\n", new="",
         key="bronnen.personen", told="no link leads to this source",
         at="personen: {soort: register"),
    Slip(name="links in a circle", old="van: verblijf.pand", new="van: panden.id",
         key="koppelingen[1]", told="the links run in a circle"),
    Slip(name="a field of which there can be several", old="{uit: [adressen.postcode]}",
         new="{uit: [personen.naam]}", key="velden.postcode.uit",
         told="personen.naam can have several rows (through personen); put the field in a list"),
    Slip(name="a list of a source of which there is one", old="aantal: veel}",
         new="aantal: een}", key="velden.bewoners.lijst", at="lijst: personen",
         told="a list needs a source behind exactly one link with aantal: veel"),
    Slip(name="a conversion that does not exist", old="[geheel_getal]", new="[geheelgetal]",
         key="velden.woning.oppervlakte.zet_om[0]", nearest="geheel_getal",
         told="conversion 'geheelgetal' does not exist"),
    Slip(name="a conversion that lacks its argument", old="[geheel_getal]", new="[code]",
         key="velden.woning.oppervlakte.zet_om[0]", told="code needs an argument"),
    Slip(name="a code list that is not there", old="[geheel_getal]",
         new="[{codelijst: landen.csv}]", key="velden.woning.oppervlakte.zet_om[0].codelijst",
         told="landen.csv can not be read: No such file or directory"),
    Slip(name="a rule for conflicts that does not exist", old="wint: nieuwste",
         new="wint: niewste", key="velden.woning.nieuwste.wint", nearest="nieuwste",
         told="value 'niewste' does not exist"),
    Slip(name="a rule for conflicts where there can be none",
         old="[panden.status, verblijf.status], wint: nieuwste",
         new="[panden.status], wint: nieuwste", key="velden.woning.nieuwste.wint",
         told="nieuwste needs more than one source in uit"),
]  # fmt: skip


def checked(tmp_path: Path, slip: Slip) -> tuple[str, list[str], Path]:
    """The text with the slip, and what ``source check`` says of it."""
    text = DECLARATION.read_text() if slip.demo else TEXT
    assert slip.old in text, slip.name
    text = text.replace(slip.old, slip.new, 1)
    file = tmp_path / "bron.yaml"
    file.write_text(text)
    more = ["--registers", str(WEESP / "registers")] if slip.demo else []
    done = CliRunner().invoke(source, ["check", str(file), *more])
    assert done.exit_code == 1, done.output
    return text, done.stderr.splitlines()[:-1], file


@pytest.mark.parametrize("slip", SLIPS, ids=[slip.name for slip in SLIPS])
def test_a_typical_mistake_is_told_where_it_stands_and_what_to_do(
    tmp_path: Path, slip: Slip
) -> None:
    text, told, file = checked(tmp_path, slip)
    at = slip.at or slip.new.strip()
    (line,) = [n for n, words in enumerate(text.splitlines(), start=1) if at in words][:1]
    if slip.name == "one field twice":
        line = next(n for n, words in enumerate(text.splitlines(), start=1) if slip.at in words)
    place = f"{file}:{line}: {slip.key}: {slip.told}"
    found = [each for each in told if each.startswith(place)]
    assert found, (place, told)
    if slip.nearest:
        assert found[0].endswith(f"did you mean {slip.nearest}?"), found
    # One slip is told once, or it is followed by what it really brings along.
    assert len(told) <= 3, told


# What an editor marks by itself, with the schema, while somebody types.
WHILE_TYPING = {
    "a key with a typing error", "a part that is forgotten", "a number that must be text",
    "a kind of source that does not exist", "an address without a key",
    "a column without its source", "one column that is no list",
    "a conversion that does not exist", "a conversion that lacks its argument",
    "a rule for conflicts that does not exist",
}  # fmt: skip


def test_the_schema_marks_while_typing_what_needs_no_other_part_of_the_file() -> None:
    validator = jsonschema_rs.validator_for(schema())
    for text in (TEXT, DECLARATION.read_text()):
        assert validator.is_valid(plain(read_tree(text, Report("x"))))
    found = set()
    for slip in SLIPS:
        text = (DECLARATION.read_text() if slip.demo else TEXT).replace(slip.old, slip.new, 1)
        try:
            tree = plain(read_tree(text, Report("x")))
        except DeclarationError:
            continue  # no YAML, or one key twice: an editor knows that by itself
        if not validator.is_valid(tree):
            found.add(slip.name)
    assert found >= WHILE_TYPING, WHILE_TYPING - found


def test_a_password_is_not_repeated_in_what_is_told(tmp_path: Path) -> None:
    (slip,) = [each for each in SLIPS if each.name.startswith("a password")]
    _, told, _ = checked(tmp_path, slip)
    assert "geheim" not in "\n".join(told)


def test_a_field_in_an_example_that_does_not_exist_is_told_too(tmp_path: Path) -> None:
    (tmp_path / "bron.yaml").write_text(TEXT)
    beside = tmp_path / "bron.voorbeeld.yaml"
    beside.write_text(SMALL_EXAMPLE)
    done = CliRunner().invoke(source, ["check", str(tmp_path / "bron.yaml")])
    assert done.stderr.startswith(f"{beside}:3: voorbeelden[0].vraag.velden: field 'postkode'")
    assert "did you mean postcode?" in done.stderr


def test_the_reference_page_lists_each_of_them_in_these_words() -> None:
    page = PAGE.read_text()
    missing = [slip.name for slip in SLIPS if slip.told.replace("|", "\\|") not in page]
    assert len(SLIPS) >= 20
    assert not missing, missing
    assert [slip.name for slip in SLIPS if slip.name not in page.lower()] == []
