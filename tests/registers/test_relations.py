# SPDX-License-Identifier: EUPL-1.2
"""Relations in models: each leads to a type that exists."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.registers.rig import WEESP

from landschap.registers import client
from landschap.registers.client import models
from landschap.registers.expanding import relations_of
from landschap.registers.models import InvalidModel


def test_the_relations_of_the_building_register_lead_somewhere() -> None:
    registers = client.read_models(WEESP / "registers")
    kind = registers.type("bag", "verblijfsobject")
    found = {name: target.key for name, target in relations_of(registers, kind).items()}
    assert found == {
        "heeftAlsHoofdadres": "bag.nummeraanduiding",
        "heeftAlsNevenadres": "bag.nummeraanduiding",
        "maaktDeelUitVan": "bag.pand",
    }


def test_a_relation_to_nowhere_names_the_nearest(tmp_path: Path) -> None:
    folder = tmp_path / "bag"
    folder.mkdir()
    for file in (WEESP / "registers" / "bag").iterdir():
        text = file.read_text().replace('"x-verwijst-naar": "pand"', '"x-verwijst-naar": "pandd"')
        (folder / file.name).write_text(text)
    with pytest.raises(InvalidModel, match="there is no type pandd; did you mean pand"):
        client.read_models(tmp_path)


def test_a_relation_to_a_register_that_is_not_here_says_how_to_get_it(tmp_path: Path) -> None:
    models.copy_ready("vergunningen", tmp_path / "vergunningen")
    with pytest.raises(InvalidModel, match=r"no register bag here.*`landschap model use bag`"):
        client.read_models(tmp_path)
    models.copy_ready("bag", tmp_path / "bag")
    assert set(client.read_models(tmp_path).by_name) == {"bag", "vergunningen"}
