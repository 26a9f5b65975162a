# SPDX-License-Identifier: EUPL-1.2
"""What `landschap purpose unused` tells people: tables of what was measured, and the proposal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path

import click

from landschap.cli.purpose import FOLDER
from landschap.cli.tables import answer, table_of
from landschap.gateway.usage.report import Report
from landschap.purposes.used.shrinking import Shrunk
from landschap.vocabulary.times import amsterdam_day


def tell(report: Report) -> None:
    """Everything that was measured."""
    for line in _words(report):
        click.echo(line)
    _tables(report)


def _words(report: Report) -> Iterator[str]:
    yield f"From {_day(report.since)} to {_day(report.until)}, on register"
    yield f"{report.snapshot.version}"
    if report.begin is None:
        yield "The log is empty: nothing was used, as far as can be seen."
    elif report.begin > report.since:
        yield f"The log begins at {_day(report.begin)}; before that nothing is seen."
    new = [each.policy.id for each in report.policies if not report.is_long_granted(each)]
    if new:
        days = report.at_least.days
        yield f"Granted for less than {days} days, too short to tell: {', '.join(new)}"


def _tables(report: Report) -> None:
    table = table_of(
        "Purpose", "Service", "Receiver", "Policy", "Questions", "Fields granted", "By name",
        "Only unasked", "Not used", title="Granted against used",
    )  # fmt: skip
    for each in report.receivers:
        table.add_row(
            each.purpose, each.service, _named(each.who, report.names), each.policy,
            f"{each.questions:,}", str(len(each.granted)), str(len(each.by_name)),
            str(len(each.unasked)), ", ".join(each.unused) or "-",
        )  # fmt: skip
    answer.print(table)
    rows = [*_unused_rows(report)]
    if not rows:
        click.echo("Nothing that was granted long enough was unused.")
        return
    table = table_of("What", "Which", "Of policy", "Granted since", title="Not used by anybody")
    for row in rows:
        table.add_row(*row)
    answer.print(table)


def _unused_rows(report: Report) -> Iterator[tuple[str, str, str, str]]:
    for use in report.policies:
        name = f"{use.policy.id}@{use.policy.version}"
        if use.use.is_unused:
            yield "policy", name, name, _day(use.use.since)
            continue
        kinds = (
            ("field", use.fields), ("role", use.roles), ("action", use.actions),
            ("organisation", use.organisations),
        )  # fmt: skip
        for what, grants in kinds:
            for each in grants:
                if each.is_unused:
                    told = f"{each.name} (stays: {each.kept})" if each.kept else each.name
                    yield what, told, name, _day(each.since)
    for contract in report.contracts:
        if contract.is_unused:
            grant = contract.grant
            told = f"{grant.service_name}, {_named(grant.outway_peer_id.value, report.names)}"
            yield (
                "contract",
                f"{told}: {grant.grant_hash.value}",
                "-",
                _day(grant.not_before),
            )


def _named(who: str, names: Mapping[str, str]) -> str:
    return f"{names[who]} ({who})" if who in names else who


def tell_proposal(shrunk: Shrunk, kept: bool, out: Path | None) -> None:
    """What could be granted less, and what to do with that."""
    if not shrunk.steps:
        click.echo("There is nothing to propose.")
        return
    click.echo(f"Proposal: {len(shrunk.steps)} changes; --diff shows them, --out writes them.")
    for step in shrunk.steps:
        if step.policy:
            ends = f" ends on {step.policy.valid.until}" if step.policy.valid.until else ""
            click.echo(f"  policy {step.policy.id}@{step.policy.version}{ends}: {step.why}")
        elif step.field_set:
            click.echo(f"  field set {step.field_set.key}, narrower than {step.source}: {step.why}")
    if not kept:
        click.echo(
            f"The files in {FOLDER} are not the register in force, so the proposal is written "
            "anew, without their comments.",
            err=True,
        )
    if out is not None:
        click.echo(f"Written to {out}. Next: landschap apply {out} --dry-run")


def _day(moment: datetime) -> str:
    return amsterdam_day(moment).isoformat()
