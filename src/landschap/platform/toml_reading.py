# SPDX-License-Identifier: EUPL-1.2
"""Reading a TOML file into dataclasses of options: all problems at once, each with its line.

An unknown key is a problem that names the nearest valid one, because a misspelt setting that is
silently ignored is found on the day it was needed.
"""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field
from pathlib import Path
from typing import Any, Self

from landschap.platform.options import Option, Section

_ENVIRONMENT_PREFIX = "LANDSCHAP__"
_HEADER = re.compile(
    r"^\s*\[\s*([A-Za-z0-9_.\"'-]+(?:\s*\.\s*[A-Za-z0-9_\"'-]+)*)\s*\]\s*(?:#.*)?$"
)
_KEY = re.compile(r"^\s*([A-Za-z0-9_.\"'-]+)\s*=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing wrong with a settings file. ``line`` is None when it has none (environment)."""

    file: Path
    line: int | None
    key: str
    message: str
    nearest: str = ""

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else str(self.file)
        key = f" {self.key}:" if self.key else ""
        hint = f"; did you mean {self.nearest}?" if self.nearest else ""
        return f"{place}:{key} {self.message}{hint}"


class SettingsError(Exception):
    """A settings file that cannot be used; ``problems`` holds everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class Origin:
    """Who set a key: ``default``, ``file`` with a line, or ``environment`` with a name."""

    kind: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.detail}".strip()


class _EnvironmentText(str):
    """A value that came from the environment: text, until its option says what it should be."""

    __slots__ = ()


@dataclass(kw_only=True)
class Reading:
    """One pass over one file: the tree of values, and what was found wrong so far."""

    path: Path
    tree: dict[str, Any]
    lines: Mapping[str, int]
    problems: list[Problem] = field(default_factory=list)
    origins: dict[str, Origin] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path, environment: Mapping[str, str]) -> Self:
        """Open the file and lay the environment over it. Raises SettingsError if unreadable."""
        source = _read_source(path)
        try:
            tree = tomllib.loads(source)
        except tomllib.TOMLDecodeError as error:
            raise SettingsError([_syntax_problem(path, error)]) from None
        reading = cls(path=path, tree=tree, lines=_lines_of_keys(source))
        reading._overlay(environment)
        return reading

    def problem(self, key: str, message: str, nearest: str = "") -> None:
        """Remember one problem, at the line of the key or of its section."""
        origin = self.origins.get(key)
        if origin is not None and origin.kind == "environment":
            message = f"{message} (set by {origin.detail})"
        line = self.lines.get(key)
        if line is None and "." in key:
            line = self.lines.get(key.rpartition(".")[0])
        self.problems.append(
            Problem(file=self.path, line=line, key=key, message=message, nearest=nearest)
        )

    def section(self, of: type, table: object, prefix: str) -> dict[str, Any] | None:
        """The values of one table by field name, or None when it is no table."""
        if not isinstance(table, dict):
            self.problem(prefix.rstrip("."), "expected a table")
            return None
        fields = {each.name: each for each in dataclasses.fields(of) if each.metadata}
        self._refuse_unknown(table, fields, prefix)
        values: dict[str, Any] = {}
        for name, each in fields.items():
            self._field(each, table, prefix + name, values)
        return values

    def _field(
        self, each: Field[Any], table: Mapping[str, Any], key: str, values: dict[str, Any]
    ) -> None:
        given = table.get(each.name, MISSING)
        inner = each.metadata.get("section")
        if isinstance(inner, Section):
            values[each.name] = self._subsection(inner, given, key)
            return
        described: Option = each.metadata["option"]
        if given is MISSING:
            if each.default is MISSING:
                self.problem(key, f"is missing. {described.doc}")
            values[each.name] = each.default
            self.origins.setdefault(key, Origin("default"))
            return
        if key in self.lines:
            self.origins.setdefault(key, Origin("file", f"{self.path}:{self.lines[key]}"))
        try:
            value = _as_toml(given, described) if isinstance(given, _EnvironmentText) else given
            values[each.name] = described.kind.read(value, self.path.parent)
        except ValueError as error:
            self.problem(key, str(error))

    def _subsection(self, inner: Section, given: Any, key: str) -> object:
        if given is MISSING and inner.optional:
            return None
        before = len(self.problems)
        values = self.section(inner.of, {} if given is MISSING else given, f"{key}.")
        if values is None or len(self.problems) > before:
            return None
        return inner.of(
            **{k: {} if v is None and _is_mapping(inner.of, k) else v for k, v in values.items()}
        )

    def _refuse_unknown(
        self, table: Mapping[str, Any], fields: Mapping[str, Field[Any]], prefix: str
    ) -> None:
        for key in table:
            if key not in fields:
                near = difflib.get_close_matches(key, fields, n=1, cutoff=0.5)
                known = ", ".join(sorted(fields))
                words = "unknown setting" if near else f"unknown setting; known here: {known}"
                self.problem(prefix + key, words, nearest=prefix + near[0] if near else "")

    def _overlay(self, environment: Mapping[str, str]) -> None:
        for name, value in sorted(environment.items()):
            if name.startswith(_ENVIRONMENT_PREFIX):
                self._override(name, value)

    def _override(self, name: str, value: str) -> None:
        steps = name.removeprefix(_ENVIRONMENT_PREFIX).lower().split("__")
        if steps[-1].endswith("_file"):
            steps[-1] = steps[-1].removesuffix("_file")
            try:
                value = Path(value).read_text(encoding="utf-8").rstrip("\n")
            except (OSError, UnicodeDecodeError) as error:
                self.problem(".".join(steps), f"{name} names a file that cannot be read: {error}")
                return
        table: Any = self.tree
        for step in steps[:-1]:
            table = table.setdefault(step, {}) if isinstance(table, dict) else None
        if not isinstance(table, dict):
            self.problem(".".join(steps), f"{name} does not name a setting")
            return
        table[steps[-1]] = _EnvironmentText(value)
        self.origins[".".join(steps)] = Origin("environment", name)


def section_schema(of: type) -> dict[str, Any]:
    """The JSON Schema of a dataclass of options."""
    properties: dict[str, Any] = {}
    required: list[str] = []
    for each in dataclasses.fields(of):
        inner = each.metadata.get("section")
        described = each.metadata.get("option")
        if isinstance(inner, Section):
            properties[each.name] = {"description": inner.doc, **section_schema(inner.of)}
            if not inner.optional and properties[each.name]["required"]:
                required.append(each.name)
        elif isinstance(described, Option):
            properties[each.name] = {"description": described.doc, **described.kind.schema}
            if each.default is MISSING:
                required.append(each.name)
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def _is_mapping(of: type, name: str) -> bool:
    """True for an absent table of free keys, which reads as an empty one."""
    each = next(f for f in dataclasses.fields(of) if f.name == name)
    described = each.metadata.get("option")
    return isinstance(described, Option) and "additionalProperties" in described.kind.schema


def _read_source(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        message = "there is no such file; name the organisation's settings with --config"
    except IsADirectoryError:
        message = "is a folder; name the organisation.toml inside it"
    except PermissionError:
        message = "may not be read by this user; change its mode or run as its owner"
    except UnicodeDecodeError as error:
        message = f"is not UTF-8 at byte {error.start}; save it as UTF-8"
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
    raise SettingsError([Problem(file=path, line=None, key="", message=message)])


def _syntax_problem(path: Path, error: tomllib.TOMLDecodeError) -> Problem:
    match = re.search(r"\(at line (\d+), column \d+\)", str(error))
    line = int(match[1]) if match else None
    return Problem(file=path, line=line, key="", message=f"not TOML: {error}")


def _lines_of_keys(source: str) -> dict[str, int]:
    """The line of each dotted key; a key inside a multi-line text may add a harmless extra."""
    return dict(_keys_with_lines(source))


def _keys_with_lines(source: str) -> Iterator[tuple[str, int]]:
    prefix = ""
    for number, line in enumerate(source.splitlines(), start=1):
        if header := _HEADER.match(line):
            name = re.sub(r"[\s\"']", "", header[1])
            prefix = f"{name}."
            yield name, number
        elif key := _KEY.match(line):
            yield prefix + re.sub(r"[\"']", "", key[1]), number


def _as_toml(given: str, described: Option) -> Any:
    """An environment text as TOML would give it: text options take it whole, others parse it."""
    if described.kind.schema.get("type") == "string" or "enum" in described.kind.schema:
        return str(given)
    try:
        return tomllib.loads(f"value = {given}")["value"]
    except tomllib.TOMLDecodeError:
        return str(given)
