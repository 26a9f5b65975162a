# SPDX-License-Identifier: EUPL-1.2
"""The files of an organisation read together, and whether they fit each other.

Every reader is that of the room the file belongs to; here their mistakes are gathered, all at once,
and it is seen that fields that policies open do exist in the logical source or the model below.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from landschap.gateway.services import Service, read_service
from landschap.integration.declaration import parse_declaration
from landschap.integration.fitting import check_registers
from landschap.integration.mistakes import DeclarationError, Report
from landschap.integration.model import Declaration
from landschap.packages.kinds import MAPPINGS, MODELS, POLICIES, SERVICES, SOURCES, TESTS, of_kind
from landschap.purposes.files import parse_register as parse_purposes
from landschap.purposes.model import OfferedService
from landschap.purposes.model import Register as Purposes
from landschap.purposes.reading import RegisterError
from landschap.purposes.trying import Trial, parse_trials
from landschap.registers.deriving import Derivations
from landschap.registers.expanding import check_relations
from landschap.registers.mapping import InvalidMapping, read_mapping
from landschap.registers.models import (
    InvalidModel,
    ObjectType,
    Register,
    Registers,
    parse_register,
)
from landschap.vocabulary.ijson import InvalidJson, JsonValue, loads
from landschap.vocabulary.mistakes import Mistake, MistakesError, did_you_mean

Texts = Mapping[str, str]
_HEAD = "register.toml"
_ENDINGS = (".schema.json", ".waardelijst.json", ".migratie.toml")


class ContentError(MistakesError):
    """Configuration that can not be used; ``mistakes`` holds everything that is wrong with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What files declare: models, logical sources, services by name, and tests of policies."""

    registers: Registers
    declarations: Mapping[str, Declaration]
    services: Mapping[str, Service]
    trials: tuple[Trial, ...]


def read_content(files: Texts) -> Content:
    """All that these files (name -> text) declare beside policies. Raises ContentError."""
    wrong: list[Mistake] = []
    registers = _registers(of_kind(files, MODELS), wrong)
    declarations = _declarations(of_kind(files, SOURCES), registers, wrong)
    services = read_services(of_kind(files, SERVICES), wrong)
    _check_mappings(of_kind(files, MAPPINGS), registers, wrong)
    trials: tuple[Trial, ...] = ()
    try:
        trials = parse_trials(of_kind(files, TESTS))
    except RegisterError as error:
        wrong += error.mistakes
    if wrong:
        raise ContentError(wrong)
    return Content(registers=registers, declarations=declarations, services=services, trials=trials)


def read_policies(files: Texts, owner: str) -> Purposes:
    """The register of purposes in these files. Raises ContentError."""
    try:
        return parse_purposes(of_kind(files, POLICIES), owner)
    except RegisterError as error:
        raise ContentError(error.mistakes) from None


def read_services(files: Texts, wrong: list[Mistake]) -> dict[str, Service]:
    """The services in these files, by their name; mistakes are added to ``wrong``."""
    found: dict[str, Service] = {}
    for file, text in sorted(files.items()):
        read = read_service(text)
        if isinstance(read, Service):
            if read.name in found:
                wrong.append(_mistake(file, "name", f"{read.name} is declared twice"))
            found[read.name] = read
        else:
            wrong += [
                Mistake(file=file, line=each.line, key=each.key, message=each.message)
                for each in read
            ]
    return found


def misfits(content: Content, purposes: Purposes, files: Texts) -> list[Mistake]:
    """Fields that a service of ours promises in the policies, and that nothing below it has."""
    found = []
    for each in purposes.services:
        there = _fields_below(each, content) if each.provider == purposes.owner else None
        if there is None:
            continue
        for path in (*each.fields, *each.searchable):
            if path not in there:
                file, line = _place(of_kind(files, POLICIES), path)
                words = f"there is no field {path} in what answers for it"
                hint = did_you_mean(path, there)
                found.append(
                    Mistake(file=file, line=line, key=f"dienst {each.name}", message=words + hint)
                )
        found += _untold(each, content, files)
    return found


def _untold(service: OfferedService, content: Content, files: Texts) -> Iterator[Mistake]:
    """Derived fields of which the policies do not say what they follow from, or something else."""
    said = {each.path: set(each.inputs) for each in service.derived}
    below = _derived_below(service, content)
    for path in dict.fromkeys((*service.fields, *said)):
        true = set(below[path].inputs) if path in below else None
        if said.get(path) == true:
            continue
        file, line = _place(of_kind(files, POLICIES), path)
        words = (
            f"{path} is not derived in what answers for it"
            if true is None
            else f"{path} follows from {', '.join(sorted(true))}: say so in afgeleid"
        )
        yield Mistake(file=file, line=line, key=f"dienst {service.name}", message=words)


def _derived_below(service: OfferedService, content: Content) -> Derivations:
    declaration = content.declarations.get(service.name)
    if declaration is not None:
        return declaration.derived
    return {
        path: rule for kind in _kinds_below(service, content) for path, rule in kind.derived.items()
    }


def _fields_below(service: OfferedService, content: Content) -> frozenset[str] | None:
    """The fields of the logical source, register or collection of this name; None without one."""
    declaration = content.declarations.get(service.name)
    if declaration is not None:
        return frozenset(declaration.fields) | {declaration.key}
    kinds = _kinds_below(service, content)
    return frozenset(path for kind in kinds for path in kind.paths()) if kinds else None


def _kinds_below(service: OfferedService, content: Content) -> list[ObjectType]:
    return [
        kind
        for register in content.registers.by_name.values()
        for kind in register.types.values()
        if service.name in (register.name, kind.collection)
    ]


def _place(files: Texts, path: str) -> tuple[str, int]:
    for file, text in sorted(files.items()):
        for number, line in enumerate(text.splitlines(), start=1):
            if f'"{path}"' in line:
                return file, number
    return POLICIES, 1


def _registers(files: Texts, wrong: list[Mistake]) -> Registers:
    found: dict[str, Register] = {}
    for folder in sorted({name.rpartition("/")[0] for name in files}):
        here = {
            name.rpartition("/")[2]: text
            for name, text in files.items()
            if name.rpartition("/")[0] == folder
        }
        one = _register(folder, here, wrong)
        if one is not None:
            found[one.name] = one
    registers = Registers(found)
    if not wrong:
        _told(lambda: check_relations(registers), wrong)
    return registers


def _register(folder: str, here: Texts, wrong: list[Mistake]) -> Register | None:
    head = _tree(f"{folder}/{_HEAD}", here.get(_HEAD), tomllib.loads, wrong)
    schemas, lists, migrations = (
        {
            name.removesuffix(ending): _tree(
                f"{folder}/{name}", text, tomllib.loads if ending[-5:] == ".toml" else loads, wrong
            )
            for name, text in here.items()
            if name.endswith(ending)
        }
        for ending in _ENDINGS
    )
    if not isinstance(head, Mapping) or wrong:
        return None
    made: list[Register] = []
    _told(
        lambda: made.append(parse_register(head, schemas, f"{folder}/{_HEAD}", lists, migrations)),
        wrong,
    )
    return made[0] if made else None


def _told(work: Callable[[], object], wrong: list[Mistake]) -> None:
    try:
        work()
    except InvalidModel as error:
        wrong += [
            _mistake(
                file if file.startswith(f"{MODELS}/") else f"{MODELS}/{file}",
                fault.pointer or "/",
                fault.message,
            )
            for file, fault in error.findings
        ]


def _tree(
    file: str, text: str | None, read: Callable[[str], JsonValue], wrong: list[Mistake]
) -> JsonValue:
    if text is None:
        wrong.append(_mistake(file, "file", "is missing"))
        return None
    try:
        return read(text)
    except (tomllib.TOMLDecodeError, InvalidJson) as error:
        wrong.append(_mistake(file, "file", f"can not be read: {error}"))
        return None


def _declarations(
    files: Texts, registers: Registers, wrong: list[Mistake]
) -> dict[str, Declaration]:
    found: dict[str, Declaration] = {}
    for file, text in sorted(files.items()):
        try:
            one = parse_declaration(text, file)
            check_registers(one, registers, Report(file), text)
        except DeclarationError as error:
            wrong += error.mistakes
            continue
        if one.name in found:
            wrong.append(_mistake(file, "logische_bron", f"{one.name} is declared twice"))
        found[one.name] = one
    return found


def _check_mappings(files: Texts, registers: Registers, wrong: list[Mistake]) -> None:
    for file, text in sorted(files.items()):
        name = file.split("/")[1]
        register = registers.by_name.get(name)
        if register is None:
            hint = did_you_mean(name, registers.by_name)
            wrong.append(_mistake(file, "file", f"there is no register {name}{hint}"))
            continue
        tree = _tree(file, text, tomllib.loads, wrong)
        try:
            if isinstance(tree, Mapping):
                read_mapping(register, tree)
        except InvalidMapping as error:
            wrong += [_mistake(file, "mapping", fault) for fault in error.faults]


def local_names(files: Texts) -> Iterator[tuple[str, str, str]]:
    """What in valid files is a machine or a file of this organisation: file, key, text."""
    content = read_content(files)
    for file, text in of_kind(files, SOURCES).items():
        declaration = parse_declaration(text, file)
        for name, source in declaration.sources.items():
            access = source.access
            host = getattr(access, "url", "").partition("://")[2].partition("/")[0]
            if host:
                yield file, f"bronnen.{name}.url", host
            if secret := getattr(access, "secret_file", ""):
                yield file, f"bronnen.{name}.geheim", secret
            if oauth := getattr(access, "oauth", None):
                yield file, f"bronnen.{name}.oauth.url", oauth.url.split("/")[2]
                yield file, f"bronnen.{name}.oauth.bestand", oauth.secret_file
    named = {one.name: one for one in content.services.values()}
    for file, text in of_kind(files, SERVICES).items():
        read = read_service(text)
        if isinstance(read, Service) and read.name in named:
            yield from ((file, key, value) for key, value in _of_service(read) if value)


def _of_service(service: Service) -> Iterator[tuple[str, str]]:
    if "://" in service.upstream or service.upstream.startswith("unix:"):
        yield "upstream", service.upstream.partition(":")[2].lstrip("/")
    yield from (("inways", each) for each in service.inways)
    if service.voice is not None:
        yield "voice.address", service.voice.address.partition("://")[2].partition("/")[0]
        yield "voice.key_file", service.voice.key_file
    if service.hold is not None:
        access = service.hold.access
        for key in ("secret_file", "certificate", "key", "trust_anchors"):
            yield f"access.{key}", getattr(access, key)


def _mistake(file: str, key: str, message: str) -> Mistake:
    return Mistake(file=file, line=1, key=key, message=message)
