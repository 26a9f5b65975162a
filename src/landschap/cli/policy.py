# SPDX-License-Identifier: EUPL-1.2
"""``landschap policy``: try policies on questions before they are in force, and ask who may."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import click

from landschap.cli.config_option import json_option
from landschap.cli.purpose import FOLDER, of_organisation, read_folder, warn_of
from landschap.cli.tables import answer, table_of
from landschap.cli.with_pool import run_with_pool
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble
from landschap.purposes.derived import DerivedField, following_from
from landschap.purposes.reading import RegisterError, nearest_of
from landschap.purposes.snapshot import Rule, Snapshot
from landschap.purposes.store import current_snapshot
from landschap.purposes.trying import Trial, parse_trials, try_out
from landschap.vocabulary.ijson import JsonValue

TESTS = "toetsen"
"""In the folder of the register: the tests of its policies."""

_NOT_FOUND = 3


@click.group()
def policy() -> None:
    """Test policies before they are in force, and see who may see a field.

    \b
    Examples:
      landschap policy test
      landschap policy who-may geboortedatum
    """


@policy.command("test")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), required=False)
@json_option
@of_organisation
@click.pass_context
def run_tests(ctx: click.Context, settings: Settings, folder: Path | None, as_json: bool) -> None:
    """Decide the questions in FOLDER/toetsen by the files in FOLDER, and compare.

    FOLDER is the folder `doelbinding` beside the settings when it is not given. Nothing is applied
    and no database is needed. The exit code is 1 when a decision differs from what is expected.

    \b
    Examples:
      landschap policy test
      landschap policy test doelbinding --json
    """
    folder = folder or settings.path.parent / FOLDER
    found = read_folder(folder, settings.organisation.oin.value)
    warn_of(found.warnings)
    snapshot = Snapshot(found.register)
    now = datetime.now(UTC)
    outcomes = [try_out(trial, snapshot, now) for trial in read_trials(folder / TESTS)]
    failed = [each for each in outcomes if each.differences]
    if as_json:
        rows: list[JsonValue] = [
            {
                "file": each.trial.file,
                "name": each.trial.name,
                "passed": not each.differences,
                "differences": list(each.differences),
            }
            for each in outcomes
        ]
        click.echo(json.dumps({"tests": rows, "failed": len(failed)}, ensure_ascii=False))
    else:
        for each in failed:
            click.echo(f"differs: {each.trial.name} ({each.trial.file})")
            for line in each.differences:
                click.echo(f"    {line}")
            for step in each.decision.steps:
                click.echo(f"    {step.rule} {step.outcome}: {step.subject} {step.detail}".rstrip())
        click.echo(f"{len(outcomes) - len(failed)} of {len(outcomes)} tests as expected")
    if failed:
        ctx.exit(1)


def read_trials(folder: Path) -> tuple[Trial, ...]:
    """The tests in a folder. Raises Trouble: none there, or with everything that is wrong."""
    try:
        sources = {p.name: p.read_text(encoding="utf-8") for p in sorted(folder.glob("*.toml"))}
    except (OSError, UnicodeDecodeError) as error:
        raise Trouble(f"{folder} can not be read: {error}", "make it readable, as UTF-8") from None
    if not sources:
        raise Trouble(f"{folder} holds no .toml files", "write tests there; see the how-to page")
    try:
        return parse_trials(sources)
    except RegisterError as error:
        raise Trouble(f"no test was done:\n{error}", "correct these and test again") from None


@policy.command("who-may")
@click.argument("field", metavar="FIELD")
@click.option("--service", default="", help="Of this service only.")
@json_option
@of_organisation
@click.pass_context
def who_may(
    ctx: click.Context, settings: Settings, field: str, service: str, as_json: bool
) -> None:
    """List who may see FIELD now: by which policy, for which purpose, and as what.

    FIELD is a path such as `adres.straat`, or a group such as `adres`. Who sees only what follows
    from it, as `meerderjarig` from `geboortedatum`, is in the list as well. How often they did
    tells `landschap purpose used FIELD`.

    \b
    Examples:
      landschap policy who-may geboortedatum
      landschap policy who-may adres --service inwoners --json
    """
    snapshot, _ = run_with_pool(settings, "purposes", current_snapshot)
    names = {name for _, name in snapshot.services}
    if service and service not in names:
        near = nearest_of(service, names)
        hint = f"; did you mean {near}?" if near else ""
        click.echo(f"There is no service {service}{hint}", err=True)
        ctx.exit(_NOT_FOUND)
    known = {
        path
        for (_, name), fields in snapshot.service_fields.items()
        if service in ("", name)
        for path in fields
    }
    if not any(_is_or_under(path, field) for path in known):
        near = nearest_of(field, known)
        hint = f"; did you mean {near}?" if near else ""
        click.echo(f"There is no field {field}{hint}", err=True)
        ctx.exit(_NOT_FOUND)
    rows = who_may_see(snapshot, field, service, datetime.now(UTC))
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = table_of("Policy", "Who", "Service", "Purpose", "Field", "As", "Needs")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    answer.print(table)


def who_may_see(
    snapshot: Snapshot, field: str, service: str, now: datetime
) -> list[dict[str, JsonValue]]:
    """A row per permission in force and field that it shows."""
    rules = {
        rule.policy.id: rule
        for (_, name, _), by_purpose in snapshot.permits.items()
        if service in ("", name)
        for found in by_purpose.values()
        for rule in found
        if rule.in_force(now)
    }
    return [
        {
            "policy": name,
            "who": ", ".join(sorted(rule.organisations or ())),
            "service": rule.policy.service,
            "purpose": rule.policy.purpose,
            "field": path,
            "as": _as(rule, path, derived),
            "needs": ", ".join((*rule.policy.roles, *rule.policy.needs)),
        }
        for name, rule in sorted(rules.items())
        for derived in (snapshot.derived.get((rule.policy.provider, rule.policy.service), ()),)
        for path in sorted(rule.fields)
        if _is_or_under(path, field) or path in following_from(derived, field)
    ]


def _as(rule: Rule, path: str, derived: Sequence[DerivedField]) -> str:
    kinds = [o.kind for o in rule.policy.obligations if o.path and _is_or_under(path, o.path)]
    return ", ".join([*(each.words for each in derived if each.path == path), *kinds]) or "it is"


def _is_or_under(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}.")
