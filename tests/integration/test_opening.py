# SPDX-License-Identifier: EUPL-1.2
"""A logical source of which a part can not be opened stops the start, in words that help."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.integration.other_rig import declared

from landschap.cli.composition_sources import opened
from landschap.integration.connectors.opening import Surroundings
from landschap.platform.trouble import Trouble

DATABASE = "    soort: database\n    verbinding: brp.dsn\n    tabel: brp.personen\n"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (None, "brp.dsn: No such file or directory"),
        ("redis://naam:geheim@a", "begins with none of postgresql://"),
        ("mssql://naam:geheim@a/b", "needs the package aioodbc"),
    ],
)
def test_what_can_not_be_opened_says_what_to_do_and_no_password(
    tmp_path: Path, address: str | None, words: str
) -> None:
    if address is not None:
        (tmp_path / "brp.dsn").write_text(address)
    with pytest.raises(Trouble) as caught:
        opened(declared(DATABASE), Surroundings(secrets=tmp_path))
    assert words in str(caught.value)
    assert "landschap source status" in caught.value.remedy
    assert "geheim" not in str(caught.value)
