# SPDX-License-Identifier: EUPL-1.2
"""``pakket.toml``: everything that is wrong with it at once, with the nearest name."""

from __future__ import annotations

import pytest

from landschap.packages.heading import read_heading
from landschap.packages.whole import ContentError

RIGHT = """
naam = "bijstand"
versie = "1.2.3"
titel = "Bijstand"
laat_weg = ["services/x.toml", "mappings"]

[parameters.eigen]
soort = "oin"
uitleg = "Uw nummer."
waarde = "00000099000000002000"
"""


def test_it_is_read_and_needs_this_program_when_it_says_nothing() -> None:
    read = read_heading(RIGHT, "0.4.0")
    assert (read.name, read.version, read.program) == ("bijstand", "1.2.3", "0.4.0")
    assert read.leaves_out("services/x.toml")
    assert read.leaves_out("mappings/bag/a.toml")
    assert not read.leaves_out("services/x.toml.bak")
    assert read.parameters[0].described.meaning == "Uw nummer."


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("naam =", "naan =", "naan: is no key of it; did you mean naam"),
        ('"bijstand"', '"Bij Stand"', "naam: lower-case words"),
        ('"1.2.3"', '"1.2"', "versie: three numbers"),
        ('"Bijstand"', '"Bij\\u001bstand"', "titel: one line"),
        ('["services/x.toml", "mappings"]', '"services"', "laat_weg: a list of texts"),
        ('"oin"', '"ion"', "parameters.eigen: soort: one of oin"),
        ('"oin"', '["oin"]', "parameters.eigen: soort: one of"),
        ("00000099000000002000", "123", "parameters.eigen: waarde: must be an OIN"),
        ("uitleg =", "uitlet =", "uitlet is no key of it; did you mean uitleg"),
        ("[parameters.eigen]", "[parameters.Eigen]", "parameters.Eigen: a name has"),
        ("[parameters.eigen]", "[parameters", "is no TOML"),
    ],
)
def test_what_is_wrong_is_told(old: str, new: str, told: str) -> None:
    assert old in RIGHT
    with pytest.raises(ContentError) as caught:
        read_heading(RIGHT.replace(old, new), "0.1.0")
    assert told in str(caught.value)
