# SPDX-License-Identifier: EUPL-1.2
"""How anonymous an extract is: counted by hand, told by the command, refused below what is declared."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner
from pyarrow import lib as pa
from tests.integration.bulk_rig import Engine

from landschap.cli.source_commands import source
from landschap.integration.bulk.anonymity import (
    InvalidQuestion,
    Question,
    declaration_of,
    declared_in,
    queries,
    report,
)
from landschap.integration.bulk.extracts import Form
from landschap.integration.connectors.bulk.writers import writer_of

PEOPLE: list[dict[str, Any]] = [
    {"pc4": "1381", "geboren": str(1950 + n % 3), "uitkering": "bijstand" if n % 3 else "geen"}
    for n in range(30)
] + [{"pc4": "1382", "geboren": "1901", "uitkering": "bijstand"}]
HOUSES: list[dict[str, Any]] = [
    {"pc4": "1381", "bewoners": [{"geboren": "1950"}, {"geboren": "1951"}]},
    {"pc4": "1381", "bewoners": [{"geboren": "1950"}]},
    {"pc4": "1382", "bewoners": []},
]
QUASI = ("pc4", "geboren")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The engine, with files of each form."""
    folder = tmp_path_factory.mktemp("anoniem")
    made = Engine(folder)
    yield made
    made.close()


def written(form: Form, records: list[dict[str, Any]], folder: Path) -> Path:
    file = folder / f"uit.{form.value}"
    if form is Form.PARQUET:
        pq.write_table(pa.Table.from_pylist(records), file)  # type: ignore[no-untyped-call]  # pyarrow
        return file
    from landschap.integration.bulk.extracts import OutColumn
    from landschap.integration.bulk.values import Kind

    columns = [OutColumn(path=name, kind=Kind.TEXT) for name in records[0]]
    target = writer_of(form, file, columns, geometry="", key="")
    target.write(records)
    target.close()
    return file


def asked(engine: Engine, question: Question, form: Form, file: Path) -> Any:
    told = {
        name: [tuple(row.values()) for row in engine.rows(sql, {})]
        for name, sql in queries(question, form, str(file)).items()
    }
    return report(question, told)


@pytest.mark.parametrize("form", [Form.PARQUET, Form.CSV, Form.LINES])
def test_k_and_l_are_what_counting_by_hand_gives(engine: Engine, form: Form) -> None:
    file = written(form, PEOPLE, engine.folder)
    groups = Counter((each["pc4"], each["geboren"]) for each in PEOPLE)
    question = Question(quasi=QUASI, sensitive="uitkering", least=5)
    found = asked(engine, question, form, file)
    assert (found.k, found.groups, found.rows) == (min(groups.values()), len(groups), len(PEOPLE))
    assert (found.rows_below, found.groups_below, found.diversity) == (1, 1, 1)
    assert found.smallest[0] == ({"pc4": "1382", "geboren": "1901"}, 1, 1)
    assert not found.holds
    assert asked(engine, Question(quasi=("pc4",), least=1), form, file).holds


@pytest.mark.parametrize("form", [Form.PARQUET, Form.CSV, Form.LINES])
def test_every_item_of_a_list_counts_when_that_is_said(engine: Engine, form: Form) -> None:
    file = written(form, HOUSES, engine.folder)
    question = Question(quasi=("pc4", "bewoners.geboren"), each="bewoners")
    found = asked(engine, question, form, file)
    assert (found.rows, found.groups, found.k) == (3, 2, 1)


def test_a_name_that_no_row_has_is_refused_and_never_anonymous(engine: Engine) -> None:
    file = written(Form.LINES, PEOPLE, engine.folder)
    with pytest.raises(InvalidQuestion, match="gebooren"):
        asked(engine, Question(quasi=("pc4", "gebooren")), Form.LINES, file)
    with pytest.raises(InvalidQuestion, match="no name"):
        queries(Question(quasi=('x" FROM y',)), Form.PARQUET, "x")
    with pytest.raises(InvalidQuestion, match="no quasi"):
        queries(Question(quasi=()), Form.PARQUET, "x")


def test_what_a_manifest_declares_is_read_back() -> None:
    question = Question(quasi=QUASI, each="bewoners", least=10)
    assert declared_in({"anonimiteit": declaration_of(question, 12)}) == question
    assert declared_in(None) == Question(quasi=())


def test_the_command_tells_and_refuses(tmp_path: Path) -> None:
    file = written(Form.CSV, PEOPLE, tmp_path)
    manifest = {"anonimiteit": declaration_of(Question(quasi=QUASI, least=5), 5)}
    Path(f"{file}.manifest.json").write_text(json.dumps(manifest))
    done = CliRunner().invoke(source, ["anonymity", str(file)])
    assert (done.exit_code, "do not publish" in done.stderr) == (7, True)
    assert "1 rows in 1 groups below 5" in done.stdout
    told = CliRunner().invoke(
        source, ["anonymity", str(file), "--quasi", "pc4", "--least", "1", "--json"]
    )
    assert (told.exit_code, json.loads(told.stdout)["k"]) == (0, 1)
