# SPDX-License-Identifier: EUPL-1.2
"""``landschap apply`` and ``landschap purpose``: the register, from files to in force.

A package is taken in by ``packaging.applying``.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, TypeVar

import asyncpg
import click

from landschap.cli.config_option import json_option, read_from_config
from landschap.cli.tables import answer, table_of
from landschap.cli.with_pool import run_with_pool
from landschap.platform.settings import Settings, load_settings
from landschap.platform.trouble import Trouble
from landschap.purposes import store
from landschap.purposes.changes import Change, changes_between
from landschap.purposes.files import parse_register
from landschap.purposes.lists import is_local, shared_purpose
from landschap.purposes.model import Policy, ProcessingActivity, Register, Validity
from landschap.purposes.reading import RegisterError, nearest_of
from landschap.purposes.snapshot import KnownPurpose, Snapshot
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.mistakes import Mistake

FOLDER = "doelbinding"
BASIS = "gebaseerd-op.txt"
"""In the folder of the register: the version in force that the files were written on."""

_Result = TypeVar("_Result")
_NOT_FOUND = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """The register as it lies in a folder, and the version it was written on.

    ``warnings`` are about what is not wrong, and was hardly meant.
    """

    path: Path
    register: Register
    based_on: str
    warnings: tuple[Mistake, ...] = ()


of_organisation = read_from_config("settings", load_settings)


@click.command("apply")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--author", default="", help="Who wrote the change.")
@click.option("--approver", default="",
              help="Who approves it: another person. Without, it is proposed.")  # fmt: skip
@click.option("--reason", default="", help="Why, in a sentence; kept with the change.")
@click.option("--based-on", help=f"The version it was written on; default what {BASIS} says.")
@click.option("--dry-run", is_flag=True, help="Only check, and show what would change.")
@click.option("--from", "sender", default="", metavar="OIN",
              help="Of a package: the organisation that it must be signed by.")  # fmt: skip
@click.option("--values", type=click.Path(exists=True, dir_okay=False, path_type=Path),
              help="Of a package: a TOML file with our values for its parameters.")  # fmt: skip
@click.option("--keep", multiple=True, metavar="NAME", help="Of a package: in conflict, keep ours.")
@click.option("--take", multiple=True, metavar="NAME", help="Of a package: in conflict, take it.")
@json_option
@of_organisation
def apply(
    settings: Settings, path: Path | None, dry_run: bool, as_json: bool, **given: Any
) -> None:  # fmt: skip
    """Put a register of purposes, a whole folder or a package in force.

    PATH is a folder with purposes, field sets, activities and policies (`doelbinding` beside the
    settings when it is not given), the whole folder of the settings with models and services too,
    or a package that `landschap pack` made elsewhere, of which what was changed here stays when a
    newer one comes. Policies work with the next question. Without an approver policies and
    packages wait until another person gives `landschap approve`.

    \b
    Examples:
      landschap apply --dry-run
      landschap apply --author "J. de Vries" --approver "A. Bakker" --reason "nieuw veld"
      landschap apply . --dry-run
      landschap apply bijstand-1.0.0.pakket --values waarden.toml --dry-run
    """
    signers = store.Signers(**{key: given[key] for key in ("author", "approver", "reason")})
    deed: Literal["tell", "propose", "do"] = "tell" if dry_run else "do"
    if signers.author and not signers.approver and not dry_run:
        deed = "propose"
    if path is not None and path.is_file():
        from landschap.cli.packaging.applying import take_in_typed

        take_in_typed(settings, path, signers, deed, {**given, "as_json": as_json})
        return
    if any(given[key] for key in ("sender", "values", "keep", "take")):
        raise click.UsageError("--from, --values, --keep and --take are for a package: a file")
    if path is not None and any((path / part).is_dir() for part in (FOLDER, "registers")):
        from landschap.cli.packaging.whole_folder import apply_whole

        apply_whole(settings, path, signers, dry_run=dry_run, as_json=as_json)
        return
    found = read_folder(path or settings.path.parent / FOLDER, settings.organisation.oin.value)
    if given["based_on"] is not None:
        found = replace(found, based_on=given["based_on"])
    warn_of(found.warnings)
    if deed == "propose":
        from landschap.cli.packaging.approving import propose_register

        propose_register(settings, found, signers, as_json=as_json)
        return
    _apply_folder(settings, found, signers, dry_run, as_json)


def _apply_folder(
    settings: Settings, found: Folder, signers: store.Signers, dry_run: bool, as_json: bool
) -> None:
    told: dict[str, JsonValue] = {"warnings": [str(each) for each in found.warnings]}
    if dry_run:
        current, changes = _run(settings, lambda pool: difference(pool, found))
        in_force = current if current != Snapshot(found.register).version else found.based_on
        told |= {"applied": False, "inForce": current, "basedOn": found.based_on}
        tell(changes, as_json, told)
        _warn_of_refusal(changes, in_force, found.based_on)
        return
    saved = _run(
        settings,
        lambda pool: store.save_register(pool, found.register, signers, based_on=found.based_on),
    )
    keep_basis(found.path, saved.version)
    told |= {"applied": saved.epoch is not None, "version": saved.version}
    tell(saved.changes, as_json, told)


def warn_of(warnings: Iterable[Mistake]) -> None:
    """Tell of what is not wrong, and was hardly meant."""
    for each in warnings:
        click.echo(f"warning: {each}", err=True)


def read_folder(folder: Path, owner: str) -> Folder:
    """The register in a folder of TOML files. Raises Trouble with everything that is wrong."""
    try:
        files = sorted(folder.glob("*.toml"))
        sources = {path.name: path.read_text(encoding="utf-8") for path in files}
        basis = folder / BASIS
        based_on = basis.read_text(encoding="utf-8").strip() if basis.exists() else ""
    except (OSError, UnicodeDecodeError) as error:
        raise Trouble(f"{folder} can not be read: {error}", "make it readable, as UTF-8") from None
    if not sources:
        raise Trouble(f"{folder} holds no .toml files", "name the folder of the register")
    warned: list[Mistake] = []
    try:
        register = parse_register(sources, owner, warned)
    except RegisterError as error:
        count = len(error.mistakes)
        raise Trouble(
            f"nothing was applied, {count} thing{'s are' if count > 1 else ' is'} wrong:\n{error}",
            "correct these and apply again",
        ) from None
    return Folder(path=folder, register=register, based_on=based_on, warnings=tuple(warned))


@click.group()
def purpose() -> None:
    """See purposes, processing activities and who put them in force.

    \b
    Examples:
      landschap purpose list
      landschap purpose show recht-op-bijstand-vaststellen
    """


@purpose.command("show")
@click.argument("name", metavar="PURPOSE")
@json_option
@of_organisation
@click.pass_context
def show_purpose(ctx: click.Context, settings: Settings, name: str, as_json: bool) -> None:
    """Show one purpose: what it means, who may use which fields, on what ground.

    PURPOSE is its URI, or the last part of it.

    \b
    Examples:
      landschap purpose show recht-op-bijstand-vaststellen
      landschap purpose show recht-op-bijstand-vaststellen --json
    """
    snapshot, _ = _run(settings, store.current_snapshot)
    known = _find(snapshot, name)
    if known is None:
        names = [uri.rpartition("/")[2] for uri in sorted(snapshot.purposes)]
        near = nearest_of(name.rpartition("/")[2], names)
        hint = f"did you mean {near}?" if near else f"there are: {', '.join(names) or 'none'}."
        click.echo(f"There is no purpose {name}; {hint}", err=True)
        ctx.exit(_NOT_FOUND)
    if as_json:
        click.echo(json.dumps(_purpose_detail(snapshot, known), ensure_ascii=False))
        return
    for line in _purpose_words(snapshot, known):
        click.echo(line)


@purpose.command("history")
@json_option
@of_organisation
def history(settings: Settings, as_json: bool) -> None:
    """List who put which version of the register in force, when and why; newest first.

    \b
    Examples:
      landschap purpose history
      landschap purpose history --json
    """
    rows = _run(settings, store.adoptions)
    if as_json:
        plain = [
            {
                "number": row.number,
                "version": row.version,
                "adoptedAt": row.adopted_at.isoformat(),
                "author": row.author,
                "approver": row.approver,
                "reason": row.reason,
            }
            for row in rows
        ]
        click.echo(json.dumps(plain, ensure_ascii=False))
        return
    table = table_of("Nr", "In force since", "Author", "Approver", "Reason", "Version")
    for row in rows:
        since = f"{row.adopted_at:%Y-%m-%d %H:%M:%S}"
        table.add_row(
            str(row.number), since, row.author, row.approver, row.reason, row.version[:19]
        )
    answer.print(table)


def _run(settings: Settings, work: Callable[[asyncpg.Pool], Awaitable[_Result]]) -> _Result:
    return run_with_pool(settings, "purposes", work)


async def difference(pool: asyncpg.Pool, found: Folder) -> tuple[str, tuple[Change, ...]]:
    """The version in force, and what the folder changes of it."""
    snapshot, _ = await store.current_snapshot(pool)
    if not snapshot.owner:
        return "", changes_between(None, found.register)
    return snapshot.version, changes_between(snapshot.register, found.register)


def tell(changes: tuple[Change, ...], as_json: bool, facts: Mapping[str, JsonValue]) -> None:
    """Changes and facts, in words or as JSON."""
    if as_json:
        told = {**facts, "changes": [change.as_json() for change in changes]}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    for change in changes:
        for line in change.words():
            click.echo(line)
    if not changes:
        click.echo("nothing to change: this register is in force already")
    for name, value in facts.items():
        if not isinstance(value, list):  # warnings were told beside
            click.echo(f"{name}: {value if value != '' else '(none)'}")


def _warn_of_refusal(changes: tuple[Change, ...], in_force: str, based_on: str) -> None:
    for change in changes:
        if change.reuses_version:
            click.echo(
                f"would be refused: {change.kind} {change.name} needs a new version", err=True
            )
    if in_force != based_on:
        click.echo(
            f"would be refused: the files are based on {based_on or '(none)'}; look at the "
            "difference and give --based-on with the version in force",
            err=True,
        )


def keep_basis(folder: Path, version: str) -> None:
    """Write down in a folder which version its files are from now on based on."""
    try:
        (folder / BASIS).write_text(f"{version}\n", encoding="utf-8")
    except OSError as error:
        click.echo(
            f"applied, but {BASIS} can not be written ({error}); next time give "
            f"--based-on {version}",
            err=True,
        )


def _find(snapshot: Snapshot, name: str) -> KnownPurpose | None:
    for uri, known in sorted(snapshot.purposes.items()):
        if name in {uri, uri.rpartition("/")[2]}:
            return known
    return None


def resting_on(snapshot: Snapshot, uri: str) -> tuple[list[ProcessingActivity], list[Policy]]:
    """The activities and policies for this purpose itself."""
    activities = [each for each in snapshot.register.activities if each.purpose == uri]
    return activities, [each for each in snapshot.register.policies if each.purpose == uri]


def _purpose_detail(snapshot: Snapshot, known: KnownPurpose) -> dict[str, JsonValue]:
    activities, policies = resting_on(snapshot, known.purpose.uri)
    return {
        "uri": known.purpose.uri,
        "version": known.purpose.version,
        "name": {"nl": known.purpose.label.nl, "en": known.purpose.label.en},
        "definition": {"nl": known.purpose.definition.nl, "en": known.purpose.definition.en},
        "liesUnder": list(known.ancestors[1:]),
        "list": known.purpose.scheme,
        "local": is_local(known.purpose, snapshot.register),
        "shared": shared_purpose(known.purpose, snapshot),
        "snapshot": snapshot.version,
        "activities": [
            {"uri": a.uri, "version": a.version, "name": a.name.nl, "grounds": list(a.legal_bases)}
            for a in activities
        ],
        "policies": [
            {
                "id": p.id,
                "version": p.version,
                "effect": p.effect.value,
                "organisations": list(p.organisations),
                "roles": list(p.roles),
                "service": f"{p.provider}/{p.service}",
                "fields": sorted(snapshot.fields_of_set.get(p.field_set, ())),
            }
            for p in policies
        ],
    }


def _purpose_words(snapshot: Snapshot, known: KnownPurpose) -> list[str]:
    activities, policies = resting_on(snapshot, known.purpose.uri)
    described = known.purpose
    bases = {each.id: each for each in snapshot.register.legal_bases}
    state = f"version {described.version}, {described.status.value}, {_period(described.valid)}"
    lines = [
        f"{described.label.nl} ({state})",
        f"  {described.uri}",
        f"  {described.definition.nl}",
    ]
    if is_local(described, snapshot.register):
        shared = shared_purpose(described, snapshot)
        lines.append(f"  one of our own; to others it is {shared or 'not known'}")
    for activity in activities:
        lines += [f"\nActivity: {activity.name.nl}", f"  {activity.what.nl} {activity.why.nl}"]
        for name in activity.legal_bases:
            lines.append(f"  {bases[name].law_name}, artikel {bases[name].article}")
    for policy in policies:
        who = ", ".join(policy.organisations)
        roles = f", as {' or '.join(policy.roles)}" if policy.roles else ""
        lines += [
            f"\nPolicy {policy.id}: {policy.effect.value}",
            f"  {who}{roles}: {', '.join(policy.actions)} {policy.service}",
            f"  fields: {', '.join(sorted(snapshot.fields_of_set.get(policy.field_set, ())))}",
        ]
    return lines


def _period(valid: Validity) -> str:
    return f"from {valid.since}" + (f" up to {valid.until}" if valid.until else "")
