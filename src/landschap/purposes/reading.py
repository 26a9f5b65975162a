# SPDX-License-Identifier: EUPL-1.2
"""Reading one table of a TOML file: typed values, and every problem with file, line and key.

A key that is not known is a problem with the nearest valid name; a key that is known but not
supported is a problem that says so, because to pass over a condition would widen a permission.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time

from landschap.purposes.model import Text
from landschap.vocabulary.mistakes import Mistake, MistakesError


class RegisterError(MistakesError):
    """A register that can not be applied; ``mistakes`` holds everything that is wrong with it.

    A key reads as ``beleidsregel 2 (bijstand): doel``.
    """


@dataclass(slots=True, kw_only=True)
class Table:
    """One ``[[name]]`` of a file; reading a value notes what is wrong and gives an empty one."""

    file: str
    name: str
    place: int
    values: Mapping[str, object]
    lines: Mapping[str, int]
    problems: list[Mistake]
    read: set[str] = field(default_factory=set)

    def problem(self, key: str, message: str, nearest: str = "") -> None:
        """Note one problem at the line of the key, or of the table."""
        named = next(
            (
                str(self.values[k])
                for k in ("id", "naam", "uri")
                if isinstance(self.values.get(k), str)
            ),
            "",
        )
        title = f"{self.name} {self.place}" + (f" ({named})" if named else "")
        self.problems.append(
            Mistake(
                file=self.file,
                line=self.lines.get(key, self.lines[""]),
                key=f"{title}: {key}" if key else title,
                message=message,
                nearest=nearest,
            )
        )

    def close(self, unsupported: Mapping[str, str]) -> None:
        """Note every key that nobody read."""
        for key in self.values:
            if key in unsupported:
                self.problem(
                    key,
                    f"{unsupported[key]} are not supported in this version, and to pass over "
                    "them would widen the permission",
                )
            elif key not in self.read:
                self.problem(key, "is not a key of this table", nearest_of(key, self.read))

    def text(self, key: str, *, default: str | None = None, pattern: str = "") -> str:
        """A text; required when there is no default."""
        value = self._take(key, default is None)
        if value is None:
            return default or ""
        if not isinstance(value, str) or not value.strip():
            self.problem(key, "must be a text that is not empty")
            return ""
        if pattern and not re.fullmatch(pattern, value):
            self.problem(key, f"{value[:80]!r} does not have the form {pattern}")
        return value

    def choice(self, key: str, valid: Collection[str], *, default: str | None = None) -> str:
        """One of a fixed list."""
        value = self.text(key, default=default)
        if value and value != default and value not in valid:
            self.problem(key, f"{value[:80]!r} is not valid", nearest_of(value, valid))
        return value

    def texts(
        self, key: str, *, valid: Collection[str] = (), required: bool = False
    ) -> tuple[str, ...]:
        """A list of different texts, each from ``valid`` when that is given."""
        value = self._take(key, required)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            self.problem(key, "must be a list of texts")
            return ()
        if required and not value:
            self.problem(key, "must hold at least one")
        seen: set[str] = set()
        for each in value:
            if each in seen:
                self.problem(key, f"{each[:80]!r} stands there twice")
            elif valid and each not in valid:
                self.problem(key, f"{each[:80]!r} is not valid", nearest_of(each, valid))
            seen.add(each)
        return tuple(value)

    def words(self, key: str) -> Text:
        """The same words in Dutch and English: ``{nl = "...", en = "..."}``."""
        value = self._take(key, required=True)
        if value is None:
            return Text(nl="", en="")
        if not isinstance(value, dict) or set(value) != {"nl", "en"}:
            self.problem(key, 'must be {nl = "...", en = "..."}')
            return Text(nl="", en="")
        if not all(isinstance(each, str) and each.strip() for each in value.values()):
            self.problem(key, "nl and en must both be texts that are not empty")
            return Text(nl="", en="")
        return Text(nl=value["nl"], en=value["en"])

    def number(self, key: str) -> int:
        """A whole number from 1."""
        value = self._take(key, required=True)
        if value is None:
            return 1
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            self.problem(key, "must be a whole number from 1")
            return 1
        return value

    def boolean(self, key: str, *, default: bool | None = None) -> bool:
        """``true`` or ``false``; without a default it must be there."""
        value = self._take(key, required=default is None)
        if value is None and default is not None:
            return default
        if value is not None and not isinstance(value, bool):
            self.problem(key, "must be true or false")
        return value is not False

    def day(self, key: str, *, required: bool = False) -> date | None:
        """A calendar day, written as a TOML date without quotes."""
        value = self._take(key, required)
        if value is None:
            return None
        if type(value) is not date:
            self.problem(key, "must be a day, written as 2026-01-31 without quotes")
            return None
        return value

    def moment(self, key: str) -> datetime | None:
        """A moment with its offset, written as a TOML date-time; None when it is absent."""
        value = self._take(key, required=False)
        if value is None:
            return None
        if not isinstance(value, datetime) or value.tzinfo is None:
            self.problem(key, "must be a moment, written as 2026-01-31T12:00:00+01:00")
            return None
        return value

    def table(self, key: str) -> Table | None:
        """A table inside this one, or None when it is absent."""
        value = self._take(key, required=False)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.problem(key, "must be a table")
            return None
        return Table(
            file=self.file,
            name=f"{self.name} {self.place}: {key}",
            place=1,
            values=value,
            lines={"": self.lines.get(key, self.lines[""])},
            problems=self.problems,
        )

    def tables(self, key: str) -> list[Table]:
        """The tables of a list inside this one, in order; none when it is absent."""
        value = self._take(key, required=False)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            self.problem(key, "must be a list of tables")
            return []
        return [
            Table(
                file=self.file,
                name=f"{self.name} {self.place}: {key}",
                place=place,
                values=each,
                lines={"": self.lines.get(key, self.lines[""])},
                problems=self.problems,
            )
            for place, each in enumerate(value, start=1)
        ]

    def text_or_texts(self, key: str) -> tuple[str, ...]:
        """One text or a list of texts; none when it is absent."""
        if isinstance(self.values.get(key), str):
            return (self.text(key),)
        return self.texts(key)

    def clock(self, key: str) -> time:
        """A time of the day, written as ``08:30:00`` without quotes."""
        value = self._take(key, required=True)
        if value is not None and not isinstance(value, time):
            self.problem(key, "must be a time, written as 08:30:00 without quotes")
        return value if isinstance(value, time) else time()

    def _take(self, key: str, required: bool) -> object:
        self.read.add(key)
        value = self.values.get(key)
        if value is None and required:
            self.problem(key, "is missing")
        return value


def nearest_of(name: str, valid: Iterable[str]) -> str:
    """The valid name that was probably meant, or empty."""
    near = difflib.get_close_matches(name, sorted(valid), n=1, cutoff=0.5)
    return near[0] if near else ""


def lines_of_tables(source: str, names: Sequence[str]) -> Mapping[str, list[dict[str, int]]]:
    """For each ``[[name]]`` in order: the line of its header (key empty) and of its keys."""
    found: dict[str, list[dict[str, int]]] = {name: [] for name in names}
    current: dict[str, int] | None = None
    for number, line in enumerate(source.splitlines(), start=1):
        if header := re.match(r"\s*\[\[\s*([\w-]+)\s*\]\]", line):
            current = {"": number}
            found.setdefault(header[1], []).append(current)
        elif current is not None and (key := re.match(r"\s*([\w-]+)\s*=", line)):
            current.setdefault(key[1], number)
    return found
