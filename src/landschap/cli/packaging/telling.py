# SPDX-License-Identifier: EUPL-1.2
"""What a package changes, or would change, in words and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import click

from landschap.cli.purpose import BASIS
from landschap.packages.kinds import MODELS, POLICIES, of_kind
from landschap.packages.packing import Opened
from landschap.packages.parameters import Value
from landschap.packages.planning import Plan
from landschap.platform.settings import Settings
from landschap.purposes.changes import changes_between
from landschap.vocabulary.ijson import JsonValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A package with our values, and what it changes; ``files`` are those that are written.

    ``proposal`` is the number under which it waits, 0 when it does not.
    """

    opened: Opened
    given: Mapping[str, Value]
    plan: Plan
    files: Mapping[str, str | None]
    in_force: bool
    proposal: int = 0


def tell(settings: Settings, outcome: Outcome, *, as_json: bool) -> None:
    """Tell what was done, or what would be."""
    opened, plan, files = outcome.opened, outcome.plan, outcome.files
    changes = changes_between(plan.here.register, plan.register.register)
    manifest = opened.manifest
    to_do = list(_still_to_do(settings, outcome))
    if as_json:
        body: dict[str, JsonValue] = {
            "package": manifest.name,
            "version": manifest.version,
            "digest": opened.digest,
            "signer": {"oin": str(opened.signer.peer_id), "name": opened.signer.name},
            "applied": outcome.in_force,
            "proposal": outcome.proposal or None,
            "changes": [change.as_json() for change in changes],
            "services": list(plan.service_words()),
            "files": sorted(files),
            "kept": plan.kept,
            "conflicts": [{"name": name, "detail": what} for name, what in plan.conflicts],
            "toDo": to_do,
        }
        click.echo(json.dumps(body, ensure_ascii=False))
        return
    click.echo(f"{manifest.name} {manifest.version}: {manifest.title}")
    click.echo(f"signed by {opened.signer.name} ({opened.signer.peer_id})")
    for change in changes:
        for line in change.words():
            click.echo(line)
    for line in plan.service_words():
        click.echo(line)
    for name in sorted(files):
        click.echo(f"{_word(plan, name, files[name])}: {name}")
    for name in plan.kept:
        click.echo(f"stays as you changed it: {name}")
    for name, what in plan.conflicts:
        click.echo(f"conflict: {name}: {what}", err=True)
    if not (changes or files or list(plan.service_words())):
        click.echo("nothing to change: all of it is in force already")
    for line in to_do:
        click.echo(f"still to do: {line}", err=True)
    click.echo(_end_of(outcome))


def _end_of(outcome: Outcome) -> str:
    if outcome.proposal:
        return proposed_words(outcome.proposal)
    return "in force" if outcome.in_force else "nothing was changed"


def proposed_words(number: int) -> str:
    """What to do with a proposal."""
    return f"proposed; another person: landschap approve {number} --approver NAME"


def _word(plan: Plan, name: str, text: str | None) -> str:
    if text is None:
        return "removed"
    return "changed" if name in plan.here.files else "added"


def _still_to_do(settings: Settings, outcome: Outcome) -> Iterator[str]:
    """What a person has to do beside it."""
    plan, files = outcome.plan, outcome.files
    for name, each in sorted(outcome.opened.manifest.parameters.items()):
        value = str(outcome.given[name])
        if each.kind == "file" and not (settings.paths.secrets / value).exists():
            yield f"a file {value} in {settings.paths.secrets}: {each.meaning}"
    if any(name.startswith(f"{MODELS}/") for name in files):
        yield "restart `landschap serve`: models are read when it starts, and then their sources"
    are_theirs = of_kind(plan.here.files, POLICIES) and f"{POLICIES}/{BASIS}" not in files
    if are_theirs and plan.register.register != plan.here.register:
        yield (
            f"the files in {POLICIES} are older than what is in force now; "
            "`landschap purpose export` writes them anew"
        )
