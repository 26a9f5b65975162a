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
from dataclasses import dataclass
from pathlib import Path

from landschap.registers.expanding import check_relations, relation_faults
from landschap.registers.models import (
    InvalidModel,
    ObjectType,
    Register,
    Registers,
    parse_register,
)
from landschap.registers.schemas import Fault
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads

MODELS_FOLDER = "registers"
HEAD = "register.toml"
READY = Path(__file__).resolve().parents[1] / "ready"
SCHEMA = ".schema.json"
CODE_LIST = ".waardelijst.json"
MIGRATION = ".migratie.toml"


def read_models(folder: Path) -> Registers:
    """The registers below a folder. Raises InvalidModel with everything that is wrong in any."""
    found: list[Register] = []
    wrong: list[tuple[str, Fault]] = []
    for head in sorted(folder.glob(f"*/{HEAD}")):
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
    head = folder / HEAD
    try:
        settings = tomllib.loads(head.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidModel(str(head), [Fault("", f"can not be read: {error}")]) from None
    return parse_register(
        settings,
        _each(folder, SCHEMA, _json),
        str(head),
        code_lists=_each(folder, CODE_LIST, _json),
        migrations=_each(folder, MIGRATION, _toml),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What is wrong per file; the types that were read; relations that could not be followed."""

    findings: tuple[tuple[str, Fault], ...]
    types: tuple[ObjectType, ...] = ()
    elsewhere: tuple[str, ...] = ()


def check(path: Path) -> Checked:
    """Check a file of a register, a register, or a folder of registers.

    One file is checked with those beside it, and only what is wrong with itself is told.
    """
    folder = path if path.is_dir() else path.parent
    whole = path.is_dir() and not (path / HEAD).is_file()
    if whole and not list(path.glob(f"*/{HEAD}")):
        nothing = Fault("", f"holds no register: a {HEAD} with NAME{SCHEMA} beside it")
        return Checked(findings=((str(path), nothing),))
    if path.is_file() and (stray := _no_part_of_a_register(path)):
        return Checked(findings=((str(path), Fault("", stray)),))
    registers: dict[str, Register] = {}
    wrong: list[tuple[str, Fault]] = []
    for head in sorted(folder.glob(f"*/{HEAD}")) if whole else [folder / HEAD]:
        try:
            one = read_register(head.parent)
            registers[one.name] = one
            told = relation_faults(Registers({one.name: one}), elsewhere=False)
            wrong += [
                (_path_of(file, head.parent), fault) for file, fault in ([] if whole else told)
            ]
        except InvalidModel as error:
            wrong += [(_path_of(file, head.parent), fault) for file, fault in error.findings]
    if whole and not wrong:
        wrong += relation_faults(Registers(registers))
    if path.is_file():
        wrong = [(file, fault) for file, fault in wrong if Path(file).name == path.name]
    types = tuple(kind for each in registers.values() for kind in each.types.values())
    elsewhere = sorted(
        f"{kind.key}.{prop.name} -> {prop.points_at}"
        for kind in types
        for prop in kind.content_properties()
        if not whole and "." in prop.points_at
    )
    return Checked(findings=tuple(wrong), types=types, elsewhere=tuple(elsewhere))


def _no_part_of_a_register(path: Path) -> str:
    """Why a file is not one that a register is read from; empty when it is."""
    if path.name != HEAD and not path.name.endswith((SCHEMA, CODE_LIST, MIGRATION)):
        return f"is no file of a register: those are {HEAD}, *{SCHEMA}, *{CODE_LIST}, *{MIGRATION}"
    if not (path.parent / HEAD).is_file():
        return f"belongs to no register: there is no {HEAD} beside it"
    return ""


def _path_of(file: str, folder: Path) -> str:
    """The place on disk of a file that is named after its register."""
    there = folder / Path(file).name
    return str(there) if there.exists() else file


def read_version(path: Path) -> ObjectType:
    """The object type of one schema file, with what stands beside it. Raises InvalidModel."""
    register = read_register(path.parent)
    name = path.name.removesuffix(SCHEMA)
    if name not in register.types:
        fault = Fault("", f"is no object type; there are {', '.join(sorted(register.types))}")
        raise InvalidModel(str(path), [fault])
    return register.types[name]


def ready_models() -> dict[str, Register]:
    """The registers whose models are delivered with the program, by the name of their folder."""
    return {head.parent.name: read_register(head.parent) for head in READY.glob(f"*/{HEAD}")}


def copy_ready(name: str, target: Path) -> list[Path]:
    """Copy the files of a ready model to a new folder. Raises FileExistsError and KeyError."""
    if not (READY / name / HEAD).is_file():
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


def _toml(path: Path) -> JsonValue:
    return tomllib.loads(path.read_text(encoding="utf-8"))
