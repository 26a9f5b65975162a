# SPDX-License-Identifier: EUPL-1.2
"""Write the reference pages that follow from the program: settings, commands, annotations.

python tools/reference.py            write settings, commands, information-models, where-data-lies
python tools/reference.py --check    exit 1 when a page is not what would be written
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from landschap.cli import COMMANDS, EXIT_CODES
from landschap.cli.where import places_page
from landschap.platform.settings import schema
from landschap.registers.annotations import ON_PROPERTY, ON_TYPE, ON_VALUE
from landschap.registers.deriving import RULES, ValueKind
from landschap.registers.schemas import FORMATS, KEYWORDS

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
SETTINGS_WORDS = """\
One organisation has one file, `organisation.toml`. Relative paths start at its folder. A variable
`LANDSCHAP__SECTION__KEY` in the environment wins over the file; `LANDSCHAP__SECTION__KEY_FILE`
names a file that holds the value. An unknown key is an error with the nearest name, and all errors
are told at once. `landschap config check` tells them without starting anything;
`landschap config schema` prints the JSON Schema for your editor.
"""
WRITTEN = "Written by `make docs` from the program; do not edit."


def settings_page() -> str:
    """Every key of organisation.toml: what it is, what it may be, whether it is needed."""
    lines = [
        "# Settings",
        "",
        WRITTEN,
        "",
        *SETTINGS_WORDS.splitlines(),
    ]
    lines += _sections(schema(), "")
    return "\n".join(lines) + "\n"


def _sections(node: Any, path: str) -> Iterator[str]:
    required = node.get("required", ())
    plain = {k: v for k, v in node["properties"].items() if "properties" not in v}
    if path and plain:
        yield from ("", f"## `[{path}]`", "", node.get("description", ""), "")
        yield from ("| Key | What | Value | Needed |", "| --- | --- | --- | --- |")
        for key, value in plain.items():
            needed = "yes" if key in required else ""
            words = value.get("description", "").replace("|", "&#124;")
            yield f"| `{key}` | {words} | {_kind(value)} | {needed} |"
    for key, value in node["properties"].items():
        if "properties" in value:
            yield from _sections(value, f"{path}.{key}".lstrip("."))


def _kind(value: Any) -> str:
    if "enum" in value:
        return ", ".join(f"`{choice}`" for choice in value["enum"])
    if value.get("type") == "array":
        return f"list of {_kind(value['items'])}"
    if value.get("type") == "object":
        return "table"
    if value.get("type") == "integer":
        return f"{value.get('minimum', '')} to {value.get('maximum', '')}"
    return {"string": "text", "boolean": "true or false"}.get(str(value.get("type")), "")


def commands_page() -> str:
    """Every command with its help, as the program prints it."""
    lines = ["# Commands", "", WRITTEN, ""]
    lines += ["stdout is the answer, stderr is talk. Exit codes:", ""]
    lines += ["| Code | Means |", "| --- | --- |"]
    lines += [f"| {code} | {words} |" for code, words in EXIT_CODES.items()]
    for name, (module, attribute, _) in COMMANDS.items():
        command = getattr(importlib.import_module(f"landschap.cli.{module}"), attribute)
        lines += _command(command, name)
    return "\n".join(lines) + "\n"


def _command(command: click.Command, name: str) -> Iterator[str]:
    context = click.Context(command, info_name=f"landschap {name}", terminal_width=96)
    level = "##" if " " not in name else "###"
    yield from ("", f"{level} `landschap {name}`", "", "```text", command.get_help(context), "```")
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            found = command.get_command(context, sub)
            if found is not None and not found.hidden:
                yield from _command(found, f"{name} {sub}")


def annotations_page() -> str:
    """What may stand in an information model, from the table that the checks use."""
    lines = ["# Annotations of an information model", "", WRITTEN, "", _ANNOTATIONS, ""]
    for title, found in (("On an object type", ON_TYPE), ("On a property", ON_PROPERTY)):
        lines += [f"## {title}", "", "| Annotation | Value | Meaning |", "| --- | --- | --- |"]
        lines += [
            f"| `{name}` | {_value(rule)} | {rule['description']} |" for name, rule in found.items()
        ]
        lines += [""]
    inside = ", ".join(f"`{name}`" for name in ON_VALUE)
    lines += [f"Members inside a value, and items of a list, may have {inside}.", ""]
    lines += _rules_of_derived_fields()
    lines += ["## Keywords of JSON Schema", "", ", ".join(f"`{each}`" for each in sorted(KEYWORDS))]
    lines += ["", f"`format` is one of {', '.join(f'`{each}`' for each in FORMATS)}."]
    return "\n".join(lines) + "\n"


def _rules_of_derived_fields() -> list[str]:
    lines = ["## Rules of derived fields", "", _DERIVED, ""]
    lines += [
        "| `regel` | Takes | Beside `uit` | Gives | Meaning |",
        "| --- | --- | --- | --- | --- |",
    ]
    for name, rule in RULES.items():
        takes = "anything" if rule.takes == frozenset(ValueKind) else ", ".join(sorted(rule.takes))
        beside = ", ".join(f"`{each}`" for each in rule.arguments)
        several = " (several)" if rule.takes_several else ""
        lines += [f"| `{name}` | {takes}{several} | {beside} | `{rule.gives}` | {rule.means} |"]
    return [*lines, ""]


_DERIVED = """\
`"x-afgeleid": {"regel": "leeftijd-vanaf", "uit": "geboortedatum", "jaren": 18}` on a property: its
value follows from `uit` and is kept nowhere. A value that can not be told for certain is null; of a
date of which the month or day is unknown a rule answers what holds for every day it can be. The
same rules stand in a logical source, under `afgeleid`.
[How to declare one](../how-to/information-model.md#a-field-that-follows-from-others).
"""

_ANNOTATIONS = """\
A model is one JSON Schema 2020-12 per object type (`TYPE.schema.json`). `title` and `description`
are Dutch. An annotation that is not here is a mistake, and so is a keyword that is not:
`landschap model check` names the nearest.
[How to work with models](../how-to/information-model.md).
"""


def _value(rule: Any) -> str:
    return f"`{rule['pattern']}`" if "pattern" in rule else _kind(rule)


def main() -> int:
    """Write or check; returns the exit code."""
    pages = {
        "settings.md": settings_page(),
        "commands.md": commands_page(),
        "information-models.md": annotations_page(),
        "where-data-lies.md": places_page(),
    }
    stale = []
    for name, text in pages.items():
        path = REFERENCE / name
        if not path.exists() or path.read_text() != text:
            stale.append(name)
            if "--check" not in sys.argv:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
    if stale and "--check" in sys.argv:
        print(f"{', '.join(stale)}: not current; run `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
