# SPDX-License-Identifier: EUPL-1.2
"""No address of the program takes the number of a person, in its path or in its query."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from landschap.registers.client.models import ready_models

SOURCE = Path(__file__).resolve().parents[2] / "src" / "landschap"
METHODS = {"get", "post", "put", "patch", "delete", "head", "route"}
PERSON = re.compile(r"bsn|burgerservice|geboorte|achternaam", re.IGNORECASE)


def routes() -> Iterator[tuple[str, str]]:
    """Each decorated route: its file, and its path with the names of its query keys."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef):
                continue
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and _name(decorator.func) in METHODS:
                    yield path.name, ast.unparse(decorator)


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else getattr(node, "attr", "")


@pytest.mark.case("api-29")
def test_no_route_has_a_place_for_the_number_of_a_person() -> None:
    table = list(routes())
    assert len(table) >= 80
    named = [
        (file, words)
        for file, decorator in table
        for words in re.findall(r"\{([A-Za-z_]+):", decorator)
        + re.findall(r"'query': \(([^)]*)\)", decorator)
        if PERSON.search(words)
    ]
    assert named == []
    for register in ready_models().values():
        for kind in register.types.values():
            assert kind.properties[kind.identification].subject_kind != "bsn"
