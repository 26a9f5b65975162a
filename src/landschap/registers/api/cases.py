# SPDX-License-Identifier: EUPL-1.2
"""A question to a register on its way, and what answering one needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from litestar import Request

from landschap.logboek.store import LogWriter
from landschap.purposes.model import FieldSet
from landschap.purposes.permit import Permit
from landschap.purposes.second_look import Persons
from landschap.registers.answering import Shape
from landschap.registers.api.forms import JSON
from landschap.registers.asking import Asked
from landschap.registers.describing import About
from landschap.registers.expanding import Relation
from landschap.registers.models import ObjectType, Registers
from landschap.registers.store.rows import Pool
from landschap.vocabulary.identifiers import Oin
from landschap.vocabulary.tracing import TraceContext

AnyRequest = Request[Any, Any, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """What the routes need, given by who composes the process.

    ``field_sets`` gives the field sets by key, for permits that name one; ``pseudonym_space`` is
    the URI of our pseudonyms, to which kind of subject and key generation are added; ``line_key``
    gives number and key of the generation that lines are written with now, and ``pseudonym_key``
    finds a person among statements; ``persons`` looks up what stands against the use of a person;
    ``notice_hosts`` are the hosts to which notices may go without FSC.
    """

    registers: Registers
    pool: Pool
    log: LogWriter
    controller: Oin
    permit_key: bytes
    pseudonym_key: bytes
    permit_keys: Callable[[], Sequence[bytes]] | None = None
    pseudonym_space: str = "https://landschap.example/register/pseudoniem"
    field_sets: Callable[[], Mapping[str, FieldSet]] = dict
    about: About = field(default_factory=lambda: About(version="1.0.0", organisation=""))
    notice_hosts: Sequence[str] = ()
    persons: Persons | None = None
    line_key: Callable[[], tuple[int, bytes]] | None = None

    def key_of_lines(self) -> tuple[int, bytes]:
        """Number and key of the pseudonyms in lines; ask once for what goes into one line."""
        return self.line_key() if self.line_key else (1, self.pseudonym_key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One permitted question on its way.

    ``is_own``: one of our own people asks, at a page of ours, for the case of that number.
    """

    type: ObjectType
    permit: Permit
    asked: Asked
    query: Mapping[str, str]
    expanded: Sequence[Relation]
    shape: Shape
    trace: TraceContext | None
    path: str
    started_at: datetime
    is_own: bool = False
    case_number: str = ""
    form: str = JSON


class History(NamedTuple):
    """What in a question asks for material and for formal history; empty when nothing does."""

    material: str = ""
    formal: str = ""


NO_HISTORY = History()
