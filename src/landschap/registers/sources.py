# SPDX-License-Identifier: EUPL-1.2
"""Rows of a source on their way to a register, and what can be wrong with them.

Everything that is wrong in a file is told at once, with line, column and what to do, before
anything is written.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from landschap.registers.models import ObjectType
from landschap.registers.operations import Draft
from landschap.registers.timeline import Assertion
from landschap.vocabulary.ijson import JsonValue

# More than this tells nothing new: then the whole column is wrong.
MAX_FAULTS_SHOWN = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRow:
    """One row as read: the line it stands on and its cells by column."""

    line: int
    cells: Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFault:
    """What is wrong with one row, and what the reader can do. Line 0 is the file as a whole.

    ``rule`` names the rule in one word. ``value`` is what stood there; it is left empty where it
    may be personal data, and no message holds it. ``filled`` is the key of the mapping by which the
    column is read, as ``velden.soort``; empty where no mapping is used.
    """

    file: str
    line: int
    column: str
    message: str
    remedy: str
    rule: str = "vorm"
    value: str = ""
    filled: str = ""

    def __str__(self) -> str:
        where = f"{self.file}, line {self.line}" if self.line else self.file
        filled = f" ({self.filled})" if self.filled and self.column else self.filled
        where += f", {self.column}{filled}" if self.column or filled else ""
        found = f" ({self.value!r})" if self.value else ""
        return f"{where}: {self.message}{found}. {self.remedy}"


class UnreadableSource(ValueError):
    """A file of which nothing was loaded; ``faults`` says why, row by row."""

    def __init__(self, faults: Sequence[RowFault]) -> None:
        shown = [str(fault) for fault in faults[:MAX_FAULTS_SHOWN]]
        hidden = len(faults) - len(shown)
        if hidden > 0:
            shown.append(f"and {hidden} more")
        super().__init__("\n".join(shown))
        self.faults = tuple(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An assertion read from a source; the digest names its row."""

    type: ObjectType
    object_id: str
    draft: Draft
    digest: bytes
    corrects_digest: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sourced:
    """A reading with its place. ``only`` may stand once per object: a second one is a duplicate.

    ``tie`` orders readings of one moment, before the order of reading.
    """

    reading: Reading
    file: str
    line: int
    only: str = ""
    tie: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """What is wrong with rows of one object, so that all of that object stays out.

    ``object_id`` is empty when it can not be told which object a row is about.
    """

    faults: Sequence[RowFault]
    type_key: str = ""
    object_id: str = ""


def digest_of(*parts: JsonValue) -> bytes:
    """The name of a source row: the same row read twice has the same name."""
    text = json.dumps(parts, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()[:16]


def draft_digest(object_id: str, draft: Draft) -> bytes:
    """The name of the row behind a draft: everything the source said, but not the version of us."""
    moment = draft.source_registered_at
    return digest_of(
        object_id,
        draft.group,
        draft.period.begin.isoformat(),
        draft.period.end.isoformat(),
        moment.isoformat() if moment else None,
        draft.kind.value,
        draft.content,
        draft.source,
    )


def as_assertion(draft: Draft, number: int) -> Assertion:
    """A draft of a source as an assertion, to see what the ones before it say together.

    ``number`` orders it among those; its moment is that of the source, which a copy always has.
    """
    moment = draft.source_registered_at
    if moment is None:
        raise ValueError("a draft of a source has the moment of the source")
    return Assertion(
        number=number,
        group=draft.group,
        period=draft.period,
        registered_at=moment,
        kind=draft.kind,
        content=draft.content,
        source_registered_at=moment,
        begin_source=draft.begin_source,
    )


def model_faults(reading: Reading, file: str, line: int) -> list[RowFault]:
    """Where the content of a reading does not fit its model."""
    found = reading.type.faults_in(reading.object_id, reading.draft.group, reading.draft.content)
    return [
        RowFault(
            file=file,
            line=line,
            column=fault.pointer.lstrip("/"),
            message=fault.message,
            remedy=f"Correct the row, or the model {reading.type.key}.",
            rule="model",
        )
        for fault in found
    ]
