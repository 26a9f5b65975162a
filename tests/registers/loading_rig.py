# SPDX-License-Identifier: EUPL-1.2
"""What tests of bulk share: an organisation with a register of permits, and files for it."""

from __future__ import annotations

import io
import json
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
from tests.registers.rig import annotated
from tests.throwaway import Cluster, Database, organisation
from tests.typing_commands import Done

from landschap.cli import main
from landschap.registers.schemas import DIALECT

BOTH = {"x-mim-tijdlijn-geldigheid": True, "x-mim-tijdlijn-registratie": True}
PERMIT = {
    "$schema": DIALECT, "title": "Vergunning", "x-titel-en": "Permit", "type": "object",
    "additionalProperties": False, "required": ["naam"], "x-collectie": "vergunningen",
    "x-identificatie": "nummer", "x-versie": "1.0.0",
    "properties": {
        "nummer": annotated(pattern="^[a-z0-9]+$"),
        "naam": annotated(title="Naam", **BOTH),
        "soort": annotated(title="Soort", enum=["aanvraag", "besluit"], **BOTH, **{"x-zoekbaar": True}),
        "oppervlakte": annotated(title="Oppervlakte", type=["integer", "null"], **BOTH),
        "doelen": annotated(title="Doelen", type="array", items={"type": "string"}, **BOTH),
        "vlak": annotated(title="Vlak", type=["object", "null"], **BOTH),
    },
}  # fmt: skip
PERSON = {
    "$schema": DIALECT, "title": "Aanvrager", "x-titel-en": "Applicant", "type": "object",
    "additionalProperties": False, "required": [], "x-collectie": "aanvragers",
    "x-identificatie": "nummer", "x-versie": "1.0.0",
    "properties": {
        "nummer": annotated(pattern="^[a-z0-9]+$"),
        "geboren": annotated(title="Geboren", format="date", **{"x-persoonsgegeven": "gewoon"}),
    },
}  # fmt: skip
MAPPING = """
collectie = "vergunningen"
identificatie = "NR"
geldigVan = "INGANG"
[velden]
naam = "NAAM"
soort = "SOORT"
oppervlakte = "M2"
"""


async def permits(cluster: Cluster, folder: Path) -> tuple[Path, Database]:
    """An organisation.toml with the register ``vergunningen``, on a fresh database."""
    made = await cluster.fresh(folder / "organisation")
    home = folder / "home"
    organisation(home, cluster.anchor, more=f'\n[postgres]\ndsn = "{cluster.dsn(made.name)}"\n')
    (home / "secrets").symlink_to(made.settings.paths.secrets)
    write_models(home)
    return home / "organisation.toml", made


def write_models(home: Path) -> None:
    """The register ``vergunningen`` as files."""
    models = home / "registers" / "vergunningen"
    models.mkdir(parents=True)
    (models / "register.toml").write_text('naam = "vergunningen"\nklok = "eigen"\n')
    (models / "vergunning.schema.json").write_text(json.dumps(PERMIT))
    (models / "aanvrager.schema.json").write_text(json.dumps(PERSON))


def many(path: Path, count: int, *, name: str = "Kap") -> Path:
    """A CSV of permits, and its mapping beside it."""
    with path.open("w") as out:
        out.write("NR,INGANG,NAAM,SOORT,M2\n")
        for number in range(count):
            kind = ("aanvraag", "besluit")[number % 2]
            out.write(f"v{number:07},2020-01-01,{name} {number},{kind},{number % 90}\n")
    path.with_suffix(".toml").write_text(MAPPING)
    return path


def at_the_prompt(words: list[str]) -> Done:
    """A command as it is typed; the loop of the test can not be entered twice."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as way_out:
        main(["register", *words])
    code = way_out.value.code
    assert isinstance(code, int)
    return Done(code=code, out=out.getvalue(), err=err.getvalue())
