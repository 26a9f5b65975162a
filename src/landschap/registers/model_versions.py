# SPDX-License-Identifier: EUPL-1.2
"""Whether a version of an object type may follow the one in force.

What is stored stays readable: either it fits the new version, or a declared migration says how it
is read. Who asks is warned by the number: a change that breaks them raises the major version.
Source: Semantic Versioning 2.0.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from landschap.registers.migrating import Migration, as_text, migrated_schema, version_of
from landschap.registers.model_diff import Effect, ModelChange, changes_between
from landschap.registers.schemas import Schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Succession:
    """What changes with a new version, and why it may not follow; nothing when it may."""

    changes: tuple[ModelChange, ...]
    refused: tuple[str, ...]


def succession(old: Schema, new: Schema, migrations: Sequence[Migration]) -> Succession:
    """Judge one version of a type after another."""
    before, after = version_of(str(old["x-versie"])), version_of(str(new["x-versie"]))
    changes = tuple(changes_between(old, new))
    if before == after:
        same = _told_of_same(changes, as_text(before))
        return Succession(changes=changes, refused=same)
    if after < before:
        told = f"version {as_text(after)} is older than {as_text(before)}, which is in force"
        return Succession(changes=changes, refused=(told,))
    declared = [one for one in migrations if before < one.to <= after]
    refused = [
        *_of_declared(old, new, declared, after),
        *_of_number(changes, declared, before, after),
    ]
    return Succession(changes=changes, refused=tuple(refused))


def _told_of_same(changes: Sequence[ModelChange], version: str) -> tuple[str, ...]:
    real = [change for change in changes if change.effect is not Effect.TEXT]
    told = "; ".join(map(str, real[:5]))
    other = f"version {version} is in force and says something else ({told}): raise x-versie"
    return (other,) if real else ()


def _of_declared(
    old: Schema, new: Schema, declared: Sequence[Migration], after: tuple[int, int, int]
) -> Iterator[str]:
    steps = [step for one in declared for step in one.steps]
    decided = {each for one in declared for each in one.decisions}
    read_as, wrong = migrated_schema(old, steps)
    yield from wrong
    for change in changes_between(read_as, new):
        if change.effect is Effect.DECISION and (change.name, change.path) not in decided:
            where = f', eigenschap = "{change.path}"' if change.path else ""
            yield (
                f'{change} ({change.name}): declare the decision {{ wijziging = "{change.name}"'
                f"{where} }} in the migration to {as_text(after)}"
            )
        elif change.effect is Effect.MIGRATION:
            yield f"{change} ({change.name}): declare a step in the migration to {as_text(after)}"
        elif change.effect is Effect.IMPOSSIBLE:
            yield f"{change} ({change.name}): give it another name instead"


def _of_number(
    changes: Sequence[ModelChange],
    declared: Sequence[Migration],
    before: tuple[int, int, int],
    after: tuple[int, int, int],
) -> Iterator[str]:
    gravest = max((change.effect for change in changes), default=Effect.TEXT)
    steps = any(one.steps for one in declared)
    if (gravest >= Effect.MAJOR or steps) and after[0] == before[0]:
        breaking = next((c for c in changes if c.effect >= Effect.MAJOR), None)
        why = str(breaking) if breaking else "stored content is read in another form"
        yield f"{why}: who asks has to change, so the version has to be {before[0] + 1}.0.0"
    elif gravest >= Effect.COMPATIBLE and after[:2] == before[:2]:
        yield f"more than words changed: the version has to be {before[0]}.{before[1] + 1}.0"
