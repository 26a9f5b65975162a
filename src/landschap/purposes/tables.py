# SPDX-License-Identifier: EUPL-1.2
"""The tables in TOML files by their kind, each with the lines on which its keys stand."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence

from landschap.purposes.reading import Table, lines_of_tables, nearest_of
from landschap.vocabulary.mistakes import Mistake


def tables_of(
    sources: Mapping[str, str], problems: list[Mistake], kinds: Sequence[str]
) -> dict[str, list[Table]]:
    """The tables in these files (name -> text) by their kind; what is wrong goes to problems."""
    tables: dict[str, list[Table]] = {name: [] for name in kinds}
    for file in sorted(sources):
        lines = lines_of_tables(sources[file], kinds)
        for name, content in _toml(file, sources[file], problems).items():
            if name not in tables:
                problems.append(_unknown_table(file, name, sources[file], kinds))
            elif not isinstance(content, list) or not all(isinstance(t, dict) for t in content):
                problems.append(
                    Mistake(file=file, line=1, key=name, message=f"write it as [[{name}]]")
                )
            else:
                for place, values in enumerate(content):
                    tables[name].append(
                        Table(
                            file=file,
                            name=name,
                            place=place + 1,
                            values=values,
                            lines=_lines_at(lines[name], place),
                            problems=problems,
                        )
                    )
    return tables


def _lines_at(lines: list[dict[str, int]], place: int) -> dict[str, int]:
    """The lines of one table; a table written inline in a list has none of its own."""
    return lines[place] if place < len(lines) else {"": 1}


def _toml(file: str, source: str, problems: list[Mistake]) -> dict[str, object]:
    try:
        return tomllib.loads(source)
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"\(at line (\d+),", str(error))
        line = int(at[1]) if at else len(source.splitlines())
        problems.append(Mistake(file=file, line=line, key="file", message=f"is no TOML: {error}"))
        return {}


def _unknown_table(file: str, name: str, source: str, kinds: Sequence[str]) -> Mistake:
    header = re.search(rf"(?m)^\s*\[?\[?\s*{re.escape(name)}\b", source)
    line = source[: header.start()].count("\n") + 1 if header else 1
    return Mistake(
        file=file,
        line=line,
        key=name,
        message="is not a table of the register",
        nearest=nearest_of(name, kinds),
    )
