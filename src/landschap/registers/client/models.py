# SPDX-License-Identifier: EUPL-1.2
"""Reading the information models of an organisation from its files.

registers/NAME/register.toml           the register: its name, its clock
registers/NAME/TYPE.schema.json        an object type
registers/NAME/LIST.waardelijst.json   a list of codes that types refer to
registers/NAME/TYPE.migratie.toml      how older versions of a type are read
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path

from landschap.registers.expanding import check_relations
from landschap.registers.models import InvalidModel, Register, Registers, parse_register
from landschap.registers.schemas import Fault
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads

MODELS_FOLDER = "registers"
READY = Path(__file__).resolve().parents[1] / "ready"
SCHEMA = ".schema.json"
CODE_LIST = ".waardelijst.json"
MIGRATION = ".migratie.toml"


def read_models(folder: Path) -> Registers:
    """The registers below a folder. Raises InvalidModel with everything that is wrong in any."""
    found: list[Register] = []
    wrong: list[tuple[str, Fault]] = []
    for head in sorted(folder.glob("*/register.toml")):
        try:
            found.append(read_register(head.parent))
        except InvalidModel as error:
            wrong += error.findings
    if wrong:
        raise InvalidModel("", [], *wrong)
    registers = Registers({register.name: register for register in found})
    check_relations(registers)
    return registers


def read_register(folder: Path) -> Register:
    """One register from its own folder. Raises InvalidModel."""
    head = folder / "register.toml"
    try:
        settings = tomllib.loads(head.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidModel(str(head), [Fault("", f"can not be read: {error}")]) from None
    return parse_register(
        settings,
        _each(folder, SCHEMA, _json),
        str(head),
        code_lists=_each(folder, CODE_LIST, _json),
    )


def ready_models() -> dict[str, Register]:
    """The registers whose models are delivered with the program, by the name of their folder."""
    return {head.parent.name: read_register(head.parent) for head in READY.glob("*/register.toml")}


def copy_ready(name: str, target: Path) -> list[Path]:
    """Copy the files of a ready model to a new folder. Raises FileExistsError and KeyError."""
    if not (READY / name / "register.toml").is_file():
        raise KeyError(name)
    shutil.copytree(READY / name, target)
    return sorted(target.iterdir())


def _each(folder: Path, ending: str, read: Callable[[Path], JsonValue]) -> dict[str, JsonValue]:
    """The files with an ending by what stands before it. Raises InvalidModel with all faults."""
    found: dict[str, JsonValue] = {}
    wrong: list[tuple[str, Fault]] = []
    for path in sorted(folder.glob(f"*{ending}")):
        try:
            found[path.name.removesuffix(ending)] = read(path)
        except (OSError, InvalidJson, ValueError) as error:
            wrong.append((str(path), Fault("", f"can not be read: {error}")))
    if wrong:
        raise InvalidModel("", [], *wrong)
    return found


def _json(path: Path) -> JsonValue:
    return loads(path.read_bytes())
