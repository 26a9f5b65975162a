# SPDX-License-Identifier: EUPL-1.2
"""What taking in a package changes here, worked out before anything is changed.

Three sides: the package as it was taken in before, what is here now, and the package that comes,
both packages with our own values in them. Models, logical sources, mappings and tests are compared
as files; policies and services entry by entry, because what is in force of them is in the database.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

import msgspec

from landschap.gateway.services import Service
from landschap.packages.kinds import MAPPINGS, MODELS, POLICIES, SERVICES, SOURCES, TESTS, of_kind
from landschap.packages.whole import (
    Content,
    ContentError,
    Texts,
    misfits,
    read_content,
    read_policies,
    read_services,
)
from landschap.purposes.checks import check_register
from landschap.purposes.merging import MergedRegister, merged_register
from landschap.purposes.model import Register
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.trying import Trial, try_out
from landschap.vocabulary.mistakes import Mistake
from landschap.vocabulary.three_way import (
    Entry,
    Merged,
    Side,
    conflicts_in,
    merged_all,
    merged_entry,
    merged_whole,
)

AS_FILES = (MODELS, SOURCES, MAPPINGS, TESTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Here:
    """What this organisation has now; ``held`` names files and entries of other packages."""

    files: Texts
    register: Register
    services: Mapping[str, Service]
    held: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The outcome: files that change (None: taken away), the register, every service."""

    here: Here
    files: Mapping[str, Merged[str]]
    register: MergedRegister
    services: Mapping[str, Merged[Entry]]

    @property
    def conflicts(self) -> list[tuple[str, str]]:
        """What nobody chose for, by name, and what is the matter."""
        return [
            *conflicts_in(self.files),
            *conflicts_in(self.register.entries),
            *conflicts_in(_named(self.services)),
        ]

    @property
    def kept(self) -> list[str]:
        """What is not as the package has it, because it was changed here."""
        parts: chain[tuple[str, Merged[str] | Merged[Entry]]] = chain(
            self.files.items(), self.register.entries.items(), _named(self.services).items()
        )
        return [name for name, one in parts if one.kept]

    @property
    def names(self) -> frozenset[str]:
        """All that a person can choose for."""
        return frozenset({*self.files, *self.register.entries, *_named(self.services)})

    @property
    def changed_files(self) -> dict[str, str | None]:
        """The files that are written, or taken away (None)."""
        return {
            name: one.value
            for name, one in sorted(self.files.items())
            if one.value != self.here.files.get(name)
        }

    @property
    def all_files(self) -> dict[str, str]:
        """Every file of the organisation as it is afterwards."""
        after = {**self.here.files, **{name: one.value for name, one in self.files.items()}}
        return {name: text for name, text in after.items() if text is not None}

    @property
    def all_services(self) -> dict[str, Service]:
        """Every service as it is offered afterwards."""
        after: dict[str, Service] = dict(self.here.services)
        for name, one in self.services.items():
            after.pop(name, None)
            if one.value is not None:
                after[name] = msgspec.convert(one.value, Service)
        return after

    def service_words(self) -> Iterator[str]:
        """What happens to services, for people."""
        after = self.all_services
        for name in sorted({*self.here.services, *after}):
            before, now = self.here.services.get(name), after.get(name)
            if before != now:
                word = "added" if before is None else "removed" if now is None else "changed"
                yield f"{word}: offered service {name}"

    def content(self) -> Content:
        """What the files declare afterwards. Raises ContentError with all that does not fit."""
        files = self.all_files
        found = read_content(of_kind(files, *AS_FILES))
        wrong = misfits(found, self.register.register, files)
        wrong += [
            Mistake(file=POLICIES, line=1, key=f"{each.table} {each.key}", message=each.message)
            for each in check_register(self.register.register)
        ]
        if wrong:
            raise ContentError(wrong)
        return found

    def failing_tests(self, content: Content, now: datetime) -> list[str]:
        """The tests of policies that came with the package and are not as expected."""
        came = [trial for trial in content.trials if trial.file in self.files]
        return failing_tests(came, Snapshot(self.register.register), now)


def failing_tests(trials: Iterable[Trial], snapshot: Snapshot, now: datetime) -> list[str]:
    """The tests that are not as expected, in words."""
    return [
        f"{trial.name} ({trial.file}): {'; '.join(outcome.differences)}"
        for trial in trials
        if (outcome := try_out(trial, snapshot, now)).differences
    ]


def plan_of(here: Here, was: Texts, comes: Texts, choices: Mapping[str, Side]) -> Plan:
    """What taking in ``comes`` changes, when ``was`` was taken in before. Raises ContentError."""
    owner = here.register.owner
    files: dict[str, Merged[str]] = merged_all(
        of_kind(was, *AS_FILES), here.files, of_kind(comes, *AS_FILES), choices, merged_whole
    )
    for name in here.held:
        if name in files and files[name].value is None and name in here.files:
            files[name] = Merged(value=here.files[name])
    by_service = {name.removeprefix("offered service "): side for name, side in choices.items()}
    services: dict[str, Merged[Entry]] = merged_all(
        _services(was), _plain(here.services), _services(comes), by_service, merged_entry
    )
    register = merged_register(
        read_policies(was, owner),
        here.register,
        read_policies(comes, owner),
        choices=choices,
        held=here.held,
    )
    return Plan(here=here, files=files, register=register, services=services)


def _services(files: Texts) -> Mapping[str, Entry]:
    wrong: list[Mistake] = []
    found = read_services(of_kind(files, SERVICES), wrong)
    if wrong:
        raise ContentError(wrong)
    return _plain(found)


def _plain(services: Mapping[str, Service]) -> Mapping[str, Entry]:
    """Services as JSON has them, so that one that was stored and one that was read are alike."""
    return {name: msgspec.json.decode(msgspec.json.encode(each)) for name, each in services.items()}


def _named(services: Mapping[str, Merged[Entry]]) -> dict[str, Merged[Entry]]:
    """Services by the name that a person gives them: there are services in the register too."""
    return {f"offered service {name}": one for name, one in services.items()}
