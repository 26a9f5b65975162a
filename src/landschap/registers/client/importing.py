# SPDX-License-Identifier: EUPL-1.2
"""Models in another form, from their files to a folder of ours that passes the check."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from landschap.registers.client.models import CODE_LIST, SCHEMA, check
from landschap.registers.importing import Imported, Note
from landschap.registers.importing_amsterdam import from_amsterdam
from landschap.registers.importing_mim import from_mim
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads

_MAX_BYTES = 20_000_000


class InvalidImport(ValueError):
    """Files that no model could be made of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """The files that were made, and what a person has to look at."""

    files: tuple[Path, ...]
    notes: tuple[Note, ...]


def _mim(name: str, documents: Sequence[JsonValue]) -> Imported:
    if len(documents) != 1:
        raise InvalidImport("give one JSON Schema that holds all types")
    return from_mim(name, documents[0])


def _amsterdam(_name: str, documents: Sequence[JsonValue]) -> Imported:
    return from_amsterdam(documents)


IMPORTERS: Mapping[str, Callable[[str, Sequence[JsonValue]], Imported]] = {
    "mim": _mim,
    "amsterdam": _amsterdam,
}


def import_models(form: str, files: Sequence[Path], out: Path) -> Done:
    """Make a register of files in another form in a new folder.

    Raises InvalidImport, and then makes nothing.
    """
    documents = []
    for file in files:
        try:
            documents.append(loads(file.read_bytes(), max_bytes=_MAX_BYTES))
        except (OSError, InvalidJson) as error:
            raise InvalidImport(f"{file}: {error}") from None
    made = IMPORTERS[form](out.name, documents)
    if not made.schemas:
        raise InvalidImport("no object type was found in it")
    out.mkdir(parents=True)
    written = [_write(out, f"{name}{SCHEMA}", value) for name, value in made.schemas.items()]
    written += [_write(out, f"{name}{CODE_LIST}", value) for name, value in made.code_lists.items()]
    head = out / "register.toml"
    title = json.dumps(made.title, ensure_ascii=False)
    head.write_text(
        f'naam = "{made.name}"\ntitel = {title}\ntitle = {title}\n'
        "# bron: a copy, ordered by the moments of its source; eigen when it is kept here.\n"
        'klok = "bron"\n',
        encoding="utf-8",
    )
    wrong = check(out).findings
    if wrong:
        shutil.rmtree(out)
        told = "\n".join(f"{Path(file).name}: {one.pointer}: {one.message}" for file, one in wrong)
        raise InvalidImport(f"what was made of it does not pass our checks:\n{told}")
    return Done(files=(head, *written), notes=tuple(made.notes))


def _write(folder: Path, name: str, value: JsonValue) -> Path:
    path = folder / name
    text = json.dumps(value, ensure_ascii=False, indent=2)
    path.write_text(f"{text}\n", encoding="utf-8")
    return path
