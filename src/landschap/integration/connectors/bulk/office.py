# SPDX-License-Identifier: EUPL-1.2
"""Who delivers extracts, what is wanted of them, and whether that is permitted."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from landschap.integration.bulk.anonymity import Question as Anonymity
from landschap.integration.bulk.extracts import Form
from landschap.integration.connectors.bulk.extracting import Result
from landschap.integration.connectors.bulk.gathering import Progress
from landschap.integration.model import Declaration
from landschap.integration.rows import Moment
from landschap.logboek.store import LogWriter
from landschap.purposes.decide import decide
from landschap.purposes.decision import Decision, Question
from landschap.purposes.needs import Facts
from landschap.purposes.second_look import Persons
from landschap.purposes.snapshot import Snapshot
from landschap.vocabulary.identifiers import Oin
from landschap.vocabulary.ijson import JsonValue

SERVICE_ENDING = "-bulk"
ACTION = "verstrekken"
MANIFEST_ENDING = ".manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """Who delivers, by which register of purposes, into which log, with which keys.

    ``snapshot`` gives the register in force, ``marked`` the activities against which somebody's
    restriction or objection stands (`persons.store.marked`); both are asked for each delivery.
    """

    snapshot: Callable[[], Awaitable[Snapshot]]
    marked: Callable[[], Awaitable[Mapping[str, frozenset[str]]]]
    log: LogWriter
    controller: Oin
    pseudonym_key: bytes
    line_key: bytes
    key_id: int
    pseudonym_space: str
    persons: Persons


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What is wanted. ``fields`` is None for all that is permitted; ``folder`` gets the files.

    ``models`` are the versions of the information models that registers among the sources have.
    ``anonymous`` is how anonymous the file must be to be left there.
    """

    declaration: Declaration
    declaration_sha256: str
    purpose: str
    receiver: str
    form: Form
    folder: Path
    moment: Moment
    fields: tuple[str, ...] | None = None
    geometry: str = ""
    anonymous: Anonymity | None = None
    models: Mapping[str, str] = field(default_factory=dict)
    name: str = ""

    @property
    def service(self) -> str:
        """The service that policies are about."""
        return f"{self.declaration.name}{SERVICE_ENDING}"

    @property
    def file(self) -> Path:
        """The file that is written."""
        stem = self.name or f"{self.declaration.name}-{self.moment.valid_on.isoformat()}"
        return self.folder / f"{stem}.{self.form.value}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """A delivery: the files, the manifest as it was written, and what the result was."""

    file: Path
    manifest: Mapping[str, JsonValue]
    result: Result


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Who is told how far it is: rows read per source, rows written."""

    reading: Progress = lambda _source, _rows: None
    writing: Callable[[int], None] = lambda _rows: None


async def decided(office: Office, wish: Wish, now: datetime) -> Decision:
    """The decision on an extract, by the register of purposes alone: there is no contract to it."""
    question = Question(
        purpose=wish.purpose,
        organisation=wish.receiver,
        service=wish.service,
        action=ACTION,
        fields=wish.fields,
        require_bound=False,
        facts=Facts(marked=await office.marked()),
    )
    return decide(question, await office.snapshot(), now)
