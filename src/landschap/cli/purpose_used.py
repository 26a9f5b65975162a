# SPDX-License-Identifier: EUPL-1.2
"""``landschap purpose used``: for which purposes a field is used, by whom, and how often."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import click

from landschap.cli.config_option import json_option
from landschap.cli.days_option import Days
from landschap.cli.measuring import rooms_of
from landschap.cli.purpose import of_organisation, purpose
from landschap.cli.tables import answer, table_of
from landschap.cli.verify import counting
from landschap.fsc.store import peer_names
from landschap.gateway.usage.store import deliveries_of, tally_of
from landschap.logboek.store import stretches
from landschap.platform.settings import Settings
from landschap.purposes.derived import following_from
from landschap.purposes.reading import nearest_of
from landschap.purposes.snapshot import Snapshot
from landschap.purposes.store import current_snapshot
from landschap.purposes.used.measured import Place, Tally, Total
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import as_utc_text

_NOT_FOUND = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was read: uses, deliveries by purpose, service and receiver, register and names."""

    tally: Tally
    delivered: Mapping[tuple[str, str, str], int]
    snapshot: Snapshot
    names: Mapping[str, str]


@purpose.command("used")
@click.argument("field", metavar="FIELD")
@click.option(
    "--period", type=Days(), default="30d", show_default=True, help="How far to look back."
)
@click.option("--service", default="", help="Of this service only.")
@json_option
@of_organisation
@click.pass_context
def used(
    ctx: click.Context, /, settings: Settings, field: str, period: timedelta, service: str,
    as_json: bool,
) -> None:  # fmt: skip
    """Tell of FIELD which purposes use it, by whom and how often; last month by default.

    FIELD is a path such as `adres.straat`, or a group such as `adres`; what follows from it, as
    `meerderjarig` from `geboortedatum`, is told as well. Permitted questions count: those that
    named the field, and those that got it because they named none. A purpose that may
    use it and did not is in the list as well, with nothing behind it. The last column counts the
    persons of whom something was delivered for that purpose to that receiver.

    \b
    Examples:
      landschap purpose used geboortedatum
      landschap purpose used adres --period 365d --json
    """
    now = datetime.now(UTC)
    found = asyncio.run(_looked(settings, now - period, now))
    rows = _rows(found, field, service, now)
    if not rows:
        services = _services(found)
        if service and service not in services:
            missing, near = f"service {service}", nearest_of(service, services)
        else:
            missing, near = f"field {field}", nearest_of(field, _known(found, service))
        hint = f"; did you mean {near}?" if near else ""
        click.echo(f"There is no {missing} that is permitted or was used{hint}", err=True)
        ctx.exit(_NOT_FOUND)
    if as_json:
        click.echo(json.dumps(rows, ensure_ascii=False))
        return
    table = table_of(
        "Field", "Purpose", "Service", "By whom", "Door", "Policy", "By name", "Unasked", "Last",
        "Persons delivered",
    )  # fmt: skip
    for row in rows:
        last = str(row["last"])[:16].replace("T", " ") if row["last"] else None
        shown = {**row, "last": last}
        table.add_row(*("-" if value is None else str(value) for value in shown.values()))
    answer.print(table)


async def _looked(settings: Settings, since: datetime, until: datetime) -> Looked:
    async with rooms_of(settings) as rooms:
        # Each stretch is counted twice: what was asked, and what was delivered.
        with counting("Counting", 2 * len(stretches(since, until))) as advance:
            tally = await tally_of(rooms.log, since, until, advance)
            delivered = await deliveries_of(rooms.log, since, until, advance)
        snapshot, _ = await current_snapshot(rooms.purposes)
        names = await peer_names(rooms.fsc)
    return Looked(tally=tally, delivered=delivered, snapshot=snapshot, names=names)


def _rows(found: Looked, field: str, service: str, now: datetime) -> list[dict[str, JsonValue]]:
    """A row per field, purpose, service, receiver and policy: used, or only permitted."""
    rows: list[dict[str, JsonValue]] = []
    seen: set[tuple[str, str]] = set()
    after = _following(found.snapshot, field)
    for (path, place), total in found.tally.by_place.items():
        about = _is_or_under(path, field) or (place.service, path) in after
        if about and service in ("", place.service):
            seen.add((place.policy, path))
            rows.append(_row(found, path, place, total))
    for policy, path, purpose_uri, name in _permitted(found.snapshot, now):
        about = _is_or_under(path, field) or (name, path) in after
        if about and service in ("", name) and (policy, path) not in seen:
            place = Place(purpose_uri, name, "", "", policy)
            rows.append(_row(found, path, place, Total()))
    return sorted(rows, key=lambda row: tuple(str(value) for value in row.values()))


def _services(found: Looked) -> set[str]:
    return {name for _, name in found.snapshot.services} | {
        place.service for _, place in found.tally.by_place
    }


def _row(found: Looked, path: str, place: Place, total: Total) -> dict[str, JsonValue]:
    who = f"{found.names[place.who]} ({place.who})" if place.who in found.names else place.who
    return {
        "field": path,
        "purpose": place.purpose,
        "service": place.service,
        "who": who or None,
        "door": place.door or None,
        "policy": place.policy,
        "askedByName": total.asked,
        "givenUnasked": total.given,
        "last": as_utc_text(total.last) if total.last else None,
        "personsDelivered": found.delivered.get((place.purpose, place.service, place.who), 0),
    }


def _permitted(snapshot: Snapshot, now: datetime) -> set[tuple[str, str, str, str]]:
    """What policies in force permit: policy, field, purpose and service."""
    return {
        (rule.policy.id, path, rule.policy.purpose, rule.policy.service)
        for by_purpose in snapshot.permits.values()
        for rules in by_purpose.values()
        for rule in rules
        if rule.in_force(now)
        for path in rule.fields
    }


def _following(snapshot: Snapshot, field: str) -> set[tuple[str, str]]:
    """Service and path of what tells of the field without showing it."""
    return {
        (name, path)
        for (_, name), derived in snapshot.derived.items()
        for path in following_from(derived, field)
    }


def _known(found: Looked, service: str) -> Sequence[str]:
    return sorted(
        {
            path
            for (_, name), fields in found.snapshot.service_fields.items()
            if service in ("", name)
            for path in fields
        }
    )


def _is_or_under(path: str, name: str) -> bool:
    return path == name or path.startswith(f"{name}.")
